/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Circuits of which one end is slow or goes away: what waits for it in buffers is lost,
 * so that much more comes in than is taken out. Sizes that agree so loosely are no
 * evidence in themselves; that the larger ones belong to the larger ones is. Pure.
 */
#include "core/circuits_match.h"
#include <math.h>

#define TIMES 4	      /* as much may come in as is taken out */
#define OVER_PART 20  /* and be taken out by 5 % more... */
#define SLACK_PART 16 /* ...and by a part of what the flow carried */
#define SLACK 2048u
#define DISPLACED 4 /* pairs before and after, of other circuits */
#define PAIRS_MIN 8
#define SPLITS 8
#define VARIES_MIN 0.01 /* variance of the logarithms that says anything */

static uint32_t capped(double x)
{
	return x < UINT32_MAX ? (uint32_t)x : UINT32_MAX;
}

void circuits_flow_size_loosely(struct circuits_flow *f, uint32_t in, uint32_t out)
{
	double slack = (in > out ? in : out) / (double)SLACK_PART + SLACK;
	double over = 1 + 1.0 / OVER_PART;

	f->in = in;
	f->out = out;
	f->in_min = in > TIMES * slack ? in / TIMES : 0;
	f->in_max = capped(in * over + slack);
	f->out_min = out > slack ? capped((out - slack) / over) : 0;
	f->out_max = capped(TIMES * (out + slack));
}

/* In logarithms: what came in, what was taken out, and how long that took. */
static struct circuits_sizes sizes_of(const struct circuits_flow *a,
				      const struct circuits_flow *b)
{
	bool is_upload = a->in > b->in;
	double in = is_upload ? a->in : b->in, out = is_upload ? b->out : a->out;

	return (struct circuits_sizes){
		.in = log(in + 1),
		.out = log(out + 1),
		.lasted = log(a->lasted_ms + b->lasted_ms + 1000.0),
	};
}

/* All that opened at the lag, whether it crosses or not, each flow once: pairs chosen
 * by their sizes would agree in them. */
static size_t gather(struct circuits_work *w, const struct circuits_found *f)
{
	size_t count = 0;

	for (size_t i = 0; i < w->count; i++)
		w->flows[i].crosses_anyway = 0; /* taken */
	for (size_t i = 0; i < w->count && count < CIRCUITS_SIZES_MAX; i++) {
		size_t end = circuits_reach(w, i, (uint64_t)f->end << f->shift), j;

		for (j = i + 1; j < end; j++)
			if (!w->flows[j].crosses_anyway &&
			    circuits_is_at_lag(w, f, i, j))
				break;
		if (j >= end)
			continue;
		w->flows[j].crosses_anyway = 1;
		w->sizes[count++] = sizes_of(&w->flows[i], &w->flows[j]);
	}
	return count;
}

/* What of `in` and `out` no line through how long it took explains. */
static void take_out_duration(struct circuits_sizes *s, size_t count)
{
	double n = (double)count, in = 0, out = 0, t = 0, tt = 0, t_in = 0, t_out = 0;

	for (size_t i = 0; i < count; i++) {
		in += s[i].in / n;
		out += s[i].out / n;
		t += s[i].lasted / n;
	}
	for (size_t i = 0; i < count; i++) {
		tt += (s[i].lasted - t) * (s[i].lasted - t);
		t_in += (s[i].lasted - t) * (s[i].in - in);
		t_out += (s[i].lasted - t) * (s[i].out - out);
	}
	for (size_t i = 0; i < count; i++) {
		double d = tt > VARIES_MIN ? (s[i].lasted - t) / tt : 0;

		s[i].in -= in + d * t_in;
		s[i].out -= out + d * t_out;
	}
}

static bool varies(const struct circuits_sizes *s, size_t count)
{
	double in = 0, out = 0;

	for (size_t i = 0; i < count; i++) {
		in += s[i].in * s[i].in;
		out += s[i].out * s[i].out;
	}
	return fmin(in, out) > VARIES_MIN * (double)count;
}

/* Of what comes in with what is taken out, by this pair or another; means are 0. */
static double correlation(const struct circuits_sizes *s, size_t count, size_t in_from,
			  size_t out_from)
{
	size_t more = in_from > out_from ? in_from : out_from;
	double in_in = 0, out_out = 0, in_out = 0;

	for (size_t i = 0; i + more < count; i++) {
		double in = s[i + in_from].in, out = s[i + out_from].out;

		in_in += in * in;
		out_out += out * out;
		in_out += in * out;
	}
	if (in_in <= 0 || out_out <= 0)
		return 0;
	return fmax(-0.999, fmin(in_out / sqrt(in_in * out_out), 0.999));
}

/* What the order of pairs explains: sizes that drift agree with their neighbours. */
static double displaced(const struct circuits_sizes *s, size_t count)
{
	double sum = 0;

	for (size_t lag = 1; lag <= DISPLACED; lag++)
		sum += correlation(s, count, lag, 0) + correlation(s, count, 0, lag);
	return fmax(0, sum / (2 * DISPLACED));
}

/* Of what is above the limit or not; returns that of what comes in. */
static double mean_in(const struct circuits_sizes *s, size_t count, double limit,
		      bool is_above, struct circuits_sizes *ret_mean)
{
	struct circuits_sizes sum = {0};
	double n = 0;

	for (size_t i = 0; i < count; i++) {
		if ((s[i].in > limit) != is_above)
			continue;
		sum.in += s[i].in;
		sum.out += s[i].out;
		n++;
	}
	ret_mean->in = n > 0 ? sum.in / n : limit;
	ret_mean->out = n > 0 ? sum.out / n : 0;
	return ret_mean->in;
}

/*
 * Requests of two kinds, large and small, agree in their sizes without having anything
 * in common: what is left are the differences within either, split where these are
 * least.
 */
static void take_out_kinds(struct circuits_sizes *s, size_t count)
{
	struct circuits_sizes mean[2];
	double limit = 0;

	for (unsigned int i = 0; i < SPLITS; i++)
		limit = (mean_in(s, count, limit, false, &mean[0]) +
			 mean_in(s, count, limit, true, &mean[1])) /
			2;
	mean_in(s, count, limit, false, &mean[0]);
	mean_in(s, count, limit, true, &mean[1]);
	for (size_t i = 0; i < count; i++) {
		const struct circuits_sizes *m = &mean[s[i].in > limit];

		s[i].in -= m->in;
		s[i].out -= m->out;
	}
}

/* Fisher's transform; one degree of freedom is the duration's. */
static double z_of(const struct circuits_sizes *s, size_t count,
		   double *ret_correlation)
{
	double here = correlation(s, count, 0, 0), there = displaced(s, count);

	*ret_correlation = (here - there) / (1 - there);
	return (atanh(here) - atanh(there)) * sqrt((double)count - 4);
}

struct circuits_agreement circuits_agree(struct circuits_work *w,
					 const struct circuits_found *f)
{
	struct circuits_agreement a = {.pairs = gather(w, f)};

	if (a.pairs < PAIRS_MIN)
		return a;
	take_out_duration(w->sizes, a.pairs);
	if (!varies(w->sizes, a.pairs))
		return a;
	a.z = z_of(w->sizes, a.pairs, &a.correlation);
	take_out_kinds(w->sizes, a.pairs);
	if (!varies(w->sizes, a.pairs))
		return a;
	a.z_within = z_of(w->sizes, a.pairs, &a.within);
	return a;
}
