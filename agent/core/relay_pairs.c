/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/relay_pairs.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAGS 6 /* 0 to 1 s: a relay sends on at once, even through deep buffers */
#define SIGNIFICANCE 1e-3
#define CORRELATION_MIN 0.5f
#define SHIFT_MARGIN 0.1f
#define GAIN_MIN 0.6
#define GAIN_MAX 1.6
#define PADDED_GAIN_MIN 0.45 /* one side may pad by 100 %, and add headers */
#define PADDED_GAIN_MAX 2.2
#define PADDED_CORRELATION_MIN 0.8f /* less alike in bytes, more so in shape */
#define COUPLED_GAIN_MIN 0.45
#define ACTIVE_MIN 8
#define VARIATION_MIN 0.1   /* of the mean */
#define VARIATION_PACKETS 2 /* and in packets a sample */
#define PACKET_MAX 1500.0f  /* larger ones are offloads: many at once */
#define OTHERS_MIN 3	    /* flows to compare with before one can stand out */
#define ALIKE_PART 8	    /* at most one in eight of them may do as well */
#define SILENCE_SHARE 0.1   /* of the mean: less is a pause of all */
#define ACTIVE_RATE 200.0f  /* bytes per second that make a sample active */

/* One side of a comparison: its prewhitened ranks and what it carried. */
struct side {
	float ranks[SERIES_LENGTH];
	double sum, step;
	bool is_usable; /* enough active samples, and they differ */
};

struct pairs_work {
	float in[PAIRS_FLOWS_MAX][SERIES_LENGTH], out[PAIRS_FLOWS_MAX][SERIES_LENGTH];
	float total_in[SERIES_LENGTH], total_out[SERIES_LENGTH];
	struct side in_side[PAIRS_FLOWS_MAX], out_side[PAIRS_FLOWS_MAX], others;
	struct side trimmed_from, trimmed_to;
	uint16_t order[SERIES_LENGTH];
};

struct peak {
	float correlation;
	uint16_t lag;
};

struct pairs_work *pairs_work_new(void)
{
	return calloc(1, sizeof(struct pairs_work));
}

void pairs_work_free(struct pairs_work *w)
{
	free(w);
}

/* Whether a series tells more than how whole packets fall into samples. */
static bool varies(const float *samples, size_t length, double sum, double step)
{
	double mean = sum / (double)length, square = 0, deviation;

	for (size_t i = 0; i < length; i++)
		square += ((double)samples[i] - mean) * ((double)samples[i] - mean);
	deviation = sqrt(square / (double)length);
	return deviation >= VARIATION_MIN * mean &&
	       deviation >= VARIATION_PACKETS * step;
}

/* `step` is what one packet adds to a sample. */
static void side_make(struct pairs_work *w, struct side *s, const float *samples,
		      size_t length, double step)
{
	size_t active = 0;

	s->sum = 0;
	s->step = step;
	s->is_usable = false;
	for (size_t i = 0; i < length; i++) {
		s->ranks[i] = samples[i];
		s->sum += (double)samples[i];
		active += samples[i] >= ACTIVE_RATE;
	}
	if (active < ACTIVE_MIN || !varies(samples, length, s->sum, step))
		return;
	series_prewhiten(s->ranks, length);
	s->is_usable = series_rank(s->ranks, length, w->order) >= ACTIVE_MIN;
}

static struct peak peak_of(const struct side *from, const struct side *to,
			   size_t length)
{
	struct peak p = {.correlation = -1};

	for (uint16_t lag = 0; lag < LAGS; lag++) {
		float c = series_correlation(from->ranks, to->ranks, length, lag);

		if (c > p.correlation)
			p = (struct peak){c, lag};
	}
	return p;
}

/*
 * Whether the peak stands above every shift that no relay could cause. Two flows with
 * one period (two cameras, two timers) correlate just as well a period later.
 */
static bool peak_is_alone(const struct side *from, const struct side *to, size_t length,
			  struct peak p)
{
	for (size_t shift = LAGS + 2; shift + 2 < length; shift++)
		if (series_correlation(from->ranks, to->ranks, length, shift) >
		    p.correlation - SHIFT_MARGIN)
			return false;
	return true;
}

/* The least correlation of `length` samples that chance does not explain in `tests`. */
static float correlation_needed(size_t length, size_t tests)
{
	double z = normal_tail_z(SIGNIFICANCE / (double)tests);
	double needed = tanh(z / sqrt((double)length - 3));

	return fmaxf(CORRELATION_MIN, (float)needed);
}

static bool sides_match(const struct side *from, const struct side *to, size_t length,
			float needed, struct peak *ret_peak)
{
	if (!from->is_usable || !to->is_usable)
		return false;
	*ret_peak = peak_of(from, to, length);
	return ret_peak->correlation > needed &&
	       peak_is_alone(from, to, length, *ret_peak);
}

/* Narrows first..end to the samples between which the series is active. */
static void narrow(const float *samples, size_t *first, size_t *end)
{
	while (*first < *end && samples[*first] < ACTIVE_RATE)
		++*first;
	while (*end > *first && samples[*end - 1] < ACTIVE_RATE)
		--*end;
}

/*
 * That two flows begin or end together is no evidence: everything does when a swarm is
 * joined or a cable pulled. What they do while both are alive must match by itself.
 */
static bool match_while_alive(struct pairs_work *w, const float *from, double from_step,
			      const float *to, double to_step, size_t length,
			      size_t tests, struct peak *ret_peak)
{
	size_t first = 0, end = length;

	narrow(from, &first, &end);
	narrow(to, &first, &end);
	if (end < first + PAIRS_SAMPLES_MIN)
		return false;
	side_make(w, &w->trimmed_from, from + first, end - first, from_step);
	side_make(w, &w->trimmed_to, to + first, end - first, to_step);
	return sides_match(&w->trimmed_from, &w->trimmed_to, end - first,
			   correlation_needed(end - first, tests), ret_peak);
}

static void add_totals(struct pairs_work *w, size_t count, size_t length)
{
	memset(w->total_in, 0, sizeof(w->total_in));
	memset(w->total_out, 0, sizeof(w->total_out));
	for (size_t i = 0; i < count; i++)
		for (size_t t = 0; t < length; t++) {
			w->total_in[t] += w->in[i][t];
			w->total_out[t] += w->out[i][t];
		}
}

/*
 * Takes out the samples in which the application as a whole was nearly silent: that all
 * flows pause together (a swarm paused, a cable pulled, a laptop lid) makes any two of
 * them alike. Returns how many samples are left.
 */
static size_t drop_silence(struct pairs_work *w, size_t count, size_t length)
{
	double mean = 0;
	size_t kept = 0;

	for (size_t t = 0; t < length; t++)
		mean += (double)(w->total_in[t] + w->total_out[t]) / (double)length;
	for (size_t t = 0; t < length; t++) {
		if ((double)(w->total_in[t] + w->total_out[t]) < SILENCE_SHARE * mean)
			continue;
		for (size_t i = 0; i < count; i++) {
			w->in[i][kept] = w->in[i][t];
			w->out[i][kept] = w->out[i][t];
		}
		kept++;
	}
	return kept;
}

static size_t load(struct pairs_work *w, const struct pairs_input *inputs, size_t count,
		   uint32_t end, size_t length, double seconds)
{
	for (size_t i = 0; i < count; i++)
		series_copy(inputs[i].series, end, length, w->in[i], w->out[i]);
	add_totals(w, count, length);
	length = drop_silence(w, count, length);
	for (size_t i = 0; i < count; i++) {
		side_make(w, &w->in_side[i], w->in[i], length,
			  (double)fminf(inputs[i].packet_in, PACKET_MAX) / seconds);
		side_make(w, &w->out_side[i], w->out[i], length,
			  (double)fminf(inputs[i].packet_out, PACKET_MAX) / seconds);
	}
	return length;
}

/*
 * Whether `to` follows `from` as hardly any other flow does. Short connections, as
 * those of a proxy, show it by when they open and close; in a swarm everything opens at
 * once.
 */
static bool stands_out(const struct pairs_work *w, const struct pairs_input *inputs,
		       size_t count, size_t length, size_t from, size_t to, float peak)
{
	size_t others = 0, alike = 0;

	for (size_t k = 0; k < count; k++) {
		const struct side *other = &w->out_side[k];

		if (k == to || !other->is_usable ||
		    addr_equal(&inputs[from].remote, &inputs[k].remote))
			continue;
		others++;
		alike += peak_of(&w->in_side[from], other, length).correlation >
			 peak - SHIFT_MARGIN;
	}
	return others >= OTHERS_MIN && alike * ALIKE_PART <= others;
}

/* The correlation that the bytes of two flows call for, `needed` at least; more than
 * 1 where one cannot have sent on what the other brought. */
static float correlation_for(const struct side *from, const struct side *to,
			     float needed)
{
	if (to->sum < PADDED_GAIN_MIN * from->sum ||
	    to->sum > PADDED_GAIN_MAX * from->sum)
		return 2;
	if (to->sum < GAIN_MIN * from->sum || to->sum > GAIN_MAX * from->sum)
		return fmaxf(needed, PADDED_CORRELATION_MIN);
	return needed;
}

static void find_pairs(struct pairs_work *w, const struct pairs_input *inputs,
		       size_t count, size_t length, struct pairs_result *r)
{
	size_t tests = count * count * LAGS + 1;
	float needed = correlation_needed(length, tests);
	double received = 0, matched = 0;

	for (size_t i = 0; i < count; i++) {
		const struct side *from = &w->in_side[i];
		bool has_match = false;

		received += from->sum;
		for (size_t j = 0; j < count; j++) {
			const struct side *to = &w->out_side[j];
			float least = correlation_for(from, to, needed);
			struct peak p, alive;

			if (least > 1 ||
			    addr_equal(&inputs[i].remote, &inputs[j].remote) ||
			    !sides_match(from, to, length, least, &p))
				continue;
			if (match_while_alive(w, w->in[i], from->step, w->out[j],
					      to->step, length, tests, &alive))
				p = alive;
			else if (!stands_out(w, inputs, count, length, i, j,
					     p.correlation))
				continue;
			has_match = true;
			/* The share counts on where the list is full. */
			if (r->count == PAIRS_MATCHES_MAX)
				break;
			r->matches[r->count++] = (struct pairs_match){
				(uint16_t)i, (uint16_t)j, p.lag, p.correlation};
		}
		if (has_match)
			matched += from->sum;
	}
	r->received = received / (double)length;
	r->matched_share = received > 0 ? matched / received : 0;
}

/* One direction of all flows to other peers than that of flow `one`. */
static void add_others(const struct pairs_input *inputs, size_t count, size_t one,
		       size_t length, float samples[][SERIES_LENGTH], float *ret_sum)
{
	memset(ret_sum, 0, length * sizeof(*ret_sum));
	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&inputs[i].remote, &inputs[one].remote))
			continue;
		for (size_t t = 0; t < length; t++)
			ret_sum[t] += samples[i][t];
	}
}

/* One flow against the other peers of its application, in one of the two directions. */
static bool is_coupled(struct pairs_work *w, const struct pairs_input *inputs,
		       size_t count, size_t one, bool is_source, size_t length,
		       size_t tests)
{
	const float *flow = is_source ? w->in[one] : w->out[one];
	const struct side *side = is_source ? &w->in_side[one] : &w->out_side[one];
	const struct side *from = is_source ? side : &w->others;
	const struct side *to = is_source ? &w->others : side;
	float rest[SERIES_LENGTH];
	struct peak p;

	add_others(inputs, count, one, length, is_source ? w->out : w->in, rest);
	side_make(w, &w->others, rest, length, side->step);
	/* What came in must have had somewhere else to go. */
	return to->sum >= COUPLED_GAIN_MIN * from->sum &&
	       from->sum >= COUPLED_GAIN_MIN / PAIRS_COUPLED_FLOWS * to->sum &&
	       sides_match(from, to, length, correlation_needed(length, tests), &p) &&
	       match_while_alive(w, is_source ? flow : rest, side->step,
				 is_source ? rest : flow, side->step, length, tests,
				 &p);
}

static bool find_coupling(struct pairs_work *w, const struct pairs_input *inputs,
			  size_t count, size_t length)
{
	size_t tried = count < PAIRS_COUPLED_FLOWS ? count : PAIRS_COUPLED_FLOWS;
	size_t tests = tried * 2 * LAGS + 1;

	for (size_t i = 0; i < tried; i++)
		if (is_coupled(w, inputs, count, i, true, length, tests) ||
		    is_coupled(w, inputs, count, i, false, length, tests))
			return true;
	return false;
}

void pairs_evaluate(struct pairs_work *w, const struct pairs_input *inputs,
		    size_t count, uint32_t end, size_t length, double seconds,
		    struct pairs_result *ret_result)
{
	if (count > PAIRS_FLOWS_MAX)
		count = PAIRS_FLOWS_MAX;
	*ret_result = (struct pairs_result){0};
	length = load(w, inputs, count, end, length, seconds);
	if (length < PAIRS_SAMPLES_MIN)
		return;
	find_pairs(w, inputs, count, length, ret_result);
	ret_result->is_coupled = find_coupling(w, inputs, count, length);
}
