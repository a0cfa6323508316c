/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/capture_internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SOURCE4 "192.0.2.1"
#define DESTINATION4 "203.0.113.9"
#define SOURCE6 "2001:db8::1"
#define DESTINATION6 "2001:db8:9::9"

struct packet {
	uint8_t bytes[512];
	size_t size;
};

static void put8(struct packet *p, unsigned int value)
{
	assert_true(p->size < sizeof(p->bytes));
	p->bytes[p->size++] = (uint8_t)value;
}

static void put16(struct packet *p, unsigned int value)
{
	put8(p, value >> 8);
	put8(p, value);
}

static void put_zeros(struct packet *p, size_t count)
{
	while (count--)
		put8(p, 0);
}

static void put_addr(struct packet *p, int family, const char *text)
{
	size_t size = family == AF_INET ? 4 : 16;

	assert_int_equal(inet_pton(family, text, p->bytes + p->size), 1);
	p->size += size;
}

/* `total` as the header says it; `options` in bytes. */
static void put_ipv4(struct packet *p, uint8_t proto, unsigned int total,
		     unsigned int options)
{
	put8(p, 0x40 | (20 + options) / 4);
	put8(p, 0);
	put16(p, total);
	put_zeros(p, 5); /* id, fragment, time to live */
	put8(p, proto);
	put_zeros(p, 2);
	put_addr(p, AF_INET, SOURCE4);
	put_addr(p, AF_INET, DESTINATION4);
	put_zeros(p, options);
}

static void put_ipv6(struct packet *p, uint8_t proto, unsigned int payload)
{
	put8(p, 0x60);
	put_zeros(p, 3);
	put16(p, payload);
	put8(p, proto);
	put8(p, 64);
	put_addr(p, AF_INET6, SOURCE6);
	put_addr(p, AF_INET6, DESTINATION6);
}

static void put_udp(struct packet *p)
{
	put16(p, 1000);
	put16(p, 2000);
	put_zeros(p, 4);
}

static void put_tcp(struct packet *p, unsigned int header)
{
	put16(p, 1000);
	put16(p, 2000);
	put_zeros(p, 8);
	put8(p, header / 4 << 4);
	put_zeros(p, header - 13);
}

/* In memory of exactly that size: a read beyond it is seen by the sanitizers. */
static int parse(const struct packet *p, size_t size, size_t wire_size, bool is_inbound,
		 struct capture_packet *ret)
{
	uint8_t *bytes = malloc(size ? size : 1);
	int r;

	assert_non_null(bytes);
	memcpy(bytes, p->bytes, size);
	r = capture_parse(bytes, size, wire_size, is_inbound, ret);
	free(bytes);
	return r;
}

static uint32_t length_of(const struct packet *p, size_t wire_size)
{
	struct capture_packet packet;
	size_t size = p->size < wire_size ? p->size : wire_size;

	assert_int_equal(parse(p, size, wire_size, false, &packet), 0);
	return packet.length;
}

static void is_refused(const struct packet *p, size_t wire_size)
{
	struct capture_packet packet = {.length = 77};
	size_t size = p->size < wire_size ? p->size : wire_size;

	assert_int_equal(parse(p, size, wire_size, false, &packet), -EINVAL);
	assert_int_equal(packet.length, 77);
}

static void assert_addr(const struct addr *a, const char *wanted)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(a, text), wanted);
}

/* --- what is read ---------------------------------------------------------------- */

static void a_sent_packet_has_its_source_as_local(void **state)
{
	struct packet p = {0};
	struct capture_packet packet;

	(void)state;
	put_ipv4(&p, IPPROTO_UDP, 128, 0);
	put_udp(&p);
	assert_int_equal(parse(&p, p.size, 128, false, &packet), 0);
	assert_addr(&packet.key.local, SOURCE4);
	assert_addr(&packet.key.remote, DESTINATION4);
	assert_int_equal(packet.key.local_port, 1000);
	assert_int_equal(packet.key.remote_port, 2000);
	assert_int_equal(packet.key.proto, IPPROTO_UDP);
	assert_false(packet.is_inbound);
	assert_int_equal(packet.length, 100);
}

static void a_received_packet_has_its_destination_as_local(void **state)
{
	struct packet p = {0};
	struct capture_packet packet;

	(void)state;
	put_ipv6(&p, IPPROTO_UDP, 108);
	put_udp(&p);
	assert_int_equal(parse(&p, p.size, 148, true, &packet), 0);
	assert_addr(&packet.key.local, DESTINATION6);
	assert_addr(&packet.key.remote, SOURCE6);
	assert_int_equal(packet.key.local_port, 2000);
	assert_int_equal(packet.key.remote_port, 1000);
	assert_true(packet.is_inbound);
	assert_int_equal(packet.length, 100);
}

static void options_are_no_payload(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv4(&p, IPPROTO_TCP, 24 + 32 + 5, 4);
	put_tcp(&p, 32);
	assert_int_equal(length_of(&p, 24 + 32 + 5), 5);
}

static void an_acknowledgement_has_length_zero(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv4(&p, IPPROTO_TCP, 40, 0);
	put_tcp(&p, 20);
	assert_int_equal(length_of(&p, 40), 0);
}

static void padding_of_the_frame_is_no_payload(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv4(&p, IPPROTO_UDP, 29, 0);
	put_udp(&p);
	put_zeros(&p, 18);
	assert_int_equal(length_of(&p, 46), 1);
}

static void an_offload_has_all_its_length(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv4(&p, IPPROTO_TCP, 65535, 0);
	put_tcp(&p, 20);
	assert_int_equal(length_of(&p, 65535), 65495);
}

static void an_offload_beyond_64_kib_goes_by_the_length_on_the_wire(void **state)
{
	struct packet v4 = {0}, v6 = {0};

	(void)state;
	put_ipv4(&v4, IPPROTO_TCP, 0, 0);
	put_tcp(&v4, 20);
	assert_int_equal(length_of(&v4, 150040), 150000);
	put_ipv6(&v6, IPPROTO_TCP, 0);
	put_tcp(&v6, 20);
	assert_int_equal(length_of(&v6, 150060), 150000);
}

static void extension_headers_are_skipped(void **state)
{
	struct packet p = {0};
	struct capture_packet packet;
	size_t total = 40 + 8 + 24 + 16 + 8 + 8 + 9;

	(void)state;
	put_ipv6(&p, IPPROTO_HOPOPTS, (unsigned int)total - 40);
	put16(&p, IPPROTO_ROUTING << 8 | 0);
	put_zeros(&p, 6);
	put16(&p, IPPROTO_AH << 8 | 2);
	put_zeros(&p, 22);
	put16(&p, IPPROTO_DSTOPTS << 8 | 2); /* AH counts in fours: (2 + 2) * 4 */
	put_zeros(&p, 14);
	put16(&p, IPPROTO_UDP << 8 | 0);
	put_zeros(&p, 6);
	put_udp(&p);
	assert_int_equal(parse(&p, p.size, total, false, &packet), 0);
	assert_int_equal(packet.key.proto, IPPROTO_UDP);
	assert_int_equal(packet.key.remote_port, 2000);
	assert_int_equal(packet.length, 9);
}

static void too_many_extension_headers_are_refused(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv6(&p, IPPROTO_DSTOPTS, 9 * 8 + 8);
	for (int i = 0; i < 9; i++) {
		put16(&p, i == 8 ? IPPROTO_UDP << 8 : IPPROTO_DSTOPTS << 8);
		put_zeros(&p, 6);
	}
	put_udp(&p);
	is_refused(&p, p.size);
}

static void the_first_fragment_is_read_and_later_ones_are_refused(void **state)
{
	struct packet p = {0}, v6 = {0};

	(void)state;
	put_ipv4(&p, IPPROTO_UDP, 1500, 0);
	put_udp(&p);
	p.bytes[6] = 0x20; /* more fragments */
	assert_int_equal(length_of(&p, 1500), 1472);
	p.bytes[7] = 185;
	is_refused(&p, 1500);

	put_ipv6(&v6, IPPROTO_FRAGMENT, 1456);
	put16(&v6, IPPROTO_UDP << 8);
	put16(&v6, 1); /* more fragments */
	put_zeros(&v6, 4);
	put_udp(&v6);
	assert_int_equal(length_of(&v6, 1496), 1440);
	v6.bytes[42] = 5;
	is_refused(&v6, 1496);
}

static void a_protocol_without_ports_has_none_and_all_the_rest_is_payload(void **state)
{
	struct packet p = {0}, v6 = {0};
	struct capture_packet packet;

	(void)state;
	put_ipv4(&p, IPPROTO_ICMP, 28, 0);
	put_udp(&p);
	assert_int_equal(parse(&p, p.size, 28, false, &packet), 0);
	assert_int_equal(packet.key.local_port, 0);
	assert_int_equal(packet.key.remote_port, 0);
	assert_int_equal(packet.length, 8);
	put_ipv6(&v6, IPPROTO_ICMPV6, 1);
	put8(&v6, 0);
	assert_int_equal(length_of(&v6, 41), 1);
}

static void sctp_has_ports_and_a_header_of_twelve(void **state)
{
	struct packet p = {0};
	struct capture_packet packet;

	(void)state;
	put_ipv4(&p, IPPROTO_SCTP, 20 + 12 + 30, 0);
	put_udp(&p);
	put_zeros(&p, 4);
	assert_int_equal(parse(&p, p.size, 62, true, &packet), 0);
	assert_int_equal(packet.key.local_port, 2000);
	assert_int_equal(packet.length, 30);
}

/* --- what is refused ------------------------------------------------------------- */

static void another_version_of_ip_is_refused(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv4(&p, IPPROTO_UDP, 28, 0);
	put_udp(&p);
	p.bytes[0] = 0x55;
	is_refused(&p, 28);
	is_refused(&p, 0);
}

static void lengths_that_contradict_each_other_are_refused(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv4(&p, IPPROTO_TCP, 60, 0);
	put_tcp(&p, 40);
	is_refused(&p, 59); /* says it is longer than it was */
	assert_int_equal(length_of(&p, 60), 0);
	p.bytes[0] = 0x44; /* an IP header shorter than one */
	is_refused(&p, 60);
	p.bytes[0] = 0x45;
	p.bytes[32] = 4 << 4; /* a TCP header shorter than one */
	is_refused(&p, 60);
	p.bytes[32] = 11 << 4; /* longer than the packet */
	is_refused(&p, 60);
	p.bytes[32] = 10 << 4;
	p.bytes[3] = 27; /* ends inside the ports */
	is_refused(&p, 60);
	p.bytes[3] = 19; /* ends inside its IP header */
	is_refused(&p, 60);
}

static void an_extension_header_longer_than_the_packet_is_refused(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv6(&p, IPPROTO_DSTOPTS, 16);
	put16(&p, IPPROTO_UDP << 8 | 255);
	put_zeros(&p, 14);
	is_refused(&p, 56);
}

/* Its 16 bytes would be the key of an IPv4 flow that it isn't. */
static void an_ipv4_address_inside_ipv6_is_refused(void **state)
{
	struct packet p = {0};

	(void)state;
	put_ipv6(&p, IPPROTO_UDP, 8);
	put_udp(&p);
	assert_int_equal(length_of(&p, 48), 0);
	p.size = 8;
	put_addr(&p, AF_INET6, "::ffff:192.0.2.1");
	p.size = 48;
	is_refused(&p, 48);
}

static void a_header_cut_anywhere_is_refused(void **state)
{
	struct packet v4 = {0}, v6 = {0};
	struct capture_packet packet;

	(void)state;
	put_ipv4(&v4, IPPROTO_TCP, 1500, 8);
	put_tcp(&v4, 20);
	for (size_t size = 0; size < 28 + 13; size++)
		assert_int_equal(parse(&v4, size, 1500, false, &packet), -EINVAL);
	assert_int_equal(parse(&v4, 28 + 13, 1500, false, &packet), 0);
	put_ipv6(&v6, IPPROTO_DSTOPTS, 1400);
	put16(&v6, IPPROTO_UDP << 8);
	put_zeros(&v6, 6);
	put_udp(&v6);
	for (size_t size = 0; size < 48 + 4; size++)
		assert_int_equal(parse(&v6, size, 1440, false, &packet), -EINVAL);
	assert_int_equal(parse(&v6, 48 + 4, 1440, false, &packet), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sent_packet_has_its_source_as_local),
		cmocka_unit_test(a_received_packet_has_its_destination_as_local),
		cmocka_unit_test(options_are_no_payload),
		cmocka_unit_test(an_acknowledgement_has_length_zero),
		cmocka_unit_test(padding_of_the_frame_is_no_payload),
		cmocka_unit_test(an_offload_has_all_its_length),
		cmocka_unit_test(
			an_offload_beyond_64_kib_goes_by_the_length_on_the_wire),
		cmocka_unit_test(extension_headers_are_skipped),
		cmocka_unit_test(too_many_extension_headers_are_refused),
		cmocka_unit_test(the_first_fragment_is_read_and_later_ones_are_refused),
		cmocka_unit_test(
			a_protocol_without_ports_has_none_and_all_the_rest_is_payload),
		cmocka_unit_test(sctp_has_ports_and_a_header_of_twelve),
		cmocka_unit_test(another_version_of_ip_is_refused),
		cmocka_unit_test(lengths_that_contradict_each_other_are_refused),
		cmocka_unit_test(an_extension_header_longer_than_the_packet_is_refused),
		cmocka_unit_test(an_ipv4_address_inside_ipv6_is_refused),
		cmocka_unit_test(a_header_cut_anywhere_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
