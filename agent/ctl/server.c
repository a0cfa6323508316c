/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/server.h"
#include "base/log.h"
#include "ctl/listen.h"
#include "ctl/varlink.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define SECOND UINT64_C(1000000)

/* What a client is being waited for; each kind has its own time-out. */
enum waiting {
	WAITING_NOT,
	WAITING_IDLE,
	WAITING_REQUEST,
	WAITING_REPLY,
	WAITING_STREAM /* for us: no time-out */
};

struct client {
	struct ctl_server *server;
	struct ctl_peer peer;
	int fd;
	sd_event_source *io, *timer, *next_request;
	struct varlink_decoder decoder;
	char *out; /* the reply being written; no request is looked at meanwhile */
	size_t out_size, out_sent;
	enum waiting waiting;
	bool is_eof;	 /* he will send no more */
	bool is_closing; /* drop him when the reply is out */
	bool is_lost;	 /* drop him now; nothing more is sent */
	struct ctl_stream stream;
	struct client *prev, *next;
};

struct ctl_server {
	sd_event *event;
	sd_event_source *accept, *resume_accept;
	struct ctl_listener listener;
	struct ctl_server_options options;
	gid_t admin_gid;
	struct client *clients;
	struct ctl_server_stats stats;
	struct log_limit log_limit;
};

/* --- one client ---------------------------------------------------------------- */

static void client_free(struct client *c)
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

static void client_drop(struct client *c)
{
	struct ctl_server *s = c->server;

	DL_DELETE(s->clients, c);
	s->stats.clients--;
	if (c->stream.is_open && c->stream.on_gone)
		c->stream.on_gone(c->stream.context);
	client_free(c);
}

/* `why` is printable. */
static void client_complain(struct client *c, const char *why)
{
	log_limited(&c->server->log_limit, LOG_NOTICE, "control",
		    "client of user %u, process %d: %s", c->peer.uid, (int)c->peer.pid,
		    why);
}

/* Puts `data` behind what is not sent yet, taking it. */
static int client_append_take(struct client *c, char *data, size_t size)
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

/* Queues a reply, taking its reference. 0 or -errno; then the client is lost. */
static int client_queue_take(struct client *c, json_t *reply)
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

static int client_refuse(struct client *c, const char *error, const char *why)
{
	json_t *reply = varlink_reply_take(error, json_pack("{s:s}", "text", why));

	c->is_closing = true;
	return reply ? client_queue_take(c, reply) : -ENOMEM;
}

/* 0 or -errno; whatever the socket does not take now stays queued. */
static int client_flush(struct client *c)
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
static int client_reject(struct client *c, const char *fault)
{
	c->server->stats.bad++;
	client_complain(c, fault);
	return client_refuse(c, CTL_ERROR_BAD_REQUEST, fault);
}

/* Reads once: the loop comes back if there is more. */
static int client_read(struct client *c)
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
static int client_answer(struct client *c)
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
	r = client_queue_take(c, reply);
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
static int client_set_timer(struct client *c, enum waiting waiting)
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

/* What to wait for next. */
static int client_arm(struct client *c)
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
static void client_advance(struct client *c)
{
	int r = c->is_lost ? -EPIPE : client_flush(c);

	if (r == 0 && !c->out && !c->is_closing && !c->stream.is_open) {
		r = client_answer(c);
		if (r == 0)
			r = client_flush(c);
	}
	if (r < 0 || (!c->out && c->is_closing))
		goto drop;
	/* Who streams and hangs up has had enough, whatever he sent meanwhile. */
	if (c->stream.is_open && c->is_eof)
		goto drop;
	if (!c->out && c->is_eof && !varlink_decoder_has_message(&c->decoder)) {
		if (varlink_decoder_is_partial(&c->decoder)) {
			c->server->stats.bad++;
			client_complain(c, "closed in the middle of a request");
		}
		goto drop;
	}
	if (client_arm(c) < 0)
		goto drop;
	return;
drop:
	client_drop(c);
}

static int on_client_io(sd_event_source *source, int fd, uint32_t revents,
			void *userdata)
{
	struct client *c = userdata;

	(void)source;
	(void)fd;
	if (revents & EPOLLIN && client_read(c) < 0) {
		client_drop(c);
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
	struct client *c = userdata;

	(void)source;
	(void)usec;
	if (c->waiting == WAITING_REQUEST)
		client_complain(c, "did not finish its request in time");
	else if (c->waiting == WAITING_REPLY)
		client_complain(c, "did not read its reply in time");
	c->server->stats.timeouts++;
	client_drop(c);
	return 0;
}

/* --- streams ------------------------------------------------------------------- */

static struct client *client_of(struct ctl_stream *stream)
{
	return (struct client *)(void *)((char *)stream -
					 offsetof(struct client, stream));
}

/* The method may be anywhere in its own work: he is dropped by the loop. */
static void client_lose(struct client *c, int error)
{
	if (error == -ENOBUFS) {
		client_complain(c, "does not read what he asked for");
		c->server->stats.timeouts++;
	}
	c->stream = (struct ctl_stream){0};
	c->is_lost = true;
	sd_event_source_set_enabled(c->next_request, SD_EVENT_ONESHOT);
}

/* Queues, and sends what the socket takes now. */
static int stream_put_take(struct client *c, json_t *reply)
{
	int r = reply ? client_queue_take(c, reply) : -ENOMEM;

	if (r == 0)
		r = client_flush(c);
	if (r == 0)
		r = client_arm(c);
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

/* --- accepting ------------------------------------------------------------------ */

static int client_new(struct ctl_server *s, int fd, const struct ctl_peer *peer,
		      struct client **ret_client)
{
	struct client *c = calloc(1, sizeof(*c));
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
	r = client_arm(c);
	if (r < 0)
		goto fail;
	c->fd = fd;
	*ret_client = c;
	return 0;
fail:
	client_free(c);
	return r;
}

static bool has_room(const struct ctl_server *s, const struct ctl_peer *peer)
{
	uint64_t max = CTL_CLIENTS_MAX - (peer->is_admin ? 0 : CTL_CLIENTS_RESERVED);
	const struct client *c;
	unsigned int same = 0;

	DL_FOREACH (s->clients, c) {
		same += c->peer.uid == peer->uid;
	}
	return s->stats.clients < max && same < CTL_CLIENTS_PER_UID;
}

/* A fresh socket takes one short reply; if not, he learns it from the close. */
static void say_busy(int fd)
{
	json_t *reply = varlink_reply_take(
		CTL_ERROR_BUSY,
		json_pack("{s:s}", "text",
			  "too many connections; close one or try again shortly"));
	size_t size;
	char *data;

	if (reply && varlink_encode(reply, VARLINK_REPLY_MAX, &data, &size) == 0) {
		(void)!send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		free(data);
	}
	json_decref(reply);
}

static void take_connection(struct ctl_server *s, int fd)
{
	struct ctl_peer peer;
	struct client *c;

	if (ctl_peer_read(fd, s->admin_gid, &peer) < 0) {
		close(fd);
		return;
	}
	if (!has_room(s, &peer)) {
		s->stats.refused++;
		log_limited(&s->log_limit, LOG_NOTICE, "control",
			    "client of user %u, process %d: one connection too many",
			    peer.uid, (int)peer.pid);
		say_busy(fd);
		close(fd);
		return;
	}
	if (client_new(s, fd, &peer, &c) < 0) {
		s->stats.accept_failures++;
		close(fd);
		return;
	}
	DL_APPEND(s->clients, c);
	s->stats.accepted++;
	s->stats.clients++;
}

/* Out of descriptors the socket stays readable: look away for a second. */
static void pause_accept(struct ctl_server *s)
{
	uint64_t now;

	s->stats.accept_failures++;
	log_limited(&s->log_limit, LOG_WARNING, "control",
		    "cannot accept connections: %s; waiting a second", strerror(errno));
	if (sd_event_now(s->event, CLOCK_BOOTTIME, &now) < 0)
		return;
	sd_event_source_set_time(s->resume_accept, now + SECOND);
	sd_event_source_set_enabled(s->resume_accept, SD_EVENT_ONESHOT);
	sd_event_source_set_enabled(s->accept, SD_EVENT_OFF);
}

static int on_resume_accept(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct ctl_server *s = userdata;

	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(s->accept, SD_EVENT_ON);
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct ctl_server *s = userdata;
	int client;

	(void)source;
	(void)revents;
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client >= 0)
		take_connection(s, client);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		 errno == ENOMEM)
		pause_accept(s);
	return 0;
}

/* --- life ---------------------------------------------------------------------- */

static void fill_options(struct ctl_server *s, const struct ctl_server_options *options)
{
	s->options = *options;
	s->options.path = NULL; /* the listener has its own copy */
	s->options.admin_group = NULL;
	if (!s->options.request_timeout)
		s->options.request_timeout = 10 * SECOND;
	if (!s->options.reply_timeout)
		s->options.reply_timeout = 10 * SECOND;
	if (!s->options.idle_timeout)
		s->options.idle_timeout = 60 * SECOND;
	s->admin_gid = ctl_group_find(options->admin_group ? options->admin_group
							   : CTL_ADMIN_GROUP);
}

int ctl_server_new(sd_event *event, const struct ctl_server_options *options,
		   struct ctl_server **ret_server)
{
	struct ctl_server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	/* Opens /dev/urandom the first time, which a sandbox may forbid later. */
	json_object_seed(0);
	s->event = sd_event_ref(event);
	fill_options(s, options);
	r = ctl_listen(options->path, &s->listener);
	if (r < 0)
		goto fail;
	r = sd_event_add_io(event, &s->accept, s->listener.fd, EPOLLIN, on_accept, s);
	if (r < 0)
		goto fail;
	r = sd_event_add_time(event, &s->resume_accept, CLOCK_BOOTTIME, UINT64_MAX, 0,
			      on_resume_accept, s);
	if (r < 0)
		goto fail;
	*ret_server = s;
	return 0;
fail:
	ctl_server_free(s);
	return r;
}

void ctl_server_free(struct ctl_server *s)
{
	struct client *c, *next;

	if (!s)
		return;
	DL_FOREACH_SAFE(s->clients, c, next)
	{
		client_drop(c);
	}
	sd_event_source_disable_unref(s->accept);
	sd_event_source_disable_unref(s->resume_accept);
	ctl_listener_done(&s->listener);
	sd_event_unref(s->event);
	free(s);
}

const struct ctl_server_stats *ctl_server_stats(const struct ctl_server *s)
{
	return &s->stats;
}
