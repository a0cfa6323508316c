/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/circuits_match.h"
#include <math.h>
#include <string.h>

#define BINS CIRCUITS_BINS
#define OPENED_SHIFT 22	  /* 4.2 ms; lags up to 4.3 s */
#define ENDED_SHIFT 28	  /* .27 s; lags up to 275 s */
#define OPENED_WINDOW 256 /* bins: lags that circuits may have, 1.07 s */
#define ENDED_WINDOW 32	  /* 8.6 s: two readings */
#define FLOWS_MIN 16
#define SIZE_PART 20   /* sizes within 5 %... */
#define SIZE_SLACK 200 /* ...and a greeting, bytes */
#define SAMPLES 64     /* flows of other times that sizes are compared with */
#define SAMPLES_MIN 16
#define SIZE_UNIT 1024.0 /* of the share that crosses, as it is added up */
#define SPREAD_COUNT_MIN 1.0
#define ELSEWHERE_MIN 2.0 /* other lags seen, for each of a window */
/* A flow is of one circuit, so half; more is a burst of flows of one size. */
#define PAIRS_OF_FLOW 0.75
#define FOUND_MIN 6.0 /* z from which the window with the most pairs is preferred */

static uint32_t size_min(uint32_t size)
{
	uint32_t less = size > SIZE_SLACK ? size - SIZE_SLACK : 0;

	return less - less / (SIZE_PART + 1);
}

static uint32_t size_max(uint32_t size)
{
	uint64_t more = (uint64_t)size + size / SIZE_PART + SIZE_SLACK;

	return more < UINT32_MAX ? (uint32_t)more : UINT32_MAX;
}

void circuits_flow_size(struct circuits_flow *f, uint32_t in, uint32_t out)
{
	f->in = in;
	f->out = out;
	f->in_min = size_min(in);
	f->in_max = size_max(in);
	f->out_min = size_min(out);
	f->out_max = size_max(out);
}

bool circuits_cross(const struct circuits_flow *a, const struct circuits_flow *b)
{
	return b->out >= a->in_min && b->out <= a->in_max && b->in >= a->out_min &&
	       b->in <= a->out_max;
}

/* Who chooses the addresses of both can choose two of one hash. */
static bool is_same_peer(const struct circuits_flow *a, const struct circuits_flow *b)
{
	return a->hash == b->hash && addr_equal(a->remote, b->remote);
}

/* What opens at once opens inbound first: the event may be older than its time. */
static bool is_before(const struct circuits_flow *a, const struct circuits_flow *b)
{
	if (a->run != b->run)
		return a->run < b->run;
	if (a->time != b->time)
		return a->time < b->time;
	return a->is_inbound && !b->is_inbound;
}

static void sift(struct circuits_flow *flows, size_t root, size_t count)
{
	struct circuits_flow moved = flows[root];
	size_t child;

	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && is_before(&flows[child], &flows[child + 1]))
			child++;
		if (!is_before(&moved, &flows[child]))
			break;
		flows[root] = flows[child];
		root = child;
	}
	flows[root] = moved;
}

/* A heap: qsort may allocate, and strangers choose the order flows come in. */
static void sort(struct circuits_flow *flows, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift(flows, i, count);
	for (size_t end = count; end-- > 1;) {
		struct circuits_flow last = flows[end];

		flows[end] = flows[0];
		flows[0] = last;
		sift(flows, 0, end);
	}
}

static void order(struct circuits_work *w)
{
	sort(w->flows, w->count);
	for (size_t i = 0; i < w->count; i++) {
		struct circuits_flow *f = &w->flows[i];

		f->recorded = i ? f[-1].recorded : 0;
		if (i && f[-1].run == f->run)
			f->recorded += f->time - f[-1].time;
	}
}

size_t circuits_reach(const struct circuits_work *w, size_t i, uint64_t lag_max)
{
	const struct circuits_flow *f = &w->flows[i];
	size_t end = i + 1 + CIRCUITS_NEIGHBOURS, j;

	if (end > w->count)
		end = w->count;
	for (j = i + 1; j < end && w->flows[j].run == f->run; j++)
		if (w->flows[j].time - f->time >= lag_max)
			break;
	return j;
}

/*
 * How many bins after flow i are seen whole: up to the end of its run, or to the last
 * of the neighbours it is compared with.
 */
static size_t horizon(const struct circuits_work *w, size_t i, size_t run_end,
		      unsigned int shift)
{
	size_t last = i + CIRCUITS_NEIGHBOURS;
	uint64_t bins;

	if (last >= run_end)
		last = run_end - 1;
	bins = (w->flows[last].time - w->flows[i].time) >> shift;
	return bins < BINS ? (size_t)bins : BINS;
}

/* `exposed` holds differences until all is added up. */
static void expose(struct circuits_lags *l, bool is_before_zero, size_t bins)
{
	if (is_before_zero) {
		l->exposed[BINS - bins]++;
		l->exposed[BINS]--;
	} else {
		l->exposed[BINS]++;
		l->exposed[BINS + bins]--;
	}
}

/* What is seen in part is left out: it was not exposed to chance as a whole. */
static void count_opened(struct circuits_work *w, size_t i, size_t end, size_t bins)
{
	const struct circuits_flow *a = &w->flows[i];

	for (size_t j = i + 1; j < end; j++) {
		const struct circuits_flow *b = &w->flows[j];
		size_t bin = (size_t)((b->time - a->time) >> OPENED_SHIFT);
		struct circuits_lags *l = &w->together;

		if (bin >= bins)
			break;
		if (is_same_peer(a, b))
			continue;
		bin += BINS;
		if (a->is_inbound != b->is_inbound) {
			l = &w->answered;
			if (!a->is_inbound)
				bin = 2 * BINS - 1 - bin;
		}
		l->opened[bin]++;
		l->crossed[bin] += circuits_cross(a, b);
	}
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The share of flows of other times that crosses with flow i. */
static uint32_t crosses_anyway(const struct circuits_work *w, size_t i)
{
	const struct circuits_flow *a = &w->flows[i];
	uint32_t crossed = 0, tried = 0;
	size_t step = w->count / SAMPLES + 1;

	for (size_t j = i % step; j < w->count; j += step) {
		const struct circuits_flow *b = &w->flows[j];

		if (distance(a->time, b->time) >> ENDED_SHIFT < ENDED_WINDOW ||
		    is_same_peer(a, b))
			continue;
		tried++;
		crossed += circuits_cross(a, b);
	}
	/* Without any to compare with, all may. */
	return tried >= SAMPLES_MIN ? (uint32_t)(crossed * SIZE_UNIT) / tried
				    : (uint32_t)SIZE_UNIT;
}

static void count_ended(struct circuits_work *w, size_t i, size_t end)
{
	const struct circuits_flow *a = &w->flows[i];
	struct circuits_lags *l = &w->together;

	for (size_t j = i + 1; j < end; j++) {
		const struct circuits_flow *b = &w->flows[j];
		size_t bin = (size_t)((b->time - a->time) >> ENDED_SHIFT);

		if (bin >= BINS)
			break;
		if (is_same_peer(a, b))
			continue;
		bin += BINS;
		l->opened[bin]++;
		l->crossed[bin] += circuits_cross(a, b);
		l->exposed[bin] += a->crosses_anyway + b->crosses_anyway;
	}
}

static void add_up_one(uint32_t sums[2 * BINS + 1])
{
	uint32_t sum = 0;

	for (size_t i = 0; i <= 2 * BINS; i++) {
		uint32_t here = sums[i];

		sums[i] = sum;
		sum += here;
	}
}

static void add_up(struct circuits_lags *l)
{
	add_up_one(l->opened);
	add_up_one(l->crossed);
	add_up_one(l->exposed);
}

/* From differences, which wrap, to counts. */
static void integrate(uint32_t differences[2 * BINS + 1])
{
	for (size_t i = 1; i <= 2 * BINS; i++)
		differences[i] += differences[i - 1];
}

static size_t run_end_of(const struct circuits_work *w, size_t i, size_t run_end)
{
	if (run_end <= i)
		run_end = i + 1;
	while (run_end < w->count && w->flows[run_end].run == w->flows[i].run)
		run_end++;
	return run_end;
}

static void count_all_opened(struct circuits_work *w)
{
	size_t run_end = 0;

	memset(&w->answered, 0, sizeof(w->answered));
	memset(&w->together, 0, sizeof(w->together));
	for (size_t i = 0; i < w->count; i++) {
		size_t end = i + 1 + CIRCUITS_NEIGHBOURS, bins;

		run_end = run_end_of(w, i, run_end);
		bins = horizon(w, i, run_end, OPENED_SHIFT);
		expose(&w->together, false, bins);
		expose(&w->answered, !w->flows[i].is_inbound, bins);
		count_opened(w, i, end < run_end ? end : run_end, bins);
	}
	integrate(w->together.exposed);
	integrate(w->answered.exposed);
	add_up(&w->answered);
	add_up(&w->together);
}

static void count_all_ended(struct circuits_work *w)
{
	size_t run_end = 0;

	memset(&w->together, 0, sizeof(w->together));
	for (size_t i = 0; i < w->count; i++)
		w->flows[i].crosses_anyway = crosses_anyway(w, i);
	for (size_t i = 0; i < w->count; i++) {
		size_t end = i + 1 + CIRCUITS_NEIGHBOURS;

		run_end = run_end_of(w, i, run_end);
		count_ended(w, i, end < run_end ? end : run_end);
	}
	add_up(&w->together);
}

/* Counts in bins begin..end, which may lie outside of what is kept. */
struct sums {
	double opened, crossed, exposed;
};

static void add(struct sums *s, const struct circuits_lags *l, int begin, int end)
{
	size_t from = (size_t)(begin < -BINS ? 0 : begin + BINS);
	size_t to = (size_t)(end > BINS ? 2 * BINS : end + BINS);

	if (end <= -BINS || begin >= BINS || from >= to)
		return;
	s->opened += l->opened[to] - l->opened[from];
	s->crossed += l->crossed[to] - l->crossed[from];
	s->exposed += l->exposed[to] - l->exposed[from];
}

static struct sums sum(const struct circuits_lags *l, int begin, int end)
{
	struct sums s = {0};

	add(&s, l, begin, end);
	return s;
}

/* What the rate of crossing pairs elsewhere gives in `here`. */
static double by_rate(const struct sums *elsewhere, const struct sums *here)
{
	if (elsewhere->exposed <= 0)
		return 0;
	return elsewhere->crossed / elsewhere->exposed * here->exposed;
}

/* What the sizes alone give (expect_by_size). */
static double by_size(const struct sums *here)
{
	return here->exposed / (2 * SIZE_UNIT) + 0.5;
}

/* All lags but those of the window and its surroundings. */
static struct sums far(const struct circuits_lags *l, int begin, int end)
{
	int width = end - begin;
	struct sums s = sum(l, -BINS, begin - width);

	add(&s, l, end + 2 * width, BINS);
	s.crossed += 0.5;
	return s;
}

/* Bursts: of the application, that are wider than the window, on both sides of it. */
static struct sums near(const struct circuits_lags *l, int begin, int end)
{
	int width = end - begin;
	struct sums s = sum(l, begin - 10 * width, begin - width);

	add(&s, l, end + 2 * width, end + 9 * width);
	return s;
}

static struct sums flanks(const struct circuits_lags *l, int begin, int end)
{
	int width = end - begin;
	struct sums s = sum(l, begin - width, begin);

	add(&s, l, end, end + width);
	return s;
}

static double expected_by_rate(const struct circuits_lags *l, int begin, int end,
			       const struct sums *here)
{
	struct sums a = far(l, begin, end), b = near(l, begin, end),
		    c = flanks(l, begin, end), d = sum(l, -end, -begin);
	double most = fmax(by_rate(&a, here), by_rate(&b, here));

	return fmax(most, fmax(by_rate(&c, here), by_rate(&d, here)));
}

/*
 * How much more a window differs from its flanks than independent pairs would make it:
 * measured at lags no circuit has. At least 1.
 */
static double spread_by_rate(const struct circuits_lags *l, int width, int window_max)
{
	double chi = 0, n = 0;

	for (int begin = -BINS; begin + width <= BINS; begin += width) {
		struct sums here = sum(l, begin, begin + width), beside;
		double e;

		if (begin + 2 * width > 0 && begin - width < window_max)
			continue;
		beside = flanks(l, begin, begin + width);
		e = by_rate(&beside, &here);
		if (e < SPREAD_COUNT_MIN)
			continue;
		/* Both are counts; the flanks are twice as long. */
		chi += (here.crossed - e) * (here.crossed - e) / (1.5 * e);
		n++;
	}
	return n >= 4 ? fmax(1, chi / n) : 1;
}

/*
 * The same for sizes alone. What the samples missed shows at these lags, too: their
 * number is put right by `ret_scale`.
 */
static double spread_by_size(const struct circuits_lags *l, int width, int window_max,
			     double *ret_scale)
{
	struct sums all = sum(l, window_max, BINS);
	double scale = fmax(1, all.crossed / by_size(&all)), chi = 0, n = 0;

	for (int begin = window_max; begin + width <= BINS; begin += width) {
		struct sums here = sum(l, begin, begin + width);
		double e = by_size(&here) * scale;

		if (e < SPREAD_COUNT_MIN)
			continue;
		chi += (here.crossed - e) * (here.crossed - e) / e;
		n++;
	}
	*ret_scale = scale;
	return n >= 4 ? fmax(1, chi / n) : 1;
}

/* Of what opened together beyond chance, the share that crosses. */
static double crossed_share(const struct circuits_lags *l,
			    const struct circuits_found *f, const struct sums *here)
{
	struct sums a = far(l, f->begin, f->end), b = flanks(l, f->begin, f->end);
	double chance, excess;

	if (f->crossed <= f->expected || a.exposed <= 0)
		return 0;
	chance = a.opened / a.exposed;
	if (b.exposed > 0)
		chance = fmax(chance, b.opened / b.exposed);
	chance *= here->exposed;
	excess = here->opened - chance - sqrt(chance);
	return (f->crossed - f->expected) / fmax(excess, f->crossed - f->expected);
}

/*
 * Whether enough of what opened together crosses for circuits, where a share `p` does
 * anyway. Of circuits, a share x of which has one size, x crosses, and x^2 by chance;
 * of unrelated flows it is the same share in both places.
 */
static bool is_crossing_enough(double share, double p)
{
	return share >= fmax(0.4, (p + sqrt(p)) / 2 - 0.05);
}

double circuits_z(double count, double expected, double spread)
{
	return 2 * (sqrt(count + 0.375) - sqrt(expected + 0.375)) / sqrt(spread);
}

static void judge(struct circuits_found *f, double expected)
{
	f->expected = expected;
	f->z = circuits_z(f->crossed, expected, f->spread);
}

/*
 * A burst of one direction is closest to itself at lag 0, without another order to
 * compare with: its slope goes on up to there.
 */
static double expected_by_slope(const struct circuits_lags *l,
				const struct circuits_found *f, const struct sums *here)
{
	int width = f->end - f->begin;
	struct sums a = sum(l, f->end, f->end + width);
	struct sums b = sum(l, f->end + width, f->end + 2 * width);
	double first = by_rate(&a, here), second;

	if (f->kind != CIRCUITS_TOGETHER || f->begin >= width)
		return 0;
	b.crossed++;
	second = by_rate(&b, here);
	return second > 0 ? first * fmax(1, first / second) : first;
}

/*
 * What flanks say of a window is not exact, however many pairs there are; less so where
 * the sizes, of which a share `p` crosses anyway, or the order of opening do not help.
 */
static double chance_times(enum circuits_kind kind, double p)
{
	return kind == CIRCUITS_ANSWERED ? 1.25 + 0.25 * p : 1.75;
}

static void judge_opened(const struct circuits_lags *l, const struct sums *here,
			 struct circuits_found *f)
{
	struct sums elsewhere = far(l, f->begin, f->end);
	double p = elsewhere.opened > 0 ? fmin(1, elsewhere.crossed / elsewhere.opened)
					: 1;

	if (elsewhere.exposed < ELSEWHERE_MIN * here->exposed)
		return;
	judge(f, fmax(expected_by_rate(l, f->begin, f->end, here),
		      expected_by_slope(l, f, here)));
	f->crossed_share = crossed_share(l, f, here);
	if (!is_crossing_enough(f->crossed_share, p) ||
	    f->crossed < chance_times(f->kind, p) * f->expected)
		f->z = 0;
}

/* Among windows that are beyond doubt the one with the most pairs. */
static bool is_better(const struct circuits_found *a, const struct circuits_found *b)
{
	if (a->z < FOUND_MIN || b->z < FOUND_MIN)
		return a->z > b->z;
	return a->crossed - a->expected > b->crossed - b->expected;
}

static void scan(const struct circuits_lags *l, size_t flows,
		 const struct circuits_found *kind, struct circuits_found *best)
{
	bool is_by_size = kind->kind == CIRCUITS_ENDED;

	for (int width = 1; width <= kind->end; width *= 2) {
		double scale = 1, spread;
		int step = width > 1 ? width / 2 : 1;

		if (is_by_size)
			spread = spread_by_size(l, width, kind->end, &scale);
		else
			spread = spread_by_rate(l, width, kind->end);
		for (int begin = 0; begin + width <= kind->end; begin += step) {
			struct sums here = sum(l, begin, begin + width);
			struct circuits_found f = *kind;

			f.begin = begin;
			f.end = begin + width;
			f.spread = spread;
			f.crossed = here.crossed;
			if (is_by_size)
				judge(&f, by_size(&here) * scale);
			else
				judge_opened(l, &here, &f);
			if (f.crossed - f.expected <= PAIRS_OF_FLOW * (double)flows &&
			    is_better(&f, best))
				*best = f;
		}
	}
}

struct circuits_found circuits_find_answered(struct circuits_work *w)
{
	static const struct circuits_found answered = {
		.kind = CIRCUITS_ANSWERED, .shift = OPENED_SHIFT, .end = OPENED_WINDOW};
	struct circuits_found best = {.kind = CIRCUITS_NONE};

	if (w->count < FLOWS_MIN)
		return best;
	order(w);
	count_all_opened(w);
	scan(&w->answered, w->count, &answered, &best);
	return best;
}

struct circuits_found circuits_find_opened(struct circuits_work *w)
{
	static const struct circuits_found together = {
		.kind = CIRCUITS_TOGETHER, .shift = OPENED_SHIFT, .end = OPENED_WINDOW};
	struct circuits_found best = circuits_find_answered(w);

	if (w->count >= FLOWS_MIN)
		scan(&w->together, w->count, &together, &best);
	return best;
}

struct circuits_found circuits_find_ended(struct circuits_work *w)
{
	static const struct circuits_found ended = {
		.kind = CIRCUITS_ENDED, .shift = ENDED_SHIFT, .end = ENDED_WINDOW};
	struct circuits_found best = {.kind = CIRCUITS_NONE};

	if (w->count < FLOWS_MIN)
		return best;
	order(w);
	count_all_ended(w);
	scan(&w->together, w->count, &ended, &best);
	return best;
}

bool circuits_is_at_lag(const struct circuits_work *w, const struct circuits_found *f,
			size_t i, size_t j)
{
	const struct circuits_flow *a = &w->flows[i], *b = &w->flows[j];
	uint64_t bin = (b->time - a->time) >> f->shift;

	if (bin < (uint64_t)f->begin || bin >= (uint64_t)f->end || is_same_peer(a, b))
		return false;
	if (f->kind == CIRCUITS_ANSWERED)
		return a->is_inbound && !b->is_inbound;
	return f->kind == CIRCUITS_ENDED || a->is_inbound == b->is_inbound;
}
