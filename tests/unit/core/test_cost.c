/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine asks of the machine, counted rather than timed: allocations, and as a
 * measure of its work the exponentials and keyed hashes it computes and how often it
 * compares rates. The figures of `make bench-engine` are not judged; these are.
 */
#include "../support/allocations.h"
#include "../support/crowd.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FAST_NS 200000000u
#define SECOND_NS 1000000000u

static size_t work;

double __real_exp(double x);
double __wrap_exp(double x);
double __real_decay_carry(uint32_t from, uint32_t to);
double __wrap_decay_carry(uint32_t from, uint32_t to);
unsigned int __real_hash_keyed(const void *data, size_t length);
unsigned int __wrap_hash_keyed(const void *data, size_t length);

double __wrap_exp(double x)
{
	work++;
	return __real_exp(x);
}

/* Called for every flow or peer whose rates are compared or added. */
double __wrap_decay_carry(uint32_t from, uint32_t to)
{
	work++;
	return __real_decay_carry(from, to);
}

unsigned int __wrap_hash_keyed(const void *data, size_t length)
{
	work++;
	return __real_hash_keyed(data, length);
}

/* Seconds of a crowd all of which moves, with fast ticks where there is a candidate. */
static void live(struct crowd *c, int seconds)
{
	for (int i = 0; i < seconds * 5; i++) {
		bool is_fast = engine_wants_fast_ticks(c->engine);

		if (!is_fast && i % 5)
			continue;
		crowd_carry(c, 0, c->flow_count);
		crowd_report(c, 0, c->flow_count);
		crowd_tick(c, is_fast ? FAST_NS : SECOND_NS);
	}
}

static const struct app *first_app(const struct crowd *c)
{
	return engine_find_app(c->engine, 1);
}

static void a_candidate_of_many_flows_allocates_nothing(void **state)
{
	struct crowd c;
	size_t before;

	(void)state;
	crowd_begin(&c, 1, 2000);
	live(&c, 12);
	assert_true(first_app(&c)->is_candidate);
	assert_int_equal(first_app(&c)->sampled_count, HEAVIEST_LISTED);
	before = allocations_count();
	assert_true(before > 0);
	live(&c, 12);
	assert_int_equal(allocations_count(), before);
	crowd_end(&c);
}

static void flows_that_come_and_go_allocate_nothing(void **state)
{
	struct crowd c;
	size_t before;

	(void)state;
	crowd_begin(&c, 50, 2000);
	for (size_t i = 0; i < 2000; i += 100) {
		crowd_renew(&c, i, 100);
		live(&c, 1);
	}
	before = allocations_count();
	for (size_t i = 0; i < 2000; i += 100) {
		crowd_renew(&c, i, 100);
		live(&c, 1);
	}
	assert_int_equal(allocations_count(), before);
	crowd_end(&c);
}

/* The work of one round of reports, and of the ticks of four seconds, of a candidate
 * with so many flows. */
static void count_work(size_t flows, size_t *ret_reports, size_t *ret_ticks)
{
	struct crowd c;

	crowd_begin(&c, 1, flows);
	live(&c, 12);
	assert_true(first_app(&c)->is_candidate);
	crowd_carry(&c, 0, flows);
	work = 0;
	crowd_report(&c, 0, flows);
	*ret_reports = work;
	work = 0;
	for (int i = 0; i < 20; i++)
		crowd_tick(&c, FAST_NS);
	*ret_ticks = work;
	crowd_end(&c);
}

static void reports_cost_in_proportion_and_ticks_do_not_grow(void **state)
{
	size_t reports[2], ticks[2];

	(void)state;
	count_work(1000, &reports[0], &ticks[0]);
	count_work(16000, &reports[1], &ticks[1]);
	/* A look-up, an exponential and a handful of comparisons each. */
	assert_in_range(reports[0], 2000, 10 * 1000);
	assert_in_range(reports[1], 16 * 2000, 10 * 16 * 1000);
	assert_in_range(ticks[0], 100, 2000);
	assert_in_range(ticks[1], 100, 2000);
}

/* The index of the flow to the heaviest peer, each of which has one. */
static size_t heaviest_peer(const struct crowd *c)
{
	const struct peer *top = first_app(c)->transport.parts[PEER_ALL].top;

	for (size_t i = 0; top && i < c->flow_count; i++)
		if (addr_equal(&c->flows[i].flow.key.remote, &top->key.remote))
			return i;
	return 0;
}

/* Nor do those that follow it, as none of them has half of everything. */
static void the_heaviest_peer_that_leaves_costs_no_walk(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, 1, 16000);
	live(&c, 12);
	for (int i = 0; i < 20; i++) {
		crowd_renew(&c, heaviest_peer(&c), 1);
		work = 0;
		crowd_tick(&c, SECOND_NS);
		assert_in_range(work, 0, 1000);
	}
	crowd_end(&c);
}

static void what_did_not_move_costs_a_look_up_alone(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, 10, 1000);
	live(&c, 3);
	work = 0;
	crowd_report(&c, 0, 1000);
	assert_int_equal(work, 1000);
	crowd_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_candidate_of_many_flows_allocates_nothing),
		cmocka_unit_test(flows_that_come_and_go_allocate_nothing),
		cmocka_unit_test(reports_cost_in_proportion_and_ticks_do_not_grow),
		cmocka_unit_test(the_heaviest_peer_that_leaves_costs_no_walk),
		cmocka_unit_test(what_did_not_move_costs_a_look_up_alone),
	};

	return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
