/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What could come next on the command line, for packaging/completion/: one candidate a
 * line, "WORD\tDESCRIPTION", or the one line ":files" where a file's name belongs. From
 * the same tables as the commands and options themselves, so that the shells never know
 * less, and from the agent, where one answers.
 */
#ifndef UI_CLI_COMPLETE_H
#define UI_CLI_COMPLETE_H

#include "command.h"

#define COMPLETE_COMMAND "__complete"

/*
 * `words`: what stands behind "agentctl", the last one being what is to be completed,
 * which may be empty. `table`: all commands.
 */
enum exit_code complete(const struct context *c, const struct command *table, int count,
			char *const *words);

#endif
