/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					  "LC_ALL=C.UTF-8", "SYSTEMD_PAGER=", NULL};

/* The program's file, or NULL. */
static const char *find(const char *name, char *buf, size_t size)
{
	static const char *const places[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(buf, size, "%s/%s", places[i], name);
		if (access(buf, X_OK) == 0)
			return buf;
	}
	return NULL;
}

/* 0 or a positive errno, as posix_spawn() has it. */
static int start(const char *file, const char *const *arguments, const int *pipe_ends,
		 pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	/* They are not written to; posix_spawn() cannot say so. */
	char *const *given = (char *const *)(const void *)arguments;
	char *const *variables = (char *const *)(const void *)environment;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return r;
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
					 0);
	posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
	r = posix_spawn(ret_pid, file, &actions, NULL, given, variables);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* All there is; what is more than `max` is read and forgotten, so that it can end. */
static char *read_all(int fd, size_t max)
{
	char *text = NULL, chunk[4096];
	size_t size = 0, kept = 0;
	FILE *out = open_memstream(&text, &size);
	ssize_t n;

	if (!out)
		return NULL;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
		size_t more = n > 0 ? (size_t)n : 0;

		more = more > max - kept ? max - kept : more;
		fwrite(chunk, 1, more, out);
		kept += more;
	}
	if (kept == max)
		fputs("\n(more is left out)\n", out);
	return fclose(out) == 0 ? text : NULL;
}

static char *explain(const char *name, int error)
{
	char *text;

	return asprintf(&text, "%s: %s\n", name, strerror(error)) < 0 ? NULL : text;
}

char *program_output(const char *const *arguments, size_t max)
{
	char buf[256];
	const char *file = find(arguments[0], buf, sizeof(buf));
	int ends[2], r;
	char *text;
	pid_t pid;

	if (!file)
		return explain(arguments[0], ENOENT);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return explain(arguments[0], errno);
	r = start(file, arguments, ends, &pid);
	close(ends[1]);
	text = r ? explain(arguments[0], r) : read_all(ends[0], max);
	close(ends[0]);
	while (!r && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return text;
}
