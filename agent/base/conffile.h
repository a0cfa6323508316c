/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads layered directories of *.ini into memory: layers in the order given, files in
 * name order within a layer. A missing directory is an empty layer. Shared by the
 * daemon and `agentctl policy check`.
 */
#ifndef BASE_CONFFILE_H
#define BASE_CONFFILE_H

#include <stddef.h>

#define CONFFILE_SIZE_MAX (1024 * 1024)
#define CONFFILE_COUNT_MAX 1024

struct conffile {
	char *path;
	char *text; /* NUL-terminated; `length` does not count that NUL */
	size_t length;
};

struct conffiles {
	struct conffile *files;
	size_t count;
};

/*
 * 0, or a negative errno with `ret_path` (size bytes) naming the file or directory at
 * fault: -EFBIG above the limits, else what open or read said. A path that is a regular
 * file is a layer of its own.
 */
int conffiles_read(const char *const *layers, size_t layer_count,
		   struct conffiles *ret_files, char *ret_path, size_t size);
void conffiles_done(struct conffiles *f);

#endif
