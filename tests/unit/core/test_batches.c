/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is held back and sent in bursts is found; test_batches_table.c says how well. */
#include "../support/batch_runs.h"
#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RUNS 10

/* At least `least` of RUNS for each kind of stream. */
static void assert_found(struct runs *f, const struct crowd *c, struct batching b,
			 unsigned int least)
{
	for (int kind = 0; kind < STREAM_KINDS; kind++) {
		unsigned int hits = runs_found(f, RUNS, (enum stream_kind)kind, c, b);

		if (hits < least)
			fail_msg("%s, every %g s: %u of %u", stream_names[kind],
				 b.period, hits, RUNS);
	}
}

static void what_is_held_back_for_5_to_60_s_is_found(void **state)
{
	static const double periods[] = {5, 20, 60};

	for (size_t p = 0; p < 3; p++)
		assert_found(*state, &runs_one, (struct batching){.period = periods[p]},
			     9);
}

static void an_unsteady_timer_hides_nothing(void **state)
{
	assert_found(*state, &runs_one, (struct batching){.period = 5, .jitter = 0.3},
		     9);
	assert_found(*state, &runs_one, (struct batching){.period = 20, .jitter = 0.3},
		     9);
	assert_found(*state, &runs_one, (struct batching){.period = 55, .jitter = 0.1},
		     8);
}

static void padding_of_packets_hides_nothing(void **state)
{
	assert_found(*state, &runs_one,
		     (struct batching){.period = 20, .packet_padding = 1}, 9);
	assert_found(*state, &runs_one,
		     (struct batching){.period = 60, .packet_padding = 1}, 8);
}

/* Of a stream as even as video it does hide 5 s of 2 times as much or not. */
static void padding_of_batches_hides_no_stream_that_varies_more(void **state)
{
	struct batching b = {.period = 5, .batch_padding = 1};
	struct runs *f = *state;

	assert_true(runs_found(f, RUNS, STREAM_VOICE, &runs_one, b) >= 9);
	b.period = 20;
	assert_true(runs_found(f, RUNS, STREAM_WEB, &runs_one, b) >= 9);
	assert_true(runs_found(f, RUNS, STREAM_FILES, &runs_one, b) >= 9);
}

static void a_burst_may_be_slow_or_get_stuck(void **state)
{
	assert_found(*state, &runs_one, (struct batching){.period = 60, .rate = 5e5},
		     8);
	assert_found(*state, &runs_one,
		     (struct batching){.period = 60, .rate = 2e6, .has_pauses = true},
		     8);
}

static void what_came_in_batches_already_is_found(void **state)
{
	assert_found(*state, &runs_one,
		     (struct batching){.period = 60, .is_input = true}, 7);
}

static void ten_streams_beside_the_owners_call_are_found(void **state)
{
	struct crowd ten = {"ten", HUB_PAIRS, 10, true, true};

	assert_found(*state, &ten, (struct batching){.period = 20, .jitter = 0.2}, 9);
	assert_found(*state, &ten, (struct batching){.period = 60}, 9);
}

static void calls_are_found_in_both_directions(void **state)
{
	struct crowd calls = {"calls", HUB_CALLS, 2, false, false};
	struct runs *f = *state;

	assert_found(f, &calls, (struct batching){.period = 20, .jitter = 0.2}, 9);
	runs_make_relay(f, 1, STREAM_VOICE, &calls, (struct batching){.period = 20});
	assert_true(runs_evaluate(f) > 0.99);
	assert_int_equal(f->result.count, 4);
}

/* The owner's own flow is neither counted nor named. */
static void the_owners_own_call_is_not_matched(void **state)
{
	struct crowd three = {"three", HUB_PAIRS, 3, false, true};
	struct runs *f = *state;

	for (unsigned int run = 0; run < RUNS; run++) {
		runs_make_relay(f, run, STREAM_VIDEO, &three,
				(struct batching){.period = 20, .jitter = 0.2});
		assert_true(runs_evaluate(f) < 0.999);
		for (size_t i = 0; i < f->result.count; i++) {
			const struct batches_match *m = &f->result.matches[i];
			const struct rings *call = &f->traffic->rings[6];

			assert_true(m->from < f->count && m->to < f->count);
			assert_ptr_not_equal(f->inputs[m->from].rings, call);
			assert_ptr_not_equal(f->inputs[m->to].rings, call);
		}
	}
}

static void a_hub_with_one_source_or_one_sink_is_found(void **state)
{
	struct crowd source = {"source", HUB_ONE_SOURCE, 5, true, true};
	struct crowd sink = {"sink", HUB_ONE_SINK, 5, true, true};
	struct runs *f = *state;
	size_t others = 0;

	assert_found(f, &source, (struct batching){.period = 20}, 9);
	assert_found(f, &source, (struct batching){.period = 60}, 8);
	for (size_t i = 0; i < f->result.count; i++)
		others += f->result.matches[i].to == BATCHES_OTHERS;
	assert_true(others > 0);
	assert_found(f, &sink, (struct batching){.period = 20}, 9);
	assert_found(f, &sink, (struct batching){.period = 60}, 8);
}

/* One of them may be left out of a sum; what is a dialogue never is in it. */
static void a_sink_is_found_beside_three_calls_of_the_owner(void **state)
{
	struct batching b = {.period = 20, .together = true};
	struct runs *f = *state;
	unsigned int hits = 0;

	for (unsigned int run = 0; run < RUNS; run++) {
		bursty_clear(f->traffic, run);
		bursty_add_relay(f->traffic, STREAM_VOICE, HUB_ONE_SINK, 3, &b);
		for (size_t i = 0; i < 3; i++)
			bursty_add_own_call(f->traffic, STREAM_VIDEO);
		runs_evaluate(f);
		hits += f->result.count > 0;
		/* The calls carry nearly all. */
		assert_true(f->result.matched_share < 0.5);
	}
	assert_true(hits >= 9);
}

static void nothing_that_only_looks_like_a_relay_is_matched(void **state)
{
	struct runs *f = *state;

	for (int kind = 0; kind < LOOK_COUNT; kind++)
		for (unsigned int run = 0; run < RUNS; run++) {
			bursty_clear(f->traffic, run);
			bursty_add_look_alike(f->traffic, (enum look_alike)kind);
			if (runs_evaluate(f) > 0.05)
				fail_msg("%s, run %u: %g", look_alike_names[kind], run,
					 f->result.matched_share);
		}
}

/* The same, while the window still fills and at any time. */
static void nothing_is_matched_at_any_time(void **state)
{
	static const enum look_alike kinds[] = {LOOK_SWARM, LOOK_SYNC, LOOK_LIVE,
						LOOK_CLICKS};
	struct runs *f = *state;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		bursty_clear(f->traffic, k);
		bursty_add_look_alike(f->traffic, kinds[k]);
		bursty_ring(f->traffic, RUNS_BEGIN);
		for (uint32_t at = 10; at < BURSTY_SECONDS + 300; at += 10)
			if (runs_evaluate_at(f, at) > 0.05)
				fail_msg("%s at %u s: %g", look_alike_names[kinds[k]],
					 at, f->result.matched_share);
	}
}

/* --- by hand -----------------------------------------------------------------------
 */

static void evaluate_by_hand(struct runs *f, size_t count)
{
	memset(f->rings, 0, sizeof(f->rings));
	for (size_t i = 0; i < count; i++) {
		for (uint32_t s = 0; s < BURSTY_SECONDS; s++)
			rings_push(&f->rings[i], RUNS_BEGIN + s, (double)f->in[i][s],
				   (double)f->out[i][s]);
		f->inputs[i].rings = &f->rings[i];
		f->inputs[i].remote = addr_from_ipv4(htonl(0xc6130001 + (uint32_t)i));
	}
	f->count = count;
	batches_evaluate(f->work, f->inputs, count, RUNS_NOW, &f->result);
}

static float amount(struct runs *f)
{
	double x = bursty_random(f->traffic);

	return (float)(2000 + 40000 * x * x);
}

/* Flow 0 brings something each second; flow 1 sends `gain` times of it on, every
 * `period` seconds, `late` seconds after it might. */
static void lay_out(struct runs *f, uint32_t period, uint32_t late, float gain)
{
	memset(f->in, 0, sizeof(f->in));
	memset(f->out, 0, sizeof(f->out));
	bursty_clear(f->traffic, period * 100 + late);
	for (uint32_t s = 0; s < BURSTY_SECONDS; s++) {
		uint32_t leaves = (s / period + 1) * period + late;
		float level = amount(f);

		/* Some minutes are busier than others. */
		if (s % period)
			level = f->in[0][s - 1] * (0.5f + level / 40000);
		f->in[0][s] = fminf(level, 1e6f);
		if (leaves < BURSTY_SECONDS)
			f->out[1][leaves] += gain * f->in[0][s];
	}
}

static void a_match_tells_its_flows_bursts_and_lag(void **state)
{
	static const uint32_t lags[] = {0, 2, 5};
	struct runs *f = *state;

	for (size_t i = 0; i < 3; i++) {
		lay_out(f, 20, lags[i], 1);
		evaluate_by_hand(f, 2);
		assert_int_equal(f->result.count, 1);
		assert_int_equal(f->result.matches[0].from, 0);
		assert_int_equal(f->result.matches[0].to, 1);
		assert_in_range(f->result.matches[0].lag, lags[i], lags[i] + 1);
		assert_in_range(f->result.matches[0].bursts, 26, 29);
		assert_true(f->result.matches[0].correlation > 0.99f);
		assert_true(f->result.is_conclusive);
		assert_true(fabs(f->result.matched_share - 1) < 1e-9);
		assert_true(f->result.received > 1000);
	}
}

static void only_about_as_much_as_came_is_what_was_sent_on(void **state)
{
	static const struct {
		float gain;
		size_t count;
	} cases[] = {{0.42f, 0}, {0.48f, 1}, {1.0f, 1}, {2.15f, 1}, {2.3f, 0}};
	struct runs *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		lay_out(f, 20, 0, cases[i].gain);
		evaluate_by_hand(f, 2);
		assert_int_equal(f->result.count, cases[i].count);
	}
}

static void the_same_remote_is_never_matched(void **state)
{
	struct runs *f = *state;

	lay_out(f, 20, 0, 1);
	evaluate_by_hand(f, 2);
	assert_int_equal(f->result.count, 1);
	f->inputs[1].remote = f->inputs[0].remote;
	batches_evaluate(f->work, f->inputs, 2, RUNS_NOW, &f->result);
	assert_int_equal(f->result.count, 0);
	assert_true(fabs(f->result.matched_share) < 1e-9);
}

/* Requests and their answers: first it went out, then as much came in. */
static void what_left_before_it_came_is_not_matched(void **state)
{
	struct runs *f = *state;

	lay_out(f, 20, 0, 1);
	for (size_t i = 0; i < 2; i++)
		for (size_t s = 0; s < BURSTY_SECONDS / 2; s++) {
			size_t mirror = BURSTY_SECONDS - 1 - s;
			float in = f->in[i][s], out = f->out[i][s];

			f->in[i][s] = f->in[i][mirror];
			f->in[i][mirror] = in;
			f->out[i][s] = f->out[i][mirror];
			f->out[i][mirror] = out;
		}
	evaluate_by_hand(f, 2);
	assert_int_equal(f->result.count, 0);
}

static void what_comes_and_goes_in_one_second_was_not_held_back(void **state)
{
	struct runs *f = *state;

	lay_out(f, 20, 0, 1);
	memcpy(f->in[0], f->out[1], sizeof(f->in[0]));
	evaluate_by_hand(f, 2);
	assert_int_equal(f->result.count, 0);
}

static void a_steady_stream_proves_nothing(void **state)
{
	struct runs *f = *state;

	lay_out(f, 20, 0, 1);
	for (size_t s = 0; s < BURSTY_SECONDS; s++) {
		f->in[0][s] = 10000;
		f->out[1][s] = f->out[1][s] > 0 ? 200000 : 0;
	}
	evaluate_by_hand(f, 2);
	assert_int_equal(f->result.count, 0);
}

/* The longer it takes until the next burst, the more comes and goes of anything. */
static void the_time_between_bursts_proves_nothing(void **state)
{
	struct runs *f = *state;
	uint32_t next = 5, last = 0;

	lay_out(f, 20, 0, 1);
	memset(f->out[1], 0, sizeof(f->out[1]));
	for (uint32_t s = 0; s < BURSTY_SECONDS; s++) {
		f->in[0][s] = 10000 + 1000 * (amount(f) / 40000);
		if (s != next)
			continue;
		f->out[1][s] = 10000.f * (float)(s - last) + 1000 * (amount(f) / 40000);
		last = s;
		next = s + 4 + (uint32_t)(30 * bursty_random(f->traffic));
	}
	evaluate_by_hand(f, 2);
	assert_true(f->result.is_conclusive);
	assert_int_equal(f->result.count, 0);
}

/* Both sides have one that is ten times as large, by chance. */
static void one_large_burst_proves_nothing(void **state)
{
	struct runs *f = *state;

	for (uint64_t run = 0; run < 200; run++) {
		lay_out(f, 20, 0, 1);
		bursty_clear(f->traffic, run);
		for (uint32_t s = 0; s < BURSTY_SECONDS; s++) {
			float large = s / 20 == 12 ? 100 : 1;

			f->in[0][s] = large * (800 + amount(f) / 20);
			if (f->out[1][s] > 0)
				f->out[1][s] = (s / 20 == 13 ? 2000.f : 20.f) *
					       (800 + amount(f) / 20);
		}
		evaluate_by_hand(f, 2);
		assert_true(f->result.is_conclusive);
		assert_int_equal(f->result.count, 0);
	}
}

static void two_flows_of_one_period_are_not_matched(void **state)
{
	struct runs *f = *state;

	lay_out(f, 10, 0, 1);
	for (uint32_t s = 0; s < BURSTY_SECONDS; s++) {
		float tooth = (float)(s / 10 * 7 % 5 + 1);

		f->in[0][s] = 1000 * (float)((s / 10 * 7 + 5) % 5 + 1);
		f->out[1][s] = f->out[1][s] > 0 ? 10000 * tooth : 0;
	}
	evaluate_by_hand(f, 2);
	assert_true(f->result.is_conclusive);
	assert_int_equal(f->result.count, 0);
}

static void few_bursts_are_no_conclusion(void **state)
{
	struct runs *f = *state;

	lay_out(f, 60, 0, 1);
	/* Eight of them: seven with one before. */
	evaluate_by_hand(f, 2);
	assert_true(f->result.is_conclusive);
	for (uint32_t s = 0; s < 150; s++)
		f->out[1][s] = 0;
	evaluate_by_hand(f, 2);
	assert_false(f->result.is_conclusive);
	assert_int_equal(f->result.count, 0);
	assert_int_equal(f->result.bursts, 0);
}

static void a_relay_that_began_anew_is_found_beside_its_past(void **state)
{
	struct runs *f = *state;

	lay_out(f, 20, 0, 1);
	/* For four minutes both had other things to do. */
	for (uint32_t s = 0; s < 240; s++) {
		f->in[0][s] = 0;
		f->out[1][s] = 0;
	}
	f->out[1][240] = 0;
	evaluate_by_hand(f, 2);
	assert_int_equal(f->result.count, 1);
	assert_in_range(f->result.matches[0].bursts, 14, 17);
}

/* Every flow brings the same and takes it on: each matches all others. */
static void the_share_is_whole_where_the_list_of_matches_is_full(void **state)
{
	struct runs *f = *state;

	lay_out(f, 20, 0, 1);
	memcpy(f->in[1], f->in[0], sizeof(f->in[1]));
	evaluate_by_hand(f, 2);
	for (size_t i = 0; i <= BATCHES_FLOWS_MAX; i++) {
		f->inputs[i].rings = &f->rings[1];
		f->inputs[i].remote = addr_from_ipv4(htonl(0xc6130001 + (uint32_t)i));
	}
	batches_evaluate(f->work, f->inputs, BATCHES_FLOWS_MAX + 1, RUNS_NOW,
			 &f->result);
	assert_int_equal(f->result.count, BATCHES_MATCHES_MAX);
	assert_true(fabs(f->result.matched_share - 1) < 1e-9);
}

static void nothing_is_made_of_nothing(void **state)
{
	struct runs *f = *state;

	batches_evaluate(f->work, f->inputs, 0, RUNS_NOW, &f->result);
	assert_false(f->result.is_conclusive);
	memset(f->in, 0, sizeof(f->in));
	memset(f->out, 0, sizeof(f->out));
	evaluate_by_hand(f, 3);
	assert_false(f->result.is_conclusive);
	assert_int_equal(f->result.count, 0);
	assert_true(fabs(f->result.matched_share) < 1e-9);
	batches_work_free(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, runs_setup, runs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_held_back_for_5_to_60_s_is_found),
		CASE(an_unsteady_timer_hides_nothing),
		CASE(padding_of_packets_hides_nothing),
		CASE(padding_of_batches_hides_no_stream_that_varies_more),
		CASE(a_burst_may_be_slow_or_get_stuck),
		CASE(what_came_in_batches_already_is_found),
		CASE(ten_streams_beside_the_owners_call_are_found),
		CASE(calls_are_found_in_both_directions),
		CASE(the_owners_own_call_is_not_matched),
		CASE(a_hub_with_one_source_or_one_sink_is_found),
		CASE(a_sink_is_found_beside_three_calls_of_the_owner),
		CASE(nothing_that_only_looks_like_a_relay_is_matched),
		CASE(nothing_is_matched_at_any_time),
		CASE(a_match_tells_its_flows_bursts_and_lag),
		CASE(only_about_as_much_as_came_is_what_was_sent_on),
		CASE(the_same_remote_is_never_matched),
		CASE(what_left_before_it_came_is_not_matched),
		CASE(what_comes_and_goes_in_one_second_was_not_held_back),
		CASE(a_steady_stream_proves_nothing),
		CASE(the_time_between_bursts_proves_nothing),
		CASE(one_large_burst_proves_nothing),
		CASE(two_flows_of_one_period_are_not_matched),
		CASE(few_bursts_are_no_conclusion),
		CASE(a_relay_that_began_anew_is_found_beside_its_past),
		CASE(the_share_is_whole_where_the_list_of_matches_is_full),
		CASE(nothing_is_made_of_nothing),
	};

	return cmocka_run_group_tests_name("batches", tests, NULL, NULL);
}
