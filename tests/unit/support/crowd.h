/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many flows of many applications for one engine: what the cost of the engine is
 * measured and counted with. Deterministic: the noise comes from a seed.
 */
#ifndef SUPPORT_CROWD_H
#define SUPPORT_CROWD_H

#include "core/engine.h"

struct crowd {
	struct engine *engine;
	struct policy *policy;
	struct catalogue *catalogue;
	uint64_t now_ns;
	uint32_t seed;
	size_t app_count, flow_count;
	bool is_one_way;	   /* they take in, and only acknowledge */
	struct observation *flows; /* one OBS_FLOW each, with its counters so far */
};

/* Flow i belongs to application 1 + i % app_count, each to a stranger of its own. */
void crowd_begin(struct crowd *c, size_t app_count, size_t flow_count);
void crowd_end(struct crowd *c);

/* `count` flows from `first` carried something, in both directions unless is_one_way.
 */
void crowd_carry(struct crowd *c, size_t first, size_t count);
/* They are reported to the engine, as they are. */
void crowd_report(struct crowd *c, size_t first, size_t count);
/* Each ends, and another begins in its place. */
void crowd_renew(struct crowd *c, size_t first, size_t count);
/* Time passes, and the sample is closed. */
void crowd_tick(struct crowd *c, uint64_t step_ns);

#endif
