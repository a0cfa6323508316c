/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/listen.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 16
#define LOCK_SUFFIX ".lock"
#define PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)
/* Each time its holder took it away just before we had it. */
#define LOCK_ATTEMPTS 100

/* False when it has none but the root or the working directory. */
static bool parent_of(const char *path, char ret_parent[PATH_SIZE])
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	memcpy(ret_parent, path, (size_t)(slash - path));
	ret_parent[slash - path] = '\0';
	return true;
}

static int make_parent(const char *path, bool *ret_has_made)
{
	char parent[PATH_SIZE];
	mode_t old;
	int r;

	if (!parent_of(path, parent))
		return 0;
	old = umask(0022);
	r = mkdir(parent, 0755) < 0 ? -errno : 0;
	umask(old);
	*ret_has_made = r == 0;
	return r == -EEXIST ? 0 : r;
}

/* Not if somebody else has put something into it. */
static void remove_parent(const char *path)
{
	char parent[PATH_SIZE];

	if (parent_of(path, parent))
		rmdir(parent);
}

static bool is_same_file(const char *path, const struct stat *st)
{
	struct stat there;

	return lstat(path, &there) == 0 && there.st_dev == st->st_dev &&
	       there.st_ino == st->st_ino;
}

/* Locks what is at `path` now. -ESTALE when it went away meanwhile. */
static int lock_once(const char *path, int *ret_fd)
{
	struct stat st;
	int r = 0, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
	else if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!is_same_file(path, &st))
		r = -ESTALE;
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

/* Finding a stale socket, removing it and making another are three steps: of two that
 * start at once one would remove the new socket of the other. */
static int lock_path(const char *path, int *ret_fd)
{
	char lock[PATH_SIZE + sizeof(LOCK_SUFFIX)];
	int r = -ESTALE;

	snprintf(lock, sizeof(lock), "%s" LOCK_SUFFIX, path);
	for (int i = 0; i < LOCK_ATTEMPTS && r == -ESTALE; i++)
		r = lock_once(lock, ret_fd);
	return r;
}

/* Removed while it is held, so that nobody holds one that is not there any more. */
static void unlock_path(const char *path, int fd)
{
	char lock[PATH_SIZE + sizeof(LOCK_SUFFIX)];

	snprintf(lock, sizeof(lock), "%s" LOCK_SUFFIX, path);
	unlink(lock);
	close(fd);
}

/* 0 when the file is a socket without a listener; else why it must stay. */
static int check_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, r;

	if (lstat(address->sun_path, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno
										: 0;
	close(fd);
	if (r == -ECONNREFUSED)
		return 0;
	/* Connected, or its backlog is full: there is somebody. */
	return r == 0 || r == -EAGAIN ? -EADDRINUSE : r;
}

static int bind_once(int fd, const struct sockaddr_un *address)
{
	/* The mode is exactly 0666 from the first moment on; a chmod() afterwards could
	 * be led to another file. Nobody gets through before listen(). */
	mode_t old = umask(0111);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0
			? -errno
			: 0;

	umask(old);
	return r;
}

static int bind_path(int fd, const struct sockaddr_un *address)
{
	int r = bind_once(fd, address);

	if (r != -EADDRINUSE)
		return r;
	r = check_stale(address);
	if (r < 0)
		return r;
	if (unlink(address->sun_path) < 0)
		return -errno;
	return bind_once(fd, address);
}

static int listen_locked(const char *path, struct ctl_listener *l)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int r;

	memcpy(address.sun_path, path, strlen(path));
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	r = bind_path(l->fd, &address);
	if (r == 0 && (listen(l->fd, LISTEN_BACKLOG) < 0 || lstat(path, &st) < 0)) {
		r = -errno;
		unlink(path);
	}
	if (r < 0) {
		close(l->fd);
		return r;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

int ctl_listen(const char *path, struct ctl_listener *ret_listener)
{
	struct ctl_listener l = {.fd = -1, .lock_fd = -1};
	int r;

	if (!*path)
		return -EINVAL;
	if (strlen(path) >= PATH_SIZE)
		return -ENAMETOOLONG;
	r = make_parent(path, &l.has_made_parent);
	if (r < 0)
		return r;
	l.path = strdup(path);
	if (!l.path)
		return -ENOMEM;
	r = lock_path(path, &l.lock_fd);
	if (r == 0)
		r = listen_locked(path, &l);
	if (r == 0) {
		*ret_listener = l;
		return 0;
	}
	if (l.lock_fd >= 0)
		unlock_path(path, l.lock_fd);
	free(l.path);
	return r;
}

void ctl_listener_done(struct ctl_listener *l)
{
	const struct stat ours = {.st_dev = l->dev, .st_ino = l->ino};

	if (!l->path)
		return;
	if (is_same_file(l->path, &ours))
		unlink(l->path);
	close(l->fd);
	unlock_path(l->path, l->lock_fd);
	if (l->has_made_parent)
		remove_parent(l->path);
	free(l->path);
	*l = (struct ctl_listener){.fd = -1, .lock_fd = -1};
}
