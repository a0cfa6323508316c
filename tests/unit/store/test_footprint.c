/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/footprint.h"
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

#define HERE "6b3b7d3c-0000-4000-8000-000000000000/net:[4026531840]"
#define ELSEWHERE "6b3b7d3c-0000-4000-8000-000000000000/net:[4026532999]"

static char dir[32], path[64];

static int dir_make(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/rw-footprint.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/footprint", dir);
	return 0;
}

/* Fails when anything but the file is in it. */
static int dir_remove(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void what_was_changed_is_known_after_a_crash(void **state)
{
	const struct footprint changed = {true, 0xfff00000};
	struct footprint f = {0};

	(void)state;
	assert_int_equal(footprint_save(dir, HERE, &changed), 0);
	assert_int_equal(footprint_load(dir, HERE, &f), 0);
	assert_true(f.turned_accounting_on);
	assert_int_equal(f.mark_mask, 0xfff00000);
}

static void a_later_change_replaces_it(void **state)
{
	const struct footprint first = {true, 0xfff00000}, second = {false, 0xfff00};
	struct footprint f = {0};

	(void)state;
	assert_int_equal(footprint_save(dir, HERE, &first), 0);
	assert_int_equal(footprint_save(dir, HERE, &second), 0);
	assert_int_equal(footprint_load(dir, HERE, &f), 0);
	assert_false(f.turned_accounting_on);
	assert_int_equal(f.mark_mask, 0xfff00);
}

static void another_namespace_or_boot_has_nothing_to_take_back(void **state)
{
	const struct footprint changed = {true, 0xfff00000};
	struct footprint f = {false, 7};

	(void)state;
	assert_int_equal(footprint_save(dir, ELSEWHERE, &changed), 0);
	assert_int_equal(footprint_load(dir, HERE, &f), -ENOENT);
	assert_int_equal(f.mark_mask, 7);
}

static void what_was_taken_back_is_forgotten(void **state)
{
	const struct footprint changed = {true, 0xfff00000};
	struct footprint f;

	(void)state;
	assert_int_equal(footprint_save(dir, HERE, &changed), 0);
	assert_int_equal(footprint_remove(dir), 0);
	assert_int_equal(footprint_load(dir, HERE, &f), -ENOENT);
	assert_int_equal(footprint_remove(dir), 0);
}

static void a_file_that_is_cut_or_edited_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"place",
		"place " HERE " accounting 1 mark_mask 0xfff00000", /* cut */
		"place " HERE " accounting 2 mark_mask 0xfff00000\n",
		"place " HERE " accounting 1 mark_mask 0xfff000000\n",
		"place " HERE " accounting 1 mark_mask 12 more\n",
	};
	struct footprint f = {false, 7};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(bad[i]);
		assert_int_equal(footprint_load(dir, HERE, &f), -EBADMSG);
	}
	assert_int_equal(f.mark_mask, 7);
}

static void a_directory_that_is_missing_is_told(void **state)
{
	const struct footprint changed = {true, 0xfff00000};

	(void)state;
	assert_int_equal(footprint_save("/tmp/rw-no-such-dir", HERE, &changed),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, dir_remove)
		TEST(what_was_changed_is_known_after_a_crash),
		TEST(a_later_change_replaces_it),
		TEST(another_namespace_or_boot_has_nothing_to_take_back),
		TEST(what_was_taken_back_is_forgotten),
		TEST(a_file_that_is_cut_or_edited_is_refused),
		TEST(a_directory_that_is_missing_is_told),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
