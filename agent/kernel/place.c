/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/place.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LENGTH 36
#define NAMESPACE "/proc/self/ns/net"

static int read_boot_id(char ret_id[BOOT_ID_LENGTH + 1])
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, ret_id, BOOT_ID_LENGTH);
	close(fd);
	if (n != BOOT_ID_LENGTH)
		return -EIO;
	ret_id[n] = '\0';
	return 0;
}

int place_read(char ret_place[PLACE_SIZE])
{
	char boot[BOOT_ID_LENGTH + 1], namespace[PLACE_SIZE - sizeof(boot) - 1];
	ssize_t n = readlink(NAMESPACE, namespace, sizeof(namespace) - 1);
	int r;

	if (n < 0)
		return -errno;
	namespace[n] = '\0';
	r = read_boot_id(boot);
	if (r == 0)
		snprintf(ret_place, PLACE_SIZE, "%s/%s", boot, namespace);
	return r;
}
