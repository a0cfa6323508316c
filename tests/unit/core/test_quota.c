/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/wall.h"
#include "core/quota.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DAY_S 86400u

static void a_week_begins_on_monday_and_a_month_with_its_first(void **state)
{
	int32_t thursday = wall_day(2026, 12, 31);

	(void)state;
	assert_int_equal(quota_period_of(QUOTA_DAY, thursday), thursday);
	assert_int_equal(quota_period_of(QUOTA_WEEK, thursday), wall_day(2026, 12, 28));
	assert_int_equal(quota_period_of(QUOTA_MONTH, thursday), wall_day(2026, 12, 1));
	/* Over the turn of the year. */
	assert_int_equal(quota_period_of(QUOTA_WEEK, thursday + 3),
			 wall_day(2026, 12, 28));
	assert_int_equal(quota_period_of(QUOTA_WEEK, thursday + 4),
			 wall_day(2027, 1, 4));
}

/* On every day of ten years with their leap days. */
static void periods_follow_each_other_without_a_gap(void **state)
{
	(void)state;
	for (enum quota_unit u = QUOTA_DAY; u <= QUOTA_MONTH; u++)
		for (int32_t day = wall_day(2023, 1, 1); day < wall_day(2033, 1, 1);
		     day++) {
			int32_t period = quota_period_of(u, day);
			int32_t next = quota_period_after(u, period);

			assert_true(period <= day && day < next);
			assert_int_equal(quota_period_of(u, next), next);
			assert_int_equal(quota_period_of(u, next - 1), period);
		}
}

static void a_new_period_begins_with_nothing_used(void **state)
{
	int32_t last = wall_day(2026, 11, 30);
	struct quota_account a = {.period = wall_day(2026, 11, 1), .used = 700};

	(void)state;
	assert_false(quota_turn(&a, QUOTA_MONTH, last, 60));
	assert_int_equal(a.used, 700);
	assert_true(quota_turn(&a, QUOTA_MONTH, last + 1, 60));
	assert_int_equal(a.used, 0);
	assert_int_equal(a.period, last + 1);
	assert_false(quota_turn(&a, QUOTA_MONTH, last + 1, 60));
	/* The machine was off for three months. */
	a.used = 5;
	assert_true(quota_turn(&a, QUOTA_MONTH, wall_day(2027, 3, 9), 60));
	assert_int_equal(a.period, wall_day(2027, 3, 1));
}

static void a_clock_set_back_returns_nothing_and_gives_nothing_twice(void **state)
{
	int32_t day = wall_day(2026, 11, 28);
	struct quota_account a = {.period = day, .used = 700};

	(void)state;
	assert_false(quota_turn(&a, QUOTA_DAY, day - 1, 3600));
	assert_int_equal(a.used, 700);
	assert_int_equal(a.held_s, 3600);
	assert_true(quota_count(&a, 900, 1000));
	/* It comes by again: the same period, and what is used of it. */
	assert_false(quota_turn(&a, QUOTA_DAY, day, 3600));
	assert_int_equal(a.used, 900);
	assert_int_equal(a.held_s, 0);
	assert_true(quota_turn(&a, QUOTA_DAY, day + 1, 3600));
	assert_int_equal(a.used, 0);
}

static void a_clock_of_1970_holds_until_it_is_right(void **state)
{
	struct quota_account a = {.period = wall_day(2026, 11, 1), .used = 700};

	(void)state;
	for (int minute = 0; minute < 30; minute++)
		assert_false(quota_turn(&a, QUOTA_MONTH, 0, 60));
	assert_false(quota_turn(&a, QUOTA_MONTH, wall_day(2026, 11, 28), 60));
	assert_int_equal(a.used, 700);
}

static void a_clock_that_was_far_ahead_is_held_for_one_period(void **state)
{
	int32_t today = wall_day(2026, 11, 28);
	struct quota_account a = {.period = wall_day(2038, 1, 1), .used = 700};
	unsigned int days = 0;

	(void)state;
	while (!quota_turn(&a, QUOTA_MONTH, today + (int32_t)days, DAY_S))
		days++;
	assert_int_equal(days + 1, 31);
	assert_int_equal(a.used, 0);
	assert_int_equal(a.period, wall_day(2026, 12, 1));
}

/* To the east it is tomorrow sooner, to the west it is yesterday again. */
static void another_time_zone_is_a_clock_that_was_set(void **state)
{
	int32_t day = 20785;
	struct quota_account a = {.period = day, .used = 1};

	(void)state;
	assert_true(quota_turn(&a, QUOTA_DAY, day + 1, 1));
	a.used = 3;
	assert_false(quota_turn(&a, QUOTA_DAY, day, 1));
	assert_int_equal(a.used, 3);
}

static void what_the_kernel_has_counted_is_used(void **state)
{
	struct quota_account a = {.used = 300};

	(void)state;
	assert_true(quota_count(&a, 300, 1000));
	assert_int_equal(a.used, 300);
	assert_true(quota_count(&a, 450, 1000));
	assert_int_equal(a.used, 450);
	assert_int_equal(quota_left(&a, 1000), 550);
	assert_true(quota_count(&a, 1000, 1000));
	assert_int_equal(quota_left(&a, 1000), 0);
}

static void an_object_smaller_than_what_is_used_is_no_reset(void **state)
{
	struct quota_account a = {.used = 5000};

	(void)state;
	/* Less is granted than was used: it began full. */
	assert_true(quota_count(&a, 1000, 1000));
	assert_int_equal(a.used, 5000);
	assert_int_equal(quota_left(&a, 1000), 0);
}

static void what_somebody_has_reset_is_counted_on(void **state)
{
	struct quota_account a = {.used = 300};

	(void)state;
	assert_false(quota_count(&a, 20, 1000));
	assert_int_equal(a.used, 320);
}

static void of_store_and_kernel_the_one_that_knows_more_is_believed(void **state)
{
	struct quota_account a = {.period = 20000, .used = 300};

	(void)state;
	quota_adopt(&a, 20000, 200);
	assert_int_equal(a.used, 300);
	quota_adopt(&a, 20000, 400);
	assert_int_equal(a.used, 400);
	quota_adopt(&a, 19999, 4000);
	assert_int_equal(a.used, 400);
	quota_adopt(&a, 20001, 7);
	assert_int_equal(a.used, 7);
	assert_int_equal(a.period, 20001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_week_begins_on_monday_and_a_month_with_its_first),
		cmocka_unit_test(periods_follow_each_other_without_a_gap),
		cmocka_unit_test(a_new_period_begins_with_nothing_used),
		cmocka_unit_test(
			a_clock_set_back_returns_nothing_and_gives_nothing_twice),
		cmocka_unit_test(a_clock_of_1970_holds_until_it_is_right),
		cmocka_unit_test(a_clock_that_was_far_ahead_is_held_for_one_period),
		cmocka_unit_test(another_time_zone_is_a_clock_that_was_set),
		cmocka_unit_test(what_the_kernel_has_counted_is_used),
		cmocka_unit_test(an_object_smaller_than_what_is_used_is_no_reset),
		cmocka_unit_test(what_somebody_has_reset_is_counted_on),
		cmocka_unit_test(
			of_store_and_kernel_the_one_that_knows_more_is_believed),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
