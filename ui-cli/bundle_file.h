/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new .tar.gz for its owner alone, filled with texts.
 */
#ifndef UI_CLI_BUNDLE_FILE_H
#define UI_CLI_BUNDLE_FILE_H

#include <stdint.h>

#define BUNDLE_ERROR_MAX 256

struct bundle_file;

/* -EEXIST where there is something of that name already, which stays as it is. `time`
 * is what the texts are dated. */
int bundle_file_new(const char *path, int64_t time, struct bundle_file **ret_file);
/* 0 or -EIO; bundle_file_free() says why. */
int bundle_file_add(struct bundle_file *f, const char *name, const char *text);
/* Ends it. 0, or -EIO and what went wrong; then there is no file. */
int bundle_file_free(struct bundle_file *f, char ret_error[static BUNDLE_ERROR_MAX]);

#endif
