/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what netlink sends: datagrams, answers to a request, attributes. Unlike
 * mnl_cb_run, nlread_walk passes over answers to earlier requests and reads an
 * interrupted dump to its end, so that the socket is clean for the next request.
 */
#ifndef KERNEL_NLREAD_H
#define KERNEL_NLREAD_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel makes no larger datagram for a dump, and smaller ones for less room. */
#define NLREAD_SIZE 32768

/* mnl_socket_recvfrom that goes on after a signal. 0 or -errno. */
int nlread_receive(const struct mnl_socket *socket, void *buf, size_t size,
		   size_t *ret_length);

struct nlread {
	uint32_t seq;	     /* of the request */
	bool is_interrupted; /* the kernel's tables changed under the dump */
};

typedef void nlread_callback(void *context, const struct nlmsghdr *message);

/*
 * Goes through one datagram of answers: dump parts, their end, an acknowledgement, an
 * error. 0 when there is more to come, 1 at the end or the acknowledgement, or -errno
 * from the kernel, which ends the dump too. -EINTR: it came to its end, but is
 * inconsistent.
 */
int nlread_walk(struct nlread *d, const void *buf, size_t length,
		nlread_callback *callback, void *context);

/*
 * Sorts the attributes in `size` bytes by type: found[0..max], NULL where there is
 * none. Stops at the first that does not fit; never reads beyond `size`.
 */
void nlread_attrs(const void *data, size_t size, const struct nlattr **found,
		  unsigned int max);

/* Copies a payload of exactly `size` bytes. False when `attr` is NULL or differs. */
bool nlread_payload(const struct nlattr *attr, void *ret_payload, size_t size);

#endif
