/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include "core/guard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MBIT UINT64_C(125000)
#define CAPACITY (100 * MBIT)
#define RESERVE (10 * MBIT)
#define ANY (1000 * MBIT)
#define OUT DIRECTION_OUT

/*
 * A link of 100 Mbit/s whose queue is shared in proportion to what is offered, and
 * limits that begin with a full bucket, a second at a time.
 */
struct world {
	struct guard guard;
	struct guard_sample sample;
	uint64_t wants[APP_NUMBER_COUNT];	    /* of guarded applications */
	uint64_t got[APP_NUMBER_COUNT], got_others; /* in the last second */
	uint64_t others;
	uint64_t limits[APP_NUMBER_COUNT], tokens[APP_NUMBER_COUNT];
	bool insists; /* applications send what they want, whatever is dropped */
	unsigned int changes;
};

static struct world *w;

static int set_up(void **state)
{
	(void)state;
	w = calloc(1, sizeof(*w));
	assert_non_null(w);
	guard_init(&w->guard);
	for (int d = 0; d < DIRECTION_COUNT; d++)
		guard_set_line(&w->guard, (enum direction)d,
			       (struct guard_line){CAPACITY, RESERVE});
	w->sample.time_ns = SECOND_NS;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(w);
	return 0;
}

static void add(size_t number, uint64_t wants)
{
	w->sample.apps[number].is_guarded = true;
	w->wants[number] = wants;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The kernel's limit: replaced when the level has changed. */
static uint64_t let_through(size_t i)
{
	uint64_t level = guard_allowance(&w->guard, OUT);
	uint64_t own = w->sample.apps[i].rate[OUT], passed;

	if (own && (!level || own < level))
		level = own;
	if (!level)
		return w->wants[i];
	if (level != w->limits[i]) {
		w->limits[i] = level;
		w->tokens[i] = level > 65536 ? level : 65536;
		w->changes++;
	}
	passed = least(w->wants[i], level + w->tokens[i]);
	w->tokens[i] =
		least(w->tokens[i] + level - passed, level > 65536 ? level : 65536);
	return passed;
}

/* What each gets of the link. */
static void share(uint64_t *offered)
{
	uint64_t sum = w->others;

	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		sum += offered[i];
	if (sum < CAPACITY)
		sum = CAPACITY;
	w->got_others = (uint64_t)((double)w->others * CAPACITY / (double)sum);
	w->sample.link[OUT] += w->got_others;
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++) {
		w->got[i] = (uint64_t)((double)offered[i] * CAPACITY / (double)sum);
		w->sample.link[OUT] += w->got[i];
		w->sample.apps[i].bytes[OUT] += w->insists ? w->wants[i] : w->got[i];
	}
}

static void second(void)
{
	uint64_t offered[APP_NUMBER_COUNT] = {0};

	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (w->sample.apps[i].is_guarded)
			offered[i] = let_through(i);
	share(offered);
	w->sample.time_ns += SECOND_NS;
	guard_update(&w->guard, &w->sample);
}

static void seconds(unsigned int count)
{
	guard_update(&w->guard, &w->sample); /* who is there */
	for (unsigned int i = 0; i < count; i++)
		second();
	w->changes = 0;
}

static void assert_mbit(uint64_t rate, uint64_t least_mbit, uint64_t most_mbit)
{
	if (rate < least_mbit * MBIT || rate > most_mbit * MBIT)
		print_message("%.1f Mbit/s\n", (double)rate / (double)MBIT);
	assert_in_range(rate, least_mbit * MBIT, most_mbit * MBIT);
}

/* --- sharing ------------------------------------------------------------------ */

static void
who_asks_for_less_than_its_share_gets_it_and_the_rest_is_shared(void **state)
{
	uint64_t a[] = {0, 10, 0}, b[] = {10, 20, 40}, c[] = {0, 0}, d[] = {90, 0, 5};

	(void)state;
	assert_int_equal(guard_water_level(a, 3, 90), 40);
	/* All fit: the greatest and what is over. */
	assert_int_equal(guard_water_level(b, 3, 100), 70);
	assert_int_equal(guard_water_level(c, 2, 100), 50);
	assert_int_equal(guard_water_level(d, 3, 100), 47);
	assert_int_equal(guard_water_level(NULL, 0, 7), 7);
}

/* --- in time ------------------------------------------------------------------ */

static void idle_capacity_is_used_but_for_the_reserve(void **state)
{
	(void)state;
	add(1, ANY);
	seconds(30);
	assert_mbit(w->got[1], 85, 90);
}

static void what_others_use_is_left_to_them_and_the_reserve_on_top(void **state)
{
	(void)state;
	add(1, ANY);
	w->others = 40 * MBIT;
	seconds(30);
	assert_mbit(w->got[1], 46, 53);
	assert_mbit(w->got_others, 40, 40);
}

static void with_steady_demand_nothing_changes_any_more(void **state)
{
	const uint64_t demands[] = {0, 5, 40, 80, 89, 95, 300};

	(void)state;
	for (size_t i = 0; i < sizeof(demands) / sizeof(demands[0]); i++) {
		add(1, ANY);
		add(2, 3 * MBIT);
		w->others = demands[i] * MBIT;
		seconds(60);
		for (int n = 0; n < 100; n++)
			second();
		assert_int_equal(w->changes, 0);
	}
}

static void noise_of_others_moves_no_limit(void **state)
{
	uint32_t seed = 7;

	(void)state;
	add(1, ANY);
	w->others = 40 * MBIT;
	seconds(60);
	for (int n = 0; n < 200; n++) {
		seed = seed * 1664525u + 1013904223u;
		w->others = (38 + (seed >> 8) % 5) * MBIT;
		second();
	}
	assert_true(w->changes <= 2);
	assert_mbit(w->got[1], 44, 54);
}

static void what_others_suddenly_want_they_have_within_two_seconds(void **state)
{
	(void)state;
	add(1, ANY);
	seconds(60);
	w->others = 80 * MBIT;
	second(); /* nothing is known of it before this one has passed */
	second();
	/* But for the bucket that the new limit begins with. */
	assert_mbit(w->got_others, 60, 80);
	second();
	assert_mbit(w->got_others, 78, 80);
}

static void others_who_take_all_there_is_get_all_there_is(void **state)
{
	(void)state;
	add(1, ANY);
	seconds(60);
	w->others = ANY;
	second();
	second();
	second();
	assert_mbit(w->got_others, 90, 100);
	seconds(30);
	/* But nobody starves. */
	assert_mbit(w->got_others, 98, 100);
	assert_true(w->got[1] > 0);
}

static void when_others_are_done_it_rises_in_few_steps(void **state)
{
	(void)state;
	add(1, ANY);
	w->others = ANY;
	seconds(30);
	w->others = 0;
	for (int n = 0; n < 20; n++)
		second();
	assert_mbit(w->got[1], 80, 95);
	assert_true(w->changes <= 7);
}

static void a_slow_consumer_gets_what_it_asks_for(void **state)
{
	(void)state;
	add(1, ANY);
	add(2, 5 * MBIT);
	seconds(40);
	assert_mbit(w->got[2], 5, 5);
	assert_mbit(w->got[1], 79, 86);
}

static void equals_share_equally(void **state)
{
	(void)state;
	add(1, ANY);
	add(2, ANY);
	add(3, ANY);
	seconds(40);
	for (size_t i = 1; i <= 3; i++)
		assert_mbit(w->got[i], 27, 30);
}

static void who_has_a_lower_limit_of_his_own_leaves_the_rest(void **state)
{
	(void)state;
	add(1, ANY);
	add(2, ANY);
	w->sample.apps[2].rate[OUT] = 2 * MBIT;
	seconds(40);
	assert_mbit(w->got[2], 2, 2);
	assert_mbit(w->got[1], 82, 89);
}

static void one_who_wakes_up_gets_his_share_and_others_keep_theirs(void **state)
{
	(void)state;
	add(1, ANY);
	add(2, 0);
	w->others = 30 * MBIT;
	seconds(60);
	w->wants[2] = ANY;
	second();
	second();
	second();
	assert_mbit(w->got_others, 30, 30);
	seconds(20);
	assert_mbit(w->got[1], 26, 31);
	assert_mbit(w->got[2], 26, 31);
}

/* A policer's counter has what it drops, too. */
static void what_was_dropped_is_not_taken_for_used(void **state)
{
	(void)state;
	w->insists = true;
	add(1, ANY);
	w->others = 40 * MBIT;
	seconds(40);
	assert_mbit(w->got[1], 45, 53);
}

static void who_is_promoted_is_limited_at_once(void **state)
{
	(void)state;
	seconds(10);
	assert_int_equal(guard_allowance(&w->guard, OUT), 0);
	add(1, ANY);
	w->sample.time_ns += SECOND_NS / 10;
	guard_update(&w->guard, &w->sample);
	assert_mbit(guard_allowance(&w->guard, OUT), 10, 45);
	w->sample.apps[1].is_guarded = false;
	w->sample.time_ns += SECOND_NS / 10;
	guard_update(&w->guard, &w->sample);
	assert_int_equal(guard_allowance(&w->guard, OUT), 0);
}

static void an_unknown_capacity_guards_nothing(void **state)
{
	(void)state;
	guard_set_line(&w->guard, OUT, (struct guard_line){0, RESERVE});
	add(1, ANY);
	seconds(5);
	assert_int_equal(guard_allowance(&w->guard, OUT), 0);
}

static void a_reserve_above_the_capacity_leaves_the_least(void **state)
{
	(void)state;
	guard_set_line(&w->guard, OUT, (struct guard_line){CAPACITY, 5 * CAPACITY});
	add(1, ANY);
	seconds(10);
	assert_true(w->got[1] > 0);
	assert_mbit(w->got[1], 0, 2);
}

static void counters_that_begin_anew_say_nothing(void **state)
{
	uint64_t level;

	(void)state;
	add(1, ANY);
	seconds(60);
	level = guard_allowance(&w->guard, OUT);
	w->sample.link[OUT] = 0; /* another uplink */
	w->sample.time_ns += SECOND_NS;
	guard_update(&w->guard, &w->sample);
	assert_int_equal(guard_allowance(&w->guard, OUT), level);
	w->sample.time_ns += 3600 * SECOND_NS; /* suspended */
	guard_update(&w->guard, &w->sample);
	assert_int_equal(guard_allowance(&w->guard, OUT), level);
	seconds(10);
	assert_mbit(w->got[1], 80, 90);
}

/* Page loads: the link is full for a second now and then. */
static void bursts_of_others_are_given_way_and_do_not_end_it(void **state)
{
	uint64_t relayed = 0;

	(void)state;
	add(1, ANY);
	seconds(60);
	for (int n = 0; n < 300; n++) {
		w->others = n % 30 == 0 ? 60 * MBIT : 0;
		second();
		relayed += w->got[1];
	}
	assert_mbit(relayed / 300, 50, 90);
	assert_true(w->changes <= 10 * 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_asks_for_less_than_its_share_gets_it_and_the_rest_is_shared),
		TEST(idle_capacity_is_used_but_for_the_reserve),
		TEST(what_others_use_is_left_to_them_and_the_reserve_on_top),
		TEST(with_steady_demand_nothing_changes_any_more),
		TEST(noise_of_others_moves_no_limit),
		TEST(what_others_suddenly_want_they_have_within_two_seconds),
		TEST(others_who_take_all_there_is_get_all_there_is),
		TEST(when_others_are_done_it_rises_in_few_steps),
		TEST(a_slow_consumer_gets_what_it_asks_for),
		TEST(equals_share_equally),
		TEST(who_has_a_lower_limit_of_his_own_leaves_the_rest),
		TEST(one_who_wakes_up_gets_his_share_and_others_keep_theirs),
		TEST(what_was_dropped_is_not_taken_for_used),
		TEST(who_is_promoted_is_limited_at_once),
		TEST(an_unknown_capacity_guards_nothing),
		TEST(a_reserve_above_the_capacity_leaves_the_least),
		TEST(counters_that_begin_anew_say_nothing),
		TEST(bursts_of_others_are_given_way_and_do_not_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
