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

static void several_are_taken_each_by_its_type(void **state)
{
	static const struct {
		const char *parameters, *wrong, *app;
		int64_t since;
	} cases[] = {
		{"{}", NULL, "none", 7},
		{"{\"app\": \"n2n\", \"since\": 60}", NULL, "n2n", 60},
		{"{\"app\": null, \"since\": null}", NULL, "none", 7},
		{"{\"since\": 9000000000000}", NULL, "none", INT64_C(9000000000000)},
		{"{\"app\": 5}", "app", "none", 7},
		{"{\"since\": \"60\"}", "since", "none", 7},
		{"{\"since\": -1}", "since", "none", 7},
		{"{\"since\": 1.5}", "since", "none", 7},
		{"{\"apps\": \"n2n\"}", "apps", "none", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *parameters = json_loads(cases[i].parameters, 0, NULL);
		const char *app = "none", *wrong;
		int64_t since = 7;
		const struct ctl_parameter known[] = {{"app", .text = &app},
						      {"since", .number = &since}};

		wrong = ctl_parameters_read(parameters, known, 2);
		if (cases[i].wrong)
			assert_string_equal(wrong, cases[i].wrong);
		else
			assert_null(wrong);
		assert_string_equal(app, cases[i].app);
		assert_int_equal(since, cases[i].since);
		json_decref(parameters);
	}
}

static int answer_once(void *context, const struct ctl_peer *peer,
		       const json_t *parameters, json_t **ret_reply,
		       const char **ret_error)
{
	(void)context;
	(void)peer;
	(void)parameters;
	(void)ret_error;
	*ret_reply = json_pack("{s:s}", "how", "once");
	return *ret_reply ? 0 : -1;
}

static int answer_on(void *context, const struct ctl_peer *peer,
		     const json_t *parameters, struct ctl_stream *stream,
		     json_t **ret_reply, const char **ret_error)
{
	(void)peer;
	(void)parameters;
	(void)stream;
	(void)ret_reply;
	(void)ret_error;
	*(bool *)context = true;
	return 0;
}

static void more_tells_a_stream_from_a_method_of_its_name(void **state)
{
	bool was_opened = false;
	const struct ctl_method_entry method = {INTERFACE_AGENT ".Events", false,
						answer_once};
	const struct ctl_stream_entry entry = {INTERFACE_AGENT ".Events", false,
					       answer_on};
	const struct ctl_service service = {&method, 1, &was_opened, &entry, 1};
	const struct ctl_peer peer = {.uid = 1000};
	json_t *once = json_pack("{s:s}", "method", INTERFACE_AGENT ".Events");
	json_t *more = json_pack("{s:s, s:b}", "method", INTERFACE_AGENT ".Events",
				 "more", true);
	struct ctl_stream stream = {0};
	const char *fault;
	json_t *reply;

	(void)state;
	assert_int_equal(ctl_dispatch(&service, &peer, once, &stream, &reply, &fault),
			 0);
	assert_non_null(reply);
	assert_false(stream.is_open);
	assert_false(was_opened);
	json_decref(reply);
	assert_int_equal(ctl_dispatch(&service, &peer, more, &stream, &reply, &fault),
			 0);
	assert_null(reply);
	assert_true(stream.is_open);
	assert_true(was_opened);
	json_decref(once);
	json_decref(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_whole_and_within_its_bounds),
		cmocka_unit_test(several_are_taken_each_by_its_type),
		cmocka_unit_test(more_tells_a_stream_from_a_method_of_its_name),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
