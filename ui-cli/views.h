/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies as people read them, where several commands have the same to show.
 */
#ifndef UI_CLI_VIEWS_H
#define UI_CLI_VIEWS_H

#include "command.h"

/* The table of `apps`; `applications` as Status has them. */
void view_apps(const struct context *c, const json_t *applications);

/* The text of `explain`; `now` (Unix time) is what "since" counts to. */
void view_explanation(const struct context *c, const json_t *reply, int64_t now);

#endif
