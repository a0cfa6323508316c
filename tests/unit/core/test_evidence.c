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

static void shares_are_told_in_percent(void **state)
{
	(void)state;
	assert_string_equal(
		sentence(EVIDENCE_MATCHED, 0.974, 8),
		"97 % of what strangers send it leaves again to other strangers "
		"within a second.");
	assert_string_equal(sentence(EVIDENCE_TRANSPORT, 0.031, -3),
			    "At most 3 % of its traffic can have been passed from one "
			    "peer to another.");
	assert_string_equal(sentence(EVIDENCE_DISK, 0.8, -4),
			    "It stores or serves files: the disk moves 80 % of its "
			    "traffic.");
}

/* A sentence must not claim what the verdict did not count. */
static void what_counts_reads_unlike_what_does_not(void **state)
{
	(void)state;
	assert_string_equal(sentence(EVIDENCE_COUPLING, 3, 3.5),
			    "One peer's traffic rises and falls with the traffic of "
			    "all the others.");
	assert_string_equal(sentence(EVIDENCE_COUPLING, 1, 0),
			    "One peer's traffic does not follow the traffic of all "
			    "the others.");
	assert_string_equal(sentence(EVIDENCE_HUB, 24, 4),
			    "24 strangers that called it keep talking to it: they lean "
			    "on it.");
	assert_string_equal(sentence(EVIDENCE_HUB, 3, 0),
			    "3 strangers that called it keep talking to it.");
	assert_string_equal(sentence(EVIDENCE_NO_DISK, 0.01, 1.5),
			    "It neither stores what comes in nor reads what goes out "
			    "from disk.");
	assert_string_equal(sentence(EVIDENCE_NO_DISK, 0.4, 0),
			    "It uses the disk (40 % of its traffic).");
	assert_string_equal(sentence(EVIDENCE_PRIOR, 1, -4),
			    "It is a client whose network promotes computers.");
	assert_string_equal(sentence(EVIDENCE_PRIOR, 0, -6),
			    "It is not known as a client that gets promoted.");
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
		cmocka_unit_test(shares_are_told_in_percent),
		cmocka_unit_test(what_counts_reads_unlike_what_does_not),
		cmocka_unit_test(a_short_buffer_cuts_the_sentence),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
