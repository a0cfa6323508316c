/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences of totals, and which minute, hour, day and month a moment is in. */
#include "core/usage.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* 2026-03-01 10:17:42 UTC */
#define MOMENT 1772360262
#define HOUR 3600

static int64_t bucket_at(enum usage_span span, int64_t epoch)
{
	struct wall_time wall;

	wall_time_at(epoch, &wall);
	return usage_bucket(span, epoch, &wall);
}

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static int to_utc(void **state)
{
	(void)state;
	set_zone("UTC");
	return 0;
}

/* --- meters ------------------------------------------------------------------------
 */

static void what_was_seen_is_not_counted_again(void **state)
{
	struct app app = {.first_ns = 1, .totals = {100, 200, 10, 20}};
	struct usage_meter meter = {0};
	struct usage_bytes b = usage_meter_read(&meter, &app);

	(void)state;
	assert_int_equal(b.in, 100);
	assert_int_equal(b.out, 200);
	assert_int_equal(b.relayed_in, 10);
	assert_int_equal(b.relayed_out, 20);
	b = usage_meter_read(&meter, &app);
	assert_true(usage_is_empty(&b));
	app.totals.bytes_out += 7;
	b = usage_meter_read(&meter, &app);
	assert_int_equal(b.out, 7);
	assert_int_equal(b.in, 0);
}

static void another_with_the_same_number_begins_at_zero(void **state)
{
	struct app app = {.first_ns = 1, .totals = {1000, 0, 0, 0}};
	struct usage_meter meter = {0};

	(void)state;
	usage_meter_read(&meter, &app);
	app = (struct app){.first_ns = 2, .totals = {30, 0, 0, 0}};
	assert_int_equal(usage_meter_read(&meter, &app).in, 30);
}

static void a_total_that_goes_down_counts_neither_below_zero_nor_twice(void **state)
{
	struct app app = {.first_ns = 1, .totals = {0, 0, 500, 0}};
	struct usage_meter meter = {0};

	(void)state;
	usage_meter_read(&meter, &app);
	app.totals.relayed_in = 400;
	assert_int_equal(usage_meter_read(&meter, &app).relayed_in, 0);
	app.totals.relayed_in = 510;
	assert_int_equal(usage_meter_read(&meter, &app).relayed_in, 10);
}

/* --- buckets -----------------------------------------------------------------------
 */

static void a_moment_is_in_its_minute_hour_day_and_month(void **state)
{
	(void)state;
	assert_int_equal(bucket_at(USAGE_MINUTE, MOMENT), MOMENT - 42);
	assert_int_equal(bucket_at(USAGE_HOUR, MOMENT), MOMENT - 42 - 17 * 60);
	assert_int_equal(bucket_at(USAGE_DAY, MOMENT), wall_day(2026, 3, 1));
	assert_int_equal(bucket_at(USAGE_MONTH, MOMENT), wall_day(2026, 3, 1));
	assert_int_equal(bucket_at(USAGE_MONTH, MOMENT - 24 * HOUR),
			 wall_day(2026, 2, 1));
	assert_int_equal(usage_bucket_epoch(USAGE_DAY, wall_day(2026, 3, 1)),
			 MOMENT - MOMENT % 86400);
}

static void before_1970_minutes_begin_before_their_seconds(void **state)
{
	(void)state;
	assert_int_equal(bucket_at(USAGE_MINUTE, -1), -60);
	assert_int_equal(bucket_at(USAGE_HOUR, -1), -HOUR);
}

static void buckets_before_are_counted_in_their_own_measure(void **state)
{
	(void)state;
	assert_int_equal(usage_bucket_before(USAGE_MINUTE, 600, 3), 420);
	assert_int_equal(usage_bucket_before(USAGE_HOUR, 7200, 1), 3600);
	assert_int_equal(usage_bucket_before(USAGE_DAY, wall_day(2026, 3, 1), 1),
			 wall_day(2026, 2, 28));
	assert_int_equal(usage_bucket_before(USAGE_MONTH, wall_day(2026, 3, 1), 12),
			 wall_day(2025, 3, 1));
	assert_int_equal(usage_bucket_before(USAGE_MONTH, wall_day(2026, 3, 1), 0),
			 wall_day(2026, 3, 1));
}

/* Berlin, 2026-10-25: at 3:00 the clock goes back to 2:00. */
static void the_hour_that_comes_twice_is_two(void **state)
{
	const int64_t first = 1792888200; /* 02:30 CEST */

	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(bucket_at(USAGE_HOUR, first + HOUR) -
				 bucket_at(USAGE_HOUR, first),
			 HOUR);
	assert_int_equal(bucket_at(USAGE_DAY, first + HOUR),
			 bucket_at(USAGE_DAY, first));
	assert_int_equal(bucket_at(USAGE_DAY, first), wall_day(2026, 10, 25));
}

/* Berlin, 2026-03-29: at 2:00 the clock goes to 3:00; the day has 23 hours. */
static void the_hour_that_never_comes_is_none(void **state)
{
	const int64_t last = 1774745940; /* 01:59 CET */

	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(bucket_at(USAGE_HOUR, last + 60) - bucket_at(USAGE_HOUR, last),
			 HOUR);
	assert_int_equal(usage_bucket_epoch(USAGE_DAY, wall_day(2026, 3, 30)) -
				 usage_bucket_epoch(USAGE_DAY, wall_day(2026, 3, 29)),
			 23 * HOUR);
}

static void hours_begin_where_the_clock_shows_them(void **state)
{
	(void)state;
	set_zone("IST-5:30");
	/* 15:47:42 there. */
	assert_int_equal(bucket_at(USAGE_HOUR, MOMENT), MOMENT - 42 - 47 * 60);
}

static void a_day_stays_the_same_day_in_another_zone(void **state)
{
	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(bucket_at(USAGE_DAY, MOMENT), wall_day(2026, 3, 1));
	set_zone("EST5");
	assert_int_equal(bucket_at(USAGE_DAY, MOMENT), wall_day(2026, 3, 1));
}

static void spans_have_names_that_lead_back(void **state)
{
	enum usage_span span = USAGE_SPAN_COUNT;

	(void)state;
	assert_true(usage_span_parse("month", &span));
	assert_int_equal(span, USAGE_MONTH);
	assert_string_equal(usage_span_name(USAGE_MINUTE), "minute");
	assert_false(usage_span_parse("week", &span));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_seen_is_not_counted_again),
		cmocka_unit_test(another_with_the_same_number_begins_at_zero),
		cmocka_unit_test(
			a_total_that_goes_down_counts_neither_below_zero_nor_twice),
		cmocka_unit_test_setup(a_moment_is_in_its_minute_hour_day_and_month,
				       to_utc),
		cmocka_unit_test_setup(before_1970_minutes_begin_before_their_seconds,
				       to_utc),
		cmocka_unit_test_setup(buckets_before_are_counted_in_their_own_measure,
				       to_utc),
		cmocka_unit_test(the_hour_that_comes_twice_is_two),
		cmocka_unit_test(the_hour_that_never_comes_is_none),
		cmocka_unit_test(hours_begin_where_the_clock_shows_them),
		cmocka_unit_test(a_day_stays_the_same_day_in_another_zone),
		cmocka_unit_test(spans_have_names_that_lead_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
