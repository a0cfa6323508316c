/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"
#include "clock.h"
#include "ctl/dispatch.h"
#include "fields.h"
#include "progress.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The agent answers at once or not at all. */
#define CLIENT_TIMEOUT_SECONDS 10
#define WAIT_SILENT_MS 2000

/* --- the wire ------------------------------------------------------------------ */

static unsigned int patience_of(const struct context *c)
{
	return c->patience ? c->patience : CLIENT_TIMEOUT_SECONDS;
}

/* A descriptor or -errno. */
static int dial(const char *path, unsigned int patience)
{
	const struct timeval timeout = {.tv_sec = patience};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int client_dial(const char *path)
{
	return dial(path, CLIENT_TIMEOUT_SECONDS);
}

/* All of it, NUL included. */
static int send_all(int fd, const char *data, size_t size)
{
	size_t sent = 0;

	while (sent < size) {
		ssize_t n = send(fd, data + sent, size - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EPIPE)
			break; /* refused: the reply says why */
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int client_send(int fd, const char *method, json_t *parameters, bool is_more)
{
	json_t *request;
	size_t size;
	char *data;
	int r;

	json_incref(parameters);
	request = is_more ? varlink_request_more_take(method, parameters)
			  : varlink_request_take(method, parameters);
	if (!request)
		return -ENOMEM;
	r = varlink_encode(request, VARLINK_REQUEST_MAX, &data, &size);
	json_decref(request);
	if (r < 0)
		return r;
	r = send_all(fd, data, size);
	free(data);
	return r;
}

int client_receive_some(int fd, struct varlink_decoder *d)
{
	size_t size;
	void *room;
	ssize_t n;
	int r = varlink_decoder_reserve(d, &room, &size);

	if (r < 0)
		return r;
	n = recv(fd, room, size, 0);
	if (n == 0)
		return -EPIPE;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	varlink_decoder_add(d, (size_t)n);
	return 0;
}

/* 0 with a message, or -errno. */
static int receive(int fd, json_t **ret_message)
{
	char fault[VARLINK_FAULT_MAX];
	struct varlink_decoder d;
	int r;

	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	while ((r = varlink_decoder_next(&d, ret_message, fault, sizeof(fault))) == 0) {
		r = client_receive_some(fd, &d);
		if (r < 0)
			break;
	}
	varlink_decoder_done(&d);
	return r < 0 ? r : 0;
}

/* Who waits at a terminal for longer than that is told what for. */
static void wait_for_reply(const struct context *c, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct progress progress;

	progress_begin(&progress, c, 0);
	if (progress.is_shown && poll(&p, 1, WAIT_SILENT_MS) == 0) {
		progress_show(&progress, "waiting for the agent on %s", c->socket);
		poll(&p, 1, (int)patience_of(c) * 1000 - WAIT_SILENT_MS);
	}
	progress_end(&progress);
}

/* 0 with the whole reply, or -errno; `ret_connected` tells where it went wrong. */
static int exchange(const struct context *c, const char *method, json_t *parameters,
		    bool *ret_connected, json_t **ret_message)
{
	int fd = dial(c->socket, patience_of(c));
	int r;

	*ret_connected = fd >= 0;
	if (fd < 0)
		return fd;
	r = client_send(fd, method, parameters, false);
	if (r == 0) {
		wait_for_reply(c, fd);
		r = receive(fd, ret_message);
	}
	close(fd);
	return r;
}

/* --- what can go wrong, for people --------------------------------------------- */

static enum exit_code explain_connect(const char *path, int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		return complain(EXIT_UNREACHABLE,
				"no agent answers on %s; is it running? "
				"Try: systemctl status relaywarden",
				path);
	case -EACCES:
	case -EPERM:
		return complain(EXIT_NOT_PERMITTED,
				"%s: permission denied; try with sudo", path);
	default:
		return complain(EXIT_UNREACHABLE, "%s: %s", path, strerror(-error));
	}
}

static enum exit_code explain_exchange(const struct context *c, int error)
{
	const char *path = c->socket;

	switch (error) {
	case -EAGAIN:
		return complain(EXIT_UNREACHABLE,
				"the agent on %s has not answered for %u seconds; see "
				"its log: journalctl -u relaywarden",
				path, patience_of(c));
	case -EPIPE:
	case -ECONNRESET:
		return complain(EXIT_UNREACHABLE,
				"the agent on %s hung up; see its log: journalctl -u "
				"relaywarden",
				path);
	case -EBADMSG:
	case -EMSGSIZE:
		return complain(EXIT_FAILED, "what answers on %s is no relaywardend",
				path);
	default:
		return complain(EXIT_FAILED, "%s: %s", path, strerror(-error));
	}
}

static enum exit_code explain_ambiguous(const json_t *p)
{
	const json_t *matches = json_object_get(p, "matches");

	complain(EXIT_FAILED, "several applications are called '%s'; name one of:",
		 field_text(p, "app"));
	for (size_t i = 0; i < json_array_size(matches); i++)
		complain(EXIT_FAILED, "  %s",
			 json_string_value(json_array_get(matches, i)));
	return EXIT_FAILED;
}

static enum exit_code explain_unknown_app(const json_t *p)
{
	if (*field_text(p, "nearest"))
		return complain(EXIT_FAILED,
				"no application '%s'; did you mean '%s'? All of them: "
				"agentctl apps",
				field_text(p, "app"), field_text(p, "nearest"));
	return complain(EXIT_FAILED, "no application '%s'. All of them: agentctl apps",
			field_text(p, "app"));
}

static enum exit_code explain_invalid_policy(const json_t *p)
{
	struct policy_error e = {.line = (unsigned int)field_int(p, "line")};

	snprintf(e.file, sizeof(e.file), "%s", field_text(p, "file"));
	snprintf(e.key, sizeof(e.key), "%s", field_text(p, "key"));
	snprintf(e.text, sizeof(e.text), "%s", field_text(p, "text"));
	complain_policy(&e);
	return complain(EXIT_POLICY_INVALID, "the policy in force stays as it was");
}

enum exit_code client_explain_error(const char *error, const json_t *p)
{
	if (strcmp(error, CTL_ERROR_NO_SUCH_APP) == 0)
		return explain_unknown_app(p);
	if (strcmp(error, CTL_ERROR_AMBIGUOUS) == 0)
		return explain_ambiguous(p);
	if (strcmp(error, CTL_ERROR_POLICY_INVALID) == 0)
		return explain_invalid_policy(p);
	if (strcmp(error, CTL_ERROR_NOT_PERMITTED) == 0)
		return complain(EXIT_NOT_PERMITTED, "this needs %s; try with sudo",
				field_text(p, "need"));
	if (strcmp(error, INTERFACE_SERVICE ".MethodNotFound") == 0 ||
	    strcmp(error, INTERFACE_SERVICE ".InterfaceNotFound") == 0)
		return complain(EXIT_FAILED, "the agent is of another version than "
					     "agentctl and does not know this; restart "
					     "it: systemctl restart relaywarden");
	if (*field_text(p, "text"))
		return complain(EXIT_FAILED, "the agent says: %s",
				field_text(p, "text"));
	return complain(EXIT_FAILED, "the agent says: %s", error);
}

/* --- calls --------------------------------------------------------------------- */

static enum exit_code take_reply(const struct context *c, const json_t *message,
				 json_t **ret_reply)
{
	struct varlink_reply reply;
	const char *fault;

	if (varlink_reply_parse(message, &reply, &fault) < 0)
		return explain_exchange(c, -EBADMSG);
	if (reply.error)
		return client_explain_error(reply.error, reply.parameters);
	if (!reply.parameters)
		return explain_exchange(c, -EBADMSG);
	*ret_reply = json_incref(reply.parameters);
	return EXIT_OK;
}

enum exit_code client_call(const struct context *c, const char *method, const char *app,
			   json_t **ret_reply)
{
	json_t *parameters = app ? json_pack("{s:s}", "app", app) : NULL;

	if (app && !parameters)
		return complain(EXIT_USAGE, "the application's name is not UTF-8 text");
	return client_call_with(c, method, parameters, ret_reply);
}

enum exit_code client_call_with(const struct context *c, const char *method,
				json_t *parameters, json_t **ret_reply)
{
	char name[VARLINK_METHOD_MAX + 1];
	enum exit_code code;
	json_t *message;
	bool connected;
	int r;

	snprintf(name, sizeof(name), "%s.%s", INTERFACE_AGENT, method);
	r = exchange(c, name, parameters, &connected, &message);
	json_decref(parameters);
	if (r < 0)
		return connected ? explain_exchange(c, r)
				 : explain_connect(c->socket, r);
	code = take_reply(c, message, ret_reply);
	json_decref(message);
	return code;
}

enum exit_code client_call_silent(const struct context *c, const char *method,
				  json_t **ret_reply)
{
	char name[VARLINK_METHOD_MAX + 1];
	json_t *message, *parameters;
	bool connected;

	snprintf(name, sizeof(name), "%s.%s", INTERFACE_AGENT, method);
	if (exchange(c, name, NULL, &connected, &message) < 0)
		return EXIT_UNREACHABLE;
	parameters = json_incref(json_object_get(message, "parameters"));
	json_decref(message);
	if (!parameters)
		return EXIT_FAILED;
	*ret_reply = parameters;
	return EXIT_OK;
}

/* --- calls that go on ------------------------------------------------------------ */

/* A volatile flag is all a handler may touch; it is read where signals are let in. */
static volatile sig_atomic_t was_interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	was_interrupted = 1;
}

/* SIGINT and SIGTERM from now on only while waiting. */
static void hold_signals(sigset_t *ret_before)
{
	struct sigaction action = {.sa_handler = on_interrupt};
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigprocmask(SIG_BLOCK, &held, ret_before);
}

/* How long to wait: until `end` (0: it never comes), as long as the agent may be
 * silent. False: `end` has come. */
static bool next_timeout(double end, bool may_be_silent, struct timespec *ret_timeout,
			 bool *ret_has_end)
{
	double left = end - clock_seconds(), patience = CLIENT_TIMEOUT_SECONDS;

	*ret_has_end = end > 0 && (may_be_silent || left < patience);
	if (end > 0 && left <= 0)
		return false;
	if (*ret_has_end)
		patience = left;
	ret_timeout->tv_sec = (time_t)patience;
	ret_timeout->tv_nsec = (long)((patience - (double)ret_timeout->tv_sec) * 1e9);
	return true;
}

/* 1 when there is something to read, 0 when it is time to stop, or -errno. */
static int wait_readable(int fd, double end, bool may_be_silent,
			 const sigset_t *signals)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct timespec timeout;
	bool has_end;
	int r;

	if (!next_timeout(end, may_be_silent, &timeout, &has_end))
		return 0;
	r = ppoll(&p, 1, may_be_silent && !has_end ? NULL : &timeout, signals);
	if (was_interrupted)
		return 0;
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r == 0)
		return has_end ? 0 : -EAGAIN;
	return 1;
}

/* What is common to one stream. */
struct stream {
	const struct context *c;
	const struct client_stream *call;
	bool is_last;
};

static enum exit_code take_stream_reply(struct stream *s, const json_t *message)
{
	struct varlink_reply reply;
	enum exit_code code;
	const char *fault;
	json_t *parameters;

	code = take_reply(s->c, message, &parameters);
	if (code != EXIT_OK)
		return code;
	varlink_reply_parse(message, &reply, &fault);
	s->is_last = !reply.is_continued;
	code = s->call->on_reply(s->call->context, parameters);
	json_decref(parameters);
	return code;
}

/* Until there is nothing more to take or to wait for. */
static enum exit_code read_stream(struct stream *s, int fd, double end,
				  const sigset_t *signals)
{
	enum exit_code code = EXIT_OK;
	char fault[VARLINK_FAULT_MAX];
	struct varlink_decoder d;
	json_t *message;
	int r = 1;

	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	while (r > 0 && code == EXIT_OK && !s->is_last) {
		r = varlink_decoder_next(&d, &message, fault, sizeof(fault));
		if (r == 1) {
			code = take_stream_reply(s, message);
			json_decref(message);
			continue;
		}
		if (r == 0)
			r = wait_readable(fd, end, s->call->may_be_silent, signals);
		if (r > 0) {
			r = client_receive_some(fd, &d);
			r = r < 0 ? r : 1;
		}
	}
	varlink_decoder_done(&d);
	return r < 0 && code == EXIT_OK ? explain_exchange(s->c, r) : code;
}

enum exit_code client_stream(const struct context *c, const struct client_stream *call,
			     bool *ret_is_last)
{
	double end = call->seconds ? clock_seconds() + (double)call->seconds : 0;
	struct stream s = {c, call, false};
	char name[VARLINK_METHOD_MAX + 1];
	enum exit_code code;
	sigset_t signals;
	int fd = dial(c->socket, patience_of(c)), r;

	if (fd < 0) {
		json_decref(call->parameters);
		return explain_connect(c->socket, fd);
	}
	hold_signals(&signals);
	snprintf(name, sizeof(name), "%s.%s", INTERFACE_AGENT, call->method);
	r = client_send(fd, name, call->parameters, true);
	json_decref(call->parameters);
	code = r < 0 ? explain_exchange(c, r) : read_stream(&s, fd, end, &signals);
	close(fd);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	*ret_is_last = s.is_last;
	return code;
}
