/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When guests are looked for. The neighbours are those of this machine, of which most
 * have none; whose a guest is, is in tests/netns.
 */
#include "kernel/attribution.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND 1000000000ull

struct fixture {
	struct procinfo *procinfo;
	struct attribution *attribution;
	struct guests *guests;
	struct neighbours *neighbours;
	uint64_t start_ns;
};

static void ignore(void *context, const struct observation *o)
{
	(void)context;
	(void)o;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->start_ns = 1000 * SECOND;
	assert_int_equal(procinfo_open("/proc", NULL, &f->procinfo), 0);
	assert_int_equal(attribution_new(NULL, f->procinfo, ignore, f, &f->attribution),
			 0);
	assert_int_equal(guests_new(&f->guests), 0);
	assert_int_equal(neighbours_open(&f->neighbours), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	attribution_free(f->attribution);
	neighbours_close(f->neighbours);
	guests_free(f->guests);
	procinfo_close(f->procinfo);
	free(f);
	return 0;
}

/* Readings so far, once it was told of `forwarded` entries so long after the start. */
static uint64_t readings(struct fixture *f, uint64_t forwarded, uint64_t milliseconds)
{
	attribution_find_guests(f->attribution, forwarded, "",
				f->start_ns + milliseconds * (SECOND / 1000));
	return attribution_stats(f->attribution)->guest_readings;
}

static void nothing_is_read_until_something_is_forwarded(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(readings(f, 9, 0), 0); /* nobody looks yet */
	attribution_set_guests(f->attribution, f->guests, f->neighbours);
	for (uint64_t t = 0; t < 100; t++)
		assert_int_equal(readings(f, 0, t * 1000), 0);
	assert_int_equal(readings(f, 1, 100000), 1);
}

static void what_comes_right_after_a_reading_is_not_forgotten(void **state)
{
	struct fixture *f = *state;

	attribution_set_guests(f->attribution, f->guests, f->neighbours);
	assert_int_equal(readings(f, 1, 0), 1);
	assert_int_equal(readings(f, 2, 100), 1);
	assert_int_equal(readings(f, 2, 200), 1);
	assert_int_equal(readings(f, 2, 300), 2);
	/* Answered: the next is one of those that come anyway. */
	assert_int_equal(readings(f, 2, 3000), 2);
	assert_int_equal(readings(f, 2, 5400), 3);
}

static void in_vain_it_is_looked_for_less_often_and_then_no_more(void **state)
{
	struct fixture *f = *state;
	uint64_t forwarded = 0, last;

	attribution_set_guests(f->attribution, f->guests, f->neighbours);
	for (uint64_t t = 0; t < 60000; t += 200)
		last = readings(f, ++forwarded, t);
	assert_in_range(last, 10, 40); /* of 300 times it was asked */
	if (guests_count(f->guests))
		skip();
	for (uint64_t t = 60000; t < 95000; t += 1000)
		last = readings(f, forwarded, t);
	for (uint64_t t = 95000; t < 200000; t += 1000)
		assert_int_equal(readings(f, forwarded, t), last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nothing_is_read_until_something_is_forwarded, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			what_comes_right_after_a_reading_is_not_forgotten, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			in_vain_it_is_looked_for_less_often_and_then_no_more, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
