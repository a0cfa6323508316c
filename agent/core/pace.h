/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often something costly may be done: what it has cost is waited off, `factor`
 * times as long, but never longer than `wait_max_ns` since it was last begun. So it
 * takes 1 / factor of the time, unless once costs more than wait_max_ns / factor; those
 * times are counted. Pure.
 */
#ifndef CORE_PACE_H
#define CORE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t factor, wait_max_ns, slack_ns;
	uint64_t begun_ns;	/* last; 0: never */
	uint64_t paid_until_ns; /* the budget is used up until then */
	uint64_t over;		/* times it was begun although it was used up */
};

bool pace_may_begin(const struct pace *p, uint64_t now_ns);
void pace_begin(struct pace *p, uint64_t now_ns);
/* It has ended, and cost this much processor time. */
void pace_spend(struct pace *p, uint64_t cost_ns);

#endif
