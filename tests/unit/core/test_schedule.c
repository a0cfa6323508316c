/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schedules as the policy has them, at times of a week. */
#include "../support/policies.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MONDAY 20787 /* 2026-11-30 */
enum { MON, TUE, WED, THU, FRI, SAT, SUN };

/* Of one section, "x", with that schedule. */
static struct policy *with(const char *schedule)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "[app x]\nmatch.exe = /x\nrate_up = 1mbit\nschedule = %s\n", schedule);
	return policies_parse(text);
}

static const char *error_with(const char *schedule)
{
	char text[512];

	snprintf(text, sizeof(text), "[app x]\nmatch.exe = /x\nschedule = %s\n",
		 schedule);
	return policies_error_of(text);
}

static struct wall_time at(int day, unsigned int hour, unsigned int minute)
{
	return (struct wall_time){MONDAY + day, (uint16_t)(hour * 60 + minute)};
}

static bool applies(const struct policy *p, int day, unsigned int hour,
		    unsigned int minute)
{
	struct wall_time t = at(day, hour, minute);

	return schedule_applies(&p->rules[0].schedule, &t);
}

static unsigned int until(const struct policy *p, int day, unsigned int hour,
			  unsigned int minute)
{
	struct wall_time t = at(day, hour, minute);

	return schedule_until_change(&p->rules[0].schedule, &t);
}

static void office_hours_begin_and_end_to_the_minute(void **state)
{
	struct policy *p = with("Mon-Fri 08:00-18:00, Sat 10:00-14:00");

	(void)state;
	assert_false(applies(p, MON, 7, 59));
	assert_true(applies(p, MON, 8, 0));
	assert_true(applies(p, FRI, 17, 59));
	assert_false(applies(p, FRI, 18, 0));
	assert_false(applies(p, SAT, 9, 59));
	assert_true(applies(p, SAT, 10, 0));
	assert_false(applies(p, SUN, 12, 0));
	assert_int_equal(until(p, FRI, 17, 0), 60);
	assert_int_equal(until(p, FRI, 18, 0), 16 * 60);
	/* Over Sunday into the next week. */
	assert_int_equal(until(p, SAT, 14, 0), 42 * 60);
	policy_free(p);
}

static void a_night_belongs_to_the_day_it_begins_on(void **state)
{
	struct policy *p = with("Fri 22:00-06:00");

	(void)state;
	assert_false(applies(p, FRI, 21, 59));
	assert_true(applies(p, FRI, 22, 0));
	assert_true(applies(p, SAT, 0, 0));
	assert_true(applies(p, SAT, 5, 59));
	assert_false(applies(p, SAT, 6, 0));
	assert_false(applies(p, SAT, 23, 0));
	assert_false(applies(p, FRI, 3, 0));
	assert_int_equal(until(p, FRI, 23, 0), 7 * 60);
	policy_free(p);
}

static void a_night_of_sunday_reaches_into_monday(void **state)
{
	struct policy *p = with("Sun 22:00-06:00");

	(void)state;
	assert_true(applies(p, SUN, 23, 59));
	assert_true(applies(p, MON, 0, 0));
	assert_true(applies(p, MON, 5, 59));
	assert_false(applies(p, MON, 6, 0));
	assert_int_equal(until(p, MON, 5, 0), 60);
	assert_int_equal(until(p, SUN, 23, 0), 7 * 60);
	assert_int_equal(until(p, MON, 6, 0), 6 * 24 * 60 + 16 * 60);
	policy_free(p);
}

static void hours_without_days_are_of_every_day(void **state)
{
	struct policy *p = with("22:00-6:00");

	(void)state;
	for (int day = MON; day <= SUN; day++) {
		assert_true(applies(p, day, 3, 0));
		assert_false(applies(p, day, 12, 0));
		assert_true(applies(p, day, 22, 0));
	}
	policy_free(p);
}

static void ranges_of_days_wrap_around_the_week(void **state)
{
	struct policy *p = with("Sun-Tue 00:00-24:00");

	(void)state;
	for (int day = MON; day <= SUN; day++)
		assert_int_equal(applies(p, day, 12, 0),
				 day == SUN || day == MON || day == TUE);
	assert_int_equal(until(p, SUN, 0, 0), 3 * 24 * 60);
	policy_free(p);
}

static void a_list_of_days_shares_the_hours_behind_it(void **state)
{
	struct policy *p = with("Mon, Wed, Fri-Sat 09:00-10:00, Sun 12:00-13:00");

	(void)state;
	for (int day = MON; day <= SUN; day++)
		assert_int_equal(applies(p, day, 9, 30),
				 day != TUE && day != THU && day != SUN);
	assert_true(applies(p, SUN, 12, 30));
	assert_false(applies(p, MON, 12, 30));
	policy_free(p);
}

static void what_meets_does_not_change_between(void **state)
{
	struct policy *p = with("Mon 08:00-12:00, Mon 12:00-18:00, Mon 17:00-20:00");

	(void)state;
	assert_int_equal(until(p, MON, 8, 0), 12 * 60);
	policy_free(p);
	p = with("00:00-24:00");
	assert_int_equal(until(p, WED, 8, 0), 0);
	assert_true(applies(p, SUN, 23, 59));
	policy_free(p);
}

static void always_is_no_schedule(void **state)
{
	struct policy *p = with("always");

	(void)state;
	assert_int_equal(p->rules[0].schedule.count, 0);
	assert_true(applies(p, SUN, 3, 0));
	assert_int_equal(until(p, SUN, 3, 0), 0);
	policies_assert_setting(p, "app x", "schedule", "always", "first.ini", 4);
	policy_free(p);
}

static bool applies_at(const struct policy *p, unsigned int minute)
{
	unsigned int of_week = minute % WALL_WEEK_MINUTES;

	return applies(p, (int)(of_week / WALL_DAY_MINUTES), 0,
		       of_week % WALL_DAY_MINUTES);
}

/* At every quarter of an hour: it changes then, and not before. */
static void what_is_said_of_the_next_change_is_so(void **state)
{
	static const char *const schedules[] = {
		"Mon-Fri 08:00-18:00, Sat 10:00-14:00",
		"Sun-Tue 22:00-06:15",
		"22:00-06:00, Wed 05:00-07:00",
		"Sat, Sun 00:00-24:00, Mon 00:00-00:30",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(schedules) / sizeof(*schedules); i++) {
		struct policy *p = with(schedules[i]);

		for (unsigned int m = 0; m < WALL_WEEK_MINUTES; m += 15) {
			unsigned int k = 1;

			while (applies_at(p, m + k) == applies_at(p, m))
				k++;
			assert_int_equal(until(p, (int)(m / WALL_DAY_MINUTES), 0,
					       m % WALL_DAY_MINUTES),
					 k);
		}
		policy_free(p);
	}
}

static void a_section_out_of_its_hours_is_not_there(void **state)
{
	static const struct app_identity identity = {.exe = "/x"};
	struct policy *p =
		policies_parse("[app *]\nrate_up = 8kbit\n"
			       "[app low]\nmatch.exe = /*\nrate_up = 16kbit\n"
			       "[app high]\nmatch.exe = /x\n"
			       "schedule = 08:00-18:00\n");
	struct wall_time noon = at(MON, 12, 0), night = at(MON, 23, 0);
	struct policy_match match;

	(void)state;
	policy_match_app(p, &identity, NULL, &noon, &match);
	assert_string_equal(match.effective.name, "high");
	assert_int_equal(match.effective.rate_up, 1000); /* of [app *] */
	assert_null(match.waiting);
	policy_match_app(p, &identity, NULL, &night, &match);
	assert_string_equal(match.effective.name, "low");
	assert_int_equal(match.effective.rate_up, 2000);
	assert_string_equal(match.waiting->name, "high");
	/* Where nobody knows the time, all apply. */
	policy_match_app(p, &identity, NULL, NULL, &match);
	assert_string_equal(match.effective.name, "high");
	policy_free(p);
}

static void the_last_resort_is_the_built_in_default(void **state)
{
	static const struct app_identity identity = {.exe = "/x"};
	struct policy *p = with("Mon 08:00-09:00");
	struct wall_time night = at(MON, 23, 0);
	struct policy_match match;

	(void)state;
	policy_match_app(p, &identity, NULL, &night, &match);
	assert_null(match.rule);
	assert_int_equal(match.effective.promotion, PROMOTION_WARN);
	assert_int_equal(match.effective.rate_up, 0);
	assert_string_equal(match.waiting->name, "x");
	policy_free(p);
}

static void a_mistake_says_what_was_expected(void **state)
{
	(void)state;
	assert_string_equal(
		error_with("Mno 08:00-18:00"),
		"bad.ini:3: schedule: 'Mno 08:00-18:00' does not begin with a day; "
		"expected e.g. Mon-Fri 08:00-18:00, Sat 10:00-14:00, or always");
	policies_assert_mentions(error_with("Mon-Fri 8-18"), "'8-18' are no hours");
	policies_assert_mentions(error_with("Mon 25:00-26:00"), "no hours of a day");
	policies_assert_mentions(error_with("Mon 24:00-08:00"), "no hours of a day");
	policies_assert_mentions(error_with("Mon 08:00-08:00"), "no hours of a day");
	policies_assert_mentions(error_with("Mon 08:60-09:00"), "no hours of a day");
	policies_assert_mentions(error_with("Mon 08:00-18:00 Tue"), "no hours");
	policies_assert_mentions(error_with("08:00"), "'08:00' are no hours");
	policies_assert_mentions(error_with("Mon-"), "does not begin with a day");
	policies_assert_mentions(error_with("Mon-Fri-Sun 08:00-09:00"),
				 "does not begin with a day");
	policies_assert_mentions(error_with("Sat, Sun"),
				 "'Sun' has no hours; the whole day is 00:00-24:00");
	policies_assert_mentions(error_with("Mon 08:00-09:00, "), "an empty item");
	policies_assert_mentions(error_with("Mon 08:00-09:00, always"),
				 "'always' does not begin with a day");
}

static void the_section_for_all_has_no_schedule(void **state)
{
	(void)state;
	policies_assert_begins(policies_error_of("[app *]\nschedule = always\n"),
			       "bad.ini:2: schedule: [app *] is what holds when no "
			       "other section does");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(office_hours_begin_and_end_to_the_minute),
		cmocka_unit_test(a_night_belongs_to_the_day_it_begins_on),
		cmocka_unit_test(a_night_of_sunday_reaches_into_monday),
		cmocka_unit_test(hours_without_days_are_of_every_day),
		cmocka_unit_test(ranges_of_days_wrap_around_the_week),
		cmocka_unit_test(a_list_of_days_shares_the_hours_behind_it),
		cmocka_unit_test(what_meets_does_not_change_between),
		cmocka_unit_test(always_is_no_schedule),
		cmocka_unit_test(what_is_said_of_the_next_change_is_so),
		cmocka_unit_test(a_section_out_of_its_hours_is_not_there),
		cmocka_unit_test(the_last_resort_is_the_built_in_default),
		cmocka_unit_test(a_mistake_says_what_was_expected),
		cmocka_unit_test(the_section_for_all_has_no_schedule),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
