/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup v2 by path and by id. The id that sockets carry is the inode number of the
 * directory (64-bit kernels), and names it in a file handle too: FILEID_KERNFS of
 * linux/exportfs.h, eight bytes. Opening by handle needs CAP_DAC_READ_SEARCH; without
 * it a bounded walk does the same, slower.
 */
#include "kernel/procinfo_internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FILEID_KERNFS 0xfe

int procinfo_open_cgroup_root(struct procinfo *p, const char *path)
{
	struct statfs fs;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	p->cgroup_root = strdup(path);
	if (!p->cgroup_root) {
		close(fd);
		return -ENOMEM;
	}
	p->cgroup_fd = fd;
	p->has_handles = fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	return 0;
}

const char *procinfo_cgroup_root(const struct procinfo *p)
{
	return p->cgroup_root;
}

/* --- path to id --------------------------------------------------------------------
 */

/* A path from /proc may begin with ".." when its cgroup is outside our namespace. */
static bool is_climbing(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if ((at == path || at[-1] == '/') && (at[2] == '/' || !at[2]))
			return true;
	return false;
}

static int open_below(int root_fd, const char *path)
{
	int fd;

	if (root_fd < 0 || is_climbing(path))
		return -ENOENT;
	while (*path == '/')
		path++;
	fd = openat(root_fd, *path ? path : ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int procinfo_cgroup_id(struct procinfo *p, const char *path, uint64_t *ret_id)
{
	int fd = open_below(p->cgroup_fd, path);
	struct stat st;
	int err;

	if (fd < 0)
		return fd;
	err = fstat(fd, &st) < 0 ? -errno : 0;
	close(fd);
	if (err == 0)
		*ret_id = st.st_ino;
	return err;
}

/* --- id to path --------------------------------------------------------------------
 */

/* The path of an open directory below the root. */
static int path_of_fd(const struct procinfo *p, int fd, char *buf, size_t size)
{
	char name[48], target[PATH_TEXT_MAX];
	size_t root = strlen(p->cgroup_root);
	ssize_t n;

	/* Our own descriptor: real /proc, also when the processes come from elsewhere.
	 */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	while (root > 0 && p->cgroup_root[root - 1] == '/')
		root--;
	if (strncmp(target, p->cgroup_root, root) != 0 ||
	    (target[root] != '/' && target[root] != '\0'))
		return -ENOENT;
	if (strlen(target + root) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, target[root] ? target + root : "/");
	return 0;
}

static int path_by_handle(const struct procinfo *p, uint64_t id, char *buf, size_t size)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} h = {.handle = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS}};
	int fd, err;

	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(p->cgroup_fd, &h.handle, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = path_of_fd(p, fd, buf, size);
	close(fd);
	return err;
}

struct walk {
	uint64_t id;
	unsigned int left;	  /* directories that may still be looked at */
	char path[PATH_TEXT_MAX]; /* of the directory being looked at */
};

static int walk_for_id(struct walk *w, int dir_fd, unsigned int depth);

/* Looks at one entry of a directory; w->path is as before unless the id was found. */
static int walk_entry(struct walk *w, int dir_fd, const char *name, unsigned int depth)
{
	size_t length = strlen(w->path);
	struct stat st;
	int fd, err;

	if (name[0] == '.' ||
	    (size_t)snprintf(w->path + length, sizeof(w->path) - length, "/%s", name) >=
		    sizeof(w->path) - length)
		goto passed_over;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		goto passed_over;
	if (fstat(fd, &st) == 0 && st.st_ino == w->id) {
		close(fd);
		return 0;
	}
	err = walk_for_id(w, fd, depth + 1); /* closes fd */
	if (err == 0)
		return 0;
passed_over:
	w->path[length] = '\0';
	return -ENOENT;
}

static int walk_for_id(struct walk *w, int dir_fd, unsigned int depth)
{
	DIR *dir = fdopendir(dir_fd);
	const struct dirent *entry;
	int err = -ENOENT;

	if (!dir) {
		close(dir_fd);
		return -ENOENT;
	}
	while (err == -ENOENT && depth < CGROUP_DEPTH_MAX && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (w->left == 0)
			break;
		w->left--;
		err = walk_entry(w, dir_fd, entry->d_name, depth);
	}
	closedir(dir);
	return err;
}

static int path_by_walk(const struct procinfo *p, uint64_t id, char *buf, size_t size)
{
	struct walk w = {.id = id, .left = CGROUP_DIRECTORIES_MAX};
	int fd = open_below(p->cgroup_fd, "");
	struct stat st;
	int err;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && st.st_ino == id) {
		strcpy(w.path, "/");
		close(fd);
		err = 0;
	} else {
		err = walk_for_id(&w, fd, 0);
	}
	if (err == 0 && strlen(w.path) >= size)
		return -ENAMETOOLONG;
	if (err == 0)
		strcpy(buf, w.path);
	return err;
}

int procinfo_cgroup_path(struct procinfo *p, uint64_t cgroup_id, char *buf, size_t size)
{
	int err = -EPERM;

	if (p->cgroup_fd < 0 || size < 2)
		return -ENOENT;
	if (p->has_handles)
		err = path_by_handle(p, cgroup_id, buf, size);
	if (err == 0 || err == -ESTALE || err == -ENOENT || err == -ENAMETOOLONG)
		return err == -ESTALE ? -ENOENT : err;
	return path_by_walk(p, cgroup_id, buf, size);
}

/* --- members -----------------------------------------------------------------------
 */

struct members {
	pid_t *pids;
	size_t count, max;
	unsigned int left; /* directories that may still be looked at */
};

static void add_members_of(int dir_fd, struct members *m)
{
	int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
	int pid;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	/* 0 stands for a process of another pid namespace. */
	while (m->count < m->max && fscanf(file, "%d", &pid) == 1)
		if (pid > 0)
			m->pids[m->count++] = pid;
	fclose(file);
}

/* Takes over dir_fd. Cgroups below belong to the application too. */
static void add_members(int dir_fd, struct members *m, unsigned int depth)
{
	DIR *dir = fdopendir(dir_fd);
	const struct dirent *entry;

	if (!dir) {
		close(dir_fd);
		return;
	}
	add_members_of(dir_fd, m);
	while (m->count < m->max && m->left && depth < CGROUP_DEPTH_MAX &&
	       (entry = readdir(dir))) {
		int fd;

		if (entry->d_name[0] == '.' ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		m->left--;
		fd = openat(dir_fd, entry->d_name,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0)
			add_members(fd, m, depth + 1);
	}
	closedir(dir);
}

int procinfo_cgroup_pids(struct procinfo *p, const char *path, pid_t *pids, size_t max)
{
	struct members m = {pids, 0, max, CGROUP_DIRECTORIES_MAX};
	int fd = open_below(p->cgroup_fd, path);

	if (fd < 0)
		return fd;
	add_members(fd, &m, 0);
	return (int)m.count;
}
