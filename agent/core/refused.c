/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/refused.h"
#include <math.h>

void refused_begin(struct refused *r, uint64_t time_ns)
{
	if (!r->since_ns)
		*r = (struct refused){.since_ns = time_ns, .time_ns = time_ns};
}

void refused_end(struct refused *r)
{
	*r = (struct refused){0};
}

static double recent_at(const struct refused *r, uint64_t time_ns)
{
	if (time_ns <= r->time_ns)
		return r->recent;
	return r->recent * exp2(-(double)(time_ns - r->time_ns) / REFUSED_HALF_NS);
}

void refused_count(struct refused *r, const uint64_t packets[static DIRECTION_COUNT],
		   uint64_t time_ns)
{
	uint64_t more[DIRECTION_COUNT];

	if (!r->since_ns)
		return;
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		more[d] = packets[d] - (packets[d] < r->counted[d] ? 0 : r->counted[d]);
		r->counted[d] = packets[d];
		r->packets[d] += more[d];
	}
	r->recent = fmin(recent_at(r, time_ns) + (double)more[DIRECTION_IN],
			 REFUSED_RECENT_MAX);
	r->time_ns = time_ns;
}

bool refused_is_called(const struct refused *r, uint64_t time_ns)
{
	return r->since_ns && recent_at(r, time_ns) >= REFUSED_CALLED;
}
