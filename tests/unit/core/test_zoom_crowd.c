/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many short connections, and more packets than a look has room for. */
#include "../support/packets.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RELAYED 0.8
#define NOT_RELAYED 0.1
#define PIPE_NS 120000 /* between packets of a dense stream */

/* Dense, as through a full link: nothing of it stands out. */
static void put_dense(struct packets *p, uint64_t begin, unsigned int flow,
		      bool is_inbound, uint32_t bytes)
{
	for (uint64_t t = begin; bytes > 0; t += PIPE_NS + packets_draw(p, PIPE_NS)) {
		uint32_t length = bytes < 1448 ? bytes : 1448;

		packets_put(p, t, flow, is_inbound, length);
		bytes -= length;
	}
}

/*
 * Connection `pair` brings a page from a server (flow 2 * pair) to a client, through a
 * queue of `late` ns at most.
 */
static void put_page(struct packets *p, unsigned int pair, uint64_t begin,
		     uint32_t bytes, uint64_t late)
{
	uint64_t sent = begin + packets_draw(p, late);

	packets_put(p, begin - 3 * MS, 2 * pair + 1, true, 90);
	packets_put(p, begin - 3 * MS, 2 * pair + 1, false, 12);
	packets_put(p, begin - 2 * MS, 2 * pair, false, 90);
	put_dense(p, begin, 2 * pair, true, bytes);
	put_dense(p, sent + 5 * MS, 2 * pair + 1, false, bytes);
}

static void short_connections_are_matched_as_a_whole(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 0; k < 30; k++)
		put_page(p, k, 50 * MS + k * 50 * MS,
			 (uint32_t)(20000 + packets_draw(p, 300000)), 60 * MS);
	packets_evaluate(p, 60);
	assert_true(p->result.matched_share > RELAYED);
	assert_true(p->result.is_conclusive);
}

/* Nobody can tell pages of one size from each other, if many are under way. */
static void equal_sizes_alone_conclude_nothing(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 0; k < 30; k++)
		put_page(p, k, 50 * MS + k * 50 * MS, 100000, 250 * MS);
	packets_evaluate(p, 60);
	assert_true(p->result.matched_share < NOT_RELAYED);
	assert_false(p->result.is_conclusive);
}

/* A browser's downloads while it uploads as much to others. */
static void unequal_connections_are_no_relay(void **state)
{
	struct packets *p = *state;

	for (unsigned int k = 0; k < 30; k++) {
		uint64_t begin = 50 * MS + k * 50 * MS;

		put_dense(p, begin, 2 * k, true,
			  (uint32_t)(20000 + packets_draw(p, 300000)));
		put_dense(p, begin + packets_draw(p, 60 * MS), 2 * k + 1, false,
			  (uint32_t)(20000 + packets_draw(p, 300000)));
	}
	packets_evaluate(p, 60);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
}

static void what_was_missed_of_the_first_milliseconds_is_made_up_for(void **state)
{
	struct packets *p = *state;
	uint32_t bytes[30];

	zoom_begin(p->zoom, p->remotes, 60);
	for (unsigned int k = 0; k < 30; k++) {
		bytes[k] = (uint32_t)(50000 + packets_draw(p, 300000));
		put_page(p, k, 50 * MS + k * 50 * MS, bytes[k], 20 * MS);
	}
	packets_evaluate(p, 60);
	assert_true(p->result.matched_share > RELAYED);
	/* Of every other flow the first packets were not seen. */
	for (size_t i = 0, kept = 0, seen[ZOOM_FLOWS_MAX] = {0}; i < p->count; i++) {
		unsigned int f = p->packets[i].flow;

		if (p->packets[i].length > 100 && f % 2 && seen[f]++ < 5 + f / 4)
			p->packets[i].length = 0;
		(void)kept;
	}
	packets_evaluate(p, 60);
	assert_true(p->result.matched_share < RELAYED);
	for (unsigned int k = 0; k < 30; k++) {
		zoom_set_totals(p->zoom, 2 * k, bytes[k], 90);
		zoom_set_totals(p->zoom, 2 * k + 1, 90, bytes[k] + 12);
	}
	zoom_evaluate(p->zoom, &p->result);
	assert_true(p->result.matched_share > RELAYED);
}

/* Pairs of flows, each packet sent on 0.2 ms later; `gap` ns between packets. */
static void put_streams(struct packets *p, unsigned int pairs, uint64_t gap,
			uint64_t until)
{
	for (unsigned int k = 0; k < pairs; k++)
		for (uint64_t t = packets_draw(p, gap); t < until;
		     t += gap / 2 + packets_draw(p, gap)) {
			uint32_t length = (uint32_t)(200 + packets_draw(p, 1000));

			if (p->count + 2 > 2 * ZOOM_PACKETS_MAX)
				return;
			packets_put(p, t, 2 * k, true, length);
			packets_put(p, t + 200000, 2 * k + 1, false, length);
		}
}

static void too_many_packets_leave_whole_pairs(void **state)
{
	struct packets *p = *state;

	/* 64,000 a second: a third of a second would fill it. */
	put_streams(p, 32, MS, 600 * MS);
	packets_evaluate(p, 64);
	assert_true(zoom_count_dropped(p->zoom) >= 20);
	for (size_t i = 0; i < 64; i += 2)
		assert_int_equal(zoom_is_dropped(p->zoom, i),
				 zoom_is_dropped(p->zoom, i + 1));
	assert_true(p->result.seconds > 0.5);
	assert_true(p->result.matched_share > RELAYED);
	assert_true(p->result.is_conclusive);
}

static void what_has_room_is_not_thinned(void **state)
{
	struct packets *p = *state;

	put_streams(p, 8, 2 * MS, 2000 * MS);
	packets_evaluate(p, 16);
	assert_int_equal(zoom_count_dropped(p->zoom), 0);
	assert_int_equal(p->result.packets, p->count);
}

/* Bursts of a pair at full speed; `late` ns at random until each is sent on. */
static void put_full_speed(struct packets *p, uint64_t late)
{
	for (uint64_t t = MS; t < 800 * MS; t += MS + packets_draw(p, 4 * MS)) {
		uint64_t sent = t + MS / 10 + packets_draw(p, late);

		if (p->count > 2 * ZOOM_PACKETS_MAX - 200)
			return;
		for (unsigned int k = 0; k < 90; k++) {
			packets_put(p, t + k * 2000, 0, true, 1400);
			packets_put(p, sent + k * 2000, 1, false, 1400);
		}
	}
}

/* It can't be thinned, but shows what it is. */
static void a_look_that_is_full_early_may_show_a_relay(void **state)
{
	struct packets *p = *state;

	put_full_speed(p, MS / 10);
	packets_evaluate(p, 2);
	assert_true(p->result.seconds < 0.5);
	assert_true(p->result.matched_share > RELAYED);
	assert_true(p->result.is_conclusive);
}

static void a_look_that_is_full_early_does_not_show_that_there_is_none(void **state)
{
	struct packets *p = *state;

	put_full_speed(p, 300 * MS);
	packets_evaluate(p, 2);
	assert_true(p->result.seconds < 0.5);
	assert_true(p->result.matched_share < NOT_RELAYED);
	assert_false(p->result.is_conclusive);
}

static void a_flow_that_begins_takes_a_place_nobody_used(void **state)
{
	struct packets *p = *state;
	struct zoom_packet packet = {.time_ns = 1, .length = 1, .is_inbound = true};

	zoom_begin(p->zoom, p->remotes, 2);
	assert_int_equal(zoom_add_flow(p->zoom, &p->remotes[2]), 2);
	for (int i = 3; i < ZOOM_FLOWS_MAX; i++)
		assert_int_equal(zoom_add_flow(p->zoom, &p->remotes[i]), i);
	/* The lightest of those that were there from the beginning, then the heavier.
	 */
	assert_true(zoom_add(p->zoom, &packet));
	assert_int_equal(zoom_add_flow(p->zoom, &p->remotes[2]), 1);
	assert_int_equal(zoom_add_flow(p->zoom, &p->remotes[2]), 2);
	for (packet.flow = 1; packet.flow < ZOOM_FLOWS_MAX; packet.flow++)
		assert_true(zoom_add(p->zoom, &packet));
	assert_int_equal(zoom_add_flow(p->zoom, &p->remotes[2]), -1);
}

int main(void)
{
#define CASE(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, packets_setup, packets_teardown)
	const struct CMUnitTest tests[] = {
		CASE(short_connections_are_matched_as_a_whole),
		CASE(equal_sizes_alone_conclude_nothing),
		CASE(unequal_connections_are_no_relay),
		CASE(what_was_missed_of_the_first_milliseconds_is_made_up_for),
		CASE(too_many_packets_leave_whole_pairs),
		CASE(what_has_room_is_not_thinned),
		CASE(a_look_that_is_full_early_may_show_a_relay),
		CASE(a_look_that_is_full_early_does_not_show_that_there_is_none),
		CASE(a_flow_that_begins_takes_a_place_nobody_used),
	};
#undef CASE

	return cmocka_run_group_tests_name("zoom_crowd", tests, NULL, NULL);
}
