/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/peer.h"
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>

gid_t ctl_group_find(const char *name)
{
	const struct group *group = getgrnam(name);

	return group ? group->gr_gid : CTL_GID_NONE;
}

/* The peer's supplementary groups, to be freed. 0 or -errno. */
static int read_groups(int fd, gid_t **ret_groups, size_t *ret_count)
{
	socklen_t size = 32 * sizeof(gid_t);
	gid_t *groups = NULL;

	for (int tries = 0; tries < 2; tries++) {
		gid_t *bigger = realloc(groups, size ? size : sizeof(gid_t));

		if (!bigger)
			break;
		groups = bigger;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
			*ret_groups = groups;
			*ret_count = size / sizeof(gid_t);
			return 0;
		}
		if (errno != ERANGE) { /* else `size` is now what it takes */
			int r = -errno;

			free(groups);
			return r;
		}
	}
	free(groups);
	return -ENOMEM;
}

static bool is_member(int fd, gid_t group)
{
	gid_t *groups = NULL;
	size_t count = 0;
	bool found = false;

	/* Without an answer he is nobody special: fail closed. */
	if (read_groups(fd, &groups, &count) < 0)
		return false;
	for (size_t i = 0; i < count && !found; i++)
		found = groups[i] == group;
	free(groups);
	return found;
}

int ctl_peer_read(int fd, gid_t admin_gid, struct ctl_peer *ret_peer)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	if (size != sizeof(cred))
		return -EPROTO;
	*ret_peer =
		(struct ctl_peer){.uid = cred.uid, .gid = cred.gid, .pid = cred.pid};
	ret_peer->is_admin =
		cred.uid == 0 || (admin_gid != CTL_GID_NONE &&
				  (cred.gid == admin_gid || is_member(fd, admin_gid)));
	return 0;
}
