/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/eligibility.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum address_scope scope_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return address_scope_of(&a);
}

static void an_address_is_told_by_its_range(void **state)
{
	(void)state;
	assert_int_equal(scope_of("127.0.0.1"), ADDRESS_LOOPBACK);
	assert_int_equal(scope_of("::1"), ADDRESS_LOOPBACK);
	assert_int_equal(scope_of("169.254.3.4"), ADDRESS_LINK_LOCAL);
	assert_int_equal(scope_of("fe80::1"), ADDRESS_LINK_LOCAL);
	assert_int_equal(scope_of("192.168.1.2"), ADDRESS_PRIVATE);
	assert_int_equal(scope_of("fd12::1"), ADDRESS_PRIVATE);
	assert_int_equal(scope_of("100.64.0.1"), ADDRESS_CARRIER);
	assert_int_equal(scope_of("100.127.255.254"), ADDRESS_CARRIER);
	assert_int_equal(scope_of("100.128.0.1"), ADDRESS_PUBLIC);
	assert_int_equal(scope_of("198.18.0.1"), ADDRESS_PUBLIC);
	assert_int_equal(scope_of("2001:db8::1"), ADDRESS_PUBLIC);
}

/* --- whether strangers reach it --------------------------------------------------- */

static enum answer reach(struct eligibility_facts f)
{
	return eligibility_judge(&f).is_reachable;
}

static void a_public_address_is_reached_unless_a_firewall_refuses(void **state)
{
	struct eligibility_facts f = {.has_public_address = true};

	(void)state;
	assert_int_equal(reach(f), ANSWER_UNKNOWN);
	f.is_refused = ANSWER_NO;
	assert_int_equal(reach(f), ANSWER_YES);
	f.is_refused = ANSWER_YES;
	assert_int_equal(reach(f), ANSWER_NO);
}

static void what_was_tried_counts_for_more(void **state)
{
	struct eligibility_facts f = {.is_refused = ANSWER_YES, .callers = 1};

	(void)state;
	assert_int_equal(reach(f), ANSWER_YES);
	f.callers = 0;
	f.filtering = NAT_ENDPOINT_INDEPENDENT;
	assert_int_equal(reach(f), ANSWER_YES);
	f.filtering = NAT_ADDRESS_AND_PORT_DEPENDENT;
	f.is_refused = ANSWER_NO;
	f.has_public_address = true;
	assert_int_equal(reach(f), ANSWER_NO);
}

static void a_gateway_that_maps_ports_opens_what_it_filters(void **state)
{
	struct eligibility_facts f = {.is_refused = ANSWER_NO,
				      .filtering = NAT_ADDRESS_DEPENDENT};

	(void)state;
	assert_int_equal(reach(f), ANSWER_NO);
	f.maps_ports = ANSWER_YES;
	assert_int_equal(reach(f), ANSWER_YES);
	f.is_refused = ANSWER_YES;
	assert_int_equal(reach(f), ANSWER_NO);
}

static void a_private_address_alone_says_nothing(void **state)
{
	struct eligibility_facts f = {.is_refused = ANSWER_NO, .maps_ports = ANSWER_NO};

	(void)state;
	assert_int_equal(reach(f), ANSWER_UNKNOWN);
}

/* --- the answer ------------------------------------------------------------------- */

static struct eligibility judge(struct eligibility_facts f, struct eligibility_client c)
{
	f.clients = &c;
	f.client_count = 1;
	return eligibility_judge(&f);
}

static void a_client_is_promoted_where_strangers_reach_it(void **state)
{
	struct eligibility_facts open = {.has_public_address = true,
					 .is_refused = ANSWER_NO};
	struct eligibility_facts closed = {.is_refused = ANSWER_YES}, unknown = {0};
	struct eligibility_client idle = {.needs_inbound = true};
	struct eligibility_client running = {.is_running = true, .needs_inbound = true};

	(void)state;
	assert_int_equal(judge(open, idle).verdict, ELIGIBILITY_POSSIBLE);
	assert_int_equal(judge(open, running).verdict, ELIGIBILITY_POSSIBLE);
	assert_int_equal(judge(closed, running).verdict, ELIGIBILITY_SAFE);
	assert_int_equal(judge(unknown, idle).verdict, ELIGIBILITY_SAFE);
	assert_int_equal(judge(unknown, running).verdict, ELIGIBILITY_POSSIBLE);
	assert_int_equal(judge(unknown, running).clients, 1);
}

static void one_that_needs_no_caller_is_promoted_anywhere(void **state)
{
	struct eligibility_facts closed = {.is_refused = ANSWER_YES};
	struct eligibility_client exit_node = {.needs_inbound = false};

	(void)state;
	assert_int_equal(judge(closed, exit_node).verdict, ELIGIBILITY_POSSIBLE);
	exit_node.is_forbidden = true;
	assert_int_equal(judge(closed, exit_node).verdict, ELIGIBILITY_SAFE);
}

static void an_unknown_listener_matters_where_it_is_reached(void **state)
{
	struct eligibility_facts f = {.listeners = 2};
	struct eligibility e;

	(void)state;
	assert_int_equal(eligibility_judge(&f).verdict, ELIGIBILITY_SAFE);
	f.has_public_address = true;
	f.is_refused = ANSWER_NO;
	e = eligibility_judge(&f);
	assert_int_equal(e.verdict, ELIGIBILITY_POSSIBLE);
	assert_int_equal(e.listeners, 2);
}

static void what_is_promoted_is_whatever_else(void **state)
{
	struct eligibility_facts f = {.promoted = 1, .is_refused = ANSWER_YES};

	(void)state;
	assert_int_equal(eligibility_judge(&f).verdict, ELIGIBILITY_PROMOTED);
	assert_string_equal(eligibility_verdict_name(ELIGIBILITY_PROMOTED), "promoted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_told_by_its_range),
		cmocka_unit_test(a_public_address_is_reached_unless_a_firewall_refuses),
		cmocka_unit_test(what_was_tried_counts_for_more),
		cmocka_unit_test(a_gateway_that_maps_ports_opens_what_it_filters),
		cmocka_unit_test(a_private_address_alone_says_nothing),
		cmocka_unit_test(a_client_is_promoted_where_strangers_reach_it),
		cmocka_unit_test(one_that_needs_no_caller_is_promoted_anywhere),
		cmocka_unit_test(an_unknown_listener_matters_where_it_is_reached),
		cmocka_unit_test(what_is_promoted_is_whatever_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
