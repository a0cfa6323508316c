/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/evidence.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *sentence(enum evidence_kind k, double value, double weight)
{
	static char buf[256];
	const struct evidence e = {true, value, weight};

	assert_ptr_equal(evidence_sentence(k, &e, buf, sizeof(buf)), buf);
	return buf;
}

static void every_kind_has_a_name_of_its_own_and_a_unit(void **state)
{
	(void)state;
	for (int k = 0; k < EVIDENCE_COUNT; k++) {
		assert_true(strlen(evidence_name(k)) > 0);
		assert_non_null(evidence_unit(k));
		for (int other = 0; other < k; other++)
			assert_string_not_equal(evidence_name(k), evidence_name(other));
	}
}

static void every_kind_says_a_plain_sentence(void **state)
{
	(void)state;
	for (int k = 0; k < EVIDENCE_COUNT; k++) {
		for (int weight = -1; weight <= 1; weight++) {
			const char *text = sentence(k, 0.5, weight);
			size_t length = strlen(text);

			assert_true(length > 10 && length < 120);
			assert_int_equal(text[length - 1], '.');
			assert_null(strstr(text, "  "));
		}
	}
}

static void what_is_not_measured_says_so(void **state)
{
	const struct evidence e = {false, 0.7, 0};
	char buf[64];

	(void)state;
	for (int k = 0; k < EVIDENCE_COUNT; k++)
		assert_string_equal(evidence_sentence(k, &e, buf, sizeof(buf)),
				    "Not measured yet.");
}

static void every_family_has_a_name_and_a_meaning_but_none(void **state)
{
	(void)state;
	assert_string_equal(evidence_family_name(EVIDENCE_FAMILY_NONE), "");
	for (int f = EVIDENCE_FAMILY_NONE + 1; f < EVIDENCE_FAMILY_COUNT; f++) {
		assert_true(strlen(evidence_family_name(f)) > 0);
		assert_true(strlen(evidence_family_meaning(f)) > 0);
		for (int other = 0; other < f; other++)
			assert_string_not_equal(evidence_family_name(f),
						evidence_family_name(other));
	}
}

static void shares_are_told_in_percent(void **state)
{
	(void)state;
	assert_string_equal(sentence(EVIDENCE_MATCHED, 0.974, 8),
			    "97 % of what strangers send it rises and falls with what "
			    "it sends to other strangers.");
	assert_string_equal(sentence(EVIDENCE_TRANSPORT, 0.031, -3),
			    "At most 3 % of its traffic can have been passed on from "
			    "one peer to another.");
	assert_string_equal(sentence(EVIDENCE_DISK, 0.8, -4),
			    "The disk moves 80 % of its traffic: it stores or serves "
			    "files.");
	/* It may write more than it received. */
	assert_string_equal(sentence(EVIDENCE_DISK, 4, -5),
			    "The disk moves as much as all its traffic, or more: it "
			    "stores or serves files.");
}

/* A sentence must not claim what the verdict did not count. */
static void what_counts_reads_unlike_what_does_not(void **state)
{
	static const struct {
		enum evidence_kind kind;
		double value, weight;
		const char *tail; /* what the weight adds to the sentence */
	} rows[] = {
		{EVIDENCE_HUB, 24, 4, "they lean on it"},
		{EVIDENCE_COVER, 0.9, 3, "it may hide what it is"},
		{EVIDENCE_GAIN, 1, 1, "as much goes out as comes in"},
		{EVIDENCE_NO_DISK, 0.01, 1.5, "neither stores"},
		{EVIDENCE_DISK, 0.8, -4, "stores or serves files"},
		{EVIDENCE_DEVICE, 1, -2, "a call"},
		{EVIDENCE_LOCAL, 0.9, -6, "for you"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_non_null(
			strstr(sentence(rows[i].kind, rows[i].value, rows[i].weight),
			       rows[i].tail));
		assert_null(
			strstr(sentence(rows[i].kind, rows[i].value, 0), rows[i].tail));
	}
}

static void numbers_read_as_people_count(void **state)
{
	(void)state;
	assert_string_equal(sentence(EVIDENCE_HUB, 0, 0),
			    "No stranger that called it keeps talking to it.");
	assert_string_equal(sentence(EVIDENCE_HUB, 1, 0),
			    "One stranger that called it keeps talking to it.");
	assert_string_equal(sentence(EVIDENCE_HUB, 3, 0),
			    "3 strangers that called it keep talking to it.");
	assert_string_equal(sentence(EVIDENCE_COUPLING, 1, 0),
			    "In 1 of the last 3 looks, one peer's traffic rose and "
			    "fell with that of all the others.");
}

/* Whatever the weight is one day, they follow what was measured. */
static void what_is_so_or_not_follows_the_value(void **state)
{
	static const enum evidence_kind kinds[] = {EVIDENCE_PRIOR, EVIDENCE_REACHABLE,
						   EVIDENCE_DEVICE};
	char yes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		strcpy(yes, sentence(kinds[i], 1, 0));
		assert_string_not_equal(sentence(kinds[i], 0, 0), yes);
	}
	assert_non_null(strstr(sentence(EVIDENCE_DISK, 0.1, 0), "too little"));
	assert_non_null(strstr(sentence(EVIDENCE_DISK, 1, 0), "in and out alike"));
}

static void a_short_buffer_cuts_the_sentence(void **state)
{
	const struct evidence e = {true, 1.25, 1};
	char buf[12] = "xxxxxxxxxxx";

	(void)state;
	evidence_sentence(EVIDENCE_GAIN, &e, buf, 9);
	assert_string_equal(buf, "It sends");
	assert_int_equal(buf[9], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_name_of_its_own_and_a_unit),
		cmocka_unit_test(every_kind_says_a_plain_sentence),
		cmocka_unit_test(what_is_not_measured_says_so),
		cmocka_unit_test(every_family_has_a_name_and_a_meaning_but_none),
		cmocka_unit_test(shares_are_told_in_percent),
		cmocka_unit_test(what_counts_reads_unlike_what_does_not),
		cmocka_unit_test(numbers_read_as_people_count),
		cmocka_unit_test(what_is_so_or_not_follows_the_value),
		cmocka_unit_test(a_short_buffer_cuts_the_sentence),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
