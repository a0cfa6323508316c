/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/history.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND_NS 1000000000u

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-9)
		fail_msg("%g, not %g", value, expected);
}

static struct observation traffic(uint64_t second, uint64_t bytes, uint64_t packets)
{
	return (struct observation){.kind = OBS_APP_TRAFFIC,
				    .time_ns = second * SECOND_NS,
				    .app_traffic = {.id = 1,
						    .bytes_in = bytes,
						    .bytes_out = 2 * bytes,
						    .packets_in = packets,
						    .packets_out = packets}};
}

static void rates_are_means_of_whole_seconds(void **state)
{
	static struct history h;
	struct history_rates r;

	(void)state;
	for (uint64_t s = 10; s < 20; s++) {
		history_add(&h, s * SECOND_NS, 100, 300);
		history_add_local(&h, s * SECOND_NS + 1, 7, 9);
	}
	/* The second that is still filling does not count. */
	history_add(&h, 20 * (uint64_t)SECOND_NS, 1e6, 1e6);
	r = history_rates(&h, 20 * (uint64_t)SECOND_NS + 5, 8);
	assert_near(r.in, 100);
	assert_near(r.out, 300);
	assert_near(r.local_in, 7);
	assert_near(r.local_out, 9);
	r = history_rates(&h, 20 * (uint64_t)SECOND_NS, 20);
	assert_near(r.in, 50);
	assert_near(history_rates(&h, 1000 * (uint64_t)SECOND_NS, 60).in, 0);
}

static void flows_without_counters_carried_what_nothing_else_explains(void **state)
{
	static struct history h;
	struct observation o = traffic(10, 1000000, 1000);

	(void)state;
	/* What was before the first telling is not counted. */
	history_add_traffic(&h, &o);
	assert_near(h.total_in, 0);
	history_add_counted(&h, 4000, 8000);
	o = traffic(11, 1014000, 1010);
	history_add_traffic(&h, &o);
	/* 10000 and 20000 bytes at layer 3 are left; 52 of each 1400 and 2800 are not
	 * payload. */
	assert_near(h.total_in, 10000 * (1 - 520.0 / 14000));
	assert_near(h.total_out, 20000 * (1 - 520.0 / 28000));
}

static void flows_that_are_read_before_the_sum_cost_nothing(void **state)
{
	static struct history h;
	struct observation o = traffic(10, 0, 0);

	(void)state;
	history_add_traffic(&h, &o);
	history_add_counted(&h, 5000, 5000);
	o = traffic(11, 2000, 2);
	history_add_traffic(&h, &o);
	o = traffic(12, 5000, 5);
	history_add_traffic(&h, &o);
	assert_near(h.total_in, 0);
	assert_true(h.total_out > 0);
}

static void counters_that_went_back_are_nothing(void **state)
{
	static struct history h;
	struct observation o = traffic(10, 5000, 5);

	(void)state;
	history_add_traffic(&h, &o);
	o = traffic(11, 10, 1);
	history_add_traffic(&h, &o);
	assert_near(h.total_in, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_means_of_whole_seconds),
		cmocka_unit_test(
			flows_without_counters_carried_what_nothing_else_explains),
		cmocka_unit_test(flows_that_are_read_before_the_sum_cost_nothing),
		cmocka_unit_test(counters_that_went_back_are_nothing),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
