/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conntrack_parse on messages that libnetfilter_conntrack builds, an encoder that
 * shares nothing with our decoder; it leaves counters out, so these are put by hand.
 */
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

#define SUBSYS_CTNETLINK 1
#define HERE "192.0.2.1"
#define HERE6 "2001:db8::1"
#define THERE "203.0.113.9"
#define THERE6 "2001:db8:9::9"

/* Both tuples as the kernel prints them: where packets of that direction come from and
 * go to. */
struct side {
	const char *src;
	uint16_t src_port;
	const char *dst;
	uint16_t dst_port;
};

struct message {
	uint32_t buf[256];
	struct nlmsghdr *header;
};

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct link *new_link(void)
{
	struct addr own[] = {addr_of(HERE), addr_of(HERE6)};
	struct link *l;

	assert_int_equal(link_new_fixed(own, 2, &l), 0);
	return l;
}

/* --- building ---------------------------------------------------------------- */

static void set_addr(struct nf_conntrack *ct, const char *text,
		     enum nf_conntrack_attr v4, enum nf_conntrack_attr v6)
{
	struct addr a = addr_of(text);

	if (addr_is_ipv4(&a))
		nfct_set_attr_u32(ct, v4, addr_ipv4(&a));
	else
		nfct_set_attr(ct, v6, a.b);
}

static void set_side(struct nf_conntrack *ct, bool is_reply, const struct side *s,
		     uint8_t proto)
{
	struct addr a = addr_of(s->src);
	uint8_t family = addr_is_ipv4(&a) ? AF_INET : AF_INET6;

	nfct_set_attr_u8(ct, is_reply ? ATTR_REPL_L3PROTO : ATTR_ORIG_L3PROTO, family);
	nfct_set_attr_u8(ct, is_reply ? ATTR_REPL_L4PROTO : ATTR_ORIG_L4PROTO, proto);
	set_addr(ct, s->src, is_reply ? ATTR_REPL_IPV4_SRC : ATTR_ORIG_IPV4_SRC,
		 is_reply ? ATTR_REPL_IPV6_SRC : ATTR_ORIG_IPV6_SRC);
	set_addr(ct, s->dst, is_reply ? ATTR_REPL_IPV4_DST : ATTR_ORIG_IPV4_DST,
		 is_reply ? ATTR_REPL_IPV6_DST : ATTR_ORIG_IPV6_DST);
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return;
	nfct_set_attr_u16(ct, is_reply ? ATTR_REPL_PORT_SRC : ATTR_ORIG_PORT_SRC,
			  htons(s->src_port));
	nfct_set_attr_u16(ct, is_reply ? ATTR_REPL_PORT_DST : ATTR_ORIG_PORT_DST,
			  htons(s->dst_port));
}

static void set_icmp(struct nf_conntrack *ct, bool is_v6)
{
	nfct_set_attr_u8(ct, ATTR_ICMP_TYPE, is_v6 ? 128 : 8);
	nfct_set_attr_u8(ct, ATTR_ICMP_CODE, 0);
	nfct_set_attr_u16(ct, ATTR_ICMP_ID, htons(4711));
}

static struct nlmsghdr *start(struct message *m, uint8_t family)
{
	struct nfgenmsg *nfg;

	memset(m, 0, sizeof(*m));
	m->header = mnl_nlmsg_put_header(m->buf);
	m->header->nlmsg_type = SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	nfg = mnl_nlmsg_put_extra_header(m->header, sizeof(*nfg));
	nfg->nfgen_family = family;
	return m->header;
}

static void build(struct message *m, uint8_t proto, struct side original,
		  struct side reply)
{
	struct nf_conntrack *ct = nfct_new();
	struct addr a = addr_of(original.src);

	assert_non_null(ct);
	set_side(ct, false, &original, proto);
	set_side(ct, true, &reply, proto);
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		set_icmp(ct, proto == IPPROTO_ICMPV6);
	start(m, addr_is_ipv4(&a) ? AF_INET : AF_INET6);
	assert_int_equal(nfct_nlmsg_build(m->header, ct), 0);
	nfct_destroy(ct);
}

static void build_outbound(struct message *m)
{
	build(m, IPPROTO_TCP, (struct side){HERE, 40000, THERE, 443},
	      (struct side){THERE, 443, HERE, 40000});
}

static void build_inbound(struct message *m)
{
	build(m, IPPROTO_TCP, (struct side){THERE, 5555, HERE, 22},
	      (struct side){HERE, 22, THERE, 5555});
}

static void put_counter(struct message *m, uint16_t type, uint64_t packets,
			uint64_t bytes)
{
	struct nlattr *nest = mnl_attr_nest_start(m->header, type);

	mnl_attr_put_u64(m->header, CTA_COUNTERS_PACKETS, htobe64(packets));
	mnl_attr_put_u64(m->header, CTA_COUNTERS_BYTES, htobe64(bytes));
	mnl_attr_nest_end(m->header, nest);
}

static void put_tcp_flags(struct message *m, uint8_t original, uint8_t reply)
{
	const uint8_t flags[2][2] = {{original, 0xff}, {reply, 0xff}}; /* and mask */
	struct nlattr *info = mnl_attr_nest_start(m->header, CTA_PROTOINFO);
	struct nlattr *tcp = mnl_attr_nest_start(m->header, CTA_PROTOINFO_TCP);

	mnl_attr_put_u8(m->header, CTA_PROTOINFO_TCP_STATE, 3);
	mnl_attr_put(m->header, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof(flags[0]),
		     flags[0]);
	mnl_attr_put(m->header, CTA_PROTOINFO_TCP_FLAGS_REPLY, sizeof(flags[1]),
		     flags[1]);
	mnl_attr_nest_end(m->header, tcp);
	mnl_attr_nest_end(m->header, info);
}

/* --- checking ---------------------------------------------------------------- */

static int parse(const struct message *m, struct conntrack_entry *ret_entry)
{
	struct link *l = new_link();
	int r = conntrack_parse(m->header, l, ret_entry);

	link_close(l);
	return r;
}

static void assert_key(const struct conntrack_entry *e, uint8_t proto,
		       const char *local, uint16_t local_port, const char *remote,
		       uint16_t remote_port)
{
	struct flow_key want = {.local = addr_of(local),
				.remote = addr_of(remote),
				.local_port = local_port,
				.remote_port = remote_port,
				.proto = proto};

	/* As bytes: the key is hashed, padding and all. */
	assert_memory_equal(&e->key, &want, sizeof(want));
}

/* --- direction and addresses ------------------------------------------------- */

/* What a flow with these two tuples must come out as. */
static void expect(uint8_t proto, struct side original, struct side reply,
		   bool is_inbound, struct side local_to_remote)
{
	const struct side *want = &local_to_remote;
	struct conntrack_entry e;
	struct message m;

	build(&m, proto, original, reply);
	assert_int_equal(parse(&m, &e), 0);
	assert_int_equal(e.is_inbound, is_inbound);
	assert_key(&e, proto, want->src, want->src_port, want->dst, want->dst_port);
}

static void expect_refusal(struct side original, struct side reply, int error)
{
	struct conntrack_entry e;
	struct message m;

	build(&m, IPPROTO_TCP, original, reply);
	assert_int_equal(parse(&m, &e), error);
}

static void an_outbound_flow_is_local_at_its_source(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct side){HERE, 40000, THERE, 443},
	       (struct side){THERE, 443, HERE, 40000}, false,
	       (struct side){HERE, 40000, THERE, 443});
}

static void an_inbound_flow_is_local_at_its_destination(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct side){THERE, 5555, HERE, 22},
	       (struct side){HERE, 22, THERE, 5555}, true,
	       (struct side){HERE, 22, THERE, 5555});
}

static void ipv6_flows_are_turned_the_same_way(void **state)
{
	(void)state;
	expect(IPPROTO_UDP, (struct side){HERE6, 1000, THERE6, 53},
	       (struct side){THERE6, 53, HERE6, 1000}, false,
	       (struct side){HERE6, 1000, THERE6, 53});
	expect(IPPROTO_UDP, (struct side){THERE6, 9, HERE6, 1000},
	       (struct side){HERE6, 1000, THERE6, 9}, true,
	       (struct side){HERE6, 1000, THERE6, 9});
}

static void icmp_has_no_ports(void **state)
{
	(void)state;
	expect(IPPROTO_ICMP, (struct side){THERE, 0, HERE, 0},
	       (struct side){HERE, 0, THERE, 0}, true,
	       (struct side){HERE, 0, THERE, 0});
	expect(IPPROTO_ICMPV6, (struct side){HERE6, 0, THERE6, 0},
	       (struct side){THERE6, 0, HERE6, 0}, false,
	       (struct side){HERE6, 0, THERE6, 0});
}

static void assert_ends(const struct flow_key *key, struct side wanted)
{
	struct addr src = addr_of(wanted.src), dst = addr_of(wanted.dst);

	assert_true(addr_equal(&key->local, &src));
	assert_true(addr_equal(&key->remote, &dst));
	assert_int_equal(key->local_port, wanted.src_port);
	assert_int_equal(key->remote_port, wanted.dst_port);
}

static struct conntrack_entry parse_loopback(struct side original, struct side reply)
{
	struct conntrack_entry e;
	struct message m;

	build(&m, IPPROTO_TCP, original, reply);
	assert_int_equal(parse(&m, &e), 0);
	assert_true(e.is_loopback);
	assert_false(e.is_inbound);
	assert_ends(&e.client, original);
	assert_ends(&e.server, reply);
	return e;
}

static void loopback_is_seen_from_where_it_began(void **state)
{
	const struct side there = {"127.0.0.1", 1, "127.0.0.1", 2};
	const struct side own = {HERE, 1, HERE, 2};
	struct conntrack_entry e;

	(void)state;
	e = parse_loopback(there, (struct side){"127.0.0.1", 2, "127.0.0.1", 1});
	assert_ends(&e.key, there);
	e = parse_loopback(own, (struct side){HERE, 2, HERE, 1});
	assert_ends(&e.key, own);
}

static void loopback_that_looks_like_a_strangers_is_refused(void **state)
{
	struct message m;
	struct conntrack_entry e;

	(void)state;
	expect_refusal((struct side){"127.0.0.1", 1, HERE, 2},
		       (struct side){HERE, 2, "127.0.0.1", 1}, -ELOOP);
	/* Its source is translated to an address that is not ours. */
	expect_refusal((struct side){HERE, 1, HERE, 2},
		       (struct side){"127.0.0.1", 2, "198.51.100.7", 1}, -ELOOP);
	build(&m, IPPROTO_ICMP, (struct side){HERE, 0, HERE, 0},
	      (struct side){HERE, 0, HERE, 0});
	assert_int_equal(parse(&m, &e), -ELOOP);
}

static void a_forwarded_flow_has_no_local_end(void **state)
{
	(void)state;
	expect_refusal((struct side){"10.0.0.2", 1, THERE, 2},
		       (struct side){THERE, 2, "10.0.0.2", 1}, -ENOENT);
}

static void a_connection_met_midway_says_so(void **state)
{
	const uint8_t liberal = IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_BE_LIBERAL;
	struct conntrack_entry e;
	struct message m;

	(void)state;
	build_outbound(&m);
	assert_int_equal(parse(&m, &e), 0);
	assert_false(e.is_midway);
	put_tcp_flags(&m, IP_CT_TCP_FLAG_SACK_PERM, liberal);
	assert_int_equal(parse(&m, &e), 0);
	assert_false(e.is_midway);
	build_outbound(&m);
	put_tcp_flags(&m, liberal, liberal);
	assert_int_equal(parse(&m, &e), 0);
	assert_true(e.is_midway);
	assert_false(e.is_inbound);
}

/* --- translated addresses ---------------------------------------------------- */

static void a_redirected_flow_is_known_by_the_port_of_its_socket(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct side){THERE, 5555, HERE, 80},
	       (struct side){HERE, 8080, THERE, 5555}, true,
	       (struct side){HERE, 8080, THERE, 5555});
}

static void dnat_of_a_foreign_address_to_this_host_is_inbound(void **state)
{
	(void)state;
	expect(IPPROTO_UDP, (struct side){THERE, 5555, "198.51.100.7", 80},
	       (struct side){HERE, 80, THERE, 5555}, true,
	       (struct side){HERE, 80, THERE, 5555});
}

static void a_masqueraded_own_flow_keeps_the_address_of_its_socket(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct side){HERE, 40000, THERE, 443},
	       (struct side){THERE, 443, "198.51.100.7", 61000}, false,
	       (struct side){HERE, 40000, THERE, 443});
}

static void dnat_of_an_own_flow_keeps_the_address_its_socket_called(void **state)
{
	(void)state;
	expect(IPPROTO_TCP, (struct side){HERE, 40000, THERE, 443},
	       (struct side){"203.0.113.77", 8443, HERE, 40000}, false,
	       (struct side){HERE, 40000, THERE, 443});
}

static void an_own_flow_redirected_to_a_local_proxy_is_loopback(void **state)
{
	struct conntrack_entry e;

	(void)state;
	e = parse_loopback((struct side){HERE, 40000, THERE, 443},
			   (struct side){"127.0.0.1", 8080, HERE, 40001});
	assert_ends(&e.key, (struct side){HERE, 40001, "127.0.0.1", 8080});
}

static void masquerading_for_a_container_is_forwarding(void **state)
{
	(void)state;
	expect_refusal((struct side){"172.17.0.2", 40000, THERE, 443},
		       (struct side){THERE, 443, HERE, 40000}, -ENOENT);
}

static void a_published_container_port_is_forwarding(void **state)
{
	(void)state;
	expect_refusal((struct side){THERE, 5555, HERE, 80},
		       (struct side){"172.17.0.2", 80, THERE, 5555}, -ENOENT);
}

/* --- counters and mark ------------------------------------------------------- */

static void counters_follow_the_direction(void **state)
{
	struct conntrack_entry e;
	struct message m;

	(void)state;
	build_outbound(&m);
	put_counter(&m, CTA_COUNTERS_ORIG, 10, 5000000000);
	put_counter(&m, CTA_COUNTERS_REPLY, 20, 600);
	assert_int_equal(parse(&m, &e), 0);
	assert_true(e.has_counters);
	assert_true(e.bytes_out == 5000000000 && e.packets_out == 10);
	assert_true(e.bytes_in == 600 && e.packets_in == 20);
	build_inbound(&m);
	put_counter(&m, CTA_COUNTERS_ORIG, 10, 5000000000);
	put_counter(&m, CTA_COUNTERS_REPLY, 20, 600);
	assert_int_equal(parse(&m, &e), 0);
	assert_true(e.bytes_in == 5000000000 && e.packets_in == 10);
	assert_true(e.bytes_out == 600 && e.packets_out == 20);
}

static void an_entry_without_counters_says_so(void **state)
{
	struct conntrack_entry e;
	struct message m;

	(void)state;
	build_outbound(&m);
	assert_int_equal(parse(&m, &e), 0);
	assert_false(e.has_counters);
	assert_true(e.bytes_in == 0 && e.bytes_out == 0);
}

static void counters_of_one_direction_alone_are_refused(void **state)
{
	struct conntrack_entry e;
	struct message m;

	(void)state;
	build_outbound(&m);
	put_counter(&m, CTA_COUNTERS_ORIG, 1, 2);
	assert_int_equal(parse(&m, &e), -EINVAL);
	build_outbound(&m);
	put_counter(&m, CTA_COUNTERS_REPLY, 1, 2);
	assert_int_equal(parse(&m, &e), -EINVAL);
}

static void counters_of_the_wrong_size_are_refused(void **state)
{
	struct conntrack_entry e;
	struct message m;
	struct nlattr *nest;

	(void)state;
	build_outbound(&m);
	put_counter(&m, CTA_COUNTERS_ORIG, 1, 2);
	nest = mnl_attr_nest_start(m.header, CTA_COUNTERS_REPLY);
	mnl_attr_put_u32(m.header, CTA_COUNTERS_PACKETS, 1);
	mnl_attr_put_u32(m.header, CTA_COUNTERS_BYTES, 1);
	mnl_attr_nest_end(m.header, nest);
	assert_int_equal(parse(&m, &e), -EINVAL);
}

static void the_mark_is_in_host_order_and_zero_when_absent(void **state)
{
	struct conntrack_entry e;
	struct message m;

	(void)state;
	build_outbound(&m);
	assert_int_equal(parse(&m, &e), 0);
	assert_int_equal(e.mark, 0);
	mnl_attr_put_u32(m.header, CTA_MARK, htonl(0x0120ca6c));
	assert_int_equal(parse(&m, &e), 0);
	assert_int_equal(e.mark, 0x0120ca6c);
	build_outbound(&m);
	mnl_attr_put_u16(m.header, CTA_MARK, 1);
	assert_int_equal(parse(&m, &e), -EINVAL);
}

/* --- hostile messages -------------------------------------------------------- */

static void a_message_of_another_subsystem_is_refused(void **state)
{
	struct conntrack_entry e;
	struct message m;

	(void)state;
	build_outbound(&m);
	m.header->nlmsg_type = 2 << 8 | IPCTNL_MSG_CT_NEW;
	assert_int_equal(parse(&m, &e), -EINVAL);
	m.header->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(parse(&m, &e), -EINVAL);
}

static void an_unknown_address_family_is_refused(void **state)
{
	struct conntrack_entry e;
	struct message m;
	struct nfgenmsg *nfg;

	(void)state;
	build_outbound(&m);
	nfg = mnl_nlmsg_get_payload(m.header);
	nfg->nfgen_family = AF_UNSPEC;
	assert_int_equal(parse(&m, &e), -EINVAL);
	nfg->nfgen_family = AF_INET6; /* with IPv4 addresses inside */
	assert_int_equal(parse(&m, &e), -EINVAL);
}

static void put_bare_tuple(struct message *m, uint16_t type, uint8_t proto)
{
	struct nlattr *tuple = mnl_attr_nest_start(m->header, type), *nest;
	struct addr here = addr_of(HERE), there = addr_of(THERE);

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
	struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof(protos); i++) {
		start(&m, AF_INET);
		put_bare_tuple(&m, CTA_TUPLE_ORIG, protos[i]);
		put_bare_tuple(&m, CTA_TUPLE_REPLY, protos[i]);
		assert_int_equal(parse(&m, &e), protos[i] == IPPROTO_ESP ? 0 : -EINVAL);
	}
}

static void one_tuple_alone_is_refused(void **state)
{
	struct conntrack_entry e;
	struct message m;

	(void)state;
	start(&m, AF_INET);
	assert_int_equal(parse(&m, &e), -EINVAL);
	put_bare_tuple(&m, CTA_TUPLE_ORIG, IPPROTO_ESP);
	assert_int_equal(parse(&m, &e), -EINVAL);
	start(&m, AF_INET);
	put_bare_tuple(&m, CTA_TUPLE_REPLY, IPPROTO_ESP);
	assert_int_equal(parse(&m, &e), -EINVAL);
}

/* `length` bytes of it on a heap block of that size: the sanitizer sees any more. */
static int parse_exact(const struct message *m, const struct link *l, size_t length,
		       struct conntrack_entry *ret_entry)
{
	struct nlmsghdr *copy = malloc(length);
	int r;

	assert_non_null(copy);
	memcpy(copy, m->header, length);
	copy->nlmsg_len = (uint32_t)length;
	r = conntrack_parse(copy, l, ret_entry);
	free(copy);
	return r;
}

static void a_cut_message_is_refused_and_leaves_the_result_alone(void **state)
{
	struct conntrack_entry e, untouched;
	struct link *l = new_link();
	struct message m;
	size_t length;

	(void)state;
	memset(&untouched, 0xa5, sizeof(untouched));
	/* Bare tuples end with what is needed: every cut takes something away. */
	start(&m, AF_INET);
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
	struct link *l = new_link();
	struct message m;
	unsigned int refused = 0;

	(void)state;
	build_outbound(&m);
	put_counter(&m, CTA_COUNTERS_ORIG, 1, 2);
	put_counter(&m, CTA_COUNTERS_REPLY, 3, 4);
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
	struct message m;

	(void)state;
	build_outbound(&m);
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
