/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workstation's own addresses and its uplink, through rtnetlink, kept current by
 * its notifications. Source: rtnetlink(7); speed from ethtool netlink or sysfs.
 */
#ifndef KERNEL_LINK_H
#define KERNEL_LINK_H

#include "base/addr.h"
#include <stdbool.h>
#include <stdint.h>

struct link;

struct link_uplink {
	char name[16];	   /* of the default route's interface; "" when there is none */
	uint64_t capacity; /* bytes per second; 0 when the interface does not tell */
};

/* Reads the present state synchronously. 0 or -errno. */
int link_open(struct link **ret_link);
void link_close(struct link *l);

/* For the event loop: readable when addresses or routes changed. */
int link_fd(const struct link *l);
/* Takes what is pending. 0, or -errno after which the state was read anew or is stale.
 */
int link_handle(struct link *l);

/* Loopback addresses count as local too. */
bool link_is_local(const struct link *l, const struct addr *a);
/* Whether any local address is neither private, loopback nor link-local. */
bool link_has_public_address(const struct link *l);
void link_get_uplink(const struct link *l, struct link_uplink *ret_uplink);

#endif
