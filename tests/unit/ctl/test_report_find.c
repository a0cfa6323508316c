/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which application is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/reports.h"
#include "ctl/dispatch.h"
#include <cmocka.h>

static void expect_id(struct report_fixture *f, const struct ctl_peer *peer,
		      const char *text, json_int_t id)
{
	json_t *reply = ask(f, report_explain, peer, text, NULL);

	assert_int_equal(int_of(json_object_get(reply, "application"), "id"), id);
	json_decref(reply);
}

static void an_application_is_found_by_name_key_program_and_id(void **state)
{
	expect_id(*state, &admin, "supernode", 1);
	expect_id(*state, &admin, "exe:/usr/bin/firefox@1001", 3);
	expect_id(*state, &admin, "/usr/bin/supernode", 1);
	expect_id(*state, &admin, "2", 2);
	/* Ambiguous for an admin only. */
	expect_id(*state, &bert, "firefox", 3);
}

static void a_name_goes_before_a_number(void **state)
{
	struct report_fixture *f = *state;

	add_app(f, 9, 1000, "2");
	expect_id(f, &admin, "2", 9);
}

static void an_ambiguous_name_lists_what_would_not_be(void **state)
{
	json_t *reply =
		ask(*state, report_explain, &admin, "firefox", CTL_ERROR_AMBIGUOUS);
	const json_t *matches = json_object_get(reply, "matches");

	assert_int_equal(json_array_size(matches), 2);
	for (size_t i = 0; i < 2; i++)
		expect_id(*state, &admin, json_string_value(json_array_get(matches, i)),
			  (json_int_t)i + 2);
	json_decref(reply);
}

static void a_typing_error_gets_the_nearest_name(void **state)
{
	json_t *reply =
		ask(*state, report_peers, &anna, "supernod", CTL_ERROR_NO_SUCH_APP);

	assert_string_equal(text_of(reply, "nearest"), "supernode");
	json_decref(reply);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_application_is_found_by_name_key_program_and_id),
		CASE(a_name_goes_before_a_number),
		CASE(an_ambiguous_name_lists_what_would_not_be),
		CASE(a_typing_error_gets_the_nearest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
