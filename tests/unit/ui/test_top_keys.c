/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top_keys.h"
#include <curses.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct top_model *m;
	struct top_state s;
};

#define LINES_SHOWN 10
#define ESCAPE 27

static bool press(struct fixture *f, int key)
{
	return top_key(&f->s, f->m, key, LINES_SHOWN);
}

static void type(struct fixture *f, const char *text)
{
	for (; *text; text++)
		press(f, (unsigned char)*text);
}

static void enter_opens_the_chosen_one_and_escape_leads_back(void **state)
{
	struct fixture *f = *state;

	press(f, KEY_DOWN);
	assert_true(press(f, '\r'));
	assert_int_equal(f->s.page, TOP_EVIDENCE);
	assert_string_equal(f->s.app, "b");
	press(f, ESCAPE);
	assert_int_equal(f->s.page, TOP_LIST);
	assert_null(f->s.app);
}

static void tab_goes_round_the_three_pages(void **state)
{
	struct fixture *f = *state;

	press(f, '\r');
	assert_true(press(f, '\t'));
	assert_int_equal(f->s.page, TOP_PEERS);
	assert_true(press(f, '\t'));
	assert_int_equal(f->s.page, TOP_STATUS);
	assert_true(press(f, '\t'));
	assert_int_equal(f->s.page, TOP_EVIDENCE);
}

static void enter_on_an_empty_list_opens_nothing(void **state)
{
	struct fixture *f = *state;

	top_model_filter(f->m, "nobody");
	assert_false(press(f, '\r'));
	assert_int_equal(f->s.page, TOP_LIST);
}

static void the_filter_takes_letters_that_are_commands_elsewhere(void **state)
{
	struct fixture *f = *state;

	press(f, '/');
	type(f, "q u");
	assert_string_equal(top_model_filtered_by(f->m), "q u");
	assert_false(f->s.is_ended);
	press(f, KEY_BACKSPACE);
	press(f, '\r');
	assert_string_equal(top_model_filtered_by(f->m), "q ");
	assert_false(f->s.is_typing);
	press(f, ESCAPE);
	assert_string_equal(top_model_filtered_by(f->m), "");
}

static void backspace_takes_a_whole_character(void **state)
{
	struct fixture *f = *state;

	press(f, '/');
	type(f, "a\u00e9");
	press(f, KEY_BACKSPACE);
	assert_string_equal(top_model_filtered_by(f->m), "a");
	press(f, KEY_BACKSPACE);
	press(f, KEY_BACKSPACE);
	assert_string_equal(top_model_filtered_by(f->m), "");
}

static void a_filter_that_is_too_long_stops_growing(void **state)
{
	struct fixture *f = *state;

	press(f, '/');
	for (int i = 0; i < 2 * TOP_FILTER_MAX; i++)
		press(f, 'x');
	assert_int_equal(strlen(top_model_filtered_by(f->m)), TOP_FILTER_MAX - 1);
}

static void letters_sort_and_other_keys_do_nothing(void **state)
{
	struct fixture *f = *state;
	bool is_reversed;

	press(f, 'u');
	assert_int_equal(top_model_sorted_by(f->m, &is_reversed), TOP_BY_UP);
	press(f, 'z');
	press(f, 0);
	press(f, KEY_F(5));
	assert_int_equal(top_model_sorted_by(f->m, &is_reversed), TOP_BY_UP);
	assert_false(is_reversed);
}

static void a_page_scrolls_and_never_above_its_beginning(void **state)
{
	struct fixture *f = *state;

	press(f, '\r');
	press(f, KEY_NPAGE);
	assert_int_equal(f->s.scroll, LINES_SHOWN);
	press(f, KEY_UP);
	assert_int_equal(f->s.scroll, LINES_SHOWN - 1);
	press(f, KEY_PPAGE);
	assert_int_equal(f->s.scroll, 0);
}

static void space_stops_the_picture_and_q_ends(void **state)
{
	struct fixture *f = *state;

	press(f, ' ');
	assert_true(f->s.is_frozen);
	assert_true(press(f, ' '));
	press(f, 'q');
	assert_true(f->s.is_ended);
}

static void the_last_line_fits_80_columns_on_every_page(void **state)
{
	struct fixture *f = *state;

	assert_true(strlen(top_key_hint(&f->s)) < 80);
	press(f, '/');
	assert_true(strlen(top_key_hint(&f->s)) < 80);
	press(f, '\r');
	press(f, 'h');
	assert_int_equal(f->s.page, TOP_HELP);
	assert_true(strlen(top_key_hint(&f->s)) < 80);
}

static int setup(void **state)
{
	static struct fixture f;
	json_t *reply = json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "applications",
				  "name", "a", "key", "a", "name", "b", "key", "b");

	f = (struct fixture){.m = top_model_new()};
	*state = &f;
	if (!f.m || top_model_update(f.m, reply) < 0)
		return -1;
	json_decref(reply);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	top_model_free(f->m);
	top_state_done(&f->s);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(enter_opens_the_chosen_one_and_escape_leads_back),
		TEST(tab_goes_round_the_three_pages),
		TEST(enter_on_an_empty_list_opens_nothing),
		TEST(the_filter_takes_letters_that_are_commands_elsewhere),
		TEST(backspace_takes_a_whole_character),
		TEST(a_filter_that_is_too_long_stops_growing),
		TEST(letters_sort_and_other_keys_do_nothing),
		TEST(a_page_scrolls_and_never_above_its_beginning),
		TEST(space_stops_the_picture_and_q_ends),
		TEST(the_last_line_fits_80_columns_on_every_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
