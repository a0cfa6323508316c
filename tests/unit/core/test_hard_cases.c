/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relays that hide or hardly carry anything, and what looks like them: made-up traffic
 * through the whole engine. The lab does the same with real programs.
 */
#include "../support/traffic.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND 5 /* samples */

static double chance(struct traffic *t)
{
	return traffic_noise(t);
}

/* Upkeep of `count` strangers, each every `interval` seconds at a time of its own. */
static void keep_up(struct traffic *t, unsigned int sample, size_t count,
		    unsigned int interval, double in, double out)
{
	for (size_t f = 0; f < count; f++)
		if ((sample + f * 7) % (interval * SECOND) == 0)
			traffic_carry(t, f, in, out);
}

static bool is_promoted(const struct traffic *t)
{
	return app_role_is_promoted(traffic_app(t)->role);
}

/* --- hubs ------------------------------------------------------------------------ */

/* Seconds until a hub of `count` strangers is promoted; 0: not in five minutes. */
static unsigned int hub_found_after(size_t count, unsigned int interval, double in,
				    double out)
{
	unsigned int found = 0;
	struct traffic t;

	traffic_begin(&t, 31);
	for (unsigned int i = 0; i < count; i++)
		traffic_flow(&t, i + 1, true);
	for (unsigned int i = 1; i < 300 * SECOND && !found; i++) {
		keep_up(&t, i, count, interval, in, out);
		traffic_sample(&t);
		if (is_promoted(&t)) {
			found = i / SECOND;
			assert_int_equal(traffic_app(&t)->role, ROLE_SUPERNODE);
		}
	}
	traffic_end(&t);
	return found;
}

static void an_idle_supernode_is_found_within_two_minutes(void **state)
{
	static const unsigned int intervals[] = {10, 20, 30};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned int after = hub_found_after(400, intervals[i], 60, 90);

		assert_true(after > 60 && after <= 120);
	}
}

static void few_strangers_make_no_supernode(void **state)
{
	(void)state;
	assert_int_equal(hub_found_after(40, 20, 60, 90), 0);
}

static void a_server_that_is_polled_is_no_supernode(void **state)
{
	(void)state;
	assert_int_equal(hub_found_after(300, 10, 300, 4000), 0);
}

/* A swarm's idle peers: a sign of life every two minutes. */
static void a_swarm_at_rest_is_no_supernode(void **state)
{
	(void)state;
	assert_int_equal(hub_found_after(300, 120, 5, 5), 0);
}

/* Each calls each, as the nodes of a distributed hash table do. */
static void who_calls_as_many_as_call_it_is_no_supernode(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 38);
	for (unsigned int i = 0; i < 400; i++)
		traffic_flow(&t, i + 1, i % 2);
	for (unsigned int i = 1; i < 240 * SECOND; i++) {
		keep_up(&t, i, 400, 20, 100, 200);
		traffic_sample(&t);
		assert_false(is_promoted(&t));
	}
	traffic_end(&t);
}

/* Each second other strangers ask once, and are answered. */
static void passers_by_make_no_supernode(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 32);
	for (unsigned int i = 0; i < 180 * SECOND; i++) {
		if (t.flow_count < 900) {
			size_t f = traffic_flow(&t, i + 1, i % 2);

			traffic_carry(&t, f, 100, 300);
		}
		traffic_sample(&t);
		assert_false(is_promoted(&t));
	}
	traffic_end(&t);
}

/* --- constant rates -------------------------------------------------------------- */

static void steady(struct traffic *t, size_t count, double rate)
{
	for (size_t f = 0; f < count; f++)
		traffic_carry(t, f, rate / SECOND, rate / SECOND);
}

/* What two peers at one rate could be is a call as well: it is told, and no more. */
static void cover_between_two_is_told_and_no_verdict(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 33);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	for (unsigned int i = 0; i < 180 * SECOND; i++) {
		steady(&t, 2, 6000);
		traffic_sample(&t);
		assert_false(is_promoted(&t));
	}
	assert_true(traffic_app(&t)->evidence[EVIDENCE_COVER].value > .9);
	assert_true(traffic_app(&t)->evidence[EVIDENCE_COVER].weight > 2);
	traffic_end(&t);
}

/* Nobody calls thirty at once. */
static void cover_among_thirty_is_found(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 34);
	for (unsigned int i = 0; i < 30; i++)
		traffic_flow(&t, i + 1, i < 24);
	for (unsigned int i = 0; i < 240 * SECOND; i++) {
		steady(&t, 30, 6000);
		traffic_sample(&t);
		traffic_storage(&t, 0, 0);
	}
	assert_true(is_promoted(&t) || traffic_app(&t)->role == ROLE_SUSPECT);
	traffic_end(&t);
}

static void varying_rates_are_no_cover(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 35);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	for (unsigned int i = 0; i < 120 * SECOND; i++) {
		steady(&t, 2, 6000 * (.5 + chance(&t)));
		traffic_sample(&t);
	}
	assert_true(traffic_app(&t)->evidence[EVIDENCE_COVER].value < .1);
	traffic_end(&t);
}

/* --- held back, padded ------------------------------------------------------------ */

static double burst(struct traffic *t)
{
	double x = chance(t);

	return 2000 + 40000 * x * x;
}

/* Seconds until a relay that sends every `hold` seconds, and `pad` more than it got, is
 * promoted; 0: not in ten minutes. */
static unsigned int held_back_found_after(unsigned int hold, double pad, uint32_t seed)
{
	double held[2] = {0}, level = 1;
	unsigned int found = 0;
	struct traffic t;

	traffic_begin(&t, seed);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	for (unsigned int i = 1; i < 600 * SECOND && !found; i++) {
		/* Speech, pages, files: no rate stays what it is. */
		if (i % (25 * SECOND) == 0)
			level = .2 + 2 * chance(&t);
		for (size_t f = 0; f < 2; f++) {
			double in = level * burst(&t) / 4;

			held[f] += in;
			traffic_carry(&t, f, in, 0);
		}
		if (i % (hold * SECOND) == 0)
			for (size_t f = 0; f < 2; f++) {
				double padded = held[f] * (1 + pad * chance(&t));

				traffic_carry(&t, !f, 0, padded);
				held[f] = 0;
			}
		traffic_sample(&t);
		traffic_storage(&t, 0, 0);
		if (is_promoted(&t))
			found = i / SECOND;
	}
	traffic_end(&t);
	return found;
}

static void a_relay_that_holds_back_is_found_within_ten_minutes(void **state)
{
	static const unsigned int holds[] = {5, 20, 60};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned int found = 0;

		for (uint32_t seed = 0; seed < 10; seed++)
			found += held_back_found_after(holds[i], 0, 100 + seed) > 0;
		assert_true(found >= 9);
	}
}

static void padding_hides_nothing(void **state)
{
	unsigned int found = 0;

	(void)state;
	for (uint32_t seed = 0; seed < 10; seed++) {
		double fill = 0;
		struct traffic t;

		traffic_begin(&t, 200 + seed);
		traffic_flow(&t, 1, true);
		traffic_flow(&t, 2, false);
		for (unsigned int i = 0; i < 60 * SECOND; i++) {
			double there = burst(&t), back = burst(&t);

			fill = chance(&t);
			traffic_carry(&t, 0, there, back * (1 + fill));
			traffic_carry(&t, 1, back, there * (1 + fill));
			traffic_sample(&t);
			traffic_storage(&t, 0, 0);
		}
		found += is_promoted(&t);
		traffic_end(&t);
	}
	assert_true(found >= 9);
}

/* --- short circuits --------------------------------------------------------------- */

/* The kernel tells of a new flow at once, some ms into the sample. */
static size_t open_at(struct traffic *t, unsigned int peer, bool is_inbound, double ms)
{
	size_t f = traffic_flow(t, peer, is_inbound);

	t->flows[f].record.time_ns = t->now_ns + (uint64_t)(ms * 1e6);
	assert_int_equal(engine_observe(t->engine, &t->flows[f].record), 0);
	return f;
}

/*
 * Five strangers a second call; for each (`answered`) another one is called, and
 * 128 KiB pass within a second. Otherwise each that calls is served from here, while
 * as much is fetched elsewhere at times of its own. True if it is promoted.
 */
static bool circuits_are_found(bool answered, uint32_t seed)
{
	struct traffic t;
	bool found = false;

	traffic_begin(&t, seed);
	for (unsigned int i = 0; i < 100 * SECOND && !found; i++) {
		size_t in, out;

		if (t.flow_count + 2 < TRAFFIC_FLOWS_MAX) {
			double ms = 100 * chance(&t);

			in = open_at(&t, 2 * i + 1, true, ms);
			ms = answered ? ms + 20 + 30 * chance(&t) : 200 * chance(&t);
			if (!answered && ms < 100)
				ms = 100 + ms / 2;
			out = open_at(&t, 2 * i + 2, false, ms);
			traffic_sample(&t);
			traffic_carry(&t, in, 131072, 400);
			traffic_carry(&t, out, 400, answered ? 131072 : 60000);
		}
		traffic_sample(&t);
		found = is_promoted(&t);
	}
	/* What they carry is relayed, though no flow lives long enough to be a leg. */
	for (unsigned int i = 0; i < 10 * SECOND && found; i++) {
		traffic_carry(&t, t.flow_count - 1, 400, 60000);
		traffic_sample(&t);
	}
	if (found)
		assert_true(traffic_app(&t)->totals.relayed_out > 100000);
	traffic_end(&t);
	return found;
}

static void thousands_of_short_circuits_are_found(void **state)
{
	unsigned int found = 0;

	(void)state;
	for (uint32_t seed = 0; seed < 5; seed++)
		found += circuits_are_found(true, 300 + seed);
	assert_int_equal(found, 5);
}

static void short_flows_of_no_pairs_are_no_relay(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 5; seed++)
		assert_false(circuits_are_found(false, 400 + seed));
}

/* --- several programs ------------------------------------------------------------- */

enum { FRONT = 1, BACK = 2 };

/* The back end, and the connection between the two over loopback. */
static size_t add_back_end(struct traffic *t)
{
	static const struct app_identity identity = {.kind = APP_KIND_EXE,
						     .uid = 1000,
						     .key = "exe:/opt/back@1000",
						     .name = "back",
						     .exe = "/opt/back",
						     .user = "owner"};
	struct observation app = {.kind = OBS_APP, .time_ns = t->now_ns};
	size_t loopback = traffic_flow(t, 0, false);
	struct observation *o = &t->flows[loopback].record;

	app.app.id = BACK;
	app.app.identity = &identity;
	assert_int_equal(engine_observe(t->engine, &app), 0);
	o->flow.key.local = o->flow.key.remote = addr_from_ipv4(htonl(0x7f000001));
	o->flow.key.proto = IPPROTO_TCP;
	o->flow.peer_app = BACK;
	return loopback;
}

/* A relay in two parts, seen for so long. */
static void relay_in_two(struct traffic *t, const size_t flows[3], unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * SECOND; i++) {
		double there = burst(t), back_again = burst(t);

		traffic_carry(t, flows[0], there, back_again);
		traffic_carry(t, flows[1], back_again, there);
		traffic_carry(t, flows[2], back_again, there);
		traffic_sample(t);
	}
}

/* Strangers come in to one program and leave from another: a relay in two parts. */
static void a_relay_of_two_programs_is_found_as_one(void **state)
{
	const struct app *back;
	struct traffic t;
	size_t flows[3];

	(void)state;
	traffic_begin(&t, 36);
	flows[1] = add_back_end(&t);
	flows[0] = traffic_flow(&t, 1, true);
	flows[2] = traffic_flow(&t, 2, false);
	t.flows[flows[2]].record.flow.app = BACK;
	relay_in_two(&t, flows, 60);
	back = engine_find_app(t.engine, BACK);
	assert_int_equal(back->judge, FRONT);
	assert_int_equal(traffic_app(&t)->role, ROLE_RELAY);
	assert_int_equal(back->role, ROLE_RELAY);
	/* Each is metered as itself. */
	assert_true(back->totals.relayed_out > 0);
	assert_true(traffic_app(&t)->totals.bytes_in < back->totals.bytes_out * 3 / 2);
	for (unsigned int i = 0; i < 150 * SECOND; i++)
		traffic_sample(&t);
	assert_int_equal(back->judge, BACK);
	traffic_end(&t);
}

static void tell_traffic(struct traffic *t, uint16_t app, uint64_t bytes)
{
	struct observation o = {.kind = OBS_APP_TRAFFIC, .time_ns = t->now_ns};

	o.app_traffic.id = app;
	o.app_traffic.bytes_in = o.app_traffic.bytes_out = bytes;
	o.app_traffic.packets_in = o.app_traffic.packets_out = bytes / 1000;
	assert_int_equal(engine_observe(t->engine, &o), 0);
}

/* Whatever it is: with strangers or not, counted by the flow or not. */
static void what_a_member_carries_is_judged_with_the_others(void **state)
{
	size_t flows[3], local;
	struct history_rates r;
	struct traffic t;
	double before;

	(void)state;
	traffic_begin(&t, 38);
	flows[1] = add_back_end(&t);
	flows[0] = traffic_flow(&t, 1, true);
	flows[2] = traffic_flow(&t, 2, false);
	local = traffic_flow(&t, 3, false);
	t.flows[local].record.flow.key.remote = addr_from_ipv4(htonl(0xa9fe0001));
	t.flows[flows[2]].record.flow.app = t.flows[local].record.flow.app = BACK;
	relay_in_two(&t, flows, 40);
	assert_int_equal(engine_find_app(t.engine, BACK)->judge, FRONT);
	tell_traffic(&t, BACK, 0);
	before = traffic_app(&t)->history.total_in;
	tell_traffic(&t, BACK, 100000000);
	assert_true(traffic_app(&t)->history.total_in > before + 5e7);
	for (int i = 0; i < 10; i++) {
		traffic_carry(&t, local, 5000, 7000);
		traffic_sample(&t);
	}
	r = history_rates(&traffic_app(&t)->history, t.now_ns, 10);
	assert_in_range((int)r.local_in, 3000, 5000);
	assert_in_range((int)r.local_out, 4200, 7000);
	traffic_end(&t);
}

/* What the owner's browser gets through a filter of its own is nobody's relay. */
static void a_browser_behind_a_local_proxy_stays_a_client(void **state)
{
	size_t loopback, web;
	struct traffic t;

	(void)state;
	traffic_begin(&t, 37);
	loopback = add_back_end(&t);
	web = traffic_flow(&t, 2, false);
	t.flows[web].record.flow.app = BACK;
	for (unsigned int i = 0; i < 60 * SECOND; i++) {
		double page = burst(&t);

		traffic_carry(&t, web, page, 300);
		traffic_carry(&t, loopback, page, 300);
		traffic_sample(&t);
		assert_int_equal(engine_find_app(t.engine, BACK)->judge, BACK);
		assert_int_equal(engine_find_app(t.engine, BACK)->role, ROLE_CLIENT);
	}
	traffic_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_supernode_is_found_within_two_minutes),
		cmocka_unit_test(few_strangers_make_no_supernode),
		cmocka_unit_test(a_server_that_is_polled_is_no_supernode),
		cmocka_unit_test(a_swarm_at_rest_is_no_supernode),
		cmocka_unit_test(who_calls_as_many_as_call_it_is_no_supernode),
		cmocka_unit_test(passers_by_make_no_supernode),
		cmocka_unit_test(cover_between_two_is_told_and_no_verdict),
		cmocka_unit_test(cover_among_thirty_is_found),
		cmocka_unit_test(varying_rates_are_no_cover),
		cmocka_unit_test(a_relay_that_holds_back_is_found_within_ten_minutes),
		cmocka_unit_test(padding_hides_nothing),
		cmocka_unit_test(thousands_of_short_circuits_are_found),
		cmocka_unit_test(short_flows_of_no_pairs_are_no_relay),
		cmocka_unit_test(a_relay_of_two_programs_is_found_as_one),
		cmocka_unit_test(what_a_member_carries_is_judged_with_the_others),
		cmocka_unit_test(a_browser_behind_a_local_proxy_stays_a_client),
	};

	return cmocka_run_group_tests_name("hard_cases", tests, NULL, NULL);
}
