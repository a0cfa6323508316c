/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_shape.h"
#include "kernel/nft_rules.h"
#include "kernel/nft_sets.h"
#include <linux/netfilter.h>

static void rule_guard(struct nft_encoder *e, const struct nft_side *side)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b = nft_rule_begin(e, side->shape_chain);

	expr_ct_mark_masked(&b, l->app | l->leg);
	expr_object(&b, side->guarded);
	nft_rule_end(e, &b);
}

static void rule_queue(struct nft_encoder *e, const struct nft_side *side)
{
	const struct mark_layout *l = &e->wanted->layout;
	struct nft_rule_builder b = nft_rule_begin(e, side->shape_chain);

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

void nft_shape_set(struct nft_encoder *e)
{
	const struct plan *p = e->wanted;

	for (int d = 0; d < DIRECTION_COUNT; d++) {
		const struct nft_side *side = nft_side_of((enum direction)d);

		nft_flush_chain(e, side->shape_chain);
		if (plan_is_guarding(p))
			rule_guard(e, side);
		if (p->uplink_count && d == DIRECTION_OUT)
			rule_queue(e, side);
	}
	nft_clear_set(e, "uplinks");
	for (size_t i = 0; i < p->uplink_count; i++)
		nft_put_element(e, NFT_MSG_NEWSETELEM, "uplinks", &p->uplinks[i],
				sizeof(p->uplinks[i]), NULL, NULL);
}

void nft_shape_guard(struct nft_encoder *e, const struct plan_step *step,
		     enum direction d, const char *name)
{
	const struct mark_layout *l = &e->wanted->layout;
	bool is_new = step->kind == STEP_GUARD_ADD;
	uint16_t type = is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
	const uint32_t marks[] = {mark_of(l, step->number, l->leg),
				  mark_of(l, step->number, 0)};

	for (size_t i = 0; i < (step->legs_only ? 1 : 2); i++)
		nft_put_element(e, type, nft_side_of(d)->guarded, &marks[i],
				sizeof(marks[i]), is_new ? name : NULL, NULL);
}
