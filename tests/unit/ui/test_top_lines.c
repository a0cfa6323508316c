/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "columns.h"
#include "top_lines.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fill_row(struct top_row *row, json_t *app)
{
	*row = (struct top_row){.app = app};
	assert_non_null(app);
}

static json_t *relay(const char *name)
{
	return json_pack(
		"{s:s, s:s, s:s, s:b, s:f, s:i, s:I, s:I, s:[{s:s, s:i}, {s:s, s:i}]}",
		"name", name, "user", "anna", "role", "relay", "promoted", 1,
		"probability", 0.62, "peers", 12, "rate_in", (json_int_t)11775000,
		"rate_out", (json_int_t)31250, "limits", "direction", "in",
		"bytes_per_second", 250000, "direction", "out", "bytes_per_second",
		125000);
}

static void rates_are_short(void **state)
{
	char buf[TOP_RATE_MAX];

	(void)state;
	assert_string_equal(top_rate(0, buf), "0");
	assert_string_equal(top_rate(31250, buf), "250k");
	assert_string_equal(top_rate(11775000, buf), "94.2M");
	assert_string_equal(top_rate(UINT64_C(1250000000), buf), "10G");
}

static void a_line_of_80_columns_has_all_but_the_user(void **state)
{
	char line[TOP_LINE_MAX], heading[TOP_LINE_MAX];
	struct top_layout l;
	struct top_row row;

	(void)state;
	fill_row(&row, relay("supernode"));
	top_layout_make(79, &l);
	top_heading(&l, heading);
	top_line(&l, &row, true, line);
	assert_int_equal(columns_of(line), 79);
	assert_int_equal(columns_of(heading), 79);
	assert_non_null(strstr(line, "supernode"));
	assert_non_null(strstr(line, "  62 %"));
	assert_non_null(strstr(line, "94.2M   250k     1M"));
	assert_null(strstr(line, "anna"));
	json_decref(row.app);
}

static void a_wide_line_says_whose_it_is(void **state)
{
	char line[TOP_LINE_MAX];
	struct top_layout l;
	struct top_row row;

	(void)state;
	fill_row(&row, relay("supernode"));
	top_layout_make(120, &l);
	assert_non_null(strstr(top_line(&l, &row, true, line), "anna"));
	json_decref(row.app);
}

static void no_line_is_wider_than_its_room(void **state)
{
	char line[TOP_LINE_MAX];
	struct top_layout l;
	struct top_row row;

	(void)state;
	fill_row(&row,
		 relay("\u4e2d\u6587 a name that is far too long for all of them"));
	for (int width = 10; width < 400; width++) {
		top_layout_make(width, &l);
		assert_true(columns_of(top_line(&l, &row, true, line)) <= width);
		assert_true(columns_of(top_heading(&l, line)) <= width);
		assert_true(l.name >= 10);
	}
	json_decref(row.app);
}

static void a_narrow_line_keeps_name_and_role_longest(void **state)
{
	struct top_layout l;

	(void)state;
	top_layout_make(40, &l);
	assert_int_equal(l.history, 0);
	assert_true(l.role > 0);
	assert_true(l.up > 0);
	top_layout_make(20, &l);
	assert_true(l.role > 0);
	assert_int_equal(l.up, 0);
}

static void what_is_cut_is_called_that(void **state)
{
	char line[TOP_LINE_MAX];
	struct top_layout l;
	struct top_row row;

	(void)state;
	fill_row(&row, relay("edge"));
	json_object_set_new(row.app, "cuts", json_pack("[s]", "legs"));
	top_layout_make(79, &l);
	assert_non_null(strstr(top_line(&l, &row, true, line), "250k    cut"));
	json_decref(row.app);
}

static void names_cannot_steer_the_terminal(void **state)
{
	char line[TOP_LINE_MAX];
	struct top_layout l;
	struct top_row row;

	(void)state;
	fill_row(&row, relay("a\033[2Jb"));
	top_layout_make(79, &l);
	top_line(&l, &row, true, line);
	assert_null(strchr(line, '\033'));
	assert_non_null(strstr(line, "a\\x1b[2Jb"));
	json_decref(row.app);
}

static void history_is_drawn_against_its_own_highest(void **state)
{
	struct top_row row = {.history = {0, 1, 100000, 800000}, .history_count = 4};
	char buf[TOP_LINE_MAX];

	(void)state;
	assert_string_equal(top_history(&row, 6, true, buf), "   \u2581\u2581\u2588");
	assert_string_equal(top_history(&row, 6, false, buf), "   ..@");
	assert_string_equal(top_history(&row, 2, false, buf), ".@");
	assert_string_equal(top_history(&row, 0, false, buf), "");
}

static void a_whisper_does_not_look_busy(void **state)
{
	struct top_row row = {.history = {10, 20, 30}, .history_count = 3};
	char buf[TOP_LINE_MAX];

	(void)state;
	assert_string_equal(top_history(&row, 3, false, buf), "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_short),
		cmocka_unit_test(a_line_of_80_columns_has_all_but_the_user),
		cmocka_unit_test(a_wide_line_says_whose_it_is),
		cmocka_unit_test(no_line_is_wider_than_its_room),
		cmocka_unit_test(a_narrow_line_keeps_name_and_role_longest),
		cmocka_unit_test(what_is_cut_is_called_that),
		cmocka_unit_test(names_cannot_steer_the_terminal),
		cmocka_unit_test(history_is_drawn_against_its_own_highest),
		cmocka_unit_test(a_whisper_does_not_look_busy),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
