/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection that carries what many others bring, and its look-alikes. */
#include "../support/packets.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RELAYED 0.8
#define NOT_RELAYED 0.1
#define CIRCUITS 20
#define ONE CIRCUITS /* the flow that carries them all */
#define FLOWS (CIRCUITS + 1)
#define LOOK (2000 * MS)
#define BURSTS (3 * CIRCUITS)
#define STEP_NS 12000	  /* between packets of a burst */
#define DENSE_NS (MS / 2) /* between packets of all circuits together */

static unsigned int any_circuit(struct packets *p)
{
	return (unsigned int)packets_draw(p, CIRCUITS);
}

static uint32_t any_length(struct packets *p)
{
	return (uint32_t)(200 + packets_draw(p, 1200));
}

/* Packets of all circuits go on by the one connection .1 ms later or a bit more, with
 * a header of their own; or those of the one by them. */
static void put_circuits(struct packets *p, bool is_to_one, uint64_t gap)
{
	for (uint64_t t = 10 * MS; t < LOOK; t += gap / 2 + packets_draw(p, gap)) {
		unsigned int circuit = any_circuit(p);
		uint32_t length = any_length(p);
		uint64_t sent = t + MS / 10 + packets_draw(p, MS / 10);

		packets_put(p, t, is_to_one ? circuit : ONE, true,
			    length + (is_to_one ? 0 : 8));
		packets_put(p, sent, is_to_one ? ONE : circuit, false,
			    length + (is_to_one ? 8 : 0));
	}
}

/* As much, as often, of the same lengths; but of nobody's. */
static void put_unrelated(struct packets *p, bool is_to_one, uint64_t gap)
{
	for (uint64_t t = 10 * MS; t < LOOK; t += gap / 2 + packets_draw(p, gap))
		packets_put(p, t, is_to_one ? any_circuit(p) : ONE, true,
			    any_length(p));
	for (uint64_t t = 10 * MS; t < LOOK; t += gap / 2 + packets_draw(p, gap))
		packets_put(p, t, is_to_one ? ONE : any_circuit(p), false,
			    any_length(p));
}

static void dense_circuits_by_one_connection_are_matched(void **state)
{
	struct packets *p = *state;

	put_circuits(p, true, DENSE_NS);
	put_circuits(p, false, DENSE_NS);
	packets_evaluate(p, FLOWS);
	assert_true(p->result.matched_share > RELAYED);
	assert_true(p->result.is_conclusive);
}

static void as_dense_but_unrelated_is_no_relay(void **state)
{
	struct packets *p = *state;

	put_unrelated(p, true, DENSE_NS);
	put_unrelated(p, false, DENSE_NS);
	packets_evaluate(p, FLOWS);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
}

static void put_burst(struct packets *p, uint64_t begin, unsigned int flow,
		      bool is_inbound, unsigned int count)
{
	for (unsigned int k = 0; k < count; k++)
		packets_put(p, begin + k * STEP_NS, flow, is_inbound, 1400);
}

/*
 * Each circuit brings something short a few times, too seldom to tell one from another;
 * the one connection takes it on `late` ns later.
 */
static void put_short(struct packets *p, bool is_to_one, uint64_t late_max)
{
	for (unsigned int k = 0; k < BURSTS; k++) {
		uint64_t begin = 100 * MS + packets_draw(p, LOOK - 200 * MS);
		uint64_t sent = begin + MS / 4 + packets_draw(p, late_max);
		unsigned int count = 10 + (unsigned int)packets_draw(p, 40);
		unsigned int circuit = k % CIRCUITS;

		put_burst(p, begin, is_to_one ? circuit : ONE, true, count);
		put_burst(p, sent, is_to_one ? ONE : circuit, false, count);
	}
}

static void assert_relay(const struct packets *p)
{
	assert_true(p->result.matched_share > RELAYED);
	assert_true(p->result.chance_share < 0.5);
	assert_true(p->result.is_conclusive);
}

static void one_connection_carries_short_circuits_both_ways(void **state)
{
	struct packets *p = *state;

	put_short(p, true, MS / 4);
	put_short(p, false, MS / 4);
	packets_evaluate(p, FLOWS);
	assert_relay(p);
}

static void many_come_in_and_one_goes_out(void **state)
{
	struct packets *p = *state;
	unsigned int named = 0;

	put_short(p, true, MS / 4);
	packets_evaluate(p, FLOWS);
	assert_relay(p);
	assert_true(zoom_leg_share(p->zoom, ONE) > 0.9F);
	/* Of two that came at once the later one's bytes are taken first. */
	for (unsigned int k = 0; k < CIRCUITS; k++)
		named += zoom_pair_share(p->zoom, k, ONE) > RELAYED;
	assert_true(named >= CIRCUITS - 3);
}

static void one_comes_in_and_many_go_out(void **state)
{
	struct packets *p = *state;

	put_short(p, false, MS / 4);
	packets_evaluate(p, FLOWS);
	assert_relay(p);
	assert_true(zoom_leg_share(p->zoom, ONE) > 0.9F);
	for (unsigned int k = 0; k < CIRCUITS; k++)
		assert_true(zoom_pair_share(p->zoom, ONE, k) > RELAYED);
}

/* The same bursts, but what leaves has nothing to do with what came. */
static void as_many_bursts_at_other_times_are_no_relay(void **state)
{
	struct packets *p = *state;

	put_short(p, true, 400 * MS);
	put_short(p, false, 400 * MS);
	packets_evaluate(p, FLOWS);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
	assert_true(zoom_leg_share(p->zoom, ONE) <= 0);
}

/* Everything stalls and goes on at once, as on a shared link. */
static void to_be_busy_at_the_same_times_is_no_relay(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 0; k < BURSTS; k++) {
		uint64_t t = 100 * MS + packets_draw(p, LOOK - 200 * MS);
		unsigned int count = 10 + (unsigned int)packets_draw(p, 40);

		put_burst(p, t + packets_draw(p, STEP_NS), k % CIRCUITS, true, count);
		put_burst(p, t + packets_draw(p, STEP_NS), ONE, false, count);
	}
	packets_evaluate(p, FLOWS);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
	assert_true(zoom_leg_share(p->zoom, ONE) <= 0);
}

/* Short notes about all that comes in are less than what they are about. */
static void requests_of_many_do_not_explain_what_one_gets(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 0; k < BURSTS; k++) {
		uint64_t t = 100 * MS + packets_draw(p, LOOK - 200 * MS);

		packets_put(p, t, k % CIRCUITS, true, 400);
		put_burst(p, t + MS / 4, ONE, false, 30);
	}
	packets_evaluate(p, FLOWS);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
}

/* A download of its own beside: only what went on is matched, and nobody is named but
 * the one that surely is a leg. */
static void what_stays_here_is_neither_matched_nor_named(void **state)
{
	struct packets *p = *state;
	double circuits = 0, all = 0;

	put_short(p, true, MS / 4);
	for (uint64_t t = MS; t < LOOK; t += packets_draw(p, 2 * MS))
		packets_put(p, t, FLOWS, true, 700);
	for (size_t i = 0; i < p->count; i++) {
		all += p->packets[i].is_inbound ? p->packets[i].length : 0;
		circuits += p->packets[i].flow < ONE ? p->packets[i].length : 0;
	}
	packets_evaluate(p, FLOWS + 1);
	assert_true(p->result.matched_share > 0.5);
	assert_true(p->result.matched_share < circuits / all + NOT_RELAYED);
	assert_true(zoom_leg_share(p->zoom, ONE) > RELAYED);
	assert_true(zoom_leg_share(p->zoom, FLOWS) <= 0);
	assert_true(zoom_pair_share(p->zoom, FLOWS, ONE) <= 0);
}

/* One whose little stays here, where nearly all goes on. */
static void a_flow_that_does_not_go_on_is_not_named(void **state)
{
	struct packets *p = *state;

	put_short(p, true, MS / 4);
	for (uint64_t t = MS; t < LOOK; t += packets_draw(p, 100 * MS))
		packets_put(p, t, FLOWS, true, 1000);
	packets_evaluate(p, FLOWS + 1);
	assert_relay(p);
	assert_true(zoom_pair_share(p->zoom, 0, ONE) > RELAYED);
	assert_true(zoom_pair_share(p->zoom, FLOWS, ONE) <= 0);
}

static void two_peers_are_a_matter_of_pairs(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 2; k < CIRCUITS; k++)
		p->remotes[k] = p->remotes[k % 2];
	put_short(p, true, MS / 4);
	packets_evaluate(p, FLOWS);
	assert_true(p->result.received > 0);
	assert_true(zoom_leg_share(p->zoom, ONE) <= 0);
}

static void a_few_bursts_of_all_together_conclude_nothing(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 0; k < 12; k++) {
		uint64_t t = 100 * MS + k * 120 * MS + packets_draw(p, 100 * MS);

		put_burst(p, t, k, true, 30);
		put_burst(p, t + MS, ONE, false, 30);
	}
	packets_evaluate(p, FLOWS);
	assert_true(p->result.matched_share < NOT_RELAYED);
	assert_false(p->result.is_conclusive);
	assert_true(p->result.needs_longer);
}

/* What pairs show holds, where it is most of what came in. */
static void a_few_bursts_beside_a_relay_leave_it_one(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 0; k < 12; k++) {
		uint64_t t = 100 * MS + k * 120 * MS + packets_draw(p, 100 * MS);

		put_burst(p, t, k, true, 10);
		put_burst(p, t + MS, ONE, false, 10);
	}
	for (uint64_t t = 0; t < LOOK; t += packets_draw(p, 10 * MS)) {
		packets_put(p, t, FLOWS, true, 1400);
		packets_put(p, t + MS / 4, FLOWS + 1, false, 1400);
	}
	packets_evaluate(p, FLOWS + 2);
	assert_true(p->result.matched_share > 0.5);
	assert_true(p->result.is_conclusive);
}

/* At any time something just as old is there. */
static void too_dense_a_sum_does_not_tell(void **state)
{
	struct packets *p = *state;

	put_circuits(p, true, DENSE_NS / 2);
	packets_evaluate(p, FLOWS);
	assert_int_equal(zoom_count_dropped(p->zoom), 0);
	assert_true(zoom_leg_share(p->zoom, ONE) <= 0);
}

static void flows_of_one_peer_are_no_circuits(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 0; k < CIRCUITS; k++)
		p->remotes[k] = p->remotes[ONE];
	put_short(p, true, MS / 4);
	packets_evaluate(p, FLOWS);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share <= 0);
}

int main(void)
{
#define CASE(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, packets_setup, packets_teardown)
	const struct CMUnitTest tests[] = {
		CASE(dense_circuits_by_one_connection_are_matched),
		CASE(as_dense_but_unrelated_is_no_relay),
		CASE(one_connection_carries_short_circuits_both_ways),
		CASE(many_come_in_and_one_goes_out),
		CASE(one_comes_in_and_many_go_out),
		CASE(as_many_bursts_at_other_times_are_no_relay),
		CASE(to_be_busy_at_the_same_times_is_no_relay),
		CASE(requests_of_many_do_not_explain_what_one_gets),
		CASE(what_stays_here_is_neither_matched_nor_named),
		CASE(a_flow_that_does_not_go_on_is_not_named),
		CASE(two_peers_are_a_matter_of_pairs),
		CASE(a_few_bursts_of_all_together_conclude_nothing),
		CASE(a_few_bursts_beside_a_relay_leave_it_one),
		CASE(too_dense_a_sum_does_not_tell),
		CASE(flows_of_one_peer_are_no_circuits),
	};
#undef CASE

	return cmocka_run_group_tests_name("zoom_merge", tests, NULL, NULL);
}
