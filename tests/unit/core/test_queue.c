/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/queue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OUT DIRECTION_OUT

static struct queue_classes wanted, seen;
static struct queue_changes changes;

static struct plan plan_of(uint64_t rate, uint64_t relay_rate, bool legs_only)
{
	struct plan p;

	plan_init(&p);
	p.apps[7] = (struct plan_app){.is_present = true,
				      .rate[OUT] = rate,
				      .relay_rate[OUT] = relay_rate,
				      .relay_legs_only = legs_only};
	return p;
}

static void assert_class(size_t at, uint16_t minor, uint16_t parent, uint64_t rate,
			 uint64_t ceil, bool is_leaf)
{
	const struct queue_class *c = &wanted.items[at];

	assert_true(at < wanted.count);
	assert_int_equal(c->minor, minor);
	assert_int_equal(c->parent, parent);
	assert_int_equal(c->rate, rate);
	assert_int_equal(c->ceil, ceil);
	assert_int_equal(c->is_leaf, is_leaf);
}

static uint32_t priority(const struct plan *p, bool is_leg)
{
	return queue_priority(&p->apps[7], 7, is_leg);
}

static void what_nothing_limits_has_no_class_at_all(void **state)
{
	struct plan p = plan_of(0, 0, false);

	(void)state;
	p.apps[7].rate[DIRECTION_IN] = 1000;
	p.apps[7].relay_rate[DIRECTION_IN] = 1000;
	queue_plan(&p, &wanted);
	assert_int_equal(wanted.count, 0);
	assert_int_equal(priority(&p, false), 0);
	assert_int_equal(priority(&p, true), 0);
}

static void one_limit_for_all_is_one_leaf_for_own_and_legs(void **state)
{
	struct plan p = plan_of(250000, 0, false);

	(void)state;
	queue_plan(&p, &wanted);
	assert_int_equal(wanted.count, 3);
	assert_class(0, 1, 0, QUEUE_UNLIMITED, QUEUE_UNLIMITED, true);
	assert_class(1, 28, 0, 250000, 250000, false);
	assert_class(2, 29, 28, 250000, 250000, true);
	assert_int_equal(priority(&p, false), 0x52570000 | 29);
	assert_int_equal(priority(&p, true), 0x52570000 | 29);
}

static void of_two_limits_for_all_the_lesser_holds(void **state)
{
	struct plan p = plan_of(250000, 32000, false);

	(void)state;
	queue_plan(&p, &wanted);
	assert_class(1, 28, 0, 32000, 32000, false);
	p = plan_of(0, 32000, false);
	queue_plan(&p, &wanted);
	assert_class(1, 28, 0, 32000, 32000, false);
}

static void legs_alone_leave_its_own_traffic_unlimited(void **state)
{
	struct plan p = plan_of(0, 32000, true);

	(void)state;
	queue_plan(&p, &wanted);
	assert_int_equal(wanted.count, 3);
	assert_class(1, 28, 0, QUEUE_UNLIMITED, QUEUE_UNLIMITED, false);
	assert_class(2, 30, 28, 32000, 32000, true);
	assert_int_equal(priority(&p, false), 0);
	assert_int_equal(priority(&p, true), 0x52570000 | 30);
}

/* HTB holds no leaf to its parent's rate as long as the leaf stays within its own. */
static void what_both_leaves_are_sure_of_is_no_more_than_the_whole(void **state)
{
	const uint64_t whole[] = {1, 9, 10, 31999, 32000, 250000, 10000000000};

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct plan p = plan_of(whole[i], 32000, true);

		queue_plan(&p, &wanted);
		assert_int_equal(wanted.count, 4);
		assert_true(wanted.items[2].rate && wanted.items[3].rate);
		assert_true(whole[i] == 1 ||
			    wanted.items[2].rate + wanted.items[3].rate <= whole[i]);
		assert_int_equal(wanted.items[2].ceil, whole[i]);
		assert_int_equal(wanted.items[3].ceil,
				 whole[i] < 32000 ? whole[i] : 32000);
	}
}

static void every_application_fits(void **state)
{
	struct plan p;

	(void)state;
	plan_init(&p);
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		p.apps[i] = (struct plan_app){.is_present = true,
					      .rate[OUT] = 1000 + i,
					      .relay_rate[OUT] = 500,
					      .relay_legs_only = true};
	queue_plan(&p, &wanted);
	assert_int_equal(wanted.count, 1 + 3 * 255);
	for (size_t i = 1; i < wanted.count; i++)
		assert_true(wanted.items[i].minor > wanted.items[i - 1].minor);
}

/* --- differences -------------------------------------------------------------- */

static void from_nothing_parents_come_before_their_children(void **state)
{
	struct plan p = plan_of(250000, 32000, true);

	(void)state;
	queue_plan(&p, &wanted);
	seen.count = 0;
	queue_diff(&seen, &wanted, &changes);
	assert_int_equal(changes.count, 4);
	assert_int_equal(changes.removals_at, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(changes.items[i].class.minor, wanted.items[i].minor);
}

static void what_is_there_as_wanted_needs_no_change(void **state)
{
	struct plan p = plan_of(250000, 32000, true);

	(void)state;
	queue_plan(&p, &wanted);
	seen = wanted;
	queue_diff(&seen, &wanted, &changes);
	assert_int_equal(changes.count, 0);
	/* Somebody took a leaf's qdisc away. */
	seen.items[2].is_leaf = false;
	queue_diff(&seen, &wanted, &changes);
	assert_int_equal(changes.count, 1);
	assert_int_equal(changes.items[0].class.minor, 29);
}

static void a_changed_rate_changes_its_classes_and_no_other(void **state)
{
	struct plan p = plan_of(250000, 0, false);

	(void)state;
	p.apps[9] = p.apps[7];
	queue_plan(&p, &seen);
	p.apps[9].rate[OUT] = 125000;
	queue_plan(&p, &wanted);
	queue_diff(&seen, &wanted, &changes);
	assert_int_equal(changes.count, 2);
	assert_int_equal(changes.removals_at, 2);
	assert_int_equal(changes.items[0].class.minor, 36);
	assert_int_equal(changes.items[0].class.rate, 125000);
	assert_int_equal(changes.items[1].class.minor, 37);
}

static void what_goes_goes_last_and_children_before_their_parents(void **state)
{
	struct plan p = plan_of(250000, 32000, true), q = plan_of(0, 0, false);

	(void)state;
	queue_plan(&p, &seen);
	q.apps[9] = p.apps[7];
	queue_plan(&q, &wanted);
	queue_diff(&seen, &wanted, &changes);
	assert_int_equal(changes.count, 6);
	assert_int_equal(changes.removals_at, 3);
	assert_true(changes.items[3].is_removal);
	assert_int_equal(changes.items[3].class.minor, 30);
	assert_int_equal(changes.items[4].class.minor, 29);
	assert_int_equal(changes.items[5].class.minor, 28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nothing_limits_has_no_class_at_all),
		cmocka_unit_test(one_limit_for_all_is_one_leaf_for_own_and_legs),
		cmocka_unit_test(of_two_limits_for_all_the_lesser_holds),
		cmocka_unit_test(legs_alone_leave_its_own_traffic_unlimited),
		cmocka_unit_test(
			what_both_leaves_are_sure_of_is_no_more_than_the_whole),
		cmocka_unit_test(every_application_fits),
		cmocka_unit_test(from_nothing_parents_come_before_their_children),
		cmocka_unit_test(what_is_there_as_wanted_needs_no_change),
		cmocka_unit_test(a_changed_rate_changes_its_classes_and_no_other),
		cmocka_unit_test(what_goes_goes_last_and_children_before_their_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
