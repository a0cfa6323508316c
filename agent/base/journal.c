/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool journal_is_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

int journal_open(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), flags;

	if (fd < 0)
		return -errno;
	flags = journal_is_stderr() ? fcntl(STDERR_FILENO, F_GETFL) : -1;
	if (flags >= 0)
		fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
	return fd;
}

/* "NAME=value\n" a field. The length, or -errno. */
static ssize_t encode(const struct journal_field *fields, size_t count, char *buf,
		      size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		int n;

		if (strchr(fields[i].value, '\n'))
			return -EINVAL;
		n = snprintf(buf + used, size - used, "%s=%s\n", fields[i].name,
			     fields[i].value);
		if (n < 0 || (size_t)n >= size - used)
			return -EMSGSIZE;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int journal_send(int fd, const char *path, const struct journal_field *fields,
		 size_t count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char entry[JOURNAL_ENTRY_MAX];
	ssize_t length = encode(fields, count, entry, sizeof(entry));

	if (length < 0)
		return (int)length;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (sendto(fd, entry, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}
