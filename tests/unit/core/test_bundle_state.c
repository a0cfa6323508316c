/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bundle_state.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW (BUNDLE_EPOCH + 1000000)
#define DAY 86400

static const struct bundle_place here = {"office", {1, 2}, NOW};

static struct bundle sample(void)
{
	return (struct bundle){.channel = "office",
			       .release = "voice",
			       .generation = 7,
			       .created = NOW - 60,
			       .expires = NOW + DAY,
			       .rollout = 100};
}

static void expect(enum bundle_verdict wanted, const struct bundle *b,
		   const struct bundle_state *s, const struct bundle_place *place,
		   const char *reason)
{
	char text[BUNDLE_FAULT_STRLEN] = "";

	assert_int_equal(bundle_judge(b, "digest", s, place, text), wanted);
	if (!strstr(text, reason))
		fail_msg("'%s' instead of '%s'", text, reason);
}

static void a_new_generation_is_taken_once(void **state)
{
	struct bundle_state s = {.seen = 6, .applied = 6, .digest = "older"};
	struct bundle b = sample();

	(void)state;
	expect(BUNDLE_TAKE, &b, &s, &here, "generation 7 (voice)");
	bundle_state_see(&s, &b, "digest");
	/* stopped before it was in force: once more */
	expect(BUNDLE_TAKE, &b, &s, &here, "");
	s.applied = 7;
	expect(BUNDLE_HAVE, &b, &s, &here, "is in force");
}

static void an_older_generation_is_refused(void **state)
{
	struct bundle_state s = {.seen = 8, .applied = 8};
	struct bundle b = sample();

	(void)state;
	expect(BUNDLE_REFUSE, &b, &s, &here, "replayed: generation 7 is older than 8");
}

static void one_number_stands_for_one_content(void **state)
{
	struct bundle_state s = {.seen = 7, .digest = "another"};
	struct bundle b = sample();

	(void)state;
	expect(BUNDLE_REFUSE, &b, &s, &here, "other content");
}

static void what_is_for_others_is_refused(void **state)
{
	struct bundle_state s = {0};
	struct bundle_place there = here;
	struct bundle b = sample();

	(void)state;
	there.channel = "lab";
	expect(BUNDLE_REFUSE, &b, &s, &there, "for channel office, not lab");
}

static void time_is_held_against_it(void **state)
{
	struct bundle_state s = {0};
	struct bundle_place at = here;
	struct bundle b = sample();

	(void)state;
	at.now = b.expires - 1;
	expect(BUNDLE_TAKE, &b, &s, &at, "");
	at.now = b.expires;
	expect(BUNDLE_REFUSE, &b, &s, &at, "expired 0 s ago");
	at.now = b.created - DAY;
	expect(BUNDLE_TAKE, &b, &s, &at, "");
	at.now = b.created - DAY - 1;
	expect(BUNDLE_REFUSE, &b, &s, &at, "is the clock right");
	at.now = BUNDLE_EPOCH - 1;
	expect(BUNDLE_REFUSE, &b, &s, &at, "set the clock");
}

static void what_is_in_force_stays_when_it_has_expired(void **state)
{
	struct bundle_state s = {.seen = 7, .applied = 7, .digest = "digest"};
	struct bundle_place later = here;
	struct bundle b = sample();

	(void)state;
	later.now = b.expires + DAY;
	expect(BUNDLE_HAVE, &b, &s, &later, "in force");
}

static void what_did_harm_is_tried_again_after_a_day(void **state)
{
	struct bundle_state s = {.seen = 7,
				 .digest = "digest",
				 .refused = 7,
				 .refused_at = NOW - DAY + 1};
	struct bundle b = sample();

	(void)state;
	expect(BUNDLE_REFUSE, &b, &s, &here, "tried again in 1 s");
	s.refused_at--;
	expect(BUNDLE_TAKE, &b, &s, &here, "");
	/* The clock was put back: no reason to wait for ever. */
	s.refused_at = NOW + DAY;
	expect(BUNDLE_TAKE, &b, &s, &here, "");
}

/* A tenth takes part, the same ones as the percentage grows; others in other releases.
 */
static void a_release_is_rolled_out_by_machines(void **state)
{
	unsigned int first = 0, second = 0, both = 0;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		const uint64_t id[2] = {i, ~i};
		int is_first = bundle_turn(id, "voice") < 1000;
		int is_second = bundle_turn(id, "mail") < 1000;

		assert_int_equal(bundle_turn(id, "voice"), bundle_turn(id, "voice"));
		first += (unsigned int)is_first;
		second += (unsigned int)is_second;
		both += (unsigned int)(is_first && is_second);
	}
	/* 1000 of 10000 give or take five standard deviations, and a hundred in both.
	 */
	assert_in_range(first, 850, 1150);
	assert_in_range(second, 850, 1150);
	assert_in_range(both, 50, 150);
}

static void nobody_takes_what_is_rolled_out_to_none(void **state)
{
	struct bundle_state s = {0};
	struct bundle b = sample();

	(void)state;
	b.rollout = 0;
	expect(BUNDLE_WAIT, &b, &s, &here, "rolled out to 0 %");
	b.rollout = bundle_turn(here.id, b.release) / 100;
	expect(BUNDLE_WAIT, &b, &s, &here, "waits");
	b.rollout++;
	expect(BUNDLE_TAKE, &b, &s, &here, "");
}

static void what_is_remembered_reads_the_same(void **state)
{
	const struct bundle_state s = {.seen = 9,
				       .digest = "abc",
				       .applied = 8,
				       .refused = 9,
				       .refused_at = NOW,
				       .created = NOW - 9,
				       .expires = NOW + 9,
				       .answered = NOW - 1,
				       .failed = NOW - 2,
				       .etag = "W/\"x-1\"",
				       .result = "generation 9 is not: it did harm"};
	struct bundle_state read;
	char text[BUNDLE_STATE_SIZE_MAX], again[BUNDLE_STATE_SIZE_MAX];
	size_t length = bundle_state_format(&s, text);

	(void)state;
	assert_int_equal(length, strlen(text));
	bundle_state_parse(text, length, &read);
	assert_int_equal(read.refused_at, NOW);
	assert_string_equal(read.etag, s.etag);
	assert_string_equal(read.result, s.result);
	assert_int_equal(bundle_state_format(&read, again), length);
	assert_string_equal(again, text);
}

static void damage_costs_no_more_than_what_it_hit(void **state)
{
	static const char text[] =
		"seen 9\nlater-version x\napplied -1\n\x01\nrefused 3\n";
	struct bundle_state s;

	(void)state;
	bundle_state_parse(text, sizeof(text) - 1, &s);
	assert_int_equal(s.seen, 9);
	assert_int_equal(s.applied, 0);
	assert_int_equal(s.refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_generation_is_taken_once),
		cmocka_unit_test(an_older_generation_is_refused),
		cmocka_unit_test(one_number_stands_for_one_content),
		cmocka_unit_test(what_is_for_others_is_refused),
		cmocka_unit_test(time_is_held_against_it),
		cmocka_unit_test(what_is_in_force_stays_when_it_has_expired),
		cmocka_unit_test(what_did_harm_is_tried_again_after_a_day),
		cmocka_unit_test(a_release_is_rolled_out_by_machines),
		cmocka_unit_test(nobody_takes_what_is_rolled_out_to_none),
		cmocka_unit_test(what_is_remembered_reads_the_same),
		cmocka_unit_test(damage_costs_no_more_than_what_it_hit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
