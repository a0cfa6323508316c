/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/listen.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 16

static int make_parent(const char *path)
{
	char parent[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	mode_t old;
	int r;

	if (!slash || slash == path)
		return 0;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';
	old = umask(0022);
	r = mkdir(parent, 0755) < 0 && errno != EEXIST ? -errno : 0;
	umask(old);
	return r;
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

int ctl_listen(const char *path, struct ctl_listener *ret_listener)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ctl_listener l = {.fd = -1};
	struct stat st;
	int r;

	if (!*path)
		return -EINVAL;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	r = make_parent(path);
	if (r < 0)
		return r;
	l.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l.fd < 0)
		return -errno;
	r = bind_path(l.fd, &address);
	if (r < 0)
		goto fail;
	if (listen(l.fd, LISTEN_BACKLOG) < 0 || lstat(path, &st) < 0) {
		r = -errno;
		unlink(path);
		goto fail;
	}
	l.dev = st.st_dev;
	l.ino = st.st_ino;
	r = -ENOMEM;
	l.path = strdup(path);
	if (!l.path)
		goto fail;
	*ret_listener = l;
	return 0;
fail:
	close(l.fd);
	return r;
}

void ctl_listener_done(struct ctl_listener *l)
{
	struct stat st;

	if (!l->path)
		return;
	if (lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	close(l->fd);
	free(l->path);
	*l = (struct ctl_listener){.fd = -1};
}
