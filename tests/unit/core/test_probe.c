/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/probe.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_endpoint_is_an_address_and_a_port(void **state)
{
	static const char *const good[][2] = {
		{"192.0.2.1:443", "tcp 192.0.2.1:443"},
		{"192.0.2.1:65535", "tcp 192.0.2.1:65535"},
		{"[2001:db8::1]:22", "tcp [2001:db8::1]:22"},
	};
	static const char *const bad[] = {
		"",
		"192.0.2.1",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:+1",
		"192.0.2.1:22x",
		":22",
		"2001:db8::1:22",
		"[2001:db8::1]",
		"[2001:db8::1]22",
		"[]:22",
		"[192.0.2.1]:22",
		"www.example:443",
		"[2001:db8::1:22",
		"1111111111111111111111111111111111111111111111111111111111:1",
	};
	char text[PROBE_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct probe p = {.kind = PROBE_TCP};

		assert_int_equal(probe_parse_endpoint(good[i][0], &p.addr, &p.port), 0);
		assert_string_equal(probe_describe(&p, text), good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct probe p;

		if (probe_parse_endpoint(bad[i], &p.addr, &p.port) != -EINVAL)
			fail_msg("%s", bad[i]);
	}
}

static void a_name_is_what_the_dns_may_be_asked_for(void **state)
{
	char label[65] = "", longest[300] = "";

	(void)state;
	memset(label, 'a', 63);
	assert_true(probe_is_name("."));
	assert_true(probe_is_name("example.org"));
	assert_true(probe_is_name("example.org."));
	assert_true(probe_is_name("_sip._udp.x-1.example"));
	assert_true(probe_is_name(label));
	label[63] = 'a';
	assert_false(probe_is_name(label));
	assert_false(probe_is_name(""));
	assert_false(probe_is_name(".."));
	assert_false(probe_is_name("a..b"));
	assert_false(probe_is_name(".a"));
	assert_false(probe_is_name("a b"));
	assert_false(probe_is_name("a\001b"));
	for (int i = 0; i < 254; i++)
		longest[i] = i % 2 ? '.' : 'a';
	assert_false(probe_is_name(longest));
	longest[253] = '\0';
	assert_true(probe_is_name(longest));
}

static void any_answer_to_our_question_will_do(void **state)
{
	const uint8_t query[12] = {0x12, 0x34, 1};
	uint8_t answer[12] = {0x12, 0x34, 0x81, 5}; /* refused */

	(void)state;
	assert_true(probe_is_answer(query, 12, answer, 12));
	assert_false(probe_is_answer(query, 12, answer, 11));
	assert_false(probe_is_answer(query, 12, query, 12)); /* our own, come back */
	answer[1] = 0x35;
	assert_false(probe_is_answer(query, 12, answer, 12));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_endpoint_is_an_address_and_a_port),
		cmocka_unit_test(a_name_is_what_the_dns_may_be_asked_for),
		cmocka_unit_test(any_answer_to_our_question_will_do),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
