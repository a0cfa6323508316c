/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/verdicts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void what_is_written_is_read_again(void **state)
{
	char dir[] = "/tmp/test_verdicts.XXXXXX", path[64];
	struct verdicts v = {.kept = 0x1234, .trying = UINT64_MAX}, again = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(verdicts_read(dir, &again), 0); /* nothing there */
	verdicts_refuse(&v, 7, "60-x.ini: rolled back: dns\n.");
	assert_int_equal(verdicts_write(dir, &v), 0);
	assert_int_equal(verdicts_read(dir, &again), 0);
	assert_int_equal(again.kept, 0x1234);
	assert_int_equal(again.trying, UINT64_MAX);
	assert_int_equal(again.refused_count, 1);
	assert_string_equal(verdicts_refusal(&again, 7),
			    "60-x.ini: rolled back: dns .");
	assert_null(verdicts_refusal(&again, 8));
	snprintf(path, sizeof(path), "%s/trials", dir);
	unlink(path);
	rmdir(dir);
	assert_true(verdicts_write(dir, &v) < 0);
}

static void damage_is_passed_over(void **state)
{
	static const char text[] = "kept 12\nkept 000000000000000x\nkept\nrefused \n"
				   "refused 0000000000000001\n"
				   "refused 0000000000000000 zero\n"
				   "refused 0000000000000002 \x1b[2Jpainted\n"
				   "trying 0000000000000003\nkept 00000000000000ff";
	struct verdicts v;

	(void)state;
	verdicts_parse(text, &v);
	assert_int_equal(v.kept, 0xff);
	assert_int_equal(v.trying, 3);
	assert_int_equal(v.refused_count, 1);
	assert_string_equal(verdicts_refusal(&v, 2), "\\x1b[2Jpainted");
}

static void the_oldest_is_forgotten_at_the_bound(void **state)
{
	struct verdicts v = {0};

	(void)state;
	for (uint64_t i = 1; i <= VERDICTS_REFUSED_MAX; i++)
		verdicts_refuse(&v, i, "x");
	verdicts_refuse(&v, 1, "again"); /* now the newest */
	verdicts_refuse(&v, 1000, "y");
	assert_int_equal(v.refused_count, VERDICTS_REFUSED_MAX);
	assert_null(verdicts_refusal(&v, 2));
	assert_string_equal(verdicts_refusal(&v, 1), "again");
	verdicts_forgive(&v, 1);
	assert_null(verdicts_refusal(&v, 1));
	verdicts_forgive(&v, 1);
	assert_int_equal(v.refused_count, VERDICTS_REFUSED_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(damage_is_passed_over),
		cmocka_unit_test(the_oldest_is_forgotten_at_the_bound),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
