/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at packets: whose turn it is, what they are counted for, what they change. */
#include "../support/traffic.h"
#include "core/zoom_session.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000u

/* What flow 0 brings at odd times leaves on flow 1 0.3 ms later. */
static void relayed_packets(struct traffic *t, unsigned int count)
{
	uint64_t at = t->now_ns;

	for (unsigned int i = 0; i < count; i++) {
		uint32_t length = 200 + (uint32_t)(1000 * traffic_noise(t));

		at += (uint64_t)(traffic_noise(t) * 10 * MS);
		traffic_packet(t, 0, at, true, length);
		traffic_packet(t, 1, at + 3 * MS / 10, false, length);
	}
}

static void a_candidate_is_looked_at_once(void **state)
{
	const struct flow_key *keys;
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(engine_wants_zoom(t.engine), 1);
	assert_int_equal(engine_zoom_flows(t.engine, &keys), 0);
	assert_int_equal(traffic_look(&t, 1), 0);
	assert_int_equal(engine_zoom_flows(t.engine, &keys), 2);
	assert_int_equal(engine_wants_zoom(t.engine), 0);
	assert_int_equal(traffic_look(&t, 1), -EINVAL);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(engine_wants_zoom(t.engine), 0);
	traffic_end(&t);
}

static void relayed_packets_promote_within_three_seconds(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	relayed_packets(&t, 300);
	for (int i = 0; i < 10; i++)
		traffic_flat(&t);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_true(traffic_app(&t)->zoom.result.is_conclusive);
	assert_true(traffic_app(&t)->zoom.result.matched_share > 0.8);
	for (int i = 0; i < 15; i++)
		traffic_flat(&t);
	assert_true(traffic_app(&t)->evidence[EVIDENCE_PACKETS].weight > 7.9);
	assert_int_equal(traffic_app(&t)->role, ROLE_RELAY);
	assert_int_equal(traffic_app(&t)->leg_count, 2);
	assert_true(addr_equal(&traffic_app(&t)->flows->partner,
			       &traffic_app(&t)->flows->next->key.remote));
	assert_true(traffic_app(&t)->flows->match > 0.8f);
	traffic_end(&t);
}

/* Evaluations are a second apart: the next one may be almost as far away. */
static void what_a_look_showed_is_weighed_with_the_next_sample(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	traffic_flat(&t);
	traffic_flat(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	relayed_packets(&t, 300);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(traffic_app(&t)->role, ROLE_CLIENT);
	traffic_flat(&t);
	assert_true(traffic_app(&t)->evidence[EVIDENCE_PACKETS].weight > 7.9);
	assert_int_equal(traffic_app(&t)->role, ROLE_SUSPECT);
	/* Once, and a second is a second again until it is a relay. */
	for (int i = 0; i < 4; i++) {
		assert_int_equal(traffic_app(&t)->role, ROLE_SUSPECT);
		traffic_flat(&t);
	}
	traffic_flat(&t);
	assert_int_equal(traffic_app(&t)->role, ROLE_RELAY);
	traffic_end(&t);
}

/* Flows 2 to 11 bring something short now and then, 12 takes it all on; what 13 brings
 * stays here. */
static void circuits(struct traffic *t)
{
	for (unsigned int k = 0; k < 30; k++) {
		uint64_t at = t->now_ns + k * 64 * MS +
			      (uint64_t)(traffic_noise(t) * 30 * MS);
		unsigned int count = 10 + (unsigned int)(traffic_noise(t) * 40);

		for (unsigned int i = 0; i < count; i++)
			traffic_packet(t, 2 + k % 10, at + i * 12000, true, 1400);
		for (unsigned int i = 0; i < count; i++)
			traffic_packet(t, 12, at + MS + i * 12000, false, 1400);
		for (unsigned int i = 0; i < 30; i++)
			traffic_packet(t, 13, at + 2 * MS + i * MS, true, 500);
	}
}

static void what_carries_all_circuits_is_a_leg_though_not_half_of_a_pair(void **state)
{
	const struct addr none = {{0}};
	struct traffic t;
	struct flow *f;
	size_t i = 0;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	for (unsigned int k = 3; k < 15; k++)
		traffic_flow(&t, k, true);
	traffic_flat(&t);
	circuits(&t);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_true(traffic_app(&t)->zoom.result.is_conclusive);
	assert_true(traffic_app(&t)->zoom.result.matched_share > 0.5);
	for (f = traffic_app(&t)->flows; f; f = f->next, i++) {
		assert_true(i < 2 || addr_equal(&f->partner, &none));
		assert_true(i < 2 || f->matches == (i == 12 ? FLOW_LEG_MATCHES : 0));
	}
	assert_int_equal(i, 14);
	traffic_end(&t);
}

/* In the middle of a swarm some of what comes in leaves at once, and most does not. */
static void half_of_the_packets_sent_on_is_no_relay(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	for (int i = 0; i < 10; i++) {
		relayed_packets(&t, 30);
		for (int k = 0; k < 20; k++)
			traffic_packet(
				&t, 1,
				t.now_ns + (uint64_t)(traffic_noise(&t) * 200 * MS),
				true, 200 + (uint32_t)(1000 * traffic_noise(&t)));
		traffic_flat(&t);
	}
	assert_int_equal(traffic_look_end(&t), 0);
	for (int i = 0; i < 15; i++) {
		traffic_flat(&t);
		assert_false(app_role_is_promoted(traffic_app(&t)->role));
	}
	assert_in_range((int)(100 * traffic_app(&t)->zoom.result.matched_share), 30,
			65);
	traffic_end(&t);
}

static void a_look_without_packets_is_inconclusive_and_repeated_soon(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_false(traffic_app(&t)->zoom.result.is_conclusive);
	for (int i = 0; i < 25; i++)
		traffic_flat(&t);
	assert_int_equal(engine_wants_zoom(t.engine), 0);
	assert_false(traffic_app(&t)->evidence[EVIDENCE_PACKETS].is_measured);
	for (int i = 0; i < 6; i++)
		traffic_flat(&t);
	assert_int_equal(engine_wants_zoom(t.engine), 1);
	traffic_end(&t);
}

static void packets_of_other_flows_are_nobodys(void **state)
{
	struct traffic t;
	size_t late;

	(void)state;
	traffic_begin_candidate(&t);
	late = traffic_flow(&t, 3, true);
	assert_int_equal(traffic_look(&t, 1), 0);
	traffic_packet(&t, late, t.now_ns, true, 1000); /* unknown to the engine */
	t.flows[late].record.flow.app = APP_UNATTRIBUTED;
	traffic_flat(&t);
	traffic_packet(&t, late, t.now_ns, true, 1000); /* known, but nobody's */
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(traffic_app(&t)->zoom.result.packets, 0);
	traffic_end(&t);
}

static void a_flow_that_begins_during_the_look_joins_it(void **state)
{
	const struct flow_key *keys;
	struct traffic t;
	unsigned int changes;
	size_t late;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	changes = engine_zoom_changes(t.engine);
	traffic_flat(&t);
	assert_int_equal(engine_zoom_changes(t.engine), changes);
	late = traffic_flow(&t, 3, true);
	traffic_flat(&t);
	assert_int_not_equal(engine_zoom_changes(t.engine), changes);
	assert_int_equal(engine_zoom_flows(t.engine, &keys), 3);
	assert_memory_equal(&keys[2], &t.flows[late].record.flow.key, sizeof(*keys));
	traffic_packet(&t, late, t.now_ns, true, 1000);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(traffic_app(&t)->zoom.result.packets, 1);
	traffic_end(&t);
}

static void one_whose_owner_is_found_late_joins_too(void **state)
{
	const struct flow_key *keys;
	struct traffic t;
	size_t late;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	late = traffic_flow(&t, 3, true);
	t.flows[late].record.flow.app = APP_UNATTRIBUTED;
	traffic_flat(&t);
	assert_int_equal(engine_zoom_flows(t.engine, &keys), 2);
	t.flows[late].record.flow.app = 1;
	traffic_flat(&t);
	assert_int_equal(engine_zoom_flows(t.engine, &keys), 3);
	traffic_end(&t);
}

static void flows_that_join_take_the_places_of_silent_ones(void **state)
{
	const struct flow_key *keys;
	struct traffic t;
	size_t last = 0;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	traffic_packet(&t, 0, t.now_ns, true, 1000);
	for (unsigned int peer = 3; peer < 100; peer++)
		last = traffic_flow(&t, peer, true);
	traffic_flat(&t);
	assert_int_equal(engine_zoom_flows(t.engine, &keys), ZOOM_FLOWS_MAX);
	traffic_packet(&t, 1, t.now_ns, false, 1000); /* it had to go */
	traffic_packet(&t, last, t.now_ns, false, 1000);
	traffic_packet(&t, 0, t.now_ns, true, 1000);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(traffic_app(&t)->zoom.result.packets, 3);
	traffic_end(&t);
}

/* Irregular bursts from one stranger, each sent on to another a millisecond later. */
static void relayed_bursts(struct traffic *t)
{
	for (unsigned int k = 0; k < 6; k++) {
		uint64_t at =
			t->now_ns + (uint64_t)(traffic_noise(t) * 190 * (double)MS);
		uint32_t length = 200 + (uint32_t)(1000 * traffic_noise(t));

		at = t->now_ns + k * 33 * MS + (at - t->now_ns) / 8;
		traffic_packet(t, 0, at, true, length);
		traffic_packet(t, 1, at + MS, false, length);
	}
	traffic_carry(t, 0, 4000, 0);
	traffic_carry(t, 1, 0, 4000);
	traffic_sample(t);
}

static void what_shows_enough_after_a_second_is_over(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	for (unsigned int i = 0; i < 4; i++)
		relayed_bursts(&t);
	assert_false(engine_zoom_is_over(t.engine, t.now_ns));
	relayed_bursts(&t);
	relayed_bursts(&t);
	assert_true(engine_zoom_is_over(t.engine, t.now_ns));
	assert_true(traffic_app(&t)->zoom.result.matched_share >= .8);
	assert_true(traffic_app(&t)->zoom.result.seconds < 1.5);
	/* The agent says so, once. */
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(traffic_look_end(&t), -EINVAL);
	traffic_end(&t);
}

static void joining_is_bounded_and_who_finds_no_room_is_counted(void **state)
{
	struct traffic t;
	unsigned int changes;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	changes = engine_zoom_changes(t.engine);
	for (unsigned int round = 0; round < 4; round++) {
		for (size_t f = t.flow_count < 250 ? 0 : 2; f < t.flow_count; f++)
			t.flows[f].record.flow.key.remote_port++;
		while (t.flow_count < 250)
			traffic_flow(&t, (unsigned int)t.flow_count + 1, true);
		traffic_flat(&t);
	}
	assert_int_equal(engine_zoom_changes(t.engine) - changes, ZOOM_JOINS_MAX);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_true(engine_stats(t.engine)->zoom_left_out > 0);
	traffic_end(&t);
}

/* A page from one to another, of which the first packets were not seen. */
static void relayed_page(struct traffic *t, unsigned int peer)
{
	size_t server = traffic_flow(t, peer, false);
	size_t client = traffic_flow(t, peer + 1, true);
	uint32_t packets = 40 + (uint32_t)(200 * traffic_noise(t));

	traffic_flat(t);
	for (uint32_t k = 0; k < packets; k++) {
		uint64_t at = t->now_ns + k * MS / 8;

		if (k >= 15)
			traffic_packet(t, server, at, true, 1400);
		traffic_packet(t, client, at + 5 * MS, false, 1400);
	}
	traffic_carry(t, server, packets * 1400, 90);
	traffic_carry(t, client, 90, packets * 1400);
}

static void what_a_flow_carried_before_it_was_captured_counts(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	for (unsigned int peer = 3; peer < 43; peer += 2)
		relayed_page(&t, peer);
	traffic_flat(&t);
	traffic_packet(&t, 0, t.now_ns + 100 * MS, true,
		       10); /* all of them were over */
	assert_int_equal(traffic_look_end(&t), 0);
	assert_true(traffic_app(&t)->zoom.result.is_conclusive);
	assert_true(traffic_app(&t)->zoom.result.matched_share > 0.8);
	traffic_end(&t);
}

/* Older than the agent: no counters, so no rates by which to choose them. */
static void flows_without_counters_are_looked_at(void **state)
{
	const struct flow_key *keys;
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	for (unsigned int peer = 3; peer < 43; peer++) {
		size_t f = traffic_flow(&t, peer, true);

		t.flows[f].record.flow.is_uncounted = true;
	}
	traffic_flat(&t);
	for (int i = 0; i < 20; i++) /* they have not moved for a while */
		traffic_flat(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	assert_int_equal(engine_zoom_flows(t.engine, &keys), 42);
	traffic_end(&t);
}

static bool is_listed(const struct flow_key *keys, size_t count,
		      const struct flow_key *key)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(&keys[i], key, sizeof(*key)) == 0)
			return true;
	return false;
}

static void of_too_many_without_counters_each_has_its_turn(void **state)
{
	bool was_seen[TRAFFIC_FLOWS_MAX] = {false};
	const struct flow_key *keys;
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	for (unsigned int peer = 3; peer < 203; peer++) {
		size_t f = traffic_flow(&t, peer, true);

		t.flows[f].record.flow.is_uncounted = true;
	}
	traffic_flat(&t);
	for (int k = 0; k < 4; k++) {
		size_t count;

		assert_int_equal(traffic_look(&t, 1), 0);
		count = engine_zoom_flows(t.engine, &keys);
		assert_in_range(count, 2, ZOOM_FLOWS_MAX);
		for (size_t f = 0; f < t.flow_count; f++)
			was_seen[f] |=
				is_listed(keys, count, &t.flows[f].record.flow.key);
		assert_int_equal(traffic_look_end(&t), 0);
	}
	for (size_t f = 0; f < t.flow_count; f++)
		assert_true(was_seen[f]);
	traffic_end(&t);
}

/* One burst a second: too few in two seconds. */
static void few_bursts(struct traffic *t, int seconds)
{
	for (int s = 0; s < seconds; s++) {
		for (uint64_t k = 0; k < 30; k++) {
			uint64_t at = t->now_ns + k * MS / 20;

			traffic_packet(t, 0, at, true, 1400);
			traffic_packet(t, 1, at + MS / 2, false, 1400);
		}
		for (int i = 0; i < (s % 2 ? 4 : 6); i++)
			traffic_flat(t);
	}
}

static void few_bursts_are_looked_at_again_soon_and_longer(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	few_bursts(&t, 2);
	assert_true(engine_zoom_is_over(t.engine, t.now_ns));
	assert_int_equal(traffic_look_end(&t), 0);
	assert_false(traffic_app(&t)->zoom.result.is_conclusive);
	for (int i = 0; i < 6; i++)
		traffic_flat(&t);
	assert_int_equal(engine_wants_zoom(t.engine), 1);
	assert_int_equal(traffic_look(&t, 1), 0);
	few_bursts(&t, 9);
	assert_false(engine_zoom_is_over(t.engine, t.now_ns));
	few_bursts(&t, 1);
	assert_true(engine_zoom_is_over(t.engine, t.now_ns));
	assert_int_equal(traffic_look_end(&t), 0);
	assert_true(traffic_app(&t)->zoom.result.is_conclusive);
	assert_true(traffic_app(&t)->zoom.result.matched_share > 0.8);
	traffic_end(&t);
}

static void a_longer_look_gives_way_when_others_wait(void **state)
{
	struct zoom_session s = {.app = 1, .seconds = ZOOM_SECONDS_LONGER};

	(void)state;
	assert_false(zoom_session_is_over(&s, false, 3000u * (uint64_t)MS));
	assert_false(zoom_session_is_over(&s, true, 1900u * (uint64_t)MS));
	assert_true(zoom_session_is_over(&s, true, 2000u * (uint64_t)MS));
	assert_true(zoom_session_is_over(&s, false, 10000u * (uint64_t)MS));
}

static void a_flow_that_ends_meanwhile_is_left_out(void **state)
{
	struct observation end;
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	end = t.flows[1].record;
	end.kind = OBS_FLOW_END;
	assert_int_equal(engine_observe(t.engine, &end), 0);
	traffic_packet(&t, 1, t.now_ns, false, 1000);
	traffic_packet(&t, 0, t.now_ns, true, 1000);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(traffic_app(&t)->zoom.result.packets, 1);
	traffic_end(&t);
}

static void an_application_that_goes_meanwhile_ends_the_look(void **state)
{
	struct observation gone = {.kind = OBS_APP_GONE};
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	gone.time_ns = t.now_ns;
	gone.app.id = 1;
	assert_int_equal(engine_observe(t.engine, &gone), 0);
	traffic_packet(&t, 0, t.now_ns, true, 1000);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(traffic_look_end(&t), -EINVAL);
	traffic_end(&t);
}

static void nobody_is_looked_at_who_is_no_candidate(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 1);
	assert_int_equal(traffic_look(&t, 1), -EINVAL);
	assert_int_equal(traffic_look(&t, 2), -EINVAL);
	assert_int_equal(traffic_look(&t, APP_ID_MAX + 1), -EINVAL);
	assert_int_equal(traffic_look_end(&t), -EINVAL);
	traffic_end(&t);
}

static void a_full_look_says_so(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	for (uint64_t i = 0; i < ZOOM_PACKETS_MAX; i++) {
		assert_false(engine_zoom_is_full(t.engine));
		traffic_packet(&t, i % 2, t.now_ns + i * MS / 20, i % 2 == 0, 1000);
	}
	traffic_packet(&t, 0, t.now_ns + 1000u * (uint64_t)MS, true, 1000);
	assert_true(engine_zoom_is_full(t.engine));
	traffic_end(&t);
}

static void the_budget_of_a_minute_is_kept(void **state)
{
	struct traffic t;
	unsigned int looks = 0;
	uint64_t began;

	(void)state;
	traffic_begin_candidate(&t);
	began = t.now_ns;
	/* Nothing conclusive: it would be looked at every six seconds. */
	while (t.now_ns - began < 50000u * (uint64_t)MS) {
		if (engine_wants_zoom(t.engine)) {
			assert_int_equal(traffic_look(&t, 1), 0);
			assert_int_equal(traffic_look_end(&t), 0);
			looks++;
		}
		traffic_flat(&t);
	}
	assert_in_range(looks, 7, ZOOM_PER_MINUTE);
	traffic_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_candidate_is_looked_at_once),
		cmocka_unit_test(relayed_packets_promote_within_three_seconds),
		cmocka_unit_test(what_a_look_showed_is_weighed_with_the_next_sample),
		cmocka_unit_test(
			what_carries_all_circuits_is_a_leg_though_not_half_of_a_pair),
		cmocka_unit_test(half_of_the_packets_sent_on_is_no_relay),
		cmocka_unit_test(
			a_look_without_packets_is_inconclusive_and_repeated_soon),
		cmocka_unit_test(packets_of_other_flows_are_nobodys),
		cmocka_unit_test(a_flow_that_begins_during_the_look_joins_it),
		cmocka_unit_test(one_whose_owner_is_found_late_joins_too),
		cmocka_unit_test(flows_that_join_take_the_places_of_silent_ones),
		cmocka_unit_test(what_shows_enough_after_a_second_is_over),
		cmocka_unit_test(joining_is_bounded_and_who_finds_no_room_is_counted),
		cmocka_unit_test(what_a_flow_carried_before_it_was_captured_counts),
		cmocka_unit_test(flows_without_counters_are_looked_at),
		cmocka_unit_test(of_too_many_without_counters_each_has_its_turn),
		cmocka_unit_test(few_bursts_are_looked_at_again_soon_and_longer),
		cmocka_unit_test(a_longer_look_gives_way_when_others_wait),
		cmocka_unit_test(a_flow_that_ends_meanwhile_is_left_out),
		cmocka_unit_test(an_application_that_goes_meanwhile_ends_the_look),
		cmocka_unit_test(nobody_is_looked_at_who_is_no_candidate),
		cmocka_unit_test(a_full_look_says_so),
		cmocka_unit_test(the_budget_of_a_minute_is_kept),
	};

	return cmocka_run_group_tests_name("zoom_session", tests, NULL, NULL);
}
