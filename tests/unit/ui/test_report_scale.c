/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HOUR 3600
#define NEAR 1e-6

/* 2026-03-02 00:00:00 in UTC, a Monday. */
#define MONDAY INT64_C(1772409600)

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void marks_of_rates_are_round_and_reach_the_largest(void **state)
{
	static const struct {
		double largest, step, top, unit;
		const char *name;
	} cases[] = {
		{94.2e6, 50e6, 100e6, 1e6, "Mbit/s"},
		{8e6, 5e6, 10e6, 1e6, "Mbit/s"},
		{2e6, 1e6, 2e6, 1e6, "Mbit/s"},
		{256e3, 100e3, 300e3, 1e3, "kbit/s"},
		{3.1e9, 2e9, 4e9, 1e9, "Gbit/s"},
		{0, 1e3, 1e3, 1e3, "kbit/s"},
		{1, 1e3, 1e3, 1e3, "kbit/s"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct value_scale s;

		scale_rates(cases[i].largest, 3, &s);
		assert_float_equal(s.step, cases[i].step, NEAR);
		assert_float_equal(s.top, cases[i].top, NEAR);
		assert_float_equal(s.unit, cases[i].unit, NEAR);
		assert_string_equal(s.unit_name, cases[i].name);
	}
}

static void what_is_counted_has_whole_marks(void **state)
{
	struct value_scale s;

	(void)state;
	scale_counts(2, 4, &s);
	assert_float_equal(s.step, 1, NEAR);
	assert_float_equal(s.top, 2, NEAR);
	scale_counts(37, 4, &s);
	assert_float_equal(s.step, 10, NEAR);
	assert_float_equal(s.top, 40, NEAR);
}

static void a_day_is_marked_at_round_hours(void **state)
{
	struct time_tick ticks[SCALE_TICKS_MAX];
	size_t count;

	(void)state;
	set_zone("UTC");
	count = scale_times(MONDAY + 10 * HOUR + 120, MONDAY + 34 * HOUR + 120, 10,
			    ticks);
	assert_int_equal(count, 8);
	assert_int_equal(ticks[0].time, MONDAY + 12 * HOUR);
	assert_string_equal(ticks[0].label, "12:00");
	assert_string_equal(ticks[4].label, "3 Mar");
	assert_string_equal(ticks[5].label, "03:00");
}

static void a_month_is_marked_by_days(void **state)
{
	struct time_tick ticks[SCALE_TICKS_MAX];
	size_t count;

	(void)state;
	set_zone("UTC");
	count = scale_times(MONDAY, MONDAY + 30 * 24 * HOUR, 10, ticks);
	assert_in_range(count, 3, 10);
	for (size_t i = 0; i < count; i++)
		assert_int_equal((ticks[i].time - MONDAY) % (24 * HOUR), 0);
	assert_string_equal(ticks[0].label, "2 Mar");
}

static void marks_stay_round_where_the_clock_changes(void **state)
{
	const int64_t march_28 = INT64_C(1774652400); /* midnight, UTC+1 */
	struct time_tick ticks[SCALE_TICKS_MAX];
	size_t count;

	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	count = scale_times(march_28, march_28 + 71 * HOUR, 10, ticks);
	assert_in_range(count, 3, 10);
	for (size_t i = 0; i < count; i++)
		assert_true(strcmp(ticks[i].label + strlen(ticks[i].label) - 3,
				   ":00") == 0 ||
			    strstr(ticks[i].label, "Mar"));
	assert_string_equal(ticks[0].label, "28 Mar");
	set_zone("UTC");
}

static void no_time_has_no_marks(void **state)
{
	struct time_tick ticks[SCALE_TICKS_MAX];

	(void)state;
	assert_int_equal(scale_times(MONDAY, MONDAY, 10, ticks), 0);
	assert_int_equal(scale_times(MONDAY, MONDAY - 1, 10, ticks), 0);
}

static void ten_years_have_no_more_marks_than_there_is_room(void **state)
{
	struct time_tick ticks[SCALE_TICKS_MAX];

	(void)state;
	assert_in_range(
		scale_times(MONDAY, MONDAY + INT64_C(10) * 366 * 24 * HOUR, 10, ticks),
		1, SCALE_TICKS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_of_rates_are_round_and_reach_the_largest),
		cmocka_unit_test(what_is_counted_has_whole_marks),
		cmocka_unit_test(a_day_is_marked_at_round_hours),
		cmocka_unit_test(a_month_is_marked_by_days),
		cmocka_unit_test(marks_stay_round_where_the_clock_changes),
		cmocka_unit_test(no_time_has_no_marks),
		cmocka_unit_test(ten_years_have_no_more_marks_than_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
