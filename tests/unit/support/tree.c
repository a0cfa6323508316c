/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"
#include <ftw.h>
#include <stdio.h>

static int remove_entry(const char *path, const struct stat *st, int kind,
			struct FTW *w)
{
	(void)st;
	(void)kind;
	(void)w;
	return remove(path);
}

void tree_remove(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
