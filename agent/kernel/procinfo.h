/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc and cgroupfs know of processes. The only reader of /proc for processes;
 * the roots can be moved, so that tests use a fixture tree. Source: proc(5),
 * cgroups(7).
 *
 * Cost: the socket-inode to process cache is filled by scans that the caller paces
 * (procinfo_scan); a look-up never scans.
 */
#ifndef KERNEL_PROCINFO_H
#define KERNEL_PROCINFO_H

#include "core/identity.h"
#include "core/impostor.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procinfo;

/* `cgroup_root` NULL: the cgroup2 mount found in PROC_ROOT/self/mountinfo. 0 or -errno.
 */
int procinfo_open(const char *proc_root, const char *cgroup_root,
		  struct procinfo **ret_procinfo);
void procinfo_close(struct procinfo *p);

/* NULL where there is no cgroup v2. */
const char *procinfo_cgroup_root(const struct procinfo *p);

/* The process that holds a socket, from the cache. 0 or -ENOENT. */
int procinfo_find_pid(const struct procinfo *p, uint64_t socket_inode, pid_t *ret_pid);

/*
 * Reads the descriptors of processes into the cache: those of one user (uid), or all
 * with uid (uint32_t)-1; those in the cgroup `cgroup_path` alone when it is not NULL.
 * Forgets sockets that a read process no longer holds. Returns the number of processes
 * read, or -errno. Processes that exit meanwhile are passed over.
 */
int procinfo_scan(struct procinfo *p, uint32_t uid, const char *cgroup_path);
/*
 * The same for one process, but what is cached as another's stays so: which of several
 * holders counts, scans decide. Reads at most `left` descriptors and takes off what it
 * read. The number of sockets nobody was known to hold, -ESRCH, -errno.
 */
int procinfo_look(struct procinfo *p, pid_t pid, unsigned int *left);
/* Drops cached sockets of processes that are gone. */
void procinfo_prune(struct procinfo *p);

/* The raw facts an identity is made of. -ESRCH when the process is gone. */
int procinfo_read_process(struct procinfo *p, pid_t pid,
			  struct identity_facts *ret_facts);

/* Climbs from the facts of a process to those of the topmost of its family
 * (identity_is_family), at most sixteen generations. */
void procinfo_climb(struct procinfo *p, struct identity_facts *facts);

/* Its command line, each word ended by NUL; cut at `size`. 0, -ESRCH, -errno. */
int procinfo_read_cmdline(struct procinfo *p, pid_t pid, char *buf, size_t size,
			  size_t *ret_length);

/* When a process began, in clock ticks since boot: with its number it names the process
 * for ever. 0, -ESRCH. */
int procinfo_read_start(struct procinfo *p, pid_t pid, uint64_t *ret_ticks);

/* The number of its parent, 0 for none. 0, -ESRCH. */
int procinfo_read_parent(struct procinfo *p, pid_t pid, pid_t *ret_parent);
/* The youngest of the processes that its main thread started, oldest first, at most
 * `max`. The number of them; -ENOENT where the kernel does not tell; -ESRCH. */
int procinfo_read_children(struct procinfo *p, pid_t pid, pid_t *pids, size_t max);

/* /proc/PID/io. 0, -ESRCH, -EACCES. */
int procinfo_read_io(struct procinfo *p, pid_t pid, uint64_t *ret_read,
		     uint64_t *ret_written);

/*
 * Whether a process has a sound device or a camera open, or one of the sockets in
 * `sound` (sorted): those connected to a sound server. Reads at most `max`
 * descriptors; the flags are only ever set. The number read, -ESRCH, -errno.
 *
 * What it tells: an open device is strong, a call or a recorder. A connection to a
 * sound server is weak: a desktop program may keep one all day and be silent, and under
 * a server nobody else has the device open. A camera used through PipeWire, and the
 * devices of a container that names them otherwise, are not seen.
 */
struct procinfo_devices {
	bool has_sound, has_camera;
};
int procinfo_read_devices(struct procinfo *p, pid_t pid, const uint64_t *sound,
			  size_t sound_count, unsigned int max,
			  struct procinfo_devices *devices);

/* The file a process runs: procinfo_exe.c. */
struct procinfo_exe {
	char path[1024]; /* in the root of the process */
	bool is_deleted;
	bool is_in_own_root; /* another one than ours: a container's, a sandbox's */
	struct impostor_owner file;
	bool has_directory; /* the path leads to that file, and could be looked up */
	struct impostor_owner directory; /* above it: the most open one, for `user` */
};
/* Asks no file system. 0, -ESRCH when it is gone or has none, -errno. */
int procinfo_read_exe(struct procinfo *p, pid_t pid, uint32_t user,
		      struct procinfo_exe *ret_exe);

/* A process in another network namespace than ours, and the inode of that. */
typedef void procinfo_namespace(void *context, pid_t pid, uint64_t inode);
/* Reads one link of every process. The number of processes, or -errno. */
int procinfo_walk_namespaces(struct procinfo *p, procinfo_namespace *take,
			     void *context);

/* A process of our network namespace that holds a tun or tap device. */
typedef void procinfo_tap(void *context, pid_t pid, const char *device);
/* Reads the descriptors of every process. The number of processes, or -errno. */
int procinfo_walk_taps(struct procinfo *p, procinfo_tap *take, void *context);

/* The path below the root of the cgroup with this id. 0, -ENOENT, -errno. */
int procinfo_cgroup_path(struct procinfo *p, uint64_t cgroup_id, char *buf,
			 size_t size);
/* The other way: id (inode number) of a cgroup path. 0 or -errno. */
int procinfo_cgroup_id(struct procinfo *p, const char *path, uint64_t *ret_id);

/* Processes in a cgroup and below it, at most `max`. The number, or -errno. */
int procinfo_cgroup_pids(struct procinfo *p, const char *path, pid_t *pids, size_t max);

/* The name of a user, or its number as text. Cached. Never NULL; valid until the next
 * call. */
const char *procinfo_user_name(struct procinfo *p, uint32_t uid);

#endif
