/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Behind which port of this machine an address is: the neighbour table gives its MAC,
 * the bridge's table the port of that; the port is one end of a veth pair into another
 * network namespace, or a tap device that a program holds. An address counts only where
 * our own routes lead to it directly: what a guest says of itself is not believed.
 * Source: rtnetlink(7), linux/neighbour.h, linux/net_namespace.h.
 *
 * Owns: one netlink socket, and the tables of the last reading.
 */
#ifndef KERNEL_NEIGHBOURS_H
#define KERNEL_NEIGHBOURS_H

#include "base/addr.h"
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NEIGHBOURS_PORTS_MAX 2048
#define NEIGHBOURS_MAX 4096
#define NEIGHBOURS_MAC_SIZE 6

enum neighbours_link {
	LINK_OTHER,
	LINK_BRIDGE,
	LINK_NAMESPACE, /* its other end is in another network namespace */
	LINK_TAP,
};

struct neighbours_port {
	uint32_t index; /* of the interface; the kernel gives it to no other */
	enum neighbours_link kind;
	int32_t namespace_id; /* LINK_NAMESPACE: as neighbours_namespace_id has it */
	char name[IF_NAMESIZE];
};

struct neighbour {
	struct addr addr;
	const struct neighbours_port *port;
};

struct neighbours;

int neighbours_open(struct neighbours **ret_neighbours); /* 0 or -errno */
void neighbours_close(struct neighbours *n);

/*
 * Reads all of them anew. The port named `except` is none: that of the uplink, behind
 * which are strangers. The result is borrowed until the next call. 0 or -errno.
 */
int neighbours_read(struct neighbours *n, const char *except,
		    const struct neighbour **ret_list, size_t *ret_count);

/* How many entries the last reading had no room for. */
size_t neighbours_left_out(const struct neighbours *n);

/* The id we have for the network namespace of a process. 0, -ENOENT when it has none,
 * -errno. */
int neighbours_namespace_id(struct neighbours *n, pid_t pid, int32_t *ret_id);

/* --- pure part, for tests and the fuzzer: one netlink message each -------------- */

struct nlmsghdr;

/* What is said of an address; of a bridge's MAC `addr` is not set. */
struct neighbours_entry {
	struct addr addr;
	uint8_t mac[NEIGHBOURS_MAC_SIZE];
	uint32_t index;	 /* of the interface, or of the bridge's port */
	uint32_t bridge; /* that the port belongs to */
};

/* Each 0; -ENOENT for a message that says nothing of use, -EINVAL for a broken one. */
int neighbours_parse_link(const struct nlmsghdr *m, struct neighbours_port *ret_port);
int neighbours_parse_entry(const struct nlmsghdr *m,
			   struct neighbours_entry *ret_entry);
int neighbours_parse_bridged(const struct nlmsghdr *m,
			     struct neighbours_entry *ret_entry);
/* The interface of a route without a gateway. */
int neighbours_parse_route(const struct nlmsghdr *m, uint32_t *ret_index);
int neighbours_parse_namespace(const struct nlmsghdr *m, int32_t *ret_id);

#endif
