/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/relay_pairs.h"
#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH SERIES_LENGTH
#define FLOWS PAIRS_FLOWS_MAX

/* Flows with a history before the window, so that a lag has something to bring. */
struct fixture {
	struct pairs_work *work;
	struct series series[FLOWS];
	struct pairs_input inputs[FLOWS];
	struct pairs_result result;
	uint32_t seed;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->work = pairs_work_new();
	f->seed = 1;
	for (unsigned int i = 0; i < FLOWS; i++)
		f->inputs[i] = (struct pairs_input){
			.series = &f->series[i],
			.remote = addr_from_ipv4(htonl(0xc6130001 + i)),
			.packet_in = 200,
			.packet_out = 200,
		};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pairs_work_free(f->work);
	free(f);
	return 0;
}

static float noise(struct fixture *f)
{
	f->seed = f->seed * 1664525u + 1013904223u;
	return (float)(f->seed >> 8) / (float)(1u << 24);
}

static float burst(struct fixture *f)
{
	float x = noise(f);

	return 2000 + 40000 * x * x;
}

static void evaluate(struct fixture *f, size_t count, size_t length)
{
	pairs_evaluate(f->work, f->inputs, count, LENGTH, length, 0.2, &f->result);
}

/* Flow 0 brings noise in, flow 1 takes `gain` of it out, `lag` samples later. */
static void make_relay(struct fixture *f, unsigned int lag, float gain)
{
	float brought[LENGTH];

	for (uint32_t t = 0; t < LENGTH; t++) {
		brought[t] = burst(f);
		series_push(&f->series[0], t, brought[t], 0);
		series_push(&f->series[1], t, 0,
			    t >= lag ? gain * brought[t - lag] : 0);
	}
}

static void forget(struct fixture *f)
{
	memset(f->series, 0, sizeof(f->series));
}

static void what_is_sent_on_is_found_with_its_lag(void **state)
{
	struct fixture *f = *state;

	for (unsigned int lag = 0; lag < 6; lag++) {
		forget(f);
		make_relay(f, lag, 1);
		evaluate(f, 2, 100);
		assert_int_equal(f->result.count, 1);
		assert_int_equal(f->result.matches[0].from, 0);
		assert_int_equal(f->result.matches[0].to, 1);
		assert_int_equal(f->result.matches[0].lag, lag);
		assert_true(f->result.matches[0].correlation > 0.9f);
		assert_true(fabs(f->result.matched_share - 1) < 1e-9);
		assert_true(f->result.is_coupled);
	}
}

static void what_is_sent_on_after_more_than_a_second_is_not_matched(void **state)
{
	struct fixture *f = *state;

	for (unsigned int lag = 6; lag < 12; lag++) {
		forget(f);
		make_relay(f, lag, 1);
		evaluate(f, 2, 100);
		assert_int_equal(f->result.count, 0);
		assert_false(f->result.is_coupled);
	}
}

/* It sent first what it then received: requests and their answers. */
static void what_left_before_it_came_is_not_matched(void **state)
{
	struct fixture *f = *state;
	float brought[LENGTH];

	for (uint32_t t = 0; t < LENGTH; t++)
		brought[t] = burst(f);
	for (uint32_t t = 0; t < LENGTH; t++) {
		series_push(&f->series[0], t, t >= 4 ? brought[t - 4] : 0, 0);
		series_push(&f->series[1], t, 0, brought[t]);
	}
	evaluate(f, 2, 100);
	assert_int_equal(f->result.count, 0);
}

static void eight_seconds_are_enough(void **state)
{
	struct fixture *f = *state;

	make_relay(f, 1, 1);
	evaluate(f, 2, PAIRS_SAMPLES_MIN);
	assert_int_equal(f->result.count, 1);
}

static void the_same_remote_is_never_matched(void **state)
{
	struct fixture *f = *state;

	make_relay(f, 1, 1);
	f->inputs[1].remote = f->inputs[0].remote;
	evaluate(f, 2, 100);
	assert_int_equal(f->result.count, 0);
	assert_true(fabs(f->result.matched_share) < 1e-9);
}

/* One peer on two ports, beside others: what it sends comes back to it alone. */
static void two_flows_of_one_peer_are_not_coupled(void **state)
{
	struct fixture *f = *state;

	for (uint32_t t = 0; t < LENGTH; t++) {
		float echo = 10 * burst(f);

		series_push(&f->series[0], t, echo, 0);
		series_push(&f->series[1], t, 0, echo);
		series_push(&f->series[2], t, burst(f) / 20, burst(f) / 20);
	}
	f->inputs[1].remote = f->inputs[0].remote;
	evaluate(f, 3, 100);
	assert_int_equal(f->result.count, 0);
	assert_false(f->result.is_coupled);
}

static void only_about_as_much_as_came_is_what_was_sent_on(void **state)
{
	static const struct {
		float gain;
		size_t count;
	} cases[] = {{0.42f, 0}, {0.48f, 1}, {1.0f, 1}, {2.15f, 1}, {2.3f, 0}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		forget(f);
		make_relay(f, 0, cases[i].gain);
		evaluate(f, 2, 100);
		assert_int_equal(f->result.count, cases[i].count);
	}
}

/* Flow 1 takes out what flow 0 brings, and of its own `noisy` times as much. */
static size_t matches_of_noisy_relay(struct fixture *f, float gain, float noisy)
{
	forget(f);
	for (uint32_t t = 0; t < LENGTH; t++) {
		float brought = burst(f);

		series_push(&f->series[0], t, brought, 0);
		series_push(&f->series[1], t, 0,
			    gain * (brought + noisy * burst(f)) / (1 + noisy));
	}
	evaluate(f, 2, LENGTH);
	return f->result.count;
}

/* A correlation of .7 is enough where the bytes are the same. */
static void what_is_twice_as_much_or_half_must_be_more_alike(void **state)
{
	static const float padded[] = {0.48f, 2.1f};
	struct fixture *f = *state;
	unsigned int same = 0, other = 0;

	for (unsigned int run = 0; run < 100; run++) {
		same += matches_of_noisy_relay(f, 1, 0.8f) > 0;
		for (size_t i = 0; i < 2; i++) {
			other += matches_of_noisy_relay(f, padded[i], 0.8f) > 0;
			assert_int_equal(matches_of_noisy_relay(f, padded[i], 0.1f), 1);
		}
	}
	assert_true(same > 80);
	assert_true(other < 20);
}

/* Each sample's packets get up to as much again, which varies. */
static void padding_by_up_to_as_much_again_is_seen_through(void **state)
{
	struct fixture *f = *state;

	for (unsigned int run = 0; run < 100; run++) {
		forget(f);
		for (uint32_t t = 0; t < LENGTH; t++) {
			float bare = burst(f), padded = bare * (1 + noise(f));

			/* Those of the next relay take it off again. */
			series_push(&f->series[0], t, run % 2 ? bare : padded, 0);
			series_push(&f->series[1], t, 0, run % 2 ? padded : bare);
		}
		evaluate(f, 2, LENGTH);
		assert_int_equal(f->result.count, 1);
		assert_true(f->result.is_coupled);
	}
}

static void two_flows_of_one_period_are_not_matched(void **state)
{
	struct fixture *f = *state;

	for (uint32_t t = 0; t < LENGTH; t++) {
		float beat = t % 12 ? 8000 : 60000;

		series_push(&f->series[0], t, beat + 500 * noise(f), 0);
		series_push(&f->series[1], t, 0, beat + 500 * noise(f));
	}
	evaluate(f, 2, 100);
	assert_int_equal(f->result.count, 0);
	assert_false(f->result.is_coupled);
}

static void two_saws_of_one_period_are_not_matched(void **state)
{
	struct fixture *f = *state;

	for (uint32_t t = 0; t < LENGTH; t++) {
		float tooth = (float)(t * 7 % 11 + 1) * 4000;

		series_push(&f->series[0], t, tooth, 0);
		series_push(&f->series[1], t, 0, tooth);
	}
	evaluate(f, 2, 110);
	assert_int_equal(f->result.count, 0);
	assert_false(f->result.is_coupled);
}

static void flat_flows_are_not_matched(void **state)
{
	struct fixture *f = *state;

	for (unsigned int level = 0; level < 200; level++) {
		forget(f);
		for (uint32_t t = 0; t < LENGTH; t++) {
			series_push(&f->series[0], t, 1000 + 37.f * (float)level, 0);
			series_push(&f->series[1], t, 0, 1100 + 37.f * (float)level);
		}
		evaluate(f, 2, 100);
		assert_int_equal(f->result.count, 0);
		assert_false(f->result.is_coupled);
	}
}

static void a_few_busy_samples_are_not_enough(void **state)
{
	struct fixture *f = *state;

	for (uint32_t t = 0; t < LENGTH; t++) {
		float x = t % 16 == 5 ? burst(f) : 0;

		series_push(&f->series[0], t, x, 0);
		series_push(&f->series[1], t, 0, x);
		/* Else the rest of the time is taken out as silence of all. */
		series_push(&f->series[2], t, 0, 20000);
	}
	/* Seven of the last 108. */
	evaluate(f, 3, 108);
	assert_int_equal(f->result.count, 0);
}

/* Independent traffic of several shapes; how many of `pairs` were matched. */
static unsigned int false_matches(struct fixture *f, unsigned int pairs, size_t length,
				  float (*shape)(struct fixture *f, uint32_t t,
						 unsigned int flow))
{
	unsigned int matched = 0;

	for (unsigned int i = 0; i < pairs; i++) {
		forget(f);
		for (uint32_t t = 0; t < LENGTH; t++) {
			series_push(&f->series[0], t, shape(f, t, 0), 0);
			series_push(&f->series[1], t, 0, shape(f, t, 1));
		}
		evaluate(f, 2, length);
		matched += f->result.count > 0 || f->result.is_coupled;
	}
	return matched;
}

static float as_burst(struct fixture *f, uint32_t t, unsigned int flow)
{
	(void)t;
	(void)flow;
	return burst(f);
}

static float as_packets(struct fixture *f, uint32_t t, unsigned int flow)
{
	(void)t;
	(void)flow;
	return noise(f) < 0.3f ? 6000 : 0;
}

/* Level that wanders: what prewhitening is for. */
static float as_wandering(struct fixture *f, uint32_t t, unsigned int flow)
{
	static float level[2];

	level[flow] = t ? 0.9f * level[flow] + noise(f) - 0.5f : 0;
	return 20000 * expf(level[flow]);
}

/* Ten packets a sample, seldom one more or less, and a timer that is seldom exact:
 * dividing by the length of a sample gives all flows the same tremble. */
static float as_calls_on_a_trembling_timer(struct fixture *f, uint32_t t,
					   unsigned int flow)
{
	static float seconds[LENGTH];
	float packets = 10;

	if (flow == 0)
		seconds[t] = 0.2f + 0.001f * noise(f);
	if (noise(f) < 0.05f)
		packets += noise(f) < 0.5f ? -1 : 1;
	return packets * 160 / seconds[t];
}

/* At 1e-3 a test, corrected, 2,000 pairs should give one or two before the shift test.
 */
static void unrelated_flows_are_not_matched(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(false_matches(f, 2000, 100, as_burst), 0);
	assert_int_equal(false_matches(f, 2000, 128, as_burst), 0);
	assert_int_equal(false_matches(f, 2000, 40, as_burst), 0);
	assert_int_equal(false_matches(f, 2000, 100, as_packets), 0);
	assert_int_equal(false_matches(f, 2000, 100, as_wandering), 0);
}

static void a_trembling_timer_matches_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned int n = false_matches(f, 500, 100, as_calls_on_a_trembling_timer);

	if (n)
		fail_msg("%u of 500 matched", n);
}

/* Flows chosen together begin together: that is our doing, not a relay's. */
static void a_common_beginning_matches_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 1100; i++) {
		forget(f);
		for (uint32_t t = 5 + i % 110; t < LENGTH; t++) {
			series_push(&f->series[0], t, burst(f), 0);
			series_push(&f->series[1], t, 0, burst(f));
		}
		evaluate(f, 2, LENGTH);
		n += f->result.count > 0 || f->result.is_coupled;
	}
	if (n)
		fail_msg("%u of 1100 matched", n);
}

static void a_star_is_coupled_without_a_match(void **state)
{
	struct fixture *f = *state;

	for (uint32_t t = 0; t < LENGTH; t++) {
		float sum = 0;

		for (size_t i = 1; i < 6; i++) {
			float x = noise(f) < 0.3f ? burst(f) : 300;

			series_push(&f->series[i], t, x, 100);
			sum += x;
		}
		series_push(&f->series[0], t, 600, sum);
	}
	evaluate(f, 6, 100);
	assert_int_equal(f->result.count, 0);
	assert_true(f->result.is_coupled);
}

/* The hub takes the padding off that its one connection carries. */
static void a_star_of_half_as_much_is_coupled(void **state)
{
	struct fixture *f = *state;

	for (uint32_t t = 0; t < LENGTH; t++) {
		float sum = 0;

		for (size_t i = 1; i < 6; i++) {
			float x = noise(f) < 0.3f ? burst(f) : 300;

			series_push(&f->series[i], t, 100, x);
			sum += x;
		}
		series_push(&f->series[0], t, 2.1f * sum, 600);
	}
	evaluate(f, 6, 100);
	assert_int_equal(f->result.count, 0);
	assert_true(f->result.is_coupled);
}

static void the_matched_share_counts_bytes(void **state)
{
	struct fixture *f = *state;

	make_relay(f, 1, 1);
	for (uint32_t t = 0; t < LENGTH; t++)
		series_push(&f->series[2], t, 3 * burst(f), 0);
	evaluate(f, 3, 100);
	assert_int_equal(f->result.count, 1);
	assert_true(f->result.matched_share > 0.2 && f->result.matched_share < 0.3);
	assert_true(f->result.received > 40000 && f->result.received < 80000);
}

/* The list of matches has a bound, the share has none. */
static void the_share_is_whole_where_the_list_of_matches_is_full(void **state)
{
	struct fixture *f = *state;

	for (uint32_t t = 0; t < LENGTH; t++) {
		float x = burst(f);

		for (size_t i = 0; i < FLOWS; i++)
			series_push(&f->series[i], t, x, x);
	}
	evaluate(f, FLOWS + 1, 100);
	assert_int_equal(f->result.count, PAIRS_MATCHES_MAX);
	assert_true(fabs(f->result.matched_share - 1) < 1e-9);
}

static void nothing_is_made_of_nothing(void **state)
{
	struct fixture *f = *state;

	evaluate(f, 0, 100);
	assert_int_equal(f->result.count, 0);
	assert_false(f->result.is_coupled);
	evaluate(f, 3, 100);
	assert_int_equal(f->result.count, 0);
	assert_true(fabs(f->result.matched_share) < 1e-9);
	pairs_work_free(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_sent_on_is_found_with_its_lag),
		CASE(what_is_sent_on_after_more_than_a_second_is_not_matched),
		CASE(what_left_before_it_came_is_not_matched),
		CASE(eight_seconds_are_enough),
		CASE(the_same_remote_is_never_matched),
		CASE(two_flows_of_one_peer_are_not_coupled),
		CASE(only_about_as_much_as_came_is_what_was_sent_on),
		CASE(what_is_twice_as_much_or_half_must_be_more_alike),
		CASE(padding_by_up_to_as_much_again_is_seen_through),
		CASE(two_flows_of_one_period_are_not_matched),
		CASE(two_saws_of_one_period_are_not_matched),
		CASE(flat_flows_are_not_matched),
		CASE(a_few_busy_samples_are_not_enough),
		CASE(unrelated_flows_are_not_matched),
		CASE(a_trembling_timer_matches_nothing),
		CASE(a_common_beginning_matches_nothing),
		CASE(a_star_is_coupled_without_a_match),
		CASE(a_star_of_half_as_much_is_coupled),
		CASE(the_matched_share_counts_bytes),
		CASE(the_share_is_whole_where_the_list_of_matches_is_full),
		CASE(nothing_is_made_of_nothing),
	};

	return cmocka_run_group_tests_name("relay_pairs", tests, NULL, NULL);
}
