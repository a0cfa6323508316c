/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each case takes away all that could reject a pair, but for what it is about. */
#include "core/bursts.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECONDS RINGS_SECONDS
#define STEP 20	  /* seconds from burst to burst */
#define PIECES 31 /* that end within the window */
#define LENIENT_Z 0.01
#define LENIENT_LEAST 0.1

struct fixture {
	float in[SECONDS], out[SECONDS];
	struct source source;
	struct bursts bursts;
	struct bursts_fit fit;
	uint32_t seed;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->seed = 1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static double noise(struct fixture *f)
{
	f->seed = f->seed * 1664525u + 1013904223u;
	return (double)(f->seed >> 8) / (1u << 24);
}

/* Piece k of what comes in is spread over its seconds; a burst sends it on after it. */
static void put_piece(struct fixture *f, size_t k, double in, double out)
{
	for (size_t s = k * STEP; s < (k + 1) * STEP; s++)
		f->in[s] = (float)(in / STEP);
	f->out[(k + 1) * STEP] = (float)out;
}

static bool matches(struct fixture *f, double z, double least)
{
	source_make(&f->source, f->in);
	bursts_make(&f->bursts, f->out, 1);
	return bursts_may_match(&f->bursts, &f->source) &&
	       bursts_match(&f->bursts, &f->source, z, least, &f->fit);
}

/* The first `count` pieces are sent on but for `error`, a part of them. */
static void put_relay(struct fixture *f, size_t count, double varies, double error)
{
	memset(f->in, 0, sizeof(f->in));
	memset(f->out, 0, sizeof(f->out));
	for (size_t k = 0; k < count; k++) {
		double bytes = 1e5 * (1 + varies * (noise(f) - 0.5));

		put_piece(f, k, bytes, bytes * (1 + error * (noise(f) - 0.5)));
	}
}

static void what_is_sent_on_matches(void **state)
{
	struct fixture *f = *state;

	put_relay(f, PIECES, 1, 0);
	assert_true(matches(f, 6, 0.99));
	assert_int_equal(f->bursts.count, PIECES - 1);
	assert_int_equal(f->bursts.spacing, 2 * STEP);
	assert_int_equal(f->fit.count, PIECES - 1);
	assert_in_range(f->fit.lag, 1, 3);
	assert_true(f->fit.correlation > 0.99);
}

static void the_correlation_must_be_what_is_asked_for(void **state)
{
	struct fixture *f = *state;

	put_relay(f, PIECES, 1, 0.4);
	assert_true(matches(f, 3, 0.5));
	assert_true(f->fit.correlation > 0.8 && f->fit.correlation < 0.98);
	assert_false(matches(f, 3, 0.985));
	/* And beyond chance: 9 bursts are less than 30. */
	assert_true(matches(f, 5, 0.5));
	put_relay(f, 10, 1, 0.4);
	assert_false(matches(f, 5, 0.5));
}

static void what_varies_by_one_percent_proves_nothing(void **state)
{
	struct fixture *f = *state;

	put_relay(f, PIECES, 0.04, 0);
	assert_false(matches(f, LENIENT_Z, LENIENT_LEAST));
	put_relay(f, PIECES, 0.2, 0);
	assert_true(matches(f, LENIENT_Z, LENIENT_LEAST));
}

static void one_burst_alone_proves_nothing(void **state)
{
	struct fixture *f = *state;

	for (unsigned int run = 0; run < 100; run++) {
		put_relay(f, PIECES, 0.4, 0);
		for (size_t k = 0; k < PIECES; k++)
			f->out[(k + 1) * STEP] = (float)(1e5 * (0.8 + 0.4 * noise(f)));
		put_piece(f, 12, 5e6, 5e6);
		assert_false(matches(f, 3, LENIENT_LEAST));
	}
}

/* Pictures by day and by night: the same four sizes again and again. */
static void a_pattern_that_repeats_proves_nothing(void **state)
{
	static const double sizes[] = {1e5, 2.1e5, 4e5, 0.7e5};
	struct fixture *f = *state;

	put_relay(f, PIECES, 0, 0);
	for (size_t k = 0; k < PIECES; k++) {
		double bytes = sizes[k % 4] * (1 + 0.02 * noise(f));

		put_piece(f, k, bytes, bytes);
	}
	assert_false(matches(f, LENIENT_Z, LENIENT_LEAST));
}

/* Both grow: what the next burst brought fits nearly as well. */
static void a_common_trend_proves_nothing(void **state)
{
	struct fixture *f = *state;

	for (unsigned int run = 0; run < 100; run++) {
		put_relay(f, PIECES, 0, 0);
		for (size_t k = 0; k < PIECES; k++) {
			double trend = 2 + sin(0.2 * (double)k);

			put_piece(f, k, 1e5 * (trend + 0.4 * noise(f)),
				  1e5 * (trend + 0.4 * noise(f)));
		}
		assert_false(matches(f, 3, LENIENT_LEAST));
	}
}

/* Both go through the same sizes twice, roughly: any cause may make them do so. */
static void what_fits_a_wrong_order_nearly_as_well_proves_little(void **state)
{
	struct fixture *f = *state;
	unsigned int matched = 0;

	for (unsigned int run = 0; run < 100; run++) {
		double sizes[PIECES / 2];

		put_relay(f, PIECES, 0, 0);
		for (size_t k = 0; k < PIECES / 2; k++)
			sizes[k] = 1e5 * exp(1.5 * (noise(f) - 0.5));
		for (size_t k = 0; k < PIECES; k++) {
			double size = sizes[k % (PIECES / 2)];

			put_piece(f, k, size * (0.7 + 0.6 * noise(f)),
				  size * (0.7 + 0.6 * noise(f)));
		}
		matched += matches(f, 3, 0.8);
	}
	/* 25, and 61 if the wrong order were not looked at. */
	assert_true(matched < 40);
}

/* Nought, one or two of the same chunk. */
static void a_few_chunks_of_one_size_prove_nothing(void **state)
{
	static const unsigned int chunks[] = {1, 2, 1, 1, 3, 1, 1, 2, 1, 1};
	struct fixture *f = *state;

	put_relay(f, 10, 0, 0);
	for (size_t k = 0; k < 10; k++)
		put_piece(f, k, 262144 * chunks[k], 262144 * chunks[k]);
	assert_false(matches(f, LENIENT_Z, LENIENT_LEAST));
	/* As many bursts of their own sizes do. */
	put_relay(f, 10, 1, 0);
	assert_true(matches(f, 3, LENIENT_LEAST));
}

/* A burst now and then of nearly nothing is not what makes two flows alike. */
static void next_to_nothing_on_both_sides_proves_little(void **state)
{
	struct fixture *f = *state;
	unsigned int matched = 0;

	for (unsigned int run = 0; run < 100; run++) {
		put_relay(f, PIECES, 0, 0);
		for (size_t k = 0; k < PIECES; k++) {
			bool is_little = k == 7 || k == 19 || k == 26;
			double share = is_little ? 0.05 * noise(f) : 1;

			put_piece(f, k, 1e5 * share * (0.4 + 1.2 * noise(f)),
				  1e5 * (is_little ? 0.05 : 1) *
					  (0.4 + 1.2 * noise(f)));
		}
		matched += matches(f, 3, 0.8);
	}
	assert_true(matched < 10);
}

static void only_what_came_while_the_source_was_alive_is_compared(void **state)
{
	struct fixture *f = *state;

	put_relay(f, PIECES, 1, 0);
	/* Its first eight pieces came from elsewhere, and its last four. */
	for (size_t s = 0; s < SECONDS; s++)
		if (s < 8 * STEP || s >= 27 * STEP)
			f->in[s] = 0;
	assert_true(matches(f, 6, 0.95));
	assert_in_range(f->fit.count, 17, 19);
}

static void a_burst_that_may_go_on_is_not_compared(void **state)
{
	struct fixture *f = *state;

	put_relay(f, PIECES, 1, 0);
	bursts_make(&f->bursts, f->out, 1);
	assert_int_equal(f->bursts.count, PIECES - 1);
	f->out[SECONDS - 1] = 5e4f;
	bursts_make(&f->bursts, f->out, 1);
	assert_int_equal(f->bursts.count, PIECES - 1);
	/* Nor are its bytes the last one's. */
	assert_true(f->bursts.bytes[PIECES - 1] < 2e5);
	assert_true(f->bursts.starts[PIECES - 1] == PIECES * STEP);
}

static void a_flow_that_is_seldom_silent_has_no_bursts(void **state)
{
	struct fixture *f = *state;

	for (size_t s = 0; s < SECONDS; s++)
		f->out[s] = s % 5 ? 1e4f : 0;
	bursts_make(&f->bursts, f->out, 1);
	assert_int_equal(f->bursts.count, 0);
	for (size_t s = 0; s < SECONDS; s++)
		f->out[s] = s % 5 > 2 ? 1e4f : 0;
	bursts_make(&f->bursts, f->out, 1);
	assert_int_equal(f->bursts.count, BURSTS_MAX);
}

static void messages_are_no_bursts(void **state)
{
	struct fixture *f = *state;

	for (size_t s = 0; s < SECONDS; s += 10)
		f->out[s] = 900;
	bursts_make(&f->bursts, f->out, 1);
	assert_int_equal(f->bursts.count, 0);
	for (size_t s = 0; s < SECONDS; s += 10)
		f->out[s] = 1100;
	bursts_make(&f->bursts, f->out, 1);
	assert_true(f->bursts.count > 50);
}

static void the_newest_bursts_are_kept(void **state)
{
	struct fixture *f = *state;

	for (size_t s = 0; s < SECONDS; s += 4)
		f->out[s] = (float)(1e4 + (double)s);
	bursts_make(&f->bursts, f->out, 1);
	assert_int_equal(f->bursts.count, BURSTS_MAX);
	assert_in_range(f->bursts.starts[BURSTS_MAX], SECONDS - 8, SECONDS - 4);
	for (size_t k = 0; k <= BURSTS_MAX; k++) {
		double bytes = 1e4 + f->bursts.starts[k];

		assert_true(fabs(f->bursts.bytes[k] - bytes) < 1);
	}
}

static void a_pause_within_a_burst_may_be_overlooked(void **state)
{
	struct fixture *f = *state;

	for (size_t s = 0; s + 3 < SECONDS; s += 40)
		f->out[s] = f->out[s + 3] = 1e5f;
	bursts_make(&f->bursts, f->out, 1);
	assert_int_equal(f->bursts.count, 31);
	bursts_make(&f->bursts, f->out, 4);
	assert_int_equal(f->bursts.count, 15);
	assert_true(fabs(f->bursts.bytes[3] - 2e5) < 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_sent_on_matches),
		CASE(the_correlation_must_be_what_is_asked_for),
		CASE(what_varies_by_one_percent_proves_nothing),
		CASE(one_burst_alone_proves_nothing),
		CASE(a_pattern_that_repeats_proves_nothing),
		CASE(a_common_trend_proves_nothing),
		CASE(what_fits_a_wrong_order_nearly_as_well_proves_little),
		CASE(a_few_chunks_of_one_size_prove_nothing),
		CASE(next_to_nothing_on_both_sides_proves_little),
		CASE(only_what_came_while_the_source_was_alive_is_compared),
		CASE(a_burst_that_may_go_on_is_not_compared),
		CASE(a_flow_that_is_seldom_silent_has_no_bursts),
		CASE(messages_are_no_bursts),
		CASE(the_newest_bursts_are_kept),
		CASE(a_pause_within_a_burst_may_be_overlooked),
	};

	return cmocka_run_group_tests_name("bursts", tests, NULL, NULL);
}
