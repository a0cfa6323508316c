/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/setting.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool says(const char *text, const char *pattern)
{
	return setting_is_said(text, strlen(text), pattern);
}

static void a_line_is_found_however_it_is_spaced(void **state)
{
	(void)state;
	assert_true(says("a = 1\nnotransit = true\n", "notransit = true"));
	assert_true(says("notransit=true", "notransit = true"));
	assert_true(says("\t notransit\t=  true \r\n", "notransit=true"));
	assert_true(says("relay:\n  am_relay: false # ours\n", "am_relay: false"));
	assert_true(says("orport   0\n", "ORPort 0"));
	assert_true(says("ORPort 9001 NoListen\n", "ORPort [1-9]*"));
}

static void what_says_something_else_is_not_it(void **state)
{
	(void)state;
	assert_false(
		says("# notransit = true\n;notransit = true\n", "notransit = true"));
	assert_false(says("notransit = false\n", "notransit = true"));
	assert_false(says("xnotransit = true\n", "notransit = true"));
	assert_false(says("notransit = true or so\n", "notransit = true"));
	assert_false(says("ORPort 0\n", "ORPort [1-9]*"));
	assert_false(says("", "*"));
	assert_false(says("\n\n  \n", "*"));
}

static void a_hash_inside_a_word_is_no_comment(void **state)
{
	(void)state;
	assert_true(says("key = a#b\n", "key = a#b"));
	assert_false(says("key = a #b\n", "key = a#b"));
}

static void a_line_that_is_too_long_says_nothing(void **state)
{
	char text[2 * SETTING_LINE_MAX];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_false(setting_is_said(text, sizeof(text), "a*"));
	text[SETTING_LINE_MAX + 5] = '\n';
	text[SETTING_LINE_MAX + 9] = '\n';
	assert_true(setting_is_said(text, sizeof(text), "aaa"));
	assert_false(setting_is_said("a\0b", 3, "a*"));
}

static void a_word_of_the_command_line_is_found(void **state)
{
	static const char line[] = "edge\0-d\0n2n0\0-r\0-l\0a.example:7654";

	(void)state;
	assert_true(setting_is_given(line, sizeof(line), "-r"));
	assert_true(setting_is_given(line, sizeof(line) - 1, "a.example:*"));
	assert_false(setting_is_given(line, sizeof(line), "-R"));
	assert_false(setting_is_given(line, sizeof(line), "edge"));
	assert_false(setting_is_given(line, 12, "-r"));
	assert_false(setting_is_given("", 0, "*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_found_however_it_is_spaced),
		cmocka_unit_test(what_says_something_else_is_not_it),
		cmocka_unit_test(a_hash_inside_a_word_is_no_comment),
		cmocka_unit_test(a_line_that_is_too_long_says_nothing),
		cmocka_unit_test(a_word_of_the_command_line_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
