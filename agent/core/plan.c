/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/plan.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void plan_init(struct plan *p)
{
	memset(p, 0, sizeof(*p));
}

void plan_done(struct plan *p)
{
	free(p->ports);
	free(p->cgroups);
	free(p->trusted);
	plan_init(p);
}

/* NULL for an empty array, which is no failure. */
static void *array_copy(const void *items, size_t count, size_t size)
{
	void *copy;

	if (!count)
		return NULL;
	copy = malloc(count * size);
	if (copy)
		memcpy(copy, items, count * size);
	return copy;
}

int plan_copy(const struct plan *from, struct plan *ret_to)
{
	struct plan copy = *from;

	copy.ports = array_copy(from->ports, from->port_count, sizeof(*from->ports));
	copy.cgroups =
		array_copy(from->cgroups, from->cgroup_count, sizeof(*from->cgroups));
	copy.trusted =
		array_copy(from->trusted, from->trusted_count, sizeof(*from->trusted));
	if ((from->port_count && !copy.ports) ||
	    (from->cgroup_count && !copy.cgroups) ||
	    (from->trusted_count && !copy.trusted)) {
		plan_done(&copy);
		return -ENOMEM;
	}
	*ret_to = copy;
	return 0;
}

/* The array with room for one more at index `at`, or NULL and the old one unchanged. */
static void *array_open(void *items, size_t count, size_t size, size_t at)
{
	char *grown = realloc(items, (count + 1) * size);

	if (grown)
		memmove(grown + (at + 1) * size, grown + at * size,
			(count - at) * size);
	return grown;
}

static int port_compare(const struct plan_port *a, const struct plan_port *b)
{
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	return (a->port > b->port) - (a->port < b->port);
}

static int cgroup_compare(const struct plan_cgroup *a, const struct plan_cgroup *b)
{
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

/* Index of the first entry that is not before `key`. */
static size_t port_position(const struct plan *p, const struct plan_port *key)
{
	size_t low = 0, high = p->port_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (port_compare(&p->ports[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t cgroup_position(const struct plan *p, const struct plan_cgroup *key)
{
	size_t low = 0, high = p->cgroup_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cgroup_compare(&p->cgroups[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct plan_port *port_find(const struct plan *p,
					 const struct plan_port *key)
{
	size_t at = port_position(p, key);

	if (at < p->port_count && port_compare(&p->ports[at], key) == 0)
		return &p->ports[at];
	return NULL;
}

static const struct plan_cgroup *cgroup_find(const struct plan *p,
					     const struct plan_cgroup *key)
{
	size_t at = cgroup_position(p, key);

	if (at < p->cgroup_count && cgroup_compare(&p->cgroups[at], key) == 0)
		return &p->cgroups[at];
	return NULL;
}

int plan_set_port(struct plan *p, uint8_t proto, uint16_t port, uint8_t number)
{
	struct plan_port entry = {.proto = proto, .number = number, .port = port};
	size_t at = port_position(p, &entry);
	struct plan_port *grown;

	if (at < p->port_count && port_compare(&p->ports[at], &entry) == 0) {
		p->ports[at].number = number;
		return 0;
	}
	if (p->port_count >= PLAN_PORTS_MAX)
		return -ENOSPC;
	grown = array_open(p->ports, p->port_count, sizeof(*grown), at);
	if (!grown)
		return -ENOMEM;
	grown[at] = entry;
	p->ports = grown;
	p->port_count++;
	return 0;
}

int plan_set_cgroup(struct plan *p, uint64_t id, unsigned int level, uint8_t number)
{
	struct plan_cgroup entry = {.id = id, .level = level, .number = number};
	size_t at = cgroup_position(p, &entry);
	struct plan_cgroup *grown;

	if (level < 1 || level > PLAN_CGROUP_LEVEL_MAX)
		return -EINVAL;
	if (at < p->cgroup_count && cgroup_compare(&p->cgroups[at], &entry) == 0) {
		p->cgroups[at].number = number;
		return 0;
	}
	if (p->cgroup_count >= PLAN_CGROUPS_MAX)
		return -ENOSPC;
	grown = array_open(p->cgroups, p->cgroup_count, sizeof(*grown), at);
	if (!grown)
		return -ENOMEM;
	grown[at] = entry;
	p->cgroups = grown;
	p->cgroup_count++;
	return 0;
}

unsigned int plan_cgroup_levels(const struct plan *p)
{
	unsigned int levels = 0;

	for (size_t i = 0; i < p->cgroup_count; i++)
		levels |= 1u << p->cgroups[i].level;
	return levels;
}

bool plan_app_is_cut(const struct plan_app *a)
{
	return a->is_present &&
	       (a->cuts[CUT_LEGS] || a->cuts[CUT_CALLS] || a->cuts[CUT_ALL]);
}

bool plan_is_cutting(const struct plan *p)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (plan_app_is_cut(&p->apps[i]))
			return true;
	return false;
}

/* --- difference -------------------------------------------------------------- */

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

static void push_ports(struct step_list *l, enum plan_step_kind kind,
		       const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < has->port_count; i++) {
		const struct plan_port *there = port_find(other, &has->ports[i]);

		if (!there || there->number != has->ports[i].number)
			push(l,
			     (struct plan_step){.kind = kind, .port = has->ports[i]});
	}
}

static void push_cgroups(struct step_list *l, enum plan_step_kind kind,
			 const struct plan *has, const struct plan *other)
{
	for (size_t i = 0; i < has->cgroup_count; i++) {
		const struct plan_cgroup *there = cgroup_find(other, &has->cgroups[i]);

		if (!there || there->number != has->cgroups[i].number)
			push(l, (struct plan_step){.kind = kind,
						   .cgroup = has->cgroups[i]});
	}
}

static bool needs_create(const struct plan *installed, const struct plan *wanted)
{
	return !installed || installed->is_owned != wanted->is_owned ||
	       !layout_equal(&installed->layout, &wanted->layout);
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
		if (plan_is_cutting(installed) != plan_is_cutting(wanted))
			push(&l, (struct plan_step){.kind = STEP_CUTTING_SET});
	}
	push_ports(&l, STEP_PORT_REMOVE, installed, wanted);
	push_cgroups(&l, STEP_CGROUP_REMOVE, installed, wanted);
	push_limits(&l, STEP_LIMIT_REMOVE, installed, wanted);
	push_cuts(&l, STEP_CUT_REMOVE, installed, wanted);
	push_refused(&l, STEP_REFUSED_REMOVE, installed, wanted);
	push_apps(&l, STEP_APP_REMOVE, installed, wanted);

	push_apps(&l, STEP_APP_ADD, wanted, installed);
	push_limits(&l, STEP_LIMIT_ADD, wanted, installed);
	push_refused(&l, STEP_REFUSED_ADD, wanted, installed);
	push_cuts(&l, STEP_CUT_ADD, wanted, installed);
	if (!trusted_equal(installed, wanted))
		push(&l, (struct plan_step){.kind = STEP_TRUSTED_SET});
	push_cgroups(&l, STEP_CGROUP_ADD, wanted, installed);
	push_ports(&l, STEP_PORT_ADD, wanted, installed);
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
