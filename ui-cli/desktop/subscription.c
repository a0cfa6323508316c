/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "subscription.h"
#include "ui-cli/client.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_US UINT64_C(1000000)
#define RETRY_FIRST (1 * SECOND_US)
#define RETRY_LAST (60 * SECOND_US)

struct subscription {
	sd_event *event;
	char *socket;
	const struct subscription_handlers *handlers;
	void *context;
	int fd;
	struct varlink_decoder decoder;
	sd_event_source *io, *timer;
	uint64_t retry_us; /* until the next try */
	bool was_open;	   /* since the last complaint */
};

static void hang_up(struct subscription *s)
{
	s->io = sd_event_source_disable_unref(s->io);
	if (s->fd >= 0) {
		close(s->fd);
		varlink_decoder_done(&s->decoder);
	}
	s->fd = -1;
}

/* Tries again later; says why, once. */
static void lose(struct subscription *s, const char *why)
{
	hang_up(s);
	if (s->was_open)
		complain(EXIT_UNREACHABLE,
			 "no events from the agent on %s: %s; trying again", s->socket,
			 why);
	s->was_open = false;
	sd_event_source_set_time_relative(s->timer, s->retry_us);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
	s->retry_us = 2 * s->retry_us < RETRY_LAST ? 2 * s->retry_us : RETRY_LAST;
}

static void take_events(struct subscription *s, const json_t *reply)
{
	const json_t *events = json_object_get(reply, "events");

	for (size_t i = 0; i < json_array_size(events); i++)
		s->handlers->on_event(s->context, json_array_get(events, i));
}

/* NULL, or why there will be no more. */
static const char *take_message(struct subscription *s, const json_t *message)
{
	struct varlink_reply reply;
	const char *fault;

	if (varlink_reply_parse(message, &reply, &fault) < 0)
		return fault;
	if (reply.error)
		return "it refuses to tell them; is it of this version?";
	take_events(s, reply.parameters);
	return reply.is_continued ? NULL : "it has ended";
}

static const char *take_messages(struct subscription *s)
{
	char fault[VARLINK_FAULT_MAX];
	const char *why = NULL;
	json_t *message;
	int r;

	while (!why) {
		r = varlink_decoder_next(&s->decoder, &message, fault, sizeof(fault));
		if (r == 0)
			return NULL;
		if (r < 0)
			return "what answers is no relaywardend";
		why = take_message(s, message);
		json_decref(message);
	}
	return why;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct subscription *s = context;
	const char *why = NULL;
	int r = client_receive_some(fd, &s->decoder);

	(void)source;
	(void)events;
	if (r < 0 && r != -EAGAIN)
		why = r == -EPIPE ? "it hung up" : strerror(-r);
	if (!why)
		why = take_messages(s);
	if (why)
		lose(s, why);
	else
		s->retry_us = RETRY_FIRST;
	return 0;
}

/* What happened before now was told before, or is found by looking. 0 or -errno. */
static int ask(int fd)
{
	json_t *parameters = json_pack("{s:i}", "limit", 0);
	int r;

	if (!parameters)
		return -ENOMEM;
	r = client_send(fd, INTERFACE_AGENT ".Events", parameters, true);
	json_decref(parameters);
	return r;
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
	struct subscription *s = context;
	int r = client_dial(s->socket);

	(void)source;
	(void)usec;
	if (r >= 0) {
		s->fd = r;
		varlink_decoder_init(&s->decoder, VARLINK_REPLY_MAX);
		r = ask(s->fd);
	}
	if (r >= 0)
		r = sd_event_add_io(s->event, &s->io, s->fd, EPOLLIN, on_readable, s);
	if (r < 0) {
		lose(s, strerror(-r));
		return 0;
	}
	s->was_open = true;
	if (s->handlers->on_open)
		s->handlers->on_open(s->context);
	return 0;
}

int subscription_new(sd_event *event, const char *socket,
		     const struct subscription_handlers *handlers, void *context,
		     struct subscription **ret_subscription)
{
	struct subscription *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->event = sd_event_ref(event);
	s->handlers = handlers;
	s->context = context;
	s->fd = -1;
	s->retry_us = RETRY_FIRST;
	s->was_open = true; /* the first failure is worth a word */
	s->socket = strdup(socket);
	r = s->socket ? sd_event_add_time_relative(event, &s->timer, CLOCK_BOOTTIME, 0,
						   SECOND_US / 10, on_time, s)
		      : -ENOMEM;
	if (r < 0) {
		subscription_free(s);
		return r;
	}
	*ret_subscription = s;
	return 0;
}

void subscription_free(struct subscription *s)
{
	if (!s)
		return;
	hang_up(s);
	sd_event_source_disable_unref(s->timer);
	sd_event_unref(s->event);
	free(s->socket);
	free(s);
}
