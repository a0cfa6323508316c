/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_intervals.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define assert_intervals(is_ipv4, expected, ...)                                       \
	assert_interval_text(is_ipv4, expected,                                        \
			     (const char *const[]){__VA_ARGS__, NULL})

/* Intervals as "FIRST-END ", the end left out of an open one. */
static void assert_interval_text(bool is_ipv4, const char *expected,
				 const char *const *prefixes)
{
	struct prefix p[8];
	struct nft_interval i[8];
	char text[512] = "", addr[ADDR_STRLEN];
	size_t count = 0;

	for (; prefixes[count]; count++)
		assert_int_equal(prefix_parse(prefixes[count], &p[count]), 0);
	count = nft_intervals(p, count, is_ipv4, i);
	for (size_t at = 0; at < count; at++) {
		strcat(text, addr_format(&i[at].first, addr));
		strcat(text, "-");
		if (!i[at].is_open)
			strcat(text, addr_format(&i[at].end, addr));
		strcat(text, " ");
	}
	assert_string_equal(text, expected);
}

static void trusted_networks_become_disjoint_intervals(void **state)
{
	(void)state;
	assert_intervals(true, "10.0.0.0-11.0.0.0 192.168.0.0-192.169.0.0 ",
			 "192.168.1.0/24", "10.0.0.0/8", "fd00::/8", "192.168.0.0/16");
	assert_intervals(true, "10.0.0.0-12.0.0.0 ", "11.0.0.0/8", "10.0.0.0/8");
	assert_intervals(true, "10.0.0.0-11.0.0.0 ", "10.0.0.0/8", "10.9.0.0/16");
	assert_intervals(true, "1.2.3.4-1.2.3.5 ", "1.2.3.4", "1.2.3.4");
	assert_intervals(true, "1.2.3.255-1.2.4.0 ", "1.2.3.255");
	assert_intervals(false, "fd00::-fe00:: ", "10.0.0.0/8", "fd00::/8");
	assert_intervals(false, "", "10.0.0.0/8");
}

static void an_interval_up_to_the_last_address_is_open(void **state)
{
	(void)state;
	assert_intervals(true, "0.0.0.0- ", "0.0.0.0/0", "10.0.0.0/8");
	assert_intervals(true, "255.255.255.255- ", "255.255.255.255");
	assert_intervals(false, "ff00::- ", "ff00::/8");
	assert_intervals(false, "::- ", "::/0", "fd00::/8");
}

static void all_of_ipv6_holds_ipv4_as_the_engine_sees_it(void **state)
{
	(void)state;
	assert_intervals(true, "0.0.0.0- ", "::/0");
	assert_intervals(true, "0.0.0.0- ", "::ffff:0:0/96");
	assert_intervals(true, "", "::ffff:0:0:0/96");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusted_networks_become_disjoint_intervals),
		cmocka_unit_test(an_interval_up_to_the_last_address_is_open),
		cmocka_unit_test(all_of_ipv6_holds_ipv4_as_the_engine_sees_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
