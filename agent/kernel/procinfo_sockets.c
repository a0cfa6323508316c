/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket inode to process. The cache is filled by scans and never believed blindly: a
 * look-up reads the one link it rests on, so a process that exited, closed the socket
 * or whose number was reused is found out for the price of one system call.
 */
#include "kernel/procinfo_internal.h"
#include "kernel/procparse.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INIT_PID 1

static int pid_list_add(struct pid_list *l, pid_t pid)
{
	if (l->count == l->size) {
		size_t size = l->size ? l->size * 2 : 256;
		pid_t *grown = reallocarray(l->pids, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		l->pids = grown;
		l->size = size;
	}
	l->pids[l->count++] = pid;
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A decimal number as the kernel writes it, or -1. */
static int parse_number(const char *name)
{
	long n = 0;

	if (!*name)
		return -1;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || n > 100000000)
			return -1;
		n = n * 10 + (*name - '0');
	}
	return (int)n;
}

/* --- the cache ---------------------------------------------------------------------
 */

/*
 * Who counts as the holder when several do: the first one read, so mostly the parent
 * of forked workers; but never init where anybody else holds it, because init opens
 * sockets to hand them on (socket activation).
 */
static void cache_socket(struct procinfo *p, uint64_t inode, pid_t pid, int fd)
{
	struct held_socket *s;

	HASH_FIND(hh, p->sockets, &inode, sizeof(inode), s);
	if (!s) {
		if (HASH_COUNT(p->sockets) >= HELD_SOCKETS_MAX)
			return;
		s = calloc(1, sizeof(*s));
		if (!s)
			return;
		s->inode = inode;
		HASH_ADD(hh, p->sockets, inode, sizeof(s->inode), s);
		if (!s->hh.tbl) {
			free(s);
			return;
		}
	} else if (s->scan == p->scan && s->pid != INIT_PID) {
		return;
	}
	s->pid = pid;
	s->fd = fd;
	s->scan = p->scan;
}

static void drop_socket(struct procinfo *p, struct held_socket *s)
{
	HASH_DEL(p->sockets, s);
	free(s);
}

void procinfo_forget_sockets(struct procinfo *p)
{
	struct held_socket *s, *next;

	HASH_ITER (hh, p->sockets, s, next) {
		drop_socket(p, s);
	}
}

static bool socket_is_held(const struct procinfo *p, const struct held_socket *s)
{
	char name[48], target[64];
	uint64_t inode;
	ssize_t n;

	snprintf(name, sizeof(name), "%d/fd/%d", (int)s->pid, s->fd);
	n = readlinkat(p->proc_fd, name, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return procparse_socket_link(target, &inode) == 0 && inode == s->inode;
}

int procinfo_find_pid(const struct procinfo *p, uint64_t socket_inode, pid_t *ret_pid)
{
	struct held_socket *s;

	HASH_FIND(hh, p->sockets, &socket_inode, sizeof(socket_inode), s);
	if (!s || !socket_is_held(p, s))
		return -ENOENT;
	*ret_pid = s->pid;
	return 0;
}

static bool process_exists(const struct procinfo *p, pid_t pid)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)pid);
	return faccessat(p->proc_fd, name, F_OK, 0) == 0;
}

void procinfo_prune(struct procinfo *p)
{
	struct held_socket *s, *next;
	bool exists = false;
	pid_t last = 0;

	/* Sockets of one process were mostly cached one after the other. */
	HASH_ITER (hh, p->sockets, s, next) {
		if (s->pid != last)
			exists = process_exists(p, s->pid);
		last = s->pid;
		if (!exists)
			drop_socket(p, s);
	}
}

/* --- scans -------------------------------------------------------------------------
 */

int procinfo_read_links(int dir_fd, unsigned int max, procinfo_link *take,
			void *context)
{
	int fd = openat(dir_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct dirent *entry;
	unsigned int count = 0;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (count < max && (entry = readdir(dir))) {
		char target[64];
		int number = parse_number(entry->d_name);
		ssize_t n;

		if (number < 0)
			continue;
		count++;
		n = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		take(context, number, target);
	}
	closedir(dir);
	return (int)count;
}

/* A process whose sockets are read. */
struct reading {
	struct procinfo *procinfo;
	pid_t pid;
	bool only_new; /* what others are known to hold stays theirs */
	int found;     /* sockets nobody was known to hold */
};

static void take_link(void *context, int fd, const char *target)
{
	struct reading *r = context;
	struct held_socket *s = NULL;
	uint64_t inode;

	if (procparse_socket_link(target, &inode) < 0)
		return;
	if (r->only_new)
		HASH_FIND(hh, r->procinfo->sockets, &inode, sizeof(inode), s);
	r->found += !s;
	if (!s)
		cache_socket(r->procinfo, inode, r->pid, fd);
	else if (s->pid == r->pid)
		s->fd = fd;
}

int procinfo_look(struct procinfo *p, pid_t pid, unsigned int *left)
{
	struct reading r = {.procinfo = p, .pid = pid, .only_new = true};
	int dir_fd = procinfo_open_process(p, pid);
	int n;

	if (dir_fd < 0)
		return dir_fd;
	n = procinfo_read_links(dir_fd, *left, take_link, &r);
	close(dir_fd);
	if (n < 0)
		return n;
	*left -= (unsigned int)n;
	return r.found;
}

static bool has_uid(int dir_fd, uint32_t uid)
{
	uint32_t uids[4];

	if (procinfo_read_uids(dir_fd, uids) < 0)
		return false;
	for (int i = 0; i < 4; i++)
		if (uids[i] == uid)
			return true;
	return false;
}

/* Whether a process is in a cgroup or below it. */
static bool is_in_cgroup(int dir_fd, const char *cgroup_path)
{
	char path[PATH_TEXT_MAX];
	size_t n = strlen(cgroup_path);

	if (procinfo_read_cgroup(dir_fd, path, sizeof(path)) < 0)
		return false;
	while (n > 0 && cgroup_path[n - 1] == '/')
		n--;
	return strncmp(path, cgroup_path, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

/* 1 when the process was read, 0 when it is passed over, -ENOMEM. */
static int scan_process(struct procinfo *p, pid_t pid, uint32_t uid,
			const char *cgroup_path, struct pid_list *read_pids)
{
	struct reading r = {.procinfo = p, .pid = pid};
	int dir_fd = procinfo_open_process(p, pid);
	int ret = 0;

	if (dir_fd < 0)
		return 0;
	if ((uid == (uint32_t)-1 || has_uid(dir_fd, uid)) &&
	    (!cgroup_path || is_in_cgroup(dir_fd, cgroup_path)) &&
	    procinfo_read_links(dir_fd, DESCRIPTORS_MAX, take_link, &r) >= 0)
		ret = pid_list_add(read_pids, pid) < 0 ? -ENOMEM : 1;
	close(dir_fd);
	return ret;
}

int procinfo_list_processes(const struct procinfo *p, struct pid_list *ret_list)
{
	int fd = openat(p->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *dir;
	int err = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (err == 0 && ret_list->count < PROCESSES_MAX && (entry = readdir(dir))) {
		int pid = parse_number(entry->d_name);

		if (pid > 0)
			err = pid_list_add(ret_list, pid);
	}
	closedir(dir);
	return err;
}

/* The processes of a cgroup, from cgroupfs; from all of /proc where it can't tell. */
static int list_cgroup(struct procinfo *p, const char *cgroup_path,
		       struct pid_list *ret_list)
{
	enum { CGROUP_PIDS_MAX = 4096 };
	pid_t *pids = calloc(CGROUP_PIDS_MAX, sizeof(*pids));
	int n;

	if (!pids)
		return -ENOMEM;
	n = procinfo_cgroup_pids(p, cgroup_path, pids, CGROUP_PIDS_MAX);
	if (n < 0 || n == CGROUP_PIDS_MAX) {
		free(pids);
		return procinfo_list_processes(p, ret_list);
	}
	*ret_list = (struct pid_list){pids, (size_t)n, CGROUP_PIDS_MAX};
	return 0;
}

/* Forgets what processes that were read hold no longer. */
static void sweep_read(struct procinfo *p, struct pid_list *read_pids)
{
	struct held_socket *s, *next;

	if (read_pids->count == 0)
		return;
	qsort(read_pids->pids, read_pids->count, sizeof(pid_t), compare_pids);
	HASH_ITER (hh, p->sockets, s, next) {
		if (s->scan != p->scan &&
		    bsearch(&s->pid, read_pids->pids, read_pids->count, sizeof(pid_t),
			    compare_pids))
			drop_socket(p, s);
	}
}

int procinfo_scan(struct procinfo *p, uint32_t uid, const char *cgroup_path)
{
	struct pid_list all = {0}, read_pids = {0};
	int ret = cgroup_path ? list_cgroup(p, cgroup_path, &all)
			      : procinfo_list_processes(p, &all);

	if (ret < 0)
		goto out;
	p->scan++;
	for (size_t i = 0; i < all.count && ret >= 0; i++)
		ret = scan_process(p, all.pids[i], uid, cgroup_path, &read_pids);
	if (ret >= 0)
		ret = (int)read_pids.count;
	sweep_read(p, &read_pids);
out:
	free(all.pids);
	free(read_pids.pids);
	return ret;
}
