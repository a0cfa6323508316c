/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound and cameras: what the descriptors of a process refer to. */
#include "kernel/procinfo_internal.h"
#include "kernel/procparse.h"
#include <stdlib.h>
#include <unistd.h>

struct search {
	const uint64_t *sound;
	size_t sound_count;
	struct procinfo_devices *devices;
};

static int compare_inodes(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void take_link(void *context, int fd, const char *target)
{
	struct search *s = context;
	enum procparse_device device = procparse_device_link(target);
	uint64_t inode;

	(void)fd;
	s->devices->has_sound |= device == PROCPARSE_SOUND;
	s->devices->has_camera |= device == PROCPARSE_CAMERA;
	if (s->sound_count && procparse_socket_link(target, &inode) == 0 &&
	    bsearch(&inode, s->sound, s->sound_count, sizeof(inode), compare_inodes))
		s->devices->has_sound = true;
}

int procinfo_read_devices(struct procinfo *p, pid_t pid, const uint64_t *sound,
			  size_t sound_count, unsigned int max,
			  struct procinfo_devices *devices)
{
	struct search s = {sound, sound_count, devices};
	int dir_fd = procinfo_open_process(p, pid);
	int ret;

	if (dir_fd < 0)
		return dir_fd;
	ret = procinfo_read_links(dir_fd, max, take_link, &s);
	close(dir_fd);
	return ret;
}
