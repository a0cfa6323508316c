/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack_parse on messages of another encoder (support/ct_message.h). */
#include "../support/ct_message.h"
#include "kernel/conntrack.h"
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- checking ---------------------------------------------------------------- */

static int parse(const struct ct_message *m, struct conntrack_entry *ret_entry)
{
	struct link *l = ct_link();
	int r = conntrack_parse(m->header, l, NULL, ret_entry);

	link_close(l);
	return r;
}

static void assert_key(const struct conntrack_entry *e, uint8_t proto,
		       const char *local, uint16_t local_port, const char *remote,
		       uint16_t remote_port)
{
	struct flow_key want = {.local = ct_addr(local),
				.remote = ct_addr(remote),
				.local_port = local_port,
				.remote_port = remote_port,
				.proto = proto};

	/* As bytes: the key is hashed, padding and all. */
	assert_memory_equal(&e->key, &want, sizeof(want));
}

/* --- direction and addresses ------------------------------------------------- */

/* What a flow with these two tuples must come out as. */
static void expect(uint8_t proto, struct ct_side original, struct ct_side reply,
		   bool is_inbound, struct ct_side local_to_remote)
{
	const struct ct_side *want = &local_to_remote;
	struct conntrack_entry e;
	struct ct_message m;

	ct_message_build(&m, proto, original, reply);
	assert_int_equal(parse(&m, &e), 0);
	assert_int_equal(e.is_inbound, is_inbound);
	assert_key(&e, proto, want->src, want->src_port, want->dst, want->dst_port);
}

static void expect_refusal(struct ct_side original, struct ct_side reply, int error)
{
	struct conntrack_entry e;
	struct ct_message m;

	ct_message_build(&m, IPPROTO_TCP, original, reply);
	assert_int_equal(parse(&m, &e), error);
}

static void an_outbound_flow_is_local_at_its_source(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct ct_side){HERE, 40000, THERE, 443},
	       (struct ct_side){THERE, 443, HERE, 40000}, false,
	       (struct ct_side){HERE, 40000, THERE, 443});
}

static void an_inbound_flow_is_local_at_its_destination(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct ct_side){THERE, 5555, HERE, 22},
	       (struct ct_side){HERE, 22, THERE, 5555}, true,
	       (struct ct_side){HERE, 22, THERE, 5555});
}

static void ipv6_flows_are_turned_the_same_way(void **state)
{
	(void)state;
	expect(IPPROTO_UDP, (struct ct_side){HERE6, 1000, THERE6, 53},
	       (struct ct_side){THERE6, 53, HERE6, 1000}, false,
	       (struct ct_side){HERE6, 1000, THERE6, 53});
	expect(IPPROTO_UDP, (struct ct_side){THERE6, 9, HERE6, 1000},
	       (struct ct_side){HERE6, 1000, THERE6, 9}, true,
	       (struct ct_side){HERE6, 1000, THERE6, 9});
}

static void icmp_has_no_ports(void **state)
{
	(void)state;
	expect(IPPROTO_ICMP, (struct ct_side){THERE, 0, HERE, 0},
	       (struct ct_side){HERE, 0, THERE, 0}, true,
	       (struct ct_side){HERE, 0, THERE, 0});
	expect(IPPROTO_ICMPV6, (struct ct_side){HERE6, 0, THERE6, 0},
	       (struct ct_side){THERE6, 0, HERE6, 0}, false,
	       (struct ct_side){HERE6, 0, THERE6, 0});
}

static void assert_ends(const struct flow_key *key, struct ct_side wanted)
{
	struct addr src = ct_addr(wanted.src), dst = ct_addr(wanted.dst);

	assert_true(addr_equal(&key->local, &src));
	assert_true(addr_equal(&key->remote, &dst));
	assert_int_equal(key->local_port, wanted.src_port);
	assert_int_equal(key->remote_port, wanted.dst_port);
}

static struct conntrack_entry parse_loopback(struct ct_side original,
					     struct ct_side reply)
{
	struct conntrack_entry e;
	struct ct_message m;

	ct_message_build(&m, IPPROTO_TCP, original, reply);
	assert_int_equal(parse(&m, &e), 0);
	assert_true(e.is_loopback);
	assert_false(e.is_inbound);
	assert_ends(&e.client, original);
	assert_ends(&e.server, reply);
	return e;
}

static void loopback_is_seen_from_where_it_began(void **state)
{
	const struct ct_side there = {"127.0.0.1", 1, "127.0.0.1", 2};
	const struct ct_side own = {HERE, 1, HERE, 2};
	struct conntrack_entry e;

	(void)state;
	e = parse_loopback(there, (struct ct_side){"127.0.0.1", 2, "127.0.0.1", 1});
	assert_ends(&e.key, there);
	e = parse_loopback(own, (struct ct_side){HERE, 2, HERE, 1});
	assert_ends(&e.key, own);
}

static void loopback_that_looks_like_a_strangers_is_refused(void **state)
{
	struct ct_message m;
	struct conntrack_entry e;

	(void)state;
	expect_refusal((struct ct_side){"127.0.0.1", 1, HERE, 2},
		       (struct ct_side){HERE, 2, "127.0.0.1", 1}, -ELOOP);
	/* Its source is translated to an address that is not ours. */
	expect_refusal((struct ct_side){HERE, 1, HERE, 2},
		       (struct ct_side){"127.0.0.1", 2, "198.51.100.7", 1}, -ELOOP);
	ct_message_build(&m, IPPROTO_ICMP, (struct ct_side){HERE, 0, HERE, 0},
			 (struct ct_side){HERE, 0, HERE, 0});
	assert_int_equal(parse(&m, &e), -ELOOP);
}

static void a_forwarded_flow_has_no_local_end(void **state)
{
	(void)state;
	expect_refusal((struct ct_side){"10.0.0.2", 1, THERE, 2},
		       (struct ct_side){THERE, 2, "10.0.0.2", 1}, -ENOENT);
}

static void a_connection_met_midway_says_so(void **state)
{
	const uint8_t liberal = IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_BE_LIBERAL;
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	ct_message_outbound(&m);
	assert_int_equal(parse(&m, &e), 0);
	assert_false(e.is_midway);
	ct_message_tcp_flags(&m, IP_CT_TCP_FLAG_SACK_PERM, liberal);
	assert_int_equal(parse(&m, &e), 0);
	assert_false(e.is_midway);
	ct_message_outbound(&m);
	ct_message_tcp_flags(&m, liberal, liberal);
	assert_int_equal(parse(&m, &e), 0);
	assert_true(e.is_midway);
	assert_false(e.is_inbound);
}

/* --- translated addresses ---------------------------------------------------- */

static void a_redirected_flow_is_known_by_the_port_of_its_socket(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct ct_side){THERE, 5555, HERE, 80},
	       (struct ct_side){HERE, 8080, THERE, 5555}, true,
	       (struct ct_side){HERE, 8080, THERE, 5555});
}

static void dnat_of_a_foreign_address_to_this_host_is_inbound(void **state)
{
	(void)state;
	expect(IPPROTO_UDP, (struct ct_side){THERE, 5555, "198.51.100.7", 80},
	       (struct ct_side){HERE, 80, THERE, 5555}, true,
	       (struct ct_side){HERE, 80, THERE, 5555});
}

static void a_masqueraded_own_flow_keeps_the_address_of_its_socket(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct ct_side){HERE, 40000, THERE, 443},
	       (struct ct_side){THERE, 443, "198.51.100.7", 61000}, false,
	       (struct ct_side){HERE, 40000, THERE, 443});
}

static void dnat_of_an_own_flow_keeps_the_address_its_socket_called(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct ct_side){HERE, 40000, THERE, 443},
	       (struct ct_side){"203.0.113.77", 8443, HERE, 40000}, false,
	       (struct ct_side){HERE, 40000, THERE, 443});
}

static void an_own_flow_redirected_to_a_local_proxy_is_loopback(void **state)
{
	struct conntrack_entry e;

	(void)state;
	e = parse_loopback((struct ct_side){HERE, 40000, THERE, 443},
			   (struct ct_side){"127.0.0.1", 8080, HERE, 40001});
	assert_ends(&e.key, (struct ct_side){HERE, 40001, "127.0.0.1", 8080});
}

static void masquerading_for_a_container_is_forwarding(void **state)
{
	(void)state;
	expect_refusal((struct ct_side){"172.17.0.2", 40000, THERE, 443},
		       (struct ct_side){THERE, 443, HERE, 40000}, -ENOENT);
}

static void a_published_container_port_is_forwarding(void **state)
{
	(void)state;
	expect_refusal((struct ct_side){THERE, 5555, HERE, 80},
		       (struct ct_side){"172.17.0.2", 80, THERE, 5555}, -ENOENT);
}

/* --- counters and mark ------------------------------------------------------- */

static void counters_follow_the_direction(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	ct_message_outbound(&m);
	ct_message_counter(&m, CTA_COUNTERS_ORIG, 10, 5000000000);
	ct_message_counter(&m, CTA_COUNTERS_REPLY, 20, 600);
	assert_int_equal(parse(&m, &e), 0);
	assert_true(e.has_counters);
	assert_true(e.bytes_out == 5000000000 && e.packets_out == 10);
	assert_true(e.bytes_in == 600 && e.packets_in == 20);
	ct_message_inbound(&m);
	ct_message_counter(&m, CTA_COUNTERS_ORIG, 10, 5000000000);
	ct_message_counter(&m, CTA_COUNTERS_REPLY, 20, 600);
	assert_int_equal(parse(&m, &e), 0);
	assert_true(e.bytes_in == 5000000000 && e.packets_in == 10);
	assert_true(e.bytes_out == 600 && e.packets_out == 20);
}

static void an_entry_without_counters_says_so(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	ct_message_outbound(&m);
	assert_int_equal(parse(&m, &e), 0);
	assert_false(e.has_counters);
	assert_true(e.bytes_in == 0 && e.bytes_out == 0);
}

static void counters_of_one_direction_alone_are_refused(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	ct_message_outbound(&m);
	ct_message_counter(&m, CTA_COUNTERS_ORIG, 1, 2);
	assert_int_equal(parse(&m, &e), -EINVAL);
	ct_message_outbound(&m);
	ct_message_counter(&m, CTA_COUNTERS_REPLY, 1, 2);
	assert_int_equal(parse(&m, &e), -EINVAL);
}

static void counters_of_the_wrong_size_are_refused(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;
	struct nlattr *nest;

	(void)state;
	ct_message_outbound(&m);
	ct_message_counter(&m, CTA_COUNTERS_ORIG, 1, 2);
	nest = mnl_attr_nest_start(m.header, CTA_COUNTERS_REPLY);
	mnl_attr_put_u32(m.header, CTA_COUNTERS_PACKETS, 1);
	mnl_attr_put_u32(m.header, CTA_COUNTERS_BYTES, 1);
	mnl_attr_nest_end(m.header, nest);
	assert_int_equal(parse(&m, &e), -EINVAL);
}

static void the_mark_is_in_host_order_and_zero_when_absent(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	ct_message_outbound(&m);
	assert_int_equal(parse(&m, &e), 0);
	assert_int_equal(e.mark, 0);
	mnl_attr_put_u32(m.header, CTA_MARK, htonl(0x0120ca6c));
	assert_int_equal(parse(&m, &e), 0);
	assert_int_equal(e.mark, 0x0120ca6c);
	ct_message_outbound(&m);
	mnl_attr_put_u16(m.header, CTA_MARK, 1);
	assert_int_equal(parse(&m, &e), -EINVAL);
}

/* --- hostile messages -------------------------------------------------------- */

static void a_message_of_another_subsystem_is_refused(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	ct_message_outbound(&m);
	m.header->nlmsg_type = 2 << 8 | IPCTNL_MSG_CT_NEW;
	assert_int_equal(parse(&m, &e), -EINVAL);
	m.header->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(parse(&m, &e), -EINVAL);
}

static void an_unknown_address_family_is_refused(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;
	struct nfgenmsg *nfg;

	(void)state;
	ct_message_outbound(&m);
	nfg = mnl_nlmsg_get_payload(m.header);
	nfg->nfgen_family = AF_UNSPEC;
	assert_int_equal(parse(&m, &e), -EINVAL);
	nfg->nfgen_family = AF_INET6; /* with IPv4 addresses inside */
	assert_int_equal(parse(&m, &e), -EINVAL);
}

static void put_bare_tuple(struct ct_message *m, uint16_t type, uint8_t proto)
{
	struct nlattr *tuple = mnl_attr_nest_start(m->header, type), *nest;
	struct addr here = ct_addr(HERE), there = ct_addr(THERE);

	nest = mnl_attr_nest_start(m->header, CTA_TUPLE_IP);
	mnl_attr_put_u32(m->header, CTA_IP_V4_SRC,
			 addr_ipv4(type == CTA_TUPLE_ORIG ? &here : &there));
	mnl_attr_put_u32(m->header, CTA_IP_V4_DST,
			 addr_ipv4(type == CTA_TUPLE_ORIG ? &there : &here));
	mnl_attr_nest_end(m->header, nest);
	nest = mnl_attr_nest_start(m->header, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(m->header, CTA_PROTO_NUM, proto);
	mnl_attr_nest_end(m->header, nest);
	mnl_attr_nest_end(m->header, tuple);
}

static void ports_may_be_missing_except_for_tcp_and_udp(void **state)
{
	static const uint8_t protos[] = {IPPROTO_ESP, IPPROTO_TCP, IPPROTO_UDP};
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	for (size_t i = 0; i < sizeof(protos); i++) {
		ct_message_start(&m, AF_INET);
		put_bare_tuple(&m, CTA_TUPLE_ORIG, protos[i]);
		put_bare_tuple(&m, CTA_TUPLE_REPLY, protos[i]);
		assert_int_equal(parse(&m, &e), protos[i] == IPPROTO_ESP ? 0 : -EINVAL);
	}
}

static void one_tuple_alone_is_refused(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	ct_message_start(&m, AF_INET);
	assert_int_equal(parse(&m, &e), -EINVAL);
	put_bare_tuple(&m, CTA_TUPLE_ORIG, IPPROTO_ESP);
	assert_int_equal(parse(&m, &e), -EINVAL);
	ct_message_start(&m, AF_INET);
	put_bare_tuple(&m, CTA_TUPLE_REPLY, IPPROTO_ESP);
	assert_int_equal(parse(&m, &e), -EINVAL);
}

/* `length` bytes of it on a heap block of that size: the sanitizer sees any more. */
static int parse_exact(const struct ct_message *m, const struct link *l, size_t length,
		       struct conntrack_entry *ret_entry)
{
	struct nlmsghdr *copy = malloc(length);
	int r;

	assert_non_null(copy);
	memcpy(copy, m->header, length);
	copy->nlmsg_len = (uint32_t)length;
	r = conntrack_parse(copy, l, NULL, ret_entry);
	free(copy);
	return r;
}

static void a_cut_message_is_refused_and_leaves_the_result_alone(void **state)
{
	struct conntrack_entry e, untouched;
	struct link *l = ct_link();
	struct ct_message m;
	size_t length;

	(void)state;
	memset(&untouched, 0xa5, sizeof(untouched));
	/* Bare tuples end with what is needed: every cut takes something away. */
	ct_message_start(&m, AF_INET);
	put_bare_tuple(&m, CTA_TUPLE_ORIG, IPPROTO_ESP);
	put_bare_tuple(&m, CTA_TUPLE_REPLY, IPPROTO_ESP);
	length = m.header->nlmsg_len;
	assert_int_equal(parse_exact(&m, l, length, &e), 0);
	for (size_t cut = sizeof(struct nlmsghdr); cut < length; cut++) {
		e = untouched;
		assert_int_equal(parse_exact(&m, l, cut, &e), -EINVAL);
		assert_memory_equal(&e, &untouched, sizeof(e));
	}
	link_close(l);
}

static void no_single_wrong_byte_leads_out_of_the_message(void **state)
{
	static const uint8_t wrong[] = {0x00, 0x01, 0x03, 0x7f, 0x80, 0xff};
	struct conntrack_entry e;
	struct link *l = ct_link();
	struct ct_message m;
	unsigned int refused = 0;

	(void)state;
	ct_message_outbound(&m);
	ct_message_counter(&m, CTA_COUNTERS_ORIG, 1, 2);
	ct_message_counter(&m, CTA_COUNTERS_REPLY, 3, 4);
	for (size_t at = NLMSG_HDRLEN; at < m.header->nlmsg_len; at++) {
		uint8_t *byte = (uint8_t *)m.buf + at, right = *byte;

		for (size_t i = 0; i < sizeof(wrong); i++) {
			*byte = wrong[i];
			refused += parse_exact(&m, l, m.header->nlmsg_len, &e) < 0;
		}
		*byte = right;
	}
	assert_true(refused > 0);
	assert_int_equal(parse_exact(&m, l, m.header->nlmsg_len, &e), 0);
	link_close(l);
}

static void a_length_shorter_than_the_header_is_refused(void **state)
{
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	ct_message_outbound(&m);
	for (uint32_t length = 0; length < 20; length++) {
		m.header->nlmsg_len = length;
		assert_int_equal(parse(&m, &e), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outbound_flow_is_local_at_its_source),
		cmocka_unit_test(an_inbound_flow_is_local_at_its_destination),
		cmocka_unit_test(ipv6_flows_are_turned_the_same_way),
		cmocka_unit_test(icmp_has_no_ports),
		cmocka_unit_test(loopback_is_seen_from_where_it_began),
		cmocka_unit_test(loopback_that_looks_like_a_strangers_is_refused),
		cmocka_unit_test(a_forwarded_flow_has_no_local_end),
		cmocka_unit_test(a_connection_met_midway_says_so),
		cmocka_unit_test(a_redirected_flow_is_known_by_the_port_of_its_socket),
		cmocka_unit_test(dnat_of_a_foreign_address_to_this_host_is_inbound),
		cmocka_unit_test(
			a_masqueraded_own_flow_keeps_the_address_of_its_socket),
		cmocka_unit_test(
			dnat_of_an_own_flow_keeps_the_address_its_socket_called),
		cmocka_unit_test(an_own_flow_redirected_to_a_local_proxy_is_loopback),
		cmocka_unit_test(masquerading_for_a_container_is_forwarding),
		cmocka_unit_test(a_published_container_port_is_forwarding),
		cmocka_unit_test(counters_follow_the_direction),
		cmocka_unit_test(an_entry_without_counters_says_so),
		cmocka_unit_test(counters_of_one_direction_alone_are_refused),
		cmocka_unit_test(counters_of_the_wrong_size_are_refused),
		cmocka_unit_test(the_mark_is_in_host_order_and_zero_when_absent),
		cmocka_unit_test(a_message_of_another_subsystem_is_refused),
		cmocka_unit_test(an_unknown_address_family_is_refused),
		cmocka_unit_test(ports_may_be_missing_except_for_tcp_and_udp),
		cmocka_unit_test(one_tuple_alone_is_refused),
		cmocka_unit_test(a_cut_message_is_refused_and_leaves_the_result_alone),
		cmocka_unit_test(no_single_wrong_byte_leads_out_of_the_message),
		cmocka_unit_test(a_length_shorter_than_the_header_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
