/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/when.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* Sunday, 2026-03-01 10:17:42 UTC, 11:17:42 in Berlin. */
#define NOW 1772360262
#define MIDNIGHT 1772319600 /* there */
#define HOUR 3600

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return 0;
}

static int64_t when(const char *text)
{
	int64_t epoch = -1;

	if (when_parse(text, NOW, &epoch) < 0)
		fail_msg("'%s' was refused", text);
	return epoch;
}

static void durations_are_ago(void **state)
{
	(void)state;
	assert_int_equal(when("2h"), NOW - 2 * HOUR);
	assert_int_equal(when("90s"), NOW - 90);
	assert_int_equal(when("1d"), NOW - 24 * HOUR);
	assert_int_equal(when("now"), NOW);
}

static void days_begin_at_midnight_here(void **state)
{
	(void)state;
	assert_int_equal(when("today"), MIDNIGHT);
	assert_int_equal(when("yesterday"), MIDNIGHT - 24 * HOUR);
	assert_int_equal(when("2026-03-01"), MIDNIGHT);
	assert_int_equal(when("1970-01-01"), -HOUR);
}

static void a_time_of_day_is_the_last_one(void **state)
{
	(void)state;
	assert_int_equal(when("11:00"), MIDNIGHT + 11 * HOUR);
	assert_int_equal(when("11:17:42"), NOW);
	assert_int_equal(when("22:00"), MIDNIGHT - 2 * HOUR);
}

static void a_day_has_times(void **state)
{
	(void)state;
	assert_int_equal(when("yesterday 22:00"), MIDNIGHT - 2 * HOUR);
	assert_int_equal(when("today 00:30"), MIDNIGHT + HOUR / 2);
	assert_int_equal(when("2026-03-01 11:17:42"), NOW);
	assert_int_equal(when("2026-03-01T11:17:42"), NOW);
}

static void with_a_zone_it_is_the_same_everywhere(void **state)
{
	(void)state;
	assert_int_equal(when("2026-03-01T10:17:42Z"), NOW);
	assert_int_equal(when("2026-03-01T11:17:42+01:00"), NOW);
	assert_int_equal(when("2026-03-01T04:47:42-05:30"), NOW);
}

/* 2026-03-29, 2:00 to 3:00; 2026-10-25, 3:00 to 2:00. */
static void days_that_are_shorter_or_longer_have_their_midnights(void **state)
{
	(void)state;
	assert_int_equal(when("2026-03-30") - when("2026-03-29"), 23 * HOUR);
	assert_int_equal(when("2026-10-26") - when("2026-10-25"), 25 * HOUR);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"soon",
		"2",
		"-2h",
		"25:00",
		"11:60",
		"11:00:60",
		"1:00",
		"2026-13-01",
		"2026-02-29",
		"2026-3-1",
		"26-03-01",
		"yesterday ",
		"yesterday 2h",
		"2026-03-01 ",
		"2026-03-01X",
		"2026-03-01T11",
		"2026-03-01T11:00+1",
		"10000-01-01",
		"2026-03-01T11:00Zz",
		"99999999999d",
		"todayT",
		"2026-03-01Z",
		"0000-01-01",
	};
	int64_t epoch = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (when_parse(wrong[i], NOW, &epoch) != -EINVAL)
			fail_msg("'%s' was taken", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_ago),
		cmocka_unit_test(days_begin_at_midnight_here),
		cmocka_unit_test(a_time_of_day_is_the_last_one),
		cmocka_unit_test(a_day_has_times),
		cmocka_unit_test(with_a_zone_it_is_the_same_everywhere),
		cmocka_unit_test(days_that_are_shorter_or_longer_have_their_midnights),
		cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
