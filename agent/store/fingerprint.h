/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether files are the same as before, in a number (FNV-1a): by what they say, or,
 * which is quicker, by what the file system says of them. Equal prints mean equal files
 * for that purpose.
 */
#ifndef STORE_FINGERPRINT_H
#define STORE_FINGERPRINT_H

#include "base/conffile.h"
#include <stdint.h>

#define FINGERPRINT_EMPTY UINT64_C(0xcbf29ce484222325)

/* Each goes on from `print`. */
uint64_t fingerprint_files(uint64_t print, const struct conffiles *files);
/* Names, sizes and times of what is in a directory, and of itself. */
uint64_t fingerprint_layer(uint64_t print, const char *path);

#endif
