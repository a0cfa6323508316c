/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/event_limit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START UINT64_C(5000000000000)

static struct event_limit limit;

static int setup(void **state)
{
	(void)state;
	memset(&limit, 0, sizeof(limit));
	return 0;
}

/* How many of `count` are told. */
static unsigned int tell(enum event_kind kind, const char *key, unsigned int count,
			 uint64_t now_ns)
{
	unsigned int told = 0, left_out;

	for (unsigned int i = 0; i < count; i++)
		told += event_limit_admit(&limit, kind, key, now_ns, &left_out);
	return told;
}

static void some_at_once_are_told(void **state)
{
	(void)state;
	assert_int_equal(tell(EVENT_LIMITED, "exe:/a@0", 100, START),
			 EVENT_LIMIT_APP_BURST);
	assert_int_equal(tell(EVENT_PAUSED, NULL, 100, START), EVENT_LIMIT_AGENT_BURST);
	assert_int_equal(limit.left_out,
			 200 - EVENT_LIMIT_APP_BURST - EVENT_LIMIT_AGENT_BURST);
}

static void then_one_now_and_then_that_tells_how_many_were_not(void **state)
{
	unsigned int left_out = 77;

	(void)state;
	tell(EVENT_LIMITED, "exe:/a@0", EVENT_LIMIT_APP_BURST + 5, START);
	assert_false(event_limit_admit(&limit, EVENT_LIMITED, "exe:/a@0",
				       START + EVENT_LIMIT_APP_NS - 1, &left_out));
	assert_int_equal(left_out, 77);
	assert_true(event_limit_admit(&limit, EVENT_LIMITED, "exe:/a@0",
				      START + EVENT_LIMIT_APP_NS, &left_out));
	assert_int_equal(left_out, 6);
	assert_false(event_limit_admit(&limit, EVENT_LIMITED, "exe:/a@0",
				       START + EVENT_LIMIT_APP_NS, &left_out));
}

static void who_was_calm_for_long_may_tell_some_at_once_again(void **state)
{
	(void)state;
	tell(EVENT_LIMITED, "exe:/a@0", 100, START);
	assert_int_equal(tell(EVENT_LIMITED, "exe:/a@0", 100,
			      START + (EVENT_LIMIT_APP_BURST + 1) * EVENT_LIMIT_APP_NS),
			 EVENT_LIMIT_APP_BURST);
}

static void one_that_flaps_does_not_silence_others(void **state)
{
	(void)state;
	tell(EVENT_LIMITED, "exe:/a@0", 100, START);
	assert_int_equal(tell(EVENT_LIMITED, "exe:/b@0", 1, START), 1);
	assert_int_equal(tell(EVENT_PROMOTED, "exe:/a@0", 1, START), 1);
	assert_int_equal(tell(EVENT_LIMITED, NULL, 1, START), 1);
}

static void more_applications_than_there_is_room_for_are_told(void **state)
{
	(void)state;
	tell(EVENT_LIMITED, "exe:/flaps@0", 100, START);
	for (unsigned int i = 0; i < 10 * EVENT_LIMIT_SLOTS; i++) {
		char key[32];

		snprintf(key, sizeof(key), "exe:/%u@0", i);
		assert_int_equal(tell(EVENT_LIMITED, key, 1, START + i), 1);
	}
	/* The calm ones gave way to each other. */
	assert_int_equal(tell(EVENT_LIMITED, "exe:/flaps@0", 1, START), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(some_at_once_are_told, setup),
		cmocka_unit_test_setup(
			then_one_now_and_then_that_tells_how_many_were_not, setup),
		cmocka_unit_test_setup(
			who_was_calm_for_long_may_tell_some_at_once_again, setup),
		cmocka_unit_test_setup(one_that_flaps_does_not_silence_others, setup),
		cmocka_unit_test_setup(
			more_applications_than_there_is_room_for_are_told, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
