/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy files into the admin's directory, each as a whole, and out again: what was
 * there waits beside them, hidden, until it is settled which of the two stays.
 */
#ifndef UI_CLI_PLACING_H
#define UI_CLI_PLACING_H

#include "base/conffile.h"
#include "command.h"

struct placing {
	const char *into;	       /* the directory */
	const struct conffiles *files; /* what is to be there, by their base names; one
					  without a text is to be there no more */
	size_t placed;		       /* of these so many are */
};

/* Base name of a path. */
const char *placing_name(const char *path);

/* EXIT_OK, or what went wrong has been said, and all is as it was. */
enum exit_code placing_do(struct placing *p);
/* The old ones again. */
enum exit_code placing_undo(struct placing *p);
/* The old ones are not needed any more. */
void placing_settle(struct placing *p);

#endif
