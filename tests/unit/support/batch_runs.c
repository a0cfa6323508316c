/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch_runs.h"
#include <stdlib.h>

int runs_setup(void **state)
{
	struct runs *f = calloc(1, sizeof(*f));

	f->work = batches_work_new();
	f->traffic = bursty_new();
	*state = f;
	return 0;
}

int runs_teardown(void **state)
{
	struct runs *f = *state;

	batches_work_free(f->work);
	bursty_free(f->traffic);
	free(f);
	return 0;
}

static double carried(const struct rings *r)
{
	float in[RINGS_SECONDS], out[RINGS_SECONDS];
	double sum = 0;

	rings_copy(r, RUNS_NOW, RINGS_SECONDS, in, out);
	for (size_t i = 0; i < RINGS_SECONDS; i++)
		sum += (double)in[i] + (double)out[i];
	return sum;
}

static int compare_weight(const void *a, const void *b)
{
	double left = carried(((const struct batches_input *)a)->rings);
	double right = carried(((const struct batches_input *)b)->rings);

	return (left < right) - (left > right);
}

double runs_evaluate_at(struct runs *f, uint32_t at)
{
	struct bursty *t = f->traffic;

	f->count = t->count;
	for (size_t i = 0; i < t->count; i++)
		f->inputs[i] = (struct batches_input){&t->rings[i], t->remotes[i]};
	qsort(f->inputs, f->count, sizeof(*f->inputs), compare_weight);
	batches_evaluate(f->work, f->inputs, f->count, RUNS_BEGIN + at, &f->result);
	return f->result.matched_share;
}

double runs_evaluate(struct runs *f)
{
	bursty_ring(f->traffic, RUNS_BEGIN);
	return runs_evaluate_at(f, BURSTY_SECONDS);
}

const struct crowd runs_one = {"one", HUB_PAIRS, 1, false, false};

void runs_make_relay(struct runs *f, uint64_t seed, enum stream_kind kind,
		     const struct crowd *c, struct batching b)
{
	b.together = c->together;
	bursty_clear(f->traffic, seed);
	bursty_add_relay(f->traffic, kind, c->hub, c->streams, &b);
	if (c->has_call)
		bursty_add_own_call(f->traffic,
				    kind == STREAM_VIDEO ? STREAM_VIDEO : STREAM_VOICE);
}

unsigned int runs_found(struct runs *f, unsigned int runs, enum stream_kind kind,
			const struct crowd *c, struct batching b)
{
	unsigned int hits = 0;

	for (unsigned int run = 0; run < runs; run++) {
		runs_make_relay(f, run * 10 + kind, kind, c, b);
		hits += runs_evaluate(f) >= 0.25;
	}
	return hits;
}
