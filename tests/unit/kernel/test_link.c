/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/link.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static bool is_local(const struct link *l, const char *text)
{
	struct addr a = addr_of(text);

	return link_is_local(l, &a);
}

static struct link *link_of(const char *const *texts, size_t count)
{
	struct addr addrs[8];
	struct link *l;

	assert_true(count <= sizeof(addrs) / sizeof(addrs[0]));
	for (size_t i = 0; i < count; i++)
		addrs[i] = addr_of(texts[i]);
	assert_int_equal(link_new_fixed(addrs, count, &l), 0);
	return l;
}

static void every_own_address_is_local_in_any_order(void **state)
{
	static const char *const own[] = {"192.0.2.200", "fd00::1", "10.0.0.1",
					  "2001:db8::9", "192.0.2.3"};
	struct link *l = link_of(own, 5);

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(is_local(l, own[i]));
	assert_false(is_local(l, "10.0.0.2"));
	assert_false(is_local(l, "192.0.2.4"));
	assert_false(is_local(l, "fd00::2"));
	/* The same last bytes in the other family are another address. */
	assert_false(is_local(l, "::10.0.0.1"));
	link_close(l);
}

static void loopback_is_local_without_being_listed(void **state)
{
	struct link *l = link_of(NULL, 0);

	(void)state;
	assert_true(is_local(l, "127.0.0.1"));
	assert_true(is_local(l, "127.255.1.2"));
	assert_true(is_local(l, "::1"));
	assert_false(is_local(l, "128.0.0.1"));
	assert_false(is_local(l, "::2"));
	assert_false(is_local(l, "0.0.0.0"));
	link_close(l);
}

static void private_and_link_local_addresses_are_not_public(void **state)
{
	static const char *const own[] = {"10.0.0.1",  "169.254.3.4", "100.64.0.9",
					  "127.0.0.1", "fe80::1",     "fd00::1"};
	struct link *l = link_of(own, 6);

	(void)state;
	assert_false(link_has_public_address(l));
	link_close(l);
}

static void one_public_address_of_either_family_is_enough(void **state)
{
	static const char *const v4[] = {"10.0.0.1", "198.41.0.4"};
	static const char *const v6[] = {"10.0.0.1", "2a00::1"};
	struct link *l = link_of(v4, 2);

	(void)state;
	assert_true(link_has_public_address(l));
	link_close(l);
	l = link_of(v6, 2);
	assert_true(link_has_public_address(l));
	link_close(l);
}

static void addresses_beyond_the_bound_are_not_known(void **state)
{
	static struct addr addrs[LINK_ADDRS_MAX + 1];
	struct link *l;
	char text[ADDR_STRLEN];

	(void)state;
	for (unsigned int i = 0; i <= LINK_ADDRS_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		addrs[i] = addr_of(text);
	}
	assert_int_equal(link_new_fixed(addrs, LINK_ADDRS_MAX + 1, &l), 0);
	for (unsigned int i = 0; i < LINK_ADDRS_MAX; i++)
		assert_true(link_is_local(l, &addrs[i]));
	assert_false(link_is_local(l, &addrs[LINK_ADDRS_MAX]));
	link_close(l);
}

static void a_fixed_link_has_no_uplink_and_nothing_to_handle(void **state)
{
	struct link_uplink uplink = {.name = "x", .capacity = 1};
	struct link *l = link_of(NULL, 0);

	(void)state;
	link_get_uplink(l, &uplink);
	assert_string_equal(uplink.name, "");
	assert_int_equal(uplink.capacity, 0);
	assert_int_equal(link_fd(l), -1);
	assert_int_equal(link_handle(l), 0);
	link_close(l);
	link_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_own_address_is_local_in_any_order),
		cmocka_unit_test(loopback_is_local_without_being_listed),
		cmocka_unit_test(private_and_link_local_addresses_are_not_public),
		cmocka_unit_test(one_public_address_of_either_family_is_enough),
		cmocka_unit_test(addresses_beyond_the_bound_are_not_known),
		cmocka_unit_test(a_fixed_link_has_no_uplink_and_nothing_to_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
