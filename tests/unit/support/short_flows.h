/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications made of short flows, read as the agent reads them: openings at once,
 * bytes seconds later, ends two minutes later. Deterministic: chance comes from a seed.
 */
#ifndef SUPPORT_SHORT_FLOWS_H
#define SUPPORT_SHORT_FLOWS_H

#include "core/circuits.h"

#define KIB 1024.0

struct generated {
	double open, lasts; /* seconds */
	double known;	    /* when its owner is found */
	double in, out;
	uint32_t remote, handle;
	bool is_inbound, is_unseen, is_last;
};

struct world {
	struct circuits *circuits;
	struct circuits_work *work;
	struct generated *flows;
	size_t count;
	uint64_t random;
	double seconds; /* how long it lasts */
	double sweep;	/* between two readings of a flow */
	/* Of all evaluations. */
	unsigned int evaluations, conclusive;
	double share; /* best of the conclusive ones */
	double found; /* seconds to the first of them, or 0 */
	struct circuits_result last;
};

int world_setup(void **state);
int world_teardown(void **state);
void begin(struct world *w, unsigned int seed);

double uniform(struct world *w);
double exponential(struct world *w);
/* Of this median; a sigma of 1 is what web objects have. */
double lognormal(struct world *w, double median, double sigma);
uint32_t someone(struct world *w, uint32_t of);

enum arrivals { POISSON, BURSTY, OUTAGE };

/* The next arrival after `t`. */
double arrival(struct world *w, double t, double rate, enum arrivals a);
/* Makes the arrivals of an outage: what would have opened opens when it is over. */
void defer(struct world *w);

struct generated *flow(struct world *w, double open, bool is_inbound, uint32_t remote,
		       double in, double out, double lasts);
/* Reads the flows and evaluates them, every 5 s. */
void run(struct world *w);

#endif
