/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At most so many strangers at once: who is too many, and when there is room again. */
#include "../support/traffic.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct traffic t;

	traffic_begin(&t, 1);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	traffic_end(*state);
	return 0;
}

/* So many more strangers, one a sample, each with a flow that goes both ways. */
static void meet(struct traffic *t, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		size_t flow = traffic_flow(t, (unsigned int)t->flow_count + 1, i % 2);

		traffic_carry(t, flow, 100, 100);
		traffic_sample(t);
	}
}

static bool is_over(const struct traffic *t, size_t flow)
{
	return traffic_flow_of(t, flow)->peer->is_over;
}

static void bound(struct traffic *t, uint32_t max)
{
	assert_int_equal(engine_bound_peers(t->engine, 1, max), 0);
}

static void it_is_full_with_the_last_that_may_come(void **state)
{
	struct traffic *t = *state;

	meet(t, 3);
	bound(t, 4);
	assert_false(traffic_app(t)->is_full);
	meet(t, 1);
	bound(t, 4);
	assert_true(traffic_app(t)->is_full);
	for (size_t i = 0; i < 4; i++)
		assert_false(is_over(t, i));
}

static void of_too_many_the_newest_go(void **state)
{
	struct traffic *t = *state;

	meet(t, 6);
	bound(t, 4);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(is_over(t, i), i >= 4);
	/* One that was there first goes by himself. */
	traffic_tell_flow(t, 1, OBS_FLOW_END);
	bound(t, 4);
	assert_false(is_over(t, 4));
	assert_true(is_over(t, 5));
}

static void all_at_once_are_told_apart_all_the_same(void **state)
{
	struct traffic *t = *state;
	unsigned int over = 0;

	for (unsigned int i = 0; i < 7; i++)
		traffic_carry(t, traffic_flow(t, 7 - i, true), 100, 100);
	traffic_sample(t);
	bound(t, 3);
	for (size_t i = 0; i < 7; i++)
		over += is_over(t, i);
	assert_int_equal(over, 4);
}

static void another_flow_with_a_peer_is_not_another_peer(void **state)
{
	struct traffic *t = *state;
	size_t again;

	meet(t, 2);
	again = traffic_flow(t, 1, false);
	traffic_carry(t, again, 100, 100);
	traffic_sample(t);
	bound(t, 2);
	assert_false(is_over(t, 0));
	assert_false(is_over(t, 1));
	bound(t, 1);
	assert_true(is_over(t, 1));
	assert_false(is_over(t, again));
}

static void a_call_that_nobody_answered_takes_no_place(void **state)
{
	struct traffic *t = *state;

	meet(t, 1);
	for (unsigned int i = 0; i < 5; i++)
		traffic_carry(t, traffic_flow(t, 20 + i, i % 2), 100, 0);
	traffic_sample(t);
	bound(t, 2);
	assert_false(traffic_app(t)->is_full);
}

static void of_many_a_few_places_have_to_be_free(void **state)
{
	struct traffic *t = *state;

	meet(t, 32);
	bound(t, 32);
	assert_true(traffic_app(t)->is_full);
	for (size_t i = 0; i < 3; i++)
		traffic_tell_flow(t, i, OBS_FLOW_END);
	bound(t, 32);
	assert_true(traffic_app(t)->is_full);
	traffic_tell_flow(t, 3, OBS_FLOW_END);
	bound(t, 32);
	assert_false(traffic_app(t)->is_full);
	/* Up to the bound again. */
	for (size_t i = 0; i < 3; i++)
		traffic_tell_flow(t, i, OBS_FLOW);
	bound(t, 32);
	assert_false(traffic_app(t)->is_full);
	traffic_tell_flow(t, 3, OBS_FLOW);
	bound(t, 32);
	assert_true(traffic_app(t)->is_full);
}

static void whoever_is_trusted_takes_no_place(void **state)
{
	struct traffic *t = *state;

	meet(t, 2);
	traffic_change_policy(t, "[link]\ntrusted = 198.18.0.0/15\n");
	bound(t, 1);
	assert_false(traffic_app(t)->is_full);
	assert_false(is_over(t, 1));
}

static void without_a_bound_nothing_is_full(void **state)
{
	struct traffic *t = *state;

	meet(t, 3);
	bound(t, 1);
	assert_true(traffic_app(t)->is_full);
	assert_true(is_over(t, 2));
	bound(t, 0);
	assert_false(traffic_app(t)->is_full);
	assert_false(is_over(t, 2));
	assert_int_equal(engine_bound_peers(t->engine, 999, 5), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_full_with_the_last_that_may_come),
		TEST(of_too_many_the_newest_go),
		TEST(all_at_once_are_told_apart_all_the_same),
		TEST(another_flow_with_a_peer_is_not_another_peer),
		TEST(a_call_that_nobody_answered_takes_no_place),
		TEST(of_many_a_few_places_have_to_be_free),
		TEST(whoever_is_trusted_takes_no_place),
		TEST(without_a_bound_nothing_is_full),
	};

	return cmocka_run_group_tests_name("engine_peers", tests, NULL, NULL);
}
