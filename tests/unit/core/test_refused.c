/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/refused.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND ((uint64_t)1000000000)

struct caller {
	struct refused refused;
	uint64_t now_ns, counted[DIRECTION_COUNT];
};

static struct caller begin(void)
{
	struct caller c = {.now_ns = 100 * SECOND};

	refused_begin(&c.refused, c.now_ns);
	return c;
}

/* One packet every `every` seconds, 0: none. */
static void call(struct caller *c, unsigned int every, unsigned int seconds)
{
	for (unsigned int i = 1; i <= seconds; i++) {
		c->now_ns += SECOND;
		if (every && i % every == 0)
			c->counted[DIRECTION_IN]++;
		refused_count(&c->refused, c->counted, c->now_ns);
	}
}

static void a_peer_that_tries_twice_a_minute_is_noticed(void **state)
{
	struct caller c = begin();

	(void)state;
	call(&c, 30, 60);
	assert_true(refused_is_called(&c.refused, c.now_ns));
	assert_int_equal(c.refused.packets[DIRECTION_IN], 2);
	assert_int_equal(c.refused.since_ns, 100 * SECOND);
}

static void a_single_packet_is_no_call(void **state)
{
	struct caller c = begin();

	(void)state;
	call(&c, 30, 30);
	assert_false(refused_is_called(&c.refused, c.now_ns));
}

static void even_a_flood_is_forgotten_in_two_minutes(void **state)
{
	struct caller c = begin();

	(void)state;
	c.counted[DIRECTION_IN] = 1000000;
	call(&c, 0, 1);
	assert_true(refused_is_called(&c.refused, c.now_ns));
	call(&c, 0, 120);
	assert_false(refused_is_called(&c.refused, c.now_ns));
}

static void its_own_attempts_are_no_calls(void **state)
{
	struct caller c = begin();

	(void)state;
	c.counted[DIRECTION_OUT] = 1000;
	call(&c, 0, 1);
	assert_false(refused_is_called(&c.refused, c.now_ns));
	assert_int_equal(c.refused.packets[DIRECTION_OUT], 1000);
}

static void counters_that_begin_anew_go_on(void **state)
{
	struct caller c = begin();

	(void)state;
	c.counted[DIRECTION_IN] = 40;
	call(&c, 0, 1);
	c.counted[DIRECTION_IN] = 2;
	call(&c, 0, 1);
	assert_int_equal(c.refused.packets[DIRECTION_IN], 42);
	refused_begin(&c.refused, c.now_ns); /* it is so already */
	assert_int_equal(c.refused.packets[DIRECTION_IN], 42);
	refused_end(&c.refused);
	call(&c, 1, 10);
	assert_int_equal(c.refused.packets[DIRECTION_IN], 0);
	assert_false(refused_is_called(&c.refused, c.now_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_that_tries_twice_a_minute_is_noticed),
		cmocka_unit_test(a_single_packet_is_no_call),
		cmocka_unit_test(even_a_flood_is_forgotten_in_two_minutes),
		cmocka_unit_test(its_own_attempts_are_no_calls),
		cmocka_unit_test(counters_that_begin_anew_go_on),
	};

	return cmocka_run_group_tests_name("refused", tests, NULL, NULL);
}
