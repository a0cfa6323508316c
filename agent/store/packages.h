/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a package brought a file: from the package managers' own records, read piece
 * by piece, so that nobody waits for it; no program is run. Of dpkg the lists of files
 * (/var/lib/dpkg/info/NAME.list), some ten to fifty megabytes; of rpm its database,
 * where that is SQLite (4.16 on): there, a package that has a file of that name and one
 * in that directory.
 *
 * Where /bin is a link into /usr, records have a file by either path: both are looked
 * for.
 */
#ifndef STORE_PACKAGES_H
#define STORE_PACKAGES_H

#include <stdint.h>

struct packages;

/* `root`: where "/" is, for tests; "" as a rule. 0 or -ENOMEM. */
int packages_new(const char *root, struct packages **ret_packages);
void packages_free(struct packages *p);

enum packages_answer {
	PACKAGES_BUSY,	  /* go on */
	PACKAGES_UNKNOWN, /* there are no records that can be read */
	PACKAGES_NONE,
	PACKAGES_FOUND,
};

/* Begins to look for a whole path; the search before is given up. 0, -ENAMETOOLONG. */
int packages_begin(struct packages *p, const char *path);

/* Reads on for about `budget_ns` of processor time, and not much longer than eight
 * times that in all; at least one file. */
enum packages_answer packages_go_on(struct packages *p, uint64_t budget_ns);

#endif
