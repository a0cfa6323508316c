/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine: what the engine alone costs, without a kernel, from a hundred to a hundred
 * thousand flows. No root needed; a minute at most.
 *
 * Three parts of its work are timed. "unmoved": every flow is reported as it was, as
 * the dumps of a quiet second do. "moved": every flow carried something. "second": one
 * second's ticks, five for a candidate. Two mixes: flows spread over 200 applications,
 * one in twenty of which moves a second; and one application with all of them, moving
 * both ways, a candidate. Every round measures every size once, so that ratios are of
 * neighbours in time; shown are medians over rounds, and beside them the exponent of
 * growth since the row before: 1 is linear. Between 10,000 and 100,000 flows the tables
 * leave the processor's caches, and what is reported of each flow costs more for that;
 * that the work stays in proportion is counted by tests/unit/core/test_cost.c.
 */
#include "../unit/support/allocations.h"
#include "../unit/support/crowd.h"
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZES 4
#define ROUNDS 9
#define WARM_SECONDS 12
#define MANY_APPS 200
#define SECOND_NS 1000000000u
#define MOVING_PART 20

enum part { PART_UNMOVED, PART_MOVED, PART_SECOND, PART_COUNT };

static const size_t sizes[SIZES] = {100, 1000, 10000, 100000};
static const char *const part_names[PART_COUNT] = {"unmoved", "moved", "second"};

struct subject {
	struct crowd crowd;
	bool is_candidate;
	size_t next; /* the flow that moves next */
	double bytes_per_flow;
	size_t allocations;
	double ns[PART_COUNT][ROUNDS];
};

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double bytes_in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return (double)(m.uordblks + m.hblkhd);
}

static void moved(struct subject *s)
{
	size_t count = s->crowd.flow_count;

	crowd_carry(&s->crowd, 0, count);
	crowd_report(&s->crowd, 0, count);
}

/* What moves within a second of this mix is not timed; its ticks are. */
static double second(struct subject *s)
{
	size_t count = s->crowd.flow_count / MOVING_PART, ticks = 5;
	double start, sum = 0;

	if (s->is_candidate)
		moved(s);
	else
		for (size_t i = 0; i < count; i++) {
			crowd_carry(&s->crowd, s->next, 1);
			crowd_report(&s->crowd, s->next, 1);
			s->next = (s->next + 1) % s->crowd.flow_count;
		}
	if (!engine_wants_fast_ticks(s->crowd.engine))
		ticks = 1;
	for (size_t i = 0; i < ticks; i++) {
		start = now_ns();
		crowd_tick(&s->crowd, SECOND_NS / ticks);
		engine_wants_zoom(s->crowd.engine);
		sum += now_ns() - start;
	}
	return sum;
}

static void subject_begin(struct subject *s, size_t flows, bool is_candidate)
{
	double before = bytes_in_use(), records = (double)sizeof(struct observation);

	memset(s, 0, sizeof(*s));
	s->is_candidate = is_candidate;
	crowd_begin(&s->crowd, is_candidate ? 1 : MANY_APPS, flows);
	s->crowd.is_one_way = !is_candidate;
	s->bytes_per_flow = (bytes_in_use() - before) / (double)flows - records;
	for (int i = 0; i < WARM_SECONDS; i++)
		second(s);
	if (is_candidate != engine_wants_fast_ticks(s->crowd.engine))
		fprintf(stderr, "engine: %zu flows: not the candidate it should be\n",
			flows);
}

/* Small sizes are measured many times over: a clock has its own cost. */
static void measure(struct subject *s, int round)
{
	size_t repeat = sizes[SIZES - 1] / s->crowd.flow_count, before;
	double start;

	repeat = repeat > 20 ? 20 : repeat;
	before = allocations_count();
	start = now_ns();
	for (size_t i = 0; i < repeat; i++)
		crowd_report(&s->crowd, 0, s->crowd.flow_count);
	s->ns[PART_UNMOVED][round] = (now_ns() - start) / (double)repeat;
	start = now_ns();
	for (size_t i = 0; i < repeat; i++)
		moved(s);
	s->ns[PART_MOVED][round] = (now_ns() - start) / (double)repeat;
	/* Two, as flows are compared every second one. */
	for (size_t i = 0; i < 2 * repeat; i++)
		s->ns[PART_SECOND][round] += second(s) / 2 / (double)repeat;
	s->allocations += allocations_count() - before;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *values)
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), compare);
	return sorted[ROUNDS / 2];
}

static void print_part(const struct subject *s, enum part part, bool is_first)
{
	double ratios[ROUNDS], ratio;

	printf(" %11.1f", median(s->ns[part]) / 1000);
	if (is_first) {
		printf("           ");
		return;
	}
	for (int i = 0; i < ROUNDS; i++)
		ratios[i] = s->ns[part][i] / (s - 1)->ns[part][i];
	ratio = median(ratios);
	printf(" %5.1f %4.2f", ratio,
	       log(ratio) / log((double)s->crowd.flow_count /
				(double)(s - 1)->crowd.flow_count));
}

static void run_mix(const char *name, bool is_candidate)
{
	struct subject *subjects = calloc(SIZES, sizeof(*subjects));

	if (!subjects)
		abort();
	for (size_t i = 0; i < SIZES; i++)
		subject_begin(&subjects[i], sizes[i], is_candidate);
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < SIZES; i++)
			measure(&subjects[i], round);
	printf("%s\n%8s", name, "flows");
	for (int part = 0; part < PART_COUNT; part++)
		printf(" %8s, us %5s %4s", part_names[part], "ratio", "exp");
	printf(" %11s %11s\n", "allocations", "bytes/flow");
	for (size_t i = 0; i < SIZES; i++) {
		printf("%8zu", sizes[i]);
		for (int part = 0; part < PART_COUNT; part++)
			print_part(&subjects[i], (enum part)part, i == 0);
		printf(" %11zu %11.0f\n", subjects[i].allocations,
		       subjects[i].bytes_per_flow);
	}
	for (size_t i = 0; i < SIZES; i++)
		crowd_end(&subjects[i].crowd);
	free(subjects);
}

int main(void)
{
	printf("struct flow %zu bytes, struct peer %zu bytes, struct app %zu bytes\n",
	       sizeof(struct flow), sizeof(struct peer), sizeof(struct app));
	run_mix("200 applications, one flow in twenty moves a second", false);
	run_mix("one application, a candidate, all of them move both ways", true);
	return 0;
}
