/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/guard.h"
#include "base/units.h"
#include <stdlib.h>
#include <string.h>

#define SAMPLE_LEAST_NS (SECOND_NS / 2)
#define SAMPLE_MOST_NS (5 * SECOND_NS)
/* As in kernel/nft_encode.c: what a limit's bucket holds at least. */
#define BUCKET_LEAST 65536

void guard_init(struct guard *g)
{
	memset(g, 0, sizeof(*g));
}

void guard_set_line(struct guard *g, enum direction d, struct guard_line line)
{
	struct guard_side *side = &g->sides[d];

	if (side->line.capacity == line.capacity && side->line.reserve == line.reserve)
		return;
	*side = (struct guard_side){.line = line};
}

uint64_t guard_allowance(const struct guard *g, enum direction d)
{
	return g->sides[d].level;
}

/* --- sharing ------------------------------------------------------------------ */

/* 0, any, is the greatest. */
static int compare_demands(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a - 1, y = *(const uint64_t *)b - 1;

	return (x > y) - (x < y);
}

uint64_t guard_water_level(uint64_t *demands, size_t count, uint64_t budget)
{
	if (!count)
		return budget;
	qsort(demands, count, sizeof(*demands), compare_demands);
	for (size_t i = 0; i < count; i++) {
		uint64_t share = budget / (count - i);

		if (!demands[i] || demands[i] > share)
			return share;
		budget -= demands[i];
	}
	return demands[count - 1] + budget;
}

/* --- one second of one direction ------------------------------------------------ */

/* Bytes per second of a counter that may have begun anew. */
static uint64_t rate_of(uint64_t before, uint64_t now, uint64_t span_ns)
{
	uint64_t bytes = now >= before ? now - before : now;

	return (uint64_t)((double)bytes * (double)SECOND_NS / (double)span_ns);
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The limit in force on an application until now. */
static uint64_t limit_of(const struct guard_side *side, uint64_t own)
{
	return own ? lesser(own, side->level) : side->level;
}

/*
 * What passes of `rate` in that time: its limit, and once what the bucket has. What
 * comes in has used the link before it is limited.
 */
static uint64_t take_passed(struct guard_side *side, size_t number, uint64_t rate,
			    uint64_t limit)
{
	uint64_t *tokens = &side->tokens[number];
	uint64_t passed = lesser(rate, limit + *tokens);

	*tokens = lesser(*tokens + limit - passed, greater(limit, BUCKET_LEAST));
	return passed;
}

struct second {
	uint64_t guarded; /* of what the link carried */
	uint64_t steady;  /* without what came out of buckets */
	bool is_hungry;	  /* somebody is held back by the level */
	uint64_t demands[APP_NUMBER_COUNT];
	unsigned int count;
};

static void add_app(struct guard_side *side, enum direction d, size_t number,
		    uint64_t rate, uint64_t own, struct second *t)
{
	uint64_t limit = limit_of(side, own);
	uint64_t passed = take_passed(side, number, rate, limit);
	bool is_hungry = rate >= limit / 100 * GUARD_HUNGRY_PERCENT;

	t->guarded += d == DIRECTION_IN ? rate : passed;
	t->steady += lesser(rate, limit);
	t->is_hungry |= is_hungry && limit == side->level;
	/* At least 1: 0 means any. */
	t->demands[t->count++] = is_hungry ? own : greater(rate, 1);
}

static void set_level(struct guard_side *side, uint64_t level)
{
	side->level = level;
	side->calm = 0;
	/* A limit that is replaced begins with a full bucket. */
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		side->tokens[i] = greater(level, BUCKET_LEAST);
}

static uint64_t room_of(const struct guard_line *l)
{
	return l->capacity > l->reserve ? l->capacity - l->reserve : 0;
}

static uint64_t floor_of(const struct guard_side *side, unsigned int count)
{
	return greater(side->line.capacity / GUARD_FLOOR_PART / count,
		       GUARD_FLOOR_LEAST);
}

/* Until something was measured half of what there may be. */
static void begin(struct guard_side *side, unsigned int count)
{
	set_level(side,
		  greater(room_of(&side->line) / 2 / count, floor_of(side, count)));
}

static void move_level(struct guard_side *side, struct second *t)
{
	const struct guard_line *line = &side->line;
	uint64_t room = room_of(line), least = floor_of(side, t->count);
	uint64_t budget = room > side->others ? room - side->others : 0;
	uint64_t band = greater(line->reserve / 4, line->capacity / 50) / t->count;
	uint64_t wanted =
		greater(guard_water_level(t->demands, t->count, budget), least);
	bool is_full = side->others + t->steady >
		       line->capacity - lesser(line->reserve, line->capacity) / 2;

	if (is_full && side->level > least)
		set_level(side, greater(lesser(wanted, side->level / 4), least));
	else if (side->level > wanted + band)
		set_level(side, wanted);
	else if (!t->is_hungry || wanted <= side->level + band)
		side->calm = 0;
	else if (++side->calm >= GUARD_CALM)
		set_level(side,
			  side->level + greater((wanted - side->level) / 2, band));
}

static unsigned int count_guarded(const struct guard_sample *s)
{
	unsigned int count = 0;

	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		count += s->apps[i].is_guarded;
	return count;
}

static void update_side(struct guard *g, enum direction d, const struct guard_sample *s,
			uint64_t span_ns)
{
	struct guard_side *side = &g->sides[d];
	uint64_t link = rate_of(g->last.link[d], s->link[d], span_ns);
	struct second t = {0};

	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (s->apps[i].is_guarded && g->last.apps[i].is_guarded && side->level)
			add_app(side, d, i,
				rate_of(g->last.apps[i].bytes[d], s->apps[i].bytes[d],
					span_ns),
				s->apps[i].rate[d], &t);
	side->others = link > t.guarded ? link - t.guarded : 0;
	/* What a newcomer took before it was counted looks like others'. */
	if (t.count && t.count == count_guarded(s))
		move_level(side, &t);
}

/* Who came or went changes everybody's share. */
static void update_count(struct guard_side *side, unsigned int count)
{
	if (!count || !side->line.capacity)
		side->level = 0;
	else if (!side->level)
		begin(side, count);
	else if (count > side->count)
		set_level(side, greater(side->level / count * side->count,
					floor_of(side, count)));
	side->count = count;
}

/* Another uplink counts from elsewhere, and a pause says nothing of a second. */
static bool is_next(const struct guard *g, const struct guard_sample *s)
{
	if (!g->has_last || s->time_ns - g->last.time_ns > SAMPLE_MOST_NS)
		return false;
	for (int d = 0; d < DIRECTION_COUNT; d++)
		if (s->link[d] < g->last.link[d])
			return false;
	return true;
}

void guard_update(struct guard *g, const struct guard_sample *s)
{
	uint64_t span = s->time_ns - g->last.time_ns;
	bool is_early = g->has_last && span < SAMPLE_LEAST_NS;
	unsigned int count = count_guarded(s);

	for (int d = 0; d < DIRECTION_COUNT; d++) {
		if (!is_early && is_next(g, s))
			update_side(g, (enum direction)d, s, span);
		update_count(&g->sides[d], count);
	}
	if (is_early)
		return;
	g->last = *s;
	g->has_last = true;
}
