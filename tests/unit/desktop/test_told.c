/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui-cli/desktop/told.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64], path[80];

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/test_told.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/told.json", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static size_t count_told(const struct notices *n)
{
	const char *key;
	int64_t since;
	uint32_t id;
	size_t cursor = 0, count = 0;

	while (notices_each_told(n, &cursor, &key, &since, &id))
		count++;
	return count;
}

static void what_was_saved_is_known_after_a_restart(void **state)
{
	struct notices *before = notices_new(), *after = notices_new();
	const char *key = NULL;
	int64_t since = 0;
	uint32_t id = 0;
	size_t cursor = 0;

	(void)state;
	notices_know(before, "unit:\"a\\b\"", 1234, 7);
	notices_know(before, "exe:/usr/bin/b:1", 5678, 0);
	assert_int_equal(told_save(path, before), 0);
	told_load(path, after);
	assert_int_equal(count_told(after), 2);
	assert_true(notices_each_told(after, &cursor, &key, &since, &id));
	assert_int_equal(id, 7);
	assert_string_equal(key, "unit:\"a\\b\"");
	assert_int_equal(since, 1234);
	notices_free(before);
	notices_free(after);
}

static void a_file_without_sense_has_nothing(void **state)
{
	static const char *const files[] = {"", "{", "{\"key\": \"x\"}",
					    "[1, [], {\"since\": 3}, {\"key\": 4}]"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct notices *n = notices_new();

		write_file(files[i]);
		told_load(path, n);
		assert_int_equal(count_told(n), 0);
		notices_free(n);
	}
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
	struct notices *n = notices_new();

	(void)state;
	assert_true(told_save("/nowhere/told.json", n) < 0);
	notices_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_saved_is_known_after_a_restart,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_without_sense_has_nothing,
						set_up, tear_down),
		cmocka_unit_test(a_directory_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
