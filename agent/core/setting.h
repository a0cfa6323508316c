/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a configuration file, or a command line, says what a client's setting says.
 * Not its grammar, only whole lines: blanks at the ends, around '=' and ':' and more
 * than one of them do not count, nor case, nor a comment behind. Pure; the text may be
 * anybody's.
 */
#ifndef CORE_SETTING_H
#define CORE_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#define SETTING_LINE_MAX 512 /* bytes; a longer line says nothing */

/* Whether one of the lines of `text` fits `pattern`, of fnmatch(3). */
bool setting_is_said(const char *text, size_t length, const char *pattern);

/* Whether one of the words of a command line, each ended by NUL as in
 * /proc/PID/cmdline, fits `pattern`; the first, the program's name, does not count. */
bool setting_is_given(const char *cmdline, size_t length, const char *pattern);

#endif
