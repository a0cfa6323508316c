/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "clients.h"
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- the methods --------------------------------------------------------------- */

static int method_echo(void *context, const struct ctl_peer *peer,
		       const json_t *parameters, json_t **ret_reply,
		       const char **ret_error)
{
	struct fixture *f = context;

	(void)ret_error;
	f->calls++;
	*ret_reply = json_pack("{s:i, s:i, s:b, s:O?}", "uid", (int)peer->uid, "pid",
			       (int)peer->pid, "admin", peer->is_admin, "n",
			       json_object_get(parameters, "n"));
	return 0;
}

static int method_big(void *context, const struct ctl_peer *peer,
		      const json_t *parameters, json_t **ret_reply,
		      const char **ret_error)
{
	char *text = malloc(BIG_REPLY + 1);

	(void)context;
	(void)peer;
	(void)parameters;
	(void)ret_error;
	memset(text, 'x', BIG_REPLY);
	text[BIG_REPLY] = '\0';
	*ret_reply = json_pack("{s:s}", "text", text);
	free(text);
	return 0;
}

static int method_huge(void *context, const struct ctl_peer *peer,
		       const json_t *parameters, json_t **ret_reply,
		       const char **ret_error)
{
	json_t *list = json_array();

	for (int i = 0; i < 5; i++) {
		json_t *big;

		method_big(context, peer, parameters, &big, ret_error);
		json_array_append_new(list, big);
	}
	*ret_reply = json_pack("{s:o}", "list", list);
	return 0;
}

static const struct ctl_method_entry methods[] = {
	{INTERFACE_AGENT ".Echo", false, method_echo},
	{INTERFACE_AGENT ".Big", false, method_big},
	{INTERFACE_AGENT ".Huge", false, method_huge},
};

static void stream_gone(void *context)
{
	struct fixture *f = context;

	f->stream = NULL;
	f->gone++;
}

/* Says 1 at once; the test says more. */
static int stream_count(void *context, const struct ctl_peer *peer,
			const json_t *parameters, struct ctl_stream *stream,
			json_t **ret_reply, const char **ret_error)
{
	struct fixture *f = context;

	(void)peer;
	if (json_object_get(parameters, "refuse"))
		return ctl_fail(CTL_ERROR_BUSY, "text", "no", ret_reply, ret_error);
	f->stream = stream;
	stream->on_gone = stream_gone;
	stream->context = f;
	return ctl_stream_send_take(stream, json_pack("{s:i}", "n", 1));
}

static const struct ctl_stream_entry streams[] = {
	{INTERFACE_AGENT ".Count", false, stream_count},
	{INTERFACE_AGENT ".CountForAdmins", true, stream_count},
};

void start(struct fixture *f, uint64_t timeout)
{
	struct ctl_server_options o = {
		.path = f->path,
		.service = {.methods = methods,
			    .method_count = 3,
			    .context = f,
			    .streams = streams,
			    .stream_count = 2},
		.request_timeout = timeout,
		.reply_timeout = timeout,
		.idle_timeout = timeout,
	};

	assert_int_equal(ctl_server_new(f->event, &o, &f->server), 0);
}

int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_set_level(LOG_ERR);
	snprintf(f->directory, sizeof(f->directory), "/tmp/test-server-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->path, sizeof(f->path), "%s/run/control.sock", f->directory);
	assert_int_equal(sd_event_new(&f->event), 0);
	*state = f;
	return 0;
}

int teardown(void **state)
{
	struct fixture *f = *state;

	ctl_server_free(f->server);
	sd_event_unref(f->event);
	unlink(f->path);
	*strrchr(f->path, '/') = '\0';
	rmdir(f->path);
	rmdir(f->directory);
	free(f);
	return 0;
}

/* --- a client ------------------------------------------------------------------ */

int dial(const struct fixture *f)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(a.sun_path, f->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

void turn(struct fixture *f)
{
	int r = sd_event_run(f->event, PATIENCE);

	assert_true(r >= 0);
	if (r == 0)
		fail_msg("the server did nothing for ten seconds");
}

bool say(struct fixture *f, int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = send(fd, data, length, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			turn(f);
			continue;
		}
		if (n < 0)
			return false;
		data += n;
		length -= (size_t)n;
	}
	return true;
}

void say_text(struct fixture *f, int fd, const char *text)
{
	assert_true(say(f, fd, text, strlen(text) + 1));
}

void say_echo(struct fixture *f, int fd, int n)
{
	char text[128];

	snprintf(text, sizeof(text), ECHO, n);
	say_text(f, fd, text);
}

json_t *hear(struct fixture *f, int fd, struct varlink_decoder *d)
{
	char fault[VARLINK_FAULT_MAX];
	json_t *message;

	while (varlink_decoder_next(d, &message, fault, sizeof(fault)) == 0) {
		size_t size;
		void *room;
		ssize_t n;

		assert_int_equal(varlink_decoder_reserve(d, &room, &size), 0);
		n = recv(fd, room, size, 0);
		if (n < 0 && errno == EAGAIN) {
			turn(f);
			continue;
		}
		if (n <= 0)
			return NULL;
		varlink_decoder_add(d, (size_t)n);
	}
	return message;
}

void expect_hangup(struct fixture *f, int fd)
{
	struct varlink_decoder d;

	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	assert_null(hear(f, fd, &d));
	varlink_decoder_done(&d);
}

void expect_reply_error(struct fixture *f, int fd, const char *error)
{
	struct varlink_decoder d;
	json_t *reply;

	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	reply = hear(f, fd, &d);
	assert_non_null(reply);
	assert_string_equal(json_string_value(json_object_get(reply, "error")), error);
	json_decref(reply);
	varlink_decoder_done(&d);
}

int get_n(json_t *reply)
{
	json_t *p = json_object_get(reply, "parameters");

	return (int)json_integer_value(json_object_get(p, "n"));
}

void expect_echo(struct fixture *f, int fd, int n)
{
	struct varlink_decoder d;
	json_t *reply;

	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	reply = hear(f, fd, &d);
	assert_non_null(reply);
	assert_int_equal(get_n(reply), n);
	json_decref(reply);
	varlink_decoder_done(&d);
}
