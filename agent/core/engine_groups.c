/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include "core/engine_tables.h"
#include <string.h>

#define UPDATE_NS (SECOND_NS - SECOND_NS / 20)
#define LEAVES_NS (60 * SECOND_NS)

/* The least judge among an application and those it is linked to. */
static uint16_t least_judge(const struct engine *e, struct app *a)
{
	uint16_t least = a->judge;

	for (int i = 0; i < GROUP_LINKS_MAX; i++) {
		const struct app *other =
			a->links[i].other ? e->apps[a->links[i].other] : NULL;

		if (!other || other == a || !group_is_linked(a, other, e->now_ns))
			continue;
		if (other->judge == a->judge)
			a->linked_ns = e->now_ns;
		if (other->judge < least)
			least = other->judge;
	}
	return least;
}

static void regroup(struct engine *e, struct app *a)
{
	uint16_t judge = least_judge(e, a);

	if (judge != a->judge)
		a->linked_ns = e->now_ns;
	else if (a->judge != a->id && e->now_ns - a->linked_ns >= LEAVES_NS)
		judge = a->id;
	if (judge != a->judge)
		tables_set_judge(e, a, judge);
}

void groups_update(struct engine *e)
{
	if (e->now_ns - e->grouped_ns < UPDATE_NS)
		return;
	e->grouped_ns = e->now_ns;
	for (struct app *a = tables_from(e, 1); a; a = tables_from(e, a->id + 1u))
		if (a->links[0].other)
			regroup(e, a);
}

void groups_take_verdict(struct engine *e, struct app *member)
{
	struct app *judge = e->apps[member->judge];

	member->role = judge->role;
	member->role_since_ns = judge->role_since_ns;
	member->log_odds = judge->log_odds;
	member->families = judge->families;
	member->may_be_cut = judge->may_be_cut;
	member->legs_suffice = judge->legs_suffice;
	memcpy(member->evidence, judge->evidence, sizeof(member->evidence));
	/* A limit on one of them holds the verdict on all. */
	judge->is_limited |= member->is_limited;
}

void groups_leave(struct engine *e, struct app *a)
{
	for (struct app *other = tables_from(e, 1); other;
	     other = tables_from(e, other->id + 1u)) {
		if (other != a && other->judge == a->id)
			tables_set_judge(e, other, other->id);
		group_forget(other, a->id);
	}
	if (a->judge != a->id)
		tables_set_judge(e, a, a->id);
}
