/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes are in which network namespace, and who holds which tap device: the
 * owners of guests. Nothing below a process's root directory is read: a guest may have
 * mounted a file system there that never answers.
 */
#include "kernel/procinfo_internal.h"
#include "kernel/procparse.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDINFO_MAX 1024
#define TAP_NAME_MAX 16

static int read_namespace(const struct procinfo *p, const char *process,
			  uint64_t *ret_inode)
{
	char name[32], target[64];
	ssize_t n;

	snprintf(name, sizeof(name), "%s/ns/net", process);
	n = readlinkat(p->proc_fd, name, target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = '\0';
	return procparse_namespace_link(target, ret_inode);
}

typedef void take_process(void *context, pid_t pid, bool is_ours, uint64_t inode);

static int walk(struct procinfo *p, take_process *take, void *context)
{
	struct pid_list all = {0};
	uint64_t ours, inode;
	int r = procinfo_list_processes(p, &all);

	if (r == 0 && read_namespace(p, "self", &ours) < 0)
		r = -EACCES;
	for (size_t i = 0; r == 0 && i < all.count; i++) {
		char process[16];

		snprintf(process, sizeof(process), "%d", (int)all.pids[i]);
		if (read_namespace(p, process, &inode) == 0)
			take(context, all.pids[i], inode == ours, inode);
	}
	free(all.pids);
	return r < 0 ? r : (int)all.count;
}

struct namespace_walk {
	procinfo_namespace *take;
	void *context;
};

static void take_foreign(void *context, pid_t pid, bool is_ours, uint64_t inode)
{
	struct namespace_walk *w = context;

	if (!is_ours)
		w->take(w->context, pid, inode);
}

int procinfo_walk_namespaces(struct procinfo *p, procinfo_namespace *take,
			     void *context)
{
	struct namespace_walk w = {take, context};

	return walk(p, take_foreign, &w);
}

struct tap_walk {
	struct procinfo *procinfo;
	procinfo_tap *take;
	void *context;
	pid_t pid;
	int dir_fd;
};

static void take_descriptor(void *context, int fd, const char *target)
{
	struct tap_walk *w = context;
	char name[32], text[FDINFO_MAX], device[TAP_NAME_MAX];
	size_t length;

	if (strcmp(target, "/dev/net/tun") != 0)
		return;
	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	if (procinfo_read_file(w->dir_fd, name, text, sizeof(text), &length) == 0 &&
	    procparse_tap(text, length, device, sizeof(device)) == 0)
		w->take(w->context, w->pid, device);
}

/* Names of devices are those of one namespace: ours. */
static void take_holder(void *context, pid_t pid, bool is_ours, uint64_t inode)
{
	struct tap_walk *w = context;

	(void)inode;
	w->pid = pid;
	w->dir_fd = is_ours ? procinfo_open_process(w->procinfo, pid) : -1;
	if (w->dir_fd < 0)
		return;
	procinfo_read_links(w->dir_fd, DESCRIPTORS_MAX, take_descriptor, w);
	close(w->dir_fd);
}

int procinfo_walk_taps(struct procinfo *p, procinfo_tap *take, void *context)
{
	struct tap_walk w = {.procinfo = p, .take = take, .context = context};

	return walk(p, take_holder, &w);
}
