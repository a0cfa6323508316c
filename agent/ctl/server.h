/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: accepts, reads requests, has them answered, writes replies. Knows
 * nothing of what the methods mean.
 *
 * Owns: the socket and its clients. Nothing a client does holds up the loop: reads and
 * writes never block, one request of one client is answered at a time, and it is not
 * read from while a reply of his waits. Every limit has its counter.
 */
#ifndef CTL_SERVER_H
#define CTL_SERVER_H

#include "ctl/dispatch.h"
#include <stdint.h>
#include <systemd/sd-event.h>

#define CTL_CLIENTS_MAX 32
/* Of these, kept for admins: others cannot lock them out. */
#define CTL_CLIENTS_RESERVED 4
#define CTL_CLIENTS_PER_UID 8
/* Replies a stream's client has not read yet; who lags behind more is dropped. */
#define CTL_STREAM_BACKLOG_MAX ((size_t)16 * 1024 * 1024)

struct ctl_server;

struct ctl_server_options {
	const char *path;
	const char *admin_group; /* NULL: CTL_ADMIN_GROUP */
	struct ctl_service service;
	/* Microseconds; 0 means the default. */
	uint64_t
		request_timeout; /* 10 s from the first byte of a request to its last */
	uint64_t reply_timeout;	 /* 10 s until a reply has been read */
	uint64_t idle_timeout;	 /* 60 s between requests */
};

struct ctl_server_stats {
	uint64_t clients;  /* now */
	uint64_t accepted; /* since the start, as the rest */
	uint64_t refused;  /* one too many, in all or of one user */
	uint64_t requests; /* answered */
	uint64_t bad;	   /* no request at all, or too long; the client is dropped */
	uint64_t timeouts; /* clients dropped for keeping us waiting */
	uint64_t accept_failures; /* out of descriptors or memory */
};

/*
 * Reads the user database and seeds jansson: call it before the sandbox closes. 0 or
 * -errno, see ctl_listen().
 */
int ctl_server_new(sd_event *event, const struct ctl_server_options *options,
		   struct ctl_server **ret_server);
void ctl_server_free(struct ctl_server *s);

const struct ctl_server_stats *ctl_server_stats(const struct ctl_server *s);

/*
 * One more reply through an open stream, taking the reference. 0; or -errno, -ENOBUFS
 * when the client does not read: then the stream is gone, on_gone is not called, and
 * the pointer is not to be used again.
 */
int ctl_stream_send_take(struct ctl_stream *stream, json_t *parameters);
/* The last one, alike, but not while the method opens it; the stream is gone
 * afterwards, whatever is returned. */
int ctl_stream_end_take(struct ctl_stream *stream, json_t *parameters);

#endif
