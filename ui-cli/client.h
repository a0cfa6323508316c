/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call to the agent over its control socket.
 */
#ifndef UI_CLI_CLIENT_H
#define UI_CLI_CLIENT_H

#include "command.h"
#include "ctl/interface.h"
#include "ctl/varlink.h"

#define CLIENT_SOCKET_DEFAULT "/run/relaywarden/control.sock"

/*
 * Calls INTERFACE_AGENT.`method` with `app` as its parameter (NULL: none). EXIT_OK with
 * the parameters of the reply, a new reference; otherwise what went wrong has been said
 * on stderr, with a next step.
 */
enum exit_code client_call(const struct context *c, const char *method, const char *app,
			   json_t **ret_reply);

/* The same with any parameters, of which it takes the reference. */
enum exit_code client_call_with(const struct context *c, const char *method,
				json_t *parameters, json_t **ret_reply);

typedef enum exit_code client_on_reply(void *context, const json_t *reply);

/* A call that goes on. */
struct client_stream {
	const char *method;
	json_t *parameters; /* its reference is taken; or NULL */
	uint64_t seconds;   /* it ends after so many, 0: never */
	bool may_be_silent; /* for any time; else it fails as any call does */
	client_on_reply *on_reply;
	void *context;
};

/*
 * Calls it with "more" and hands each reply to `on_reply` until the last one, until
 * that returns something else than EXIT_OK, or until Ctrl-C or `seconds` have passed.
 * EXIT_OK, with *ret_is_last telling whether the agent ended it; otherwise what went
 * wrong has been said.
 */
enum exit_code client_stream(const struct context *c, const struct client_stream *call,
			     bool *ret_is_last);

/* What an error of the interface means, on stderr. */
enum exit_code client_explain_error(const char *error, const json_t *parameters);

/* client_call() without a word, for completion. */
enum exit_code client_call_silent(const struct context *c, const char *method,
				  json_t **ret_reply);

/* --- the wire, for programs with a loop of their own -------------------------------
 */

/* A descriptor or -errno. What the agent keeps waiting for 10 s fails. */
int client_dial(const char *path);
/* `method` with its interface; `parameters` may be NULL and stay the caller's. 0 or
 * -errno. */
int client_send(int fd, const char *method, json_t *parameters, bool is_more);
/* More bytes. 0 or -errno; -EPIPE when the agent hung up. */
int client_receive_some(int fd, struct varlink_decoder *d);

#endif
