/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/trial.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define ALL 0x7u

static uint64_t now;

static enum trial_order step(struct trial *t)
{
	return trial_step(t, now);
}

/* Until the clock alone makes it do something. */
static enum trial_order wait(struct trial *t)
{
	uint64_t next = trial_next_ns(t);

	assert_true(next > 0);
	if (next > now)
		now = next;
	return step(t);
}

/* Up to the kernel having it, of three probes those of `worked` having worked. */
static void apply(struct trial *t, uint32_t worked, uint64_t confirm_ns)
{
	trial_begin(t, true, confirm_ns);
	assert_int_equal(step(t), TRIAL_PROBE);
	assert_int_equal(step(t), TRIAL_WAIT);
	trial_probed(t, worked, now);
	assert_int_equal(step(t), TRIAL_APPLY);
	trial_applied(t, true, now);
}

/* Rounds that all answer the same, until the trial wants something else. */
static enum trial_order rounds(struct trial *t, uint32_t works)
{
	enum trial_order order;

	for (int i = 0; i < 1000; i++) {
		order = step(t);
		if (order == TRIAL_WAIT)
			order = wait(t);
		if (order == TRIAL_PROBE)
			trial_probed(t, works, now);
		else
			return order;
	}
	fail();
	return TRIAL_WAIT;
}

static int setup(void **state)
{
	(void)state;
	now = 100 * SECOND;
	return 0;
}

static void a_policy_that_harms_nothing_is_kept(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, ALL, 0);
	assert_int_equal(rounds(&t, ALL), TRIAL_KEEP);
	assert_int_equal(t.phase, TRIAL_IDLE);
	assert_true(now >= 100 * SECOND + TRIAL_SETTLE_NS);
	assert_true(now <= 100 * SECOND + TRIAL_SETTLE_NS + TRIAL_PACE_NS);
	assert_int_equal(trial_next_ns(&t), 0);
}

static void what_stops_working_takes_it_back(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, ALL, 0);
	assert_int_equal(rounds(&t, 0x5), TRIAL_ROLL_BACK);
	assert_int_equal(t.reason, TRIAL_REASON_PROBES);
	assert_int_equal(t.failed, 0x2);
	assert_in_range(now - 100 * SECOND, TRIAL_PATIENCE_NS,
			TRIAL_PATIENCE_NS + TRIAL_PACE_NS);
}

static void what_did_not_work_before_does_not_count(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, 0x5, 0);
	assert_int_equal(rounds(&t, 0x5), TRIAL_KEEP);
	apply(&t, 0x5, 0);
	assert_int_equal(rounds(&t, 0x2), TRIAL_ROLL_BACK);
	assert_int_equal(t.failed, 0x5);
}

static void a_moment_of_failure_is_forgiven(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, ALL, 0);
	assert_int_equal(step(&t), TRIAL_PROBE);
	trial_probed(&t, 0x3, now);
	assert_int_equal(wait(&t), TRIAL_PROBE);
	trial_probed(&t, 0x3, now);
	assert_int_equal(rounds(&t, ALL), TRIAL_KEEP);
}

/* It is not kept between two rounds, nor by one that ran before the effects. */
static void what_fails_late_is_not_overlooked(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, ALL, 0);
	assert_int_equal(step(&t), TRIAL_PROBE);
	trial_probed(&t, ALL, now);
	now += TRIAL_SETTLE_NS - 1;
	assert_int_equal(step(&t), TRIAL_PROBE);
	trial_probed(&t, ALL, now);
	assert_int_equal(wait(&t), TRIAL_PROBE);
	trial_probed(&t, 0x3, now);
	assert_int_equal(rounds(&t, 0x3), TRIAL_ROLL_BACK);
}

static void without_probes_it_is_kept_at_once(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t, false, 0);
	assert_int_equal(step(&t), TRIAL_APPLY);
	trial_applied(&t, true, now);
	assert_int_equal(step(&t), TRIAL_KEEP);
	/* Nor is there anything to compare where nothing worked before. */
	apply(&t, 0, 0);
	assert_int_equal(step(&t), TRIAL_KEEP);
}

static void a_kernel_that_refuses_it_takes_it_back(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t, false, 0);
	assert_int_equal(step(&t), TRIAL_APPLY);
	trial_applied(&t, false, now);
	assert_int_equal(step(&t), TRIAL_ROLL_BACK);
	assert_int_equal(t.reason, TRIAL_REASON_KERNEL);
}

static void nobody_confirms_in_time_and_it_is_taken_back(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, ALL, 60 * SECOND);
	assert_int_equal(rounds(&t, ALL), TRIAL_ROLL_BACK);
	assert_int_equal(t.reason, TRIAL_REASON_UNCONFIRMED);
	assert_int_equal(now, 160 * SECOND);
	trial_begin(&t, false, 60 * SECOND);
	assert_int_equal(step(&t), TRIAL_APPLY);
	trial_applied(&t, true, now);
	assert_int_equal(step(&t), TRIAL_WAIT);
	assert_int_equal(trial_confirm_until_ns(&t), 220 * SECOND);
	assert_int_equal(wait(&t), TRIAL_ROLL_BACK);
	assert_int_equal(t.reason, TRIAL_REASON_UNCONFIRMED);
}

static void confirmed_it_is_kept(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, ALL, 60 * SECOND);
	while (t.phase != TRIAL_CONFIRM) {
		if (wait(&t) == TRIAL_PROBE)
			trial_probed(&t, ALL, now);
	}
	assert_true(trial_confirm(&t));
	assert_int_equal(rounds(&t, ALL), TRIAL_KEEP);
	assert_true(now < 110 * SECOND);
	assert_false(trial_confirm(&t));
}

static void confirmed_early_it_has_to_pass_its_probes_all_the_same(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, ALL, 60 * SECOND);
	assert_true(trial_confirm(&t));
	assert_int_equal(rounds(&t, 0x6), TRIAL_ROLL_BACK);
	assert_int_equal(t.reason, TRIAL_REASON_PROBES);
	apply(&t, ALL, 0);
	assert_false(trial_confirm(&t));
}

static void what_stops_working_while_it_waits_to_be_confirmed_counts(void **state)
{
	struct trial t;

	(void)state;
	apply(&t, ALL, 60 * SECOND);
	while (t.phase != TRIAL_CONFIRM) {
		if (wait(&t) == TRIAL_PROBE)
			trial_probed(&t, ALL, now);
	}
	assert_int_equal(rounds(&t, 0), TRIAL_ROLL_BACK);
	assert_int_equal(t.reason, TRIAL_REASON_PROBES);
	assert_true(now < 110 * SECOND);
}

static void a_person_takes_it_back_at_any_time(void **state)
{
	struct trial t = {0};

	(void)state;
	assert_false(trial_give_up(&t));
	trial_begin(&t, true, 0);
	assert_int_equal(step(&t), TRIAL_PROBE);
	assert_true(trial_give_up(&t));
	assert_int_equal(step(&t), TRIAL_ROLL_BACK);
	assert_int_equal(t.reason, TRIAL_REASON_PERSON);
	assert_int_equal(step(&t), TRIAL_WAIT);
}

static void without_its_prober_it_goes_on_unprobed(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t, true, 0);
	assert_int_equal(step(&t), TRIAL_PROBE);
	trial_blinded(&t);
	assert_int_equal(step(&t), TRIAL_APPLY);
	trial_applied(&t, true, now);
	assert_int_equal(step(&t), TRIAL_KEEP);
	apply(&t, ALL, 60 * SECOND);
	assert_int_equal(step(&t), TRIAL_PROBE);
	trial_blinded(&t);
	assert_int_equal(step(&t), TRIAL_WAIT);
	assert_int_equal(wait(&t), TRIAL_ROLL_BACK);
}

/* A pause: nothing is enforced, so there is nothing to be seen yet. */
static void it_waits_until_it_can_be_seen_in_the_kernel(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t, true, 60 * SECOND);
	assert_int_equal(step(&t), TRIAL_PROBE);
	trial_probed(&t, ALL, now);
	for (int i = 0; i < 100; i++) {
		now += SECOND;
		assert_int_equal(step(&t), TRIAL_APPLY);
	}
	trial_applied(&t, true, now);
	assert_int_equal(trial_confirm_until_ns(&t), now + 60 * SECOND);
	assert_int_equal(rounds(&t, ALL), TRIAL_ROLL_BACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, setup)
		CASE(a_policy_that_harms_nothing_is_kept),
		CASE(what_stops_working_takes_it_back),
		CASE(what_did_not_work_before_does_not_count),
		CASE(a_moment_of_failure_is_forgiven),
		CASE(what_fails_late_is_not_overlooked),
		CASE(without_probes_it_is_kept_at_once),
		CASE(a_kernel_that_refuses_it_takes_it_back),
		CASE(nobody_confirms_in_time_and_it_is_taken_back),
		CASE(confirmed_it_is_kept),
		CASE(confirmed_early_it_has_to_pass_its_probes_all_the_same),
		CASE(what_stops_working_while_it_waits_to_be_confirmed_counts),
		CASE(a_person_takes_it_back_at_any_time),
		CASE(without_its_prober_it_goes_on_unprobed),
		CASE(it_waits_until_it_can_be_seen_in_the_kernel),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
