/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was refused of one application, and whether those that are refused keep calling:
 * that holds its role while it is cut, for evidence of what is cut fades. Pure.
 */
#ifndef CORE_REFUSED_H
#define CORE_REFUSED_H

#include "core/plan.h"

/*
 * It is called while the packets refused lately, halved every REFUSED_HALF_NS, are
 * REFUSED_CALLED or more: a peer that tries twice a minute is enough, a port scan that
 * passes by is not for long. They count to REFUSED_RECENT_MAX at most, so that a flood
 * is forgotten in three half-lives too.
 */
#define REFUSED_HALF_NS 30000000000u
#define REFUSED_CALLED 1.4
#define REFUSED_RECENT_MAX 12.0

struct refused {
	uint64_t packets[DIRECTION_COUNT]; /* since then */
	uint64_t since_ns;		   /* 0: nothing is refused */
	uint64_t counted[DIRECTION_COUNT]; /* as the kernel had it last */
	uint64_t time_ns;
	double recent; /* incoming, at time_ns */
};

/* From now on something is refused: counts from zero, unless it was so already. */
void refused_begin(struct refused *r, uint64_t time_ns);
void refused_end(struct refused *r);
/* Takes the kernel's counters; what went back has begun anew. */
void refused_count(struct refused *r, const uint64_t packets[static DIRECTION_COUNT],
		   uint64_t time_ns);
bool refused_is_called(const struct refused *r, uint64_t time_ns);

#endif
