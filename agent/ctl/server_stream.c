/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies that go on for as long as a client listens. */
#include "ctl/server_internal.h"
#include <errno.h>
#include <stddef.h>

static struct ctl_client *client_of(struct ctl_stream *stream)
{
	return (struct ctl_client *)(void *)((char *)stream -
					     offsetof(struct ctl_client, stream));
}

/* The method may be anywhere in its own work: he is dropped by the loop. */
static void client_lose(struct ctl_client *c, int error)
{
	if (error == -ENOBUFS) {
		ctl_client_complain(c, "does not read what he asked for");
		c->server->stats.timeouts++;
	}
	c->stream = (struct ctl_stream){0};
	c->is_lost = true;
	sd_event_source_set_enabled(c->next_request, SD_EVENT_ONESHOT);
}

/* Queues, and sends what the socket takes now. */
static int stream_put_take(struct ctl_client *c, json_t *reply)
{
	int r = reply ? ctl_client_queue_take(c, reply) : -ENOMEM;

	if (r == 0)
		r = ctl_client_flush(c);
	if (r == 0)
		r = ctl_client_arm(c);
	if (r < 0)
		client_lose(c, r);
	return r;
}

int ctl_stream_send_take(struct ctl_stream *stream, json_t *parameters)
{
	return stream_put_take(client_of(stream),
			       varlink_reply_continued_take(parameters));
}

int ctl_stream_end_take(struct ctl_stream *stream, json_t *parameters)
{
	*stream = (struct ctl_stream){0};
	return stream_put_take(client_of(stream), varlink_reply_take(NULL, parameters));
}
