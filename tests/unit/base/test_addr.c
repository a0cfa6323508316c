/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct addr address(const char *text)
{
	struct addr a;

	if (addr_parse(text, &a) != 0)
		fail_msg("%s is refused", text);
	return a;
}

static bool contains(const char *network, const char *text)
{
	struct addr a = address(text);
	struct prefix p;

	if (prefix_parse(network, &p) != 0)
		fail_msg("%s is refused", network);
	return prefix_contains(&p, &a);
}

static bool is_local(const char *text)
{
	struct addr a = address(text);

	return addr_is_local_scope(&a);
}

static bool is_private(const char *text)
{
	struct addr a = address(text);

	return addr_is_private(&a);
}

static void an_ipv4_address_survives_the_round_trip(void **state)
{
	struct addr a = address("192.0.2.7");
	struct addr b = addr_from_ipv4(htonl(0xc0000207));
	char buf[ADDR_STRLEN];

	(void)state;
	assert_true(addr_is_ipv4(&a));
	assert_true(addr_equal(&a, &b));
	assert_int_equal(addr_ipv4(&a), htonl(0xc0000207));
	assert_string_equal(addr_format(&a, buf), "192.0.2.7");
}

static void an_ipv6_address_survives_the_round_trip(void **state)
{
	static const uint8_t bytes[16] = {0x20, 0x01, 0xd, 0xb8, [15] = 1};
	struct addr a = address("2001:db8:0:0::1"), b = addr_from_ipv6(bytes);
	char buf[ADDR_STRLEN];

	(void)state;
	assert_false(addr_is_ipv4(&a));
	assert_true(addr_equal(&a, &b));
	assert_string_equal(addr_format(&a, buf), "2001:db8::1");
	a = address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
	assert_string_equal(addr_format(&a, buf),
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
}

static void a_mapped_address_is_the_ipv4_address(void **state)
{
	struct addr a = address("::ffff:192.0.2.7"), b = address("192.0.2.7");

	(void)state;
	assert_true(addr_equal(&a, &b));
	assert_true(addr_is_ipv4(&a));
}

static void a_compatible_address_is_not_ipv4(void **state)
{
	struct addr a = address("::192.0.2.7");

	(void)state;
	assert_false(addr_is_ipv4(&a));
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {
		"",	      "1.2.3",	  "1.2.3.4.5",
		"256.1.1.1",  "01.2.3.4", "1.2.3.4 ",
		" 1.2.3.4",   "::1%lo",	  "[::1]",
		"1:2:3",      ":::",	  "example.org",
		"0x7f.0.0.1", "12345::",  "::ffff:1.2.3.256",
	};
	struct addr a = address("192.0.2.7"), before = a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (addr_parse(bad[i], &a) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	assert_true(addr_equal(&a, &before));
}

static void loopback_is_known(void **state)
{
	static const struct {
		const char *text;
		bool is_loopback;
	} cases[] = {{"127.0.0.1", true},  {"127.255.0.9", true},
		     {"::1", true},	   {"126.255.255.255", false},
		     {"128.0.0.0", false}, {"::", false},
		     {"::2", false},	   {"fe80::1", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a = address(cases[i].text);

		assert_int_equal(addr_is_loopback(&a), cases[i].is_loopback);
	}
}

static void local_scope_is_never_a_stranger(void **state)
{
	static const char *const local[] = {
		"127.0.0.1", "127.255.255.255",	 "0.0.0.0",	    "169.254.0.1",
		"224.0.0.1", "239.1.1.1",	 "255.255.255.255", "::1",
		"::",	     "fe80::1",		 "febf::1",	    "ff02::1",
		"ff0e::1",   "::ffff:127.0.0.1",
	};
	static const char *const global[] = {
		"126.255.255.255", "128.0.0.1",	      "1.0.0.1",  "169.253.0.1",
		"169.255.0.1",	   "223.255.255.255", "10.0.0.1", "::2",
		"fec0::1",	   "fe00::1",	      "fd00::1",  "2001:db8::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (!is_local(local[i]))
			fail_msg("%s is not local", local[i]);
	for (size_t i = 0; i < sizeof(global) / sizeof(*global); i++)
		if (is_local(global[i]))
			fail_msg("%s is local", global[i]);
}

static void private_space_ends_where_the_rfcs_say(void **state)
{
	static const char *const private[] = {
		"10.0.0.0",    "10.255.255.255",  "172.16.0.0", "172.31.255.255",
		"192.168.0.0", "192.168.255.255", "100.64.0.0", "100.127.255.255",
		"fc00::",      "fdff:ffff::1",
	};
	static const char *const public[] = {
		"9.255.255.255",   "11.0.0.0",	  "172.15.255.255",  "172.32.0.0",
		"192.167.255.255", "192.169.0.0", "100.63.255.255",  "100.128.0.0",
		"fbff::1",	   "fe00::",	  "2001:db8::a00:1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(private) / sizeof(*private); i++)
		if (!is_private(private[i]))
			fail_msg("%s is not private", private[i]);
	for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++)
		if (is_private(public[i]))
			fail_msg("%s is private", public[i]);
}

static void a_prefix_contains_its_first_and_last_address(void **state)
{
	(void)state;
	assert_true(contains("10.0.0.0/8", "10.0.0.0"));
	assert_true(contains("10.0.0.0/8", "10.255.255.255"));
	assert_false(contains("10.0.0.0/8", "9.255.255.255"));
	assert_false(contains("10.0.0.0/8", "11.0.0.0"));
	assert_true(contains("192.0.2.128/25", "192.0.2.255"));
	assert_false(contains("192.0.2.128/25", "192.0.2.127"));
	assert_true(contains("192.0.2.254/31", "192.0.2.255"));
	assert_false(contains("192.0.2.254/31", "192.0.2.253"));
	assert_true(contains("100.64.0.0/10", "100.127.0.1"));
	assert_false(contains("100.64.0.0/10", "100.128.0.1"));
	assert_true(contains("fc00::/7", "fdff::1"));
	assert_false(contains("fc00::/7", "fe00::1"));
	assert_true(contains("2001:db8::/33", "2001:db8:7fff::"));
	assert_false(contains("2001:db8::/33", "2001:db8:8000::"));
}

static void a_bare_address_is_a_prefix_of_one(void **state)
{
	(void)state;
	assert_true(contains("192.0.2.7", "192.0.2.7"));
	assert_false(contains("192.0.2.7", "192.0.2.6"));
	assert_true(contains("2001:db8::1", "2001:db8::1"));
	assert_false(contains("2001:db8::1", "2001:db8::"));
}

static void a_prefix_of_no_bits_holds_its_family(void **state)
{
	(void)state;
	assert_true(contains("0.0.0.0/0", "203.0.113.9"));
	assert_false(contains("0.0.0.0/0", "2001:db8::1"));
	assert_true(contains("::/0", "2001:db8::1"));
}

static void a_mapped_prefix_keeps_its_own_length(void **state)
{
	struct prefix p;
	char buf[PREFIX_STRLEN];

	(void)state;
	assert_int_equal(prefix_parse("::ffff:10.0.0.0/104", &p), 0);
	assert_int_equal(p.bits, 104);
	assert_string_equal(prefix_format(&p, buf), "10.0.0.0/8");
	assert_true(contains("::ffff:0:0/96", "203.0.113.9"));
}

static void what_is_no_prefix_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		"10.0.0.0/8 ",
		"10.0.0.0/8/8",
		"10.0.0.0/0x8",
		"10.0.0.0/99999999999999999999999",
		"10.0.0.0/255.0.0.0",
		"fd00::/129",
		"fd00::/8x",
		"10/8",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/8",
	};
	struct prefix p = {.bits = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (prefix_parse(bad[i], &p) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	assert_int_equal(p.bits, 77);
}

static void host_bits_are_refused(void **state)
{
	struct prefix p;

	(void)state;
	assert_int_equal(prefix_parse("10.0.0.1/8", &p), -EINVAL);
	assert_int_equal(prefix_parse("192.0.2.1/31", &p), -EINVAL);
	assert_int_equal(prefix_parse("fd00::1/8", &p), -EINVAL);
	assert_int_equal(prefix_parse("2001:db8::1/127", &p), -EINVAL);
	assert_int_equal(prefix_parse("0.0.0.1/0", &p), -EINVAL);
}

static void prefixes_survive_the_round_trip(void **state)
{
	static const char *const texts[] = {
		"10.0.0.0/8",	"0.0.0.0/0",
		"192.0.2.7/32", "fc00::/7",
		"::/0",		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128",
	};
	char buf[PREFIX_STRLEN];
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(prefix_parse(texts[i], &p), 0);
		assert_string_equal(prefix_format(&p, buf), texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_address_survives_the_round_trip),
		cmocka_unit_test(an_ipv6_address_survives_the_round_trip),
		cmocka_unit_test(a_mapped_address_is_the_ipv4_address),
		cmocka_unit_test(a_compatible_address_is_not_ipv4),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(loopback_is_known),
		cmocka_unit_test(local_scope_is_never_a_stranger),
		cmocka_unit_test(private_space_ends_where_the_rfcs_say),
		cmocka_unit_test(a_prefix_contains_its_first_and_last_address),
		cmocka_unit_test(a_bare_address_is_a_prefix_of_one),
		cmocka_unit_test(a_prefix_of_no_bits_holds_its_family),
		cmocka_unit_test(a_mapped_prefix_keeps_its_own_length),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(host_bits_are_refused),
		cmocka_unit_test(prefixes_survive_the_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
