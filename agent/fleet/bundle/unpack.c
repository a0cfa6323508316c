/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGENTCTL_POLICY_INVALID 3 /* agentctl(1) */
#define WORDS_BEFORE 6

extern char **environ;

/* A directory of our own, and its files by their full names. */
struct unpacked {
	char dir[64];
	char paths[BUNDLE_FILES_MAX][128];
	size_t count;
};

static int write_one(const char *path, const struct bundle_file *file)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out) {
		int r = -errno;

		if (fd >= 0)
			close(fd);
		return r;
	}
	fwrite(file->text, 1, file->length, out);
	return fclose(out) == 0 ? 0 : -errno;
}

static void remove_all(const struct unpacked *u)
{
	for (size_t i = 0; i < u->count; i++)
		unlink(u->paths[i]);
	rmdir(u->dir);
}

static int unpack(const struct bundle *b, struct unpacked *ret_unpacked)
{
	const char *below = getenv("RUNTIME_DIRECTORY"); /* systemd's, of this run */
	char dir[sizeof(ret_unpacked->dir)];
	struct unpacked u = {0};
	int r = 0;

	snprintf(dir, sizeof(dir), "%.40s/bundle.XXXXXX", below ? below : "/run");
	if (!mkdtemp(dir))
		return -errno;
	memcpy(u.dir, dir, sizeof(dir));
	while (r == 0 && u.count < b->file_count) {
		const struct bundle_file *file = &b->files[u.count];

		snprintf(u.paths[u.count], sizeof(u.paths[0]), "%s/%s%s%s", dir,
			 BUNDLE_FILE_PREFIX, file->name, BUNDLE_FILE_SUFFIX);
		r = write_one(u.paths[u.count++], file);
	}
	if (r < 0)
		remove_all(&u);
	else
		*ret_unpacked = u;
	return r;
}

/* --- agentctl ------------------------------------------------------------------ */

/* The last of what it says on stderr, as one line; it is passed on, too. */
static void listen_to(int fd, char why[static BUNDLE_RESULT_STRLEN])
{
	FILE *in = fdopen(fd, "r");
	char line[1024];

	if (!in) {
		close(fd);
		return;
	}
	while (fgets(line, sizeof(line), in)) {
		fputs(line, stderr);
		line[strcspn(line, "\n")] = '\0';
		snprintf(why, BUNDLE_RESULT_STRLEN, "%.300s", line);
	}
	fclose(in);
}

static int start(const char *agentctl, const struct unpacked *u, pid_t *ret_pid,
		 int *ret_fd)
{
	const char *words[WORDS_BEFORE + BUNDLE_FILES_MAX + 1] = {
		agentctl, "policy", "apply", "--replace", BUNDLE_FILE_PREFIX, "--"};
	posix_spawn_file_actions_t actions;
	int ends[2], r;

	for (size_t i = 0; i < u->count; i++)
		words[WORDS_BEFORE + i] = u->paths[i];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	r = -posix_spawn(ret_pid, agentctl, &actions, NULL,
			 (char *const *)(uintptr_t)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	else
		*ret_fd = ends[0];
	return r;
}

static enum exit_code apply(const char *agentctl, const struct unpacked *u,
			    char why[static BUNDLE_RESULT_STRLEN])
{
	int fd = -1, status = -1, r;
	pid_t pid;

	r = start(agentctl, u, &pid, &fd);
	if (r < 0) {
		snprintf(why, BUNDLE_RESULT_STRLEN, "%.200s: %s", agentctl,
			 strerror(-r));
		return EXIT_FAILED;
	}
	listen_to(fd, why);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return EXIT_OK;
	if (!*why)
		snprintf(why, BUNDLE_RESULT_STRLEN, "%.200s failed", agentctl);
	return WIFEXITED(status) && WEXITSTATUS(status) == AGENTCTL_POLICY_INVALID
		       ? EXIT_REFUSED
		       : EXIT_FAILED;
}

enum exit_code unpack_and_apply(const struct bundle *b, const char *agentctl,
				char why[static BUNDLE_RESULT_STRLEN])
{
	struct unpacked u;
	enum exit_code code;
	int r = unpack(b, &u);

	if (r < 0) {
		snprintf(why, BUNDLE_RESULT_STRLEN,
			 "the files could not be written: %s", strerror(-r));
		return EXIT_FAILED;
	}
	code = apply(agentctl, &u, why);
	remove_all(&u);
	return code;
}
