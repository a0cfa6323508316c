/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a flow that is silent and then bursts sends each time what another flow
 * brought in between. The part of batches that measures one pair. Pure.
 */
#ifndef CORE_BURSTS_H
#define CORE_BURSTS_H

#include "core/rings.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BURSTS_MIN 7
#define BURSTS_MAX 64 /* the newest */

/* What came in, summed up over the seconds of a ring. */
struct source {
	double sums[RINGS_SECONDS + 1];
	size_t first, end; /* seconds between which it is alive */
};

/* A flow cut where its bursts begin: burst k is what left from start k to start k + 1,
 * and what it should have brought came between the starts k - 1 and k. Burst 0 is not
 * compared: what came for it was not seen. */
struct bursts {
	size_t count; /* that are compared; 0 where the flow is not one of bursts */
	int spacing;  /* mean, half seconds */
	uint16_t starts[BURSTS_MAX + 2];
	double bytes[BURSTS_MAX + 1];
	double gaps[BURSTS_MAX + 1]; /* seconds since the start before */
	float roots[BURSTS_MAX + 1]; /* of the bytes */
	double total;		     /* bytes of all the ring, whatever the count */
};

struct bursts_fit {
	size_t count; /* bursts compared */
	int lag;      /* half seconds, from the end of a burst's first second */
	double correlation;
	double in[BURSTS_MAX], out[BURSTS_MAX], gap[BURSTS_MAX]; /* bytes, seconds */
	double x[BURSTS_MAX], y[BURSTS_MAX]; /* residuals of their logarithms */
	double xx, yy, xy;		     /* sums of products of these */
};

void source_make(struct source *s, const float in[RINGS_SECONDS]);

/* A burst ends with `silence` seconds in which little leaves. */
void bursts_make(struct bursts *b, const float out[RINGS_SECONDS], size_t silence);

/* Whether about as much came as went out, and enough of both varies to be compared. */
bool bursts_may_match(const struct bursts *b, const struct source *s);

/*
 * Whether the bursts are what `s` brought: correlated beyond a normal tail of `z`, more
 * than `least`, and more than common causes explain. `ret_fit` is also scratch.
 */
bool bursts_match(const struct bursts *b, const struct source *s, double z,
		  double least, struct bursts_fit *ret_fit);

#endif
