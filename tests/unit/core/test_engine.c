/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/traffic.h"
#include "core/policy_ini.h"
#include "core/sampling.h"
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000u

static int setup(void **state)
{
	static struct traffic t;

	traffic_begin(&t, 1);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	traffic_end(*state);
	return 0;
}

static int tell_app(struct traffic *t, uint16_t id, const char *key)
{
	struct app_identity identity = {.kind = APP_KIND_EXE};
	struct observation o = {
		.kind = OBS_APP,
		.time_ns = t->now_ns,
		.app = {.id = id, .identity = &identity},
	};

	strncpy(identity.key, key, sizeof(identity.key) - 1);
	return engine_observe(t->engine, &o);
}

static int tell_gone(struct traffic *t, uint16_t id)
{
	struct observation o = {
		.kind = OBS_APP_GONE, .time_ns = t->now_ns, .app.id = id};

	return engine_observe(t->engine, &o);
}

static void assert_peers(const struct app *a, unsigned int peers, unsigned int in,
			 unsigned int out)
{
	if (a->peers != peers || a->peers_in != in || a->peers_out != out)
		fail_msg("%u peers, %u in, %u out; not %u, %u, %u", a->peers,
			 a->peers_in, a->peers_out, peers, in, out);
}

/* --- records that contradict themselves ------------------------------------------ */

static void an_application_needs_an_id_and_an_identity(void **state)
{
	struct traffic *t = *state;
	struct app_identity identity = {.key = "k"};
	struct observation o = {
		.kind = OBS_APP,
		.time_ns = t->now_ns,
		.app = {.id = 2, .identity = &identity, .pid_count = 1},
	};

	o.app.pid_count = APP_PIDS_MAX + 1;
	assert_int_equal(engine_observe(t->engine, &o), -EINVAL);
	o.app.pid_count = APP_PIDS_MAX;
	o.app.identity = NULL;
	assert_int_equal(engine_observe(t->engine, &o), -EINVAL);
	o.app.identity = &identity;
	o.app.id = APP_UNATTRIBUTED;
	assert_int_equal(engine_observe(t->engine, &o), -EINVAL);
	o.app.id = APP_ID_MAX + 1;
	assert_int_equal(engine_observe(t->engine, &o), -EINVAL);
	assert_null(engine_find_app(t->engine, APP_ID_MAX + 1));
	o.app.id = APP_ID_MAX;
	assert_int_equal(engine_observe(t->engine, &o), 0);
	assert_string_equal(engine_find_app(t->engine, APP_ID_MAX)->identity.key, "k");
}

static void an_id_in_use_cannot_become_another_application(void **state)
{
	struct traffic *t = *state;

	assert_int_equal(tell_app(t, 1, "exe:/other"), -EINVAL);
	assert_int_equal(tell_app(t, 1, traffic_app(t)->identity.key), 0);
	assert_string_equal(traffic_app(t)->identity.name, "program");
	assert_int_equal(tell_gone(t, 1), 0);
	assert_null(traffic_app(t));
	assert_int_equal(tell_app(t, 1, "exe:/other"), 0);
	assert_string_equal(traffic_app(t)->identity.key, "exe:/other");
}

static void an_application_begins_when_it_is_told_of(void **state)
{
	struct traffic *t = *state;

	assert_int_equal(traffic_app(t)->first_ns, t->now_ns);
	assert_int_equal(traffic_app(t)->role_since_ns, t->now_ns);
	traffic_sleep(t, 3);
	tell_app(t, 2, "exe:/b");
	assert_int_equal(engine_find_app(t->engine, 2)->first_ns, t->now_ns);
}

static void unknown_applications_are_refused(void **state)
{
	struct traffic *t = *state;
	struct observation io = {.kind = OBS_APP_IO, .time_ns = t->now_ns};

	traffic_flow(t, 1, true);
	t->flows[0].record.flow.app = 7;
	assert_int_equal(traffic_tell_flow(t, 0, OBS_FLOW), -EINVAL);
	t->flows[0].record.flow.app = APP_ID_MAX + 1;
	assert_int_equal(traffic_tell_flow(t, 0, OBS_FLOW), -EINVAL);
	assert_int_equal(tell_gone(t, 7), -EINVAL);
	assert_int_equal(tell_gone(t, APP_ID_MAX + 1), -EINVAL);
	assert_int_equal(tell_gone(t, APP_UNATTRIBUTED), -EINVAL);
	io.app_io.id = 7;
	assert_int_equal(engine_observe(t->engine, &io), -EINVAL);
	io.app_io.id = APP_ID_MAX + 1;
	assert_int_equal(engine_observe(t->engine, &io), -EINVAL);
	assert_int_equal(engine_stats(t->engine)->flows, 0);
}

static void an_unknown_kind_is_refused(void **state)
{
	struct traffic *t = *state;
	struct observation o = {.kind = OBS_TICK + 1, .time_ns = t->now_ns};

	assert_int_equal(engine_observe(t->engine, &o), -EINVAL);
}

static void time_does_not_go_back(void **state)
{
	struct traffic *t = *state;

	traffic_flow(t, 1, true);
	traffic_sample(t);
	assert_int_equal(engine_now(t->engine), t->now_ns);
	t->now_ns--;
	assert_int_equal(traffic_tell_flow(t, 0, OBS_FLOW), -EINVAL);
	assert_int_equal(tell_app(t, 2, "exe:/b"), -EINVAL);
	assert_null(engine_find_app(t->engine, 2));
	t->now_ns++;
	assert_int_equal(traffic_tell_flow(t, 0, OBS_FLOW), 0);
}

/* --- flows and peers ---------------------------------------------------------------
 */

static void what_a_flow_carried_before_it_was_seen_is_not_counted(void **state)
{
	struct traffic *t = *state;

	traffic_flow(t, 1, true);
	traffic_carry(t, 0, 1e6, 1e6);
	traffic_sample(t);
	assert_int_equal(traffic_app(t)->totals.bytes_in, 0);
	traffic_carry(t, 0, 972, 0);
	traffic_sample(t);
	assert_int_equal(traffic_app(t)->totals.bytes_in, 1000);
	assert_int_equal(traffic_app(t)->totals.bytes_out, 0);
}

static void peers_are_counted_once_an_address(void **state)
{
	struct traffic *t = *state;

	traffic_flow(t, 1, true);
	traffic_flow(t, 1, true);
	traffic_flow(t, 1, false);
	traffic_flow(t, 2, false);
	for (size_t i = 0; i < 4; i++)
		traffic_carry(t, i, 100, 100);
	traffic_sample(t);
	assert_int_equal(traffic_app(t)->flow_count, 4);
	assert_peers(traffic_app(t), 2, 1, 2);
	traffic_tell_flow(t, 0, OBS_FLOW_END);
	assert_peers(traffic_app(t), 2, 1, 2);
	traffic_tell_flow(t, 1, OBS_FLOW_END);
	assert_peers(traffic_app(t), 2, 0, 2);
	traffic_tell_flow(t, 2, OBS_FLOW_END);
	traffic_tell_flow(t, 3, OBS_FLOW_END);
	assert_peers(traffic_app(t), 0, 0, 0);
	assert_null(traffic_app(t)->peer_list);
	assert_null(traffic_flow_of(t, 0));
	assert_int_equal(engine_stats(t->engine)->flows, 0);
}

static void a_peer_is_alive_once_packets_went_both_ways(void **state)
{
	struct traffic *t = *state;

	traffic_flow(t, 1, true);
	traffic_carry(t, 0, 100, 0);
	traffic_sample(t);
	assert_peers(traffic_app(t), 1, 0, 0);
	traffic_carry(t, 0, 100, 0);
	traffic_sample(t);
	assert_peers(traffic_app(t), 1, 0, 0);
	traffic_carry(t, 0, 0, 1);
	traffic_sample(t);
	assert_peers(traffic_app(t), 1, 1, 0);
}

static void loopback_and_link_local_are_no_strangers(void **state)
{
	static const char *const addresses[] = {"127.0.0.1", "169.254.1.1", "fe80::1",
						"::1",	     "224.0.0.251", "ff02::1"};
	struct traffic *t = *state;

	for (size_t i = 0; i < 6; i++) {
		traffic_flow(t, 1, true);
		addr_parse(addresses[i], &t->flows[i].record.flow.key.remote);
		traffic_carry(t, i, 100, 100);
	}
	traffic_sample(t);
	for (size_t i = 0; i < 6; i++)
		traffic_carry(t, i, 100, 100);
	traffic_sample(t);
	assert_peers(traffic_app(t), 0, 0, 0);
	assert_int_equal(traffic_app(t)->flow_count, 6);
	assert_int_equal(traffic_app(t)->totals.bytes_in, 0);
}

static void an_own_address_is_no_stranger_whatever_policy_says(void **state)
{
	struct traffic *t = *state;

	traffic_flow(t, 1, false);
	t->flows[0].record.flow.key.remote = t->flows[0].record.flow.key.local;
	traffic_carry(t, 0, 100, 100);
	traffic_sample(t);
	assert_peers(traffic_app(t), 0, 0, 0);
	traffic_change_policy(t, "");
	assert_false(traffic_flow_of(t, 0)->is_stranger);
	assert_peers(traffic_app(t), 0, 0, 0);
}

static void the_last_counters_of_a_flow_count(void **state)
{
	struct traffic *t = *state;

	traffic_flow(t, 1, true);
	assert_int_equal(traffic_tell_flow(t, 0, OBS_FLOW_END), 0);
	assert_null(traffic_flow_of(t, 0));
	traffic_sample(t);
	traffic_carry(t, 0, 972, 0);
	traffic_tell_flow(t, 0, OBS_FLOW_END);
	assert_int_equal(traffic_app(t)->totals.bytes_in, 1000);
}

static void a_flow_goes_to_the_application_that_is_found_later(void **state)
{
	struct traffic *t = *state;
	const struct app *none = engine_find_app(t->engine, APP_UNATTRIBUTED);

	tell_app(t, 2, "exe:/b");
	traffic_flow(t, 1, true);
	t->flows[0].record.flow.app = APP_UNATTRIBUTED;
	traffic_carry(t, 0, 100, 100);
	traffic_sample(t);
	assert_peers(none, 1, 1, 0);
	t->flows[0].record.flow.app = 1;
	traffic_sample(t);
	assert_peers(none, 0, 0, 0);
	assert_peers(traffic_app(t), 1, 1, 0);
	/* Not known again is no news. */
	t->flows[0].record.flow.app = APP_UNATTRIBUTED;
	traffic_sample(t);
	assert_peers(traffic_app(t), 1, 1, 0);
	t->flows[0].record.flow.app = 2;
	traffic_sample(t);
	assert_peers(traffic_app(t), 0, 0, 0);
	assert_int_equal(traffic_app(t)->flow_count, 0);
	assert_peers(engine_find_app(t->engine, 2), 1, 1, 0);
}

static void flows_of_an_application_that_is_gone_are_nobodys(void **state)
{
	struct traffic *t = *state;
	const struct app *none = engine_find_app(t->engine, APP_UNATTRIBUTED);

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, false);
	traffic_carry(t, 0, 100, 100);
	traffic_sample(t);
	assert_int_equal(tell_gone(t, 1), 0);
	assert_int_equal(none->flow_count, 2);
	assert_peers(none, 2, 1, 0);
	assert_int_equal(traffic_flow_of(t, 0)->app, APP_UNATTRIBUTED);
	assert_int_equal(engine_stats(t->engine)->apps, 1);
}

static void a_sweep_takes_what_was_not_reported_since(void **state)
{
	struct traffic *t = *state;
	struct observation swept = {.kind = OBS_SWEPT};
	uint64_t since;

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, true);
	traffic_sample(t);
	traffic_sleep(t, 1);
	since = t->now_ns;
	traffic_tell_flow(t, 1, OBS_FLOW);
	traffic_sleep(t, 1);
	swept.time_ns = t->now_ns;
	swept.swept.since_ns = t->now_ns + 1;
	assert_int_equal(engine_observe(t->engine, &swept), -EINVAL);
	assert_int_equal(engine_stats(t->engine)->flows, 2);
	swept.swept.since_ns = since;
	assert_int_equal(engine_observe(t->engine, &swept), 0);
	assert_null(traffic_flow_of(t, 0));
	assert_non_null(traffic_flow_of(t, 1));
	assert_peers(traffic_app(t), 1, 0, 0);
}

/* --- a tuple that is used again ----------------------------------------------------
 */

static void a_tuple_used_again_is_another_flow(void **state)
{
	struct traffic *t = *state;
	struct observation *o;

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, true);
	traffic_relay(t, 40);
	assert_true(traffic_flow_of(t, 0)->is_leg);
	assert_int_equal(traffic_app(t)->leg_count, 2);
	assert_peers(traffic_app(t), 2, 2, 0);
	o = &t->flows[0].record;
	o->flow.is_inbound = false;
	o->flow.bytes_in = 0;
	o->flow.packets_in = 0;
	o->flow.bytes_out = 100;
	o->flow.packets_out = 1;
	traffic_sample(t);
	assert_false(traffic_flow_of(t, 0)->is_leg);
	assert_false(traffic_flow_of(t, 0)->is_two_way);
	assert_false(traffic_flow_of(t, 0)->is_inbound);
	assert_int_equal(traffic_flow_of(t, 0)->first_ns, t->now_ns);
	assert_int_equal(traffic_app(t)->leg_count, 1);
	assert_int_equal(traffic_app(t)->flow_count, 2);
	assert_peers(traffic_app(t), 2, 1, 0);
}

static void a_tuple_used_again_by_nobody_known_is_nobodys(void **state)
{
	struct traffic *t = *state;
	uint64_t before;

	traffic_flow(t, 1, true);
	traffic_carry(t, 0, 5000, 5000);
	traffic_sample(t);
	before = traffic_app(t)->totals.bytes_in;
	t->flows[0].record.flow.app = APP_UNATTRIBUTED;
	t->flows[0].record.flow.bytes_in = 200;
	t->flows[0].record.flow.packets_in = 1;
	traffic_sample(t);
	assert_int_equal(traffic_flow_of(t, 0)->app, APP_UNATTRIBUTED);
	assert_int_equal(traffic_app(t)->flow_count, 0);
	assert_int_equal(traffic_app(t)->totals.bytes_in, before);
	/* What a new flow carried is its own. */
	assert_int_equal(engine_find_app(t->engine, APP_UNATTRIBUTED)->totals.bytes_in,
			 200);
}

/* --- who is judged -------------------------------------------------------------------
 */

static void what_belongs_to_nobody_is_never_judged(void **state)
{
	struct traffic *t = *state;
	const struct app *none = engine_find_app(t->engine, APP_UNATTRIBUTED);

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, true);
	t->flows[0].record.flow.app = t->flows[1].record.flow.app = APP_UNATTRIBUTED;
	traffic_relay(t, 60);
	assert_int_equal(none->role, ROLE_CLIENT);
	assert_false(none->is_candidate);
	assert_false(none->evidence[EVIDENCE_PRIOR].is_measured);
	assert_true(none->totals.bytes_in > 100000);
	assert_false(engine_wants_fast_ticks(t->engine));
}

static void all_reports_between_two_ticks_make_one_sample(void **state)
{
	struct traffic *t = *state;
	float in[1], out[1];

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, true);
	traffic_relay(t, 5);
	traffic_carry(t, 0, 1000, 0);
	traffic_tell_flow(t, 0, OBS_FLOW);
	traffic_carry(t, 0, 500, 0);
	traffic_sample(t);
	series_copy(&traffic_flow_of(t, 0)->samples->series,
		    traffic_flow_of(t, 0)->samples->series.end, 1, in, out);
	assert_true(fabsf(in[0] - 1500 * 5) < 1);
}

static void a_candidate_wants_fast_ticks(void **state)
{
	struct traffic *t = *state;

	traffic_flow(t, 1, true);
	traffic_flow(t, 2, true);
	assert_false(engine_wants_fast_ticks(t->engine));
	traffic_relay(t, 5);
	assert_true(engine_wants_fast_ticks(t->engine));
	assert_int_equal(engine_stats(t->engine)->candidates, 1);
	/* The rates of a minute, and ninety seconds without a sign. */
	for (int i = 0; i < 5 * 20; i++)
		traffic_sample(t);
	assert_true(engine_wants_fast_ticks(t->engine));
	for (int i = 0; i < 5 * 160; i++)
		traffic_sample(t);
	assert_false(engine_wants_fast_ticks(t->engine));
	assert_null(traffic_flow_of(t, 0)->samples);
}

static void applications_are_walked_in_order_of_id(void **state)
{
	struct traffic *t = *state;
	const struct app *a;

	tell_app(t, APP_ID_MAX, "exe:/z");
	tell_app(t, 9, "exe:/i");
	a = engine_next_app(t->engine, NULL);
	assert_int_equal(a->id, APP_UNATTRIBUTED);
	a = engine_next_app(t->engine, a);
	assert_int_equal(a->id, 1);
	a = engine_next_app(t->engine, a);
	assert_int_equal(a->id, 9);
	a = engine_next_app(t->engine, a);
	assert_int_equal(a->id, APP_ID_MAX);
	assert_null(engine_next_app(t->engine, a));
	assert_int_equal(engine_stats(t->engine)->apps, 4);
}

static void the_bound_of_flows_holds_and_is_counted(void **state)
{
	struct traffic *t = *state;
	const struct app *a = traffic_app(t);

	traffic_flow(t, 1, true);
	for (unsigned int i = 0; i < FLOW_TABLE_MAX + 10; i++) {
		t->flows[0].record.flow.key.remote =
			addr_from_ipv4(htonl(0xc6000000 + i));
		assert_int_equal(traffic_tell_flow(t, 0, OBS_FLOW), 0);
	}
	assert_int_equal(engine_stats(t->engine)->flows, FLOW_TABLE_MAX);
	assert_int_equal(engine_stats(t->engine)->flows_evicted, 10);
	assert_int_equal(a->flow_count, FLOW_TABLE_MAX);
	assert_int_equal(a->peers, FLOW_TABLE_MAX);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_application_needs_an_id_and_an_identity),
		CASE(an_id_in_use_cannot_become_another_application),
		CASE(an_application_begins_when_it_is_told_of),
		CASE(unknown_applications_are_refused),
		CASE(an_unknown_kind_is_refused),
		CASE(time_does_not_go_back),
		CASE(what_a_flow_carried_before_it_was_seen_is_not_counted),
		CASE(peers_are_counted_once_an_address),
		CASE(a_peer_is_alive_once_packets_went_both_ways),
		CASE(loopback_and_link_local_are_no_strangers),
		CASE(an_own_address_is_no_stranger_whatever_policy_says),
		CASE(the_last_counters_of_a_flow_count),
		CASE(a_flow_goes_to_the_application_that_is_found_later),
		CASE(flows_of_an_application_that_is_gone_are_nobodys),
		CASE(a_sweep_takes_what_was_not_reported_since),
		CASE(a_tuple_used_again_is_another_flow),
		CASE(a_tuple_used_again_by_nobody_known_is_nobodys),
		CASE(what_belongs_to_nobody_is_never_judged),
		CASE(all_reports_between_two_ticks_make_one_sample),
		CASE(a_candidate_wants_fast_ticks),
		CASE(applications_are_walked_in_order_of_id),
		CASE(the_bound_of_flows_holds_and_is_counted),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
