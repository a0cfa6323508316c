/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings of real programs (tests/unit/core/zoom) and made-up traffic with an exact
 * property each.
 */
#include "core/zoom.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RELAYED 0.6
#define NOT_RELAYED 0.1
#define MS 1000000U

struct fixture {
	struct zoom *zoom;
	struct addr remotes[ZOOM_FLOWS_MAX];
	struct zoom_packet packets[ZOOM_PACKETS_MAX + 1];
	size_t count;
	uint64_t seed;
	struct zoom_result result;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->zoom = zoom_new();
	f->seed = 88172645463325252U;
	for (unsigned int i = 0; i < ZOOM_FLOWS_MAX; i++)
		f->remotes[i] = addr_from_ipv4(htonl(0xc6130001 + i));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zoom_free(f->zoom);
	free(f);
	return 0;
}

/* xorshift64 (Marsaglia 2003): 0 <= x < limit. */
static uint64_t draw(struct fixture *f, uint64_t limit)
{
	f->seed ^= f->seed << 13;
	f->seed ^= f->seed >> 7;
	f->seed ^= f->seed << 17;
	return f->seed % limit;
}

static void put(struct fixture *f, uint64_t time_ns, unsigned int flow, bool is_inbound,
		uint32_t length)
{
	f->packets[f->count++] =
		(struct zoom_packet){time_ns, length, (uint8_t)flow, is_inbound};
}

static int compare_times(const void *a, const void *b)
{
	const struct zoom_packet *x = a, *y = b;

	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

static void evaluate(struct fixture *f, size_t flows)
{
	qsort(f->packets, f->count, sizeof(*f->packets), compare_times);
	zoom_begin(f->zoom, f->remotes, flows);
	for (size_t i = 0; i < f->count; i++)
		if (!zoom_add(f->zoom, &f->packets[i]))
			break;
	zoom_evaluate(f->zoom, &f->result);
}

static void evaluate_recording(struct fixture *f, const char *name)
{
	char path[128], line[128], direction;
	unsigned int flow, peer, length;
	uint64_t time = 0, step;
	FILE *file;

	snprintf(path, sizeof(path), "tests/unit/core/zoom/%s.txt", name);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		if (sscanf(line, "F %u %u", &flow, &peer) == 2) {
			assert_true(flow < ZOOM_FLOWS_MAX);
			f->remotes[flow] = addr_from_ipv4(htonl(0xc6130000 + peer));
			continue;
		}
		assert_int_equal(sscanf(line, "%" SCNu64 " %u%c %u", &step, &flow,
					&direction, &length),
				 4);
		time += step * 1000;
		put(f, time, flow, direction == 'i', length);
	}
	fclose(file);
	evaluate(f, ZOOM_FLOWS_MAX);
}

static void real_relays_are_matched(void **state)
{
	static const char *const names[] = {
		"relay-turn-steady",	 "relay-star",	    "relay-fanout-steady",
		"relay-socks-throttled", "relay-tcp-proxy",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct fixture *f = *state;

		f->count = 0;
		evaluate_recording(f, names[i]);
		print_message("%s: %.2f, chance %.2f\n", names[i],
			      f->result.matched_share, f->result.chance_share);
		assert_true(f->result.matched_share > RELAYED);
		assert_true(f->result.is_conclusive);
	}
}

static void real_look_alikes_are_not(void **state)
{
	static const char *const names[] = {
		"benign-mesh-video", "benign-mesh-voice", "benign-mesh-steady",
		"benign-swarm",	     "benign-seed",	  "benign-call",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct fixture *f = *state;

		f->count = 0;
		evaluate_recording(f, names[i]);
		print_message("%s: %.2f, chance %.2f\n", names[i],
			      f->result.matched_share, f->result.chance_share);
		assert_true(f->result.received > 0);
		assert_true(f->result.matched_share < NOT_RELAYED);
	}
}

/* Flow 0 to flow 1, a packet at random times; `delay` ns and up to 50 us later. */
static void put_relayed(struct fixture *f, unsigned int from, unsigned int to,
			uint64_t gap, uint64_t delay)
{
	for (uint64_t t = 0; t < 2000 * MS; t += gap / 2 + draw(f, gap)) {
		uint32_t length = (uint32_t)(200 + draw(f, 1000));

		put(f, t, from, true, length);
		put(f, t + delay + draw(f, 50000), to, false, length + 16);
	}
}

static void a_copy_after_half_a_millisecond_is_matched(void **state)
{
	struct fixture *f = *state;

	put_relayed(f, 0, 1, 10 * MS, MS / 2);
	evaluate(f, 2);
	assert_true(f->result.matched_share > 0.9);
	assert_true(f->result.chance_share < 0.1);
	assert_true(f->result.is_conclusive);
}

static void a_dense_stream_may_take_some_milliseconds(void **state)
{
	struct fixture *f = *state;

	put_relayed(f, 0, 1, MS, 5 * MS);
	evaluate(f, 2);
	assert_true(f->result.matched_share > RELAYED);
	assert_true(f->result.is_conclusive);
}

static void an_echo_to_the_same_peer_is_no_relay(void **state)
{
	struct fixture *f = *state;

	f->remotes[1] = f->remotes[0];
	put_relayed(f, 0, 1, 10 * MS, MS / 2);
	evaluate(f, 2);
	assert_true(f->result.received > 0);
	assert_true(f->result.matched_share == 0);
}

static void what_leaves_before_it_comes_is_no_relay(void **state)
{
	struct fixture *f = *state;

	put_relayed(f, 0, 1, 10 * MS, MS / 2);
	for (size_t i = 0; i < f->count; i++)
		f->packets[i].is_inbound = !f->packets[i].is_inbound;
	f->remotes[0] = f->remotes[1];
	f->remotes[1] = addr_from_ipv4(htonl(0xc6130001));
	evaluate(f, 2);
	assert_true(f->result.matched_share < NOT_RELAYED);
}

/* Two streams of one period and length; `copied`: the second keeps the first's jitter.
 */
static void put_periodic(struct fixture *f, bool is_copied)
{
	for (uint64_t k = 0; k < 100; k++) {
		uint64_t base = (k + 1) * 20 * MS, jitter = draw(f, 2 * MS);

		put(f, base + jitter, 0, true, 172);
		if (!is_copied)
			jitter = 2 * MS + draw(f, 2 * MS);
		put(f, base + jitter + 100000 + draw(f, 50000), 1, false, 172);
	}
}

static void a_steady_stream_is_told_by_its_jitter(void **state)
{
	struct fixture *f = *state;

	put_periodic(f, true);
	evaluate(f, 2);
	assert_true(f->result.matched_share > 0.9);
	assert_true(f->result.is_conclusive);
}

static void equal_periods_are_no_relay(void **state)
{
	struct fixture *f = *state;

	put_periodic(f, false);
	evaluate(f, 2);
	assert_true(f->result.matched_share < NOT_RELAYED);
}

static void without_jitter_nothing_is_concluded(void **state)
{
	struct fixture *f = *state;

	for (uint64_t k = 0; k < 100; k++) {
		put(f, k * 20 * MS + draw(f, 1000), 0, true, 172);
		put(f, k * 20 * MS + MS + draw(f, 1000), 1, false, 172);
	}
	evaluate(f, 2);
	assert_true(f->result.matched_share < NOT_RELAYED);
	assert_false(f->result.is_conclusive);
}

static void requests_do_not_explain_the_data_they_ask_for(void **state)
{
	struct fixture *f = *state;

	for (uint64_t t = 0; t < 2000 * MS; t += 5 * MS + draw(f, 10 * MS)) {
		put(f, t, 0, true, 17);
		for (unsigned int k = 0; k < 10; k++)
			put(f, t + 200000 + k * 10000, 1, false, 1400);
	}
	evaluate(f, 2);
	assert_true(f->result.matched_share < NOT_RELAYED);
}

static void one_upstream_feeds_many_clients(void **state)
{
	struct fixture *f = *state;

	for (uint64_t t = 0; t < 2000 * MS; t += MS + draw(f, 4 * MS)) {
		uint32_t length = (uint32_t)(100 + draw(f, 1000));

		put(f, t, 0, true, length);
		put(f, t + 80000 + draw(f, 40000), 1 + (unsigned int)draw(f, 8), false,
		    length);
	}
	evaluate(f, 9);
	assert_true(f->result.matched_share > RELAYED);
}

static void merged_segments_are_matched_by_their_bytes(void **state)
{
	struct fixture *f = *state;

	for (uint64_t t = 0; t < 2000 * MS; t += 10 * MS + draw(f, 20 * MS)) {
		put(f, t, 0, true, 14000);
		for (unsigned int k = 0; k < 10; k++)
			put(f, t + 100000 + k * 20000, 1, false, 1400);
	}
	evaluate(f, 2);
	assert_true(f->result.matched_share > 0.9);
}

static void a_handful_of_packets_is_not_conclusive(void **state)
{
	struct fixture *f = *state;

	for (uint64_t k = 0; k < 9; k++) {
		put(f, k * 200 * MS, 0, true, 500);
		put(f, k * 200 * MS + 100000, 1, false, 500);
	}
	evaluate(f, 2);
	assert_int_equal(f->result.packets, 18);
	assert_false(f->result.is_conclusive);
}

static void nothing_at_all_is_not_conclusive(void **state)
{
	struct fixture *f = *state;

	evaluate(f, 0);
	assert_int_equal(f->result.packets, 0);
	assert_true(f->result.matched_share == 0);
	assert_false(f->result.is_conclusive);
}

static void it_says_when_it_is_full(void **state)
{
	struct fixture *f = *state;
	struct zoom_packet p = {.time_ns = 1, .length = 1};

	zoom_begin(f->zoom, f->remotes, 1);
	for (size_t i = 0; i < ZOOM_PACKETS_MAX; i++)
		assert_true(zoom_add(f->zoom, &p));
	assert_false(zoom_add(f->zoom, &p));
	zoom_evaluate(f->zoom, &f->result);
	assert_int_equal(f->result.packets, ZOOM_PACKETS_MAX);
}

static void pure_acks_and_unknown_flows_are_left_out(void **state)
{
	struct fixture *f = *state;

	put(f, 1, 0, true, 0);
	put(f, 2, 5, true, 100);
	put(f, 3, 0, true, 100);
	evaluate(f, 1);
	assert_int_equal(f->result.packets, 1);
	assert_true(f->result.received == 100);
}

static void times_that_go_back_or_far_ahead_do_no_harm(void **state)
{
	struct fixture *f = *state;
	struct zoom_packet p = {.time_ns = 1000 * MS, .length = 1, .is_inbound = true};

	zoom_begin(f->zoom, f->remotes, 2);
	assert_true(zoom_add(f->zoom, &p));
	p.time_ns = 0;
	p.is_inbound = false;
	p.flow = 1;
	assert_true(zoom_add(f->zoom, &p));
	p.time_ns = UINT64_MAX;
	assert_false(zoom_add(f->zoom, &p));
	zoom_evaluate(f->zoom, &f->result);
	assert_true(f->result.seconds == 0);
}

static void it_forgets_what_was_there_before(void **state)
{
	struct fixture *f = *state;

	put_relayed(f, 0, 1, 10 * MS, MS / 2);
	evaluate(f, 2);
	f->count = 0;
	evaluate(f, 2);
	assert_true(f->result.received == 0);
	assert_true(f->result.matched_share == 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(real_relays_are_matched),
		CASE(real_look_alikes_are_not),
		CASE(a_copy_after_half_a_millisecond_is_matched),
		CASE(a_dense_stream_may_take_some_milliseconds),
		CASE(an_echo_to_the_same_peer_is_no_relay),
		CASE(what_leaves_before_it_comes_is_no_relay),
		CASE(a_steady_stream_is_told_by_its_jitter),
		CASE(equal_periods_are_no_relay),
		CASE(without_jitter_nothing_is_concluded),
		CASE(requests_do_not_explain_the_data_they_ask_for),
		CASE(one_upstream_feeds_many_clients),
		CASE(merged_segments_are_matched_by_their_bytes),
		CASE(a_handful_of_packets_is_not_conclusive),
		CASE(nothing_at_all_is_not_conclusive),
		CASE(it_says_when_it_is_full),
		CASE(pure_acks_and_unknown_flows_are_left_out),
		CASE(times_that_go_back_or_far_ahead_do_no_harm),
		CASE(it_forgets_what_was_there_before),
	};
#undef CASE

	return cmocka_run_group_tests(tests, NULL, NULL);
}
