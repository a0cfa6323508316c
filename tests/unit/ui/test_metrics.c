/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add_app(json_t *apps, const char *name, const char *rule, bool is_promoted)
{
	json_array_append_new(
		apps, json_pack("{s:s, s:s, s:s, s:b, s:f, s:i, s:i}", "name", name,
				"user", "root", "rule", rule, "promoted", is_promoted,
				"probability", 0.5, "peers", 3, "bytes_in", 1000));
}

/* To be freed. */
static char *write_apps(json_t *apps)
{
	json_t *status = json_pack("{s:s, s:o}", "state", "ok", "applications", apps);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	metrics_write(out, status, NULL, NULL);
	fclose(out);
	json_decref(status);
	return text;
}

static size_t count_of(const char *text, const char *word)
{
	size_t count = 0;

	while ((text = strstr(text, word))) {
		count++;
		text += strlen(word);
	}
	return count;
}

static void expect(char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in:\n%s", wanted, text);
}

static void an_agent_that_does_not_answer_is_one_series(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	metrics_write(out, NULL, NULL, NULL);
	fclose(out);
	expect(text, "\nrelaywarden_up 0\n");
	assert_int_equal(count_of(text, "# TYPE"), 1);
	free(text);
}

static void who_is_of_no_interest_has_no_name(void **state)
{
	json_t *apps = json_array();
	char *text;

	(void)state;
	add_app(apps, "firefox", "*", false);
	add_app(apps, "curl", "", false);
	add_app(apps, "voice", "voice", false);
	add_app(apps, "n2n", "*", true);
	text = write_apps(apps);
	expect(text, "relaywarden_app_promoted{app=\"voice\",user=\"root\"} 0\n");
	expect(text, "relaywarden_app_promoted{app=\"n2n\",user=\"root\"} 1\n");
	expect(text, "relaywarden_app_peers{app=\"other\",user=\"\"} 6\n");
	assert_null(strstr(text, "firefox"));
	assert_null(strstr(text, "curl"));
	free(text);
}

/* What comes and goes would count backwards. */
static void others_together_have_no_counters(void **state)
{
	json_t *apps = json_array();
	char *text;

	(void)state;
	add_app(apps, "firefox", "*", false);
	add_app(apps, "voice", "voice", false);
	text = write_apps(apps);
	expect(text, "relaywarden_app_bytes_total{app=\"voice\",user=\"root\","
		     "direction=\"in\"} 1000\n");
	assert_null(strstr(text, "_total{app=\"other\""));
	free(text);
}

static void the_number_of_series_has_a_bound(void **state)
{
	json_t *apps = json_array();
	char name[16], *text;

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "app%d", i);
		add_app(apps, name, "mine", false);
	}
	add_app(apps, "relay", "*", true);
	text = write_apps(apps);
	assert_int_equal(count_of(text, "relaywarden_app_peers{"),
			 METRICS_APPS_MAX + 1);
	expect(text, "relaywarden_app_promoted{app=\"relay\",user=\"root\"} 1\n");
	/* 301 of three each, 20 of them by name */
	expect(text, "relaywarden_app_peers{app=\"other\",user=\"\"} 843\n");
	free(text);
}

static void who_is_called_other_is_one_of_them(void **state)
{
	json_t *apps = json_array();
	char *text;

	(void)state;
	add_app(apps, "other", "mine", true);
	json_object_set_new(json_array_get(apps, 0), "user", json_string(""));
	text = write_apps(apps);
	assert_int_equal(count_of(text, "relaywarden_app_promoted{"), 1);
	expect(text, "relaywarden_app_promoted{app=\"other\",user=\"\"} 1\n");
	free(text);
}

static void two_of_one_name_are_one_series(void **state)
{
	json_t *apps = json_array();
	char *text;

	(void)state;
	add_app(apps, "node", "mine", true);
	add_app(apps, "node", "mine", true);
	text = write_apps(apps);
	expect(text, "relaywarden_app_promoted{app=\"node\",user=\"root\"} 2\n");
	assert_int_equal(count_of(text, "relaywarden_app_promoted{app=\"node\""), 1);
	free(text);
}

static void a_name_cannot_leave_its_label(void **state)
{
	json_t *apps = json_array();
	char *text;

	(void)state;
	add_app(apps, "a\"} 1\nx\\", "mine", false);
	text = write_apps(apps);
	expect(text,
	       "relaywarden_app_promoted{app=\"a\\\"} 1\\nx\\\\\",user=\"root\"} 0\n");
	free(text);
}

static void checks_of_one_name_are_as_good_as_their_worst(void **state)
{
	json_t *status = json_pack("{s:s}", "state", "degraded");
	json_t *doctor = json_pack(
		"{s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}", "checks",
		"name", "queue", "state", "ok", "name", "nftables", "state", "info",
		"name", "queue", "state", "degraded", "name", "queue", "state", "ok");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	metrics_write(out, status, NULL, doctor);
	fclose(out);
	expect(text, "relaywarden_check_ok{check=\"queue\"} 0\n");
	expect(text, "relaywarden_check_ok{check=\"nftables\"} 1\n");
	expect(text, "relaywarden_degraded 1\n");
	assert_int_equal(count_of(text, "check=\"queue\""), 1);
	free(text);
	json_decref(status);
	json_decref(doctor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_agent_that_does_not_answer_is_one_series),
		cmocka_unit_test(who_is_of_no_interest_has_no_name),
		cmocka_unit_test(others_together_have_no_counters),
		cmocka_unit_test(the_number_of_series_has_a_bound),
		cmocka_unit_test(who_is_called_other_is_one_of_them),
		cmocka_unit_test(two_of_one_name_are_one_series),
		cmocka_unit_test(a_name_cannot_leave_its_label),
		cmocka_unit_test(checks_of_one_name_are_as_good_as_their_worst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
