/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by procinfo.c (processes, users), procinfo_sockets.c (who holds a socket),
 * procinfo_devices.c (sound, cameras), procinfo_exe.c (the file it runs),
 * procinfo_guests.c (network namespaces, tap devices) and procinfo_cgroup.c (cgroupfs).
 * Nobody else includes it.
 */
#ifndef KERNEL_PROCINFO_INTERNAL_H
#define KERNEL_PROCINFO_INTERNAL_H

#include "base/hash.h"
#include "kernel/procinfo.h"

#define PATH_TEXT_MAX 1024
#define USER_NAMES_MAX 512
#define HELD_SOCKETS_MAX 131072	    /* cached at once; about 12 MB */
#define PROCESSES_MAX 65536	    /* read by one scan */
#define DESCRIPTORS_MAX 65536	    /* read of one process */
#define CGROUP_DEPTH_MAX 16	    /* of a walk through cgroupfs */
#define CGROUP_DIRECTORIES_MAX 8192 /* looked at by one walk */

struct user_name {
	uint32_t uid;
	char name[64];
	UT_hash_handle hh;
};

/* A descriptor that refers to a socket. */
struct held_socket {
	uint64_t inode;
	pid_t pid;
	int fd;
	uint32_t scan; /* number of the scan that saw it last */
	UT_hash_handle hh;
};

struct procinfo {
	int proc_fd;
	int cgroup_fd; /* -1: no cgroup v2 */
	char *cgroup_root;
	bool has_handles; /* cgroup_fd is real cgroupfs: ids can be opened */
	char userns[64];  /* the agent's own; "" where the kernel has none */
	struct user_name *users;
	struct held_socket *sockets;
	uint32_t scan;
};

/* Numbers of processes, in the order read; `pids` is freed by its owner. */
struct pid_list {
	pid_t *pids;
	size_t count, size;
};

/* Every process of PROC_ROOT, at most PROCESSES_MAX. 0 or -errno, with what was read.
 */
int procinfo_list_processes(const struct procinfo *p, struct pid_list *ret_list);

/* Reads at most `size` bytes, no NUL added. 0 or -errno. */
int procinfo_read_file(int dir_fd, const char *name, char *buf, size_t size,
		       size_t *ret_length);
/* A descriptor of /proc/PID, or -ESRCH, -errno. */
int procinfo_open_process(const struct procinfo *p, pid_t pid);
int procinfo_read_uids(int dir_fd, uint32_t ret_uids[static 4]);
int procinfo_read_cgroup(int dir_fd, char *buf, size_t size);

typedef void procinfo_link(void *context, int fd, const char *target);
/* What the descriptors of an open process refer to, of at most `max`; targets are cut
 * after 63 bytes. The number read, or -errno. */
int procinfo_read_links(int dir_fd, unsigned int max, procinfo_link *take,
			void *context);

/* A missing directory means no cgroup v2. 0 or -ENOMEM. */
int procinfo_open_cgroup_root(struct procinfo *p, const char *path);
void procinfo_forget_sockets(struct procinfo *p);

#endif
