/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ct_message.h"
#include <arpa/inet.h>
#include <endian.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct addr ct_addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

struct link *ct_link(void)
{
	struct addr own[] = {ct_addr(HERE), ct_addr(HERE6)};
	struct link *l;

	assert_int_equal(link_new_fixed(own, 2, &l), 0);
	return l;
}

static void set_addr(struct nf_conntrack *ct, const char *text,
		     enum nf_conntrack_attr v4, enum nf_conntrack_attr v6)
{
	struct addr a = ct_addr(text);

	if (addr_is_ipv4(&a))
		nfct_set_attr_u32(ct, v4, addr_ipv4(&a));
	else
		nfct_set_attr(ct, v6, a.b);
}

static void set_side(struct nf_conntrack *ct, bool is_reply, const struct ct_side *s,
		     uint8_t proto)
{
	struct addr a = ct_addr(s->src);
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

struct nlmsghdr *ct_message_start(struct ct_message *m, uint8_t family)
{
	struct nfgenmsg *nfg;

	memset(m, 0, sizeof(*m));
	m->header = mnl_nlmsg_put_header(m->buf);
	m->header->nlmsg_type = SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	nfg = mnl_nlmsg_put_extra_header(m->header, sizeof(*nfg));
	nfg->nfgen_family = family;
	return m->header;
}

void ct_message_build(struct ct_message *m, uint8_t proto, struct ct_side original,
		      struct ct_side reply)
{
	struct nf_conntrack *ct = nfct_new();
	struct addr a = ct_addr(original.src);

	assert_non_null(ct);
	set_side(ct, false, &original, proto);
	set_side(ct, true, &reply, proto);
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		set_icmp(ct, proto == IPPROTO_ICMPV6);
	ct_message_start(m, addr_is_ipv4(&a) ? AF_INET : AF_INET6);
	assert_int_equal(nfct_nlmsg_build(m->header, ct), 0);
	nfct_destroy(ct);
}

void ct_message_outbound(struct ct_message *m)
{
	ct_message_build(m, IPPROTO_TCP, (struct ct_side){HERE, 40000, THERE, 443},
			 (struct ct_side){THERE, 443, HERE, 40000});
}

void ct_message_inbound(struct ct_message *m)
{
	ct_message_build(m, IPPROTO_TCP, (struct ct_side){THERE, 5555, HERE, 22},
			 (struct ct_side){HERE, 22, THERE, 5555});
}

void ct_message_counter(struct ct_message *m, uint16_t type, uint64_t packets,
			uint64_t bytes)
{
	struct nlattr *nest = mnl_attr_nest_start(m->header, type);

	mnl_attr_put_u64(m->header, CTA_COUNTERS_PACKETS, htobe64(packets));
	mnl_attr_put_u64(m->header, CTA_COUNTERS_BYTES, htobe64(bytes));
	mnl_attr_nest_end(m->header, nest);
}

void ct_message_tcp_flags(struct ct_message *m, uint8_t original, uint8_t reply)
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
