/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/server.h"
#include "ctl/server_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define SECOND UINT64_C(1000000)

/* --- accepting ------------------------------------------------------------------ */

static bool has_room(const struct ctl_server *s, const struct ctl_peer *peer)
{
	uint64_t max = CTL_CLIENTS_MAX - (peer->is_admin ? 0 : CTL_CLIENTS_RESERVED);
	const struct ctl_client *c;
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
	struct ctl_client *c;

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
	if (ctl_client_new(s, fd, &peer, &c) < 0) {
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
	struct ctl_client *c, *next;

	if (!s)
		return;
	DL_FOREACH_SAFE(s->clients, c, next)
	{
		ctl_client_drop(c);
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
