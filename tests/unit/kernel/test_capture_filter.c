/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../bpf_run.h"
#include "kernel/capture_internal.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 200
#define STEPS_MAX 75 /* "short to run": of a program of 64 flows */

struct fixture {
	struct flow_key flows[CAPTURE_FLOWS_MAX];
	struct capture_filter filter;
	uint32_t random;
	size_t steps;
};

struct packet {
	uint8_t bytes[CAPTURE_SNAP];
	size_t size;
	bool is_ipv6;
};

/* --- making ---------------------------------------------------------------------- */

/* The same numbers in every run (xorshift). */
static uint32_t draw(struct fixture *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 17;
	f->random ^= f->random << 5;
	return f->random;
}

static struct addr draw_addr(struct fixture *f, bool is_ipv6)
{
	uint32_t words[4] = {htonl(0x20010db8), draw(f), draw(f), draw(f)};

	return is_ipv6 ? addr_from_ipv6(words) : addr_from_ipv4(words[1]);
}

static struct flow_key draw_flow(struct fixture *f)
{
	static const uint8_t protos[] = {IPPROTO_TCP,  IPPROTO_UDP,	IPPROTO_SCTP,
					 IPPROTO_ICMP, IPPROTO_UDPLITE, IPPROTO_GRE};
	bool is_ipv6 = draw(f) & 1;
	struct flow_key k = {.local = draw_addr(f, is_ipv6),
			     .remote = draw_addr(f, is_ipv6),
			     .proto = protos[draw(f) % sizeof(protos)]};

	if (capture_has_ports(k.proto)) {
		k.local_port = (uint16_t)draw(f);
		k.remote_port = (uint16_t)draw(f);
	}
	return k;
}

static void put_port(uint8_t *bytes, uint16_t port)
{
	bytes[0] = (uint8_t)(port >> 8);
	bytes[1] = (uint8_t)port;
}

/* `more`: 4 bytes each of IPv4 options, or IPv6 extension headers of 8. */
static struct packet packet_of(const struct flow_key *k, bool is_inbound, size_t more)
{
	const struct addr *src = is_inbound ? &k->remote : &k->local;
	const struct addr *dst = is_inbound ? &k->local : &k->remote;
	struct packet p = {.is_ipv6 = !addr_is_ipv4(src)};
	size_t at = p.is_ipv6 ? 40 + more * 8 : 20 + more * 4;

	if (p.is_ipv6) {
		p.bytes[0] = 0x60;
		p.bytes[6] = more ? IPPROTO_DSTOPTS : k->proto;
		for (size_t i = 0; i < more; i++)
			p.bytes[40 + 8 * i] = i + 1 < more ? IPPROTO_DSTOPTS : k->proto;
		memcpy(p.bytes + 8, src, 16);
		memcpy(p.bytes + 24, dst, 16);
	} else {
		p.bytes[0] = (uint8_t)(0x45 + more);
		p.bytes[9] = k->proto;
		memcpy(p.bytes + 12, src->b + 12, 4);
		memcpy(p.bytes + 16, dst->b + 12, 4);
	}
	put_port(p.bytes + at, is_inbound ? k->remote_port : k->local_port);
	put_port(p.bytes + at + 2, is_inbound ? k->local_port : k->remote_port);
	p.size = at + 8;
	return p;
}

static void build(struct fixture *f, size_t count)
{
	for (size_t i = 0; i < count; i++)
		f->flows[i] = draw_flow(f);
	capture_filter_build(f->flows, count, &f->filter);
}

/* --- asking ---------------------------------------------------------------------- */

static struct bpf_packet about(const struct packet *p)
{
	return (struct bpf_packet){.data = p->bytes,
				   .size = p->size,
				   .protocol = p->is_ipv6 ? ETH_P_IPV6 : ETH_P_IP,
				   .type = PACKET_HOST,
				   .hardware = ARPHRD_ETHER};
}

static uint32_t ask(struct fixture *f, const struct bpf_packet *p)
{
	size_t steps = 0;
	uint32_t kept = bpf_run(f->filter.code, f->filter.length, p, &steps);

	if (steps > f->steps)
		f->steps = steps;
	return kept;
}

static bool is_kept(struct fixture *f, const struct packet *p)
{
	struct bpf_packet packet = about(p);
	uint32_t kept = ask(f, &packet);

	assert_true(kept == 0 || kept == CAPTURE_SNAP);
	return kept != 0;
}

static bool is_flow_kept(struct fixture *f, const struct flow_key *k)
{
	struct packet out = packet_of(k, false, 0), in = packet_of(k, true, 0);
	bool is_out_kept = is_kept(f, &out);

	assert_int_equal(is_out_kept, is_kept(f, &in));
	return is_out_kept;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->random = 20240229;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* --- cases ----------------------------------------------------------------------- */

static void both_directions_of_every_flow_pass(void **state)
{
	struct fixture *f = *state;

	for (size_t round = 0; round < ROUNDS; round++) {
		size_t count = 1 + round % CAPTURE_FLOWS_MAX;

		build(f, count);
		for (size_t i = 0; i < count; i++)
			assert_true(is_flow_kept(f, &f->flows[i]));
	}
}

static void packets_with_options_and_extension_headers_pass(void **state)
{
	struct fixture *f = *state;

	for (size_t round = 0; round < ROUNDS; round++) {
		build(f, CAPTURE_FLOWS_MAX);
		for (size_t i = 0; i < CAPTURE_FLOWS_MAX; i++) {
			struct packet p = packet_of(&f->flows[i], i & 1, 1 + i % 8);

			assert_true(is_kept(f, &p));
		}
	}
}

static void later_fragments_pass_to_be_counted(void **state)
{
	struct fixture *f = *state;
	struct packet p;

	do
		build(f, 1);
	while (!addr_is_ipv4(&f->flows[0].local) ||
	       !capture_has_ports(f->flows[0].proto));
	p = packet_of(&f->flows[0], true, 0);
	put_port(p.bytes + 20, (uint16_t)~f->flows[0].remote_port);
	assert_false(is_kept(f, &p));
	p.bytes[7] = 100;
	assert_true(is_kept(f, &p));
}

/* 32 bits are compared, so chance lets one of 67 million pass. */
static void strangers_do_not_pass(void **state)
{
	struct fixture *f = *state;

	for (size_t round = 0; round < ROUNDS; round++) {
		build(f, CAPTURE_FLOWS_MAX);
		for (size_t i = 0; i < CAPTURE_FLOWS_MAX; i++) {
			struct flow_key other = draw_flow(f);

			assert_false(is_flow_kept(f, &other));
		}
	}
}

static void a_flow_that_differs_in_one_thing_does_not_pass(void **state)
{
	struct fixture *f = *state;

	for (size_t round = 0; round < ROUNDS; round++) {
		struct flow_key k;

		build(f, 1);
		k = f->flows[0];
		k.proto = k.proto == IPPROTO_TCP ? IPPROTO_UDP : IPPROTO_TCP;
		assert_false(is_flow_kept(f, &k));
		k = f->flows[0];
		k.remote.b[13] ^= 1;
		assert_false(is_flow_kept(f, &k));
		if (!capture_has_ports(k.proto))
			continue;
		k = f->flows[0];
		k.remote_port++;
		assert_false(is_flow_kept(f, &k));
		k = f->flows[0];
		k.local_port ^= 0x8000;
		assert_false(is_flow_kept(f, &k));
	}
}

static void the_same_flow_twice_is_one(void **state)
{
	struct fixture *f = *state;
	unsigned short length;

	build(f, 1);
	length = f->filter.length;
	for (size_t i = 1; i < CAPTURE_FLOWS_MAX; i++)
		f->flows[i] = f->flows[0];
	capture_filter_build(f->flows, CAPTURE_FLOWS_MAX, &f->filter);
	assert_int_equal(f->filter.length, length);
	assert_true(is_flow_kept(f, &f->flows[0]));
}

static void no_flow_drops_everything(void **state)
{
	struct fixture *f = *state;
	struct flow_key k = draw_flow(f);

	capture_filter_build(NULL, 0, &f->filter);
	assert_int_equal(f->filter.length, 1);
	assert_false(is_flow_kept(f, &k));
}

static void other_interfaces_and_other_hosts_are_left_out(void **state)
{
	struct fixture *f = *state;
	struct bpf_packet p;
	struct packet packet;

	build(f, 3);
	packet = packet_of(&f->flows[0], false, 0);
	p = about(&packet);
	assert_int_equal(ask(f, &p), CAPTURE_SNAP);
	p.hardware = ARPHRD_LOOPBACK;
	assert_int_equal(ask(f, &p), 0);
	p.hardware = ARPHRD_NONE; /* a tunnel */
	assert_int_equal(ask(f, &p), CAPTURE_SNAP);
	p.type = PACKET_OTHERHOST;
	assert_int_equal(ask(f, &p), 0);
	p.type = PACKET_OUTGOING;
	assert_int_equal(ask(f, &p), CAPTURE_SNAP);
	p.vlan_tag = 5;
	assert_int_equal(ask(f, &p), 0);
	p.vlan_tag = 0xe000; /* a priority alone */
	assert_int_equal(ask(f, &p), CAPTURE_SNAP);
	p.protocol = ETH_P_ARP;
	assert_int_equal(ask(f, &p), 0);
}

static void a_packet_cut_short_is_dropped(void **state)
{
	struct fixture *f = *state;

	build(f, CAPTURE_FLOWS_MAX);
	for (size_t i = 0; i < CAPTURE_FLOWS_MAX; i++) {
		struct packet p = packet_of(&f->flows[i], false, 0);

		p.size = p.is_ipv6 ? 39 : 19;
		if (p.is_ipv6 || capture_has_ports(f->flows[i].proto))
			assert_false(is_kept(f, &p));
	}
}

/* Its checker refuses jumps out of the program, unset cells, unknown codes. */
static void the_kernel_takes_programs_of_every_size(void **state)
{
	struct fixture *f = *state;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	for (size_t count = 0; count <= CAPTURE_FLOWS_MAX; count++) {
		struct sock_fprog program = {.filter = f->filter.code};

		build(f, count);
		program.len = f->filter.length;
		assert_true(program.len < CAPTURE_FILTER_MAX);
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
					    sizeof(program)),
				 0);
	}
	close(fd);
}

static void a_packet_takes_few_steps_whatever_the_number_of_flows(void **state)
{
	struct fixture *f = *state;

	both_directions_of_every_flow_pass(state);
	strangers_do_not_pass(state);
	assert_in_range(f->steps, 1, STEPS_MAX);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_directions_of_every_flow_pass),
		CASE(packets_with_options_and_extension_headers_pass),
		CASE(later_fragments_pass_to_be_counted),
		CASE(strangers_do_not_pass),
		CASE(a_flow_that_differs_in_one_thing_does_not_pass),
		CASE(the_same_flow_twice_is_one),
		CASE(no_flow_drops_everything),
		CASE(other_interfaces_and_other_hosts_are_left_out),
		CASE(a_packet_cut_short_is_dropped),
		CASE(the_kernel_takes_programs_of_every_size),
		CASE(a_packet_takes_few_steps_whatever_the_number_of_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
