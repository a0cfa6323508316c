/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/dispatch.h"
#include "ctl/varlink.h"
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Feeds as much as fits; what reserve said when it did not. */
static int feed(struct varlink_decoder *d, const char *data, size_t length)
{
	while (length > 0) {
		size_t size;
		void *room;
		int r = varlink_decoder_reserve(d, &room, &size);

		if (r < 0)
			return r;
		if (size > length)
			size = length;
		memcpy(room, data, size);
		varlink_decoder_add(d, size);
		data += size;
		length -= size;
	}
	return 0;
}

static int next(struct varlink_decoder *d, json_t **ret_message)
{
	char fault[VARLINK_FAULT_MAX];

	return varlink_decoder_next(d, ret_message, fault, sizeof(fault));
}

static void expect_method(struct varlink_decoder *d, const char *method)
{
	struct varlink_request q;
	const char *fault;
	json_t *message;

	assert_int_equal(next(d, &message), 1);
	assert_int_equal(varlink_request_parse(message, &q, &fault), 0);
	assert_string_equal(q.method, method);
	json_decref(message);
}

static void a_message_may_come_byte_by_byte(void **state)
{
	static const char wire[] = "{\"method\":\"a.b.C\"}";
	struct varlink_decoder d;
	json_t *message;

	(void)state;
	varlink_decoder_init(&d, VARLINK_REQUEST_MAX);
	for (size_t i = 0; i < sizeof(wire); i++) {
		assert_int_equal(next(&d, &message), 0);
		assert_int_equal(varlink_decoder_is_partial(&d), i > 0);
		assert_int_equal(feed(&d, wire + i, 1), 0);
	}
	expect_method(&d, "a.b.C");
	assert_false(varlink_decoder_is_partial(&d));
	varlink_decoder_done(&d);
}

static void several_messages_in_one_read_come_in_order(void **state)
{
	static const char wire[] =
		"{\"method\":\"a.One\"}\0{\"method\":\"a.Two\"}\0{\"meth";
	struct varlink_decoder d;
	json_t *message;

	(void)state;
	varlink_decoder_init(&d, VARLINK_REQUEST_MAX);
	assert_int_equal(feed(&d, wire, sizeof(wire) - 1), 0);
	expect_method(&d, "a.One");
	assert_true(varlink_decoder_has_message(&d));
	expect_method(&d, "a.Two");
	assert_int_equal(next(&d, &message), 0);
	assert_true(varlink_decoder_is_partial(&d));
	varlink_decoder_done(&d);
}

/* {"method":"x.Y","parameters":{"a":"zzz..."}} of exactly `size` bytes with its NUL. */
static char *make_message(size_t size)
{
	static const char head[] = "{\"method\":\"x.Y\",\"parameters\":{\"a\":\"";
	static const char tail[] = "\"}}";
	char *text = malloc(size);

	assert_non_null(text);
	memset(text, 'z', size);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + size - sizeof(tail), tail, sizeof(tail));
	return text;
}

static void a_message_of_the_very_bound_is_taken(void **state)
{
	char *text = make_message(VARLINK_REQUEST_MAX);
	struct varlink_decoder d;
	size_t size;
	void *room;

	(void)state;
	varlink_decoder_init(&d, VARLINK_REQUEST_MAX);
	assert_int_equal(feed(&d, text, VARLINK_REQUEST_MAX), 0);
	assert_int_equal(varlink_decoder_reserve(&d, &room, &size), -ENOBUFS);
	expect_method(&d, "x.Y");
	varlink_decoder_done(&d);
	free(text);
}

static void one_byte_more_is_refused_before_it_is_parsed(void **state)
{
	char *text = make_message(VARLINK_REQUEST_MAX + 1);
	struct varlink_decoder d;

	(void)state;
	varlink_decoder_init(&d, VARLINK_REQUEST_MAX);
	assert_int_equal(feed(&d, text, VARLINK_REQUEST_MAX + 1), -EMSGSIZE);
	varlink_decoder_done(&d);
	free(text);
}

static void expect_bad(const char *text)
{
	struct varlink_decoder d;
	char fault[VARLINK_FAULT_MAX] = "";
	json_t *message;

	varlink_decoder_init(&d, VARLINK_REQUEST_MAX);
	assert_int_equal(feed(&d, text, strlen(text) + 1), 0);
	assert_int_equal(varlink_decoder_next(&d, &message, fault, sizeof(fault)),
			 -EBADMSG);
	assert_int_not_equal(strlen(fault), 0);
	for (const char *c = fault; *c; c++)
		assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
	/* It is out of the way of what follows. */
	assert_int_equal(feed(&d, "{\"method\":\"a.B\"}", 17), 0);
	expect_method(&d, "a.B");
	varlink_decoder_done(&d);
}

static void what_is_not_one_json_object_is_refused(void **state)
{
	(void)state;
	expect_bad("");
	expect_bad("[]");
	expect_bad("7");
	expect_bad("{\"method\":\"a.B\"} {}");
	expect_bad("{\"method\":");
	expect_bad("GET / HTTP/1.1\r\n");
}

static void text_that_is_not_utf8_is_refused_and_not_repeated(void **state)
{
	(void)state;
	expect_bad("{\"method\":\"\xff\xfe\"}");
	expect_bad("{\"method\":\"a\x1b[2J\"}");
	expect_bad("\x1b]0;title\x07");
}

static void a_key_given_twice_is_refused(void **state)
{
	(void)state;
	expect_bad("{\"method\":\"a.B\",\"method\":\"a.C\"}");
}

static void nesting_without_end_is_refused(void **state)
{
	char text[30001];

	(void)state;
	memset(text, '[', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	expect_bad(text);
}

static int parse_request(const char *text)
{
	json_t *message = json_loads(text, 0, NULL);
	struct varlink_request q;
	const char *fault = NULL;
	int r;

	assert_non_null(message);
	r = varlink_request_parse(message, &q, &fault);
	assert_int_equal(r < 0, fault != NULL);
	json_decref(message);
	return r;
}

static void a_request_has_a_method_and_nothing_of_the_wrong_type(void **state)
{
	(void)state;
	assert_int_equal(parse_request("{\"method\":\"a.B\"}"), 0);
	assert_int_equal(parse_request("{\"method\":\"a.B\",\"parameters\":null}"), 0);
	assert_int_equal(parse_request("{}"), -EBADMSG);
	assert_int_equal(parse_request("{\"method\":7}"), -EBADMSG);
	assert_int_equal(parse_request("{\"method\":\"nodot\"}"), -EBADMSG);
	assert_int_equal(parse_request("{\"method\":\".B\"}"), -EBADMSG);
	assert_int_equal(parse_request("{\"method\":\"a.\"}"), -EBADMSG);
	assert_int_equal(parse_request("{\"method\":\"a b.C\"}"), -EBADMSG);
	assert_int_equal(parse_request("{\"method\":\"a.B\",\"parameters\":[]}"),
			 -EBADMSG);
	assert_int_equal(parse_request("{\"method\":\"a.B\",\"oneway\":1}"), -EBADMSG);
	assert_int_equal(
		parse_request("{\"method\":\"a.B\",\"oneway\":true,\"more\":true}"),
		-EBADMSG);
}

static void a_reply_survives_the_wire(void **state)
{
	json_t *reply, *message;
	struct varlink_decoder d;
	struct varlink_reply p;
	const char *fault;
	size_t size;
	char *data;

	(void)state;
	reply = varlink_reply_take("a.b.Wrong", json_pack("{s:s}", "x", "ü\n"));
	assert_int_equal(varlink_encode(reply, VARLINK_REPLY_MAX, &data, &size), 0);
	json_decref(reply);
	assert_int_equal(data[size - 1], '\0');
	assert_int_equal(strlen(data), size - 1);
	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	assert_int_equal(feed(&d, data, size), 0);
	free(data);
	assert_int_equal(next(&d, &message), 1);
	assert_int_equal(varlink_reply_parse(message, &p, &fault), 0);
	assert_string_equal(p.error, "a.b.Wrong");
	assert_string_equal(json_string_value(json_object_get(p.parameters, "x")),
			    "ü\n");
	json_decref(message);
	varlink_decoder_done(&d);
}

static void a_message_above_the_bound_is_not_encoded(void **state)
{
	json_t *message = json_pack("{s:s}", "key", "12345");
	size_t size = 0;
	char *data = NULL;

	(void)state;
	/* {"key":"12345"} and NUL: 16 bytes. */
	assert_int_equal(varlink_encode(message, 15, &data, &size), -EMSGSIZE);
	assert_null(data);
	assert_int_equal(varlink_encode(message, 16, &data, &size), 0);
	assert_int_equal(size, 16);
	free(data);
	json_decref(message);
}

/* --- dispatch ------------------------------------------------------------------ */

static int method_echo(void *context, const struct ctl_peer *peer,
		       const json_t *parameters, json_t **ret_reply,
		       const char **ret_error)
{
	(void)context;
	(void)peer;
	(void)ret_error;
	*ret_reply = json_deep_copy(parameters);
	return 0;
}

static int method_break(void *context, const struct ctl_peer *peer,
			const json_t *parameters, json_t **ret_reply,
			const char **ret_error)
{
	(void)context;
	(void)peer;
	(void)parameters;
	(void)ret_reply;
	(void)ret_error;
	return -EIO;
}

static const struct ctl_method_entry methods[] = {
	{INTERFACE_AGENT ".Echo", false, method_echo},
	{INTERFACE_AGENT ".Change", true, method_echo},
	{INTERFACE_AGENT ".Break", false, method_break},
};
static const struct ctl_service service = {.methods = methods, .method_count = 3};

/* The reply's error, "" when there is none, NULL when there is no reply; the caller
 * frees the text. */
static char *ask(const struct ctl_peer *peer, const char *text)
{
	json_t *message = json_loads(text, 0, NULL);
	struct ctl_stream stream = {0};
	json_t *reply = NULL;
	const char *fault, *error;
	char *copy;

	assert_int_equal(ctl_dispatch(&service, peer, message, &stream, &reply, &fault),
			 0);
	json_decref(message);
	if (!reply)
		return NULL;
	error = json_string_value(json_object_get(reply, "error"));
	copy = strdup(error ? error : "");
	json_decref(reply);
	return copy;
}

static void expect_error(const struct ctl_peer *peer, const char *text,
			 const char *error)
{
	char *got = ask(peer, text);

	assert_non_null(got);
	assert_string_equal(got, error);
	free(got);
}

static const struct ctl_peer user = {.uid = 1000};
static const struct ctl_peer admin = {.uid = 1000, .is_admin = true};

static void an_unknown_method_and_an_unknown_interface_are_told_apart(void **state)
{
	(void)state;
	expect_error(&user, "{\"method\":\"org.relaywarden.Agent.Nope\"}",
		     "org.varlink.service.MethodNotFound");
	expect_error(&user, "{\"method\":\"org.varlink.service.Nope\"}",
		     "org.varlink.service.MethodNotFound");
	expect_error(&user, "{\"method\":\"org.example.Nope\"}",
		     "org.varlink.service.InterfaceNotFound");
	expect_error(&user, "{\"method\":\"org.relaywarden.Nope\"}",
		     "org.varlink.service.InterfaceNotFound");
}

static void a_change_needs_an_admin(void **state)
{
	(void)state;
	expect_error(&user, "{\"method\":\"org.relaywarden.Agent.Change\"}",
		     "org.relaywarden.Agent.NotPermitted");
	expect_error(&admin, "{\"method\":\"org.relaywarden.Agent.Change\"}", "");
}

static void a_method_that_fails_gives_an_error_and_not_silence(void **state)
{
	(void)state;
	expect_error(&user, "{\"method\":\"org.relaywarden.Agent.Break\"}",
		     "org.relaywarden.Agent.Failed");
}

static void a_oneway_request_gets_no_reply(void **state)
{
	(void)state;
	assert_null(ask(&user,
			"{\"method\":\"org.relaywarden.Agent.Echo\",\"oneway\":true}"));
	assert_null(
		ask(&user,
		    "{\"method\":\"org.relaywarden.Agent.Change\",\"oneway\":true}"));
}

static void an_upgrade_is_declined(void **state)
{
	(void)state;
	expect_error(&user,
		     "{\"method\":\"org.relaywarden.Agent.Echo\",\"upgrade\":true}",
		     "org.varlink.service.MethodNotImplemented");
}

static void the_service_describes_itself(void **state)
{
	json_t *message = json_pack("{s:s, s:{s:s}}", "method",
				    INTERFACE_SERVICE ".GetInterfaceDescription",
				    "parameters", "interface", INTERFACE_AGENT);
	struct ctl_stream stream = {0};
	const char *fault, *text;
	json_t *reply;

	(void)state;
	assert_int_equal(
		ctl_dispatch(&service, &user, message, &stream, &reply, &fault), 0);
	text = json_string_value(
		json_object_get(json_object_get(reply, "parameters"), "description"));
	assert_non_null(text);
	assert_non_null(strstr(text, "interface org.relaywarden.Agent\n"));
	assert_string_equal(text, interface_agent_text);
	json_decref(reply);
	json_decref(message);
	expect_error(&user, "{\"method\":\"org.varlink.service.GetInfo\"}", "");
	expect_error(&user,
		     "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}",
		     "org.varlink.service.InvalidParameter");
	expect_error(&user,
		     "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		     "\"parameters\":{\"interface\":\"x.y\"}}",
		     "org.varlink.service.InterfaceNotFound");
	expect_error(&user,
		     "{\"method\":\"org.varlink.service.GetInfo\","
		     "\"parameters\":{\"verbose\":true}}",
		     "org.varlink.service.InvalidParameter");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_may_come_byte_by_byte),
		cmocka_unit_test(several_messages_in_one_read_come_in_order),
		cmocka_unit_test(a_message_of_the_very_bound_is_taken),
		cmocka_unit_test(one_byte_more_is_refused_before_it_is_parsed),
		cmocka_unit_test(what_is_not_one_json_object_is_refused),
		cmocka_unit_test(text_that_is_not_utf8_is_refused_and_not_repeated),
		cmocka_unit_test(a_key_given_twice_is_refused),
		cmocka_unit_test(nesting_without_end_is_refused),
		cmocka_unit_test(a_request_has_a_method_and_nothing_of_the_wrong_type),
		cmocka_unit_test(a_reply_survives_the_wire),
		cmocka_unit_test(a_message_above_the_bound_is_not_encoded),
		cmocka_unit_test(
			an_unknown_method_and_an_unknown_interface_are_told_apart),
		cmocka_unit_test(a_change_needs_an_admin),
		cmocka_unit_test(a_method_that_fails_gives_an_error_and_not_silence),
		cmocka_unit_test(a_oneway_request_gets_no_reply),
		cmocka_unit_test(an_upgrade_is_declined),
		cmocka_unit_test(the_service_describes_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
