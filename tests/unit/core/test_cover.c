/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cover.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FLOWS 4
#define SAMPLES 100
#define PER_SECOND 5

static struct series series[FLOWS];
static struct pairs_input inputs[FLOWS];

static int setup(void **state)
{
	(void)state;
	memset(series, 0, sizeof(series));
	for (uint32_t i = 0; i < FLOWS; i++)
		inputs[i] = (struct pairs_input){
			.series = &series[i],
			.remote = addr_from_ipv4(htonl(0xc6130000 + i))};
	return 0;
}

/* One flow with packets of 1000 bytes, `in` and `out` of them a sample, whose count
 * trembles by one. */
static void fill(size_t flow, float in, float out)
{
	for (uint32_t t = 0; t < SAMPLES; t++) {
		float step = t % 2 ? 1000 : -1000;

		series_push(&series[flow], t, in > 0 ? in * 1000 + step : 0,
			    out > 0 ? out * 1000 - step : 0);
	}
}

static double share(size_t count)
{
	return cover_share(inputs, count, SAMPLES, SAMPLES, PER_SECOND);
}

static void one_rate_in_and_out_is_cover(void **state)
{
	(void)state;
	fill(0, 20, 20);
	fill(1, 20, 20);
	assert_true(share(2) > .99);
}

static void different_rates_are_none(void **state)
{
	(void)state;
	fill(0, 20, 30);
	fill(1, 40, 50);
	assert_true(share(2) < .01);
}

static void one_peer_covers_nothing(void **state)
{
	(void)state;
	fill(0, 20, 20);
	fill(1, 20, 20);
	inputs[1].remote = inputs[0].remote;
	assert_true(share(2) < .01);
}

static void the_share_is_of_all_that_comes_in(void **state)
{
	(void)state;
	fill(0, 20, 20);
	fill(1, 20, 20);
	fill(2, 120, 0);
	assert_true(share(3) > .24 && share(3) < .26);
}

static void a_rate_that_steps_is_none(void **state)
{
	(void)state;
	fill(1, 20, 20);
	for (uint32_t t = 0; t < SAMPLES; t++)
		series_push(&series[0], t, t < SAMPLES / 2 ? 15000 : 25000, 20000);
	assert_true(share(2) < .55);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_rate_in_and_out_is_cover),
		CASE(different_rates_are_none),
		CASE(one_peer_covers_nothing),
		CASE(the_share_is_of_all_that_comes_in),
		CASE(a_rate_that_steps_is_none),
	};

	return cmocka_run_group_tests_name("cover", tests, NULL, NULL);
}
