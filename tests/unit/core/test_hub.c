/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/hub.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND_NS 1000000000u

/* Upkeep every `interval` seconds, for `seconds`: does it keep talking at the end? */
static bool talks(unsigned int interval, unsigned int seconds)
{
	struct hub_talk t = {0};
	uint64_t now = 7 * (uint64_t)SECOND_NS;

	for (unsigned int s = 0; s <= seconds; s++) {
		if (s % interval == 0) {
			hub_note(&t, now + s * (uint64_t)SECOND_NS, true, false);
			hub_note(&t, now + s * (uint64_t)SECOND_NS + 1, false, true);
		}
	}
	return hub_is_talking(&t, now + seconds * (uint64_t)SECOND_NS);
}

static void upkeep_once_a_minute_is_talk(void **state)
{
	(void)state;
	for (unsigned int interval = 5; interval <= 40; interval += 5)
		assert_true(talks(interval, 100));
	assert_true(talks(60, 125));
}

static void one_exchange_is_none(void **state)
{
	(void)state;
	for (unsigned int seconds = 0; seconds < 200; seconds += 9)
		assert_false(talks(1000, seconds));
	/* As peers of a swarm that have nothing to say. */
	for (unsigned int seconds = 0; seconds < 500; seconds += 7)
		assert_false(talks(120, seconds));
}

static void what_goes_one_way_is_none(void **state)
{
	struct hub_talk t = {0};

	(void)state;
	for (uint64_t s = 0; s < 200; s += 5)
		hub_note(&t, s * SECOND_NS, true, false);
	assert_false(hub_is_talking(&t, 200 * (uint64_t)SECOND_NS));
}

static void who_stopped_talking_is_forgotten(void **state)
{
	struct hub_talk t = {0};

	(void)state;
	for (uint64_t s = 0; s < 200; s += 5)
		hub_note(&t, s * SECOND_NS, true, true);
	assert_true(hub_is_talking(&t, 200 * (uint64_t)SECOND_NS));
	assert_true(hub_is_talking(&t, 230 * (uint64_t)SECOND_NS));
	assert_false(hub_is_talking(&t, 280 * (uint64_t)SECOND_NS));
	assert_false(hub_is_talking(&t, 100000 * (uint64_t)SECOND_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upkeep_once_a_minute_is_talk),
		cmocka_unit_test(one_exchange_is_none),
		cmocka_unit_test(what_goes_one_way_is_none),
		cmocka_unit_test(who_stopped_talking_is_forgotten),
	};

	return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
