/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line on stderr that tells a person waiting at a terminal how far things are;
 * nothing at all in a pipe, or with --json.
 */
#ifndef UI_CLI_PROGRESS_H
#define UI_CLI_PROGRESS_H

#include "command.h"

struct progress {
	bool is_shown, is_dirty;
	double start, next;
};

/* Silent for the first `patience` seconds. */
void progress_begin(struct progress *p, const struct context *c, double patience);
/* Seconds since the beginning. */
double progress_seconds(const struct progress *p);
/* Whether the line is due again: twice a second. Cheap enough to ask often. */
bool progress_is_due(struct progress *p);
void progress_show(struct progress *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Takes the line away. */
void progress_end(struct progress *p);

#endif
