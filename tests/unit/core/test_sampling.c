/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/crowd.h"
#include "core/sampling.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <utlist.h>

#include <cmocka.h>

#define FLOWS (PAIRS_FLOWS_MAX + 20)

/* Flow i weighs i. */
static void make_app(struct app *a, struct flow *flows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		flows[i] = (struct flow){
			.is_stranger = true,
			.rates = {(double)i / 2, (double)i / 2},
		};
		/* Neither in order nor against it. */
		if (i % 2)
			DL_APPEND(a->flows, &flows[i]);
		else
			DL_PREPEND(a->flows, &flows[i]);
	}
}

static void the_heaviest_flows_are_listed_in_order(void **state)
{
	struct flow flows[FLOWS], *list[PAIRS_FLOWS_MAX];
	struct app a = {0};
	struct sampling s;

	(void)state;
	sampling_init(&s);
	make_app(&a, flows, FLOWS);
	assert_int_equal(sampling_list(&a, list), 0);
	sampling_choose(&s, &a);
	assert_int_equal(s.in_use, PAIRS_FLOWS_MAX);
	assert_int_equal(sampling_list(&a, list), PAIRS_FLOWS_MAX);
	for (size_t i = 0; i < PAIRS_FLOWS_MAX; i++)
		assert_ptr_equal(list[i], &flows[FLOWS - 1 - i]);
	assert_null(flows[FLOWS - 1 - PAIRS_FLOWS_MAX].samples);
	sampling_done(&s);
}

static void a_flow_that_grew_takes_the_place_of_a_lighter_one(void **state)
{
	struct flow flows[FLOWS];
	const struct samples *kept;
	struct app a = {0};
	struct sampling s;

	(void)state;
	sampling_init(&s);
	make_app(&a, flows, FLOWS);
	sampling_choose(&s, &a);
	kept = flows[FLOWS - 1].samples;
	flows[0].rates.in = 1000;
	sampling_note(&a, &flows[0]);
	flows[0].pending_in = 77;
	sampling_choose(&s, &a);
	assert_non_null(flows[0].samples);
	assert_true(flows[0].pending_in < 1);
	assert_null(flows[FLOWS - PAIRS_FLOWS_MAX].samples);
	assert_ptr_equal(flows[FLOWS - 1].samples, kept);
	assert_int_equal(s.in_use, PAIRS_FLOWS_MAX);
	sampling_done(&s);
}

static void flows_that_have_ended_are_sampled_on_but_not_alive(void **state)
{
	struct flow flows[3], *list[PAIRS_FLOWS_MAX];
	struct app a = {0};
	struct sampling s;

	(void)state;
	sampling_init(&s);
	make_app(&a, flows, 3);
	for (size_t i = 0; i < 3; i++)
		flows[i].last_ns = 10000000000u + i * 1000000000u;
	sampling_choose(&s, &a);
	assert_int_equal(sampling_list(&a, list), 3);
	assert_int_equal(sampling_list_alive(&a, 14500000000u, list), 1);
	assert_ptr_equal(list[0], &flows[2]);
	assert_int_equal(sampling_list_alive(&a, 1000000000u, list), 3);
	sampling_done(&s);
}

static void flows_to_trusted_peers_are_not_sampled(void **state)
{
	struct flow flows[3];
	struct app a = {0};
	struct sampling s;

	(void)state;
	sampling_init(&s);
	make_app(&a, flows, 3);
	flows[2].is_stranger = false;
	sampling_drop(&s, &a, &flows[2]);
	sampling_choose(&s, &a);
	assert_null(flows[2].samples);
	assert_int_equal(s.in_use, 2);
	flows[1].is_stranger = false;
	sampling_drop(&s, &a, &flows[1]);
	sampling_choose(&s, &a);
	assert_null(flows[1].samples);
	sampling_stop(&s, &a);
	assert_null(flows[0].samples);
	assert_int_equal(s.in_use, 0);
	sampling_done(&s);
}

static void there_is_a_bound_to_all_samples(void **state)
{
	const size_t apps = SAMPLING_FLOWS_MAX / PAIRS_FLOWS_MAX + 1;
	struct flow(*flows)[PAIRS_FLOWS_MAX] = calloc(apps, sizeof(*flows));
	struct app *a = calloc(apps, sizeof(*a));
	struct sampling s;

	(void)state;
	sampling_init(&s);
	for (size_t i = 0; i < apps; i++) {
		make_app(&a[i], flows[i], PAIRS_FLOWS_MAX);
		sampling_choose(&s, &a[i]);
	}
	assert_int_equal(s.in_use, SAMPLING_FLOWS_MAX);
	assert_null(flows[apps - 1][PAIRS_FLOWS_MAX - 1].samples);
	assert_int_equal(a[apps - 1].sampled_count, 0);
	assert_int_equal(s.refused, PAIRS_FLOWS_MAX);
	/* What one gives back another may have. */
	sampling_stop(&s, &a[0]);
	sampling_choose(&s, &a[apps - 1]);
	assert_non_null(flows[apps - 1][PAIRS_FLOWS_MAX - 1].samples);
	assert_int_equal(s.in_use, SAMPLING_FLOWS_MAX);
	sampling_done(&s);
	free(flows);
	free(a);
}

static void a_sample_is_the_rate_of_what_was_pending(void **state)
{
	struct flow flows[1];
	struct app a = {0};
	struct sampling s;
	float in[2], out[2];

	(void)state;
	sampling_init(&s);
	make_app(&a, flows, 1);
	sampling_choose(&s, &a);
	flows[0].pending_in = 100;
	flows[0].pending_out = 50;
	sampling_tick(&a, 9, 1000000000u, 0.2);
	sampling_tick(&a, 10, 1000000000u, 0.2);
	series_copy(&flows[0].samples->series, 11, 2, in, out);
	assert_true(in[0] > 499.9f && in[0] < 500.1f);
	assert_true(out[0] > 249.9f && out[0] < 250.1f);
	assert_true(in[1] < 0.1f && out[1] < 0.1f);
	sampling_done(&s);
}

/* By the engine, as it accounts them. */
static void a_flow_that_becomes_heavy_is_sampled_before_long(void **state)
{
	const struct app *a;
	struct crowd c;
	size_t light = 0;

	(void)state;
	crowd_begin(&c, 1, 500);
	for (int i = 0; i < 100; i++) {
		crowd_carry(&c, i % 2 ? 0 : 100, 400);
		crowd_report(&c, 0, 500);
		crowd_tick(&c, 200000000u);
	}
	a = engine_find_app(c.engine, 1);
	assert_int_equal(a->sampled_count, PAIRS_FLOWS_MAX);
	while (engine_find_flow(c.engine, &c.flows[light].flow.key)->samples)
		light++;
	for (int i = 0; i < 15; i++) {
		for (int k = 0; k < 50; k++)
			crowd_carry(&c, light, 1);
		crowd_report(&c, light, 1);
		crowd_tick(&c, 200000000u);
	}
	assert_non_null(engine_find_flow(c.engine, &c.flows[light].flow.key)->samples);
	assert_int_equal(a->sampled_count, PAIRS_FLOWS_MAX);
	crowd_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heaviest_flows_are_listed_in_order),
		cmocka_unit_test(a_flow_that_grew_takes_the_place_of_a_lighter_one),
		cmocka_unit_test(flows_that_have_ended_are_sampled_on_but_not_alive),
		cmocka_unit_test(flows_to_trusted_peers_are_not_sampled),
		cmocka_unit_test(there_is_a_bound_to_all_samples),
		cmocka_unit_test(a_flow_that_becomes_heavy_is_sampled_before_long),
		cmocka_unit_test(a_sample_is_the_rate_of_what_was_pending),
	};

	return cmocka_run_group_tests_name("sampling", tests, NULL, NULL);
}
