/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of agentctl: one table, from which they are parsed, refused where they
 * make no sense, printed by --help, and completed.
 */
#ifndef UI_CLI_OPTIONS_H
#define UI_CLI_OPTIONS_H

#include "command.h"

/* The column that help begins in, and the one it ends before. */
#define HELP_COLUMN 26
#define HELP_WIDTH 80

#define OPTIONS_MAX 64 /* as many as context.given has bits */

struct option_row {
	const char *name;
	char letter;	   /* its short form, or 0 */
	const char *value; /* "TIME"; "[=SECONDS]" may be left out; NULL: none */
	unsigned int flag; /* of enum command_options; 0: goes with every command */
	enum exit_code (*take)(struct context *c, const char *value);
	const char *help;
};

/* The last row has no name. */
extern const struct option_row option_rows[];

/* Puts options into `c`; what is left of argv begins at *ret_first. */
enum exit_code options_parse(int argc, char **argv, struct context *c, int *ret_first);

/* EXIT_OK where all that were given go with the command; else says so. `table`: all
 * commands, to name those that they go with. */
enum exit_code options_check(const struct context *c, const struct command *k,
			     const struct command *table);

/* An entry of --help: what is typed, and what it does, folded. */
void help_print(const char *call, const char *text);

/* Those that go with the command (NULL: all of them), one a line, for --help. */
void options_print(const struct command *table, const struct command *k);

#endif
