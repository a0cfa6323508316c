/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is there as a whole or as it was: written beside its name, and put in its
 * place when it is on the disk.
 */
#ifndef STORE_ATOMIC_FILE_H
#define STORE_ATOMIC_FILE_H

#include <limits.h>
#include <stdio.h>

struct atomic_file {
	FILE *file;
	char path[PATH_MAX], temporary[PATH_MAX + 4];
};

/* 0 or -errno. */
int atomic_file_open(const char *dir, const char *name, struct atomic_file *ret_file);
/* Puts it in its place; where something went wrong the old one stays. 0 or -errno. */
int atomic_file_close(struct atomic_file *f);

#endif
