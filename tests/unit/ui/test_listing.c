/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "listing.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void cell_shout(struct render_table *t, const json_t *item)
{
	(void)item;
	render_cell(t, STYLE_PLAIN, "!");
}

static const struct listing_column columns[] = {
	{"name", "NAME", LISTING_TEXT, 1, NULL},
	{"size", "SIZE", LISTING_SIZE, 3, NULL},
	{"rate", "RATE", LISTING_RATE, 2, NULL},
	{"ok", "OK", LISTING_YES, 0, NULL},
	{"shout", "SHOUT", LISTING_TEXT, 1, cell_shout},
	{0},
};

static json_t *items(void)
{
	return json_pack("[{s:s, s:i, s:i, s:b}, {s:s, s:i, s:i, s:b}]", "name", "one",
			 "size", 2000000, "rate", 125000, "ok", 1, "name", "seven",
			 "size", 5, "rate", 0, "ok", 0);
}

/* What is printed, to be freed. */
static char *print(const char *fields, int width, bool has_legend)
{
	struct context c = {.fields = fields};
	json_t *list = items();
	char *text = NULL;
	size_t size;

	c.out = (struct render){.out = open_memstream(&text, &size),
				.has_legend = has_legend,
				.is_utf8 = true,
				.width = width};
	assert_non_null(c.out.out);
	listing_print(&c, columns, list);
	fclose(c.out.out);
	json_decref(list);
	return text;
}

static void assert_printed(const char *fields, int width, bool has_legend,
			   const char *expected)
{
	char *text = print(fields, width, has_legend);

	assert_string_equal(text, expected);
	free(text);
}

static void a_pipe_gets_every_column_that_is_not_extra(void **state)
{
	(void)state;
	assert_printed(NULL, 0, true,
		       "NAME   SIZE      RATE  SHOUT\n"
		       "one    2 MB  1 Mbit/s  !\n"
		       "seven   5 B   0 bit/s  !\n");
}

static void fields_are_shown_in_the_order_they_are_named(void **state)
{
	(void)state;
	assert_printed("ok,name", 0, true,
		       "OK   NAME\n"
		       "yes  one\n"
		       "no   seven\n");
	assert_printed("name", 0, false, "one\nseven\n");
}

static void a_narrow_terminal_loses_the_least_important_and_is_told(void **state)
{
	(void)state;
	assert_printed(NULL, 26, true,
		       "NAME       RATE  SHOUT\n"
		       "one    1 Mbit/s  !\n"
		       "seven   0 bit/s  !\n"
		       "No room for: size. Show\n"
		       "them with --fields.\n");
	assert_printed(NULL, 12, false,
		       "one    !\n"
		       "seven  !\n");
}

static void fields_that_are_named_are_never_left_out(void **state)
{
	(void)state;
	assert_printed("name,size,rate", 12, false,
		       "one    2 MB  1 Mbit/s\n"
		       "seven   5 B   0 bit/s\n");
}

static void an_unknown_field_is_told_with_the_nearest_and_all(void **state)
{
	char text[512];

	(void)state;
	complain_into(text, sizeof(text));
	assert_int_equal(listing_check(columns, "name,siez"), EXIT_USAGE);
	assert_string_equal(text,
			    "no field 'siez'; did you mean 'size'? There are: name, "
			    "size, rate, ok, shout");
	assert_int_equal(listing_check(columns, "zzzzzzzz"), EXIT_USAGE);
	assert_string_equal(text,
			    "no field 'zzzzzzzz'; there are: name, size, rate, ok, "
			    "shout");
	assert_int_equal(listing_check(columns, ","), EXIT_USAGE);
	assert_int_equal(listing_check(columns, "name, ok"), EXIT_OK);
	complain_into(NULL, 0);
}

static void text_is_harmless_to_a_terminal(void **state)
{
	struct context c = {.fields = "name"};
	json_t *list = json_pack("[{s:s}]", "name", "a\033[2Jb");
	char *text = NULL;
	size_t size;

	(void)state;
	c.out = (struct render){.out = open_memstream(&text, &size), .is_utf8 = true};
	listing_print(&c, columns, list);
	fclose(c.out.out);
	assert_string_equal(text, "a\\x1b[2Jb\n");
	free(text);
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_gets_every_column_that_is_not_extra),
		cmocka_unit_test(fields_are_shown_in_the_order_they_are_named),
		cmocka_unit_test(
			a_narrow_terminal_loses_the_least_important_and_is_told),
		cmocka_unit_test(fields_that_are_named_are_never_left_out),
		cmocka_unit_test(an_unknown_field_is_told_with_the_nearest_and_all),
		cmocka_unit_test(text_is_harmless_to_a_terminal),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
