/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pace.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS 1000000ull
#define SECOND (1000 * MS)

static const struct pace fresh = {.factor = 100, .wait_max_ns = 7 * SECOND};

/* Begins as soon as it may, looking every second; times begun in 100 s. */
static unsigned int begun_in_100_s(struct pace *p, uint64_t cost_ns,
				   uint64_t *ret_longest)
{
	uint64_t last = SECOND;
	unsigned int count = 0;

	*ret_longest = 0;
	for (uint64_t now = SECOND; now <= 101 * SECOND; now += SECOND) {
		if (!pace_may_begin(p, now))
			continue;
		pace_begin(p, now);
		pace_spend(p, cost_ns);
		if (now - last > *ret_longest)
			*ret_longest = now - last;
		last = now;
		count++;
	}
	return count;
}

static void what_is_cheap_is_done_every_time(void **state)
{
	struct pace p = fresh;
	uint64_t longest;

	(void)state;
	assert_int_equal(begun_in_100_s(&p, 10 * MS, &longest), 101);
	assert_int_equal(longest, SECOND);
	assert_int_equal(p.over, 0);
}

static void a_hundred_times_the_cost_is_waited_off(void **state)
{
	struct pace p = fresh;
	uint64_t longest;

	(void)state;
	/* 40 ms every 4 s. */
	assert_in_range(begun_in_100_s(&p, 40 * MS, &longest), 25, 26);
	assert_int_equal(longest, 4 * SECOND);
	assert_int_equal(p.over, 0);
}

static void slack_evens_out(void **state)
{
	struct pace p = fresh;
	uint64_t longest;

	(void)state;
	/* 12 ms: every 1.2 s in the mean, though it is looked at every second. */
	p.slack_ns = SECOND / 2;
	assert_in_range(begun_in_100_s(&p, 12 * MS, &longest), 83, 85);
	assert_int_equal(longest, 2 * SECOND);
	assert_int_equal(p.over, 0);
}

static void the_wait_has_an_end_which_is_counted(void **state)
{
	struct pace p = fresh;
	uint64_t longest;

	(void)state;
	assert_in_range(begun_in_100_s(&p, 300 * MS, &longest), 14, 15);
	assert_int_equal(longest, 7 * SECOND);
	assert_in_range(p.over, 13, 14);
}

static void an_expensive_one_is_waited_off_by_the_next_ones_too(void **state)
{
	struct pace p = fresh;

	(void)state;
	pace_begin(&p, SECOND);
	pace_spend(&p, 100 * MS); /* until 11 s */
	assert_false(pace_may_begin(&p, 7 * SECOND));
	assert_true(pace_may_begin(&p, 8 * SECOND));
	pace_begin(&p, 8 * SECOND);
	pace_spend(&p, 10 * MS); /* until 12 s */
	assert_int_equal(p.over, 1);
	assert_false(pace_may_begin(&p, 11 * SECOND));
	assert_true(pace_may_begin(&p, 12 * SECOND));
}

static void a_debt_does_not_grow_without_end(void **state)
{
	struct pace p = fresh;
	uint64_t longest;

	(void)state;
	begun_in_100_s(&p, SECOND, &longest);
	assert_in_range(p.paid_until_ns, 101 * SECOND, (101 + 7 + 100) * SECOND);
}

static void the_first_time_waits_for_nothing(void **state)
{
	(void)state;
	assert_true(pace_may_begin(&fresh, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cheap_is_done_every_time),
		cmocka_unit_test(a_hundred_times_the_cost_is_waited_off),
		cmocka_unit_test(slack_evens_out),
		cmocka_unit_test(the_wait_has_an_end_which_is_counted),
		cmocka_unit_test(an_expensive_one_is_waited_off_by_the_next_ones_too),
		cmocka_unit_test(a_debt_does_not_grow_without_end),
		cmocka_unit_test(the_first_time_waits_for_nothing),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
