/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a method may be called with. The dispatching itself: test_server.c. */
#include "ctl/dispatch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_number_is_whole_and_within_its_bounds(void **state)
{
	static const struct {
		const char *parameters, *wrong;
		uint64_t value;
	} cases[] = {
		{"{}", NULL, 7},
		{"{\"seconds\": null}", NULL, 7},
		{"{\"seconds\": 0}", NULL, 0},
		{"{\"seconds\": 60}", NULL, 60},
		{"{\"seconds\": 61}", "seconds", 7},
		{"{\"seconds\": -1}", "seconds", 7},
		{"{\"seconds\": 1.5}", "seconds", 7},
		{"{\"seconds\": \"10\"}", "seconds", 7},
		{"{\"second\": 10}", "second", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *parameters = json_loads(cases[i].parameters, 0, NULL);
		uint64_t value = 7;
		const char *wrong =
			ctl_parameters_number(parameters, "seconds", 60, &value);

		if (cases[i].wrong)
			assert_string_equal(wrong, cases[i].wrong);
		else
			assert_null(wrong);
		assert_int_equal(value, cases[i].value);
		json_decref(parameters);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_whole_and_within_its_bounds),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
