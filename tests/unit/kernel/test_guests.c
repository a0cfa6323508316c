/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/guests.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct addr addr_of(unsigned int host)
{
	struct addr a;

	assert_int_equal(addr_parse("172.17.0.0", &a), 0);
	a.b[14] = (uint8_t)(host >> 8);
	a.b[15] = (uint8_t)host;
	return a;
}

static int note(struct guests *g, unsigned int host, uint32_t port, uint16_t app,
		uint64_t time_ns)
{
	struct addr a = addr_of(host);

	return guests_note(g, &a, port, app, time_ns);
}

static uint16_t find(const struct guests *g, unsigned int host)
{
	struct addr a = addr_of(host);

	return guests_find(g, &a);
}

static struct guests *new_guests(void)
{
	struct guests *g;

	assert_int_equal(guests_new(&g), 0);
	return g;
}

static void an_address_is_its_guests_until_it_is_forgotten(void **state)
{
	struct guests *g = new_guests();

	(void)state;
	assert_int_equal(find(NULL, 2), APP_UNATTRIBUTED);
	assert_int_equal(find(g, 2), APP_UNATTRIBUTED);
	assert_int_equal(note(g, 2, 10, 5, 100), 1);
	assert_int_equal(note(g, 3, 11, 6, 100), 1);
	assert_int_equal(note(g, 2, 10, 5, 200), 0);
	assert_int_equal(find(g, 2), 5);
	assert_int_equal(find(g, 3), 6);
	guests_forget_old(g, 200);
	assert_int_equal(find(g, 2), 5);
	assert_int_equal(find(g, 3), APP_UNATTRIBUTED);
	guests_forget_app(g, 5);
	assert_int_equal(guests_count(g), 0);
	guests_free(g);
	guests_free(NULL);
}

static void an_address_that_passes_to_another_is_news(void **state)
{
	struct guests *g = new_guests();

	(void)state;
	assert_int_equal(note(g, 2, 10, 5, 100), 1);
	assert_int_equal(note(g, 2, 12, 7, 200), 1);
	assert_int_equal(find(g, 2), 7);
	/* By another port of the same guest: nothing is new. */
	assert_int_equal(note(g, 2, 13, 7, 300), 0);
	assert_int_equal(guests_count(g), 1);
	guests_free(g);
}

static void one_port_does_not_take_the_room_of_others(void **state)
{
	struct guests *g = new_guests();
	unsigned int host = 0;

	(void)state;
	for (; host < GUEST_ADDRS_MAX; host++)
		assert_int_equal(note(g, host, 10, 5, 100), 1);
	assert_int_equal(note(g, host, 10, 5, 100), -ENOSPC);
	assert_int_equal(find(g, host), APP_UNATTRIBUTED);
	/* One it has is kept fresh all the same. */
	assert_int_equal(note(g, 0, 10, 5, 200), 0);
	assert_int_equal(note(g, host, 11, 6, 100), 1);
	/* Nor does it take an address of theirs while it has no room. */
	assert_int_equal(note(g, host, 10, 5, 200), -ENOSPC);
	assert_int_equal(find(g, host), 6);
	guests_free(g);
}

static void all_together_are_bounded(void **state)
{
	struct guests *g = new_guests();
	struct plan plan;

	(void)state;
	for (unsigned int host = 0; host < GUESTS_MAX; host++)
		assert_int_equal(note(g, host, host / 8, 5, 100), 1);
	assert_int_equal(note(g, GUESTS_MAX, GUESTS_MAX, 5, 100), -ENOSPC);
	assert_int_equal(guests_count(g), GUESTS_MAX);
	plan_init(&plan);
	assert_int_equal(guests_fill_plan(g, &plan), 0);
	assert_int_equal(plan.guest_count, GUESTS_MAX);
	plan_done(&plan);
	guests_forget_old(g, 101);
	assert_int_equal(guests_count(g), 0);
	guests_free(g);
}

static void guests_of_applications_beyond_254_share_a_number(void **state)
{
	struct guests *g = new_guests();
	struct addr a = addr_of(2);
	struct plan plan;

	(void)state;
	assert_int_equal(note(g, 2, 10, 700, 100), 1);
	assert_int_equal(find(g, 2), 700);
	plan_init(&plan);
	assert_int_equal(guests_fill_plan(g, &plan), 0);
	assert_int_equal(plan_find_guest(&plan, &a)->number, APP_NUMBER_SHARED);
	plan_done(&plan);
	guests_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_its_guests_until_it_is_forgotten),
		cmocka_unit_test(an_address_that_passes_to_another_is_news),
		cmocka_unit_test(one_port_does_not_take_the_room_of_others),
		cmocka_unit_test(all_together_are_bounded),
		cmocka_unit_test(guests_of_applications_beyond_254_share_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
