/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command again and again: redrawn in place on a terminal, block after block in a
 * pipe or with --json.
 */
#ifndef UI_CLI_WATCH_H
#define UI_CLI_WATCH_H

#include "command.h"

/* Asks and prints once, to context.out. */
typedef enum exit_code watch_print(const struct context *c, void *data);

/*
 * Every context.watch seconds until q, Ctrl-C or a closed pipe: then EXIT_OK. What goes
 * wrong at first ends it; what goes wrong later is shown, and it is tried again.
 */
enum exit_code watch(const struct context *c, watch_print *print, void *data);

#endif
