/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What could come next on the command line, for packaging/completion/: one candidate a
 * line, "WORD\tDESCRIPTION". From the same tables as the commands themselves, so that
 * the shells never know less.
 */
#ifndef UI_CLI_COMPLETE_H
#define UI_CLI_COMPLETE_H

#include "command.h"
#include <getopt.h>

#define COMPLETE_COMMAND "__complete"

/*
 * `words`: what stands before the word to complete, options left out; "-- --options"
 * asks for the options instead.
 */
enum exit_code complete(const struct context *c, const struct command *commands,
			const struct option *options, int count, char *const *words);

#endif
