/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes. A process is opened as a directory once and its files are read relative to
 * that: when it exits, reads fail, and never reach a process that took over its number.
 */
#include "kernel/procinfo.h"
#include "kernel/procinfo_internal.h"
#include "kernel/procparse.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 8192	     /* of a small /proc file */
#define MOUNTINFO_MAX 262144 /* thousands of container mounts */
#define PASSWD_MAX 65536
#define EXE_MAX sizeof(((struct identity_facts *)0)->exe)
#define PF_KTHREAD 0x00200000 /* linux/sched.h, for the kernel alone */
#define GENERATIONS_MAX 16
#define CHILDREN_MAX 65536 /* bytes of a list; some seven a child */

int procinfo_read_file(int dir_fd, const char *name, char *buf, size_t size,
		       size_t *ret_length)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t used = 0;
	int err = 0;

	if (fd < 0)
		return -errno;
	while (used < size) {
		ssize_t n = read(fd, buf + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	close(fd);
	if (err == 0)
		*ret_length = used;
	return err;
}

/* --- open and close ----------------------------------------------------------------
 */

static int find_cgroup_mount(struct procinfo *p)
{
	char *text = malloc(MOUNTINFO_MAX), path[PATH_TEXT_MAX];
	size_t length;
	int err;

	if (!text)
		return -ENOMEM;
	/* "self" is a link of procfs itself, and so is followed. */
	err = procinfo_read_file(p->proc_fd, "self/mountinfo", text, MOUNTINFO_MAX,
				 &length);
	if (err == 0)
		err = procparse_cgroup_mount(text, length, path, sizeof(path));
	free(text);
	if (err < 0)
		return err == -ENOMEM ? err : 0; /* no cgroup v2 is no failure */
	return procinfo_open_cgroup_root(p, path);
}

/* "user:[4026531837]"; "" where the kernel has none, or does not tell. */
static void read_userns(int dir_fd, const char *name, char *buf, size_t size)
{
	ssize_t n = readlinkat(dir_fd, name, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
}

static int open_proc(struct procinfo *p, const char *proc_root)
{
	p->proc_fd = open(proc_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->proc_fd < 0)
		return -errno;
	read_userns(p->proc_fd, "self/ns/user", p->userns, sizeof(p->userns));
	return 0;
}

int procinfo_open(const char *proc_root, const char *cgroup_root,
		  struct procinfo **ret_procinfo)
{
	struct procinfo *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->cgroup_fd = -1;
	err = open_proc(p, proc_root);
	if (err == 0)
		err = cgroup_root ? procinfo_open_cgroup_root(p, cgroup_root)
				  : find_cgroup_mount(p);
	if (err < 0)
		procinfo_close(p);
	else
		*ret_procinfo = p;
	return err;
}

void procinfo_close(struct procinfo *p)
{
	struct user_name *user, *next;

	if (!p)
		return;
	HASH_ITER (hh, p->users, user, next) {
		HASH_DEL(p->users, user);
		free(user);
	}
	procinfo_forget_sockets(p);
	if (p->proc_fd >= 0)
		close(p->proc_fd);
	if (p->cgroup_fd >= 0)
		close(p->cgroup_fd);
	free(p->cgroup_root);
	free(p);
}

/* --- one process -------------------------------------------------------------------
 */

int procinfo_open_process(const struct procinfo *p, pid_t pid)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%d", (int)pid);
	fd = openat(p->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

/* What a missing file below a process means: the process is gone. */
static int process_error(int err)
{
	return err == -ENOENT || err == -ENOTDIR ? -ESRCH : err;
}

static int read_stat(int dir_fd, struct procparse_stat *ret_stat)
{
	char text[FILE_MAX];
	size_t length;
	int err = procinfo_read_file(dir_fd, "stat", text, sizeof(text), &length);

	if (err == 0)
		err = procparse_stat(text, length, ret_stat);
	return process_error(err);
}

int procinfo_read_uids(int dir_fd, uint32_t ret_uids[static 4])
{
	char text[FILE_MAX];
	size_t length;
	int err = procinfo_read_file(dir_fd, "status", text, sizeof(text), &length);

	if (err == 0)
		err = procparse_uids(text, length, ret_uids);
	return process_error(err);
}

int procinfo_read_cgroup(int dir_fd, char *buf, size_t size)
{
	char text[FILE_MAX];
	size_t length;
	int err = procinfo_read_file(dir_fd, "cgroup", text, sizeof(text), &length);

	return err == 0 ? procparse_cgroup(text, length, buf, size) : err;
}

/*
 * A kernel thread has no executable; another user's may be out of sight. Any other that
 * has none is on its way out: the rest of what was read may be void already, and would
 * make another application of it. -ESRCH.
 */
static int read_exe(int dir_fd, const struct procparse_stat *stat,
		    char exe[static EXE_MAX])
{
	ssize_t n = readlinkat(dir_fd, "exe", exe, EXE_MAX - 1);

	if (n < 0 && errno == ENOENT && !(stat->flags & PF_KTHREAD))
		return -ESRCH;
	exe[n > 0 ? n : 0] = '\0';
	return 0;
}

/*
 * Whether root alone may write the file it runs, whatever path that shows. Its file
 * system is not asked, but what it told last is looked up: it may be a user's own, or a
 * server's that is down, and never answer.
 */
static bool is_exe_roots(int dir_fd)
{
	struct statx st;

	if (statx(dir_fd, "exe", AT_STATX_DONT_SYNC, STATX_UID | STATX_MODE, &st) < 0)
		return false;
	return st.stx_uid == 0 && !(st.stx_mode & (S_IWGRP | S_IWOTH));
}

static void read_script(int dir_fd, struct identity_facts *f)
{
	char text[FILE_MAX];
	size_t length;

	if (procinfo_read_file(dir_fd, "cmdline", text, sizeof(text), &length) == 0)
		procparse_script(text, length, f->script, sizeof(f->script));
}

/* What stays when it exits comes first, its executable last. */
static int read_facts(const struct procinfo *p, int dir_fd, struct identity_facts *f)
{
	struct procparse_stat stat;
	char again[EXE_MAX], userns[sizeof(p->userns)];
	uint32_t uids[4];
	int err = read_stat(dir_fd, &stat);

	if (err == 0)
		err = procinfo_read_uids(dir_fd, uids);
	if (err < 0)
		return err;
	memcpy(f->comm, stat.comm, sizeof(f->comm));
	f->uid = uids[1]; /* effective */
	f->parent = (int32_t)stat.parent;
	f->start_ticks = stat.start_ticks;
	if (procinfo_read_cgroup(dir_fd, f->cgroup, sizeof(f->cgroup)) < 0)
		f->cgroup[0] = '\0';
	read_userns(dir_fd, "ns/user", userns, sizeof(userns));
	f->is_in_userns = strcmp(userns, p->userns) != 0;
	f->is_exe_roots = is_exe_roots(dir_fd);
	err = read_exe(dir_fd, &stat, f->exe);
	if (err < 0 || !identity_is_interpreter(f->exe))
		return err;
	read_script(dir_fd, f);
	return read_exe(dir_fd, &stat, again);
}

int procinfo_read_process(struct procinfo *p, pid_t pid,
			  struct identity_facts *ret_facts)
{
	struct identity_facts f = {.pid = pid};
	int dir_fd = procinfo_open_process(p, pid);
	int err;

	if (dir_fd < 0)
		return dir_fd;
	err = read_facts(p, dir_fd, &f);
	close(dir_fd);
	if (err < 0)
		return err;
	snprintf(f.user, sizeof(f.user), "%s", procinfo_user_name(p, f.uid));
	*ret_facts = f;
	return 0;
}

int procinfo_read_cmdline(struct procinfo *p, pid_t pid, char *buf, size_t size,
			  size_t *ret_length)
{
	int dir_fd = procinfo_open_process(p, pid);
	int err;

	if (dir_fd < 0)
		return dir_fd;
	err = process_error(
		procinfo_read_file(dir_fd, "cmdline", buf, size, ret_length));
	close(dir_fd);
	return err;
}

void procinfo_climb(struct procinfo *p, struct identity_facts *facts)
{
	struct identity_facts parent;

	if (identity_cgroup_is_app(facts->cgroup))
		return;
	for (int i = 0; i < GENERATIONS_MAX && facts->parent > 1; i++) {
		if (procinfo_read_process(p, facts->parent, &parent) < 0)
			return;
		/* Younger than its child: somebody else has that number now. */
		if (parent.start_ticks > facts->start_ticks ||
		    !identity_is_family(&parent, facts))
			return;
		*facts = parent;
	}
}

static int read_process_stat(const struct procinfo *p, pid_t pid,
			     struct procparse_stat *ret_stat)
{
	int dir_fd = procinfo_open_process(p, pid);
	int err;

	if (dir_fd < 0)
		return dir_fd;
	err = read_stat(dir_fd, ret_stat);
	close(dir_fd);
	return err;
}

int procinfo_read_start(struct procinfo *p, pid_t pid, uint64_t *ret_ticks)
{
	struct procparse_stat stat;
	int err = read_process_stat(p, pid, &stat);

	if (err == 0)
		*ret_ticks = stat.start_ticks;
	return err;
}

int procinfo_read_parent(struct procinfo *p, pid_t pid, pid_t *ret_parent)
{
	struct procparse_stat stat;
	int err = read_process_stat(p, pid, &stat);

	if (err == 0)
		*ret_parent = (pid_t)stat.parent;
	return err;
}

int procinfo_read_children(struct procinfo *p, pid_t pid, pid_t *pids, size_t max)
{
	char name[64], text[CHILDREN_MAX];
	size_t length;
	int err;

	snprintf(name, sizeof(name), "%d/task/%d/children", (int)pid, (int)pid);
	err = procinfo_read_file(p->proc_fd, name, text, sizeof(text), &length);
	return err < 0 ? err : (int)procparse_numbers(text, length, pids, max);
}

int procinfo_read_io(struct procinfo *p, pid_t pid, uint64_t *ret_read,
		     uint64_t *ret_written)
{
	int dir_fd = procinfo_open_process(p, pid);
	char text[FILE_MAX];
	size_t length;
	int err;

	if (dir_fd < 0)
		return dir_fd;
	err = process_error(
		procinfo_read_file(dir_fd, "io", text, sizeof(text), &length));
	if (err == 0)
		err = procparse_io(text, length, ret_read, ret_written);
	close(dir_fd);
	return err;
}

/* --- user names --------------------------------------------------------------------
 */

static void look_up_user(uint32_t uid, char *buf, size_t size)
{
	char *scratch = malloc(PASSWD_MAX);
	struct passwd entry, *found = NULL;

	if (scratch && getpwuid_r(uid, &entry, scratch, PASSWD_MAX, &found) == 0 &&
	    found)
		snprintf(buf, size, "%s", found->pw_name);
	else
		snprintf(buf, size, "%u", uid);
	free(scratch);
}

const char *procinfo_user_name(struct procinfo *p, uint32_t uid)
{
	struct user_name *user;

	HASH_FIND(hh, p->users, &uid, sizeof(uid), user);
	if (user)
		return user->name;
	if (HASH_COUNT(p->users) >= USER_NAMES_MAX) {
		user = p->users; /* the oldest: uthash keeps the order of insertion */
		HASH_DEL(p->users, user);
	} else {
		user = calloc(1, sizeof(*user));
		if (!user)
			return "?";
	}
	user->uid = uid;
	look_up_user(uid, user->name, sizeof(user->name));
	HASH_ADD(hh, p->users, uid, sizeof(user->uid), user);
	if (!user->hh.tbl) {
		free(user);
		return "?";
	}
	return user->name;
}
