/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_shape.h"
#include "kernel/nft_rules.h"
#include "kernel/nft_sets.h"
#include <linux/netfilter.h>

void nft_shape_rules(struct nft_encoder *e)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b;

	if (!e->wanted->uplink_count)
		return;
	b = nft_rule_begin(e, nft_side_of(DIRECTION_OUT)->shape_chain);
	expr_meta(&b, NFT_META_OIF);
	expr_in_set(&b, "uplinks");
	expr_ct_mark_masked(&b, l->app | l->leg);
	expr_map(&b, "classes");
	expr_set_priority(&b);
	expr_verdict(&b, NF_ACCEPT, NULL);
	nft_rule_end(e, &b);
}

void nft_shape_class(struct nft_encoder *e, const struct plan_step *step)
{
	const struct mark_layout *l = &e->wanted->layout;
	uint32_t mark = mark_of(l, step->number, step->is_leg ? l->leg : 0);
	bool is_new = step->kind == STEP_CLASS_ADD;

	nft_put_element(e, is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, "classes",
			&mark, sizeof(mark), NULL, is_new ? &step->priority : NULL);
}

void nft_shape_uplinks(struct nft_encoder *e)
{
	const struct plan *p = e->wanted;

	nft_flush_chain(e, nft_side_of(DIRECTION_OUT)->shape_chain);
	nft_clear_set(e, "uplinks");
	for (size_t i = 0; i < p->uplink_count; i++)
		nft_put_element(e, NFT_MSG_NEWSETELEM, "uplinks", &p->uplinks[i],
				sizeof(p->uplinks[i]), NULL, NULL);
	nft_shape_rules(e);
}
