/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another program prints, for the support bundle. No shell is asked.
 */
#ifndef UI_CLI_PROGRAM_H
#define UI_CLI_PROGRAM_H

#include <stddef.h>

/*
 * Runs `arguments` (the last one NULL, the first one looked up in the system's own
 * directories, not in PATH) and takes both of its streams, at most `max` bytes of them.
 * The text, to be freed; where it could not be run, that is what the text says. NULL
 * without memory.
 */
char *program_output(const char *const *arguments, size_t max);

#endif
