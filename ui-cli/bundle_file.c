/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle_file.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bundle_file {
	char *path;
	int fd;
	int64_t time;
	struct archive *archive;
	bool is_broken;
};

/* Never through a link of somebody else's, never over a file that is there. */
static int create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static bool open_archive(struct bundle_file *f)
{
	f->archive = archive_write_new();
	return f->archive && archive_write_add_filter_gzip(f->archive) == ARCHIVE_OK &&
	       archive_write_set_format_ustar(f->archive) == ARCHIVE_OK &&
	       archive_write_open_fd(f->archive, f->fd) == ARCHIVE_OK;
}

int bundle_file_new(const char *path, int64_t time, struct bundle_file **ret_file)
{
	char error[BUNDLE_ERROR_MAX];
	struct bundle_file *f;
	int fd = create(path);

	if (fd < 0)
		return fd;
	f = calloc(1, sizeof(*f));
	if (!f) {
		close(fd);
		unlink(path);
		return -ENOMEM;
	}
	f->fd = fd;
	f->time = time;
	f->path = strdup(path);
	if (!f->path || !open_archive(f)) {
		f->is_broken = true;
		bundle_file_free(f, error);
		return -ENOMEM;
	}
	*ret_file = f;
	return 0;
}

int bundle_file_add(struct bundle_file *f, const char *name, const char *text)
{
	struct archive_entry *entry = archive_entry_new();
	size_t size = strlen(text);

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_mtime(entry, f->time, 0);
	if (archive_write_header(f->archive, entry) != ARCHIVE_OK ||
	    archive_write_data(f->archive, text, size) != (la_ssize_t)size)
		f->is_broken = true;
	archive_entry_free(entry);
	return f->is_broken ? -EIO : 0;
}

int bundle_file_free(struct bundle_file *f, char ret_error[static BUNDLE_ERROR_MAX])
{
	bool is_broken = f->is_broken;
	const char *reason;

	if (f->archive && archive_write_close(f->archive) != ARCHIVE_OK)
		is_broken = true;
	reason = f->archive ? archive_error_string(f->archive) : NULL;
	snprintf(ret_error, BUNDLE_ERROR_MAX, "%s", reason ? reason : "out of memory");
	if (f->archive)
		archive_write_free(f->archive);
	if (close(f->fd) < 0)
		is_broken = true;
	if (is_broken && f->path)
		unlink(f->path);
	free(f->path);
	free(f);
	return is_broken ? -EIO : 0;
}
