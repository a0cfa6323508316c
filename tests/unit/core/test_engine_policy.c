/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is a stranger, and what is a leg, when policy changes under way. */
#include "../support/traffic.h"
#include <arpa/inet.h>
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

static void assert_peers(const struct app *a, unsigned int peers, unsigned int in,
			 unsigned int out)
{
	if (a->peers != peers || a->peers_in != in || a->peers_out != out)
		fail_msg("%u peers, %u in, %u out; not %u, %u, %u", a->peers,
			 a->peers_in, a->peers_out, peers, in, out);
}

static void strangers_that_become_trusted_do_not_count_any_more(void **state)
{
	struct traffic *t = *state;
	uint64_t before;

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, false);
	traffic_carry(t, 0, 100, 100);
	traffic_carry(t, 1, 100, 100);
	traffic_sample(t);
	assert_peers(traffic_app(t), 2, 1, 1);
	before = traffic_app(t)->totals.bytes_in;
	traffic_change_policy(t, "[link]\ntrusted = 198.19.0.1\n");
	assert_peers(traffic_app(t), 1, 0, 1);
	assert_false(traffic_flow_of(t, 0)->is_stranger);
	assert_true(traffic_flow_of(t, 1)->is_stranger);
	traffic_carry(t, 0, 1000, 1000);
	traffic_sample(t);
	assert_int_equal(traffic_app(t)->totals.bytes_in, before);
	traffic_tell_flow(t, 0, OBS_FLOW_END);
	assert_peers(traffic_app(t), 1, 0, 1);
	traffic_change_policy(t, "");
	assert_peers(traffic_app(t), 1, 0, 1);
}

static void trusted_peers_may_become_strangers(void **state)
{
	struct traffic *t = *state;

	traffic_change_policy(t, "[link]\ntrusted = 198.19.0.0/16\n");
	traffic_flow(t, 1, true);
	traffic_carry(t, 0, 100, 100);
	traffic_sample(t);
	assert_peers(traffic_app(t), 0, 0, 0);
	traffic_change_policy(t, "");
	assert_peers(traffic_app(t), 1, 1, 0);
	traffic_carry(t, 0, 100, 100);
	traffic_sample(t);
	assert_int_equal(traffic_app(t)->totals.bytes_in, 128);
}

static void a_leg_to_a_peer_now_trusted_is_none(void **state)
{
	struct traffic *t = *state;

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, true);
	traffic_relay(t, 40);
	assert_int_equal(traffic_app(t)->leg_count, 2);
	assert_non_null(traffic_flow_of(t, 0)->samples);
	traffic_change_policy(t, "[link]\ntrusted = 198.19.0.1\n");
	assert_int_equal(traffic_app(t)->leg_count, 1);
	assert_false(traffic_flow_of(t, 0)->is_leg);
	assert_null(traffic_flow_of(t, 0)->samples);
	assert_true(traffic_flow_of(t, 1)->is_leg);
}

static void one_evaluation_makes_no_leg(void **state)
{
	struct traffic *t = *state;
	unsigned int most = 0;

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, true);
	for (unsigned int i = 0; i < 40 * 5; i++) {
		unsigned int before =
			traffic_flow_of(t, 0) ? traffic_flow_of(t, 0)->matches : 0;

		traffic_relay(t, 1);
		if (traffic_flow_of(t, 0)->matches - before > most)
			most = traffic_flow_of(t, 0)->matches - before;
		if (traffic_flow_of(t, 0)->is_leg)
			break;
	}
	assert_int_equal(most, 1);
	assert_true(traffic_flow_of(t, 0)->is_leg &&
		    traffic_flow_of(t, 0)->matches >= 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(strangers_that_become_trusted_do_not_count_any_more),
		CASE(trusted_peers_may_become_strangers),
		CASE(a_leg_to_a_peer_now_trusted_is_none),
		CASE(one_evaluation_makes_no_leg),
	};

	return cmocka_run_group_tests_name("engine_policy", tests, NULL, NULL);
}
