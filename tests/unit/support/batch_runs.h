/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of made-up traffic, ten minutes each, and what core/batches finds in them.
 */
#ifndef SUPPORT_BATCH_RUNS_H
#define SUPPORT_BATCH_RUNS_H

#include "bursty.h"
#include "core/batches.h"

#define RUNS_NOW 1600
#define RUNS_BEGIN (RUNS_NOW - BURSTY_SECONDS)

struct runs {
	struct batches_work *work;
	struct bursty *traffic;
	struct batches_input inputs[BATCHES_FLOWS_MAX + 1];
	size_t count;
	struct batches_result result;
	/* For traffic that is laid out by hand: bytes of each second. */
	float in[4][BURSTY_SECONDS], out[4][BURSTY_SECONDS];
	struct rings rings[BATCHES_FLOWS_MAX + 1];
};

struct crowd {
	const char *name;
	enum hub_kind hub;
	size_t streams;
	bool together, has_call;
};

/* One stream of somebody else, and nothing besides. */
extern const struct crowd runs_one;

/* For cmocka. */
int runs_setup(void **state);
int runs_teardown(void **state);

/* Evaluates the made-up traffic, heaviest flows first, as it is `at` seconds. */
double runs_evaluate_at(struct runs *f, uint32_t at);
double runs_evaluate(struct runs *f);

void runs_make_relay(struct runs *f, uint64_t seed, enum stream_kind kind,
		     const struct crowd *c, struct batching b);
/* In how many runs of such a relay at least a quarter is matched. */
unsigned int runs_found(struct runs *f, unsigned int runs, enum stream_kind kind,
			const struct crowd *c, struct batching b);

#endif
