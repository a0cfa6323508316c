/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/weigh.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A relay at work: 50 kB/s each way, all of it to others, no storage. */
static struct facts relay(void)
{
	return (struct facts){
		.in = 5e4,
		.out = 5e4,
		.in_60 = 5e4,
		.out_60 = 5e4,
		.is_flowing = true,
		.has_transport = true,
		.transport = .97,
		.has_storage = true,
	};
}

static double weight(const struct facts *f, enum evidence_kind k)
{
	struct evidence e[EVIDENCE_COUNT];

	weigh(f, e);
	return e[k].weight;
}

static double sum(const struct facts *f)
{
	struct evidence e[EVIDENCE_COUNT];

	weigh(f, e);
	return weigh_sum(e);
}

static unsigned int families(const struct facts *f)
{
	struct evidence e[EVIDENCE_COUNT];

	weigh(f, e);
	return weigh_families(e);
}

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-9)
		fail_msg("%g, not %g", value, expected);
}

static void nothing_known_is_the_prior_and_no_family(void **state)
{
	struct facts f = {0};

	(void)state;
	assert_near(sum(&f), -6);
	f.is_known_client = true;
	assert_near(sum(&f), -4);
	f.is_set_to_relay = true;
	assert_near(sum(&f), -2);
	assert_int_equal(families(&f), 0);
	/* Of an unknown program nobody knows what its words mean. */
	f.is_known_client = false;
	assert_near(sum(&f), -6);
}

static void no_single_weight_is_beyond_its_cap(void **state)
{
	struct facts f = relay();
	struct evidence e[EVIDENCE_COUNT];

	(void)state;
	f.has_matched = f.has_batches = f.has_packets = f.has_circuits = true;
	f.matched = f.batches = f.packets = f.circuits = 5;
	f.coupled_windows = 3;
	f.callers = 1000000;
	f.hub_seconds = f.cover_seconds = 1e9;
	f.cover = 1;
	weigh(&f, e);
	for (int k = 0; k < EVIDENCE_COUNT; k++)
		assert_true(fabs(e[k].weight) <= 9.6);
}

static void conservation_counts_only_beside_another_sign(void **state)
{
	struct facts f = relay();

	(void)state;
	assert_near(weight(&f, EVIDENCE_GAIN), 0);
	assert_int_equal(families(&f), 0);
	f.has_packets = true;
	f.packets = .9;
	assert_near(weight(&f, EVIDENCE_GAIN), 1);
	/* Packets, and what is conserved: two that are wrong for different reasons. */
	assert_int_equal(families(&f), 2);
	f.has_matched = true;
	f.matched = .6;
	assert_int_equal(families(&f), 3);
	f.stored = 1;
	assert_int_equal(families(&f), 2);
}

static void coupling_never_makes_a_verdict_by_itself(void **state)
{
	struct facts f = relay();

	(void)state;
	f.has_matched = true;
	f.coupled_windows = 3;
	assert_near(weight(&f, EVIDENCE_COUPLING), 3.5);
	assert_true(sum(&f) < 2.9);
}

static void a_hub_weighs_more_the_more_lean_on_it(void **state)
{
	struct facts f = {.callers = 7, .hub_seconds = 60};
	double last = 0;

	(void)state;
	assert_false(weigh_is_hub(&f, 100));
	f.callers = 19;
	assert_false(weigh_is_hub(&f, 3));
	assert_true(weigh_is_hub(&f, 4));
	f.callers = 20;
	assert_true(weigh_is_hub(&f, 0));
	f.called = 1;
	assert_false(weigh_is_hub(&f, 0));
	f.called = 0;
	f.in_60 = f.out_60 = 700;
	for (f.callers = 8; f.callers <= 512; f.callers *= 2) {
		assert_true(weight(&f, EVIDENCE_HUB) >= last);
		last = weight(&f, EVIDENCE_HUB);
	}
	assert_true(last > 9 && last < 9.6);
	f.hub_seconds = 10;
	assert_near(weight(&f, EVIDENCE_HUB), 0);
}

static void a_server_or_a_swarm_is_less_of_a_hub(void **state)
{
	struct facts f = {.callers = 300, .hub_seconds = 60};

	(void)state;
	f.in_60 = 1000;
	f.out_60 = 20000;
	assert_near(weight(&f, EVIDENCE_HUB), 2.5);
	f.in_60 = f.out_60 = 1e6;
	assert_near(weight(&f, EVIDENCE_HUB), 2.5);
	f.in_60 = f.out_60 = 1000;
	assert_true(weight(&f, EVIDENCE_HUB) > 9);
}

static void constant_rates_weigh_after_a_minute_and_not_in_a_call(void **state)
{
	struct facts f = relay();

	(void)state;
	f.cover = 1;
	f.cover_seconds = 30;
	assert_near(weight(&f, EVIDENCE_COVER), 0);
	f.cover_seconds = 61;
	assert_near(weight(&f, EVIDENCE_COVER), 3);
	assert_true(sum(&f) < 0);
	f.has_device = true;
	assert_near(weight(&f, EVIDENCE_COVER), 0);
}

static void a_device_speaks_for_a_call_with_one_peer(void **state)
{
	struct facts f = relay();

	(void)state;
	f.has_device = true;
	f.is_with_one = true;
	assert_near(weight(&f, EVIDENCE_DEVICE), -2);
	f.is_with_one = false;
	assert_near(weight(&f, EVIDENCE_DEVICE), 0);
}

static void what_nobody_could_look_at_is_not_measured(void **state)
{
	static const enum evidence_kind kinds[] = {EVIDENCE_REACHABLE, EVIDENCE_DEVICE};
	struct evidence e[EVIDENCE_COUNT];
	struct facts f = relay();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		f.has_processes = false;
		weigh(&f, e);
		assert_false(e[kinds[i]].is_measured);
		f.has_processes = true;
		weigh(&f, e);
		assert_true(e[kinds[i]].is_measured);
		assert_near(e[kinds[i]].weight, 0);
	}
	/* What was seen before they ended still counts. */
	f.has_processes = false;
	f.is_reachable = true;
	assert_near(weight(&f, EVIDENCE_REACHABLE), .5);
}

static void what_ends_in_a_trusted_network_is_the_owners(void **state)
{
	struct facts f = relay();

	(void)state;
	f.local = .9;
	assert_near(weight(&f, EVIDENCE_LOCAL), -6);
	f.local = .4;
	assert_near(weight(&f, EVIDENCE_LOCAL), 0);
	/* Who talks with himself as much as he relays gains nothing. */
	f.local = 1;
	f.has_packets = true;
	f.packets = 1;
	assert_near(weight(&f, EVIDENCE_LOCAL), 0);
}

static void the_transport_share_counts_gradually(void **state)
{
	struct facts f = relay();

	(void)state;
	assert_near(weight(&f, EVIDENCE_TRANSPORT), 0);
	f.transport = .45;
	assert_near(weight(&f, EVIDENCE_TRANSPORT), -1);
	f.transport = .1;
	assert_near(weight(&f, EVIDENCE_TRANSPORT), -3);
	f.has_transport = false;
	assert_near(weight(&f, EVIDENCE_TRANSPORT), 0);
}

static void store_and_forward_is_no_storage(void **state)
{
	struct facts f = relay();

	(void)state;
	f.stored = f.served = 1;
	assert_near(weight(&f, EVIDENCE_DISK), 0);
	f.served = 0;
	assert_near(weight(&f, EVIDENCE_DISK), -5);
	f.stored = .5;
	assert_near(weight(&f, EVIDENCE_DISK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_known_is_the_prior_and_no_family),
		cmocka_unit_test(no_single_weight_is_beyond_its_cap),
		cmocka_unit_test(conservation_counts_only_beside_another_sign),
		cmocka_unit_test(coupling_never_makes_a_verdict_by_itself),
		cmocka_unit_test(a_hub_weighs_more_the_more_lean_on_it),
		cmocka_unit_test(a_server_or_a_swarm_is_less_of_a_hub),
		cmocka_unit_test(constant_rates_weigh_after_a_minute_and_not_in_a_call),
		cmocka_unit_test(a_device_speaks_for_a_call_with_one_peer),
		cmocka_unit_test(what_nobody_could_look_at_is_not_measured),
		cmocka_unit_test(what_ends_in_a_trusted_network_is_the_owners),
		cmocka_unit_test(the_transport_share_counts_gradually),
		cmocka_unit_test(store_and_forward_is_no_storage),
	};

	return cmocka_run_group_tests_name("weigh", tests, NULL, NULL);
}
