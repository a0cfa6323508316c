/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that a process runs, and who may change it or put another in its place.
 *
 * File systems of users and of servers may never answer, so none is asked: what the
 * kernel has in its caches is enough, for the file is in use. Its directories are
 * looked up in the root of the process, by openat2() with RESOLVE_CACHED, which fails
 * rather than waits (Linux 5.12; before that they are not looked at).
 */
#include "kernel/procinfo_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

#define DIRECTORIES_MAX 64 /* above a file; the rest is not looked at */
#define DELETED " (deleted)"
#define STATX_WANTED                                                                   \
	(STATX_UID | STATX_GID | STATX_MODE | STATX_NLINK | STATX_INO | STATX_TYPE)

struct node {
	uint32_t dev_major, dev_minor;
	uint64_t inode;
};

static struct node node_of(const struct statx *st)
{
	return (struct node){st->stx_dev_major, st->stx_dev_minor, st->stx_ino};
}

static bool is_same(const struct node *a, const struct node *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor;
}

static struct impostor_owner owner_of(const struct statx *st)
{
	return (struct impostor_owner){st->stx_uid, st->stx_gid, st->stx_mode & 07777};
}

static int look(int dir_fd, const char *name, int flags, struct statx *ret_st)
{
	return statx(dir_fd, name, AT_STATX_DONT_SYNC | flags, STATX_WANTED, ret_st) < 0
		       ? -errno
		       : 0;
}

/* A path below a root, if the kernel has all of it at hand. A descriptor, or -errno. */
static int open_cached(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_CACHED | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int look_cached(int root_fd, const char *path, struct statx *ret_st)
{
	int fd = open_cached(root_fd, path), r;

	if (fd < 0)
		return fd;
	r = look(fd, "", AT_EMPTY_PATH, ret_st);
	close(fd);
	return r;
}

/* --- the path ----------------------------------------------------------------------
 */

/* As the kernel tells it, without the note that it is gone. */
static int read_path(int dir_fd, bool is_deleted, struct procinfo_exe *e)
{
	size_t note = sizeof(DELETED) - 1;
	ssize_t n = readlinkat(dir_fd, "exe", e->path, sizeof(e->path) - 1);

	if (n <= 0 || (size_t)n >= sizeof(e->path) - 1)
		return n < 0 ? -errno : -ENAMETOOLONG;
	e->path[n] = '\0';
	if (is_deleted && (size_t)n > note && strcmp(e->path + n - note, DELETED) == 0)
		e->path[(size_t)n - note] = '\0';
	return e->path[0] == '/' ? 0 : -ENOENT;
}

/* --- the directories ---------------------------------------------------------------
 */

/* The one that most may write to is kept: any of them suffices to replace the file. */
static void take_directory(struct procinfo_exe *e, const struct statx *st,
			   uint32_t user)
{
	struct impostor_owner owner = owner_of(st);

	if (!e->has_directory || impostor_is_open(&owner, user, true))
		e->directory = owner;
	e->has_directory = true;
}

static void read_directories(int root_fd, uint32_t user, struct procinfo_exe *e)
{
	char path[sizeof(e->path)];
	struct statx st;
	char *slash;

	snprintf(path, sizeof(path), "%s", e->path);
	for (int i = 0; i < DIRECTORIES_MAX && (slash = strrchr(path, '/')); i++) {
		slash[slash == path] = '\0'; /* of "/x" the slash stays */
		if (look_cached(root_fd, path, &st) == 0)
			take_directory(e, &st, user);
		if (slash == path)
			break;
	}
}

/* Whether the path means this file in that root: else it says nothing of it. */
static bool is_at_path(int root_fd, const struct procinfo_exe *e,
		       const struct node *file)
{
	struct statx st;
	struct node found;

	if (look_cached(root_fd, e->path, &st) < 0)
		return false;
	found = node_of(&st);
	return is_same(&found, file);
}

static void read_in_root(const struct procinfo *p, int dir_fd, const struct node *file,
			 uint32_t user, struct procinfo_exe *e)
{
	int root_fd = openat(dir_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx st, own;
	struct node a, b;

	if (root_fd < 0)
		return;
	if (look(root_fd, "", AT_EMPTY_PATH, &st) == 0 &&
	    look(p->proc_fd, "self/root", 0, &own) == 0) {
		a = node_of(&st);
		b = node_of(&own);
		e->is_in_own_root = !is_same(&a, &b);
	}
	if (!e->is_deleted && is_at_path(root_fd, e, file))
		read_directories(root_fd, user, e);
	close(root_fd);
}

int procinfo_read_exe(struct procinfo *p, pid_t pid, uint32_t user,
		      struct procinfo_exe *ret_exe)
{
	struct procinfo_exe e = {.is_in_own_root = true};
	int dir_fd = procinfo_open_process(p, pid);
	struct statx st;
	struct node file;
	int r;

	if (dir_fd < 0)
		return dir_fd;
	r = look(dir_fd, "exe", 0, &st);
	if (r == 0) {
		e.is_deleted = st.stx_nlink == 0;
		e.file = owner_of(&st);
		file = node_of(&st);
		r = read_path(dir_fd, e.is_deleted, &e);
	}
	if (r == 0)
		read_in_root(p, dir_fd, &file, user, &e);
	close(dir_fd);
	if (r == 0)
		*ret_exe = e;
	return r == -ENOENT ? -ESRCH : r;
}
