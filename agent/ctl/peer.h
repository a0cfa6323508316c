/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is at the other end of a control connection, as the kernel recorded it when the
 * connection was made. Source: unix(7), SO_PEERCRED and SO_PEERGROUPS (Linux 4.13).
 */
#ifndef CTL_PEER_H
#define CTL_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CTL_ADMIN_GROUP "relaywarden"
#define CTL_GID_NONE ((gid_t)-1)

struct ctl_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	bool is_admin; /* root, or a member of the admin group */
};

/* The group's id, or CTL_GID_NONE where there is no such group. Reads the user
 * database: call it before the sandbox closes. */
gid_t ctl_group_find(const char *name);

/* `admin_gid` may be CTL_GID_NONE: then root alone is admin. 0 or -errno. */
int ctl_peer_read(int fd, gid_t admin_gid, struct ctl_peer *ret_peer);

#endif
