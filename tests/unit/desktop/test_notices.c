/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui-cli/desktop/notices.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LATER 10 /* seconds after which what settles has settled */

static struct promotion promotion(const char *name, int64_t since, const char *body)
{
	struct promotion p = {.since = since};

	snprintf(p.key, sizeof(p.key), "exe:/usr/bin/%s:1000", name);
	snprintf(p.name, sizeof(p.name), "%s", name);
	snprintf(p.title, sizeof(p.title), "%s works for strangers", name);
	snprintf(p.body, sizeof(p.body), "%s", body);
	return p;
}

static void see(struct notices *n, const char *name, const char *body, int64_t now)
{
	struct promotion p = promotion(name, 1000, body);

	notices_see(n, &p, 1, now);
}

/* `count` promotions p0, p1, ... */
static void see_many(struct notices *n, size_t count, int64_t now)
{
	static struct promotion many[2 * NOTICES_MAX];
	char name[16];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		many[i] = promotion(name, 1000, "");
	}
	notices_see(n, many, count, now);
}

static struct notice next(struct notices *n, int64_t now)
{
	struct notice notice = {0};

	assert_true(notices_next(n, now, false, &notice));
	return notice;
}

static void nothing_next(struct notices *n, int64_t now)
{
	struct notice notice;

	assert_false(notices_next(n, now, false, &notice));
}

/* How many there are to show now, each getting an id. */
static size_t show_all(struct notices *n, int64_t now)
{
	struct notice notice;
	size_t count = 0;

	while (notices_next(n, now, false, &notice))
		notices_shown(n, notice.number, (uint32_t)++count);
	return count;
}

static void a_promotion_is_shown_once(void **state)
{
	struct notices *n = notices_new();
	struct notice notice;

	(void)state;
	see(n, "relay", "Limited.", 0);
	nothing_next(n, 0); /* what is done about it may follow at once */
	assert_int_equal(notices_wait(n, 0), 2);
	notice = next(n, LATER);
	assert_int_equal(notice.kind, NOTICE_PROMOTED);
	assert_string_equal(notice.title, "relay works for strangers");
	assert_string_equal(notice.body, "Limited.");
	assert_int_equal(notice.replaces_id, 0);
	notices_shown(n, notice.number, 7);
	for (int64_t now = LATER; now < LATER + 100; now++) {
		see(n, "relay", "Limited.", now);
		nothing_next(n, now);
	}
	assert_true(notices_wait(n, LATER + 100) == INT64_MAX);
	notices_free(n);
}

static void a_clock_read_a_second_apart_makes_no_new_promotion(void **state)
{
	struct notices *n = notices_new();
	struct promotion p = promotion("relay", 1000, "");

	(void)state;
	notices_see(n, &p, 1, 0);
	next(n, LATER);
	p.since = 1001;
	notices_see(n, &p, 1, LATER);
	nothing_next(n, 2 * LATER);
	p.since = 1100;
	notices_see(n, &p, 1, 2 * LATER);
	next(n, 3 * LATER);
	notices_free(n);
}

static void what_is_done_later_replaces_the_notice(void **state)
{
	struct notices *n = notices_new();
	struct notice notice;

	(void)state;
	see(n, "relay", "Reported.", 0);
	notices_shown(n, next(n, LATER).number, 7);
	see(n, "relay", "Limited.", LATER + 1);
	nothing_next(n, LATER + 1); /* not oftener than every few seconds */
	notice = next(n, LATER + notices_wait(n, LATER));
	assert_int_equal(notice.replaces_id, 7);
	assert_string_equal(notice.body, "Limited.");
	notices_free(n);
}

static void its_end_replaces_the_notice_while_it_is_on_the_screen(void **state)
{
	struct notices *n = notices_new();
	struct notice notice;

	(void)state;
	see(n, "relay", "", 0);
	notices_shown(n, next(n, LATER).number, 7);
	notices_see(n, NULL, 0, 2 * LATER);
	notice = next(n, 2 * LATER);
	assert_int_equal(notice.kind, NOTICE_OVER);
	assert_int_equal(notice.replaces_id, 7);
	assert_string_equal(notice.title, "relay no longer works for strangers");
	nothing_next(n, 3 * LATER);
	notices_free(n);
}

static void what_is_allowed_is_no_news_unless_it_is_on_the_screen(void **state)
{
	struct notices *n = notices_new();
	struct promotion p = promotion("relay", 1000, "Limited.");
	struct notice notice;

	(void)state;
	p.is_allowed = true;
	notices_see(n, &p, 1, 0);
	nothing_next(n, LATER);
	p.is_allowed = false;
	notices_see(n, &p, 1, LATER);
	notices_shown(n, next(n, 2 * LATER).number, 7);
	p.is_allowed = true;
	snprintf(p.body, sizeof(p.body), "Allowed.");
	notices_see(n, &p, 1, 3 * LATER);
	notice = next(n, 4 * LATER);
	assert_int_equal(notice.replaces_id, 7);
	assert_string_equal(notice.body, "Allowed.");
	notices_free(n);
}

static void what_was_closed_does_not_come_back(void **state)
{
	struct notices *n = notices_new();

	(void)state;
	see(n, "relay", "Reported.", 0);
	notices_shown(n, next(n, LATER).number, 7);
	notices_closed(n, 7);
	see(n, "relay", "Limited.", 2 * LATER);
	nothing_next(n, 2 * LATER);
	notices_see(n, NULL, 0, 3 * LATER);
	nothing_next(n, 3 * LATER);
	notices_free(n);
}

static void what_was_told_before_a_restart_is_not_told_again(void **state)
{
	struct notices *n = notices_new();
	struct promotion p = promotion("relay", 1000, "");
	const char *key = NULL;
	size_t cursor = 0;
	int64_t since = 0;
	uint32_t id = 1;

	(void)state;
	notices_know(n, p.key, 1001, 0);
	notices_see(n, &p, 1, 0);
	nothing_next(n, LATER);
	assert_true(notices_each_told(n, &cursor, &key, &since, &id));
	assert_int_equal(id, 0);
	assert_string_equal(key, p.key);
	assert_int_equal(since, 1000);
	assert_false(notices_each_told(n, &cursor, &key, &since, &id));
	notices_free(n);
}

static void a_notice_from_before_a_restart_is_brought_up_to_date(void **state)
{
	struct notices *n = notices_new();
	struct promotion p = promotion("relay", 1000, "Limited.");
	struct notice notice;

	(void)state;
	notices_know(n, p.key, 1000, 7);
	notices_see(n, &p, 1, 0);
	nothing_next(n, LATER);
	snprintf(p.body, sizeof(p.body), "Cut.");
	notices_see(n, &p, 1, LATER);
	notice = next(n, 2 * LATER);
	assert_int_equal(notice.replaces_id, 7);
	assert_string_equal(notice.body, "Cut.");
	notices_free(n);
}

static void a_promotion_that_was_over_at_once_disturbs_nobody(void **state)
{
	struct notices *n = notices_new();

	(void)state;
	see(n, "relay", "", 0);
	notices_see(n, NULL, 0, 1);
	nothing_next(n, LATER);
	assert_true(notices_wait(n, LATER) == INT64_MAX);
	notices_free(n);
}

static void quiet_hours_end_with_the_one_promotion_of_the_night(void **state)
{
	struct notices *n = notices_new();
	struct notice notice;

	(void)state;
	see(n, "relay", "Limited.", 0);
	assert_false(notices_next(n, LATER, true, &notice));
	notice = next(n, 5000);
	assert_int_equal(notice.kind, NOTICE_PROMOTED);
	assert_string_equal(notice.body, "Limited.");
	notices_free(n);
}

static void one_that_is_over_before_the_morning_is_told_as_over(void **state)
{
	struct notices *n = notices_new();
	struct notice notice;

	(void)state;
	see(n, "relay", "Limited.", 0);
	assert_false(notices_next(n, LATER, true, &notice));
	notices_see(n, NULL, 0, 2 * LATER);
	notice = next(n, 5000);
	assert_int_equal(notice.kind, NOTICE_OVER);
	assert_string_equal(notice.title,
			    "relay worked for strangers, and no longer does");
	notices_free(n);
}

static void quiet_hours_with_several_end_with_one_summary(void **state)
{
	struct notices *n = notices_new();
	struct notice notice;

	(void)state;
	see_many(n, 3, 0);
	assert_false(notices_next(n, LATER, true, &notice));
	notice = next(n, 5000);
	assert_int_equal(notice.kind, NOTICE_SUMMARY);
	assert_string_equal(notice.title, "3 programs have worked for strangers");
	assert_non_null(strstr(notice.body, "p0, p1, p2, while notices were quiet"));
	nothing_next(n, 5001);
	notices_free(n);
}

static void a_storm_is_so_many_notices_and_a_summary(void **state)
{
	struct notices *n = notices_new();
	struct notice notice;

	(void)state;
	see_many(n, NOTICES_AN_HOUR, 0);
	assert_int_equal(show_all(n, LATER), NOTICES_AN_HOUR);
	see_many(n, NOTICES_AN_HOUR + 3, LATER);
	notice = next(n, 2 * LATER);
	assert_int_equal(notice.kind, NOTICE_SUMMARY);
	assert_string_equal(notice.title, "3 more programs have worked for strangers");
	notices_shown(n, notice.number, 99);
	/* The next is not before a quarter of an hour, in place of this one. */
	see_many(n, NOTICES_AN_HOUR + 5, 2 * LATER);
	nothing_next(n, 3 * LATER);
	assert_int_equal(notices_wait(n, 3 * LATER), 900 - LATER);
	notice = next(n, 2 * LATER + 900);
	assert_int_equal(notice.kind, NOTICE_SUMMARY);
	assert_int_equal(notice.replaces_id, 99);
	assert_string_equal(notice.title, "2 more programs have worked for strangers");
	notices_free(n);
}

static void an_hour_later_they_are_shown_one_by_one_again(void **state)
{
	struct notices *n = notices_new();

	(void)state;
	see_many(n, NOTICES_AN_HOUR, 0);
	assert_int_equal(show_all(n, LATER), NOTICES_AN_HOUR);
	see_many(n, NOTICES_AN_HOUR + 1, 3600);
	assert_int_equal(next(n, 3600 + LATER).kind, NOTICE_PROMOTED);
	notices_free(n);
}

static void beyond_the_bound_they_are_counted(void **state)
{
	struct notices *n = notices_new();
	char title[NOTICES_TITLE_MAX];
	struct notice notice;
	size_t left = 2 * NOTICES_MAX - NOTICES_AN_HOUR;

	(void)state;
	see_many(n, 2 * NOTICES_MAX, 0);
	for (int i = 0; i < NOTICES_AN_HOUR; i++)
		assert_int_equal(next(n, LATER).kind, NOTICE_PROMOTED);
	notice = next(n, LATER);
	snprintf(title, sizeof(title), "%zu more programs have worked for strangers",
		 left);
	assert_string_equal(notice.title, title);
	nothing_next(n, LATER);
	notices_free(n);
}

static void long_lists_of_names_end_with_a_count(void **state)
{
	struct notices *n = notices_new();
	struct promotion many[NOTICES_MAX];
	struct notice notice;

	(void)state;
	for (size_t i = 0; i < NOTICES_MAX; i++) {
		many[i] = promotion("x", 1000 + 100 * (int64_t)i, "");
		memset(many[i].name, 'n', sizeof(many[i].name) - 1);
	}
	notices_see(n, many, NOTICES_MAX, 0);
	assert_false(notices_next(n, LATER, true, &notice));
	notice = next(n, 5000);
	assert_non_null(strstr(notice.body, " more, while notices were quiet."));
	assert_non_null(strstr(notice.body, "agentctl events"));
	notices_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_promotion_is_shown_once),
		cmocka_unit_test(a_clock_read_a_second_apart_makes_no_new_promotion),
		cmocka_unit_test(what_is_done_later_replaces_the_notice),
		cmocka_unit_test(its_end_replaces_the_notice_while_it_is_on_the_screen),
		cmocka_unit_test(what_is_allowed_is_no_news_unless_it_is_on_the_screen),
		cmocka_unit_test(what_was_closed_does_not_come_back),
		cmocka_unit_test(what_was_told_before_a_restart_is_not_told_again),
		cmocka_unit_test(a_notice_from_before_a_restart_is_brought_up_to_date),
		cmocka_unit_test(a_promotion_that_was_over_at_once_disturbs_nobody),
		cmocka_unit_test(quiet_hours_end_with_the_one_promotion_of_the_night),
		cmocka_unit_test(one_that_is_over_before_the_morning_is_told_as_over),
		cmocka_unit_test(quiet_hours_with_several_end_with_one_summary),
		cmocka_unit_test(a_storm_is_so_many_notices_and_a_summary),
		cmocka_unit_test(an_hour_later_they_are_shown_one_by_one_again),
		cmocka_unit_test(beyond_the_bound_they_are_counted),
		cmocka_unit_test(long_lists_of_names_end_with_a_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
