/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rings.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static float in[RINGS_SECONDS], out[RINGS_SECONDS];

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%g is not within %g of %g", value, tolerance, expected);
}

static void seconds_come_back_in_order(void **state)
{
	struct rings r = {0};

	(void)state;
	for (uint32_t second = 100; second < 110; second++)
		rings_push(&r, second, second, 2.0 * second);
	rings_copy(&r, 110, 4, in, out);
	for (size_t i = 0; i < 4; i++) {
		assert_near((double)in[i], 106 + (double)i, 0);
		assert_near((double)out[i], 212 + 2 * (double)i, 0);
	}
	rings_copy(&r, 110, 1, NULL, NULL);
}

static void a_number_is_kept_to_one_in_4096(void **state)
{
	(void)state;
	for (double bytes = 1; bytes < 2e12; bytes = ceil(bytes * 1.0137)) {
		struct rings r = {0};

		rings_push(&r, 5, bytes, 2 * bytes);
		rings_copy(&r, 6, 1, in, out);
		assert_near((double)in[0], bytes, bytes / 4096);
		assert_near((double)out[0], 2 * bytes, bytes / 2048);
	}
}

/* Rounding may make a number a bit longer. */
static void small_numbers_and_edges_are_exact(void **state)
{
	static const double edges[] = {0,    1,	   2047, 2048, 2049,
				       4094, 4095, 4096, 8190, 16376};
	struct rings r = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
		rings_push(&r, (uint32_t)i, edges[i], 0);
	rings_copy(&r, 10, 10, in, out);
	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
		assert_near((double)in[i], edges[i], 0);
	rings_push(&r, 10, 8191, 16379);
	rings_copy(&r, 11, 1, in, out);
	assert_near((double)in[0], 8192, 0);
	assert_near((double)out[0], 16380, 0);
}

static void what_is_too_much_or_no_number_is_bounded(void **state)
{
	struct rings r = {0};

	(void)state;
	rings_push(&r, 0, 1e300, -5);
	rings_push(&r, 1, INFINITY, (double)NAN);
	rings_copy(&r, 2, 2, in, out);
	assert_near((double)in[0], 4095.0 * (1 << 30), 1e6);
	assert_near((double)in[1], (double)in[0], 0);
	assert_near((double)(out[0] + out[1]), 0, 0);
}

static void two_readings_of_a_second_add_up(void **state)
{
	struct rings r = {0};

	(void)state;
	rings_push(&r, 9, 100, 1);
	rings_push(&r, 9, 50, 2);
	assert_int_equal(r.count, 1);
	rings_copy(&r, 10, 1, in, out);
	assert_near((double)in[0], 150, 0);
	assert_near((double)out[0], 3, 0);
}

static void a_second_left_out_is_one_of_nothing(void **state)
{
	struct rings r = {0};

	(void)state;
	for (uint32_t second = 0; second < 2 * RINGS_SECONDS; second++)
		rings_push(&r, second, 5, 5);
	rings_push(&r, 2 * RINGS_SECONDS + 2, 9, 9);
	rings_copy(&r, 2 * RINGS_SECONDS + 3, 4, in, out);
	assert_near((double)in[0], 5, 0);
	assert_near((double)(in[1] + in[2] + out[1] + out[2]), 0, 0);
	assert_near((double)in[3], 9, 0);
	assert_int_equal(r.count, RINGS_SECONDS);
}

static void what_is_older_or_newer_than_the_ring_is_nothing(void **state)
{
	struct rings r = {0};

	(void)state;
	for (uint32_t second = 0; second < 10; second++)
		rings_push(&r, 1000 + second, 7, 7);
	rings_copy(&r, 1015, RINGS_SECONDS, in, out);
	for (size_t i = 0; i < RINGS_SECONDS; i++) {
		size_t age = RINGS_SECONDS - i;

		assert_near((double)in[i], age > 5 && age <= 15 ? 7 : 0, 0);
	}
}

static void a_long_gap_or_a_clock_that_went_back_begins_anew(void **state)
{
	struct rings r = {0};

	(void)state;
	for (uint32_t second = 0; second < RINGS_SECONDS; second++)
		rings_push(&r, 5000 + second, 5, 5);
	rings_push(&r, 5000 + 2 * RINGS_SECONDS, 9, 9);
	assert_int_equal(r.count, 1);
	rings_push(&r, 4000, 3, 3);
	assert_int_equal(r.count, 1);
	rings_copy(&r, 4001, RINGS_SECONDS, in, out);
	assert_near((double)in[RINGS_SECONDS - 1], 3, 0);
	for (size_t i = 0; i + 1 < RINGS_SECONDS; i++)
		assert_near((double)in[i], 0, 0);
}

/* One burst a minute: silence over 8 s, a rate over 64 and 512. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_come_back_in_order),
		cmocka_unit_test(a_number_is_kept_to_one_in_4096),
		cmocka_unit_test(small_numbers_and_edges_are_exact),
		cmocka_unit_test(what_is_too_much_or_no_number_is_bounded),
		cmocka_unit_test(two_readings_of_a_second_add_up),
		cmocka_unit_test(a_second_left_out_is_one_of_nothing),
		cmocka_unit_test(what_is_older_or_newer_than_the_ring_is_nothing),
		cmocka_unit_test(a_long_gap_or_a_clock_that_went_back_begins_anew),
	};

	return cmocka_run_group_tests_name("rings", tests, NULL, NULL);
}
