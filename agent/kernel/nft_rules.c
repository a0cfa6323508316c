/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_rules.h"
#include "kernel/nft_callers.h"
#include "kernel/nft_hold.h"
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <linux/if_arp.h>
#include <linux/netfilter.h>

static const struct nft_side sides[DIRECTION_COUNT] = {
	[DIRECTION_IN] = {.chain = "input",
			  .mark_chain = "mark_in",
			  .counters = "counters_in",
			  .rate = "rate_in",
			  .relay = "relay_in",
			  .cut_chain = "cut_in",
			  .refuse_chain = "refuse_in",
			  .refused = "refused_in",
			  .guest_chain = "guest_in",
			  .shape_chain = "shape_in",
			  .guarded = "guarded_in",
			  .quota_hook = "quota_input",
			  .quota_chain = "quota_in",
			  .over_chain = "over_in",
			  .over_rate = "over_rate_in"},
	[DIRECTION_OUT] = {.chain = "output",
			   .mark_chain = "mark_out",
			   .counters = "counters_out",
			   .rate = "rate_out",
			   .relay = "relay_out",
			   .cut_chain = "cut_out",
			   .refuse_chain = "refuse_out",
			   .refused = "refused_out",
			   .guest_chain = "guest_out",
			   .shape_chain = "shape_out",
			   .guarded = "guarded_out",
			   .quota_hook = "quota_output",
			   .quota_chain = "quota_out",
			   .over_chain = "over_out",
			   .over_rate = "over_rate_out"},
};

const struct nft_side *nft_side_of(enum direction direction)
{
	return &sides[direction];
}

const char *nft_cgroups_name(unsigned int level, char buf[static NFT_NAME_SIZE])
{
	snprintf(buf, NFT_NAME_SIZE, "cgroups_%u", level);
	return buf;
}

struct nft_rule_builder nft_rule_begin(struct nft_encoder *e, const char *chain)
{
	struct nft_rule_builder b = {.rule = e->error ? NULL : nftnl_rule_alloc()};

	if (!b.rule) {
		b.has_failed = true;
		return b;
	}
	nftnl_rule_set_str(b.rule, NFTNL_RULE_TABLE, e->table);
	nftnl_rule_set_str(b.rule, NFTNL_RULE_CHAIN, chain);
	return b;
}

void nft_rule_end(struct nft_encoder *e, struct nft_rule_builder *b)
{
	struct nlmsghdr *message;

	if (b->has_failed && !e->error)
		e->error = -ENOMEM;
	message = nft_message_begin(e, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	if (message) {
		nftnl_rule_nlmsg_build_payload(message, b->rule);
		nft_message_end(e, message);
	}
	if (b->rule)
		nftnl_rule_free(b->rule);
}

/* --- base chains, in the order of their rules --------------------------------- */

static void rule_loopback(struct nft_encoder *e, enum direction direction,
			  const char *chain)
{
	struct nft_rule_builder b = nft_rule_begin(e, chain);
	uint16_t loopback = ARPHRD_LOOPBACK;

	expr_meta(&b, direction == DIRECTION_IN ? NFT_META_IIFTYPE : NFT_META_OIFTYPE);
	expr_compare(&b, NFT_CMP_EQ, &loopback, sizeof(loopback));
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

/* A flow with a foreign bit is left alone: others copy the whole conntrack mark into
 * the packet mark (wg-quick), so a bit of ours would reroute its packets. */
static void rule_mark(struct nft_encoder *e, enum direction direction)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].chain);

	expr_ct_mark_masked(&b, l->app | ~l->mask);
	expr_compare_u32(&b, NFT_CMP_EQ, 0);
	expr_verdict(&b, NFT_JUMP, sides[direction].mark_chain);
	nft_rule_end(e, &b);
}

static void rule_heavy(struct nft_encoder *e, const char *chain)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b = nft_rule_begin(e, chain);
	/* Compared as bytes, hence in network order. */
	uint64_t threshold = htobe64(NFT_HEAVY_BYTES);

	expr_ct_mark_masked(&b, l->heavy | ~l->mask);
	expr_compare_u32(&b, NFT_CMP_EQ, 0);
	expr_ct_bytes(&b);
	expr_compare(&b, NFT_CMP_GT, &threshold, sizeof(threshold));
	expr_ct_mark(&b);
	expr_bitwise(&b, ~l->heavy, l->heavy);
	expr_set_ct_mark(&b);
	nft_rule_end(e, &b);
}

static void rule_count(struct nft_encoder *e, const char *chain, const char *map)
{
	struct nft_rule_builder b = nft_rule_begin(e, chain);

	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_object(&b, map);
	nft_rule_end(e, &b);
}

/* Returns where the peer is in a set. It is the source of what comes in and the
 * destination of what goes out. */
static void rule_except4(struct nft_encoder *e, enum direction direction,
			 const char *chain, const char *set)
{
	struct nft_rule_builder b = nft_rule_begin(e, chain);
	uint8_t family = NFPROTO_IPV4;

	expr_meta(&b, NFT_META_NFPROTO);
	expr_compare(&b, NFT_CMP_EQ, &family, sizeof(family));
	expr_payload(&b, NFT_PAYLOAD_NETWORK_HEADER,
		     direction == DIRECTION_IN ? offsetof(struct iphdr, saddr)
					       : offsetof(struct iphdr, daddr),
		     sizeof(struct in_addr), NFT_REG_1);
	expr_in_set(&b, set);
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

static void rule_except6(struct nft_encoder *e, enum direction direction,
			 const char *chain, const char *set)
{
	struct nft_rule_builder b = nft_rule_begin(e, chain);
	uint8_t family = NFPROTO_IPV6;

	expr_meta(&b, NFT_META_NFPROTO);
	expr_compare(&b, NFT_CMP_EQ, &family, sizeof(family));
	expr_payload(&b, NFT_PAYLOAD_NETWORK_HEADER,
		     direction == DIRECTION_IN ? offsetof(struct ip6_hdr, ip6_src)
					       : offsetof(struct ip6_hdr, ip6_dst),
		     sizeof(struct in6_addr), NFT_REG_1);
	expr_in_set(&b, set);
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

void nft_rules_except(struct nft_encoder *e, enum direction direction,
		      const char *chain, const char *set4, const char *set6)
{
	rule_except4(e, direction, chain, set4);
	rule_except6(e, direction, chain, set6);
}

/* The limits have the "over" flag: the rule ends below the rate and drops above it. */
static void rule_limit(struct nft_encoder *e, const char *chain, uint32_t mask,
		       const char *map)
{
	struct nft_rule_builder b = nft_rule_begin(e, chain);

	expr_ct_mark_masked(&b, mask);
	expr_object(&b, map);
	expr_verdict(&b, NF_DROP, NULL);
	nft_rule_end(e, &b);
}

void nft_rule_jump(struct nft_encoder *e, const char *chain, const char *to)
{
	struct nft_rule_builder b = nft_rule_begin(e, chain);

	expr_verdict(&b, NFT_JUMP, to);
	nft_rule_end(e, &b);
}

/* What is done with a flow that has its mark, or never gets one. */
static void rules_for_marked(struct nft_encoder *e, enum direction direction,
			     const char *chain)
{
	const struct mark_layout *l = &e->wanted->layout;
	const struct nft_side *side = &sides[direction];

	rule_heavy(e, chain);
	rule_count(e, chain, side->counters);
	nft_rules_except(e, direction, chain, "trusted4", "trusted6");
	/* To empty chains while nothing is cut, queued or guarded. */
	nft_rule_jump(e, chain, side->cut_chain);
	nft_rule_jump(e, chain, side->shape_chain);
	rule_limit(e, chain, l->app, side->rate);
	rule_limit(e, chain, l->app | l->leg, side->relay);
}

void nft_rules_base(struct nft_encoder *e, enum direction direction)
{
	rule_loopback(e, direction, sides[direction].chain);
	rule_mark(e, direction);
	rules_for_marked(e, direction, sides[direction].chain);
}

/* --- what is forwarded for guests --------------------------------------------- */

static const struct nft_guest_family {
	uint8_t family;
	const char *set, *map;
	uint32_t source, destination, size; /* in the network header */
} guest_families[] = {
	{NFPROTO_IPV4, "guests4", "guest_marks4", offsetof(struct iphdr, saddr),
	 offsetof(struct iphdr, daddr), sizeof(struct in_addr)},
	{NFPROTO_IPV6, "guests6", "guest_marks6", offsetof(struct ip6_hdr, ip6_src),
	 offsetof(struct ip6_hdr, ip6_dst), sizeof(struct in6_addr)},
};

static void load_address(struct nft_rule_builder *b, const struct nft_guest_family *f,
			 bool by_source)
{
	expr_meta(b, NFT_META_NFPROTO);
	expr_compare(b, NFT_CMP_EQ, &f->family, sizeof(f->family));
	expr_payload(b, NFT_PAYLOAD_NETWORK_HEADER,
		     by_source ? f->source : f->destination, f->size, NFT_REG_1);
}

/* Between guests it is nobody's business: no stranger is in it. */
static void rule_guest_peer(struct nft_encoder *e, enum direction direction,
			    const struct nft_guest_family *f)
{
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].guest_chain);

	load_address(&b, f, direction == DIRECTION_IN);
	expr_in_set(&b, f->set);
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

static void rule_guest_mark(struct nft_encoder *e, enum direction direction,
			    const struct nft_guest_family *f)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].guest_chain);

	expr_ct_mark_masked(&b, l->app | ~l->mask);
	expr_compare_u32(&b, NFT_CMP_EQ, 0);
	load_address(&b, f, direction == DIRECTION_OUT);
	expr_map(&b, f->map);
	expr_set_ct_mark(&b);
	nft_rule_end(e, &b);
}

void nft_rules_guest(struct nft_encoder *e, enum direction direction)
{
	for (size_t i = 0; i < 2; i++)
		rule_guest_peer(e, direction, &guest_families[i]);
	for (size_t i = 0; i < 2; i++)
		rule_guest_mark(e, direction, &guest_families[i]);
	rules_for_marked(e, direction, sides[direction].guest_chain);
}

/* Addresses are the guest's here: behind the translation of what comes in, before that
 * of what goes out. */
static void rules_forward(struct nft_encoder *e, const char *chain,
			  const char *const targets[static DIRECTION_COUNT])
{
	for (int d = 0; d < DIRECTION_COUNT; d++)
		for (size_t i = 0; i < 2; i++) {
			const struct nft_guest_family *f = &guest_families[i];
			struct nft_rule_builder b = nft_rule_begin(e, chain);

			load_address(&b, f, d == DIRECTION_OUT);
			expr_in_set(&b, f->set);
			expr_verdict(&b, NFT_JUMP, targets[d]);
			nft_rule_end(e, &b);
		}
}

void nft_rules_forward(struct nft_encoder *e)
{
	const char *const targets[DIRECTION_COUNT] = {sides[DIRECTION_IN].guest_chain,
						      sides[DIRECTION_OUT].guest_chain};

	rules_forward(e, NFT_FORWARD_CHAIN, targets);
}

/* --- what is cut -------------------------------------------------------------- */

static void rule_cut_marks(struct nft_encoder *e, enum direction direction)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].cut_chain);

	expr_ct_mark_masked(&b, l->app | l->blocked);
	expr_in_set(&b, "cut");
	expr_verdict(&b, NFT_JUMP, sides[direction].refuse_chain);
	nft_rule_end(e, &b);
}

/* What comes in and is new was begun by its peer, and was not answered yet: an answer
 * makes it established. */
static void rule_cut_calls(struct nft_encoder *e)
{
	const struct nft_side *side = &sides[DIRECTION_IN];
	struct nft_rule_builder b = nft_rule_begin(e, side->cut_chain);

	expr_ct_state(&b, IP_CT_NEW);
	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_in_set(&b, "calls");
	expr_verdict(&b, NFT_JUMP, side->refuse_chain);
	nft_rule_end(e, &b);
}

/* What is new was not answered yet, whoever began it. */
static void rule_cut_full(struct nft_encoder *e, enum direction direction)
{
	const struct nft_side *side = &sides[direction];
	struct nft_rule_builder b = nft_rule_begin(e, side->cut_chain);

	expr_ct_state(&b, IP_CT_NEW);
	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_in_set(&b, "full");
	expr_verdict(&b, NFT_JUMP, side->refuse_chain);
	nft_rule_end(e, &b);
}

void nft_rules_cut(struct nft_encoder *e, enum direction direction)
{
	if (direction == DIRECTION_IN)
		nft_rules_hold(e);
	if (!plan_is_cutting(e->wanted))
		return;
	rule_cut_marks(e, direction);
	rule_cut_full(e, direction);
	if (direction == DIRECTION_IN)
		rule_cut_calls(e);
}

/* An ICMP error has the mark of the flow it is about, our own answers too. */
static void rule_pass_errors(struct nft_encoder *e, enum direction direction)
{
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].refuse_chain);

	expr_ct_state(&b, IP_CT_RELATED);
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

/* Likewise a reset, ours or not: it ends what shall end. */
static void rule_pass_resets(struct nft_encoder *e, enum direction direction)
{
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].refuse_chain);
	const uint8_t bytes[sizeof(uint32_t)] = {TH_RST}; /* as a register has it */
	uint8_t tcp = IPPROTO_TCP;
	uint32_t reset;

	memcpy(&reset, bytes, sizeof(reset));
	expr_meta(&b, NFT_META_L4PROTO);
	expr_compare(&b, NFT_CMP_EQ, &tcp, sizeof(tcp));
	expr_payload(&b, NFT_PAYLOAD_TRANSPORT_HEADER,
		     offsetof(struct tcphdr, th_flags), sizeof(uint8_t), NFT_REG_1);
	expr_bitwise(&b, reset, 0);
	expr_compare_u32(&b, NFT_CMP_NEQ, 0);
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

static void rule_count_refused(struct nft_encoder *e, enum direction direction)
{
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].refuse_chain);

	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_object(&b, sides[direction].refused);
	nft_rule_end(e, &b);
}

static void rule_reset(struct nft_encoder *e, enum direction direction)
{
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].refuse_chain);
	uint8_t tcp = IPPROTO_TCP;

	expr_meta(&b, NFT_META_L4PROTO);
	expr_compare(&b, NFT_CMP_EQ, &tcp, sizeof(tcp));
	expr_reject(&b, true);
	nft_rule_end(e, &b);
}

static void rule_refuse(struct nft_encoder *e, enum direction direction)
{
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].refuse_chain);

	if (e->features->has_reject)
		expr_reject(&b, false);
	else
		expr_verdict(&b, NF_DROP, NULL);
	nft_rule_end(e, &b);
}

void nft_rules_refuse(struct nft_encoder *e, enum direction direction)
{
	const char *chain = sides[direction].refuse_chain;

	nft_rules_except(e, direction, chain, "near4", "near6");
	rule_pass_errors(e, direction);
	rule_pass_resets(e, direction);
	rule_count_refused(e, direction);
	if (direction == DIRECTION_IN)
		nft_rules_callers(e);
	if (e->features->has_reject)
		rule_reset(e, direction);
	rule_refuse(e, direction);
}

/* --- quotas ------------------------------------------------------------------- */

/* The objects have the "over" flag: the rule ends while there is something left. */
static void rule_quota(struct nft_encoder *e, enum direction direction)
{
	const struct nft_side *side = &sides[direction];
	struct nft_rule_builder b = nft_rule_begin(e, side->quota_chain);

	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_object(&b, "quotas");
	expr_verdict(&b, NFT_JUMP, side->over_chain);
	nft_rule_end(e, &b);
}

void nft_rules_quota(struct nft_encoder *e, enum direction direction)
{
	const char *chain = sides[direction].quota_chain;
	struct nft_rule_builder b;

	rule_loopback(e, direction, sides[direction].quota_hook);
	b = nft_rule_begin(e, sides[direction].quota_hook);
	expr_verdict(&b, NFT_JUMP, chain);
	nft_rule_end(e, &b);
	rule_except4(e, direction, chain, "trusted4");
	rule_except6(e, direction, chain, "trusted6");
	rule_quota(e, direction);
}

/* What guests exchange with each other has no mark, and so no quota. */
void nft_rules_quota_forward(struct nft_encoder *e)
{
	const char *const targets[DIRECTION_COUNT] = {sides[DIRECTION_IN].quota_chain,
						      sides[DIRECTION_OUT].quota_chain};

	rules_forward(e, NFT_QUOTA_FORWARD_CHAIN, targets);
}

void nft_rules_over(struct nft_encoder *e, enum direction direction)
{
	const struct nft_side *side = &sides[direction];
	struct nft_rule_builder b = nft_rule_begin(e, side->over_chain);

	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_in_set(&b, "over_block");
	expr_verdict(&b, NFT_JUMP, side->refuse_chain);
	nft_rule_end(e, &b);
	b = nft_rule_begin(e, side->over_chain);
	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_object(&b, side->over_rate);
	expr_verdict(&b, NF_DROP, NULL);
	nft_rule_end(e, &b);
}

/* --- marking chains ----------------------------------------------------------- */

/* The first map that knows the flow wins, so each rule ends with a return. */
static void rule_cgroups(struct nft_encoder *e, enum direction direction,
			 unsigned int level)
{
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].mark_chain);
	char map[NFT_NAME_SIZE];

	expr_socket_cgroup(&b, level);
	expr_map(&b, nft_cgroups_name(level, map));
	expr_set_ct_mark(&b);
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

/* Protocols without ports need no check: the map has no key of theirs. */
static void rule_ports(struct nft_encoder *e, enum direction direction)
{
	struct nft_rule_builder b = nft_rule_begin(e, sides[direction].mark_chain);

	expr_meta(&b, NFT_META_L4PROTO);
	/* TCP and UDP have their ports at the same place. A register holds 16 bytes;
	 * NFT_REG32_01 is the second word of NFT_REG_1. */
	expr_payload(&b, NFT_PAYLOAD_TRANSPORT_HEADER,
		     direction == DIRECTION_IN ? offsetof(struct udphdr, dest)
					       : offsetof(struct udphdr, source),
		     sizeof(uint16_t), NFT_REG32_01);
	expr_map(&b, "ports");
	expr_set_ct_mark(&b);
	nft_rule_end(e, &b);
}

void nft_rules_mark(struct nft_encoder *e, enum direction direction)
{
	unsigned int levels = plan_cgroup_levels(e->wanted);

	if (!e->features->has_socket_cgroupv2)
		levels = 0;
	for (unsigned int level = PLAN_CGROUP_LEVEL_MAX; level >= 1; level--)
		if (levels & (1u << level))
			rule_cgroups(e, direction, level);
	rule_ports(e, direction);
}
