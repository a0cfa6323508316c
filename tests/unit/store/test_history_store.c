/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What applications carried and what happened, in a real file. */
#include "store/history_query.h"
#include "store/history_store.h"
#include "store/history_trim.h"
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* 2026-03-01 10:17:00 UTC */
#define MOMENT 1772360220
#define SECOND 1000000000ull
#define ANNA 1000

struct fixture {
	char dir[40];
	struct database *database;
	struct history_store *store;
	struct history_clock clock;
};

static void set_clock(struct fixture *f, int64_t epoch)
{
	f->clock.epoch = epoch;
	wall_time_at(epoch, &f->clock.wall);
}

/* Time passes, and the clock shows it. */
static void pass(struct fixture *f, unsigned int seconds)
{
	f->clock.now_ns += seconds * SECOND;
	set_clock(f, f->clock.epoch + seconds);
}

static void open_all(struct fixture *f)
{
	assert_int_equal(database_new(f->dir, &f->database), 0);
	assert_int_equal(history_store_new(f->database, &f->store), 0);
}

static void close_all(struct fixture *f)
{
	history_store_free(f->store);
	database_free(f->database);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	setenv("TZ", "UTC", 1);
	tzset();
	strcpy(f->dir, "/tmp/rw-history.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->clock.now_ns = 100 * SECOND;
	set_clock(f, MOMENT);
	open_all(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	close_all(f);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* --- what there is to write and to read ------------------------------------------- */

static struct app_identity app_of(const char *name, uint32_t uid)
{
	struct app_identity app = {.kind = APP_KIND_EXE, .uid = uid};

	snprintf(app.key, sizeof(app.key), "exe:/usr/bin/%s@%u", name,
		 (unsigned int)uid);
	snprintf(app.name, sizeof(app.name), "%s", name);
	return app;
}

static void carry(struct fixture *f, const char *name, uint64_t in, uint64_t out)
{
	const struct app_identity app = app_of(name, ANNA);
	const struct usage_bytes bytes = {in, out, in / 2, out / 2, in};

	history_store_tick(f->store, &f->clock);
	history_store_add(f->store, &app, &bytes, &f->clock);
}

static sqlite3_int64 number(struct fixture *f, const char *sql)
{
	sqlite3 *handle = database_handle(f->database, f->clock.now_ns);
	sqlite3_stmt *get = NULL;
	sqlite3_int64 value;

	assert_non_null(handle);
	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &get, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(get), SQLITE_ROW);
	value = sqlite3_column_int64(get, 0);
	sqlite3_finalize(get);
	return value;
}

static void execute(struct fixture *f, const char *sql)
{
	sqlite3 *handle = database_handle(f->database, f->clock.now_ns);

	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

static sqlite3_int64 sum(struct fixture *f, enum usage_span span, const char *column)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "SELECT coalesce(sum(%s), 0) FROM traffic WHERE span = %u", column,
		 span);
	return number(f, sql);
}

static sqlite3_int64 rows(struct fixture *f, enum usage_span span)
{
	return sum(f, span, "1");
}

static void note(struct fixture *f, enum event_kind kind, const char *text)
{
	const struct event e = {.kind = kind, .time = f->clock.epoch, .text = text};

	history_store_note(f->store, &e);
}

/* --- batches and roll-ups ----------------------------------------------------------
 */

static void nothing_is_written_while_a_minute_lasts(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 59; i++) {
		carry(f, "n2n", 10, 1);
		pass(f, 1);
	}
	assert_int_equal(history_store_stats(f->store)->writes, 0);
	pass(f, 1);
	carry(f, "n2n", 10, 1);
	assert_int_equal(history_store_stats(f->store)->writes, 1);
	assert_int_equal(sum(f, USAGE_MINUTE, "bytes_in"), 590);
}

static void peers_are_the_most_there_were_at_once(void **state)
{
	struct fixture *f = *state;

	carry(f, "n2n", 3, 1);
	carry(f, "n2n", 7, 1);
	pass(f, 60);
	carry(f, "n2n", 5, 1);
	pass(f, 60);
	history_store_tick(f->store, &f->clock);
	assert_int_equal(sum(f, USAGE_MINUTE, "bytes_in"), 15);
	assert_int_equal(sum(f, USAGE_MINUTE, "peers"), 7 + 5);
	assert_int_equal(sum(f, USAGE_HOUR, "peers"), 7);
}

static void nothing_is_written_while_nothing_is_carried(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 600; i++) {
		assert_int_equal(history_store_tick(f->store, &f->clock), 0);
		pass(f, 1);
	}
	assert_int_equal(history_store_stats(f->store)->writes, 0);
}

static void hours_days_and_months_are_the_sums_of_their_minutes(void **state)
{
	static const char *const columns[] = {"bytes_in", "bytes_out", "relayed_in",
					      "relayed_out"};
	struct fixture *f = *state;

	/* Over the end of a day and of a month. */
	set_clock(f, MOMENT - 12 * 3600);
	for (unsigned int i = 0; i < 1000; i++) {
		carry(f, i % 3 ? "n2n" : "tor", i * 7919, i * 104729);
		pass(f, 47);
	}
	history_store_write(f->store, &f->clock);
	assert_int_equal(rows(f, USAGE_MONTH), 4);
	assert_int_equal(rows(f, USAGE_DAY), 4);
	assert_in_range(rows(f, USAGE_HOUR), 26, 30);
	for (size_t i = 0; i < 4; i++)
		for (enum usage_span s = USAGE_HOUR; s < USAGE_SPAN_COUNT; s++)
			assert_int_equal(sum(f, s, columns[i]),
					 sum(f, USAGE_MINUTE, columns[i]));
	assert_int_equal(sum(f, USAGE_MONTH, "bytes_in"), INT64_C(7919) * 999 * 500);
}

static void one_that_comes_back_is_the_same_by_its_key(void **state)
{
	struct fixture *f = *state;

	carry(f, "n2n", 10, 0);
	history_store_write(f->store, &f->clock);
	close_all(f);
	open_all(f);
	carry(f, "n2n", 5, 0);
	history_store_write(f->store, &f->clock);
	assert_int_equal(number(f, "SELECT count(*) FROM app"), 1);
	assert_int_equal(rows(f, USAGE_MINUTE), 1);
	assert_int_equal(sum(f, USAGE_MINUTE, "bytes_in"), 15);
}

/* --- clocks ------------------------------------------------------------------------
 */

static void a_clock_that_is_set_back_counts_nothing_twice(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 300; i++) {
		carry(f, "n2n", 1, 1);
		pass(f, 1);
		if (i == 150)
			set_clock(f, f->clock.epoch - 120);
	}
	history_store_write(f->store, &f->clock);
	assert_int_equal(sum(f, USAGE_MINUTE, "bytes_in"), 300);
	assert_int_equal(sum(f, USAGE_DAY, "bytes_in"), 300);
	assert_in_range(rows(f, USAGE_MINUTE), 3, 4);
	assert_int_equal(number(f, "SELECT count(*) FROM traffic WHERE bytes_in < 0"),
			 0);
}

static void a_clock_that_is_put_forward_loses_nothing(void **state)
{
	struct fixture *f = *state;

	carry(f, "n2n", 3, 0);
	set_clock(f, f->clock.epoch + 7200);
	carry(f, "n2n", 4, 0);
	history_store_write(f->store, &f->clock);
	assert_int_equal(sum(f, USAGE_MINUTE, "bytes_in"), 7);
	assert_int_equal(rows(f, USAGE_MINUTE), 2);
	assert_int_equal(rows(f, USAGE_HOUR), 2);
}

/* --- what goes ---------------------------------------------------------------------
 */

/* A row of each span, so many days before now. */
static void carry_before(struct fixture *f, int days)
{
	int64_t now = f->clock.epoch;

	set_clock(f, now - days * INT64_C(86400));
	carry(f, "n2n", 1, 0);
	history_store_write(f->store, &f->clock);
	set_clock(f, now);
}

static void what_is_old_goes_and_coarser_stays(void **state)
{
	struct fixture *f = *state;

	f->clock.is_steady = true;
	carry_before(f, 500);
	carry_before(f, 100);
	carry_before(f, 10);
	carry_before(f, 1);
	for (int i = 0; i < 5; i++) {
		pass(f, 60);
		carry(f, "n2n", 1, 0);
	}
	assert_int_equal(rows(f, USAGE_MINUTE), 5);
	assert_int_equal(rows(f, USAGE_HOUR), 3);
	assert_int_equal(rows(f, USAGE_DAY), 4);
	assert_int_equal(rows(f, USAGE_MONTH), 4);
	assert_int_equal(sum(f, USAGE_MONTH, "bytes_in"), 8);
}

static void a_clock_not_known_to_be_right_takes_nothing_away(void **state)
{
	struct fixture *f = *state;

	carry_before(f, 10);
	set_clock(f, f->clock.epoch + INT64_C(3650) * 86400);
	carry(f, "n2n", 1, 0);
	history_store_write(f->store, &f->clock);
	assert_int_equal(rows(f, USAGE_MINUTE), 2);
	/* It was ahead by ten years; what it wrote goes when it is right again. */
	set_clock(f, MOMENT);
	f->clock.is_steady = true;
	carry(f, "n2n", 1, 0);
	history_store_write(f->store, &f->clock);
	assert_int_equal(rows(f, USAGE_MONTH), 2);
	assert_int_equal(sum(f, USAGE_MONTH, "bytes_in"), 2);
}

static void who_has_nothing_left_is_forgotten(void **state)
{
	struct fixture *f = *state;

	carry_before(f, 4000);
	f->clock.is_steady = true;
	carry(f, "tor", 1, 0);
	history_store_write(f->store, &f->clock);
	assert_int_equal(number(f, "SELECT count(*) FROM app"), 1);
	assert_int_equal(number(f, "SELECT name = 'tor' FROM app"), 1);
}

/* Minutes of many applications until the file may not grow any more. */
static void before_it_is_full_the_oldest_minutes_go(void **state)
{
	struct fixture *f = *state;

	note(f, EVENT_STARTED, "it begins");
	execute(f, "PRAGMA max_page_count = 60");
	for (int minute = 0; minute < 400; minute++) {
		for (int i = 0; i < 40; i++) {
			char name[16];

			snprintf(name, sizeof(name), "app%d", i);
			carry(f, name, 1, 1);
		}
		pass(f, 60);
		assert_int_equal(history_store_tick(f->store, &f->clock), 0);
	}
	assert_int_equal(sum(f, USAGE_MONTH, "bytes_in"), 400 * 40);
	assert_int_equal(sum(f, USAGE_HOUR, "bytes_in"), 400 * 40);
	assert_in_range(rows(f, USAGE_MINUTE), 500, 15000);
	assert_int_equal(number(f, "SELECT count(*) FROM event"), 1);
	assert_in_range(number(f, "SELECT max(time) FROM traffic WHERE span = 0"),
			f->clock.epoch - 60, f->clock.epoch);
}

static void events_have_a_bound_of_their_own(void **state)
{
	struct fixture *f = *state;

	carry(f, "n2n", 1, 0);
	for (int i = 0; i < HISTORY_KEEP_EVENTS + 500; i++) {
		note(f, EVENT_TAMPERED, "somebody changed the table");
		if (i % 100 == 99)
			assert_int_equal(history_store_tick(f->store, &f->clock), 0);
	}
	assert_int_equal(number(f, "SELECT count(*) FROM event"), HISTORY_KEEP_EVENTS);
	assert_int_equal(number(f, "SELECT max(id) FROM event"),
			 HISTORY_KEEP_EVENTS + 500);
	assert_int_equal(rows(f, USAGE_MONTH), 1);
}

/* --- bad luck ----------------------------------------------------------------------
 */

static void a_file_of_version_1_is_taken_over(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];
	sqlite3 *handle;

	close_all(f);
	snprintf(path, sizeof(path), "%s/" DATABASE_FILE, f->dir);
	unlink(path);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(handle,
			     "CREATE TABLE quota (app TEXT NOT NULL, unit INTEGER NOT "
			     "NULL, period INTEGER NOT NULL, used INTEGER NOT NULL, "
			     "held INTEGER NOT NULL, PRIMARY KEY (app, unit)) WITHOUT "
			     "ROWID; INSERT INTO quota VALUES ('exe:/a@0', 1, 20000, "
			     "77, 0); PRAGMA user_version = 1",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(handle);
	open_all(f);
	carry(f, "n2n", 1, 0);
	assert_int_equal(history_store_write(f->store, &f->clock), 0);
	assert_int_equal(number(f, "PRAGMA user_version"), 3);
	assert_int_equal(number(f, "SELECT used FROM quota"), 77);
	assert_int_equal(rows(f, USAGE_DAY), 1);
}

static void a_process_that_is_killed_loses_its_last_minute_alone(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	close_all(f);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		open_all(f);
		carry(f, "n2n", 100, 0);
		note(f, EVENT_STARTED, "it begins");
		pass(f, 60);
		carry(f, "n2n", 7, 0);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	open_all(f);
	assert_int_equal(sum(f, USAGE_MINUTE, "bytes_in"), 100);
	assert_int_equal(sum(f, USAGE_MONTH, "bytes_in"), 100);
	assert_int_equal(number(f, "SELECT count(*) FROM event"), 1);
}

static void what_can_not_be_written_is_written_later(void **state)
{
	struct fixture *f = *state;
	char away[64];

	close_all(f);
	snprintf(away, sizeof(away), "%s.away", f->dir);
	assert_int_equal(rename(f->dir, away), 0);
	open_all(f);
	carry(f, "n2n", 5, 0);
	note(f, EVENT_PAUSED, "a pause");
	pass(f, 60);
	assert_true(history_store_tick(f->store, &f->clock) < 0);
	carry(f, "n2n", 6, 0);
	assert_int_equal(rename(away, f->dir), 0);
	pass(f, 60);
	assert_int_equal(history_store_tick(f->store, &f->clock), 0);
	assert_int_equal(sum(f, USAGE_DAY, "bytes_in"), 11);
	assert_int_equal(number(f, "SELECT count(*) FROM event"), 1);
}

static void while_it_can_not_be_written_memory_has_a_bound(void **state)
{
	struct fixture *f = *state;
	char away[64];

	close_all(f);
	snprintf(away, sizeof(away), "%s.away", f->dir);
	assert_int_equal(rename(f->dir, away), 0);
	open_all(f);
	for (int i = 0; i < HISTORY_PENDING_APPS_MAX + 10; i++) {
		char name[16];

		snprintf(name, sizeof(name), "app%d", i);
		carry(f, name, 1, 0);
		note(f, EVENT_DEGRADED, "again");
	}
	assert_int_equal(history_store_stats(f->store)->apps_left_out, 10);
	assert_int_equal(history_store_stats(f->store)->events_left_out,
			 HISTORY_PENDING_APPS_MAX + 10 - HISTORY_PENDING_EVENTS_MAX);
	assert_int_equal(rename(away, f->dir), 0);
	pass(f, 60);
	assert_int_equal(history_store_write(f->store, &f->clock), 0);
	assert_int_equal(sum(f, USAGE_DAY, "bytes_in"), HISTORY_PENDING_APPS_MAX);
	assert_int_equal(number(f, "SELECT count(*) FROM event"),
			 HISTORY_PENDING_EVENTS_MAX);
}

static void numbers_of_events_go_on_after_a_restart(void **state)
{
	struct fixture *f = *state;

	note(f, EVENT_STARTED, "first");
	note(f, EVENT_STOPPED, "second");
	history_store_write(f->store, &f->clock);
	close_all(f);
	open_all(f);
	note(f, EVENT_STARTED, "third");
	history_store_write(f->store, &f->clock);
	assert_int_equal(number(f, "SELECT max(id) FROM event"), 3);
	assert_int_equal(number(f, "SELECT count(*) FROM event"), 3);
}

static off_t log_bytes(const struct fixture *f)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" DATABASE_FILE "-wal", f->dir);
	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void fill_log(struct fixture *f)
{
	while (database_backlog(f->database) < 100) {
		note(f, EVENT_DEGRADED, "again");
		assert_int_equal(history_store_tick(f->store, &f->clock), 0);
	}
}

static void the_log_waits_until_there_is_time_for_it_and_then_begins_anew(void **state)
{
	struct fixture *f = *state;
	off_t bytes;

	fill_log(f);
	bytes = log_bytes(f);
	assert_in_range(bytes, 1000 * 4096, 1100 * 4200);
	database_checkpoint(f->database, f->clock.now_ns);
	assert_int_equal(database_backlog(f->database), 0);
	fill_log(f);
	assert_in_range(log_bytes(f), 1, bytes + 10 * 4200);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_written_while_a_minute_lasts),
		CASE(peers_are_the_most_there_were_at_once),
		CASE(nothing_is_written_while_nothing_is_carried),
		CASE(hours_days_and_months_are_the_sums_of_their_minutes),
		CASE(one_that_comes_back_is_the_same_by_its_key),
		CASE(a_clock_that_is_set_back_counts_nothing_twice),
		CASE(a_clock_that_is_put_forward_loses_nothing),
		CASE(what_is_old_goes_and_coarser_stays),
		CASE(a_clock_not_known_to_be_right_takes_nothing_away),
		CASE(who_has_nothing_left_is_forgotten),
		CASE(before_it_is_full_the_oldest_minutes_go),
		CASE(events_have_a_bound_of_their_own),
		CASE(a_file_of_version_1_is_taken_over),
		CASE(a_process_that_is_killed_loses_its_last_minute_alone),
		CASE(what_can_not_be_written_is_written_later),
		CASE(while_it_can_not_be_written_memory_has_a_bound),
		CASE(numbers_of_events_go_on_after_a_restart),
		CASE(the_log_waits_until_there_is_time_for_it_and_then_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
