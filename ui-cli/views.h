/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies as people read them, where several commands have the same to show.
 */
#ifndef UI_CLI_VIEWS_H
#define UI_CLI_VIEWS_H

#include "base/units.h"
#include "command.h"

/* What --fields can choose from, by command. */
extern const struct listing_column apps_columns[], status_columns[], peers_columns[],
	policy_columns[], events_columns[];

/* What `status` says of a reply of Status; and its first lines alone. */
void view_status(const struct context *c, const json_t *reply);
void view_headline(const struct context *c, const json_t *reply);
/* What `status APP` says of one of its applications. */
void view_app(const struct context *c, const json_t *reply, const json_t *app);

/* The table of `apps`; `applications` as Status has them. */
void view_apps(const struct context *c, const json_t *applications);

/* The text of `peers`; `reply` as Peers has it. */
void view_peers(const struct context *c, const json_t *reply);

/* The text of `explain`; `now` (Unix time) is what "since" counts to. */
void view_explanation(const struct context *c, const json_t *reply, int64_t now);

/*
 * What a capture answers: was it relaying, since when, for whom, how much.
 * `explanation` as Explain has it, `timeline` as replay_timeline().
 */
void view_answer(const struct context *c, const json_t *timeline,
		 const json_t *explanation);

/* How far into the history an event of the timeline was: "12.4 s", "3m 5s". */
const char *view_after(const json_t *event, char buf[static UNITS_STRLEN]);

#endif
