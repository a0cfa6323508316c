/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of /proc files to values. No I/O: procinfo.c reads, these parse, and the fuzzer
 * calls them alone. Texts need no NUL at their end and may hold anything: a process
 * chooses its own name and arguments. Source: proc(5), cgroups(7).
 */
#ifndef KERNEL_PROCPARSE_H
#define KERNEL_PROCPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procparse_stat {
	char comm[32]; /* raw */
	char state;
	uint64_t parent;      /* its number; 0: none */
	uint64_t flags;	      /* PF_* of linux/sched.h */
	uint64_t start_ticks; /* since boot */
};

/* /proc/PID/stat. 0 or -EINVAL. */
int procparse_stat(const char *text, size_t length, struct procparse_stat *ret_stat);

/* "Uid:" of /proc/PID/status: real, effective, saved, file system. 0 or -EINVAL. */
int procparse_uids(const char *text, size_t length, uint32_t ret_uids[static 4]);

/* The v2 path ("0::/a/b") of /proc/PID/cgroup, without the mark of a removed cgroup.
 * 0, -ENOENT when there is none, -ENAMETOOLONG. */
int procparse_cgroup(const char *text, size_t length, char *ret_path, size_t size);

/* Where cgroup2 is mounted, from /proc/PID/mountinfo; a mount of its root rather than
 * of a part of it when there is one. 0, -ENOENT, -ENAMETOOLONG. */
int procparse_cgroup_mount(const char *text, size_t length, char *ret_path,
			   size_t size);

/* The program in an interpreter's arguments (/proc/PID/cmdline); "" when it runs code
 * from its arguments or standard input. */
void procparse_script(const char *text, size_t length, char *ret_script, size_t size);

/* Decimal numbers between blanks (/proc/PID/task/TID/children), the last `max` of them.
 * How many there are in `numbers`. */
size_t procparse_numbers(const char *text, size_t length, int *numbers, size_t max);

/* read_bytes and write_bytes of /proc/PID/io. 0 or -EINVAL. */
int procparse_io(const char *text, size_t length, uint64_t *ret_read,
		 uint64_t *ret_written);

/* What a descriptor's link says of sound and pictures: the file name of a device. */
enum procparse_device {
	PROCPARSE_NO_DEVICE,
	PROCPARSE_SOUND, /* an ALSA stream, open for playing or recording */
	PROCPARSE_CAMERA
};
enum procparse_device procparse_device_link(const char *target);
/* Whether a Unix socket's path is one that a sound server listens on. */
bool procparse_is_sound_server(const char *path, size_t length);

/* The inode in "net:[123]", /proc/PID/ns/net. 0 or -EINVAL. */
int procparse_namespace_link(const char *target, uint64_t *ret_inode);

/* The device in the fdinfo of /dev/net/tun ("iff:"). 0, or -ENOENT when there is none.
 */
int procparse_tap(const char *text, size_t length, char *ret_name, size_t size);

/* The inode in "socket:[123]". 0, or -ENOENT when it is no socket. */
int procparse_socket_link(const char *target, uint64_t *ret_inode);

#endif
