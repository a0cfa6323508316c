/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of quotas, peers and schedules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/reports.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fixture's policy again, with these keys for /usr/bin/supernode. */
static void grant(struct report_fixture *f, const char *keys)
{
	struct policy_source source = {.file = "q.ini"};
	struct policy *policy = NULL;
	struct policy_error e;
	char text[256];

	snprintf(text, sizeof(text), "[app s]\nmatch.exe = */supernode\n%s", keys);
	source.text = text;
	source.length = strlen(text);
	assert_int_equal(policy_parse(&source, 1, &policy, &e), 0);
	engine_set_policy(f->engine, policy, &f->catalogue);
	policy_free(f->policy);
	f->in.policy = f->policy = policy;
}

static void a_quota_says_what_is_used_and_until_when(void **state)
{
	struct wall_time wall = {wall_day(2026, 11, 28), 600};
	struct report_quota quotas[APP_NUMBER_COUNT] = {
		[1] = {.used = 700, .period = wall_day(2026, 11, 1)}};
	struct report_fixture *f = *state;
	const json_t *quota;
	json_t *reply;

	grant(f, "quota = 1kB/month\nquota_action = block\npeers_max = 9\n");
	f->in.wall = &wall;
	f->in.quotas = quotas;
	reply = ask(f, report_status, &admin, "supernode", NULL);
	quota = json_object_get(find_in(reply, "supernode"), "quota");
	assert_int_equal(int_of(quota, "limit"), 1000);
	assert_int_equal(int_of(quota, "used"), 700);
	assert_int_equal(int_of(quota, "left"), 300);
	assert_string_equal(text_of(quota, "period"), "month");
	assert_string_equal(text_of(quota, "action"), "block");
	assert_int_equal(int_of(quota, "since"), wall_epoch(wall_day(2026, 11, 1), 0));
	assert_int_equal(int_of(quota, "until"), wall_epoch(wall_day(2026, 12, 1), 0));
	assert_true(json_is_true(json_object_get(quota, "counted")));
	assert_int_equal(int_of(find_in(reply, "supernode"), "peers_max"), 9);
	json_decref(reply);
	app_of(f, 1)->is_over_quota = true;
	reply = ask(f, report_status, &admin, NULL, NULL);
	assert_int_equal(int_of(json_object_get(reply, "summary"), "cut"), 1);
	assert_string_equal(
		json_string_value(json_array_get(
			json_object_get(find_in(reply, "supernode"), "cuts"), 0)),
		"quota");
	assert_int_equal(int_of(find_in(reply, "supernode"), "rule_line"), 3);
	json_decref(reply);
	f->in.wall = NULL;
	f->in.quotas = NULL;
}

static void a_schedule_says_until_when(void **state)
{
	struct wall_time wall = {20787, 12 * 60}; /* a Monday */
	struct report_fixture *f = *state;
	const json_t *schedules;
	json_t *reply;

	grant(f, "rate_up = 1mbit\nschedule = Mon 08:00-13:00\n");
	f->in.wall = &wall;
	reply = ask(f, report_status, &admin, "supernode", NULL);
	schedules = json_object_get(find_in(reply, "supernode"), "schedules");
	assert_int_equal(json_array_size(schedules), 1);
	assert_true(
		json_is_true(json_object_get(json_array_get(schedules, 0), "applies")));
	assert_int_equal(int_of(json_array_get(schedules, 0), "until"),
			 wall_epoch(20787, 13 * 60));
	json_decref(reply);
	wall.minute = 14 * 60;
	reply = ask(f, report_status, &admin, "supernode", NULL);
	schedules = json_object_get(find_in(reply, "supernode"), "schedules");
	assert_string_equal(text_of(json_array_get(schedules, 0), "rule"), "s");
	assert_true(json_is_false(
		json_object_get(json_array_get(schedules, 0), "applies")));
	assert_int_equal(int_of(json_array_get(schedules, 0), "until"),
			 wall_epoch(20794, 8 * 60));
	assert_false(
		json_is_true(json_object_get(find_in(reply, "supernode"), "limited")));
	json_decref(reply);
	f->in.wall = NULL;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_quota_says_what_is_used_and_until_when),
		CASE(a_schedule_says_until_when),
	};

	return cmocka_run_group_tests_name("report_budget", tests, NULL, NULL);
}
