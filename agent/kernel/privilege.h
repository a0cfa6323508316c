/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon may still do after its start: its own user, three capabilities, no
 * new privileges, a list of system calls. Each step is one function, called in plain
 * sight from main. Source: capabilities(7), libcap-ng, seccomp(2).
 */
#ifndef KERNEL_PRIVILEGE_H
#define KERNEL_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A user by name, or "UID" or "UID:GID". 0, -ENOENT for an unknown name, -EINVAL. */
int privilege_find_user(const char *text, uid_t *ret_uid, gid_t *ret_gid);

/*
 * Becomes that user and keeps CAP_NET_ADMIN (netlink), CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH (other users' /proc entries) alone; drops supplementary groups,
 * the bounding set and the way back. When not started as root, only trims. 0 or -errno.
 */
int privilege_drop(uid_t uid, gid_t gid);

/* The same, and keeps none: for the prober. */
int privilege_drop_all(uid_t uid, gid_t gid);

/* From here on only what the prober needs: sockets it has, new ones of the internet,
 * and nothing else; whoever calls anything else ends. 0 or -errno. */
int privilege_sandbox_prober(void);

/* From here on only the system calls the daemon needs; anything that would start a
 * program ends the process, anything else says ENOSYS. 0 or -errno. */
int privilege_sandbox(void);

/* Whether CAP_NET_ADMIN is in the effective set. */
bool privilege_has_net_admin(void);

/* What is in force now, read back from the kernel, for doctor. */
struct privilege_state {
	uid_t uid;
	char capabilities[256]; /* effective, by name, comma separated */
	bool no_new_privileges;
	int seccomp; /* as in /proc/self/status: 0 off, 2 filter */
	bool has_empty_bounding_set;
};
void privilege_read(struct privilege_state *ret_state);

#endif
