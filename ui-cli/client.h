/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call to the agent over its control socket.
 */
#ifndef UI_CLI_CLIENT_H
#define UI_CLI_CLIENT_H

#include "command.h"
#include "ctl/interface.h"

#define CLIENT_SOCKET_DEFAULT "/run/relaywarden/control.sock"

/*
 * Calls INTERFACE_AGENT.`method` with `app` as its parameter (NULL: none). EXIT_OK with
 * the parameters of the reply, a new reference; otherwise what went wrong has been said
 * on stderr, with a next step.
 */
enum exit_code client_call(const struct context *c, const char *method, const char *app,
			   json_t **ret_reply);

/* The same without a word, for completion. */
enum exit_code client_call_silent(const struct context *c, const char *method,
				  json_t **ret_reply);

#endif
