/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bursts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS RINGS_SECONDS
#define LOUD_SHARE 0.25	 /* of the mean: what is more belongs to a burst */
#define LOUD_RATE 200.0	 /* and bytes per second */
#define SILENT_SHARE 0.3 /* of the seconds between the first burst and the last */
#define ALIVE_SHARE 0.05 /* of the mean: a flow has begun, and not ended yet */
#define LAG_MAX 128	 /* half seconds */
#define LAG_SPARE 8	 /* beyond a quarter of a batch */
#define GAIN_MIN 0.45
#define GAIN_MAX 2.2
#define JACKKNIFE_Z 3.7	   /* p = 1e-4 */
#define AT_ONCE_MAX 0.6	   /* of what came in: in the very second of a burst */
#define BURST_LEAST 1000.0 /* mean bytes: a message is no batch */
#define RESIDUE_MAX 0.5	   /* of that of the best wrong order of the bursts */
#define REPEATS_MAX 0.95   /* correlation with what came for another burst */
#define REPEATS_MIN 16	   /* bursts: of fewer, some are alike by chance */
#define LEVEL 0.002	   /* amounts that differ by less are the same */
#define REPEATS_WORTH 8	   /* bursts of an amount seen already that are worth one */
#define VARIATION_MIN 0.02 /* of a logarithm: of an input that does not vary */
#define COUNT_LEAST 6.5	   /* bursts that any number of them is worth */
#define SOFT 0.25	   /* of the mean */
#define SCREEN 0.8	   /* of the correlation needed */

/* --- flows as sources and as bursts ------------------------------------------------
 */

void source_make(struct source *s, const float in[SECONDS])
{
	double alive;

	s->sums[0] = 0;
	for (size_t t = 0; t < SECONDS; t++)
		s->sums[t + 1] = s->sums[t] + (double)in[t];
	alive = ALIVE_SHARE * s->sums[SECONDS] / SECONDS;
	s->first = 0;
	s->end = SECONDS;
	while (s->first < s->end && (double)in[s->first] <= alive)
		s->first++;
	while (s->end > s->first && (double)in[s->end - 1] <= alive)
		s->end--;
}

/* What had come in `half` half seconds after the window began. */
static double source_at(const struct source *s, int half)
{
	size_t at;

	if (half <= 0)
		return 0;
	if (half >= 2 * SECONDS)
		return s->sums[SECONDS];
	at = (size_t)half / 2;
	return half & 1 ? (s->sums[at] + s->sums[at + 1]) / 2 : s->sums[at];
}

/* Where a flow's bursts start, the newest of them, and what is known of all. */
struct cut {
	uint16_t *starts; /* BURSTS_MAX + 2 */
	size_t kept, count;
	size_t first, end, silent; /* seconds */
};

static void cut_at(struct cut *c, size_t second)
{
	if (c->kept == BURSTS_MAX + 2)
		memmove(c->starts, c->starts + 1, --c->kept * sizeof(*c->starts));
	c->starts[c->kept++] = (uint16_t)second;
	if (c->count++)
		c->silent += second - c->end;
	else
		c->first = second;
}

static struct cut cut_bursts(const float *out, double level, size_t silence,
			     uint16_t *starts)
{
	struct cut c = {.starts = starts};

	for (size_t t = 0; t < SECONDS; t++) {
		if ((double)out[t] < level)
			continue;
		if (!c.count || t >= c.end + silence)
			cut_at(&c, t);
		c.end = t + 1;
	}
	return c;
}

static void add_bytes(struct bursts *b, size_t k, const float *out, size_t end)
{
	for (size_t t = b->starts[k]; t < end; t++)
		b->bytes[k] += (double)out[t];
	b->roots[k] = sqrtf((float)b->bytes[k]);
	if (k)
		b->gaps[k] = (double)(b->starts[k] - b->starts[k - 1]);
}

void bursts_make(struct bursts *b, const float out[SECONDS], size_t silence)
{
	double level;
	struct cut c;
	size_t n;

	*b = (struct bursts){0};
	for (size_t t = 0; t < SECONDS; t++)
		b->total += (double)out[t];
	level = fmax(LOUD_RATE, LOUD_SHARE * b->total / SECONDS);
	c = cut_bursts(out, level, silence, b->starts);
	/* The last one may still go on. */
	n = c.kept && c.end + silence > SECONDS ? c.kept - 1 : c.kept;
	if (n < BURSTS_MIN + 1 || b->total < BURST_LEAST * (double)c.count ||
	    (double)c.silent < SILENT_SHARE * (double)(c.end - c.first))
		return;
	if (n > BURSTS_MAX + 1)
		n = BURSTS_MAX + 1;
	b->count = n - 1;
	for (size_t k = 0; k < n; k++)
		add_bytes(b, k, out, k + 1 < c.kept ? b->starts[k + 1] : SECONDS);
	b->spacing = 2 * (b->starts[n - 1] - b->starts[0]) / (int)(n - 1);
}

/* --- one source against one flow of bursts -----------------------------------------
 */

static int boundary(const struct bursts *b, size_t k, int lag)
{
	return 2 * (b->starts[k] + 1) - lag;
}

/* The bursts whose input came while the source was alive: that two flows begin or end
 * together is no evidence. */
static size_t alive_range(const struct source *s, const struct bursts *b, int lag,
			  size_t *ret_first)
{
	size_t first = 1, end = b->count + 1;

	while (first < end && boundary(b, first - 1, lag) < 2 * (int)s->first)
		first++;
	while (end > first && boundary(b, end - 1, lag) > 2 * (int)s->end)
		end--;
	*ret_first = first;
	return end - first;
}

/* Correlation of the roots of what came in and went out: cheap, and good enough to
 * leave most pairs and lags out. */
static double screen(const struct source *s, const struct bursts *b, int lag)
{
	double x = 0, y = 0, xx = 0, yy = 0, xy = 0, last, now;
	size_t first, count = alive_range(s, b, lag, &first);
	double n = (double)count;

	if (count < BURSTS_MIN)
		return -1;
	last = source_at(s, boundary(b, first - 1, lag));
	for (size_t k = first; k < first + count; k++, last = now) {
		double root, out = (double)b->roots[k];

		now = source_at(s, boundary(b, k, lag));
		root = (double)sqrtf((float)(now - last));
		x += root;
		y += out;
		xx += root * root;
		yy += out * out;
		xy += root * out;
	}
	xx -= x * x / n;
	yy -= y * y / n;
	return xx > 0 && yy > 0 ? (xy - x * y / n) / sqrt(xx * yy) : -1;
}

static void center(double *x, size_t n)
{
	double mean = 0;

	for (size_t i = 0; i < n; i++)
		mean += x[i];
	mean /= (double)n;
	for (size_t i = 0; i < n; i++)
		x[i] -= mean;
}

static double product(const double *x, const double *y, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i] * y[i];
	return sum;
}

/* Takes out of `x` what `by` explains; both are centred. */
static void regress(double *x, const double *by, size_t n)
{
	double square = product(by, by, n), slope;

	if (square < 1e-9)
		return;
	slope = product(x, by, n) / square;
	for (size_t i = 0; i < n; i++)
		x[i] -= slope * by[i];
}

/* What came in and went out burst by burst. False where it cannot be the same bytes, or
 * was not held back: that both move in one second may have any cause. */
static bool fit_fill(struct bursts_fit *f, const struct source *s,
		     const struct bursts *b, int lag)
{
	double in = 0, out = 0, at_once = 0;
	size_t first;

	f->count = alive_range(s, b, lag, &first);
	for (size_t i = 0; i < f->count; i++) {
		size_t k = first + i;
		int start = 2 * b->starts[k];

		f->in[i] = source_at(s, boundary(b, k, lag)) -
			   source_at(s, boundary(b, k - 1, lag));
		f->out[i] = b->bytes[k];
		f->gap[i] = b->gaps[k];
		in += f->in[i];
		out += f->out[i];
		at_once += source_at(s, start + 2) - source_at(s, start);
	}
	return f->count >= BURSTS_MIN && in > 0 && at_once <= AT_ONCE_MAX * in &&
	       out >= GAIN_MIN * in && out <= GAIN_MAX * in;
}

/* Logarithms relative to the mean, soft where there is next to nothing; the same for
 * all, so that what is in proportion stays so. Centred. */
static void soft_log(double *ret_logs, const double *x, size_t n)
{
	double mean = 0;

	for (size_t i = 0; i < n; i++)
		mean += x[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		ret_logs[i] = log(x[i] / mean + SOFT);
	center(ret_logs, n);
}

/*
 * Logarithms of what came in and of what went out, without what the time between bursts
 * explains of either: the longer it was, the more came of anything. Returns the
 * correlation, -1 where nothing can be said.
 */
static double fit_make(struct bursts_fit *f, const struct source *s,
		       const struct bursts *b, int lag)
{
	double gap[BURSTS_MAX], least;
	size_t n;

	if (!fit_fill(f, s, b, lag))
		return -1;
	n = f->count;
	soft_log(f->x, f->in, n);
	soft_log(f->y, f->out, n);
	soft_log(gap, f->gap, n);
	regress(f->x, gap, n);
	regress(f->y, gap, n);
	f->xx = product(f->x, f->x, n);
	f->yy = product(f->y, f->y, n);
	f->xy = product(f->x, f->y, n);
	least = VARIATION_MIN * VARIATION_MIN * (double)n;
	if (f->xx < least || f->yy < least)
		return -1;
	return f->xy / sqrt(f->xx * f->yy);
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* How many different amounts there are. */
static size_t count_levels(const double *x, size_t n)
{
	double sorted[BURSTS_MAX];
	size_t levels = 1;

	memcpy(sorted, x, n * sizeof(*x));
	qsort(sorted, n, sizeof(*sorted), compare_doubles);
	for (size_t i = 1; i < n; i++)
		levels += sorted[i] > sorted[i - 1] * (1 + LEVEL);
	return levels;
}

/* Chunks of one size agree in few bursts by chance: how many bursts of amounts of their
 * own these are worth. */
static double count_of_levels(const struct bursts_fit *f)
{
	size_t in = count_levels(f->in, f->count), out = count_levels(f->out, f->count);
	double levels = (double)(in < out ? in : out);

	return levels + ((double)f->count - levels) / REPEATS_WORTH;
}

/* How many independent bursts these are worth (Bartlett): both may drift, or have a
 * period. What chance explains of that is left out: with few bursts it is much. At
 * COUNT_LEAST a correlation must be all but perfect. */
static double effective_count(const struct bursts_fit *f)
{
	double sum = 1, chance = 2 / sqrt((double)f->count);

	for (size_t shift = 1; shift <= f->count / 4; shift++) {
		double x = product(f->x, f->x + shift, f->count - shift) / f->xx;
		double y = product(f->y, f->y + shift, f->count - shift) / f->yy;

		if (fmin(fabs(x), fabs(y)) > chance)
			sum += 2 * x * y;
	}
	return fmax((double)f->count / fmax(1, sum), COUNT_LEAST);
}

static double correlation_needed(double z, double least, double count)
{
	/* The mean of three, and one regressor and the lag were fitted. */
	return count > 5.5 ? fmax(least, tanh(z / sqrt(count - 5))) : 2;
}

/* The least correlation with any one burst left out: one that is much larger than all
 * others, on both sides, is chance enough. */
static double jackknife(const struct bursts_fit *f)
{
	double n = (double)f->count, part = n / (n - 1), least = 1;

	for (size_t i = 0; i < f->count; i++) {
		double xx = f->xx - f->x[i] * f->x[i] * part;
		double yy = f->yy - f->y[i] * f->y[i] * part;
		double xy = f->xy - f->x[i] * f->y[i] * part;

		if (xx < 1e-9 || yy < 1e-9)
			return -1;
		least = fmin(least, xy / sqrt(xx * yy));
	}
	return least;
}

/* The largest correlation when every burst is compared with what came for another. */
static double displaced(const struct bursts_fit *f)
{
	double most = 0;

	for (size_t shift = 1; shift < f->count; shift++) {
		double xy = product(f->x, f->y + shift, f->count - shift) +
			    product(f->x + f->count - shift, f->y, shift);

		most = fmax(most, xy);
	}
	return most / sqrt(f->xx * f->yy);
}

/* Whether the same comes again and again: then the wrong order fits as well, but for
 * where it wraps around. */
static bool repeats(const struct bursts_fit *f)
{
	if (f->count < REPEATS_MIN)
		return false;
	for (size_t shift = 1; shift <= f->count / 2; shift++) {
		size_t n = f->count - shift;
		double xx = product(f->x, f->x, n);
		double yy = product(f->y + shift, f->y + shift, n);

		if (product(f->x, f->y + shift, n) > REPEATS_MAX * sqrt(xx * yy))
			return true;
	}
	return false;
}

static bool fit_is_relay(const struct bursts_fit *f, double z, double least)
{
	double count = fmin(effective_count(f), count_of_levels(f));
	double r = f->correlation, wrong;

	if (r < correlation_needed(z, least, count) ||
	    jackknife(f) < correlation_needed(JACKKNIFE_Z, least, count))
		return false;
	wrong = displaced(f);
	return 1 - r * r <= RESIDUE_MAX * (1 - wrong * wrong) && !repeats(f);
}

/* The coarse lag that looks best, or -1 where none is worth a fit. */
static int best_lag(const struct bursts *b, const struct source *s, double needed,
		    int step)
{
	double best = SCREEN * needed;
	int lag = -1;

	for (int tried = 0; tried <= LAG_MAX && tried <= b->spacing / 4 + LAG_SPARE;
	     tried += step) {
		double c = screen(s, b, tried);

		if (c > best) {
			best = c;
			lag = tried;
		}
	}
	return lag;
}

static void try_lag(struct bursts_fit *f, const struct source *s,
		    const struct bursts *b, int lag)
{
	double c = lag < 0 || lag > LAG_MAX ? -1 : fit_make(f, s, b, lag);

	if (c > f->correlation) {
		f->correlation = c;
		f->lag = lag;
	}
}

bool bursts_match(const struct bursts *b, const struct source *s, double z,
		  double least, struct bursts_fit *ret_fit)
{
	struct bursts_fit *f = ret_fit;
	int step = b->spacing / 4 > 1 ? b->spacing / 4 : 1;
	double needed = correlation_needed(z, least, (double)b->count);
	int middle = best_lag(b, s, needed, step);

	if (middle < 0)
		return false;
	f->correlation = -1;
	try_lag(f, s, b, middle);
	/* From the best of coarse lags to the best half second. */
	while (step > 1) {
		step = (step + 1) / 2;
		middle = f->lag;
		try_lag(f, s, b, middle - step);
		try_lag(f, s, b, middle + step);
	}
	if (f->correlation <= 0)
		return false;
	fit_make(f, s, b, f->lag);
	return fit_is_relay(f, z, least);
}

bool bursts_may_match(const struct bursts *b, const struct source *s)
{
	size_t n = b->count;
	double in, out = 0;

	if (!n)
		return false;
	in = source_at(s, boundary(b, n, 0)) - source_at(s, boundary(b, 0, 0));
	for (size_t k = 1; k <= n; k++)
		out += b->bytes[k];
	/* Half of it may have come before its source was alive. */
	return in > 0 && out >= GAIN_MIN / 2 * in && out <= 2 * GAIN_MAX * in;
}
