/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BATCHES_TABLE=50 prints recall and false alarms over as many runs, as in batches.h.
 */
#include "../support/batch_runs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static int compare_seconds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void print_seconds(struct runs *f, unsigned int runs, double period)
{
	int seconds[1000];
	size_t n = 0;

	for (unsigned int run = 0; run < runs && n + STREAM_KINDS < 1000; run++)
		for (int kind = 0; kind < STREAM_KINDS; kind++) {
			uint32_t at = 10;

			runs_make_relay(
				f, run, (enum stream_kind)kind, &runs_one,
				(struct batching){.period = period, .jitter = 0.1});
			bursty_ring(f->traffic, RUNS_BEGIN);
			while (at < BURSTY_SECONDS && runs_evaluate_at(f, at) < 0.25)
				at += 10;
			seconds[n++] = (int)at;
		}
	qsort(seconds, n, sizeof(*seconds), compare_seconds);
	printf("found after, every %2g s: median %d s, 90 %% %d s\n", period,
	       seconds[n / 2], seconds[n * 9 / 10]);
}

static void print_recall(struct runs *f, unsigned int runs)
{
	static const struct crowd crowds[] = {
		{"1", HUB_PAIRS, 1, false, false},
		{"calls", HUB_CALLS, 2, false, true},
		{"10", HUB_PAIRS, 10, true, true},
		{"source", HUB_ONE_SOURCE, 5, true, true},
		{"sink", HUB_ONE_SINK, 5, true, true},
		{"timers", HUB_ONE_SOURCE, 5, false, true},
	};
	static const struct {
		const char *name;
		struct batching b;
	} rows[] = {
		{"5 s", {.period = 5}},
		{"5 s jitter", {.period = 5, .jitter = 0.3}},
		{"20 s", {.period = 20}},
		{"20 s jitter", {.period = 20, .jitter = 0.3}},
		{"60 s", {.period = 60}},
		{"55 s jitter", {.period = 55, .jitter = 0.1}},
		{"60 s slow", {.period = 60, .rate = 5e5}},
		{"60 s stuck", {.period = 60, .rate = 2e6, .has_pauses = true}},
		{"20 s both", {.period = 20, .is_input = true}},
		{"60 s both", {.period = 60, .is_input = true}},
		{"5 s, packets", {.period = 5, .packet_padding = 1}},
		{"20 s, packets", {.period = 20, .packet_padding = 1}},
		{"60 s, packets", {.period = 60, .packet_padding = 1}},
		{"5 s, batches", {.period = 5, .batch_padding = 1}},
		{"20 s, batches", {.period = 20, .batch_padding = 1}},
		{"60 s, batches", {.period = 60, .batch_padding = 1}},
	};

	printf("%-14s", "");
	for (size_t c = 0; c < sizeof(crowds) / sizeof(*crowds); c++)
		printf(" %-19s", crowds[c].name);
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		printf("\n%-14s", rows[r].name);
		for (size_t c = 0; c < sizeof(crowds) / sizeof(*crowds); c++)
			for (int k = 0; k < STREAM_KINDS; k++)
				printf(" %4.2f",
				       runs_found(f, runs, (enum stream_kind)k,
						  &crowds[c], rows[r].b) /
					       (double)runs);
	}
	printf("\n");
}

static void print_false_alarms(struct runs *f, unsigned int runs)
{
	for (int kind = 0; kind < LOOK_COUNT; kind++) {
		unsigned int some = 0, quarter = 0;
		clock_t worst = 0;

		for (unsigned int run = 0; run < runs; run++) {
			clock_t begin;

			bursty_clear(f->traffic, 1000003u * run + 17);
			bursty_add_look_alike(f->traffic, (enum look_alike)kind);
			bursty_ring(f->traffic, RUNS_BEGIN);
			begin = clock();
			quarter += runs_evaluate_at(f, BURSTY_SECONDS) >= 0.25;
			worst = clock() - begin > worst ? clock() - begin : worst;
			some += f->result.count > 0;
		}
		printf("%-11s of %u: M >= .25 in %u, any match in %u, most %ld us\n",
		       look_alike_names[kind], runs, quarter, some, (long)worst);
	}
}

static void the_table(void **state)
{
	const char *runs_text = getenv("BATCHES_TABLE");
	unsigned int runs = runs_text ? (unsigned int)atoi(runs_text) : 0;
	static const double periods[] = {5, 20, 60};

	if (!runs)
		skip();
	print_recall(*state, runs);
	for (size_t i = 0; i < 3; i++)
		print_seconds(*state, runs, periods[i]);
	print_false_alarms(*state, 20 * runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_table, runs_setup, runs_teardown),
	};

	return cmocka_run_group_tests_name("batches_table", tests, NULL, NULL);
}
