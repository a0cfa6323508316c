/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top_model.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *app(const char *name, const char *role, int peers, int in, int out)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:i, s:i, s:i, s:f}", "name", name,
			 "key", name, "role", role, "user", "anna", "promoted",
			 strcmp(role, "relay") == 0, "peers", peers, "rate_in", in,
			 "rate_out", out, "probability",
			 strcmp(role, "relay") == 0 ? 0.99 : 0.01);
}

static void update_take(struct top_model *m, json_t *apps)
{
	json_t *reply = json_pack("{s:o}", "applications", apps);

	assert_non_null(reply);
	assert_int_equal(top_model_update(m, reply), 0);
	json_decref(reply);
}

static void update_three(struct top_model *m)
{
	update_take(m, json_pack("[o, o, o]", app("Mail", "client", 1, 10, 20),
				 app("edge", "relay", 2, 5, 5),
				 app("voice", "client", 3, 900, 0)));
}

static const char *name_at(const struct top_model *m, size_t index)
{
	const struct top_row *row = top_model_row(m, index);

	return row ? json_string_value(json_object_get(row->app, "name")) : "";
}

static void assert_order(const struct top_model *m, const char *a, const char *b,
			 const char *c)
{
	assert_string_equal(name_at(m, 0), a);
	assert_string_equal(name_at(m, 1), b);
	assert_string_equal(name_at(m, 2), c);
}

static void what_is_promoted_comes_first_then_what_is_busy(void **state)
{
	struct top_model *m = *state;

	update_three(m);
	assert_order(m, "edge", "voice", "Mail");
}

static void every_order_begins_with_the_most_and_turns_round(void **state)
{
	struct top_model *m = *state;
	bool is_reversed;

	update_three(m);
	top_model_sort(m, TOP_BY_NAME);
	assert_order(m, "edge", "Mail", "voice");
	top_model_sort(m, TOP_BY_PEERS);
	assert_order(m, "voice", "edge", "Mail");
	top_model_sort(m, TOP_BY_UP);
	assert_order(m, "Mail", "edge", "voice");
	top_model_sort(m, TOP_BY_DOWN);
	assert_order(m, "voice", "Mail", "edge");
	top_model_sort(m, TOP_BY_DOWN);
	assert_order(m, "edge", "Mail", "voice");
	assert_int_equal(top_model_sorted_by(m, &is_reversed), TOP_BY_DOWN);
	assert_true(is_reversed);
	top_model_sort(m, TOP_BY_PROBABILITY);
	assert_string_equal(name_at(m, 0), "edge");
	top_model_sort(m, TOP_BY_ROLE);
	assert_string_equal(name_at(m, 0), "edge");
}

static void a_filter_shows_what_has_it_whatever_the_case(void **state)
{
	struct top_model *m = *state;

	update_three(m);
	top_model_filter(m, "mai");
	assert_int_equal(top_model_count(m), 1);
	assert_string_equal(name_at(m, 0), "Mail");
	assert_null(top_model_row(m, 1));
	top_model_filter(m, "relay");
	assert_string_equal(name_at(m, 0), "edge");
	top_model_filter(m, "ANNA");
	assert_int_equal(top_model_count(m), 3);
	top_model_filter(m, "nobody");
	assert_int_equal(top_model_count(m), 0);
	assert_int_equal(top_model_chosen(m), 0);
}

static void the_chosen_one_stays_chosen_when_the_order_changes(void **state)
{
	struct top_model *m = *state;

	update_three(m);
	top_model_choose(m, 1);
	assert_string_equal(name_at(m, top_model_chosen(m)), "voice");
	top_model_sort(m, TOP_BY_NAME);
	assert_string_equal(name_at(m, top_model_chosen(m)), "voice");
	update_three(m);
	assert_string_equal(name_at(m, top_model_chosen(m)), "voice");
}

static void choosing_stops_at_both_ends(void **state)
{
	struct top_model *m = *state;

	top_model_choose(m, 1); /* of nothing */
	assert_int_equal(top_model_chosen(m), 0);
	update_three(m);
	top_model_choose(m, -5);
	assert_int_equal(top_model_chosen(m), 0);
	top_model_choose(m, TOP_ROWS_MAX);
	assert_int_equal(top_model_chosen(m), 2);
}

static void the_first_is_chosen_when_the_chosen_one_is_gone(void **state)
{
	struct top_model *m = *state;

	update_three(m);
	top_model_choose(m, 2);
	update_take(m, json_pack("[o]", app("edge", "relay", 2, 5, 5)));
	assert_int_equal(top_model_chosen(m), 0);
	assert_int_equal(top_model_count(m), 1);
}

static void history_follows_the_application_not_its_row(void **state)
{
	struct top_model *m = *state;

	update_take(m, json_pack("[o, o]", app("a", "client", 1, 100, 0),
				 app("b", "client", 1, 1, 1)));
	update_take(m, json_pack("[o, o]", app("b", "client", 1, 300, 1),
				 app("a", "client", 1, 7, 3)));
	assert_string_equal(name_at(m, 0), "b");
	assert_int_equal(top_model_row(m, 0)->history_count, 2);
	assert_int_equal(top_model_row(m, 0)->history[0], 2);
	assert_int_equal(top_model_row(m, 0)->history[1], 301);
	assert_int_equal(top_model_row(m, 1)->history[0], 100);
	assert_int_equal(top_model_row(m, 1)->history[1], 10);
}

static void history_keeps_the_newest_samples(void **state)
{
	struct top_model *m = *state;

	for (int i = 0; i < TOP_HISTORY + 5; i++)
		update_take(m, json_pack("[o]", app("a", "client", 1, i, 0)));
	assert_int_equal(top_model_row(m, 0)->history_count, TOP_HISTORY);
	assert_int_equal(top_model_row(m, 0)->history[0], 5);
	assert_int_equal(top_model_row(m, 0)->history[TOP_HISTORY - 1],
			 TOP_HISTORY + 4);
}

static void who_is_gone_comes_back_without_a_history(void **state)
{
	struct top_model *m = *state;

	update_three(m);
	update_take(m, json_array());
	assert_int_equal(top_model_count(m), 0);
	update_three(m);
	assert_int_equal(top_model_row(m, 0)->history_count, 1);
}

static void more_than_the_bound_are_counted_not_shown(void **state)
{
	struct top_model *m = *state;
	json_t *apps = json_array();
	char name[16];

	for (int i = 0; i < TOP_ROWS_MAX + 3; i++) {
		snprintf(name, sizeof(name), "app%d", i);
		json_array_append_new(apps, app(name, "client", 1, 1, 1));
	}
	update_take(m, apps);
	assert_int_equal(top_model_count(m), TOP_ROWS_MAX);
	assert_int_equal(top_model_left_out(m), 3);
}

static void a_reply_of_another_shape_shows_nothing(void **state)
{
	struct top_model *m = *state;
	json_t *reply = json_pack("{s:s}", "applications", "none");

	assert_int_equal(top_model_update(m, reply), 0);
	assert_int_equal(top_model_count(m), 0);
	json_decref(reply);
	update_take(m, json_pack("[i, n]", 1));
	assert_int_equal(top_model_count(m), 2);
}

static int setup(void **state)
{
	*state = top_model_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	top_model_free(*state);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_promoted_comes_first_then_what_is_busy),
		TEST(every_order_begins_with_the_most_and_turns_round),
		TEST(a_filter_shows_what_has_it_whatever_the_case),
		TEST(the_chosen_one_stays_chosen_when_the_order_changes),
		TEST(choosing_stops_at_both_ends),
		TEST(the_first_is_chosen_when_the_chosen_one_is_gone),
		TEST(history_follows_the_application_not_its_row),
		TEST(history_keeps_the_newest_samples),
		TEST(who_is_gone_comes_back_without_a_history),
		TEST(more_than_the_bound_are_counted_not_shown),
		TEST(a_reply_of_another_shape_shows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
