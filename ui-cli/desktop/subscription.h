/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's events as they happen: a call of Events that goes on, in the caller's
 * event loop. When the agent is not there or hangs up, it is called again, after a
 * second at first and a minute at last; what happened meanwhile is not told, so look
 * anew whenever it opens.
 */
#ifndef UI_CLI_DESKTOP_SUBSCRIPTION_H
#define UI_CLI_DESKTOP_SUBSCRIPTION_H

#include <jansson.h>
#include <systemd/sd-event.h>

struct subscription_handlers {
	void (*on_open)(void *context); /* from now on events are told; or NULL */
	void (*on_event)(void *context, const json_t *event); /* as Events has it */
};

struct subscription;

/* Opens it in the loop, at once. `handlers` are borrowed. 0 or -errno. */
int subscription_new(sd_event *event, const char *socket,
		     const struct subscription_handlers *handlers, void *context,
		     struct subscription **ret_subscription);
void subscription_free(struct subscription *s);

#endif
