/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statistics of circuits.h: flows in the order of a time each has, pairs of which
 * cross, and whether more do at some lag than chance explains. Pure.
 */
#ifndef CORE_CIRCUITS_MATCH_H
#define CORE_CIRCUITS_MATCH_H

#include "core/circuits.h"

#define CIRCUITS_BINS 1024	/* lags kept on either side */
#define CIRCUITS_NEIGHBOURS 192 /* later flows that a flow is compared with */
#define CIRCUITS_SIZES_MAX 256	/* pairs whose sizes are compared */

struct circuits_flow {
	uint64_t time;	   /* ns; of opening, or when bytes last moved */
	uint64_t recorded; /* ns of recording before it, without the gaps */
	const struct addr *remote;
	uint64_t hash;		   /* of it, to be quick where it differs */
	uint32_t in, out;	   /* bytes */
	uint32_t in_min, in_max;   /* of what crosses with it, its out... */
	uint32_t out_min, out_max; /* ...and its in */
	uint32_t crosses_anyway;   /* scratch */
	uint32_t lasted_ms;	   /* until bytes last moved */
	uint16_t slot, run;
	bool is_inbound;
};

/* Counts by lag, lag 0 in the middle; added up, entry i is the sum before bin i. */
struct circuits_lags {
	uint32_t opened[2 * CIRCUITS_BINS + 1];	 /* pairs */
	uint32_t crossed[2 * CIRCUITS_BINS + 1]; /* of these */
	uint32_t exposed[2 * CIRCUITS_BINS + 1]; /* flows that could have had one */
};

/* Of a pair (circuits_loose.c). */
struct circuits_sizes {
	double in, out, lasted;
};

struct circuits_work {
	size_t count;
	struct circuits_flow flows[CIRCUITS_MAX];
	struct circuits_lags answered, together;
	struct circuits_sizes sizes[CIRCUITS_SIZES_MAX];
};

/* Pairs of a kind whose lag lies in a window. */
struct circuits_found {
	enum circuits_kind kind;
	unsigned int shift; /* a bin is 2^shift ns */
	int begin, end;	    /* bins */
	double crossed, expected, spread, z, crossed_share;
};

void circuits_flow_size(struct circuits_flow *f, uint32_t in, uint32_t out);
/* So that flows cross that carried most of the same, and took out no more of it. */
void circuits_flow_size_loosely(struct circuits_flow *f, uint32_t in, uint32_t out);
bool circuits_cross(const struct circuits_flow *a, const struct circuits_flow *b);

/* How far a count of pairs is above the one expected, where the variance is `spread`
 * times that of a Poisson count (Anscombe's transform). */
double circuits_z(double count, double expected, double spread);

/* Sorts the flows by run and time and looks for the window with the most pairs beyond
 * chance; kind CIRCUITS_NONE when there are too few flows. */
struct circuits_found circuits_find_opened(struct circuits_work *w);
struct circuits_found circuits_find_answered(struct circuits_work *w);
struct circuits_found circuits_find_ended(struct circuits_work *w);

/* How far what came in agrees with what was taken out, among all pairs in the window
 * found, in what their durations and neighbouring pairs do not explain. */
struct circuits_agreement {
	size_t pairs;
	double correlation, z;
	double within, z_within; /* the same, within large ones and small ones */
};
struct circuits_agreement circuits_agree(struct circuits_work *w,
					 const struct circuits_found *f);

/* Whether the pair i < j is of the kind and in the window found; it need not cross. */
bool circuits_is_at_lag(const struct circuits_work *w, const struct circuits_found *f,
			size_t i, size_t j);
/* The first flow after i that is too far from it to be compared. */
size_t circuits_reach(const struct circuits_work *w, size_t i, uint64_t lag_max);

#endif
