/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which socket a flow belongs to: inode, user and cgroup id, for the exact tuple or for
 * everything. Source: sock_diag(7), linux/inet_diag.h (INET_DIAG_CGROUP_ID, 5.7).
 */
#ifndef KERNEL_SOCKDIAG_H
#define KERNEL_SOCKDIAG_H

#include "core/observation.h"
#include <stdbool.h>
#include <stdint.h>

struct sockdiag;

struct sockdiag_socket {
	struct flow_key key; /* remote is unspecified for an unconnected socket */
	uint64_t inode;	     /* 0: the socket is gone but for its state (TIME_WAIT) */
	uint64_t cgroup_id;  /* 0 when the kernel does not tell */
	uint32_t uid;
	bool is_listener; /* listening TCP, or unconnected UDP */
	bool is_wildcard; /* bound to any address */
};

typedef void sockdiag_callback(void *context, const struct sockdiag_socket *socket);

/* 0 or -errno. */
int sockdiag_open(struct sockdiag **ret_sockdiag);
void sockdiag_close(struct sockdiag *s);

/*
 * The socket of one flow: the exact tuple first, then for an inbound flow whatever is
 * bound to its local port. One or two request-reply pairs. 0, -ENOENT or -errno.
 */
int sockdiag_find(struct sockdiag *s, const struct flow_key *key,
		  struct sockdiag_socket *ret_socket);

/* Every TCP and UDP socket, IPv4 and IPv6, of the network namespace; or listeners (and
 * unconnected UDP) alone. 0 or -errno. */
int sockdiag_dump(struct sockdiag *s, bool listeners_only, sockdiag_callback *callback,
		  void *context);

/* A connected Unix socket and the inode of the one at its other end. */
struct sockdiag_unix {
	uint64_t inode, peer_inode;
	const char *path; /* it is bound to, not ended by NUL; length 0: to none */
	size_t path_length;
};

typedef void sockdiag_unix_callback(void *context, const struct sockdiag_unix *socket);

/* Every connected Unix stream socket of the network namespace. 0, or -errno; -ENOENT
 * where the kernel does not tell. */
int sockdiag_dump_unix(struct sockdiag *s, sockdiag_unix_callback *callback,
		       void *context);

#endif
