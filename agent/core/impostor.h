/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an application that works for strangers is what its name says: reasons to
 * doubt it, from what is known of the file it runs. It adds nothing to the verdict, and
 * takes nothing away: a person reads it. Pure.
 */
#ifndef CORE_IMPOSTOR_H
#define CORE_IMPOSTOR_H

#include "core/catalogue.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum impostor_reason {
	IMPOSTOR_DELETED,     /* its file is gone while it runs */
	IMPOSTOR_UNPACKAGED,  /* no package of this system brought it */
	IMPOSTOR_WRITABLE,    /* others than root and its user may change the file */
	IMPOSTOR_REPLACEABLE, /* ... or put another in its place */
	IMPOSTOR_NAMESAKE,    /* it is called as a known program that lies elsewhere */
	IMPOSTOR_REASON_COUNT
};

/* Who may change a file or directory. */
struct impostor_owner {
	uint32_t uid, gid;
	uint16_t mode;
};

enum impostor_package {
	IMPOSTOR_PACKAGE_UNKNOWN, /* nobody to ask, or it is in a root of its own */
	IMPOSTOR_PACKAGE_NONE,
	IMPOSTOR_PACKAGE_FOUND,
};

struct impostor_facts {
	const struct app_identity *identity;
	const struct catalogue_client *client; /* what it is known as, or NULL */
	bool is_deleted;
	enum impostor_package package; /* of its path */
	bool has_file, has_directory;  /* the following could be read */
	struct impostor_owner file;
	/* The one of the directories above it that most people may write to. */
	struct impostor_owner directory;
};

/* One bit a reason, 1 << enum impostor_reason; 0: nothing speaks against it. */
unsigned int impostor_judge(const struct impostor_facts *f, const struct catalogue *c);

/* Whether others than root and a user may write what is owned so. A directory with the
 * sticky bit lets nobody replace another's file. */
bool impostor_is_open(const struct impostor_owner *o, uint32_t user, bool is_directory);

/* "deleted", ...; and a clause for a sentence, "its file was deleted ...". */
const char *impostor_reason_name(enum impostor_reason r);
const char *impostor_reason_text(enum impostor_reason r);

/* "it ...; it ...": the clauses of all bits. Returns `buf`. */
const char *impostor_describe(unsigned int reasons, char *buf, size_t size);

#endif
