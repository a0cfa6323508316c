/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What server.c (accepting), server_client.c (one client) and server_stream.c (replies
 * that go on) share.
 */
#ifndef CTL_SERVER_INTERNAL_H
#define CTL_SERVER_INTERNAL_H

#include "base/log.h"
#include "ctl/listen.h"
#include "ctl/server.h"
#include "ctl/varlink.h"

/* What a client is being waited for; each kind has its own time-out. */
enum waiting {
	WAITING_NOT,
	WAITING_IDLE,
	WAITING_REQUEST,
	WAITING_REPLY,
	WAITING_STREAM /* for us: no time-out */
};

struct ctl_client {
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
	struct ctl_client *prev, *next;
};

struct ctl_server {
	sd_event *event;
	sd_event_source *accept, *resume_accept;
	struct ctl_listener listener;
	struct ctl_server_options options;
	gid_t admin_gid;
	struct ctl_client *clients;
	struct ctl_server_stats stats;
	struct log_limit log_limit;
};

/* 0 with a client who is waited for and in no list yet; or -errno, and `fd` stays the
 * caller's. */
int ctl_client_new(struct ctl_server *s, int fd, const struct ctl_peer *peer,
		   struct ctl_client **ret_client);
/* Takes him out of the server's list, and tells his stream. */
void ctl_client_drop(struct ctl_client *c);

/* `why` is printable. */
void ctl_client_complain(struct ctl_client *c, const char *why);

/* Queues a reply, taking its reference. 0 or -errno; then the client is lost. */
int ctl_client_queue_take(struct ctl_client *c, json_t *reply);
/* 0 or -errno; whatever the socket does not take now stays queued. */
int ctl_client_flush(struct ctl_client *c);
/* What to wait for next. 0 or -errno. */
int ctl_client_arm(struct ctl_client *c);

#endif
