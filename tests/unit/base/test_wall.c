/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/wall.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* POSIX rules, so that no zone file is needed. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define UTC_EPOCH(day, hour, minute) ((day)*86400ll + (hour)*3600 + (minute)*60)

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
}

static void days_are_those_of_the_calendar(void **state)
{
	static const struct {
		int year;
		unsigned int month, day;
		int32_t number;
		unsigned int weekday;
	} cases[] = {
		{1970, 1, 1, 0, 3},	  {1969, 12, 31, -1, 2},
		{2000, 2, 29, 11016, 1},  {2026, 11, 28, 20785, 5},
		{2026, 11, 30, 20787, 0}, {2100, 3, 1, 47541, 0},
		{1600, 1, 1, -135140, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned int month, day;
		int year;

		assert_int_equal(wall_day(cases[i].year, cases[i].month, cases[i].day),
				 cases[i].number);
		assert_int_equal(wall_weekday(cases[i].number), cases[i].weekday);
		wall_date(cases[i].number, &year, &month, &day);
		assert_int_equal(year, cases[i].year);
		assert_int_equal(month, cases[i].month);
		assert_int_equal(day, cases[i].day);
	}
}

static void every_day_of_a_thousand_years_comes_back(void **state)
{
	int32_t first = wall_day(1500, 1, 1), last = wall_day(2500, 1, 1);
	unsigned int weekday = wall_weekday(first);

	(void)state;
	for (int32_t i = first; i < last; i++) {
		unsigned int month, day;
		int year;

		wall_date(i, &year, &month, &day);
		assert_int_equal(wall_day(year, month, day), i);
		assert_int_equal(wall_weekday(i), weekday);
		weekday = (weekday + 1) % 7;
	}
}

static void the_clock_is_that_of_the_time_zone(void **state)
{
	const int64_t epoch = UTC_EPOCH(20785, 23, 30);
	struct wall_time t;

	(void)state;
	set_zone("UTC0");
	wall_time_at(epoch, &t);
	assert_int_equal(t.day, 20785);
	assert_int_equal(t.minute, 23 * 60 + 30);
	/* Changed while the program runs. */
	set_zone(BERLIN);
	wall_time_at(epoch, &t);
	assert_int_equal(t.day, 20786);
	assert_int_equal(t.minute, 30);
	set_zone("EST5");
	wall_time_at(epoch, &t);
	assert_int_equal(t.day, 20785);
	assert_int_equal(t.minute, 18 * 60 + 30);
}

static void a_clock_put_forward_leaves_an_hour_out(void **state)
{
	const int32_t day = wall_day(2026, 3, 29);
	struct wall_time t;

	(void)state;
	set_zone(BERLIN);
	wall_time_at(UTC_EPOCH(day, 0, 59), &t);
	assert_int_equal(t.minute, 119);
	wall_time_at(UTC_EPOCH(day, 1, 0), &t);
	assert_int_equal(t.day, day);
	assert_int_equal(t.minute, 180);
	/* The day has 23 hours. */
	assert_int_equal(wall_epoch(day + 1, 0) - wall_epoch(day, 0), 23 * 3600);
	assert_int_equal(wall_epoch(day, 180), UTC_EPOCH(day, 1, 0));
}

static void a_clock_put_back_shows_an_hour_twice(void **state)
{
	const int32_t day = wall_day(2026, 10, 25);
	struct wall_time t;

	(void)state;
	set_zone(BERLIN);
	wall_time_at(UTC_EPOCH(day, 0, 30), &t);
	assert_int_equal(t.minute, 150);
	wall_time_at(UTC_EPOCH(day, 1, 30), &t);
	assert_int_equal(t.minute, 150);
	assert_int_equal(wall_epoch(day + 1, 0) - wall_epoch(day, 0), 25 * 3600);
}

static void minutes_beyond_a_day_are_of_later_days(void **state)
{
	(void)state;
	set_zone(BERLIN);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(wall_epoch(20000, i * WALL_DAY_MINUTES + 61),
				 wall_epoch(20000 + (int32_t)i, 61));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_are_those_of_the_calendar),
		cmocka_unit_test(every_day_of_a_thousand_years_comes_back),
		cmocka_unit_test(the_clock_is_that_of_the_time_zone),
		cmocka_unit_test(a_clock_put_forward_leaves_an_hour_out),
		cmocka_unit_test(a_clock_put_back_shows_an_hour_twice),
		cmocka_unit_test(minutes_beyond_a_day_are_of_later_days),
	};

	return cmocka_run_group_tests_name("wall", tests, NULL, NULL);
}
