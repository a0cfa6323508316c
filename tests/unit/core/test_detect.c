/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Roles from made-up traffic: what detection says of the shapes it must tell apart. */
#include "../support/traffic.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND 5 /* samples */

typedef void pattern(struct traffic *t, unsigned int sample);

/* Runs until the role is reached, at most `seconds`; the seconds it took, or -1. */
static double seconds_until(struct traffic *t, pattern *p, enum app_role role,
			    unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * SECOND; i++) {
		p(t, i);
		traffic_sample(t);
		traffic_storage(t, 0, 0);
		if (traffic_app(t)->role == role)
			return (i + 1) / (double)SECOND;
	}
	return -1;
}

/* The worst role seen over a time. */
static enum app_role worst_role(struct traffic *t, pattern *p, unsigned int seconds)
{
	enum app_role worst = ROLE_CLIENT;

	for (unsigned int i = 0; i < seconds * SECOND; i++) {
		p(t, i);
		traffic_sample(t);
		if (traffic_app(t)->role > worst)
			worst = traffic_app(t)->role;
	}
	return worst;
}

static double burst(struct traffic *t)
{
	double x = traffic_noise(t);

	return 2000 + 40000 * x * x;
}

/* Flows 0 and 1 each pass on what the other brings. */
static void relayed_call(struct traffic *t, unsigned int sample)
{
	double there = burst(t), back = burst(t);

	(void)sample;
	traffic_carry(t, 0, there, back);
	traffic_carry(t, 1, back, there);
}

static void a_relayed_call_is_found_within_twenty_seconds(void **state)
{
	struct traffic t;
	double seconds;

	(void)state;
	traffic_begin(&t, 1);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	seconds = seconds_until(&t, relayed_call, ROLE_RELAY, 60);
	assert_true(seconds > 0 && seconds <= 20);
	traffic_end(&t);
}

static void the_legs_of_a_relayed_call_are_named(void **state)
{
	struct traffic t;
	const struct app *app;

	(void)state;
	traffic_begin(&t, 2);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	assert_true(seconds_until(&t, relayed_call, ROLE_RELAY, 60) > 0);
	seconds_until(&t, relayed_call, ROLE_SUPERNODE, 6);
	app = traffic_app(&t);
	assert_int_equal(app->leg_count, 2);
	assert_true(app->legs_suffice);
	assert_true(addr_equal(&app->flows->partner, &app->flows->next->key.remote));
	assert_true(app->flows->match > 0.9f);
	assert_true(app->totals.relayed_in > 0 &&
		    app->totals.relayed_in < app->totals.bytes_in);
	traffic_end(&t);
}

/* Each camera sends at its own pace to everybody; nobody's picture is passed on. */
static void mesh_call(struct traffic *t, unsigned int sample)
{
	double own = burst(t);

	(void)sample;
	for (size_t i = 0; i < 4; i++)
		traffic_carry(t, i, burst(t), own);
}

static void a_mesh_call_stays_a_client(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 3);
	for (unsigned int i = 0; i < 4; i++)
		traffic_flow(&t, i + 1, false);
	assert_int_equal(worst_role(&t, mesh_call, 300), ROLE_CLIENT);
	/* It was looked at: the transport share alone does not clear it. */
	assert_true(traffic_app(&t)->is_candidate);
	assert_true(traffic_app(&t)->evidence[EVIDENCE_MATCHED].is_measured);
	traffic_end(&t);
}

/* Two cameras with the same key-frame interval: alike, but at another time. */
static void periodic_mesh_call(struct traffic *t, unsigned int sample)
{
	for (unsigned int i = 0; i < 4; i++) {
		double in = (sample + 3 * i) % 12 ? 8000 : 60000;
		double out = sample % 12 ? 8000 : 60000;

		traffic_carry(t, i, in + 500 * traffic_noise(t),
			      out + 500 * traffic_noise(t));
	}
}

static void cameras_with_one_period_are_no_relay(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 4);
	for (unsigned int i = 0; i < 4; i++)
		traffic_flow(&t, i + 1, false);
	assert_int_equal(worst_role(&t, periodic_mesh_call, 300), ROLE_CLIENT);
	traffic_end(&t);
}

/* Constant rates, and the hiccups of one machine in all of them. */
static void constant_mesh_call(struct traffic *t, unsigned int sample)
{
	double hiccup = 0.9 + 0.2 * traffic_noise(t);

	(void)sample;
	for (unsigned int i = 0; i < 4; i++)
		traffic_carry(t, i, (20000 + 1000 * i) * hiccup,
			      (21000 + 1000 * i) * hiccup);
}

static void constant_rates_that_hiccup_together_are_no_relay(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 16);
	for (unsigned int i = 0; i < 4; i++)
		traffic_flow(&t, i + 1, false);
	assert_int_equal(worst_role(&t, constant_mesh_call, 300), ROLE_CLIENT);
	traffic_end(&t);
}

static void one_to_one(struct traffic *t, unsigned int sample)
{
	double x = burst(t);

	(void)sample;
	traffic_carry(t, 0, x, x);
}

/* Not fifty-fifty: nothing speaks for it. */
static void before_the_first_look_there_is_only_the_prior(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 17);
	assert_true(app_probability(traffic_app(&t)) < 0.01);
	assert_true(app_probability(engine_find_app(t.engine, 0)) < 0.01);
	traffic_end(&t);
}

static void a_call_with_one_peer_is_not_even_looked_at(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 5);
	traffic_flow(&t, 1, true);
	assert_int_equal(worst_role(&t, one_to_one, 120), ROLE_CLIENT);
	assert_false(traffic_app(&t)->is_candidate);
	traffic_end(&t);
}

/* Requests in, data out: eight times as much to each. */
static void seeding(struct traffic *t, unsigned int sample)
{
	(void)sample;
	for (size_t i = 0; i < 8; i++) {
		double x = burst(t);

		traffic_carry(t, i, x / 40, x);
	}
}

static void seeding_is_not_even_looked_at(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 6);
	for (unsigned int i = 0; i < 8; i++)
		traffic_flow(&t, i + 1, true);
	assert_int_equal(worst_role(&t, seeding, 120), ROLE_CLIENT);
	assert_false(traffic_app(&t)->is_candidate);
	traffic_end(&t);
}

/* Both directions busy with everybody, all behind one bottleneck, own content. */
static void mid_swarm(struct traffic *t, unsigned int sample)
{
	double weight[12], sum = 0, line = 60000 + 30000 * traffic_noise(t);

	(void)sample;
	for (size_t i = 0; i < 12; i++)
		sum += weight[i] = traffic_noise(t);
	for (size_t i = 0; i < 12; i++)
		traffic_carry(t, i, line * weight[i] / sum, burst(t) / 4);
}

static void a_swarm_behind_one_bottleneck_stays_a_client(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 7);
	for (unsigned int i = 0; i < 12; i++)
		traffic_flow(&t, i + 1, i % 3 == 0);
	assert_true(worst_role(&t, mid_swarm, 600) <= ROLE_SUSPECT);
	traffic_end(&t);
}

/* Everybody joins and leaves at once, again and again; what they send is their own. */
static void joining_and_leaving(struct traffic *t, unsigned int sample)
{
	if (sample % 100 < 50)
		return;
	for (size_t i = 0; i < 12; i++)
		traffic_carry(t, i, burst(t) / 4, burst(t) / 4);
}

static void a_swarm_that_joins_and_leaves_at_once_stays_a_client(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 15);
	for (unsigned int i = 0; i < 12; i++)
		traffic_flow(&t, i + 1, i % 3 == 0);
	assert_int_equal(worst_role(&t, joining_and_leaving, 600), ROLE_CLIENT);
	traffic_end(&t);
}

/* One controller, many targets: no pair balances, the sum does. */
static void star(struct traffic *t, unsigned int sample)
{
	double sum = 0;

	(void)sample;
	for (size_t i = 1; i < 7; i++) {
		double x = burst(t) * (traffic_noise(t) < 0.3 ? 1 : 0.01);

		traffic_carry(t, i, x, 100);
		sum += x;
	}
	traffic_carry(t, 0, 600, sum);
}

static void a_star_is_at_least_suspect(void **state)
{
	struct traffic t;
	double seconds;

	(void)state;
	traffic_begin(&t, 8);
	for (unsigned int i = 0; i < 7; i++)
		traffic_flow(&t, i + 1, i == 0);
	seconds = seconds_until(&t, star, ROLE_SUSPECT, 60);
	assert_true(seconds > 0);
	assert_true(traffic_app(&t)->evidence[EVIDENCE_COUPLING].weight > 0);
	traffic_end(&t);
}

static void relayed_call_beside_own_download(struct traffic *t, unsigned int sample)
{
	relayed_call(t, sample);
	traffic_carry(t, 2, burst(t) * 2, 300);
}

static void the_owners_own_flow_is_no_leg(void **state)
{
	struct traffic t;
	const struct flow *f;

	(void)state;
	traffic_begin(&t, 9);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	traffic_flow(&t, 3, false);
	assert_true(seconds_until(&t, relayed_call_beside_own_download, ROLE_RELAY,
				  90) > 0);
	seconds_until(&t, relayed_call_beside_own_download, ROLE_SUPERNODE, 20);
	assert_int_equal(traffic_app(&t)->leg_count, 2);
	f = engine_find_flow(t.engine, &t.flows[2].record.flow.key);
	assert_non_null(f);
	assert_false(f->is_leg);
	traffic_end(&t);
}

static void silence(struct traffic *t, unsigned int sample)
{
	(void)t;
	(void)sample;
}

static void a_promotion_that_ends_is_cleared_after_five_minutes(void **state)
{
	struct traffic t;
	double seconds;

	(void)state;
	traffic_begin(&t, 10);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	assert_true(seconds_until(&t, relayed_call, ROLE_RELAY, 60) > 0);
	seconds = seconds_until(&t, silence, ROLE_CLIENT, 600);
	assert_true(seconds >= 290 && seconds <= 400);
	assert_int_equal(traffic_app(&t)->leg_count, 0);
	traffic_end(&t);
}

static void what_pushes_against_our_limit_stays_promoted(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 11);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	assert_true(seconds_until(&t, relayed_call, ROLE_RELAY, 60) > 0);
	engine_set_limited(t.engine, 1, true);
	/* What a policer lets through does not correlate any more. */
	for (unsigned int i = 0; i < 600 * SECOND; i++) {
		traffic_carry(&t, 0, burst(&t), burst(&t));
		traffic_carry(&t, 1, burst(&t), burst(&t));
		traffic_sample(&t);
	}
	assert_true(app_role_is_promoted(traffic_app(&t)->role));
	assert_true(traffic_app(&t)->is_held);
	traffic_end(&t);
}

static void those_that_are_refused_hold_the_role_until_they_give_up(void **state)
{
	struct traffic t;
	double seconds;

	(void)state;
	traffic_begin(&t, 13);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	assert_true(seconds_until(&t, relayed_call, ROLE_RELAY, 60) > 0);
	engine_set_cut(t.engine, 1, true, true);
	assert_true(seconds_until(&t, silence, ROLE_CLIENT, 900) < 0);
	assert_true(traffic_app(&t)->is_held);
	engine_set_cut(t.engine, 1, true, false);
	seconds = seconds_until(&t, silence, ROLE_CLIENT, 900);
	assert_true(seconds >= 59 && seconds <= 70);
	/* Calls alone, without a cut, hold nothing. */
	assert_true(seconds_until(&t, relayed_call, ROLE_RELAY, 60) > 0);
	engine_set_cut(t.engine, 1, false, true);
	assert_true(seconds_until(&t, silence, ROLE_CLIENT, 600) > 0);
	traffic_end(&t);
}

static void what_may_be_cut_may_so_until_its_role_ends(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 14);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	assert_true(seconds_until(&t, relayed_call, ROLE_RELAY, 60) > 0);
	for (unsigned int i = 0; i < 120 * SECOND && traffic_app(&t)->families < 2; i++)
		relayed_call(&t, i);
	assert_true(traffic_app(&t)->may_be_cut);
	engine_set_cut(t.engine, 1, true, false);
	/* Under the cut the evidence fades, and does not take the cut with it. */
	assert_true(seconds_until(&t, silence, ROLE_CLIENT, 200) < 0);
	assert_true(traffic_app(&t)->families < 2);
	assert_true(traffic_app(&t)->may_be_cut);
	assert_true(seconds_until(&t, silence, ROLE_CLIENT, 600) > 0);
	assert_false(traffic_app(&t)->may_be_cut);
	traffic_end(&t);
}

static void a_suspended_machine_keeps_its_roles(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 12);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	assert_true(seconds_until(&t, relayed_call, ROLE_RELAY, 60) > 0);
	traffic_sleep(&t, 8 * 3600);
	assert_true(seconds_until(&t, relayed_call, ROLE_CLIENT, 30) < 0);
	traffic_end(&t);
}

static void files_that_are_stored_speak_against_a_relay(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 13);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	for (unsigned int i = 0; i < 60 * SECOND; i++) {
		relayed_call(&t, i);
		traffic_sample(&t);
		traffic_storage(&t, 0, 6000);
	}
	assert_true(traffic_app(&t)->evidence[EVIDENCE_DISK].weight < 0 ||
		    traffic_app(&t)->evidence[EVIDENCE_NO_DISK].weight == 0);
	traffic_end(&t);
}

static void a_hub_of_idle_strangers_counts_after_a_minute(void **state)
{
	struct traffic t;
	double weight_at_30 = -1;

	(void)state;
	traffic_begin(&t, 14);
	for (unsigned int i = 0; i < 34; i++)
		traffic_flow(&t, i + 1, i < 28);
	for (unsigned int i = 0; i < 110 * SECOND; i++) {
		if (i % (10 * SECOND) == 0)
			for (size_t f = 0; f < 34; f++)
				traffic_carry(&t, f, 60, 60);
		traffic_sample(&t);
		if (i == 30 * SECOND)
			weight_at_30 = traffic_app(&t)->evidence[EVIDENCE_HUB].weight;
	}
	assert_true(fabs(weight_at_30) < 0.01);
	assert_true(traffic_app(&t)->evidence[EVIDENCE_HUB].weight > 3.9);
	assert_int_equal(traffic_app(&t)->peers_in, 28);
	assert_int_equal(traffic_app(&t)->peers_out, 6);
	traffic_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_relayed_call_is_found_within_twenty_seconds),
		cmocka_unit_test(the_legs_of_a_relayed_call_are_named),
		cmocka_unit_test(a_mesh_call_stays_a_client),
		cmocka_unit_test(cameras_with_one_period_are_no_relay),
		cmocka_unit_test(constant_rates_that_hiccup_together_are_no_relay),
		cmocka_unit_test(before_the_first_look_there_is_only_the_prior),
		cmocka_unit_test(a_call_with_one_peer_is_not_even_looked_at),
		cmocka_unit_test(seeding_is_not_even_looked_at),
		cmocka_unit_test(a_swarm_behind_one_bottleneck_stays_a_client),
		cmocka_unit_test(a_swarm_that_joins_and_leaves_at_once_stays_a_client),
		cmocka_unit_test(a_star_is_at_least_suspect),
		cmocka_unit_test(the_owners_own_flow_is_no_leg),
		cmocka_unit_test(a_promotion_that_ends_is_cleared_after_five_minutes),
		cmocka_unit_test(what_pushes_against_our_limit_stays_promoted),
		cmocka_unit_test(
			those_that_are_refused_hold_the_role_until_they_give_up),
		cmocka_unit_test(what_may_be_cut_may_so_until_its_role_ends),
		cmocka_unit_test(a_suspended_machine_keeps_its_roles),
		cmocka_unit_test(files_that_are_stored_speak_against_a_relay),
		cmocka_unit_test(a_hub_of_idle_strangers_counts_after_a_minute),
	};

	return cmocka_run_group_tests_name("detect", tests, NULL, NULL);
}
