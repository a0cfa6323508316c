/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bundle.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                         \
	"relaywarden-policy 1\nchannel office\nrelease voice-2\ngeneration 7\n"        \
	"created 1800000000\nexpires 1800086400\nrollout 25\n"
#define PAYLOAD HEADER "file calls 4\nfile voice 3\ncontent 7\nabc\ndef"
/* 64 zero bytes. */
#define SIGNATURE                                                                      \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAA=="

static int parse(const char *payload, struct bundle *b, char *fault)
{
	return bundle_parse(payload, strlen(payload), b, fault);
}

static void expect_fault(const char *payload, const char *wanted)
{
	struct bundle b = {.generation = 99};
	char fault[BUNDLE_FAULT_STRLEN] = "";

	if (parse(payload, &b, fault) != -EINVAL)
		fail_msg("accepted: %s", payload);
	if (!strstr(fault, wanted))
		fail_msg("'%s' instead of '%s'", fault, wanted);
	assert_int_equal(b.generation, 99); /* untouched */
}

static void a_payload_says_what_it_is_and_has_its_files(void **state)
{
	char fault[BUNDLE_FAULT_STRLEN];
	struct bundle b;

	(void)state;
	assert_int_equal(parse(PAYLOAD, &b, fault), 0);
	assert_string_equal(b.channel, "office");
	assert_string_equal(b.release, "voice-2");
	assert_int_equal(b.generation, 7);
	assert_int_equal(b.created, 1800000000);
	assert_int_equal(b.expires, 1800086400);
	assert_int_equal(b.rollout, 25);
	assert_int_equal(b.file_count, 2);
	assert_string_equal(b.files[1].name, "voice");
	assert_int_equal(b.files[1].length, 3);
	assert_memory_equal(b.files[1].text, "def", 3);
}

static void one_without_files_takes_the_policy_away(void **state)
{
	char fault[BUNDLE_FAULT_STRLEN];
	struct bundle b;

	(void)state;
	assert_int_equal(parse(HEADER "content 0\n", &b, fault), 0);
	assert_int_equal(b.file_count, 0);
}

static void what_is_written_reads_the_same(void **state)
{
	struct bundle b, again;
	char fault[BUNDLE_FAULT_STRLEN], *text;
	size_t size;

	(void)state;
	assert_int_equal(parse(PAYLOAD, &b, fault), 0);
	assert_int_equal(bundle_write(&b, &text, &size, fault), 0);
	assert_int_equal(size, strlen(PAYLOAD));
	assert_memory_equal(text, PAYLOAD, size);
	assert_int_equal(bundle_parse(text, size, &again, fault), 0);
	free(text);
	b.rollout = 101;
	assert_int_equal(bundle_write(&b, &text, &size, fault), -EINVAL);
}

static void what_is_wrong_is_told(void **state)
{
	(void)state;
	expect_fault("", "does not begin with");
	expect_fault("relaywarden-policy 2\n", "another version");
	expect_fault("relaywarden-policy 1\nrelease x\n", "'channel ...'");
	expect_fault("relaywarden-policy 1\nchannel Office\n", "channel: expected");
	expect_fault(HEADER "content 1\n", "cut short: 0 of 1");
	expect_fault(HEADER "content 0\nx", "more of it");
	expect_fault(HEADER "content 1\nx", "no file has");
	expect_fault(HEADER "file a 2\ncontent 1\nx", "beyond the end");
	expect_fault(HEADER "file ../a 1\ncontent 1\nx", "file: expected");
	expect_fault(HEADER "file b 0\nfile a 0\ncontent 0\n", "order");
	expect_fault(HEADER "file a 0\nfile a 0\ncontent 0\n", "order");
	expect_fault(HEADER "file a 1\ncontent 1\n\x1b", "not text");
	expect_fault(HEADER "content 00\n", "content: expected a number");
	expect_fault(HEADER "content 18446744073709551616\n", "expected a number");
	expect_fault(HEADER "content 0", "'content ...'");
}

static void numbers_have_bounds_and_an_order(void **state)
{
	static const char *const beginning =
		"relaywarden-policy 1\nchannel a\nrelease b\n";
	static const struct {
		const char *rest, *fault;
	} cases[] = {
		{"generation 0\ncreated 1\nexpires 2\nrollout 0\n", "from 1"},
		{"generation 1\ncreated 2\nexpires 2\nrollout 0\n", "not after"},
		{"generation 1\ncreated 1\nexpires 2\nrollout 101\n", "at most 100"},
		{"generation -1\ncreated 1\nexpires 2\nrollout 1\n", "generation: "},
		{"generation 9223372036854775808\n", "generation: "},
	};
	char payload[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(payload, sizeof(payload), "%s%scontent 0\n", beginning,
			 cases[i].rest);
		expect_fault(payload, cases[i].fault);
	}
}

static void there_are_at_most_32_files(void **state)
{
	char payload[4096] = HEADER;

	(void)state;
	for (int i = 0; i <= BUNDLE_FILES_MAX; i++)
		snprintf(payload + strlen(payload), 32, "file f%02d 0\n", i);
	expect_fault(payload, "more than 32 files");
}

/* --- the envelope -------------------------------------------------------------- */

static void expect_closed(const char *bytes, size_t size, const char *wanted)
{
	struct bundle_envelope e;
	char fault[BUNDLE_FAULT_STRLEN] = "";

	if (bundle_open(bytes, size, &e, fault) != -EINVAL)
		fail_msg("opened: %s", bytes);
	if (!strstr(fault, wanted))
		fail_msg("'%s' instead of '%s'", fault, wanted);
}

static void an_envelope_is_opened_and_sealed_the_same(void **state)
{
	static const char bytes[] = "relaywarden-bundle 1\n"
				    "signature 0123456789abcdef " SIGNATURE "\n"
				    "payload 5\nhello";
	struct bundle_envelope e;
	char fault[BUNDLE_FAULT_STRLEN], *again;
	size_t size;

	(void)state;
	assert_int_equal(bundle_open(bytes, sizeof(bytes) - 1, &e, fault), 0);
	assert_int_equal(e.signature_count, 1);
	assert_string_equal(e.signatures[0].key, "0123456789abcdef");
	assert_int_equal(e.payload_size, 5);
	assert_memory_equal(e.payload, "hello", 5);
	assert_int_equal(bundle_seal(&e, &again, &size, fault), 0);
	assert_int_equal(size, sizeof(bytes) - 1);
	assert_memory_equal(again, bytes, size);
	free(again);
}

static void every_truncation_of_an_envelope_is_noticed(void **state)
{
	static const char bytes[] = "relaywarden-bundle 1\n"
				    "signature 0123456789abcdef " SIGNATURE "\n"
				    "payload 5\nhello";
	struct bundle_envelope e;
	char fault[BUNDLE_FAULT_STRLEN];

	(void)state;
	for (size_t size = 0; size < sizeof(bytes) - 1; size++)
		assert_int_equal(bundle_open(bytes, size, &e, fault), -EINVAL);
	expect_closed(bytes, sizeof(bytes) - 2, "cut short: 4 of 5");
}

static void signatures_are_checked_for_their_shape(void **state)
{
	static const char *const wrong[] = {
		"signature 0123456789abcde " SIGNATURE,
		"signature 0123456789abcdeF " SIGNATURE,
		"signature 0123456789abcdef AAAA",
		"signature 0123456789abcdef",
	};
	char bytes[512];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(bytes, sizeof(bytes), "relaywarden-bundle 1\n%s\npayload 0\n",
			 wrong[i]);
		expect_closed(bytes, strlen(bytes), "signature: expected");
	}
}

static void an_envelope_has_a_largest_size(void **state)
{
	static char bytes[BUNDLE_SIZE_MAX + 1];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	expect_closed(bytes, sizeof(bytes), "larger than 262144");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_says_what_it_is_and_has_its_files),
		cmocka_unit_test(one_without_files_takes_the_policy_away),
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(numbers_have_bounds_and_an_order),
		cmocka_unit_test(there_are_at_most_32_files),
		cmocka_unit_test(an_envelope_is_opened_and_sealed_the_same),
		cmocka_unit_test(every_truncation_of_an_envelope_is_noticed),
		cmocka_unit_test(signatures_are_checked_for_their_shape),
		cmocka_unit_test(an_envelope_has_a_largest_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
