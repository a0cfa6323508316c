/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration that root wrote: small files below /etc, on the same file system as it,
 * by no link, and which root alone may write. Nothing else is opened, so nobody can
 * have the agent wait for a server of his, or read what he may not (openat2(2),
 * Linux 5.6).
 */
#ifndef KERNEL_ETCFILE_H
#define KERNEL_ETCFILE_H

#include <stddef.h>

#define ETCFILE_MAX 65536 /* bytes; a larger one is not read */

/* `path` begins with "/etc/". 0 with `*ret_length` bytes in `buf`; -ENOENT; -EPERM
 * where it is none of these; -EFBIG; -errno. */
int etcfile_read(const char *path, char *buf, size_t size, size_t *ret_length);

#endif
