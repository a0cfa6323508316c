/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/reports.h"
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct report_listener list[] = {
	{IPPROTO_TCP, 22, 0},	/* nobody's */
	{IPPROTO_TCP, 7654, 1}, /* anna's */
	{IPPROTO_UDP, 8000, 3}, /* bert's */
};
static const struct report_listeners listeners = {true, list, 3};
static const struct report_firewall firewall[2] = {
	{REPORT_FIREWALL_REFUSES, "inet filter input"}, {REPORT_FIREWALL_OPEN, ""}};

static json_t *ask_as(struct report_fixture *f, const struct ctl_peer *peer)
{
	const char *error = NULL;
	json_t *reply = NULL;

	assert_int_equal(report_eligibility(&f->in, peer, &listeners, firewall, NULL,
					    &reply, &error),
			 0);
	assert_null(error);
	return reply;
}

static void each_sees_his_own_listeners(void **state)
{
	json_t *reply = ask_as(*state, &anna);
	const json_t *all = json_object_get(reply, "listeners");

	assert_false(json_is_true(json_object_get(reply, "sees_all")));
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(text_of(json_array_get(all, 0), "application"),
			    "supernode");
	assert_int_equal(int_of(json_array_get(all, 0), "port"), 7654);
	assert_string_equal(text_of(json_array_get(all, 0), "protocol"), "tcp");
	json_decref(reply);
}

static void an_admin_sees_all_and_those_that_are_nobodys(void **state)
{
	json_t *reply = ask_as(*state, &admin);
	const json_t *all = json_object_get(reply, "listeners");

	assert_true(json_is_true(json_object_get(reply, "sees_all")));
	assert_int_equal(json_array_size(all), 3);
	assert_string_equal(text_of(json_array_get(all, 0), "application"), "");
	assert_int_equal(int_of(json_array_get(all, 0), "uid"), -1);
	assert_string_equal(text_of(json_array_get(all, 2), "protocol"), "udp");
	assert_int_equal(int_of(json_array_get(all, 2), "uid"), 1001);
	json_decref(reply);
}

static void each_family_has_its_firewall(void **state)
{
	json_t *reply = ask_as(*state, &anna);
	const json_t *f = json_object_get(reply, "firewall");

	assert_string_equal(text_of(json_object_get(f, "ipv4"), "state"), "refuses");
	assert_string_equal(text_of(json_object_get(f, "ipv4"), "chain"),
			    "inet filter input");
	assert_string_equal(text_of(json_object_get(f, "ipv6"), "state"), "open");
	json_decref(reply);
}

static void a_parameter_is_refused(void **state)
{
	struct report_fixture *f = *state;
	json_t *parameters = json_pack("{s:i}", "port", 1), *reply = NULL;
	const char *error = NULL;

	assert_int_equal(report_eligibility(&f->in, &anna, &listeners, firewall,
					    parameters, &reply, &error),
			 0);
	assert_non_null(error);
	json_decref(reply);
	json_decref(parameters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_sees_his_own_listeners,
						report_setup, report_teardown),
		cmocka_unit_test_setup_teardown(
			an_admin_sees_all_and_those_that_are_nobodys, report_setup,
			report_teardown),
		cmocka_unit_test_setup_teardown(each_family_has_its_firewall,
						report_setup, report_teardown),
		cmocka_unit_test_setup_teardown(a_parameter_is_refused, report_setup,
						report_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
