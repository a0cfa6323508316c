/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"
#include "base/text.h"
#include "store/atomic_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_FILE "state"

/* To the end, or one byte beyond the limit: what a stat says of a growing file lies. */
static int read_up_to(int fd, char *text, size_t room, size_t *ret_length)
{
	size_t length = 0;

	while (length < room) {
		ssize_t n = read(fd, text + length, room - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	*ret_length = length;
	return 0;
}

int file_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_length)
{
	struct stat st;
	size_t length = 0;
	char *text;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	text = malloc(limit + 1);
	if (!text)
		return -ENOMEM;
	r = read_up_to(fd, text, limit + 1, &length);
	if (r == 0 && length > limit)
		r = -EFBIG;
	if (r < 0) {
		free(text);
		return r;
	}
	text[length] = '\0';
	*ret_text = text;
	*ret_length = length;
	return 0;
}

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = file_read_fd(fd, limit, ret_text, ret_length);
	close(fd);
	return r;
}

int file_replace(const char *dir, const char *name, const void *bytes, size_t size)
{
	struct atomic_file f;
	int r = atomic_file_open(dir, name, &f);

	if (r < 0)
		return r;
	fwrite(bytes, 1, size, f.file);
	return atomic_file_close(&f);
}

int state_load(const char *dir, struct bundle_state *ret_state)
{
	char path[PATH_MAX], *text;
	size_t length;
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, STATE_FILE);
	r = file_read(path, BUNDLE_STATE_SIZE_MAX, &text, &length);
	if (r == -ENOENT) {
		*ret_state = (struct bundle_state){0};
		return 0;
	}
	if (r < 0)
		return r;
	bundle_state_parse(text, length, ret_state);
	free(text);
	return 0;
}

int state_save(const char *dir, const struct bundle_state *s)
{
	char text[BUNDLE_STATE_SIZE_MAX];

	return file_replace(dir, STATE_FILE, text, bundle_state_format(s, text));
}

void state_note(struct bundle_state *s, int64_t failed_at, const char *result)
{
	text_escape(result, s->result, sizeof(s->result));
	/* The file is of ASCII alone. */
	for (char *c = s->result; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	if (!failed_at)
		s->failed = 0;
	else if (!s->failed)
		s->failed = failed_at;
}
