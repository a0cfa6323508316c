/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct render_column columns[] = {
	{"NAME", false}, {"SIZE", true}, {"WHAT", false}};

/* Where what is printed goes. */
struct paper {
	struct render r;
	char *text;
	size_t size;
};

static void begin(struct paper *p, int width)
{
	p->text = NULL;
	p->r = (struct render){.out = open_memstream(&p->text, &p->size),
			       .has_legend = true,
			       .is_utf8 = true,
			       .width = width};
	assert_non_null(p->r.out);
}

static void assert_printed(struct paper *p, const char *expected)
{
	fclose(p->r.out);
	assert_string_equal(p->text, expected);
	free(p->text);
}

static void print_table(struct paper *p, const char *name, const char *what)
{
	struct render_table *t = render_table_new(columns, 3);

	render_cell(t, STYLE_PLAIN, "%s", name);
	render_cell(t, STYLE_PLAIN, "12 kB");
	render_cell(t, STYLE_PLAIN, "%s", what);
	render_cell(t, STYLE_PLAIN, "b");
	render_cell(t, STYLE_PLAIN, "1 B");
	render_cell(t, STYLE_PLAIN, "%s", "");
	render_table_print(&p->r, t, 2);
	render_table_free(t);
}

static void a_pipe_gets_one_line_a_row_and_no_blanks_at_its_end(void **state)
{
	struct paper p;

	(void)state;
	begin(&p, 0);
	print_table(&p, "one",
		    "some words that are long enough to be folded elsewhere");
	assert_printed(&p,
		       "  NAME   SIZE  WHAT\n"
		       "  one   12 kB  some words that are long enough to be folded "
		       "elsewhere\n"
		       "  b       1 B\n");
}

static void the_last_column_is_folded_between_words(void **state)
{
	struct paper p;

	(void)state;
	begin(&p, 40);
	print_table(&p, "one", "some words that are long enough to be folded here");
	assert_printed(&p, "  NAME   SIZE  WHAT\n"
			   "  one   12 kB  some words that are long\n"
			   "               enough to be folded here\n"
			   "  b       1 B\n");
}

static void so_is_another_where_that_is_the_wide_one(void **state)
{
	struct paper p;

	(void)state;
	begin(&p, 44);
	print_table(&p, "a name of more words than there is room for", "short");
	assert_printed(&p, "  NAME                           SIZE  WHAT\n"
			   "  a name of more words than     12 kB  short\n"
			   "  there is room for\n"
			   "  b                               1 B\n");
}

static void a_word_too_long_for_its_column_is_broken(void **state)
{
	struct paper p;

	(void)state;
	begin(&p, 36);
	print_table(&p, "one", "/a/path/without/any/blank.ini");
	assert_printed(&p, "  NAME   SIZE  WHAT\n"
			   "  one   12 kB  /a/path/without/any/b\n"
			   "               lank.ini\n"
			   "  b       1 B\n");
}

static void wide_characters_take_two_columns(void **state)
{
	struct paper p;

	(void)state;
	begin(&p, 0);
	print_table(&p, "\u4e2d\u6587", "x");
	assert_printed(&p, "  NAME   SIZE  WHAT\n"
			   "  \u4e2d\u6587  12 kB  x\n"
			   "  b       1 B\n");
}

static void without_utf8_what_is_not_ascii_is_replaced(void **state)
{
	struct paper p;

	(void)state;
	begin(&p, 0);
	p.r.is_utf8 = false;
	print_table(&p, "\u00e9", "a \u00b7 b");
	assert_printed(&p, "  NAME   SIZE  WHAT\n"
			   "  ?     12 kB  a - b\n"
			   "  b       1 B\n");
}

static void a_long_line_goes_on_below_its_beginning(void **state)
{
	struct paper p;

	(void)state;
	begin(&p, 30);
	render_line(&p.r, STYLE_PLAIN,
		    "  - a line that has more words than there is "
		    "room for");
	assert_printed(&p, "  - a line that has more words\n"
			   "    than there is room for\n");
}

static void styles_are_found_again_in_what_was_printed(void **state)
{
	enum style style;
	struct paper p;

	(void)state;
	begin(&p, 0);
	p.r.has_colour = true;
	render_line(&p.r, STYLE_BAD, "x");
	fclose(p.r.out);
	assert_int_equal(render_parse_style(p.text, &style), strcspn(p.text, "x"));
	assert_int_equal(style, STYLE_BAD);
	assert_int_not_equal(render_parse_style(strchr(p.text, 'x') + 1, &style), 0);
	assert_int_equal(style, STYLE_PLAIN);
	assert_int_equal(render_parse_style("\033[2J", &style), 0);
	assert_int_equal(render_parse_style("", &style), 0);
	free(p.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_gets_one_line_a_row_and_no_blanks_at_its_end),
		cmocka_unit_test(the_last_column_is_folded_between_words),
		cmocka_unit_test(so_is_another_where_that_is_the_wide_one),
		cmocka_unit_test(a_word_too_long_for_its_column_is_broken),
		cmocka_unit_test(wide_characters_take_two_columns),
		cmocka_unit_test(without_utf8_what_is_not_ascii_is_replaced),
		cmocka_unit_test(a_long_line_goes_on_below_its_beginning),
		cmocka_unit_test(styles_are_found_again_in_what_was_printed),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
