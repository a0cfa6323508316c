/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference between two plans, as steps: plan.h. */
#include "core/plan.h"
#include "core/queue.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Steps as they are collected; after a failure pushing does nothing. */
struct step_list {
	struct plan_step *items;
	size_t count, capacity;
	bool has_failed;
};

static void push(struct step_list *l, struct plan_step step)
{
	if (l->count == l->capacity) {
		size_t capacity = l->capacity ? l->capacity * 2 : 64;
		struct plan_step *grown =
			reallocarray(l->items, capacity, sizeof(*grown));

		if (!grown) {
			l->has_failed = true;
			return;
		}
		l->items = grown;
		l->capacity = capacity;
	}
	l->items[l->count++] = step;
}

static bool layout_equal(const struct mark_layout *a, const struct mark_layout *b)
{
	return a->mask == b->mask && a->app == b->app && a->app_shift == b->app_shift &&
	       a->heavy == b->heavy && a->leg == b->leg && a->blocked == b->blocked;
}

static bool trusted_equal(const struct plan *a, const struct plan *b)
{
	if (a->trusted_count != b->trusted_count)
		return false;
	for (size_t i = 0; i < a->trusted_count; i++)
		if (a->trusted[i].bits != b->trusted[i].bits ||
		    !addr_equal(&a->trusted[i].addr, &b->trusted[i].addr))
			return false;
	return true;
}

/* Whether a number is the same application's in both. */
static bool is_same_app(const struct plan_app *a, const struct plan_app *b)
{
	return a->is_present && b->is_present && strcmp(a->comment, b->comment) == 0;
}

/* The counters that `has` needs and `other` has not. */
static void push_apps(struct step_list *l, enum plan_step_kind kind,
		      const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++) {
		const struct plan_app *a = &has->apps[i], *b = &other->apps[i];

		if (a->is_present && !is_same_app(a, b))
			push(l, (struct plan_step){.kind = kind, .number = (uint8_t)i});
	}
}

/* Counted from the first cut of an application to its last, whichever they are. */
static void push_refused(struct step_list *l, enum plan_step_kind kind,
			 const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++) {
		const struct plan_app *a = &has->apps[i], *b = &other->apps[i];

		if (plan_app_is_cut(a) && !(plan_app_is_cut(b) && is_same_app(a, b)))
			push(l, (struct plan_step){.kind = kind, .number = (uint8_t)i});
	}
}

static void push_cuts(struct step_list *l, enum plan_step_kind kind,
		      const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT * CUT_COUNT; i++) {
		const struct plan_app *a = &has->apps[i / CUT_COUNT];
		const struct plan_app *b = &other->apps[i / CUT_COUNT];
		enum plan_cut cut = (enum plan_cut)(i % CUT_COUNT);

		if (!a->is_present || !a->cuts[cut] || cut == CUT_LEGS ||
		    (is_same_app(a, b) && b->cuts[cut]))
			continue;
		push(l, (struct plan_step){.kind = kind,
					   .number = (uint8_t)(i / CUT_COUNT),
					   .cut = cut});
	}
}

static bool quota_equal(const struct plan_quota *a, const struct plan_quota *b)
{
	return a->bytes == b->bytes && a->action == b->action &&
	       a->serial == b->serial && memcmp(a->rate, b->rate, sizeof(a->rate)) == 0;
}

static void push_nat(struct step_list *l, enum plan_step_kind kind,
		     const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++) {
		const struct plan_app *a = &has->apps[i], *b = &other->apps[i];

		if (a->is_present && a->symmetric_nat &&
		    !(b->is_present && b->symmetric_nat))
			push(l, (struct plan_step){.kind = kind, .number = (uint8_t)i});
	}
}

static void push_quotas(struct step_list *l, enum plan_step_kind kind,
			const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++) {
		const struct plan_app *a = &has->apps[i], *b = &other->apps[i];

		if (!a->is_present || !a->quota.bytes ||
		    (is_same_app(a, b) && quota_equal(&a->quota, &b->quota)))
			continue;
		push(l, (struct plan_step){
				.kind = kind, .number = (uint8_t)i, .quota = a->quota});
	}
}

static struct plan_step limit_of(const struct plan *p, size_t number,
				 enum direction direction, bool is_relay_limit)
{
	const struct plan_app *a = &p->apps[number];
	struct plan_step step = {
		.number = (uint8_t)number,
		.direction = direction,
		.is_relay_limit = is_relay_limit,
	};

	if (a->is_present) {
		step.rate =
			is_relay_limit ? a->relay_rate[direction] : a->rate[direction];
		step.legs_only = is_relay_limit && a->relay_legs_only;
	}
	return step;
}

static void push_limits(struct step_list *l, enum plan_step_kind kind,
			const struct plan *has, const struct plan *other)
{
	/* The low bits of `i` run through direction and kind of limit. */
	for (size_t i = 0; i < APP_NUMBER_COUNT * 4; i++) {
		enum direction direction = i & 1 ? DIRECTION_OUT : DIRECTION_IN;
		struct plan_step a = limit_of(has, i / 4, direction, i & 2);
		struct plan_step b = limit_of(other, i / 4, direction, i & 2);

		if (!a.rate || (a.rate == b.rate && a.legs_only == b.legs_only))
			continue;
		a.kind = kind;
		push(l, a);
	}
}

static void push_guards(struct step_list *l, enum plan_step_kind kind,
			const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++) {
		const struct plan_app *a = &has->apps[i], *b = &other->apps[i];

		if (!a->is_present || !a->is_guarded ||
		    (is_same_app(a, b) && b->is_guarded &&
		     a->relay_legs_only == b->relay_legs_only))
			continue;
		push(l, (struct plan_step){.kind = kind,
					   .number = (uint8_t)i,
					   .legs_only = a->relay_legs_only});
	}
}

/* The class of application `i` / 2 for its legs (`i` odd) or else its own flows. */
static struct plan_step class_of(const struct plan *p, size_t i)
{
	uint8_t number = (uint8_t)(i / 2);
	struct plan_step step = {.number = number, .is_leg = i % 2};

	if (p->uplink_count)
		step.priority = queue_priority(&p->apps[number], number, step.is_leg);
	return step;
}

static void push_classes(struct step_list *l, enum plan_step_kind kind,
			 const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT * 2; i++) {
		struct plan_step a = class_of(has, i), b = class_of(other, i);

		if (!a.priority || a.priority == b.priority)
			continue;
		a.kind = kind;
		push(l, a);
	}
}

static bool uplinks_equal(const struct plan *a, const struct plan *b)
{
	return a->uplink_count == b->uplink_count &&
	       memcmp(a->uplinks, b->uplinks,
		      a->uplink_count * sizeof(a->uplinks[0])) == 0;
}

static void push_ports(struct step_list *l, enum plan_step_kind kind,
		       const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < has->port_count; i++) {
		const struct plan_port *there = plan_find_port(other, &has->ports[i]);

		if (!there || there->number != has->ports[i].number)
			push(l,
			     (struct plan_step){.kind = kind, .port = has->ports[i]});
	}
}

static void push_cgroups(struct step_list *l, enum plan_step_kind kind,
			 const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < has->cgroup_count; i++) {
		const struct plan_cgroup *there =
			plan_find_cgroup(other, &has->cgroups[i]);

		if (!there || there->number != has->cgroups[i].number)
			push(l, (struct plan_step){.kind = kind,
						   .cgroup = has->cgroups[i]});
	}
}

static void push_guests(struct step_list *l, enum plan_step_kind kind,
			const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < has->guest_count; i++) {
		const struct plan_guest *there =
			plan_find_guest(other, &has->guests[i].addr);

		if (!there || there->number != has->guests[i].number)
			push(l,
			     (struct plan_step){.kind = kind, .guest = has->guests[i]});
	}
}

static bool needs_create(const struct plan *installed, const struct plan *wanted)
{
	return !installed || installed->is_owned != wanted->is_owned ||
	       !layout_equal(&installed->layout, &wanted->layout);
}

/* Whether the rules that look for what is cut are the same. */
static bool cutting_equal(const struct plan *a, const struct plan *b)
{
	bool is_holding = plan_is_holding(a);

	return plan_is_cutting(a) == plan_is_cutting(b) &&
	       is_holding == plan_is_holding(b) &&
	       (!is_holding || (a->hold.is_closed == b->hold.is_closed &&
				a->hold.queue == b->hold.queue));
}

int plan_diff(const struct plan *installed, const struct plan *wanted,
	      struct plan_steps *ret_steps)
{
	static const struct plan nothing;
	struct step_list l = {0};

	if (needs_create(installed, wanted)) {
		/* It writes the marking and the cutting rules for `wanted` as well. */
		push(&l, (struct plan_step){.kind = STEP_CREATE});
		installed = &nothing;
	} else {
		if (plan_cgroup_levels(installed) != plan_cgroup_levels(wanted))
			push(&l, (struct plan_step){.kind = STEP_LEVELS_SET});
		if (!cutting_equal(installed, wanted))
			push(&l, (struct plan_step){.kind = STEP_CUTTING_SET});
		if (plan_has_quotas(installed) != plan_has_quotas(wanted))
			push(&l, (struct plan_step){.kind = STEP_QUOTAS_SET});
	}
	if (installed->guest_count && !wanted->guest_count)
		push(&l, (struct plan_step){.kind = STEP_FORWARD_REMOVE});
	push_guests(&l, STEP_GUEST_REMOVE, installed, wanted);
	push_ports(&l, STEP_PORT_REMOVE, installed, wanted);
	push_cgroups(&l, STEP_CGROUP_REMOVE, installed, wanted);
	push_limits(&l, STEP_LIMIT_REMOVE, installed, wanted);
	push_classes(&l, STEP_CLASS_REMOVE, installed, wanted);
	push_guards(&l, STEP_GUARD_REMOVE, installed, wanted);
	push_cuts(&l, STEP_CUT_REMOVE, installed, wanted);
	push_quotas(&l, STEP_QUOTA_REMOVE, installed, wanted);
	push_refused(&l, STEP_REFUSED_REMOVE, installed, wanted);
	push_nat(&l, STEP_NAT_APP_REMOVE, installed, wanted);
	if (plan_is_masquerading(installed) && !plan_is_masquerading(wanted))
		push(&l, (struct plan_step){.kind = STEP_NAT_REMOVE});
	push_apps(&l, STEP_APP_REMOVE, installed, wanted);

	push_apps(&l, STEP_APP_ADD, wanted, installed);
	if (plan_is_masquerading(wanted) && !plan_is_masquerading(installed))
		push(&l, (struct plan_step){.kind = STEP_NAT_ADD});
	push_nat(&l, STEP_NAT_APP_ADD, wanted, installed);
	push_limits(&l, STEP_LIMIT_ADD, wanted, installed);
	push_classes(&l, STEP_CLASS_ADD, wanted, installed);
	push_guards(&l, STEP_GUARD_ADD, wanted, installed);
	if (!uplinks_equal(installed, wanted) ||
	    plan_is_guarding(installed) != plan_is_guarding(wanted))
		push(&l, (struct plan_step){.kind = STEP_SHAPING_SET});
	push_refused(&l, STEP_REFUSED_ADD, wanted, installed);
	push_cuts(&l, STEP_CUT_ADD, wanted, installed);
	push_quotas(&l, STEP_QUOTA_ADD, wanted, installed);
	if (!trusted_equal(installed, wanted))
		push(&l, (struct plan_step){.kind = STEP_TRUSTED_SET});
	push_cgroups(&l, STEP_CGROUP_ADD, wanted, installed);
	push_ports(&l, STEP_PORT_ADD, wanted, installed);
	push_guests(&l, STEP_GUEST_ADD, wanted, installed);
	if (wanted->guest_count && !installed->guest_count)
		push(&l, (struct plan_step){.kind = STEP_FORWARD_ADD});
	if (l.has_failed) {
		free(l.items);
		return -ENOMEM;
	}
	*ret_steps = (struct plan_steps){.items = l.items, .count = l.count};
	return 0;
}

void plan_steps_done(struct plan_steps *s)
{
	free(s->items);
	*s = (struct plan_steps){0};
}
