/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/series.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH 64

static float in[SERIES_LENGTH], out[SERIES_LENGTH];

static void assert_near(double value, double expected, double tolerance)
{
	if (fabs(value - expected) > tolerance)
		fail_msg("%g is not within %g of %g", value, tolerance, expected);
}

static float noise(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (float)(*seed >> 8) / (float)(1u << 24);
}

static void samples_come_back_in_order(void **state)
{
	struct series s = {0};

	(void)state;
	for (uint32_t tick = 100; tick < 110; tick++)
		series_push(&s, tick, (float)tick, (float)tick * 2);
	series_copy(&s, 110, 4, in, out);
	for (size_t i = 0; i < 4; i++) {
		assert_near(in[i], 106 + (double)i, 0);
		assert_near(out[i], 212 + 2 * (double)i, 0);
	}
}

static void before_its_first_sample_a_series_is_zero(void **state)
{
	struct series s = {0};

	(void)state;
	series_push(&s, 7, 1, 2);
	series_push(&s, 8, 3, 4);
	series_copy(&s, 9, 4, in, out);
	assert_near(in[0] + in[1] + out[0] + out[1], 0, 0);
	assert_near(in[2], 1, 0);
	assert_near(out[3], 4, 0);
}

static void a_missed_tick_is_a_sample_of_nothing(void **state)
{
	struct series s = {0};

	(void)state;
	for (uint32_t tick = 0; tick < 2 * SERIES_LENGTH; tick++)
		series_push(&s, tick, 5, 5);
	series_push(&s, 2 * SERIES_LENGTH + 2, 9, 9);
	series_copy(&s, 2 * SERIES_LENGTH + 3, 4, in, out);
	assert_near(in[0], 5, 0);
	assert_near(in[1] + in[2], 0, 0);
	assert_near(in[3], 9, 0);
	assert_int_equal(s.count, SERIES_LENGTH);
}

static void a_long_gap_begins_anew(void **state)
{
	struct series s = {0};

	(void)state;
	for (uint32_t tick = 0; tick < SERIES_LENGTH; tick++)
		series_push(&s, tick, 5, 5);
	series_push(&s, 2 * SERIES_LENGTH, 9, 9);
	assert_int_equal(s.count, 1);
	series_copy(&s, 2 * SERIES_LENGTH + 1, SERIES_LENGTH, in, out);
	for (size_t i = 0; i + 1 < SERIES_LENGTH; i++)
		assert_near(in[i], 0, 0);
	assert_near(in[SERIES_LENGTH - 1], 9, 0);
}

static void a_tick_that_went_back_begins_anew(void **state)
{
	struct series s = {0};

	(void)state;
	series_push(&s, 10, 5, 5);
	series_push(&s, 9, 6, 6);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.end, 10);
}

static void the_tick_number_may_wrap(void **state)
{
	struct series s = {0};

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		series_push(&s, UINT32_MAX - 3 + i, (float)i, 0);
	assert_int_equal(s.count, 8);
	series_copy(&s, 4, 8, in, out);
	for (size_t i = 0; i < 8; i++)
		assert_near(in[i], (double)i, 0);
}

static void samples_after_the_newest_are_zero(void **state)
{
	struct series s = {0};

	(void)state;
	/* A full one: behind the newest sample lies the oldest. */
	for (uint32_t tick = 0; tick < 2 * SERIES_LENGTH; tick++)
		series_push(&s, tick, 1, 1);
	series_copy(&s, 2 * SERIES_LENGTH + 2, 3, in, out);
	assert_near(in[0], 1, 0);
	assert_near(in[1] + in[2], 0, 0);
}

static void ranks_have_mean_0_and_variance_1(void **state)
{
	uint16_t order[LENGTH];
	float x[LENGTH];
	double sum = 0, square = 0;
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < LENGTH; i++)
		x[i] = noise(&seed) < 0.3f ? 0 : noise(&seed);
	assert_true(series_rank(x, LENGTH, order) > LENGTH / 2);
	for (size_t i = 0; i < LENGTH; i++) {
		sum += (double)x[i];
		square += (double)x[i] * (double)x[i];
	}
	assert_near(sum / LENGTH, 0, 1e-5);
	assert_near(square / LENGTH, 1, 1e-5);
}

static void ties_share_their_mean_rank(void **state)
{
	float x[5] = {7, 1, 7, 3, 7};
	uint16_t order[5];

	(void)state;
	assert_int_equal(series_rank(x, 5, order), 2);
	assert_true(x[0] == x[2] && x[2] == x[4]);
	assert_true(x[1] < x[3] && x[3] < x[0]);
	/* Ranks 0, 1, 3, 3, 3 about their mean of 2. */
	assert_near(x[1] / x[0], -2, 1e-5);
	assert_near(x[3] / x[0], -1, 1e-5);
}

static void equal_values_have_no_ranks(void **state)
{
	float x[LENGTH], unchanged[LENGTH];
	uint16_t order[LENGTH];

	(void)state;
	for (size_t i = 0; i < LENGTH; i++)
		x[i] = unchanged[i] = 3;
	assert_int_equal(series_rank(x, LENGTH, order), 0);
	assert_memory_equal(x, unchanged, sizeof(x));
	assert_int_equal(series_rank(x, 0, order), 0);
	assert_int_equal(series_rank(x, SERIES_LENGTH + 1, order), 0);
}

/* At any level: rounding must not make a shape of a straight line. */
static void a_flat_series_has_no_ranks_once_prewhitened(void **state)
{
	static const size_t lengths[] = {40, 41, 67, 100, 127, 128};

	(void)state;
	for (size_t l = 0; l < sizeof(lengths) / sizeof(*lengths); l++) {
		for (float level = 1; level < 1e8f; level *= 1.37f) {
			float x[SERIES_LENGTH];
			uint16_t order[SERIES_LENGTH];

			for (size_t i = 0; i < lengths[l]; i++)
				x[i] = level;
			series_prewhiten(x, lengths[l]);
			if (series_rank(x, lengths[l], order) != 0)
				fail_msg("%zu samples of %g", lengths[l],
					 (double)level);
		}
	}
}

/* Neighbours that correlate would let two unrelated flows do so as well. */
static void prewhitening_takes_out_what_lasts(void **state)
{
	float x[SERIES_LENGTH], drift = 0;
	double cross = 0, square = 0;
	uint32_t seed = 2;

	(void)state;
	for (size_t i = 0; i < SERIES_LENGTH; i++) {
		drift = 0.9f * drift + noise(&seed) - 0.5f;
		x[i] = 200 * (expf(3 + drift) - 1);
	}
	series_prewhiten(x, SERIES_LENGTH);
	for (size_t i = 1; i < SERIES_LENGTH; i++) {
		cross += (double)(x[i] * x[i - 1]);
		square += (double)(x[i] * x[i]);
	}
	assert_true(fabs(cross / square) < 0.25);
	series_prewhiten(x, 0);
}

static void prewhitening_keeps_noise_as_it_is(void **state)
{
	float x[LENGTH], y[LENGTH];
	uint32_t seed = 3;
	uint16_t order[LENGTH];

	(void)state;
	for (size_t i = 0; i < LENGTH; i++)
		x[i] = y[i] = 20000 * noise(&seed);
	series_prewhiten(x, LENGTH);
	assert_true(series_rank(x, LENGTH, order) && series_rank(y, LENGTH, order));
	assert_true(series_correlation(x, y, LENGTH, 0) > 0.9f);
}

static void correlation_finds_the_shift(void **state)
{
	float x[LENGTH], y[LENGTH];
	uint16_t order[LENGTH];
	uint32_t seed = 4;

	(void)state;
	for (size_t i = 0; i < LENGTH; i++)
		x[i] = noise(&seed);
	for (size_t i = 0; i < LENGTH; i++)
		y[(i + 5) % LENGTH] = x[i];
	assert_true(series_rank(x, LENGTH, order) && series_rank(y, LENGTH, order));
	assert_near((double)series_correlation(x, y, LENGTH, 5), 1, 1e-5);
	assert_near((double)series_correlation(y, x, LENGTH, LENGTH - 5), 1, 1e-5);
	assert_true(series_correlation(x, y, LENGTH, 4) < 0.5f);
	assert_true(series_correlation(y, x, LENGTH, 5) < 0.5f);
}

static void the_normal_tail_agrees_with_tables(void **state)
{
	(void)state;
	assert_near(normal_tail_z(0.158655), 1, 1e-4);
	assert_near(normal_tail_z(0.025), 1.959964, 1e-5);
	assert_near(normal_tail_z(1e-3), 3.090232, 1e-5);
	assert_near(normal_tail_z(1e-9), 5.997807, 1e-5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_come_back_in_order),
		cmocka_unit_test(before_its_first_sample_a_series_is_zero),
		cmocka_unit_test(a_missed_tick_is_a_sample_of_nothing),
		cmocka_unit_test(a_long_gap_begins_anew),
		cmocka_unit_test(a_tick_that_went_back_begins_anew),
		cmocka_unit_test(the_tick_number_may_wrap),
		cmocka_unit_test(samples_after_the_newest_are_zero),
		cmocka_unit_test(ranks_have_mean_0_and_variance_1),
		cmocka_unit_test(ties_share_their_mean_rank),
		cmocka_unit_test(equal_values_have_no_ranks),
		cmocka_unit_test(a_flat_series_has_no_ranks_once_prewhitened),
		cmocka_unit_test(prewhitening_takes_out_what_lasts),
		cmocka_unit_test(prewhitening_keeps_noise_as_it_is),
		cmocka_unit_test(correlation_finds_the_shift),
		cmocka_unit_test(the_normal_tail_agrees_with_tables),
	};

	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
