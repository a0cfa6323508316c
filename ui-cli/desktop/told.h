/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which promotions a user has been told of in this login, and by which notices, kept
 * over a restart of the notifier: a small JSON file in his runtime directory.
 */
#ifndef UI_CLI_DESKTOP_TOLD_H
#define UI_CLI_DESKTOP_TOLD_H

#include "notices.h"

/* Tells `n` what the file has; a file that is missing or makes no sense has nothing. */
void told_load(const char *path, struct notices *n);
/* 0 or -errno; the old file stays whole when that fails. */
int told_save(const char *path, const struct notices *n);

#endif
