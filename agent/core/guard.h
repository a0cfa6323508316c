/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link guard: promoted applications together get what others leave of the link, and
 * leave `reserve` of it free on top, so that others find room when they want more.
 * Pure.
 *
 * What others use is what the uplink carried less what the guarded traffic did. The
 * rest, less the reserve, is shared max-min fair (Bertsekas and Gallager, Data
 * Networks, 6.5.2): all guarded applications have one level, the highest at which the
 * sum of what they take fits; one that asks for less than the level gets what it asks
 * for.
 *
 * The level falls at once and rises slowly. While the link is not full, what others use
 * is what they want, and the level falls by as much as they have grown. Once they have
 * eaten half of the reserve the link counts as full: what they want can't be seen then,
 * so the level falls to a quarter each second until it can. Between the two directions
 * is a dead band, as wide as a quarter of the reserve: a limit is changed in the kernel
 * only when it matters, for each change lets a second's worth pass.
 */
#ifndef CORE_GUARD_H
#define CORE_GUARD_H

#include "core/plan.h"

/* Seconds in a row in which there is more room before the level rises, by half of it.
 */
#define GUARD_CALM 3
/* No application has less than its part of this part of the capacity, and no less than
 * a connection needs to live. */
#define GUARD_FLOOR_PART 100
#define GUARD_FLOOR_LEAST 2000
/* Who takes this much of its limit, in percent, may want more. */
#define GUARD_HUNGRY_PERCENT 80

/* Bytes per second. */
struct guard_line {
	uint64_t capacity; /* 0: not known, nothing is guarded */
	uint64_t reserve;
};

/* Bytes so far; what goes back has begun anew. */
struct guard_sample {
	uint64_t time_ns;
	uint64_t link[DIRECTION_COUNT]; /* through the uplink */
	struct {
		bool is_guarded;
		uint64_t bytes[DIRECTION_COUNT]; /* before its limit */
		uint64_t rate[DIRECTION_COUNT];	 /* its own limit as well; 0: none */
	} apps[APP_NUMBER_COUNT];
};

struct guard_side {
	struct guard_line line;
	uint64_t level;	    /* for each application; 0: there is none */
	uint64_t others;    /* what they use, bytes per second */
	unsigned int count; /* of applications guarded */
	unsigned int calm;
	uint64_t tokens[APP_NUMBER_COUNT]; /* of our model of each limit's bucket */
};

struct guard {
	struct guard_sample last;
	bool has_last;
	struct guard_side sides[DIRECTION_COUNT];
};

void guard_init(struct guard *g);
/* Others than before: begins anew there. */
void guard_set_line(struct guard *g, enum direction d, struct guard_line line);
/* A sample a second, about; one that comes sooner than half of one after the last only
 * says who is guarded. */
void guard_update(struct guard *g, const struct guard_sample *s);
/* What a guarded application may take, bytes per second; 0: as much as it wants. */
uint64_t guard_allowance(const struct guard *g, enum direction d);

/* The level at which `demands` (0: any) of `count` add up to `budget`; where all of
 * them fit, the greatest and what is left over. In the open for its test; `demands`
 * changes its order. */
uint64_t guard_water_level(uint64_t *demands, size_t count, uint64_t budget);

#endif
