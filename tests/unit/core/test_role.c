/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/role.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000u
#define START (100 * (uint64_t)SECOND)

struct fixture {
	struct app app;
	struct role_clock clock;
	uint64_t now_ns;
};

/* One evaluation a second later. */
static bool evaluate(struct fixture *f, double log_odds, bool is_carrying)
{
	f->app.log_odds = log_odds;
	f->now_ns += SECOND;
	return role_update(&f->app, &f->clock, is_carrying, f->now_ns);
}

static void evaluate_for(struct fixture *f, double log_odds, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds; i++)
		evaluate(f, log_odds, true);
}

static struct fixture begin(void)
{
	return (struct fixture){.now_ns = START};
}

static struct fixture promoted(void)
{
	struct fixture f = begin();

	evaluate_for(&f, 4, 6);
	assert_int_equal(f.app.role, ROLE_RELAY);
	return f;
}

static void even_odds_are_suspect_and_less_is_not(void **state)
{
	struct fixture f = begin();

	(void)state;
	assert_false(evaluate(&f, -0.01, true));
	assert_int_equal(f.app.role, ROLE_CLIENT);
	assert_true(evaluate(&f, 0, true));
	assert_int_equal(f.app.role, ROLE_SUSPECT);
	assert_int_equal(f.app.role_since_ns, f.now_ns);
	assert_true(evaluate(&f, -0.01, true));
	assert_int_equal(f.app.role, ROLE_CLIENT);
}

static void five_seconds_make_a_promotion(void **state)
{
	struct fixture f = begin();

	(void)state;
	evaluate_for(&f, 2.9, 5);
	assert_int_equal(f.app.role, ROLE_SUSPECT);
	assert_true(evaluate(&f, 2.9, true));
	assert_int_equal(f.app.role, ROLE_RELAY);
	assert_int_equal(f.app.role_since_ns, f.now_ns);
}

static void what_stays_below_95_percent_is_never_promoted(void **state)
{
	struct fixture f = begin();

	(void)state;
	evaluate_for(&f, 2.89, 600);
	assert_int_equal(f.app.role, ROLE_SUSPECT);
}

/* Two evaluations that far apart are asked for, not one stretch without a dip. */
static void a_dip_to_suspect_between_two_evaluations_does_not_matter(void **state)
{
	struct fixture f = begin();

	(void)state;
	evaluate_for(&f, 3, 1);
	evaluate_for(&f, 1, 6);
	assert_int_equal(f.app.role, ROLE_SUSPECT);
	evaluate(&f, 3, true);
	assert_int_equal(f.app.role, ROLE_RELAY);
}

static void a_dip_below_suspect_begins_anew(void **state)
{
	struct fixture f = begin();

	(void)state;
	evaluate_for(&f, 4, 5);
	evaluate_for(&f, -0.5, 1);
	evaluate_for(&f, 4, 5);
	assert_int_equal(f.app.role, ROLE_SUSPECT);
	evaluate_for(&f, 4, 1);
	assert_int_equal(f.app.role, ROLE_RELAY);
}

static void what_carries_nothing_is_a_supernode_until_it_does(void **state)
{
	struct fixture f = begin();
	uint64_t since;

	(void)state;
	for (int i = 0; i < 6; i++)
		evaluate(&f, 4, false);
	assert_int_equal(f.app.role, ROLE_SUPERNODE);
	since = f.app.role_since_ns;
	assert_true(evaluate(&f, 4, true));
	assert_int_equal(f.app.role, ROLE_RELAY);
	assert_int_equal(f.app.role_since_ns, since);
	/* A pause makes no supernode of it. */
	assert_false(evaluate(&f, 4, false));
	assert_int_equal(f.app.role, ROLE_RELAY);
}

static void a_promotion_is_kept_five_minutes(void **state)
{
	struct fixture f = promoted();

	(void)state;
	evaluate_for(&f, -6, 299);
	assert_int_equal(f.app.role, ROLE_RELAY);
	assert_true(evaluate(&f, -6, false));
	assert_int_equal(f.app.role, ROLE_CLIENT);
	assert_int_equal(f.app.role_since_ns, f.now_ns);
}

static void clearing_takes_a_minute_below_without_a_break(void **state)
{
	struct fixture f = promoted();

	(void)state;
	evaluate_for(&f, 0, 400);
	evaluate_for(&f, -1, 60);
	assert_int_equal(f.app.role, ROLE_RELAY);
	evaluate_for(&f, -0.99, 1);
	evaluate_for(&f, -1, 60);
	assert_int_equal(f.app.role, ROLE_RELAY);
	evaluate_for(&f, -1, 1);
	assert_int_equal(f.app.role, ROLE_CLIENT);
}

static void what_is_held_is_not_cleared(void **state)
{
	struct fixture f = promoted();

	(void)state;
	f.app.is_held = true;
	evaluate_for(&f, -6, 1000);
	assert_int_equal(f.app.role, ROLE_RELAY);
	f.app.is_held = false;
	evaluate_for(&f, -6, 60);
	assert_int_equal(f.app.role, ROLE_RELAY);
	evaluate_for(&f, -6, 1);
	assert_int_equal(f.app.role, ROLE_CLIENT);
}

static void roles_have_names_and_two_are_promoted(void **state)
{
	(void)state;
	assert_string_equal(app_role_name(ROLE_CLIENT), "client");
	assert_string_equal(app_role_name(ROLE_SUSPECT), "suspect");
	assert_string_equal(app_role_name(ROLE_SUPERNODE), "supernode");
	assert_string_equal(app_role_name(ROLE_RELAY), "relay");
	assert_false(app_role_is_promoted(ROLE_CLIENT));
	assert_false(app_role_is_promoted(ROLE_SUSPECT));
	assert_true(app_role_is_promoted(ROLE_SUPERNODE));
	assert_true(app_role_is_promoted(ROLE_RELAY));
}

static void the_threshold_of_a_promotion_is_95_percent(void **state)
{
	struct app a = {.log_odds = ROLE_PROMOTED_AT};

	(void)state;
	assert_true(fabs(app_probability(&a) - 0.95) < 0.005);
	a.log_odds = 0;
	assert_true(fabs(app_probability(&a) - 0.5) < 1e-12);
	a.log_odds = -1000;
	assert_true(app_probability(&a) >= 0 && app_probability(&a) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(even_odds_are_suspect_and_less_is_not),
		cmocka_unit_test(five_seconds_make_a_promotion),
		cmocka_unit_test(what_stays_below_95_percent_is_never_promoted),
		cmocka_unit_test(
			a_dip_to_suspect_between_two_evaluations_does_not_matter),
		cmocka_unit_test(a_dip_below_suspect_begins_anew),
		cmocka_unit_test(what_carries_nothing_is_a_supernode_until_it_does),
		cmocka_unit_test(a_promotion_is_kept_five_minutes),
		cmocka_unit_test(clearing_takes_a_minute_below_without_a_break),
		cmocka_unit_test(what_is_held_is_not_cleared),
		cmocka_unit_test(roles_have_names_and_two_are_promoted),
		cmocka_unit_test(the_threshold_of_a_promotion_is_95_percent),
	};

	return cmocka_run_group_tests_name("role", tests, NULL, NULL);
}
