/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow.h"
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000u

static struct flow_key key_of(unsigned int peer, uint8_t proto)
{
	struct flow_key key = {
		.local = addr_from_ipv4(htonl(0xc6120001)),
		.remote = addr_from_ipv4(htonl(0xc6130000 + peer)),
		.local_port = 4000,
		.remote_port = 5000,
		.proto = proto,
	};

	return key;
}

static struct observation report(uint64_t time_ns, uint64_t bytes_in,
				 uint64_t packets_in, uint64_t bytes_out,
				 uint64_t packets_out)
{
	return (struct observation){
		.kind = OBS_FLOW,
		.time_ns = time_ns,
		.flow = {.bytes_in = bytes_in,
			 .packets_in = packets_in,
			 .bytes_out = bytes_out,
			 .packets_out = packets_out},
	};
}

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-6 * fmax(1, fabs(expected)))
		fail_msg("%g, not %g", value, expected);
}

static struct flow *add(struct flow_table *t, unsigned int peer, uint64_t last_ns)
{
	struct flow_key key = key_of(peer, IPPROTO_UDP);
	struct flow *f = flow_table_add(t, &key);

	assert_non_null(f);
	f->last_ns = last_ns;
	return f;
}

static void a_flow_is_found_by_its_whole_key(void **state)
{
	struct flow_table t;
	struct flow_key key = key_of(1, IPPROTO_UDP), other = key_of(1, IPPROTO_TCP);
	struct flow *f;

	(void)state;
	flow_table_init(&t, 4);
	f = flow_table_add(&t, &key);
	assert_ptr_equal(flow_table_find(&t, &key), f);
	assert_null(flow_table_find(&t, &other));
	other = key;
	other.remote_port++;
	assert_null(flow_table_find(&t, &other));
	flow_table_remove(&t, f);
	assert_null(flow_table_find(&t, &key));
	flow_table_done(&t);
}

static void there_is_no_victim_while_there_is_room(void **state)
{
	struct flow_table t;

	(void)state;
	flow_table_init(&t, 3);
	assert_null(flow_table_victim(&t));
	add(&t, 1, 5);
	add(&t, 2, 5);
	assert_null(flow_table_victim(&t));
	add(&t, 3, 5);
	assert_non_null(flow_table_victim(&t));
	flow_table_done(&t);
}

static void of_the_eight_oldest_the_longest_idle_gives_way(void **state)
{
	struct flow_table t;
	struct flow *idle;

	(void)state;
	flow_table_init(&t, 20);
	for (unsigned int i = 1; i <= 7; i++)
		add(&t, i, 100 - i);
	idle = add(&t, 8, 50);
	for (unsigned int i = 9; i <= 20; i++)
		add(&t, i, 10);
	assert_ptr_equal(flow_table_victim(&t), idle);
	/* The ninth moves up among the eight. */
	flow_table_remove(&t, idle);
	add(&t, 21, 1);
	assert_int_equal(flow_table_victim(&t)->last_ns, 10);
	flow_table_done(&t);
}

static void an_address_is_one_peer_of_each_application(void **state)
{
	struct flow_table t;
	struct addr remote = addr_from_ipv4(htonl(0xc6130001));
	struct peer *first, *again, *other;
	bool is_new;

	(void)state;
	flow_table_init(&t, 4);
	first = peer_get(&t, 1, &remote, &is_new);
	assert_true(is_new);
	again = peer_get(&t, 1, &remote, &is_new);
	assert_false(is_new);
	assert_ptr_equal(first, again);
	other = peer_get(&t, 2, &remote, &is_new);
	assert_true(is_new);
	assert_ptr_not_equal(first, other);
	peer_remove(&t, first);
	peer_get(&t, 1, &remote, &is_new);
	assert_true(is_new);
	flow_table_done(&t);
}

static void only_differences_move(void **state)
{
	struct flow f = {.key = key_of(1, IPPROTO_UDP)};
	struct observation o = report(SECOND, 1280, 1, 256, 2);
	struct flow_delta d = flow_update(&f, &o);

	(void)state;
	assert_int_equal(d.bytes_in, 1280);
	assert_int_equal(d.bytes_out, 256);
	assert_near(d.payload_in, 1280 - 28);
	assert_near(d.payload_out, 256 - 2 * 28);
	assert_int_equal(f.last_ns, SECOND);
	o = report(2 * (uint64_t)SECOND, 1280, 1, 256, 2);
	d = flow_update(&f, &o);
	assert_int_equal(d.bytes_in + d.bytes_out, 0);
	assert_near(d.payload_in + d.payload_out, 0);
	assert_int_equal(f.last_ns, SECOND);
}

static void headers_are_no_payload(void **state)
{
	static const struct {
		bool is_ipv6;
		uint8_t proto;
		double headers;
	} cases[] = {
		{false, IPPROTO_TCP, 52},  {true, IPPROTO_TCP, 72},
		{false, IPPROTO_UDP, 28},  {true, IPPROTO_UDP, 48},
		{false, IPPROTO_ICMP, 20}, {true, IPPROTO_ICMPV6, 40},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct flow f = {.key = key_of(1, cases[i].proto)};
		struct observation o = report(SECOND, 10000, 10, 0, 0);

		if (cases[i].is_ipv6)
			assert_int_equal(addr_parse("2001:db8::1", &f.key.remote), 0);
		assert_near(flow_update(&f, &o).payload_in,
			    10000 - 10 * cases[i].headers);
	}
}

static void acknowledgements_count_as_nothing(void **state)
{
	struct flow f = {.key = key_of(1, IPPROTO_TCP)};
	struct observation o = report(SECOND, 40, 1, 52, 1);
	struct flow_delta d = flow_update(&f, &o);

	(void)state;
	assert_int_equal(d.bytes_in, 40);
	assert_near(d.payload_in, 0);
	assert_near(d.payload_out, 0);
}

static void any_counter_that_went_back_means_a_new_flow(void **state)
{
	static const uint64_t seen[][4] = {
		{999, 10, 1000, 10},
		{1000, 9, 1000, 10},
		{1000, 10, 999, 10},
		{1000, 10, 1000, 9},
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct flow f = {.key = key_of(1, IPPROTO_UDP)};
		struct observation o = report(SECOND, 1000, 10, 1000, 10);

		assert_false(flow_is_replaced(&f, &o));
		flow_update(&f, &o);
		assert_false(flow_is_replaced(&f, &o));
		o = report(SECOND, seen[i][0], seen[i][1], seen[i][2], seen[i][3]);
		assert_true(flow_is_replaced(&f, &o));
	}
}

static void a_flow_that_begins_anew_keeps_only_its_tuple(void **state)
{
	struct flow f = {.key = key_of(1, IPPROTO_UDP), .is_inbound = true};
	struct observation o = report(5 * (uint64_t)SECOND, 1000, 10, 1000, 10);
	struct flow_delta d;

	(void)state;
	flow_update(&f, &o);
	f.is_two_way = f.match > 0;
	f.match = 1;
	o = report(9 * (uint64_t)SECOND, 300, 1, 0, 0);
	flow_restart(&f, &o);
	assert_false(f.is_inbound || f.is_two_way);
	assert_int_equal(f.first_ns, o.time_ns);
	assert_near((double)f.match, 0);
	assert_near(flow_rates(&f, o.time_ns).in, 0);
	d = flow_update(&f, &o);
	assert_int_equal(d.bytes_in, 300);
	assert_int_equal(d.bytes_out, 0);
}

/* Rates are kept scaled: at any time of an epoch and across epochs they are the same.
 */
static void one_that_begins_anew_is_watched_from_its_first_packets_alone(void **state)
{
	struct observation o = {.kind = OBS_FLOW, .time_ns = 500};
	struct flow f = {.is_watched = true, .talk = {.slot = 3, .in = 3, .out = 3}};

	(void)state;
	o.flow.packets_in = FLOW_FIRST_PACKETS;
	o.flow.packets_out = 1;
	flow_restart(&f, &o);
	assert_false(f.is_watched);
	assert_false(f.talk.in || f.talk.out);
	o.flow.packets_out = 0;
	flow_restart(&f, &o);
	assert_true(f.is_watched);
}

static void rates_fade_with_a_time_constant_of_sixteen_seconds(void **state)
{
	static const uint64_t starts[] = {0, 7, 1000, 1099, 1100, 1000000, 100000000};

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		struct flow f = {.key = key_of(1, IPPROTO_UDP)};
		uint64_t start = starts[i] * SECOND;
		struct observation o = report(start, 16028, 1, 8028, 1);
		struct rates r;

		flow_update(&f, &o);
		r = flow_rates(&f, start);
		assert_near(r.in, 1000);
		assert_near(r.out, 500);
		r = flow_rates(&f, start + 16 * (uint64_t)SECOND);
		assert_near(r.in, 1000 / M_E);
		assert_near(r.out, 500 / M_E);
		/* Nothing moved: nothing changes. */
		o.time_ns = start + 8 * (uint64_t)SECOND;
		flow_update(&f, &o);
		assert_near(flow_rates(&f, start + 16 * (uint64_t)SECOND).in,
			    1000 / M_E);
		assert_near(flow_rates(&f, start + 3600 * (uint64_t)SECOND).in, 0);
	}
}

static void what_was_added_to_the_rates_is_told(void **state)
{
	struct flow f = {.key = key_of(1, IPPROTO_UDP)};
	struct observation o = report(SECOND, 16028, 1, 8028, 1);
	struct rates added = flow_update(&f, &o).rates;

	(void)state;
	assert_near(added.in, f.rates.in);
	assert_near(added.out, f.rates.out);
	o = report(2 * (uint64_t)SECOND, 32056, 2, 8028, 1);
	added = flow_update(&f, &o).rates;
	assert_near(added.in * M_E, f.rates.in * M_E / (1 + exp(-1 / 16.0)));
	assert_near(added.out, 0);
}

static void a_steady_flow_is_rated_at_its_rate(void **state)
{
	struct flow f = {.key = key_of(1, IPPROTO_UDP)};
	struct rates r;

	(void)state;
	/* Over the end of an epoch, too. */
	for (uint64_t i = 1; i <= 10000; i++) {
		struct observation o = report(i * SECOND / 5, i * 228, i, i * 428, i);

		flow_update(&f, &o);
		r = flow_rates(&f, o.time_ns);
		if (i < 1000)
			continue;
		assert_true(fabs(r.in - 1000) < 20);
		assert_true(fabs(r.out - 2000) < 40);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_found_by_its_whole_key),
		cmocka_unit_test(there_is_no_victim_while_there_is_room),
		cmocka_unit_test(of_the_eight_oldest_the_longest_idle_gives_way),
		cmocka_unit_test(an_address_is_one_peer_of_each_application),
		cmocka_unit_test(only_differences_move),
		cmocka_unit_test(headers_are_no_payload),
		cmocka_unit_test(acknowledgements_count_as_nothing),
		cmocka_unit_test(any_counter_that_went_back_means_a_new_flow),
		cmocka_unit_test(
			one_that_begins_anew_is_watched_from_its_first_packets_alone),
		cmocka_unit_test(a_flow_that_begins_anew_keeps_only_its_tuple),
		cmocka_unit_test(rates_fade_with_a_time_constant_of_sixteen_seconds),
		cmocka_unit_test(what_was_added_to_the_rates_is_told),
		cmocka_unit_test(a_steady_flow_is_rated_at_its_rate),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
