/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/portmap.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void no_request_makes_a_mapping(void **state)
{
	uint8_t buf[PORTMAP_REQUEST_SIZE];
	struct addr client;

	(void)state;
	assert_int_equal(addr_parse("192.168.1.2", &client), 0);
	assert_int_equal(portmap_encode(PORTMAP_NAT_PMP, &client, buf), 2);
	assert_memory_equal(buf, "\0\0", 2);
	assert_int_equal(portmap_encode(PORTMAP_PCP, &client, buf), 24);
	assert_memory_equal(buf, "\2\0\0\0\0\0\0\0", 8);
	assert_memory_equal(buf + 8, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\xa8\1\2", 16);
}

static void nat_pmp_tells_the_external_address(void **state)
{
	static const uint8_t answer[] = {0, 128, 0, 0, 0, 0, 1, 0, 198, 18, 0, 9};
	struct portmap_answer a;
	char text[ADDR_STRLEN];

	(void)state;
	assert_int_equal(portmap_decode(answer, sizeof(answer), &a), 0);
	assert_int_equal(a.protocol, PORTMAP_NAT_PMP);
	assert_int_equal(a.result, 0);
	assert_true(a.has_external);
	assert_string_equal(addr_format(&a.external, text), "198.18.0.9");
	assert_string_equal(portmap_result_text(&a), "");
}

static void a_refusal_is_an_answer_too(void **state)
{
	static const uint8_t disabled[] = {0, 128, 0, 2, 0, 0, 0, 1};
	static const uint8_t nowhere[] = {0, 128, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0};
	static const uint8_t version[24] = {2, 128, 0, 1};
	struct portmap_answer a;

	(void)state;
	assert_int_equal(portmap_decode(disabled, sizeof(disabled), &a), 0);
	assert_int_equal(a.result, 2);
	assert_string_equal(portmap_result_text(&a), "it does not allow that");
	assert_int_equal(portmap_decode(nowhere, sizeof(nowhere), &a), 0);
	assert_false(a.has_external);
	assert_int_equal(portmap_decode(version, sizeof(version), &a), 0);
	assert_int_equal(a.protocol, PORTMAP_PCP);
	assert_int_equal(a.result, 1);
}

static void what_is_no_answer_is_refused(void **state)
{
	static const uint8_t request[] = {0, 0, 0, 0, 0, 0, 1, 0, 198, 18, 0, 9};
	static const uint8_t too_long[] = {0, 128, 0, 0, 0, 0, 1, 0, 198, 18, 0, 9, 0};
	static const uint8_t version[] = {1, 128, 0, 0, 0, 0, 1, 0, 198, 18, 0, 9};
	static const uint8_t pcp[28] = {2, 128};
	struct portmap_answer a;

	(void)state;
	assert_int_equal(portmap_decode(request, sizeof(request), &a), -EBADMSG);
	assert_int_equal(portmap_decode(too_long, sizeof(too_long), &a), -EBADMSG);
	assert_int_equal(portmap_decode(version, sizeof(version), &a), -EBADMSG);
	assert_int_equal(portmap_decode(too_long, 3, &a), -EBADMSG);
	assert_int_equal(portmap_decode(pcp, 20, &a), -EBADMSG);
	assert_int_equal(portmap_decode(pcp, 27, &a), -EBADMSG);
	assert_int_equal(portmap_decode(pcp, 28, &a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_request_makes_a_mapping),
		cmocka_unit_test(nat_pmp_tells_the_external_address),
		cmocka_unit_test(a_refusal_is_an_answer_too),
		cmocka_unit_test(what_is_no_answer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
