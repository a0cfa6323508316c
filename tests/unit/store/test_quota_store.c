/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history database, and what of quotas is in it. */
#include "base/wall.h"
#include "store/quota_store.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY 20785
#define SECOND 1000000000ull

struct fixture {
	char dir[32];
	struct database *database;
	struct quota_store *store;
};

static void open_all(struct fixture *f)
{
	assert_int_equal(database_new(f->dir, &f->database), 0);
	assert_int_equal(quota_store_new(f->database, DAY, SECOND, &f->store), 0);
}

static void close_all(struct fixture *f)
{
	quota_store_free(f->store);
	database_free(f->database);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/rw-store.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	open_all(f);
	*state = f;
	return 0;
}

static const char *path_of(const struct fixture *f, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	return path;
}

static int teardown(void **state)
{
	static const char *const names[] = {"history.db", "history.db-wal",
					    "history.db-shm", "history.db.damaged"};
	struct fixture *f = *state;

	close_all(f);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(path_of(f, names[i]));
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static struct quota_entry *get(struct fixture *f, const char *key)
{
	struct quota_entry *e =
		quota_store_get(f->store, key, QUOTA_MONTH, DAY, 2 * SECOND);

	assert_non_null(e);
	return e;
}

static void use(struct fixture *f, const char *key, uint64_t bytes)
{
	struct quota_entry *e = get(f, key);

	e->account.used = bytes;
	e->is_changed = true;
}

static void execute(struct fixture *f, const char *sql)
{
	sqlite3 *handle = database_handle(f->database, 1000 * SECOND);

	assert_non_null(handle);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void what_was_written_is_read_again(void **state)
{
	struct fixture *f = *state;

	use(f, "exe:/a@1", 123456789012);
	use(f, "exe:/b@1", 7);
	assert_int_equal(quota_store_write(f->store, SECOND), 0);
	close_all(f);
	open_all(f);
	assert_int_equal(get(f, "exe:/a@1")->account.used, 123456789012);
	assert_int_equal(get(f, "exe:/a@1")->account.period,
			 quota_period_of(QUOTA_MONTH, DAY));
	assert_int_equal(get(f, "exe:/b@1")->account.used, 7);
	assert_int_equal(get(f, "exe:/c@1")->account.used, 0);
}

static void units_are_counted_apart(void **state)
{
	struct fixture *f = *state;

	use(f, "exe:/a@1", 9);
	assert_int_equal(quota_store_get(f->store, "exe:/a@1", QUOTA_DAY, DAY, SECOND)
				 ->account.used,
			 0);
	assert_int_equal(get(f, "exe:/a@1")->account.used, 9);
}

static void what_ended_long_ago_is_forgotten(void **state)
{
	struct fixture *f = *state;

	use(f, "exe:/a@1", 9);
	get(f, "exe:/a@1")->account.period = DAY - 100;
	assert_int_equal(quota_store_write(f->store, SECOND), 0);
	close_all(f);
	open_all(f);
	assert_null(quota_store_find(f->store, "exe:/a@1", QUOTA_MONTH));
}

static void rows_that_mean_nothing_are_passed_over(void **state)
{
	struct fixture *f = *state;

	execute(f, "INSERT INTO quota VALUES ('a', 2, 2000000000, 1, 0)");
	execute(f, "INSERT INTO quota VALUES ('b', 2, 20785, -1, 0)");
	execute(f, "INSERT INTO quota VALUES ('c', 2, 20785, 1, -1)");
	execute(f, "INSERT INTO quota VALUES ('d', 3, 20785, 1, 0)");
	execute(f, "INSERT INTO quota VALUES ('', 2, 20785, 1, 0)");
	execute(f, "INSERT INTO quota VALUES (x'ff00', 2, 20785, 'much', 0)");
	execute(f, "INSERT INTO quota VALUES ('e', 2, 20785, 1, 0)");
	close_all(f);
	open_all(f);
	for (char key[] = "a"; *key <= 'd'; (*key)++)
		assert_null(quota_store_find(f->store, key, QUOTA_MONTH));
	assert_non_null(quota_store_find(f->store, "e", QUOTA_MONTH));
}

static void a_process_that_dies_loses_nothing_it_wrote(void **state)
{
	struct fixture *f = *state;
	char copy[64], command[256];

	use(f, "exe:/a@1", 9);
	assert_int_equal(quota_store_write(f->store, SECOND), 0);
	/* As it is on the disk now, without an orderly end. */
	snprintf(copy, sizeof(copy), "%s/copy", f->dir);
	snprintf(command, sizeof(command), "mkdir %s && cp %s/history.db* %s", copy,
		 f->dir, copy);
	assert_int_equal(system(command), 0);
	{
		struct database *d;
		struct quota_store *s;

		assert_int_equal(database_new(copy, &d), 0);
		assert_int_equal(quota_store_new(d, DAY, SECOND, &s), 0);
		assert_non_null(quota_store_find(s, "exe:/a@1", QUOTA_MONTH));
		quota_store_free(s);
		database_free(d);
	}
	snprintf(command, sizeof(command), "rm -r %s", copy);
	assert_int_equal(system(command), 0);
}

static void a_file_that_is_none_is_set_aside(void **state)
{
	struct fixture *f = *state;

	close_all(f);
	write_file(path_of(f, "history.db"), "this is no database, and long enough "
					     "that nobody takes it for a new one");
	open_all(f);
	assert_true(database_state(f->database)->was_damaged);
	assert_int_equal(database_state(f->database)->error, 0);
	assert_int_equal(access(path_of(f, "history.db.damaged"), F_OK), 0);
	use(f, "exe:/a@1", 9);
	assert_int_equal(quota_store_write(f->store, SECOND), 0);
}

static void a_file_with_a_damaged_page_is_set_aside(void **state)
{
	struct fixture *f = *state;
	const char junk[64] = "junk";
	int fd;

	for (int i = 0; i < 200; i++) {
		char key[32];

		snprintf(key, sizeof(key), "exe:/program-%d@1", i);
		use(f, key, 9);
	}
	assert_int_equal(quota_store_write(f->store, SECOND), 0);
	close_all(f);
	fd = open(path_of(f, "history.db"), O_WRONLY);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
	close(fd);
	open_all(f);
	assert_true(database_state(f->database)->was_damaged);
}

static void damage_at_work_loses_nothing_that_is_in_memory(void **state)
{
	struct fixture *f = *state;

	use(f, "exe:/a@1", 9);
	assert_int_equal(quota_store_write(f->store, SECOND), 0);
	database_note(f->database, SQLITE_CORRUPT, SECOND);
	use(f, "exe:/b@1", 8);
	assert_true(quota_store_write(f->store, 2 * SECOND) < 0); /* not yet */
	assert_int_equal(quota_store_write(f->store, 100 * SECOND), 0);
	close_all(f);
	open_all(f);
	assert_int_equal(get(f, "exe:/a@1")->account.used, 9);
	assert_int_equal(get(f, "exe:/b@1")->account.used, 8);
}

static void a_later_version_is_left_alone(void **state)
{
	struct fixture *f = *state;

	use(f, "exe:/a@1", 9);
	assert_int_equal(quota_store_write(f->store, SECOND), 0);
	execute(f, "PRAGMA user_version = 1000");
	close_all(f);
	open_all(f);
	assert_int_equal(database_state(f->database)->error, -EPROTONOSUPPORT);
	assert_non_null(strstr(database_state(f->database)->text, "later version"));
	assert_int_equal(access(path_of(f, "history.db.damaged"), F_OK), -1);
	assert_int_equal(get(f, "exe:/a@1")->account.used, 0);
}

static void a_second_agent_does_without(void **state)
{
	struct fixture *f = *state, other = {0};

	use(f, "exe:/a@1", 9);
	assert_int_equal(quota_store_write(f->store, SECOND), 0);
	strcpy(other.dir, f->dir);
	open_all(&other);
	assert_int_equal(database_state(other.database)->error, -EBUSY);
	use(&other, "exe:/a@1", 1);
	assert_int_equal(quota_store_write(other.store, 2 * SECOND), -EBUSY);
	close_all(&other);
}

static void a_directory_that_is_not_there_is_tried_again(void **state)
{
	struct fixture *f = *state, other = {.dir = "/tmp/rw-store-none"};

	(void)f;
	open_all(&other);
	assert_int_equal(database_state(other.database)->error, -EACCES);
	use(&other, "exe:/a@1", 1);
	assert_int_equal(mkdir(other.dir, 0700), 0);
	assert_int_equal(quota_store_write(other.store, 2 * SECOND), -EACCES);
	assert_int_equal(quota_store_write(other.store, 60 * SECOND), 0);
	close_all(&other);
	unlink("/tmp/rw-store-none/history.db");
	assert_int_equal(rmdir(other.dir), 0);
}

static void a_full_database_keeps_what_it_has(void **state)
{
	struct fixture *f = *state;
	char key[APP_TEXT_MAX];

	execute(f, "PRAGMA max_page_count = 4");
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "exe:/%0200d@1", i);
		use(f, key, 9);
	}
	assert_int_equal(quota_store_write(f->store, SECOND), -ENOSPC);
	assert_int_equal(get(f, key)->account.used, 9);
	execute(f, "PRAGMA max_page_count = 400");
	assert_int_equal(quota_store_write(f->store, 1001 * SECOND), 0);
	assert_int_equal(database_state(f->database)->error, 0);
}

static void at_the_bound_the_oldest_gives_way(void **state)
{
	struct fixture *f = *state;
	char key[32];

	use(f, "exe:/first@1", 9);
	get(f, "exe:/first@1")->account.period = DAY - 1000;
	for (int i = 1; i < QUOTA_STORE_MAX; i++) {
		snprintf(key, sizeof(key), "exe:/%d@1", i);
		get(f, key);
	}
	assert_int_equal(quota_store_evicted(f->store), 0);
	assert_non_null(
		quota_store_get(f->store, "exe:/new@1", QUOTA_MONTH, DAY, 3 * SECOND));
	assert_int_equal(quota_store_evicted(f->store), 1);
	assert_null(quota_store_find(f->store, "exe:/first@1", QUOTA_MONTH));
	assert_non_null(quota_store_find(f->store, "exe:/1@1", QUOTA_MONTH));
}

static void an_object_left_in_the_kernel_finds_its_entry(void **state)
{
	struct fixture *f = *state;
	char label[QUOTA_LABEL_SIZE], comment[128];

	use(f, "exe:/a@1", 9);
	quota_store_label(get(f, "exe:/a@1"), label);
	snprintf(comment, sizeof(comment), "%s a", label);
	quota_store_adopt(f->store, comment, 5);
	assert_int_equal(get(f, "exe:/a@1")->account.used, 9);
	quota_store_adopt(f->store, comment, 50);
	assert_int_equal(get(f, "exe:/a@1")->account.used, 50);
	/* Whatever else stands there is nobody's. */
	quota_store_adopt(f->store, "", 500);
	quota_store_adopt(f->store, "0123456789abcdef month 2026-11-01 a", 500);
	quota_store_adopt(f->store, "0123456789abcdef month 2026-99-99 a", 500);
	label[17] = 'd';
	quota_store_adopt(f->store, label, 500);
	assert_int_equal(get(f, "exe:/a@1")->account.used, 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read_again),
		TEST(units_are_counted_apart),
		TEST(what_ended_long_ago_is_forgotten),
		TEST(rows_that_mean_nothing_are_passed_over),
		TEST(a_process_that_dies_loses_nothing_it_wrote),
		TEST(a_file_that_is_none_is_set_aside),
		TEST(a_file_with_a_damaged_page_is_set_aside),
		TEST(damage_at_work_loses_nothing_that_is_in_memory),
		TEST(a_later_version_is_left_alone),
		TEST(a_second_agent_does_without),
		TEST(a_directory_that_is_not_there_is_tried_again),
		TEST(a_full_database_keeps_what_it_has),
		TEST(at_the_bound_the_oldest_gives_way),
		TEST(an_object_left_in_the_kernel_finds_its_entry),
	};

	return cmocka_run_group_tests_name("quota_store", tests, NULL, NULL);
}
