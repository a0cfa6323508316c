/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workstation's own addresses and its uplink, through rtnetlink, kept current by
 * its notifications. Source: rtnetlink(7); speed by SIOCETHTOOL (linux/ethtool.h),
 * because sysfs may be another network namespace's.
 */
#ifndef KERNEL_LINK_H
#define KERNEL_LINK_H

#include "base/addr.h"
#include "core/direction.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;

/* Addresses kept; those beyond it are not known as local, and a warning says so. */
#define LINK_ADDRS_MAX 512
/* Interfaces of default routes kept; egress through those beyond it is never queued. */
#define LINK_UPLINKS_MAX 8

struct link_name {
	char text[16];
};

struct link_uplink {
	/* Of the main table's default route, IPv4 first; "" when there is none. */
	char name[16];
	uint64_t capacity; /* bytes per second; 0 when the interface does not tell */
};

/* Reads the present state synchronously. 0 or -errno. */
int link_open(struct link **ret_link);
/* For tests: these addresses, no uplink, no sockets; link_fd() is -1. 0 or -ENOMEM. */
int link_new_fixed(const struct addr *addrs, size_t count, struct link **ret_link);
void link_close(struct link *l);

/* For the event loop: readable when addresses or routes changed. */
int link_fd(const struct link *l);
/* Takes what is pending. 0, or -errno after which the state was read anew or is stale.
 */
int link_handle(struct link *l);

/* Loopback (127.0.0.0/8, ::1) counts as local too. Cheap: for every conntrack entry. */
bool link_is_local(const struct link *l, const struct addr *a);
/* Whether any local address is neither private, loopback nor link-local. */
bool link_has_public_address(const struct link *l);
void link_get_uplink(const struct link *l, struct link_uplink *ret_uplink);
/* Bytes that the uplink has carried, by direction, headers of its own included. 0;
 * -ENODEV when there is none; or -errno. */
int link_read_bytes(struct link *l, uint64_t ret_bytes[DIRECTION_COUNT]);
/* An interface's name, or its index in brackets where it has gone. */
void link_get_name(const struct link *l, uint32_t index, struct link_name *ret_name);
/* The interfaces of all default routes of the main table, either family, sorted.
 * Returns their number. */
size_t link_get_uplinks(const struct link *l, uint32_t ret_indexes[LINK_UPLINKS_MAX]);

#endif
