/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/etcfile.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ETC "/etc/"

static int open_below(const char *rest)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};
	int etc = open(ETC, O_PATH | O_DIRECTORY | O_CLOEXEC), err = 0;
	long fd;

	if (etc < 0)
		return -errno;
	fd = syscall(SYS_openat2, etc, rest, &how, sizeof(how));
	if (fd < 0)
		err = errno == ELOOP || errno == EXDEV ? -EPERM : -errno;
	close(etc);
	return err < 0 ? err : (int)fd;
}

static int check(int fd, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	return st.st_size > ETCFILE_MAX || (size_t)st.st_size > size ? -EFBIG : 0;
}

static int read_all(int fd, char *buf, size_t size, size_t *ret_length)
{
	size_t used = 0;
	ssize_t n = 1;

	while (used < size && n > 0) {
		n = read(fd, buf + used, size - used);
		if (n < 0 && errno != EINTR)
			return -errno;
		used += n > 0 ? (size_t)n : 0;
		n = n < 0 ? 1 : n;
	}
	*ret_length = used;
	return 0;
}

int etcfile_read(const char *path, char *buf, size_t size, size_t *ret_length)
{
	int fd, r;

	if (strncmp(path, ETC, sizeof(ETC) - 1) != 0)
		return -EPERM;
	fd = open_below(path + sizeof(ETC) - 1);
	if (fd < 0)
		return fd;
	r = check(fd, size);
	if (r == 0)
		r = read_all(fd, buf, size, ret_length);
	close(fd);
	return r;
}
