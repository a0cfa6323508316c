/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client of the control socket: reads, answers, writes, waits. */
#include "ctl/server_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

static void client_free(struct ctl_client *c)
{
	if (!c)
		return;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	sd_event_source_disable_unref(c->next_request);
	varlink_decoder_done(&c->decoder);
	free(c->out);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

void ctl_client_drop(struct ctl_client *c)
{
	struct ctl_server *s = c->server;

	DL_DELETE(s->clients, c);
	s->stats.clients--;
	if (c->stream.is_open && c->stream.on_gone)
		c->stream.on_gone(c->stream.context);
	client_free(c);
}

void ctl_client_complain(struct ctl_client *c, const char *why)
{
	log_limited(&c->server->log_limit, LOG_NOTICE, "control",
		    "client of user %u, process %d: %s", c->peer.uid, (int)c->peer.pid,
		    why);
}

/* Puts `data` behind what is not sent yet, taking it. */
static int client_append_take(struct ctl_client *c, char *data, size_t size)
{
	size_t left = c->out_size - c->out_sent;
	char *out = NULL;

	if (left + size <= CTL_STREAM_BACKLOG_MAX) {
		/* Not for every reply: most of it may be waiting. */
		if (c->out_sent > left) {
			memmove(c->out, c->out + c->out_sent, left);
			c->out_size = left;
			c->out_sent = 0;
		}
		out = realloc(c->out, c->out_size + size);
	}
	if (out) {
		memcpy(out + c->out_size, data, size);
		c->out = out;
		c->out_size += size;
	}
	free(data);
	return out ? 0 : -ENOBUFS;
}

int ctl_client_queue_take(struct ctl_client *c, json_t *reply)
{
	size_t size;
	char *data;
	int r = varlink_encode(reply, VARLINK_REPLY_MAX, &data, &size);

	json_decref(reply);
	if (r < 0)
		return r;
	if (c->out)
		return client_append_take(c, data, size);
	c->out = data;
	c->out_size = size;
	c->out_sent = 0;
	return 0;
}

static int client_refuse(struct ctl_client *c, const char *error, const char *why)
{
	json_t *reply = varlink_reply_take(error, json_pack("{s:s}", "text", why));

	c->is_closing = true;
	return reply ? ctl_client_queue_take(c, reply) : -ENOMEM;
}

int ctl_client_flush(struct ctl_client *c)
{
	while (c->out) {
		ssize_t n = send(c->fd, c->out + c->out_sent, c->out_size - c->out_sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		c->out_sent += (size_t)n;
		if (c->out_sent == c->out_size) {
			free(c->out);
			c->out = NULL;
			c->waiting = WAITING_NOT;
		}
	}
	return 0;
}

/* Says what is wrong with what he sent, once, and closes after that. */
static int client_reject(struct ctl_client *c, const char *fault)
{
	c->server->stats.bad++;
	ctl_client_complain(c, fault);
	return client_refuse(c, CTL_ERROR_BAD_REQUEST, fault);
}

/* Reads once: the loop comes back if there is more. */
static int client_read(struct ctl_client *c)
{
	size_t size;
	void *room;
	ssize_t n;
	int r;

	r = varlink_decoder_reserve(&c->decoder, &room, &size);
	if (r == -ENOBUFS)
		return 0;
	if (r == -EMSGSIZE)
		return client_reject(c, "a request of more than 64 KiB");
	if (r < 0)
		return r;
	n = recv(c->fd, room, size, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		c->is_eof = true;
	varlink_decoder_add(&c->decoder, (size_t)n);
	return 0;
}

/* Answers one request, if a whole one is there. */
static int client_answer(struct ctl_client *c)
{
	json_t *message, *reply = NULL;
	char fault[VARLINK_FAULT_MAX];
	const char *wrong;
	int r;

	r = varlink_decoder_next(&c->decoder, &message, fault, sizeof(fault));
	if (r == 0)
		return 0;
	c->waiting = WAITING_NOT;
	if (r < 0)
		return client_reject(c, fault);
	r = ctl_dispatch(&c->server->options.service, &c->peer, message, &c->stream,
			 &reply, &wrong);
	json_decref(message);
	if (c->is_lost) {
		json_decref(reply);
		return -EPIPE;
	}
	if (r == -EBADMSG)
		return client_reject(c, wrong);
	if (r < 0)
		return r;
	c->server->stats.requests++;
	if (!reply)
		return 0;
	r = ctl_client_queue_take(c, reply);
	if (r == -EMSGSIZE)
		return client_refuse(c, CTL_ERROR_FAILED, "the reply is too long");
	return r;
}

static uint64_t timeout_of(const struct ctl_server_options *o, enum waiting w)
{
	switch (w) {
	case WAITING_REQUEST:
		return o->request_timeout;
	case WAITING_REPLY:
		return o->reply_timeout;
	default:
		return o->idle_timeout;
	}
}

/* A time-out runs from when its kind of waiting began: bytes that trickle in, or out,
 * do not prolong it. */
static int client_set_timer(struct ctl_client *c, enum waiting waiting)
{
	uint64_t now;
	int r;

	if (waiting == c->waiting)
		return 0;
	c->waiting = waiting;
	if (waiting == WAITING_STREAM)
		return sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	r = sd_event_now(c->server->event, CLOCK_BOOTTIME, &now);
	if (r < 0)
		return r;
	r = sd_event_source_set_time(c->timer,
				     now + timeout_of(&c->server->options, waiting));
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

int ctl_client_arm(struct ctl_client *c)
{
	bool is_busy = c->out || c->stream.is_open;
	bool has_next = !is_busy && varlink_decoder_has_message(&c->decoder);
	enum waiting waiting = WAITING_IDLE;
	uint32_t events = 0;
	int r;

	if (c->out) {
		waiting = WAITING_REPLY;
		events = EPOLLOUT;
	} else if (c->stream.is_open) {
		waiting = WAITING_STREAM;
	} else if (varlink_decoder_is_partial(&c->decoder)) {
		waiting = WAITING_REQUEST;
	}
	if (!is_busy && !has_next && !c->is_eof)
		events = EPOLLIN;
	if (c->stream.is_open)
		events |= EPOLLRDHUP;
	r = sd_event_source_set_io_events(c->io, events);
	if (r < 0)
		return r;
	/* The next request waits its turn among the other events of the loop. */
	r = sd_event_source_set_enabled(c->next_request,
					has_next ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (r < 0)
		return r;
	return client_set_timer(c, waiting);
}

/* Does what can be done now, then waits or drops him. */
static void client_advance(struct ctl_client *c)
{
	int r = c->is_lost ? -EPIPE : ctl_client_flush(c);

	if (r == 0 && !c->out && !c->is_closing && !c->stream.is_open) {
		r = client_answer(c);
		if (r == 0)
			r = ctl_client_flush(c);
	}
	if (r < 0 || (!c->out && c->is_closing))
		goto drop;
	/* Who streams and hangs up has had enough, whatever he sent meanwhile. */
	if (c->stream.is_open && c->is_eof)
		goto drop;
	if (!c->out && c->is_eof && !varlink_decoder_has_message(&c->decoder)) {
		if (varlink_decoder_is_partial(&c->decoder)) {
			c->server->stats.bad++;
			ctl_client_complain(c, "closed in the middle of a request");
		}
		goto drop;
	}
	if (ctl_client_arm(c) < 0)
		goto drop;
	return;
drop:
	ctl_client_drop(c);
}

static int on_client_io(sd_event_source *source, int fd, uint32_t revents,
			void *userdata)
{
	struct ctl_client *c = userdata;

	(void)source;
	(void)fd;
	if (revents & EPOLLIN && client_read(c) < 0) {
		ctl_client_drop(c);
		return 0;
	}
	/* Both directions are shut, and there is nothing left to read. */
	if (revents & (EPOLLHUP | EPOLLERR) && !(revents & EPOLLIN))
		c->is_eof = true;
	if (revents & EPOLLRDHUP)
		c->is_eof = true;
	client_advance(c);
	return 0;
}

static int on_client_next(sd_event_source *source, void *userdata)
{
	(void)source;
	client_advance(userdata);
	return 0;
}

static int on_client_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct ctl_client *c = userdata;

	(void)source;
	(void)usec;
	if (c->waiting == WAITING_REQUEST)
		ctl_client_complain(c, "did not finish its request in time");
	else if (c->waiting == WAITING_REPLY)
		ctl_client_complain(c, "did not read its reply in time");
	c->server->stats.timeouts++;
	ctl_client_drop(c);
	return 0;
}

int ctl_client_new(struct ctl_server *s, int fd, const struct ctl_peer *peer,
		   struct ctl_client **ret_client)
{
	struct ctl_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->server = s;
	c->peer = *peer;
	c->fd = -1; /* the caller's until all is well */
	varlink_decoder_init(&c->decoder, VARLINK_REQUEST_MAX);
	r = sd_event_add_io(s->event, &c->io, fd, EPOLLIN, on_client_io, c);
	if (r < 0)
		goto fail;
	r = sd_event_add_time(s->event, &c->timer, CLOCK_BOOTTIME, UINT64_MAX, 0,
			      on_client_timer, c);
	if (r < 0)
		goto fail;
	r = sd_event_add_defer(s->event, &c->next_request, on_client_next, c);
	if (r < 0)
		goto fail;
	r = ctl_client_arm(c);
	if (r < 0)
		goto fail;
	c->fd = fd;
	*ret_client = c;
	return 0;
fail:
	client_free(c);
	return r;
}
