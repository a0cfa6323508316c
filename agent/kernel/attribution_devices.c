/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which applications have sound or a camera open. One dump of Unix sockets tells all
 * clients of sound servers: the server's end is bound to its well-known path, and names
 * the inode of the client's.
 */
#include "kernel/attribution_internal.h"
#include "kernel/procparse.h"
#include <stdlib.h>

#define EVERY_NS 10000000000ull
#define LINKS_MAX 4096 /* descriptors read of one application at a time */

static void take_unix(void *context, const struct sockdiag_unix *u)
{
	struct attribution *a = context;

	if (u->peer_inode && a->sound_count < SOUND_CLIENTS_MAX &&
	    procparse_is_sound_server(u->path, u->path_length))
		a->sound[a->sound_count++] = u->peer_inode;
}

static int compare_inodes(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_due(uint64_t read_ns, uint64_t time_ns)
{
	return !read_ns || time_ns - read_ns >= EVERY_NS;
}

static void read_sound_clients(struct attribution *a, uint64_t time_ns)
{
	if (!a->sockdiag || !is_due(a->sound_ns, time_ns))
		return;
	a->sound_ns = time_ns;
	a->sound_count = 0;
	sockdiag_dump_unix(a->sockdiag, take_unix, a);
	qsort(a->sound, a->sound_count, sizeof(a->sound[0]), compare_inodes);
}

const struct procinfo_devices *devices_find(struct attribution *a,
					    struct application *app, uint64_t time_ns)
{
	struct procinfo_devices found = {false, false};
	unsigned int left = LINKS_MAX;
	uint64_t start;

	if (!is_due(app->devices_ns, time_ns) || !budget_allows(a, time_ns))
		return &app->devices;
	start = budget_clock();
	read_sound_clients(a, time_ns);
	for (size_t i = 0; i < app->process_count && left; i++) {
		int n = procinfo_read_devices(a->procinfo, app->processes[i].pid,
					      a->sound, a->sound_count, left, &found);

		left -= n > 0 ? (unsigned int)n : 0;
	}
	app->devices = found;
	app->devices_ns = time_ns;
	budget_spend(a, start);
	return &app->devices;
}
