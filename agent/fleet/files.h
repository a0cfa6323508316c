/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files as a whole, and what a computer remembers of bundles on its disk.
 */
#ifndef FLEET_FILES_H
#define FLEET_FILES_H

#include "core/bundle_state.h"
#include <stddef.h>

/* A regular file, no link: -EFBIG above `limit` bytes, -EINVAL for what is none. To be
 * freed; a NUL follows. 0 or a negative errno. */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_length);
int file_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_length);

/* All of it or as it was. 0 or a negative errno. */
int file_replace(const char *dir, const char *name, const void *bytes, size_t size);

/* The file `state` in `dir`; none is an empty one. 0 or a negative errno. */
int state_load(const char *dir, struct bundle_state *ret_state);
int state_save(const char *dir, const struct bundle_state *s);

/* Notes what came of it: with `failed_at` since when it does not work, unless that is
 * known, and 0 for all is well. */
void state_note(struct bundle_state *s, int64_t failed_at, const char *result);

#endif
