/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_nat.h"
#include "kernel/nft_sets.h"
#include <libnftnl/chain.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

#define CHAIN "symmetric"
/* Where others masquerade, too: the first to translate a flow is the only one. */
#define PRIORITY 100

static void put_chain(struct nft_encoder *e)
{
	struct nlmsghdr *message =
		nft_message_begin(e, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	struct nftnl_chain *c = message ? nftnl_chain_alloc() : NULL;

	if (!c) {
		nft_fail_without_memory(e);
		return;
	}
	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, e->table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, CHAIN);
	nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "nat");
	nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, NF_INET_POST_ROUTING);
	nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, PRIORITY);
	nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	nftnl_chain_nlmsg_build_payload(message, c);
	nft_message_end(e, message);
	nftnl_chain_free(c);
}

/* A chain of type nat sees the first packet of a flow, which `output` has marked. */
static void rule_masquerade(struct nft_encoder *e)
{
	struct nft_rule_builder b = nft_rule_begin(e, CHAIN);
	uint8_t udp = IPPROTO_UDP;

	expr_meta(&b, NFT_META_L4PROTO);
	expr_compare(&b, NFT_CMP_EQ, &udp, sizeof(udp));
	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_in_set(&b, NFT_SYMMETRIC);
	expr_masquerade(&b);
	nft_rule_end(e, &b);
}

void nft_put_nat(struct nft_encoder *e, bool is_wanted)
{
	if (!is_wanted) {
		nft_flush_chain(e, CHAIN);
		nft_delete_chain(e, CHAIN);
		return;
	}
	put_chain(e);
	nft_rules_except(e, DIRECTION_OUT, CHAIN, "trusted4", "trusted6");
	nft_rules_except(e, DIRECTION_OUT, CHAIN, "near4", "near6");
	rule_masquerade(e);
}

void nft_put_nat_app(struct nft_encoder *e, const struct plan_step *step)
{
	uint32_t mark = mark_of(&e->wanted->layout, step->number, 0);
	bool is_new = step->kind == STEP_NAT_APP_ADD;

	nft_put_element(e, is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
			NFT_SYMMETRIC, &mark, sizeof(mark), NULL, NULL);
}
