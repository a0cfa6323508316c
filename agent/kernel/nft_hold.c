/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_hold.h"
#include <netinet/in.h>

#include <linux/if_packet.h>
#include <linux/netfilter.h>

#define CHAIN "hold_in"

void nft_hold_create(struct nft_encoder *e)
{
	nft_put_chain(e, CHAIN);
	nft_put_counter(e, NFT_UNASKED_COUNTER);
}

/* On the way to the agent: of a flow that nobody has seen yet, so of one packet alone.
 */
static uint32_t pending(const struct mark_layout *l)
{
	return l->leg | l->asked;
}

/*
 * To the chain with what is new, has no application and was not asked about. `ct state
 * new` alone is true for every packet of a flow that nobody answers. What carries a
 * foreign mark is never marked by us, so it is not asked about either.
 */
static void rule_ask(struct nft_encoder *e, uint8_t proto)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b =
		nft_rule_begin(e, nft_side_of(DIRECTION_IN)->cut_chain);

	expr_ct_state(&b, IP_CT_NEW);
	expr_ct_mark_masked(&b, l->app | l->asked | ~l->mask);
	expr_compare_u32(&b, NFT_CMP_EQ, 0);
	expr_meta(&b, NFT_META_L4PROTO);
	expr_compare(&b, NFT_CMP_EQ, &proto, sizeof(proto));
	expr_verdict(&b, NFT_JUMP, CHAIN);
	nft_rule_end(e, &b);
}

/* The packet comes back with the answer in its own mark, which is none of ours: it goes
 * to the flow, and the packet gets its bits back, which were zero. */
static void rule_answered(struct nft_encoder *e)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b =
		nft_rule_begin(e, nft_side_of(DIRECTION_IN)->cut_chain);

	expr_ct_state(&b, IP_CT_NEW);
	expr_ct_mark_masked(&b, l->app | pending(l));
	expr_compare_u32(&b, NFT_CMP_EQ, pending(l));
	expr_meta(&b, NFT_META_MARK);
	expr_bitwise(&b, l->app, l->asked);
	expr_set_ct_mark(&b);
	expr_meta(&b, NFT_META_MARK);
	expr_bitwise(&b, ~l->mask, 0);
	expr_set_mark(&b);
	nft_rule_end(e, &b);
}

/* Whoever uses those bits of packets himself would be taken for an answer. */
static void rule_foreign(struct nft_encoder *e)
{
	struct nft_rule_builder b = nft_rule_begin(e, CHAIN);

	expr_meta(&b, NFT_META_MARK);
	expr_bitwise(&b, e->wanted->layout.mask, 0);
	expr_compare_u32(&b, NFT_CMP_NEQ, 0);
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

/* Broadcast and multicast call nobody in particular. */
static void rule_unicast(struct nft_encoder *e)
{
	struct nft_rule_builder b = nft_rule_begin(e, CHAIN);
	uint8_t host = PACKET_HOST;

	expr_meta(&b, NFT_META_PKTTYPE);
	expr_compare(&b, NFT_CMP_NEQ, &host, sizeof(host));
	expr_verdict(&b, NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

/* A flood is not asked about, so that it costs the agent nothing. */
static void rule_over(struct nft_encoder *e)
{
	struct nft_rule_builder b = nft_rule_begin(e, CHAIN);

	expr_over_limit(&b, NFT_HOLD_RATE, NFT_HOLD_BURST);
	expr_count(&b, NFT_UNASKED_COUNTER);
	expr_verdict(&b, e->wanted->hold.is_closed ? NF_DROP : NFT_RETURN, NULL);
	nft_rule_end(e, &b);
}

void nft_rule_queue(struct nft_encoder *e, const char *chain)
{
	const struct plan_hold *h = &e->wanted->hold;
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b = nft_rule_begin(e, chain);

	expr_ct_mark(&b);
	expr_bitwise(&b, ~pending(l), pending(l));
	expr_set_ct_mark(&b);
	if (e->features->has_queue)
		expr_queue(&b, h->queue, !h->is_closed);
	else
		expr_queue_target(&b, h->queue, !h->is_closed);
	nft_rule_end(e, &b);
}

void nft_rules_hold(struct nft_encoder *e)
{
	nft_flush_chain(e, CHAIN);
	if (!plan_is_holding(e->wanted))
		return;
	rule_answered(e);
	rule_ask(e, IPPROTO_TCP);
	rule_ask(e, IPPROTO_UDP);
	nft_rules_except(e, DIRECTION_IN, CHAIN, "near4", "near6");
	rule_unicast(e);
	rule_foreign(e);
	rule_over(e);
	nft_rule_queue(e, CHAIN);
}
