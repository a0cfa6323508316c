/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/answer.h"
#include "report/gather.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define FROM INT64_C(1772409600)
#define UNTIL (FROM + 24 * HOUR)

/* One report at a time; it is large, and borrows from the replies. */
static struct report r;
static json_t *replies[4];

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);

	if (!value)
		fail_msg("%s: %s", error.text, text);
	return value;
}

static void forget(void)
{
	for (size_t i = 0; i < 4; i++) {
		json_decref(replies[i]);
		replies[i] = NULL;
	}
}

/* `events` and `rows` are the items alone, times counted from FROM by the caller. */
static void gather(const char *applications, const char *rows, const char *events)
{
	struct report_grain grain;
	char text[4096];

	forget();
	snprintf(text, sizeof(text),
		 "{\"state\": \"ok\", \"since\": %lld, \"applications\": [%s]}",
		 (long long)(FROM - 10 * HOUR), applications);
	replies[0] = parse(text);
	snprintf(text, sizeof(text), "{\"rows\": [%s]}", rows);
	replies[1] = parse(text);
	snprintf(text, sizeof(text), "{\"events\": [%s]}", events);
	replies[2] = parse(text);
	replies[3] = parse("{\"checks\": []}");
	assert_true(report_grain_of(UNTIL - FROM, UNTIL - FROM, 0, &grain));
	report_gather(FROM, UNTIL, &grain,
		      &(struct report_replies){replies[0], replies[1], replies[2],
					       replies[3]},
		      &r);
}

static const char *row(int64_t after, const char *key, int in, int out, int relayed_in,
		       int relayed_out)
{
	static char texts[4][256];
	static size_t next;
	char *text = texts[next++ % 4];

	snprintf(text, 256,
		 "{\"application\": \"%s\", \"key\": \"%s\", \"time\": %lld, "
		 "\"bytes_in\": %d, \"bytes_out\": %d, \"relayed_in\": %d, "
		 "\"relayed_out\": %d}",
		 key, key, (long long)(FROM + after), in, out, relayed_in, relayed_out);
	return text;
}

static const char *event(int64_t after, const char *kind, const char *key)
{
	static char texts[8][256];
	static size_t next;
	char *text = texts[next++ % 8];

	snprintf(text, 256,
		 "{\"time\": %lld, \"kind\": \"%s\", \"key\": \"%s\", \"application\": "
		 "\"%s\", \"details\": {\"role\": \"relay\"}}",
		 (long long)(FROM + after), kind, key, key);
	return text;
}

/* Several of these; NULL ends them. */
static const char *list(const char *first, ...)
{
	static char texts[2][1024];
	static size_t next;
	char *text = texts[next++ % 2];
	size_t used = 0;
	va_list args;

	va_start(args, first);
	for (const char *item = first; item; item = va_arg(args, const char *))
		used += (size_t)snprintf(text + used, 1024 - used, "%s%s",
					 used ? "," : "", item);
	va_end(args);
	return text;
}

static void bytes_are_own_or_relayed_and_lie_where_their_time_is(void **state)
{
	(void)state;
	gather("",
	       list(row(0, "a", 100, 200, 40, 50), row(23 * HOUR, "b", 7, 5, 0, 0),
		    NULL),
	       "");
	assert_int_equal(r.bucket_length, 6 * MINUTE);
	assert_int_equal(r.bucket_count, 240);
	assert_int_equal(r.buckets[0].own_in, 60);
	assert_int_equal(r.buckets[0].own_out, 150);
	assert_int_equal(r.buckets[0].relayed_in, 40);
	assert_int_equal(r.buckets[230].own_in, 7);
	assert_int_equal(r.total.own_in, 67);
	assert_int_equal(r.total.relayed_out, 50);
	assert_int_equal(r.app_count, 2);
	assert_string_equal(r.apps[0].key, "a");
}

static void peers_of_one_minute_add_up_and_the_largest_minute_counts(void **state)
{
	(void)state;
	gather("",
	       "{\"key\": \"a\", \"time\": 1772409600, \"peers\": 3},"
	       "{\"key\": \"b\", \"time\": 1772409600, \"peers\": 4},"
	       "{\"key\": \"a\", \"time\": 1772409660, \"peers\": 6}",
	       "");
	assert_int_equal(r.peers[0], 7);
	assert_int_equal(r.peers[1], 0);
}

static void times_outside_the_report_count_at_its_ends(void **state)
{
	(void)state;
	gather("",
	       list(row(-10 * HOUR, "a", 1, 0, 0, 0), row(90 * HOUR, "a", 2, 0, 0, 0),
		    NULL),
	       "");
	assert_int_equal(r.buckets[0].own_in, 1);
	assert_int_equal(r.buckets[r.bucket_count - 1].own_in, 2);
}

static void a_promotion_lasts_from_its_event_to_the_other(void **state)
{
	(void)state;
	gather("", "",
	       list(event(HOUR, "promoted", "a"), event(3 * HOUR, "cleared", "a"),
		    NULL));
	assert_int_equal(r.promotion_count, 1);
	assert_int_equal(r.promotions[0].from, FROM + HOUR);
	assert_int_equal(r.promotions[0].until, FROM + 3 * HOUR);
	assert_false(r.promotions[0].goes_on);
	assert_int_equal(r.promoted_seconds, 2 * HOUR);
}

static void several_at_once_count_once(void **state)
{
	(void)state;
	gather("", "",
	       list(event(HOUR, "promoted", "a"), event(2 * HOUR, "promoted", "b"),
		    event(3 * HOUR, "cleared", "b"), event(4 * HOUR, "cleared", "a"),
		    NULL));
	assert_int_equal(r.promotion_count, 2);
	assert_int_equal(r.promoted_seconds, 3 * HOUR);
}

static void one_that_began_before_is_known_by_its_end_or_by_now(void **state)
{
	(void)state;
	gather("", "", event(HOUR, "cleared", "a"));
	assert_int_equal(r.promotion_count, 1);
	assert_true(r.promotions[0].began_before);
	assert_int_equal(r.promotions[0].from, FROM);
	assert_int_equal(r.promoted_seconds, HOUR);
	gather("{\"key\": \"a\", \"name\": \"a\", \"promoted\": true, \"since\": 5}",
	       "", "");
	assert_int_equal(r.promotion_count, 1);
	assert_true(r.promotions[0].goes_on);
	assert_int_equal(r.promoted_seconds, 24 * HOUR);
}

static void with_the_agent_ends_what_is_known_of_it(void **state)
{
	(void)state;
	gather("", "",
	       list(event(HOUR, "promoted", "a"), event(2 * HOUR, "started", ""),
		    NULL));
	assert_true(r.promotions[0].is_lost);
	assert_int_equal(r.promotions[0].until, FROM + 2 * HOUR);
}

static void a_limit_that_ends_with_its_promotion_ends_once(void **state)
{
	(void)state;
	gather("", "",
	       list(event(HOUR, "promoted", "a"), event(HOUR, "limited", "a"),
		    event(2 * HOUR, "cleared", "a"), event(2 * HOUR, "released", "a"),
		    NULL));
	assert_int_equal(r.promotion_count, 1);
	assert_int_equal(r.limit_count, 1);
	assert_int_equal(r.limits[0].until, FROM + 2 * HOUR);
}

static void the_first_sentence_answers(void **state)
{
	char text[ANSWER_MAX];
	enum answer_mood mood;

	(void)state;
	gather("", "", "");
	assert_string_equal(answer_past(&r, text),
			    "No: in the 24 hours looked at, this computer was no relay "
			    "for strangers.");
	assert_non_null(strstr(answer_now(&r, text, &mood), "it is safe"));
	assert_int_equal(mood, MOOD_GOOD);
	gather("", row(HOUR, "a", 5000000, 5000000, 4000000, 4200000),
	       list(event(HOUR, "promoted", "a"), event(3 * HOUR, "cleared", "a"),
		    NULL));
	assert_string_equal(
		answer_past(&r, text),
		"Yes: in the 24 hours looked at, this computer was a relay for "
		"strangers for 2 hours. "
		"4 MB of theirs came in, 4.2 MB went on.");
}

static void one_that_nothing_limits_is_bad_and_one_that_is_held_is_less_so(void **state)
{
	static const char promoted[] =
		"{\"key\": \"a\", \"name\": \"a\", \"promoted\": "
		"true, \"decision\": \"%s\", \"enforced\": true, "
		"\"limited\": %s, \"role\": \"relay\", \"limits\": "
		"[{\"direction\": \"out\", \"scope\": \"app\", "
		"\"bytes_per_second\": 250000}]}";
	char app[512], text[ANSWER_MAX];
	enum answer_mood mood;

	(void)state;
	snprintf(app, sizeof(app), promoted, "warn", "false");
	gather(app, "", "");
	assert_non_null(strstr(answer_now(&r, text, &mood), "nothing limits it"));
	assert_int_equal(mood, MOOD_BAD);
	snprintf(app, sizeof(app), promoted, "shape", "true");
	gather(app, "", "");
	assert_non_null(strstr(answer_now(&r, text, &mood), "limited to 2 Mbit/s"));
	assert_int_equal(mood, MOOD_WARN);
}

static void a_trade_that_policy_allows_is_no_promotion_to_worry_about(void **state)
{
	char text[ANSWER_MAX];
	enum answer_mood mood;

	(void)state;
	gather("{\"key\": \"a\", \"name\": \"a\", \"promoted\": true, \"decision\": "
	       "\"allow\", \"client_trade\": \"reverse proxy\", \"since\": 5}",
	       row(HOUR, "a", 10, 10, 10, 10), "");
	assert_int_equal(r.promotion_count, 1);
	assert_true(r.promotions[0].is_by_trade);
	assert_int_equal(r.promoted_seconds, 0);
	assert_int_equal(strncmp(answer_past(&r, text), "No:", 3), 0);
	answer_now(&r, text, &mood);
	assert_int_equal(mood, MOOD_GOOD);
}

static void lengths_are_said_in_two_units_at_most(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{0, "0 seconds"},
		{1, "1 second"},
		{59, "59 seconds"},
		{60, "1 minute"},
		{150, "2 minutes"},
		{3600, "1 hour"},
		{11520, "3 hours and 12 minutes"},
		{86400, "24 hours"},
		{2 * 86400, "2 days"},
		{30 * 86400 + 3700, "30 days and 1 hour"},
	};
	char text[ANSWER_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(answer_length(cases[i].seconds, text),
				    cases[i].text);
}

static void what_is_not_remembered_is_said(void **state)
{
	char text[ANSWER_MAX];

	(void)state;
	gather("", "", "");
	assert_string_equal(answer_gap(&r, text), "");
	json_object_set_new(replies[0], "since", json_integer(FROM + 6 * HOUR));
	r.known_from = FROM + 6 * HOUR;
	assert_non_null(strstr(answer_gap(&r, text), "begins on 2 Mar 2026, 06:00"));
	assert_non_null(strstr(answer_past(&r, text), "in the 18 hours looked at"));
}

static void replies_without_sense_have_nothing(void **state)
{
	(void)state;
	gather("1, null, [], {}, {\"key\": 5, \"promoted\": 1}",
	       "1, null, {}, {\"time\": \"x\", \"bytes_in\": -5}",
	       "1, null, {}, {\"kind\": \"promoted\"}, {\"kind\": 7}");
	assert_int_equal(r.total.own_in, 0);
	assert_in_range(r.promotion_count, 0, 1);
}

static void what_does_not_fit_is_counted(void **state)
{
	struct report_grain grain;
	json_t *rows = json_array(), *events = json_array();

	(void)state;
	gather("", "", "");
	for (int i = 0; i < REPORT_APPS_MAX + 5; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		json_array_append_new(rows, parse(row(0, key, 1, 0, 0, 0)));
		json_array_append_new(events, parse(event(i, "promoted", key)));
	}
	json_object_set_new(replies[1], "rows", rows);
	json_object_set_new(replies[2], "events", events);
	assert_true(report_grain_of(UNTIL - FROM, UNTIL - FROM, 0, &grain));
	report_gather(FROM, UNTIL, &grain,
		      &(struct report_replies){replies[0], replies[1], replies[2],
					       replies[3]},
		      &r);
	assert_int_equal(r.app_count, REPORT_APPS_MAX);
	assert_int_equal(r.promotion_count, REPORT_SPANS_MAX);
	assert_int_equal(r.left_out, 5 + (REPORT_APPS_MAX + 5 - REPORT_SPANS_MAX));
	assert_int_equal(r.total.own_in, REPORT_APPS_MAX + 5);
}

static void the_grain_follows_length_and_age(void **state)
{
	struct report_grain g;

	(void)state;
	assert_true(report_grain_of(HOUR, HOUR, 0, &g));
	assert_string_equal(g.span, "minute");
	assert_int_equal(g.bucket_length, MINUTE);
	assert_true(report_grain_of(HOUR, 100 * HOUR, 0, &g));
	assert_string_equal(g.span, "hour");
	assert_true(report_grain_of(300 * 24 * HOUR, 300 * 24 * HOUR, 0, &g));
	assert_string_equal(g.span, "day");
	assert_int_equal(g.bucket_length, 2 * 24 * HOUR);
	assert_true(report_grain_of(24 * HOUR, 24 * HOUR, 2, &g));
	assert_string_equal(g.span, "day");
	assert_false(report_grain_of(24 * HOUR, 24 * HOUR, 3, &g));
}

static int set_zone(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	forget();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_own_or_relayed_and_lie_where_their_time_is),
		cmocka_unit_test(
			peers_of_one_minute_add_up_and_the_largest_minute_counts),
		cmocka_unit_test(times_outside_the_report_count_at_its_ends),
		cmocka_unit_test(a_promotion_lasts_from_its_event_to_the_other),
		cmocka_unit_test(several_at_once_count_once),
		cmocka_unit_test(one_that_began_before_is_known_by_its_end_or_by_now),
		cmocka_unit_test(with_the_agent_ends_what_is_known_of_it),
		cmocka_unit_test(a_limit_that_ends_with_its_promotion_ends_once),
		cmocka_unit_test(the_first_sentence_answers),
		cmocka_unit_test(
			one_that_nothing_limits_is_bad_and_one_that_is_held_is_less_so),
		cmocka_unit_test(
			a_trade_that_policy_allows_is_no_promotion_to_worry_about),
		cmocka_unit_test(lengths_are_said_in_two_units_at_most),
		cmocka_unit_test(what_is_not_remembered_is_said),
		cmocka_unit_test(replies_without_sense_have_nothing),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(the_grain_follows_length_and_age),
	};

	return cmocka_run_group_tests(tests, set_zone, clean_up);
}
