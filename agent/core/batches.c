/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/batches.h"
#include "core/bursts.h"
#include "core/series.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS RINGS_SECONDS
#define OWN_SHARE 0.2	  /* sends this part of what it gets, steadily: a dialogue */
#define SIGNIFICANCE 1e-4 /* of all tests of one evaluation together */
#define LAGS 16		  /* that differ enough to count as tests of their own */
#define PAIR_MIN 0.8	  /* correlation */
#define SUM_MIN 0.9	  /* likewise: two timers merge and part by size */
#define LEFT_OUT 4	  /* heaviest flows, one of which a sum may do without */
#define CUTS 2		  /* ways to tell where a burst ends */

static const size_t silences[CUTS] = {1, 4};

struct batches_work {
	struct source sources[BATCHES_FLOWS_MAX], rest_source;
	struct bursts bursts[CUTS][BATCHES_FLOWS_MAX], rest_bursts;
	float in[SECONDS], out[SECONDS];
	float sum_in[SECONDS], sum_out[SECONDS]; /* of flows that may be legs */
	float rest[SECONDS], less[SECONDS];
	bool is_own[BATCHES_FLOWS_MAX];
	bool is_matched_in[BATCHES_FLOWS_MAX], is_matched_out[BATCHES_FLOWS_MAX];
	struct bursts_fit fit;
	double z; /* of the significance of one test */
};

struct batches_work *batches_work_new(void)
{
	return calloc(1, sizeof(struct batches_work));
}

void batches_work_free(struct batches_work *w)
{
	free(w);
}

static bool has_bursts(const struct batches_work *w, size_t flow)
{
	return w->bursts[0][flow].count || w->bursts[1][flow].count;
}

static void load(struct batches_work *w, const struct batches_input *inputs,
		 size_t count, uint32_t now)
{
	memset(w->sum_in, 0, sizeof(w->sum_in));
	memset(w->sum_out, 0, sizeof(w->sum_out));
	memset(w->is_matched_in, 0, sizeof(w->is_matched_in));
	memset(w->is_matched_out, 0, sizeof(w->is_matched_out));
	for (size_t i = 0; i < count; i++) {
		rings_copy(inputs[i].rings, now, SECONDS, w->in, w->out);
		source_make(&w->sources[i], w->in);
		for (size_t c = 0; c < CUTS; c++)
			bursts_make(&w->bursts[c][i], w->out, silences[c]);
		w->is_own[i] = !has_bursts(w, i) &&
			       w->bursts[0][i].total >=
				       OWN_SHARE * w->sources[i].sums[SECONDS];
		for (size_t t = 0; t < SECONDS; t++) {
			w->sum_in[t] += w->is_own[i] ? 0 : w->in[t];
			w->sum_out[t] += has_bursts(w, i) ? w->out[t] : 0;
		}
	}
}

static bool compare(struct batches_work *w, const struct source *s,
		    const struct bursts *b, double least, struct batches_result *r)
{
	if (!bursts_may_match(b, s))
		return false;
	r->is_conclusive = true;
	if (r->bursts < b->count)
		r->bursts = b->count;
	return bursts_match(b, s, w->z, least, &w->fit);
}

static void note(const struct batches_work *w, struct batches_result *r, size_t from,
		 size_t to)
{
	if (r->count == BATCHES_MATCHES_MAX)
		return;
	r->matches[r->count++] = (struct batches_match){
		.from = (uint16_t)from,
		.to = (uint16_t)to,
		.lag = (uint16_t)(w->fit.lag / 2),
		.bursts = (uint16_t)w->fit.count,
		.correlation = (float)w->fit.correlation,
	};
}

static bool pair_matches(struct batches_work *w, size_t from, size_t to,
			 struct batches_result *r)
{
	for (size_t c = 0; c < CUTS; c++)
		if (compare(w, &w->sources[from], &w->bursts[c][to], PAIR_MIN, r))
			return true;
	return false;
}

static void find_pairs(struct batches_work *w, const struct batches_input *inputs,
		       size_t count, struct batches_result *r)
{
	for (size_t j = 0; j < count; j++)
		for (size_t i = 0; i < count; i++) {
			if (addr_equal(&inputs[i].remote, &inputs[j].remote) ||
			    !pair_matches(w, i, j, r))
				continue;
			w->is_matched_in[i] = w->is_matched_out[j] = true;
			note(w, r, i, j);
		}
}

/* --- one flow against the other peers ----------------------------------------------
 */

static void subtract(struct batches_work *w, float *sum,
		     const struct batches_input *inputs, size_t one, bool is_in,
		     uint32_t now)
{
	rings_copy(inputs[one].rings, now, SECONDS, is_in ? w->less : NULL,
		   is_in ? NULL : w->less);
	/* What is left of a difference of large numbers is no traffic. */
	for (size_t t = 0; t < SECONDS; t++)
		sum[t] = sum[t] - w->less[t] > 1e-5f * sum[t] ? sum[t] - w->less[t] : 0;
}

/* Whether a direction of the flow is part of the sums. */
static bool is_summed(const struct batches_work *w, size_t i, bool is_in)
{
	return is_in ? !w->is_own[i] : has_bursts(w, i);
}

/* One direction of all flows that may be legs, but for those to the peer of `one`. */
static void make_rest(struct batches_work *w, const struct batches_input *inputs,
		      size_t count, size_t one, bool is_in, uint32_t now)
{
	memcpy(w->rest, is_in ? w->sum_in : w->sum_out, sizeof(w->rest));
	for (size_t i = 0; i < count; i++)
		if (is_summed(w, i, is_in) &&
		    addr_equal(&inputs[i].remote, &inputs[one].remote))
			subtract(w, w->rest, inputs, i, is_in, now);
}

static bool rest_matches(struct batches_work *w, const float *rest, size_t one,
			 bool is_in, struct batches_result *r)
{
	if (is_in)
		source_make(&w->rest_source, rest);
	for (size_t c = 0; c < CUTS; c++) {
		if (!is_in)
			bursts_make(&w->rest_bursts, rest, silences[c]);
		if (is_in ? compare(w, &w->rest_source, &w->bursts[c][one], SUM_MIN, r)
			  : compare(w, &w->sources[one], &w->rest_bursts, SUM_MIN, r))
			return true;
	}
	return false;
}

/* The flow left out, `count` for none, or -1 where nothing matched. The owner's own
 * call may be among the others. */
static int match_rest(struct batches_work *w, const struct batches_input *inputs,
		      size_t count, size_t one, bool is_in, uint32_t now,
		      struct batches_result *r)
{
	size_t left_out = 0;

	make_rest(w, inputs, count, one, is_in, now);
	if (rest_matches(w, w->rest, one, is_in, r))
		return (int)count;
	for (size_t i = 0; i < count && left_out < LEFT_OUT; i++) {
		if (!is_summed(w, i, is_in) ||
		    addr_equal(&inputs[i].remote, &inputs[one].remote))
			continue;
		left_out++;
		memcpy(w->out, w->rest, sizeof(w->out));
		subtract(w, w->out, inputs, i, is_in, now);
		if (rest_matches(w, w->out, one, is_in, r))
			return (int)i;
	}
	return -1;
}

static void mark_rest(struct batches_work *w, const struct batches_input *inputs,
		      size_t count, size_t one, size_t left_out)
{
	for (size_t i = 0; i < count; i++)
		if (i != left_out && !w->is_own[i] &&
		    !addr_equal(&inputs[i].remote, &inputs[one].remote))
			w->is_matched_in[i] = true;
}

/* A hub that carries everything over one connection on one of its sides. */
static void find_sums(struct batches_work *w, const struct batches_input *inputs,
		      size_t count, uint32_t now, struct batches_result *r)
{
	for (size_t i = 0; i < count; i++) {
		int left_out = -1;

		if (!w->is_matched_out[i] && has_bursts(w, i))
			left_out = match_rest(w, inputs, count, i, true, now, r);
		if (left_out >= 0) {
			note(w, r, BATCHES_OTHERS, i);
			mark_rest(w, inputs, count, i, (size_t)left_out);
		}
		if (w->is_matched_in[i] || w->is_own[i] ||
		    match_rest(w, inputs, count, i, false, now, r) < 0)
			continue;
		note(w, r, i, BATCHES_OTHERS);
		w->is_matched_in[i] = true;
	}
}

void batches_evaluate(struct batches_work *w, const struct batches_input *inputs,
		      size_t count, uint32_t now_second,
		      struct batches_result *ret_result)
{
	double received = 0, matched = 0, tests;

	if (count > BATCHES_FLOWS_MAX)
		count = BATCHES_FLOWS_MAX;
	*ret_result = (struct batches_result){0};
	tests = (double)(count * (count + 2 + 2 * LEFT_OUT)) * CUTS * LAGS + 1;
	w->z = normal_tail_z(SIGNIFICANCE / tests);
	load(w, inputs, count, now_second);
	find_pairs(w, inputs, count, ret_result);
	find_sums(w, inputs, count, now_second, ret_result);
	for (size_t i = 0; i < count; i++) {
		double bytes = w->sources[i].sums[SECONDS];

		received += bytes;
		matched += w->is_matched_in[i] ? bytes : 0;
	}
	ret_result->received = received / SECONDS;
	ret_result->matched_share = received > 0 ? matched / received : 0;
}
