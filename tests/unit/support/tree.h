/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories that a test has made. */
#ifndef SUPPORT_TREE_H
#define SUPPORT_TREE_H

/* With all that is in it, following no link. */
void tree_remove(const char *path);

#endif
