/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/policies.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *text, const char *const *probes)
{
	struct policy *p = policies_parse(text);
	char shown[PROBE_STRLEN];
	size_t count = 0;

	while (probes[count])
		count++;
	assert_int_equal(p->probe_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(probe_describe(&p->probes[i], shown), probes[i]);
	policy_free(p);
}

static void route_and_dns_are_probed_unless_policy_says_otherwise(void **state)
{
	static const char *const built_in[] = {"route to 192.0.2.1",
					       "route to 2001:db8::1", "dns .", NULL};
	static const char *const none[] = {NULL};
	static const char *const some[] = {"route to 198.51.100.1", "dns example.org",
					   "dns example.net",	    "tcp 192.0.2.7:443",
					   "tcp [2001:db8::2]:22",  NULL};

	(void)state;
	expect("", built_in);
	expect("[probe]\n", built_in);
	expect("[probe]\nroute = auto\ndns = auto\ntcp = none\n", built_in);
	expect("[probe]\nroute = none\ndns = none\n", none);
	expect("[probe]\nroute = 198.51.100.1\ndns = example.org, example.net\n"
	       "tcp = 192.0.2.7:443, [2001:db8::2]:22\n",
	       some);
}

static void a_later_layer_replaces_a_list(void **state)
{
	struct policy *p = policies_parse_layers("[probe]\ntcp = 192.0.2.7:443\n",
						 "[probe]\ntcp = none\n");

	(void)state;
	assert_int_equal(p->probe_count, 3);
	policies_assert_setting(p, "probe", "tcp", "none", "second.ini", 2);
	policies_assert_setting(p, "probe", "dns", "auto", NULL, 0);
	policy_free(p);
}

static void what_can_not_be_probed_is_refused(void **state)
{
	(void)state;
	policies_assert_begins(policies_error_of("[probe]\nroute = example.org\n"),
			       "bad.ini:2: route: 'example.org' is not an address; "
			       "expected e.g. 192.0.2.1, auto or none");
	policies_assert_begins(policies_error_of("[probe]\ndns = two words\n"),
			       "bad.ini:2: dns: 'two words' is not a name");
	policies_assert_begins(policies_error_of("[probe]\ntcp = example.org:443\n"),
			       "bad.ini:2: tcp: 'example.org:443' is not an address "
			       "and a port; expected e.g. 192.0.2.1:443");
	policies_assert_begins(policies_error_of("[probe]\ntcp = auto\n"),
			       "bad.ini:2: tcp: 'auto' is not an address");
	policies_assert_begins(policies_error_of("[probe]\ndns = a,b,c,d,e,f,g,h,i\n"),
			       "bad.ini:2: dns: more than 8 probes");
	policies_assert_mentions(policies_error_of("[probe]\npind = x\n"),
				 "unknown key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(route_and_dns_are_probed_unless_policy_says_otherwise),
		cmocka_unit_test(a_later_layer_replaces_a_list),
		cmocka_unit_test(what_can_not_be_probed_is_refused),
	};

	return cmocka_run_group_tests_name("policy_ini_probe", tests, NULL, NULL);
}
