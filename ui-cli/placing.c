/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "placing.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct names {
	char path[PATH_MAX];
	char fresh[PATH_MAX], before[PATH_MAX]; /* hidden: the agent passes them over */
};

const char *placing_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void make_names(const struct placing *p, size_t i, struct names *ret_names)
{
	const char *name = placing_name(p->files->files[i].path);

	snprintf(ret_names->path, PATH_MAX, "%s/%s", p->into, name);
	snprintf(ret_names->fresh, PATH_MAX, "%s/.%s.new", p->into, name);
	snprintf(ret_names->before, PATH_MAX, "%s/.%s.before", p->into, name);
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int write_fresh(const struct conffile *file, const char *path)
{
	int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, file->text, file->length);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/* Under its second name alone; undoing finds it there. */
static int take_away(const struct names *n)
{
	return rename(n->path, n->before) < 0 ? -errno : 0;
}

/* The old one stays beside it, under its second name. */
static int place(const struct conffile *file, const struct names *n)
{
	int r = write_fresh(file, n->fresh);

	if (r == 0 && unlink(n->before) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && link(n->path, n->before) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && rename(n->fresh, n->path) < 0)
		r = -errno;
	if (r < 0)
		unlink(n->fresh);
	return r;
}

enum exit_code placing_do(struct placing *p)
{
	for (size_t i = 0; i < p->files->count; i++) {
		struct names n;
		int r;

		make_names(p, i, &n);
		r = p->files->files[i].text ? place(&p->files->files[i], &n)
					    : take_away(&n);
		if (r < 0) {
			placing_undo(p);
			return complain(r == -EACCES || r == -EPERM ? EXIT_NOT_PERMITTED
								    : EXIT_FAILED,
					"%s: %s; nothing was changed", n.path,
					strerror(-r));
		}
		p->placed++;
	}
	return EXIT_OK;
}

enum exit_code placing_undo(struct placing *p)
{
	enum exit_code code = EXIT_OK;

	while (p->placed) {
		struct names n;

		make_names(p, --p->placed, &n);
		if (rename(n.before, n.path) == 0 ||
		    (errno == ENOENT && unlink(n.path) == 0))
			continue;
		code = complain(EXIT_FAILED, "%s could not be put back: %s", n.path,
				strerror(errno));
	}
	return code;
}

void placing_settle(struct placing *p)
{
	while (p->placed) {
		struct names n;

		make_names(p, --p->placed, &n);
		unlink(n.before);
	}
}
