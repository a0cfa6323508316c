/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/atomic_file.h"
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

int atomic_file_open(const char *dir, const char *name, struct atomic_file *ret_file)
{
	int length =
		snprintf(ret_file->path, sizeof(ret_file->path), "%s/%s", dir, name);

	if (length < 0 || (size_t)length >= sizeof(ret_file->path))
		return -ENAMETOOLONG;
	snprintf(ret_file->temporary, sizeof(ret_file->temporary), "%s.new",
		 ret_file->path);
	ret_file->file = fopen(ret_file->temporary, "we");
	return ret_file->file ? 0 : -errno;
}

int atomic_file_close(struct atomic_file *f)
{
	bool failed =
		fflush(f->file) != 0 || fsync(fileno(f->file)) < 0 || ferror(f->file);
	int r = 0;

	failed = fclose(f->file) != 0 || failed;
	if (failed || rename(f->temporary, f->path) < 0)
		r = errno ? -errno : -EIO;
	if (r < 0)
		unlink(f->temporary);
	return r;
}
