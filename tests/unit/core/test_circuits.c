/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of flows and what a result says; how well relays and look-alikes are told
 * apart is tested in test_circuits_classes.c.
 */
#include "core/circuits.h"
#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull
#define START (1000 * SECOND)

struct world {
	struct circuits *circuits;
	struct circuits_work *work;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->circuits = circuits_new();
	w->work = circuits_work_new();
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	circuits_free(w->circuits);
	circuits_work_free(w->work);
	free(w);
	return 0;
}

static uint64_t ns(double seconds)
{
	return START + (uint64_t)(seconds * 1e9);
}

static struct addr address(uint32_t n)
{
	return addr_from_ipv4(htonl(0x0b000000 + n));
}

/* The sizes are in no order, and none crosses with another: the k-th largest of 20
 * circuits is the one with 7 i = 19 - k modulo 20. */
static uint64_t size_of(uint64_t size, unsigned int i)
{
	for (unsigned int k = i * 7 % 20; k > 0; k--)
		size += size / 8;
	return size;
}

/* A circuit of `size` or more every 2 s from `first` on; 5 ms to open, 1 s long. */
static void plain_circuits(struct circuits *c, double first, unsigned int count,
			   uint64_t size, bool is_one_remote)
{
	for (unsigned int i = 0; i < count; i++) {
		uint64_t t = ns(first + 2 * i), in = size_of(size, i);
		struct addr from = address(i),
			    to = address(is_one_remote ? i : 1000 + i);
		uint32_t a = circuits_open(c, t, &from, true);
		uint32_t b = circuits_open(c, t + 5000000, &to, false);

		circuits_update(c, a, in, 300, t + SECOND);
		circuits_update(c, b, 350, in + 100, t + SECOND);
		circuits_close(c, a);
		circuits_close(c, b);
	}
}

static void pairs_are_named_with_their_lag(void **state)
{
	struct world *w = *state;
	struct circuits_result r;
	struct addr from = address(17), to = address(1017);

	plain_circuits(w->circuits, 0, 20, 30000, false);
	circuits_evaluate(w->circuits, w->work, ns(50), &r);
	assert_true(r.is_conclusive);
	assert_int_equal(r.kind, CIRCUITS_ANSWERED);
	assert_int_equal(r.flows, 40);
	assert_int_equal(r.pairs, 20);
	assert_true(r.peers > 30 && r.peers <= 40);
	assert_true(r.lag_min_ns <= 5000000 && r.lag_max_ns > 5000000);
	assert_true(r.matched_share > 0.9);
	assert_int_equal(r.strongest_count, CIRCUITS_PAIRS_MAX);
	assert_true(addr_equal(&r.strongest[0].from, &from));
	assert_true(addr_equal(&r.strongest[0].to, &to));
	assert_int_equal(r.strongest[0].lag_ns, 5000000);
	assert_int_equal(r.strongest[0].in, size_of(30000, 17));
	for (size_t i = 1; i < CIRCUITS_PAIRS_MAX; i++)
		assert_true(r.strongest[i].in < r.strongest[i - 1].in &&
			    r.strongest[i].in > r.strongest[0].in / 2);
}

static void one_remote_is_no_circuit(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	plain_circuits(w->circuits, 0, 20, 30000, true);
	circuits_evaluate(w->circuits, w->work, ns(50), &r);
	assert_int_equal(r.flows, 40);
	assert_int_equal(r.kind, CIRCUITS_NONE);
}

/* The addresses of both ends of each circuit have one hash. */
static void chosen_circuits(struct circuits *c, unsigned int count, uint64_t size)
{
	const uint64_t factor = 0x9e3779b97f4a7c15u;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t t = ns(2 * i), in = size_of(size, i);
		uint64_t high[2] = {0x20 + i, 0x2000 + i}, low[2] = {i, 0};
		struct addr ends[2];
		uint32_t a, b;

		low[1] = (high[0] * factor) ^ low[0] ^ (high[1] * factor);
		for (int k = 0; k < 2; k++) {
			memcpy(ends[k].b, &high[k], 8);
			memcpy(ends[k].b + 8, &low[k], 8);
		}
		a = circuits_open(c, t, &ends[0], true);
		b = circuits_open(c, t + SECOND / 200, &ends[1], false);
		circuits_update(c, a, in, 3000, t + SECOND);
		circuits_update(c, b, 3000, in, t + SECOND);
		circuits_close(c, a);
		circuits_close(c, b);
	}
}

static void who_chooses_addresses_hides_no_circuit(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	chosen_circuits(w->circuits, 20, 10000);
	circuits_evaluate(w->circuits, w->work, ns(60), &r);
	assert_int_equal(r.pairs, 20);
	assert_true(r.is_conclusive);
}

static void one_flow(struct circuits *c, uint64_t t, uint32_t remote, bool is_inbound,
		     uint64_t in, uint64_t out)
{
	struct addr a = address(remote);
	uint32_t handle = circuits_open(c, t, &a, is_inbound);

	circuits_update(c, handle, in, out, t + SECOND);
	circuits_close(c, handle);
}

/* 40 circuits within a second, and alone since: whatever it was, it was once. */
static void one_burst_is_no_evidence(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	for (unsigned int i = 0; i < 40; i++) {
		uint64_t size = size_of(30000, i);

		one_flow(w->circuits, ns(0.05 * i), i, true, size, 300);
		one_flow(w->circuits, ns(0.05 * i + 0.005), 100 + i, false, 350, size);
	}
	for (unsigned int i = 0; i < 80; i++)
		one_flow(w->circuits, ns(3 + i), 200 + i, true, 400, 9000);
	circuits_evaluate(w->circuits, w->work, ns(100), &r);
	assert_int_equal(r.kind, CIRCUITS_ANSWERED);
	assert_true(r.z > 6);
	assert_false(r.is_conclusive);
}

/* As often the other way round: they have a cause in common, none answers the other. */
static void what_opens_in_either_order_is_no_answer(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	for (unsigned int i = 0; i < 40; i++) {
		uint64_t size = size_of(30000, i);

		one_flow(w->circuits, ns(2 * i), i, i % 2, i % 2 ? size : 350,
			 i % 2 ? 300 : size);
		one_flow(w->circuits, ns(2 * i + 0.006), 100 + i, !(i % 2),
			 i % 2 ? 350 : size, i % 2 ? size : 300);
	}
	circuits_evaluate(w->circuits, w->work, ns(100), &r);
	assert_int_equal(r.flows, 80);
	assert_int_not_equal(r.kind, CIRCUITS_ANSWERED);
}

static void small_circuits_are_not_paired(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	for (unsigned int i = 0; i < 20; i++)
		plain_circuits(w->circuits, 2 * i, 1, 1500, false);
	circuits_evaluate(w->circuits, w->work, ns(50), &r);
	assert_int_equal(r.flows, 40);
	assert_int_equal(r.kind, CIRCUITS_NONE);
	assert_false(r.is_conclusive);
}

static void circuits_of_long_ago_are_forgotten(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	plain_circuits(w->circuits, 0, 20, 30000, false);
	circuits_evaluate(w->circuits, w->work, ns(230), &r);
	assert_int_equal(r.flows, 0);
	assert_false(r.is_conclusive);
	assert_true(fabs(r.matched_share) < 1e-9);
}

static void what_still_moves_is_not_judged(void **state)
{
	struct world *w = *state;
	struct circuits_result r;
	struct addr a = address(1);
	uint32_t handle;

	handle = circuits_open(w->circuits, ns(0), &a, true);
	circuits_update(w->circuits, handle, 5000, 5000, ns(20));
	circuits_evaluate(w->circuits, w->work, ns(26), &r);
	assert_int_equal(r.flows, 0);
	circuits_evaluate(w->circuits, w->work, ns(27), &r);
	assert_int_equal(r.flows, 1);
	circuits_update(w->circuits, handle, 6000, 5000, ns(27));
	circuits_close(w->circuits, handle);
	circuits_evaluate(w->circuits, w->work, ns(28), &r);
	assert_int_equal(r.flows, 1);
}

static void a_full_table_refuses_and_keeps_what_it_has(void **state)
{
	struct world *w = *state;
	struct addr a = address(1);
	struct circuits_result r;
	uint32_t first = 0;

	for (unsigned int i = 0; i < CIRCUITS_MAX; i++) {
		uint32_t handle = circuits_open(w->circuits, ns(i * 1e-3), &a, true);

		assert_int_not_equal(handle, 0);
		circuits_update(w->circuits, handle, 5000, 100, ns(2));
		if (!first)
			first = handle;
	}
	assert_int_equal(circuits_refused(w->circuits), 0);
	assert_int_equal(circuits_open(w->circuits, ns(19), &a, true), 0);
	assert_int_equal(circuits_refused(w->circuits), 1);
	/* The first could go now, but not half of them. */
	assert_int_equal(circuits_open(w->circuits, ns(20.1), &a, true), 0);
	assert_int_not_equal(circuits_open(w->circuits, ns(20.6), &a, true), 0);
	assert_int_equal(circuits_refused(w->circuits), 2);
	/* Its handle is of no use any more; the new flow has no bytes yet. */
	circuits_update(w->circuits, first, 77777, 100, ns(21));
	circuits_close(w->circuits, first);
	circuits_evaluate(w->circuits, w->work, ns(40), &r);
	assert_int_equal(r.flows, CIRCUITS_MAX - 1);
}

static void long_flows_do_not_hold_a_place_for_ever(void **state)
{
	struct world *w = *state;
	struct addr a = address(1);

	for (unsigned int i = 0; i < CIRCUITS_MAX; i++) {
		uint32_t handle = circuits_open(w->circuits, ns(0), &a, true);

		circuits_update(w->circuits, handle, 5000, 100, ns(70));
	}
	assert_int_equal(circuits_open(w->circuits, ns(59), &a, true), 0);
	assert_int_not_equal(circuits_open(w->circuits, ns(60), &a, true), 0);
}

static void sizes_beyond_32_bits_and_times_before_the_first_do_no_harm(void **state)
{
	struct world *w = *state;
	struct addr a = address(1), b = address(2);
	struct circuits_result r;

	for (unsigned int i = 0; i < 40; i++) {
		uint32_t handle =
			circuits_open(w->circuits, ns(1), i % 2 ? &a : &b, i % 3);

		circuits_update(w->circuits, handle, UINT64_MAX, UINT64_MAX, 0);
		circuits_update(w->circuits, 0, 1, 1, UINT64_MAX);
		circuits_update(w->circuits, handle + 1, 1, 1, UINT64_MAX);
	}
	circuits_evaluate(w->circuits, w->work, ns(20), &r);
	assert_int_equal(r.flows, 40);
	assert_false(r.is_conclusive);
	circuits_evaluate(w->circuits, w->work, 0, &r);
	assert_int_equal(r.flows, 0);
	circuits_free(NULL);
	circuits_work_free(NULL);
}

/* One every .6 s or so, all still moving at 15 s; from .46 to .54 of what comes in, as
 * a circuit `other` places after brought it in, is taken out. */
static void lossy_circuits(struct circuits *c, uint64_t size, unsigned int other)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t t = ns(0.6 * i + 0.04 * (i * i % 13));
		uint64_t in = size + size_of(size, i) / 4;
		uint64_t out = size + size_of(size, (i + other) % 20) / 4;
		struct addr from = address(i), to = address(1000 + i);
		uint32_t a = circuits_open(c, t, &from, true);
		uint32_t b = circuits_open(c, t + 1000000, &to, false);

		circuits_update(c, b, in, 350, ns(15));
		circuits_update(c, a, 400, out / 50 * (23 + i * 3 % 5), ns(15));
	}
}

static void bytes_may_be_lost_and_flows_still_move(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	lossy_circuits(w->circuits, 200000, 0);
	circuits_evaluate(w->circuits, w->work, ns(15), &r);
	assert_int_equal(r.flows, 0);
	assert_true(r.is_conclusive && r.is_loose);
	assert_int_equal(r.kind, CIRCUITS_ANSWERED);
	assert_in_range(r.pairs, 18, 22);
	assert_true(r.matched_share > 0.9);
	/* The last of them are too young. */
	circuits_evaluate(w->circuits, w->work, ns(13), &r);
	assert_true(r.is_conclusive);
	assert_in_range(r.pairs, 14, 18);
}

static void sizes_of_others_do_not_agree(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	lossy_circuits(w->circuits, 200000, 7);
	circuits_evaluate(w->circuits, w->work, ns(15), &r);
	assert_false(r.is_conclusive);
}

static void small_flows_lose_nothing(void **state)
{
	struct world *w = *state;
	struct circuits_result r;

	lossy_circuits(w->circuits, 6000, 0);
	circuits_evaluate(w->circuits, w->work, ns(15), &r);
	assert_false(r.is_conclusive);
	assert_false(r.is_loose);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pairs_are_named_with_their_lag),
		CASE(one_remote_is_no_circuit),
		CASE(who_chooses_addresses_hides_no_circuit),
		CASE(one_burst_is_no_evidence),
		CASE(what_opens_in_either_order_is_no_answer),
		CASE(small_circuits_are_not_paired),
		CASE(circuits_of_long_ago_are_forgotten),
		CASE(what_still_moves_is_not_judged),
		CASE(bytes_may_be_lost_and_flows_still_move),
		CASE(sizes_of_others_do_not_agree),
		CASE(small_flows_lose_nothing),
		CASE(a_full_table_refuses_and_keeps_what_it_has),
		CASE(long_flows_do_not_hold_a_place_for_ever),
		CASE(sizes_beyond_32_bits_and_times_before_the_first_do_no_harm),
	};

	return cmocka_run_group_tests_name("circuits", tests, NULL, NULL);
}
