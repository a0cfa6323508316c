/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terms of a verdict one by one: when each counts, and how much. */
#include "../support/traffic.h"
#include "core/policy_ini.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLES_A_SECOND 5

static int setup(void **state)
{
	static struct traffic t;

	traffic_begin(&t, 21);
	for (unsigned int i = 0; i < 4; i++)
		traffic_flow(&t, i + 1, true);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	traffic_end(*state);
	return 0;
}

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-9)
		fail_msg("%g, not %g", value, expected);
}

static const struct evidence *term(const struct traffic *t, enum evidence_kind k)
{
	return &traffic_app(t)->evidence[k];
}

static double burst(struct traffic *t)
{
	double x = traffic_noise(t);

	return 2000 + 40000 * x * x;
}

static void relay(struct traffic *t, size_t one, size_t other)
{
	double there = burst(t), back = burst(t);

	traffic_carry(t, one, there, back);
	traffic_carry(t, other, back, there);
}

/* As much in as out with two peers, and nothing in common. */
static void mesh(struct traffic *t)
{
	for (size_t i = 0; i < 2; i++)
		traffic_carry(t, i, burst(t), burst(t));
}

static void mesh_for(struct traffic *t, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * SAMPLES_A_SECOND; i++) {
		mesh(t);
		traffic_sample(t);
	}
}

static void quiet_for(struct traffic *t, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * SAMPLES_A_SECOND; i++)
		traffic_sample(t);
}

static void the_verdict_is_the_sum_of_its_terms(void **state)
{
	struct traffic *t = *state;

	for (unsigned int i = 0; i < 200; i++) {
		double sum = 0;

		relay(t, 0, 1);
		traffic_sample(t);
		for (int k = 0; k < EVIDENCE_COUNT; k++)
			sum += term(t, k)->weight;
		assert_near(traffic_app(t)->log_odds, sum);
	}
}

static void a_known_client_begins_nearer_to_the_verdict(void **state)
{
	static const char text[] = "[client x]\ntitle = X\nword = hub\nforbid = no\n"
				   "match.exe = /opt/program\n";
	const struct policy_source source = {"x.ini", text, sizeof(text) - 1};
	struct traffic *t = *state;
	struct catalogue *old = t->catalogue;
	struct policy_error error;

	quiet_for(t, 2);
	assert_near(term(t, EVIDENCE_PRIOR)->weight, -6);
	assert_int_equal(catalogue_parse(&source, 1, &t->catalogue, &error), 0);
	engine_set_policy(t->engine, t->policy, t->catalogue);
	catalogue_free(old);
	assert_string_equal(traffic_app(t)->client->id, "x");
	quiet_for(t, 2);
	assert_near(term(t, EVIDENCE_PRIOR)->weight, -4);
}

static void the_matched_share_counts_sixteen_fold_up_to_a_half(void **state)
{
	struct traffic *t = *state;
	bool was_partial = false;

	for (unsigned int i = 0; i < 300; i++) {
		const struct evidence *e = term(t, EVIDENCE_MATCHED);

		relay(t, 0, 1);
		traffic_carry(t, 2, 1.5 * burst(t) + 1.5 * burst(t), 300);
		traffic_carry(t, 3, 300, 1.5 * burst(t) + 1.5 * burst(t));
		traffic_sample(t);
		if (e->is_measured)
			assert_near(e->weight, fmin(8, 16 * e->value));
		was_partial |= e->weight > 1 && e->weight < 7.9;
	}
	assert_true(was_partial);
}

static void coupling_counts_from_two_windows_of_three(void **state)
{
	struct traffic *t = *state;
	bool was_once = false, was_twice = false;

	for (unsigned int i = 0; i < 200; i++) {
		const struct evidence *e = term(t, EVIDENCE_COUPLING);

		relay(t, 0, 1);
		traffic_sample(t);
		assert_near(e->weight, e->value > 1.5 ? 3.5 : 0);
		was_once |= fabs(e->value - 1) < 0.1;
		was_twice |= fabs(e->value - 2) < 0.1;
	}
	assert_true(was_once && was_twice);
}

static void a_balance_of_in_and_out_is_nothing_by_itself(void **state)
{
	struct traffic *t = *state;

	mesh_for(t, 60);
	assert_true(term(t, EVIDENCE_GAIN)->is_measured);
	assert_true(fabs(term(t, EVIDENCE_GAIN)->value - 1) < 0.2);
	assert_near(term(t, EVIDENCE_GAIN)->weight, 0);
	for (unsigned int i = 0; i < 150; i++) {
		relay(t, 0, 1);
		traffic_sample(t);
	}
	assert_near(term(t, EVIDENCE_GAIN)->weight, 1);
}

/* Each of two peers takes what the other brings, `rate` bytes a second. */
static void steady(struct traffic *t, double rate, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * SAMPLES_A_SECOND; i++) {
		traffic_carry(t, 0, rate / SAMPLES_A_SECOND, 0);
		traffic_carry(t, 1, 0, rate / SAMPLES_A_SECOND);
		traffic_sample(t);
	}
}

static void below_three_hundred_bytes_a_second_nothing_flows(void **state)
{
	struct traffic *t = *state;

	steady(t, 250, 30);
	assert_false(term(t, EVIDENCE_TRANSPORT)->is_measured);
	assert_false(traffic_app(t)->is_candidate);
	steady(t, 350, 30);
	assert_true(term(t, EVIDENCE_TRANSPORT)->is_measured);
	assert_true(traffic_app(t)->is_candidate);
}

static void rates_are_of_whole_seconds(void **state)
{
	struct traffic *t = *state;

	traffic_sleep(t, 0.7);
	steady(t, 1000, 30);
	assert_near(traffic_app(t)->rate_in, 1000);
	assert_near(traffic_app(t)->rate_out, 1000);
}

static void a_candidate_is_looked_at_half_a_minute_longer(void **state)
{
	struct traffic *t = *state;

	mesh_for(t, 20);
	assert_true(traffic_app(t)->is_candidate);
	assert_int_equal(traffic_app(t)->role, ROLE_CLIENT);
	quiet_for(t, 29);
	assert_true(traffic_app(t)->is_candidate);
	/* What came in bursts may come again within a minute. */
	quiet_for(t, 75);
	assert_false(traffic_app(t)->is_candidate);
}

/* Flows 2 and 3 begin to relay while their application is promoted already. */
static void a_leg_must_be_matched_in_two_evaluations(void **state)
{
	struct traffic *t = *state;
	const struct flow *f;
	bool was_once = false;

	for (unsigned int i = 0; i < 40 * SAMPLES_A_SECOND; i++) {
		relay(t, 0, 1);
		traffic_sample(t);
	}
	f = engine_find_flow(t->engine, &t->flows[2].record.flow.key);
	assert_int_equal(traffic_app(t)->leg_count, 2);
	for (unsigned int i = 0; i < 40 * SAMPLES_A_SECOND; i++) {
		relay(t, 0, 1);
		relay(t, 2, 3);
		traffic_sample(t);
		assert_int_equal(f->is_leg, f->matches >= 2);
		was_once |= f->matches == 1;
	}
	assert_true(was_once);
	assert_int_equal(traffic_app(t)->leg_count, 4);
}

static void what_legs_carry_is_metered_as_relayed(void **state)
{
	struct traffic *t = *state;
	struct app_totals before;

	for (unsigned int i = 0; i < 40 * SAMPLES_A_SECOND; i++) {
		relay(t, 0, 1);
		traffic_sample(t);
	}
	before = traffic_app(t)->totals;
	traffic_carry(t, 0, 1000, 2000);
	traffic_carry(t, 2, 500, 500);
	traffic_sample(t);
	/* 28 bytes of headers a packet. */
	assert_int_equal(traffic_app(t)->totals.relayed_in - before.relayed_in, 1028);
	assert_int_equal(traffic_app(t)->totals.relayed_out - before.relayed_out, 2056);
	assert_int_equal(traffic_app(t)->totals.bytes_in - before.bytes_in, 1556);
}

/* An own transfer that comes and goes in a second is no reason to change the limit. */
static void the_scope_of_a_limit_changes_after_three_turns(void **state)
{
	struct traffic *t = *state;
	unsigned int turns = 0;

	for (unsigned int i = 0; i < 60 * SAMPLES_A_SECOND; i++) {
		relay(t, 0, 1);
		traffic_sample(t);
		if (traffic_app(t)->leg_count == 2 && !traffic_app(t)->legs_suffice)
			turns++;
	}
	assert_true(traffic_app(t)->legs_suffice);
	/* Three evaluations, the last of which sets it. */
	assert_true(turns >= 2 * SAMPLES_A_SECOND && turns <= 4 * SAMPLES_A_SECOND);
}

static void storage_that_went_back_begins_anew(void **state)
{
	struct traffic *t = *state;

	for (unsigned int i = 0; i < 60 * SAMPLES_A_SECOND; i++) {
		relay(t, 0, 1);
		traffic_sample(t);
		traffic_storage(t, 0, 4000);
	}
	assert_true(term(t, EVIDENCE_NO_DISK)->is_measured);
	assert_near(term(t, EVIDENCE_NO_DISK)->weight, 0);
	/* A process ended and took its counts along. */
	t->written_bytes = 0;
	for (unsigned int i = 0; i < 4 * SAMPLES_A_SECOND; i++) {
		relay(t, 0, 1);
		traffic_sample(t);
		traffic_storage(t, 0, 0);
	}
	assert_false(term(t, EVIDENCE_NO_DISK)->is_measured);
	for (unsigned int i = 0; i < 20 * SAMPLES_A_SECOND; i++) {
		relay(t, 0, 1);
		traffic_sample(t);
		traffic_storage(t, 0, 0);
	}
	assert_near(term(t, EVIDENCE_NO_DISK)->weight, 1.5);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_verdict_is_the_sum_of_its_terms),
		CASE(a_known_client_begins_nearer_to_the_verdict),
		CASE(the_matched_share_counts_sixteen_fold_up_to_a_half),
		CASE(coupling_counts_from_two_windows_of_three),
		CASE(a_balance_of_in_and_out_is_nothing_by_itself),
		CASE(below_three_hundred_bytes_a_second_nothing_flows),
		CASE(rates_are_of_whole_seconds),
		CASE(a_candidate_is_looked_at_half_a_minute_longer),
		CASE(a_leg_must_be_matched_in_two_evaluations),
		CASE(what_legs_carry_is_metered_as_relayed),
		CASE(the_scope_of_a_limit_changes_after_three_turns),
		CASE(storage_that_went_back_begins_anew),
	};

	return cmocka_run_group_tests_name("detect_terms", tests, NULL, NULL);
}
