/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_escaped(const char *text, const char *expected)
{
	char buf[256];

	assert_ptr_equal(text_escape(text, buf, sizeof(buf)), buf);
	assert_string_equal(buf, expected);
}

static void printable_text_is_copied_unchanged(void **state)
{
	(void)state;
	assert_escaped("", "");
	assert_escaped("n2n supernode", "n2n supernode");
	assert_escaped("h\u00e9 \u4e2d \U0001f600", "h\u00e9 \u4e2d \U0001f600");
}

static void controls_become_escapes(void **state)
{
	(void)state;
	assert_escaped("a\nb\tc", "a\\x0ab\\x09c");
	assert_escaped("\033[31mred", "\\x1b[31mred");
	assert_escaped("\177", "\\x7f");
	assert_escaped("\302\233[2J", "\\xc2\\x9b[2J"); /* C1: CSI in one character */
}

static void bidirectional_overrides_become_escapes(void **state)
{
	(void)state;
	assert_escaped("a\u202egpj", "a\\xe2\\x80\\xaegpj");
	assert_escaped("\u202a", "\\xe2\\x80\\xaa");
	assert_escaped("\u2066", "\\xe2\\x81\\xa6");
	assert_escaped("\u2069", "\\xe2\\x81\\xa9");
	assert_escaped("\u2065 \u202f", "\u2065 \u202f"); /* neighbours are not */
}

static void bytes_that_are_not_utf8_become_escapes(void **state)
{
	(void)state;
	assert_escaped("\377\376", "\\xff\\xfe");
	assert_escaped("\300\200", "\\xc0\\x80");		    /* overlong NUL */
	assert_escaped("\340\200\257", "\\xe0\\x80\\xaf");	    /* overlong slash */
	assert_escaped("\355\240\200", "\\xed\\xa0\\x80");	    /* a surrogate */
	assert_escaped("\364\220\200\200", "\\xf4\\x90\\x80\\x80"); /* > U+10FFFF */
	assert_escaped("\342\202", "\\xe2\\x82");		    /* cut short */
	assert_escaped("\342\202x", "\\xe2\\x82x");
	assert_escaped("\200", "\\x80");
}

static void a_cut_never_splits_an_escape_or_a_character(void **state)
{
	char buf[8];

	(void)state;
	text_escape("abcdef\n", buf, sizeof(buf));
	assert_string_equal(buf, "abcdef");
	text_escape("abcde\u20ac", buf, sizeof(buf));
	assert_string_equal(buf, "abcde");
	text_escape("abcd\u20ac", buf, sizeof(buf));
	assert_string_equal(buf, "abcd\u20ac");
	text_escape("abc\nd", buf, sizeof(buf));
	assert_string_equal(buf, "abc\\x0a");
	text_escape("\u202eabc", buf, sizeof(buf)); /* twelve bytes as escapes */
	assert_string_equal(buf, "");
	text_escape("abc", buf, 1);
	assert_string_equal(buf, "");
}

static void no_room_at_all_writes_nothing(void **state)
{
	char buf[1] = {'x'};

	(void)state;
	text_escape("abc", buf, 0);
	assert_int_equal(buf[0], 'x');
}

static void plain_text_may_have_tabs_and_line_ends(void **state)
{
	static const char text[] = "caf\u00e9 = 1\r\n\tx\n";

	(void)state;
	assert_true(text_is_plain(text, sizeof(text) - 1));
	assert_true(text_is_plain("", 0));
}

static void nul_controls_and_bad_bytes_are_not_plain(void **state)
{
	(void)state;
	assert_false(text_is_plain("a\0b", 3));
	assert_false(text_is_plain("a\033b", 3));
	assert_false(text_is_plain("a\177", 2));
	assert_false(text_is_plain("\302\205", 2)); /* NEL, a C1 control */
	assert_false(text_is_plain("\377\376a\0", 4));
	assert_false(text_is_plain("ab\342\202\254", 4)); /* ends inside a character */
	assert_true(text_is_plain("ab\342\202\254", 5));
}

static const char *const words[] = {"promotion", "rate_up", "rate_down", "mode", NULL};

static void the_nearest_word_is_found(void **state)
{
	(void)state;
	assert_string_equal(text_nearest("promotoin", words), "promotion");
	assert_string_equal(text_nearest("rateup", words), "rate_up");
	assert_string_equal(text_nearest("rate_dwn", words), "rate_down");
	assert_string_equal(text_nearest("mode", words), "mode");
}

static void a_swap_of_neighbours_is_one_mistake(void **state)
{
	static const char *const few[] = {"warn", NULL};

	(void)state;
	assert_string_equal(text_nearest("wanr", few), "warn");
}

static void a_word_far_from_all_has_no_nearest(void **state)
{
	static const char *const none[] = {NULL};
	char word[4096];

	(void)state;
	assert_null(text_nearest("colour", words));
	assert_null(text_nearest("", words));
	assert_null(text_nearest("mo", words));
	assert_null(text_nearest("mode", none));
	memset(word, 'm', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_null(text_nearest(word, words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_text_is_copied_unchanged),
		cmocka_unit_test(controls_become_escapes),
		cmocka_unit_test(bidirectional_overrides_become_escapes),
		cmocka_unit_test(bytes_that_are_not_utf8_become_escapes),
		cmocka_unit_test(a_cut_never_splits_an_escape_or_a_character),
		cmocka_unit_test(no_room_at_all_writes_nothing),
		cmocka_unit_test(plain_text_may_have_tabs_and_line_ends),
		cmocka_unit_test(nul_controls_and_bad_bytes_are_not_plain),
		cmocka_unit_test(the_nearest_word_is_found),
		cmocka_unit_test(a_swap_of_neighbours_is_one_mistake),
		cmocka_unit_test(a_word_far_from_all_has_no_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
