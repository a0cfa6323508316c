/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to rtnetlink and their answers, one at a time. Source: rtnetlink(7).
 */
#ifndef KERNEL_RTNL_H
#define KERNEL_RTNL_H

#include "kernel/nlread.h"

struct rtnl {
	struct mnl_socket *socket;
	uint32_t seq;
	uint32_t buf[NLREAD_SIZE / sizeof(uint32_t)]; /* the request, then answers */
};

/* 0 or -errno; what was opened is closed by rtnl_done either way. */
int rtnl_init(struct rtnl *r);
void rtnl_done(struct rtnl *r);

/* A socket that is told of `groups` (RTMGRP_*). 0 or -errno. */
int rtnl_open_socket(int flags, unsigned int groups, struct mnl_socket **ret_socket);

/* A request with `header` zeroed bytes after the netlink header, in r->buf. */
struct nlmsghdr *rtnl_begin(struct rtnl *r, uint16_t type, uint16_t flags,
			    size_t header);
/* Sends r->buf and waits for the end of the answer, or the acknowledgement. 0, or
 * -errno from the kernel; -EINTR: a dump that is inconsistent. */
int rtnl_send(struct rtnl *r, nlread_callback *callback, void *context);
/* The attributes after a message's own header of `header` bytes. */
void rtnl_attrs(const struct nlmsghdr *m, size_t header, const struct nlattr **found,
		unsigned int max);

#endif
