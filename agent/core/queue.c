/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/queue.h"

enum { WHOLE, OWN, LEGS, CLASSES_PER_APP = 4 };

/* Of a limit that an application's own traffic shares with its legs, these are sure of
 * no more than this part; what the own leaves they borrow. */
#define LEGS_SURE 10

static uint64_t lesser(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* The limit on everything, or 0. */
static uint64_t whole_rate(const struct plan_app *a)
{
	uint64_t relay = a->relay_legs_only ? 0 : a->relay_rate[DIRECTION_OUT];

	return lesser(a->rate[DIRECTION_OUT], relay);
}

/* The limit that only legs have, or 0. */
static uint64_t legs_rate(const struct plan_app *a)
{
	return a->relay_legs_only ? a->relay_rate[DIRECTION_OUT] : 0;
}

static uint16_t minor_of(uint8_t number, uint16_t kind)
{
	return (uint16_t)(number * CLASSES_PER_APP + kind);
}

uint32_t queue_priority(const struct plan_app *a, uint8_t number, bool is_leg)
{
	const uint32_t major = QUEUE_MAJOR << 16;

	if (!a->is_present)
		return 0;
	if (is_leg && legs_rate(a))
		return major | minor_of(number, LEGS);
	return whole_rate(a) ? major | minor_of(number, OWN) : 0;
}

static void add(struct queue_classes *c, struct queue_class class)
{
	c->items[c->count++] = class;
}

/* What leaves are sure of must not exceed what is above them: it is not held to it. */
static void add_app(struct queue_classes *c, const struct plan_app *a, uint8_t number)
{
	uint64_t whole = whole_rate(a), legs = legs_rate(a), sure = legs;
	uint16_t parent = minor_of(number, WHOLE);

	if (!whole && !legs)
		return;
	if (whole && legs)
		sure = lesser(legs, whole / LEGS_SURE + 1);
	add(c, (struct queue_class){.minor = parent,
				    .rate = whole ? whole : QUEUE_UNLIMITED,
				    .ceil = whole ? whole : QUEUE_UNLIMITED});
	if (whole)
		add(c, (struct queue_class){.minor = minor_of(number, OWN),
					    .parent = parent,
					    .rate = legs && whole > sure ? whole - sure
									 : whole,
					    .ceil = whole,
					    .is_leaf = true});
	if (legs)
		add(c, (struct queue_class){.minor = minor_of(number, LEGS),
					    .parent = parent,
					    .rate = sure,
					    .ceil = lesser(legs, whole),
					    .is_leaf = true});
}

void queue_plan(const struct plan *p, struct queue_classes *ret_classes)
{
	ret_classes->count = 0;
	add(ret_classes, (struct queue_class){.minor = QUEUE_DEFAULT,
					      .rate = QUEUE_UNLIMITED,
					      .ceil = QUEUE_UNLIMITED,
					      .is_leaf = true});
	for (unsigned int i = 1; i < APP_NUMBER_COUNT; i++)
		if (p->apps[i].is_present)
			add_app(ret_classes, &p->apps[i], (uint8_t)i);
	if (ret_classes->count == 1)
		ret_classes->count = 0;
}

static const struct queue_class *find(const struct queue_classes *c, uint16_t minor)
{
	for (size_t i = 0; i < c->count && c->items[i].minor <= minor; i++)
		if (c->items[i].minor == minor)
			return &c->items[i];
	return NULL;
}

static bool is_same(const struct queue_class *a, const struct queue_class *b)
{
	return a->rate == b->rate && a->ceil == b->ceil && a->is_leaf == b->is_leaf;
}

void queue_diff(const struct queue_classes *seen, const struct queue_classes *wanted,
		struct queue_changes *ret_changes)
{
	struct queue_changes *c = ret_changes;

	c->count = 0;
	for (size_t i = 0; i < wanted->count; i++) {
		const struct queue_class *there = find(seen, wanted->items[i].minor);

		if (!there || !is_same(there, &wanted->items[i]))
			c->items[c->count++] =
				(struct queue_change){false, wanted->items[i]};
	}
	c->removals_at = c->count;
	for (size_t i = seen->count; i-- > 0;)
		if (!find(wanted, seen->items[i].minor))
			c->items[c->count++] =
				(struct queue_change){true, seen->items[i]};
}
