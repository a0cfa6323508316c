/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies that go on: until they end, or whoever asked is gone or does not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/clients.h"
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT "{\"method\":\"org.relaywarden.Agent.Count\",\"more\":true}"

static void expect_counted(struct fixture *f, int fd, struct varlink_decoder *d, int n,
			   bool continues)
{
	json_t *reply = hear(f, fd, d);

	assert_non_null(reply);
	assert_int_equal(get_n(reply), n);
	assert_int_equal(json_is_true(json_object_get(reply, "continues")), continues);
	json_decref(reply);
}

static void a_stream_goes_on_until_its_last_reply(void **state)
{
	struct fixture *f = *state;
	struct varlink_decoder d;
	int fd;

	start(f, 0);
	fd = dial(f);
	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	say_text(f, fd, COUNT);
	say_echo(f, fd, 77); /* waits for the end of the stream */
	expect_counted(f, fd, &d, 1, true);
	for (int n = 2; n < 6; n++) {
		assert_int_equal(
			ctl_stream_send_take(f->stream, json_pack("{s:i}", "n", n)), 0);
		expect_counted(f, fd, &d, n, true);
	}
	assert_int_equal(f->calls, 0);
	assert_int_equal(ctl_stream_end_take(f->stream, json_pack("{s:i}", "n", 9)), 0);
	expect_counted(f, fd, &d, 9, false);
	expect_counted(f, fd, &d, 77, false);
	assert_int_equal(f->gone, 0);
	varlink_decoder_done(&d);
	close(fd);
}

static void a_stream_has_no_time_out_while_its_client_reads(void **state)
{
	struct fixture *f = *state;
	struct varlink_decoder d;
	int fd, idle;

	start(f, 50 * MILLISECOND);
	fd = dial(f);
	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	say_text(f, fd, COUNT);
	expect_counted(f, fd, &d, 1, true);
	idle = dial(f); /* is dropped meanwhile */
	expect_hangup(f, idle);
	close(idle);
	assert_int_equal(ctl_stream_send_take(f->stream, json_pack("{s:i}", "n", 2)),
			 0);
	expect_counted(f, fd, &d, 2, true);
	varlink_decoder_done(&d);
	close(fd);
}

static void whoever_hangs_up_ends_his_stream(void **state)
{
	struct fixture *f = *state;
	struct varlink_decoder d;
	int fd;

	start(f, 0);
	fd = dial(f);
	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	say_text(f, fd, COUNT);
	expect_counted(f, fd, &d, 1, true);
	close(fd);
	while (!f->gone)
		turn(f);
	assert_null(f->stream);
	assert_int_equal(ctl_server_stats(f->server)->clients, 0);
	varlink_decoder_done(&d);
}

static void a_stream_nobody_reads_is_bounded_and_dropped(void **state)
{
	struct fixture *f = *state;
	char *text = calloc(1, 65536);
	size_t sent = 0;
	int fd, r = 0;

	start(f, 0);
	fd = dial(f);
	memset(text, 'x', 65535);
	say_text(f, fd, COUNT);
	while (!f->stream)
		turn(f);
	while (r == 0) {
		r = ctl_stream_send_take(f->stream, json_pack("{s:s}", "text", text));
		sent += r == 0 ? 65536 : 0;
		assert_true(sent < 2 * CTL_STREAM_BACKLOG_MAX);
	}
	assert_int_equal(r, -ENOBUFS);
	assert_true(sent > CTL_STREAM_BACKLOG_MAX / 2);
	while (ctl_server_stats(f->server)->clients)
		turn(f);
	/* The method was told by the error, and is not told again. */
	assert_int_equal(f->gone, 0);
	free(text);
	close(fd);
}

static void a_stream_that_waits_too_long_for_its_reader_is_dropped(void **state)
{
	struct fixture *f = *state;
	char *text = calloc(1, 4 * 1024 * 1024);
	int fd;

	start(f, 50 * MILLISECOND);
	fd = dial(f);
	memset(text, 'x', 4 * 1024 * 1024 - 1);
	say_text(f, fd, COUNT);
	while (!f->stream)
		turn(f);
	assert_int_equal(
		ctl_stream_send_take(f->stream, json_pack("{s:s}", "text", text)), 0);
	while (!f->gone)
		turn(f);
	assert_int_equal(ctl_server_stats(f->server)->timeouts, 1);
	free(text);
	close(fd);
}

static void a_stream_needs_more_and_may_be_refused(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f, 0);
	fd = dial(f);
	say_text(f, fd, "{\"method\":\"org.relaywarden.Agent.Count\"}");
	expect_reply_error(f, fd, CTL_ERROR_EXPECTED_MORE);
	say_text(f, fd,
		 "{\"method\":\"org.relaywarden.Agent.Count\",\"more\":true,"
		 "\"parameters\":{\"refuse\":true}}");
	expect_reply_error(f, fd, CTL_ERROR_BUSY);
	say_echo(f, fd, 5);
	expect_echo(f, fd, 5);
	close(fd);
}

static void a_server_that_ends_tells_its_streams(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f, 0);
	fd = dial(f);
	say_text(f, fd, COUNT);
	while (!f->stream)
		turn(f);
	ctl_server_free(f->server);
	f->server = NULL;
	assert_int_equal(f->gone, 1);
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_stream_goes_on_until_its_last_reply),
		CASE(a_stream_has_no_time_out_while_its_client_reads),
		CASE(whoever_hangs_up_ends_his_stream),
		CASE(a_stream_nobody_reads_is_bounded_and_dropped),
		CASE(a_stream_that_waits_too_long_for_its_reader_is_dropped),
		CASE(a_stream_needs_more_and_may_be_refused),
		CASE(a_server_that_ends_tells_its_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
