/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of the history, and who may know what. */
#include "store/history_query.h"
#include "store/history_store.h"
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* 2026-03-01 10:17:00 UTC */
#define MOMENT 1772360220
#define MINUTE_BEFORE(n) (MOMENT - 60 * (n))
#define NOW_NS UINT64_C(100000000000)
#define ANNA 1000
#define BERT 1001

struct fixture {
	char dir[40];
	struct database *database;
	struct history_store *store;
};

/* What an answer was. */
struct answer {
	size_t count;
	int64_t times[32];
	uint64_t in[32];
	char names[32][16];
};

static struct app_identity app_of(const char *name, uint32_t uid)
{
	struct app_identity app = {.kind = APP_KIND_EXE, .uid = uid};

	snprintf(app.key, sizeof(app.key), "exe:/usr/bin/%s@%u", name,
		 (unsigned int)uid);
	snprintf(app.name, sizeof(app.name), "%s", name);
	return app;
}

static struct history_clock clock_at(int64_t epoch)
{
	struct history_clock clock = {.now_ns = NOW_NS, .epoch = epoch};

	wall_time_at(epoch, &clock.wall);
	return clock;
}

static void carry(struct fixture *f, const struct app_identity *app, int64_t epoch,
		  uint64_t in)
{
	const struct usage_bytes bytes = {in, 2 * in, 0, in, in / 10};
	const struct history_clock clock = clock_at(epoch);

	history_store_add(f->store, app, &bytes, &clock);
	assert_int_equal(history_store_write(f->store, &clock), 0);
}

static void note(struct fixture *f, enum event_kind kind,
		 const struct app_identity *app, int64_t epoch, const char *text)
{
	const struct event e = {.kind = kind,
				.time = epoch,
				.app = app,
				.text = text,
				.details = app ? "{\"role\":\"relay\"}" : NULL};
	const struct history_clock clock = clock_at(epoch);

	history_store_note(f->store, &e);
	assert_int_equal(history_store_write(f->store, &clock), 0);
}

static int setup(void **state)
{
	struct app_identity anna = app_of("n2n", ANNA), bert = app_of("n2n", BERT),
			    nobody = {.key = "unattributed", .name = "unattributed"};
	struct fixture *f = calloc(1, sizeof(*f));

	setenv("TZ", "UTC", 1);
	tzset();
	strcpy(f->dir, "/tmp/rw-query.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(database_new(f->dir, &f->database), 0);
	assert_int_equal(history_store_new(f->database, &f->store), 0);
	carry(f, &anna, MINUTE_BEFORE(3), 30);
	carry(f, &anna, MINUTE_BEFORE(2), 20);
	carry(f, &bert, MINUTE_BEFORE(2), 200);
	carry(f, &nobody, MINUTE_BEFORE(1), 1000);
	note(f, EVENT_STARTED, NULL, MINUTE_BEFORE(3), "it begins");
	note(f, EVENT_PROMOTED, &anna, MINUTE_BEFORE(2), "anna's is a relay");
	note(f, EVENT_PROMOTED, &bert, MINUTE_BEFORE(1), "bert's is a relay");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	history_store_free(f->store);
	database_free(f->database);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void take_usage(void *context, const struct history_usage_row *row)
{
	struct answer *a = context;

	snprintf(a->names[a->count], sizeof(a->names[0]), "%s", row->name);
	a->in[a->count] = row->bytes.in;
	a->times[a->count++] = row->bucket;
}

static void take_event(void *context, const struct history_event_row *row)
{
	struct answer *a = context;

	snprintf(a->names[a->count], sizeof(a->names[0]), "%s", row->text);
	a->in[a->count] = row->details != NULL;
	a->times[a->count++] = row->time;
}

static struct history_usage_query everything(void)
{
	return (struct history_usage_query){.scope.is_all = true,
					    .span = USAGE_MINUTE,
					    .last = MOMENT,
					    .limit = HISTORY_USAGE_MAX};
}

static struct answer ask_usage(struct fixture *f, const struct history_usage_query *q,
			       struct history_usage_sum *ret_sum)
{
	struct answer a = {0};

	assert_int_equal(
		history_query_usage(f->database, NOW_NS, q, take_usage, &a, ret_sum),
		0);
	return a;
}

static struct answer ask_events(struct fixture *f, const struct history_event_query *q)
{
	struct answer a = {0};

	assert_int_equal(history_query_events(f->database, NOW_NS, q, take_event, &a),
			 0);
	return a;
}

/* --- usage -------------------------------------------------------------------------
 */

static void an_admin_sees_all_the_earliest_first(void **state)
{
	struct history_usage_query q = everything();
	struct history_usage_sum sum;
	struct answer a = ask_usage(*state, &q, &sum);

	assert_int_equal(a.count, 4);
	assert_int_equal(a.times[0], MINUTE_BEFORE(3));
	assert_int_equal(a.times[3], MINUTE_BEFORE(1));
	assert_int_equal(sum.bytes.in, 1250);
	assert_int_equal(sum.bytes.out, 2500);
	assert_int_equal(sum.bytes.relayed_out, 1250);
	assert_int_equal(sum.bytes.peers, 100);
	assert_int_equal(sum.rows, 4);
}

static void a_user_sees_his_own_alone(void **state)
{
	struct history_usage_query q = everything();
	struct history_usage_sum sum;
	struct answer a;

	q.scope.is_all = false;
	q.scope.uid = ANNA;
	a = ask_usage(*state, &q, &sum);
	assert_int_equal(a.count, 2);
	assert_int_equal(sum.bytes.in, 50);
	/* What nobody is known to own is nobody's, root's neither. */
	q.scope.uid = 0;
	assert_int_equal(ask_usage(*state, &q, &sum).count, 0);
	assert_int_equal(sum.bytes.in, 0);
}

static void an_application_is_named_by_key_or_name(void **state)
{
	struct history_usage_query q = everything();
	struct history_usage_sum sum;

	q.scope.app = "exe:/usr/bin/n2n@1001";
	assert_int_equal(ask_usage(*state, &q, &sum).count, 1);
	assert_int_equal(sum.bytes.in, 200);
	q.scope.app = "n2n";
	assert_int_equal(ask_usage(*state, &q, &sum).count, 3);
	q.scope.app = "n2n' OR 1 --";
	assert_int_equal(ask_usage(*state, &q, &sum).count, 0);
}

static void of_too_many_rows_the_latest_come_and_the_sum_has_all(void **state)
{
	struct history_usage_query q = everything();
	struct history_usage_sum sum;
	struct answer a;

	q.limit = 2;
	a = ask_usage(*state, &q, &sum);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.times[0], MINUTE_BEFORE(2));
	assert_int_equal(a.times[1], MINUTE_BEFORE(1));
	assert_int_equal(sum.rows, 4);
	assert_int_equal(sum.bytes.in, 1250);
}

static void both_ends_belong_to_it(void **state)
{
	struct history_usage_query q = everything();
	struct history_usage_sum sum;

	q.first = q.last = MINUTE_BEFORE(2);
	assert_int_equal(ask_usage(*state, &q, &sum).count, 2);
	q.span = USAGE_DAY;
	q.first = q.last = wall_day(2026, 3, 1);
	assert_int_equal(ask_usage(*state, &q, &sum).count, 3);
	assert_int_equal(sum.bytes.in, 1250);
}

static void what_would_take_too_long_is_refused(void **state)
{
	struct history_usage_query q = everything();
	struct history_usage_sum sum;
	struct fixture *f = *state;
	struct answer a;

	assert_int_equal(
		sqlite3_exec(database_handle(f->database, NOW_NS),
			     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
			     "FROM n WHERE i < 400000) INSERT INTO traffic SELECT 0, "
			     "-i, 1, 1, 1, 0, 0, 0 FROM n",
			     NULL, NULL, NULL),
		SQLITE_OK);
	q.first = -400000;
	assert_int_equal(
		history_query_usage(f->database, NOW_NS, &q, take_usage, &a, &sum),
		-E2BIG);
	/* And nothing is wrong with the file, nor with what is asked next. */
	assert_int_equal(database_state(f->database)->error, 0);
	q.first = 0;
	assert_int_equal(ask_usage(f, &q, &sum).count, 4);
}

/* --- events ------------------------------------------------------------------------
 */

static void events_are_the_agents_and_ones_own(void **state)
{
	struct history_event_query q = {
		.scope.uid = ANNA, .until = INT64_MAX, .limit = 100};
	struct answer a = ask_events(*state, &q);

	assert_int_equal(a.count, 2);
	assert_string_equal(a.names[0], "it begins");
	assert_string_equal(a.names[1], "anna's is a rel");
	assert_int_equal(a.in[1], 1);
	q.scope.is_all = true;
	assert_int_equal(ask_events(*state, &q).count, 3);
}

static void events_are_of_a_time_a_kind_an_application(void **state)
{
	struct history_event_query q = {
		.scope.is_all = true, .until = INT64_MAX, .limit = 100};

	q.since = MINUTE_BEFORE(2);
	assert_int_equal(ask_events(*state, &q).count, 2);
	q.until = MINUTE_BEFORE(1);
	assert_int_equal(ask_events(*state, &q).count, 1);
	q.until = INT64_MAX;
	q.since = 0;
	q.kind = "started";
	assert_int_equal(ask_events(*state, &q).count, 1);
	q.kind = NULL;
	q.scope.app = "exe:/usr/bin/n2n@1001";
	assert_int_equal(ask_events(*state, &q).count, 1);
}

static void the_latest_events_come_in_their_order(void **state)
{
	struct history_event_query q = {
		.scope.is_all = true, .until = INT64_MAX, .limit = 2};
	struct answer a = ask_events(*state, &q);

	assert_int_equal(a.count, 2);
	assert_string_equal(a.names[0], "anna's is a rel");
	q.limit = 0;
	assert_int_equal(ask_events(*state, &q).count, 0);
}

static void it_knows_who_was_there_and_may_be_seen(void **state)
{
	struct fixture *f = *state;
	struct history_scope scope = {.app = "n2n", .uid = ANNA};

	assert_true(history_query_knows(f->database, NOW_NS, &scope));
	scope.app = "exe:/usr/bin/n2n@1001";
	assert_false(history_query_knows(f->database, NOW_NS, &scope));
	scope.is_all = true;
	assert_true(history_query_knows(f->database, NOW_NS, &scope));
	scope.app = "never";
	assert_false(history_query_knows(f->database, NOW_NS, &scope));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_admin_sees_all_the_earliest_first),
		CASE(a_user_sees_his_own_alone),
		CASE(an_application_is_named_by_key_or_name),
		CASE(of_too_many_rows_the_latest_come_and_the_sum_has_all),
		CASE(both_ends_belong_to_it),
		CASE(what_would_take_too_long_is_refused),
		CASE(events_are_the_agents_and_ones_own),
		CASE(events_are_of_a_time_a_kind_an_application),
		CASE(the_latest_events_come_in_their_order),
		CASE(it_knows_who_was_there_and_may_be_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
