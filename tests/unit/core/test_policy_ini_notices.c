/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/policies.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_quiet(const struct policy *p, int32_t day, unsigned int hour)
{
	const struct wall_time t = {day, (uint16_t)(hour * 60)};

	return policy_notices_are_quiet(&p->notices, &t);
}

static void notices_are_shown_at_all_hours_unless_policy_says_otherwise(void **state)
{
	static const char *const texts[] = {"", "[notices]\n",
					    "[notices]\nshow = yes\nquiet = none\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct policy *p = policies_parse(texts[i]);

		assert_false(p->notices.are_off);
		for (unsigned int hour = 0; hour < 24; hour++)
			assert_false(is_quiet(p, 0, hour));
		policies_assert_setting(p, "notices", "show", "yes",
					i == 2 ? "first.ini" : NULL, i == 2 ? 2 : 0);
		policy_free(p);
	}
}

static void quiet_hours_are_written_as_a_schedule(void **state)
{
	const int32_t monday = wall_day(2026, 3, 2), saturday = monday + 5;
	struct policy *p = policies_parse("[notices]\n"
					  "quiet = Mon-Fri 18:00-08:00, Sat, Sun "
					  "00:00-24:00\n");

	(void)state;
	assert_false(is_quiet(p, monday, 12));
	assert_true(is_quiet(p, monday, 18));
	assert_true(is_quiet(p, monday + 1, 7));
	assert_false(is_quiet(p, monday + 1, 8));
	assert_true(is_quiet(p, saturday, 12));
	policy_free(p);
}

static void a_later_layer_switches_them_off(void **state)
{
	struct policy *p =
		policies_parse_layers("[notices]\nshow = yes\nquiet = 22:00-07:00\n",
				      "[notices]\nshow = no\n");

	(void)state;
	assert_true(p->notices.are_off);
	assert_true(is_quiet(p, 0, 23));
	policies_assert_setting(p, "notices", "show", "no", "second.ini", 2);
	policies_assert_setting(p, "notices", "quiet", "22:00-07:00", "first.ini", 3);
	policy_free(p);
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	policies_assert_begins(policies_error_of("[notices]\nshow = maybe\n"),
			       "bad.ini:2: show: ");
	policies_assert_begins(policies_error_of("[notices]\nquiet = always\n"),
			       "bad.ini:2: quiet: 'always' does not begin with a day; "
			       "expected e.g. Mon-Fri 08:00-18:00, Sat 10:00-14:00, or "
			       "none");
	policies_assert_begins(policies_error_of("[notices]\nquiet = 22:00\n"),
			       "bad.ini:2: quiet: '22:00' are no hours of a day");
	policies_assert_mentions(policies_error_of("[notices]\nquite = none\n"),
				 "did you mean 'quiet'?");
	policies_assert_mentions(policies_error_of("[notice]\nshow = no\n"), "notices");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			notices_are_shown_at_all_hours_unless_policy_says_otherwise),
		cmocka_unit_test(quiet_hours_are_written_as_a_schedule),
		cmocka_unit_test(a_later_layer_switches_them_off),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
