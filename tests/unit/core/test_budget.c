/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quota and peers_max: what policy says, and what is decided. */
#include "../support/policies.h"
#include "core/decision.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define X "[app x]\nmatch.exe = /x\n"

static struct app app_x(void)
{
	return (struct app){.id = 1, .identity = {.key = "exe:/x", .exe = "/x"}};
}

static struct decision decide_on(const char *text, bool is_over, bool is_full)
{
	struct policy *p = policies_parse(text);
	struct app app = app_x();
	struct decision d;

	app.is_over_quota = is_over;
	app.is_full = is_full;
	decide(p, &app, NULL, &d);
	d.why.file = d.rule = NULL; /* the policy's */
	policy_free(p);
	return d;
}

static void a_quota_holds_when_it_is_used_up(void **state)
{
	static const char text[] = X "quota = 1GB/month\nquota_rate_up = 8kbit\n";
	struct decision d = decide_on(text, false, false);

	(void)state;
	assert_int_equal(d.quota, 1000000000);
	assert_int_equal(d.quota_unit, QUOTA_MONTH);
	assert_int_equal(d.quota_action, QUOTA_SHAPE); /* built in */
	assert_false(decision_is_limiting(&d));
	d = decide_on(text, true, false);
	assert_true(decision_is_limiting(&d));
	assert_false(decision_is_blocked(&d));
	assert_int_equal(d.quota_rate[DIRECTION_OUT], 1000);
	assert_int_equal(d.quota_rate[DIRECTION_IN], 0);
	assert_int_equal(d.why.line, 3);
}

static void what_blocks_limits_nothing_and_what_warns_neither(void **state)
{
	struct decision d =
		decide_on(X "quota = 1kB/day\nquota_action = block\n", true, false);

	(void)state;
	assert_true(decision_is_blocked(&d));
	assert_false(decision_is_limiting(&d));
	assert_int_equal(d.why.line, 3);
	d = decide_on(X "quota = 1kB/day\nquota_action = warn\n", true, false);
	assert_false(decision_is_blocked(&d));
	assert_false(decision_is_limiting(&d));
	d = decide_on("[agent]\nmode = monitor\n" X
		      "quota = 1kB/day\nquota_action = block\n",
		      true, false);
	assert_false(decision_is_blocked(&d));
}

static void a_quota_that_is_gone_is_not_used_up(void **state)
{
	struct decision d = decide_on(X "quota = none\n", true, false);

	(void)state;
	assert_int_equal(d.quota, 0);
	assert_false(d.is_over_quota);
}

static void the_section_for_all_lends_its_quota_key_by_key(void **state)
{
	struct decision d = decide_on("[app *]\nquota = 5MB/day\nquota_action = block\n"
				      "peers_max = 7\n" X "quota = 6MB/day\n",
				      true, true);

	(void)state;
	assert_int_equal(d.quota, 6000000);
	assert_true(decision_is_blocked(&d));
	assert_int_equal(d.peers_max, 7);
	assert_true(decision_is_cutting(&d, CUT_PEERS));
	assert_true(decision_is_cutting(&d, CUT_COUNT));
}

static void peers_are_cut_when_it_is_full(void **state)
{
	struct decision d = decide_on(X "peers_max = 3\n", false, false);

	(void)state;
	assert_false(decision_is_cutting(&d, CUT_COUNT));
	d = decide_on(X "peers_max = 3\n", false, true);
	assert_true(decision_is_cutting(&d, CUT_PEERS));
	assert_int_equal(d.why.line, 3);
	d = decide_on(X "peers_max = none\n", false, true);
	assert_false(decision_is_cutting(&d, CUT_COUNT));
}

static const char *error_of(const char *keys)
{
	char text[256];

	snprintf(text, sizeof(text), X "%s\n", keys);
	return policies_error_of(text);
}

static void a_quota_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_string_equal(error_of("quota = 20GB"),
			    "bad.ini:3: quota: '20GB' is not a quota; expected e.g. "
			    "20GB/month, 5GB/week, 500MB/day or none");
	policies_assert_mentions(error_of("quota = much/day"), "is not a quota");
	policies_assert_mentions(error_of("quota = 1mbit/day"), "is not a quota");
	policies_assert_mentions(error_of("quota = /day"), "is not a quota");
	policies_assert_mentions(error_of("quota = 1GB/moth"), "did you mean 'month'?");
	policies_assert_mentions(error_of("quota = 0B/day"), "for no quota write none");
	policies_assert_mentions(error_of("quota = 99999999999GB/day"),
				 "for no quota write none");
	policies_assert_mentions(
		error_of("quota = 0000000000000000000000000000000000000001GB/day"),
		"is not a quota");
	policies_assert_mentions(error_of("quota_action = blok"),
				 "did you mean 'block'?");
}

static void a_quota_that_shapes_to_nothing_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		error_of("quota = 1GB/day"),
		"bad.ini:3: quota: used up it shapes to no rate in [app x]; expected "
		"quota_rate_up or quota_rate_down there or in [app *], or "
		"quota_action = warn or block");
	policies_assert_mentions(
		policies_error_of("[app *]\nquota = 1GB/day\nquota_action = block\n" X
				  "quota_action = shape\n"),
		"shapes to no rate in [app x]");
	policies_assert_mentions(policies_error_of("[app *]\nquota = 1GB/day\n"),
				 "shapes to no rate in [app *]");
	policy_free(policies_parse("[app *]\nquota_rate_up = 1mbit\n" X
				   "quota = 1GB/day\n"));
	policy_free(policies_parse(X "quota_action = shape\n"));
}

static void a_number_of_peers_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_string_equal(error_of("peers_max = many"),
			    "bad.ini:3: peers_max: 'many' is not a number of peers; "
			    "expected 1 to 131072, or none");
	policies_assert_mentions(error_of("peers_max = 0"), "expected 1 to");
	policies_assert_mentions(error_of("peers_max = -1"), "expected 1 to");
	policies_assert_mentions(error_of("peers_max = 131073"), "expected 1 to");
	policies_assert_mentions(error_of("peers_max = 99999999999999999999999"),
				 "expected 1 to");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quota_holds_when_it_is_used_up),
		cmocka_unit_test(what_blocks_limits_nothing_and_what_warns_neither),
		cmocka_unit_test(a_quota_that_is_gone_is_not_used_up),
		cmocka_unit_test(the_section_for_all_lends_its_quota_key_by_key),
		cmocka_unit_test(peers_are_cut_when_it_is_full),
		cmocka_unit_test(a_quota_that_is_none_is_refused),
		cmocka_unit_test(a_quota_that_shapes_to_nothing_is_refused),
		cmocka_unit_test(a_number_of_peers_that_is_none_is_refused),
	};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
