/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * History judged anew: records go through an engine as they went through the agent's,
 * and every change of a role, and of what policy would have limited, is noted with its
 * time.
 *
 * As in the agent, decisions follow the ticks about once a second, and what they limit
 * is told to the engine; so that the recorded policy leads to the recorded verdicts.
 */
#ifndef UI_CLI_REPLAY_H
#define UI_CLI_REPLAY_H

#include "command.h"
#include "core/record.h"

struct engine;
struct replay;

struct replay_summary {
	uint64_t records,
		refused;	 /* observations; of these, contradicting themselves */
	uint64_t evidence_lines; /* printed, with --evidence */
	uint64_t start_ns, now_ns; /* times of the first and the last */
	int64_t epoch_offset;	   /* seconds: Unix time = time + this */
};

/* Times of the records begin at `start_ns`, when Unix time was `epoch_ns`. A recording
 * brings its policy along, a capture is judged by the installed one. */
enum exit_code replay_new(const struct context *c, uint64_t start_ns, uint64_t epoch_ns,
			  bool brings_policy, struct replay **ret_replay);
void replay_free(struct replay *p);

/* What is wrong has been said. A record that contradicts itself is counted and left
 * out, as the agent does. */
enum exit_code replay_take(struct replay *p, const struct record *r);
enum exit_code replay_observe(struct replay *p, const struct observation *o);

void replay_summarize(const struct replay *p, struct replay_summary *ret_summary);

/* For whoever supplies packets: whose turn it is, and which flows. NULL before the
 * first observation. */
const struct engine *replay_engine(const struct replay *p);

/* --- after the last record ------------------------------------------------------ */

/* Borrowed: an array of {after_ms, time, event, app, key, ...}; event is "role" (with
 * before, role, probability; and of one that is promoted no more legs, as Explain has
 * them, and last_sign_ms), "limits" (with limits, rule; none: no more) or "gone". */
const json_t *replay_timeline(const struct replay *p);
/* Whether there were more changes than the timeline holds. */
bool replay_timeline_is_full(const struct replay *p);

/* Replies as the agent's, new references. NULL without memory. */
json_t *replay_status(const struct replay *p);
/* Like client_call(); `app` as in all commands. */
enum exit_code replay_explain(const struct replay *p, const char *app,
			      json_t **ret_reply);

#endif
