/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose turn it is to be looked at, while applications come and go. */
#include "../support/traffic.h"
#include "core/zoom_session.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000u

static int tell_app(struct traffic *t, uint16_t id, const char *key)
{
	struct app_identity identity = {.kind = APP_KIND_EXE};
	struct observation o = {.kind = OBS_APP, .time_ns = t->now_ns};

	o.app.id = id;
	o.app.identity = &identity;
	strncpy(identity.key, key, sizeof(identity.key) - 1);
	return engine_observe(t->engine, &o);
}

static void who_has_its_id_then_is_not_judged_by_it(void **state)
{
	struct observation gone = {.kind = OBS_APP_GONE};
	unsigned int changes;
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	traffic_packet(&t, 0, t.now_ns, true, 1000);
	gone.time_ns = t.now_ns;
	gone.app.id = 1;
	assert_int_equal(engine_observe(t.engine, &gone), 0);
	assert_int_equal(tell_app(&t, 1, "exe:another"), 0);
	changes = engine_zoom_changes(t.engine);
	traffic_flat(&t); /* the flows are its own now, and do not join */
	assert_int_equal(engine_zoom_changes(t.engine), changes);
	traffic_packet(&t, 0, t.now_ns, true, 1000);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(traffic_app(&t)->flow_count, 2);
	assert_int_equal(traffic_app(&t)->zoom.time_ns, 0);
	assert_int_equal(traffic_app(&t)->zoom.result.packets, 0);
	assert_int_equal(traffic_look_end(&t), -EINVAL);
	traffic_end(&t);
}

static void a_look_that_ended_since_the_last_tick_is_not_repeated_at_once(void **state)
{
	struct observation end = {.kind = OBS_ZOOM_END};
	struct traffic t;

	(void)state;
	traffic_begin_candidate(&t);
	assert_int_equal(traffic_look(&t, 1), 0);
	traffic_flat(&t);
	end.time_ns = t.now_ns + 3 * MS;
	assert_int_equal(engine_observe(t.engine, &end), 0);
	assert_int_equal(engine_wants_zoom(t.engine), 0);
	traffic_flat(&t);
	assert_int_equal(engine_wants_zoom(t.engine), 0);
	traffic_end(&t);
}

/* Two flows of application 2, through which nothing goes any more. */
static void add_idle(struct traffic *t)
{
	assert_int_equal(tell_app(t, 2, "exe:another"), 0);
	for (unsigned int peer = 3; peer < 5; peer++)
		t->flows[traffic_flow(t, peer, true)].record.flow.app = 2;
	for (int i = 0; i < 15; i++) {
		traffic_carry(t, 2, 20000, 20000);
		traffic_carry(t, 3, 20000, 20000);
		traffic_sample(t);
	}
	for (int i = 0; i < 20; i++)
		traffic_sample(t);
	assert_true(engine_find_app(t->engine, 2)->is_candidate);
}

static void both(struct traffic *t, int samples)
{
	for (int i = 0; i < samples; i++) {
		for (size_t f = 0; f < 4; f++)
			traffic_carry(t, f, 20000, 20000);
		traffic_sample(t);
	}
}

static void who_was_not_looked_at_for_longest_comes_next(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 1);
	assert_int_equal(tell_app(&t, 2, "exe:another"), 0);
	for (unsigned int peer = 1; peer < 5; peer++)
		t.flows[traffic_flow(&t, peer, true)].record.flow.app =
			peer < 3 ? 1 : 2;
	both(&t, 15);
	for (uint16_t app = 2; app >= 1; app--) {
		assert_int_equal(traffic_look(&t, app), 0);
		both(&t, 1);
		assert_int_equal(traffic_look_end(&t), 0);
	}
	both(&t, 40);
	assert_int_equal(engine_wants_zoom(t.engine), 2);
	assert_int_equal(traffic_look(&t, 2), 0);
	assert_int_equal(traffic_look_end(&t), 0);
	assert_int_equal(engine_wants_zoom(t.engine), 1);
	traffic_end(&t);
}

static void who_has_nothing_to_look_at_lets_others_pass(void **state)
{
	struct traffic t;

	(void)state;
	traffic_begin(&t, 1);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	add_idle(&t);
	assert_int_equal(engine_wants_zoom(t.engine), 2);
	assert_int_equal(traffic_look(&t, 2), -EINVAL);
	assert_int_equal(engine_wants_zoom(t.engine), 0);
	for (int i = 0; i < 4; i++) {
		traffic_sample(&t);
		assert_int_equal(engine_wants_zoom(t.engine), 0);
	}
	traffic_sample(&t);
	assert_int_equal(engine_wants_zoom(t.engine), 2);
	for (int i = 0; i < 20 && engine_wants_zoom(t.engine) != 1; i++) {
		if (engine_wants_zoom(t.engine) == 2)
			traffic_look(&t, 2);
		traffic_flat(&t);
	}
	assert_int_equal(engine_wants_zoom(t.engine), 1);
	traffic_end(&t);
}

static void who_has_no_flows_of_its_own_lets_others_pass(void **state)
{
	struct observation end;
	struct traffic t;

	(void)state;
	traffic_begin(&t, 1);
	traffic_flow(&t, 1, true);
	traffic_flow(&t, 2, true);
	add_idle(&t);
	assert_int_equal(engine_wants_zoom(t.engine), 2);
	for (size_t i = 2; i < 4; i++) {
		end = t.flows[i].record;
		end.kind = OBS_FLOW_END;
		end.time_ns = t.now_ns;
		assert_int_equal(engine_observe(t.engine, &end), 0);
	}
	assert_true(engine_find_app(t.engine, 2)->is_candidate);
	assert_int_equal(engine_wants_zoom(t.engine), 0);
	traffic_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_look_that_ended_since_the_last_tick_is_not_repeated_at_once),
		cmocka_unit_test(who_was_not_looked_at_for_longest_comes_next),
		cmocka_unit_test(who_has_nothing_to_look_at_lets_others_pass),
		cmocka_unit_test(who_has_no_flows_of_its_own_lets_others_pass),
		cmocka_unit_test(who_has_its_id_then_is_not_judged_by_it),
	};

	return cmocka_run_group_tests_name("zoom_turns", tests, NULL, NULL);
}
