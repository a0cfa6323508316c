/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was matched becomes a leg, and is forgotten; the looks themselves are tested
 * through the engine. */
#include "core/looks.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <utlist.h>

#include <cmocka.h>

#define SECOND_NS UINT64_C(1000000000)

static struct app app;
static struct flow flows[3];
static struct peer peers[3];

static int setup(void **state)
{
	(void)state;
	memset(&app, 0, sizeof(app));
	memset(flows, 0, sizeof(flows));
	memset(peers, 0, sizeof(peers));
	for (size_t i = 0; i < 3; i++) {
		flows[i].is_stranger = true;
		flows[i].peer = &peers[i];
		DL_APPEND(app.flows, &flows[i]);
		transport_attach(&app.transport, &flows[i]);
	}
	return 0;
}

static void what_was_matched_often_enough_is_a_leg(void **state)
{
	(void)state;
	app_note_matches(&app, &flows[0], FLOW_LEG_MATCHES);
	app_note_matches(&app, &flows[1], FLOW_LEG_MATCHES - 1);
	looks_name_legs(&app);
	assert_true(flows[0].is_leg);
	assert_false(flows[1].is_leg || flows[2].is_leg);
	assert_int_equal(app.leg_count, 1);
	app_note_matches(&app, &flows[1], FLOW_LEG_MATCHES);
	looks_name_legs(&app);
	assert_true(flows[1].is_leg);
	assert_int_equal(app.leg_count, 2);
}

static void what_was_matched_before_the_suspicion_is_named_with_it(void **state)
{
	(void)state;
	app_note_matches(&app, &flows[0], FLOW_LEG_MATCHES);
	app.log_odds = ROLE_SUSPECT_AT - 1;
	looks_name_legs(&app);
	assert_false(flows[0].is_leg);
	app.log_odds = ROLE_SUSPECT_AT;
	looks_name_legs(&app);
	assert_true(flows[0].is_leg);
}

static void flows_are_walked_only_when_one_was_matched(void **state)
{
	(void)state;
	/* Noted behind its back: whoever walked would find it. */
	flows[2].matches = FLOW_LEG_MATCHES;
	looks_name_legs(&app);
	looks_forget_legs(&app);
	assert_false(flows[2].is_leg);
	assert_int_equal(flows[2].matches, FLOW_LEG_MATCHES);
	app_note_matches(&app, &flows[0], FLOW_LEG_MATCHES);
	looks_name_legs(&app);
	assert_true(flows[0].is_leg && flows[2].is_leg);
	flows[1].matches = FLOW_LEG_MATCHES;
	looks_name_legs(&app);
	assert_false(flows[1].is_leg);
}

static void what_is_forgotten_may_be_matched_again(void **state)
{
	(void)state;
	app_note_matches(&app, &flows[0], FLOW_LEG_MATCHES);
	app_note_matches(&app, &flows[1], 1);
	looks_name_legs(&app);
	looks_forget_legs(&app);
	assert_int_equal(app.leg_count, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_false(flows[i].is_leg);
		assert_int_equal(flows[i].matches, 0);
	}
	looks_name_legs(&app);
	assert_int_equal(app.leg_count, 0);
	app_note_matches(&app, &flows[0], FLOW_LEG_MATCHES);
	looks_name_legs(&app);
	assert_true(flows[0].is_leg);
}

static void short_flows_are_remembered_for_ten_minutes_without_a_sign(void **state)
{
	const struct facts nothing = {0};
	struct detect_tools tools = {0};

	(void)state;
	app.detect = detect_state_new();
	app.detect->worth_ns = SECOND_NS;
	app.circuits = circuits_new();
	flows[0].circuit =
		circuits_open(app.circuits, SECOND_NS, &peers[0].key.remote, true);
	assert_int_not_equal(flows[0].circuit, 0);
	looks_update_candidate(&app, &tools, &nothing, 600 * SECOND_NS, 1);
	assert_non_null(app.circuits);
	assert_int_not_equal(flows[0].circuit, 0);
	app.is_candidate = true;
	app.detect->worth_ns = 580 * SECOND_NS;
	looks_update_candidate(&app, &tools, &nothing, 601 * SECOND_NS, 1);
	assert_non_null(app.circuits);
	app.is_candidate = false;
	app.detect->worth_ns = SECOND_NS;
	looks_update_candidate(&app, &tools, &nothing, 601 * SECOND_NS, 1);
	assert_null(app.circuits);
	assert_int_equal(flows[0].circuit, 0);
	detect_state_free(app.detect);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_matched_often_enough_is_a_leg),
		CASE(what_was_matched_before_the_suspicion_is_named_with_it),
		CASE(flows_are_walked_only_when_one_was_matched),
		CASE(short_flows_are_remembered_for_ten_minutes_without_a_sign),
		CASE(what_is_forgotten_may_be_matched_again),
	};

	return cmocka_run_group_tests_name("looks", tests, NULL, NULL);
}
