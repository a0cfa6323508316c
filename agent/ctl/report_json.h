/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of the reports that need one application and no engine; see report.h.
 */
#ifndef CTL_REPORT_JSON_H
#define CTL_REPORT_JSON_H

#include "core/app.h"
#include "core/decision.h"
#include "ctl/report.h"
#include <jansson.h>

/* A JSON string of any text, NULL being "": what is not printable UTF-8 is escaped. */
json_t *report_text(const char *text);
/* A JSON integer of a number of any size, rounded. */
json_t *report_integer(double value);
json_t *report_unsigned(uint64_t value);
/* Never NULL for want of a finite value. */
json_t *report_real(double value);

int64_t report_epoch(const struct report_input *in, uint64_t time_ns);
const char *report_state_name(enum report_state state);

/*
 * New references, NULL without memory.
 *
 * Programs of several users may be judged together, and one of them then has the flows
 * of all: `may_see`, by application id, says whose may be shown, NULL: all.
 */
json_t *report_application(const struct report_input *in, const struct ctl_peer *peer,
			   const struct app *app);
/* An object of one member, the schedules of the sections that match it: of the one that
 * has a say, and of one that waits for its hours. */
json_t *report_schedules(const struct report_input *in, const struct app *app);
/* An object of `quota` and `peers_max`. */
json_t *report_budget(const struct report_input *in, const struct app *app);
json_t *report_setting(const struct report_input *in, const struct policy_setting *s);
json_t *report_evidence(const struct app *app);
/* The families of it that count, those of weigh_families(). */
json_t *report_families(const struct app *app);
json_t *report_legs(const struct app *app, const bool *may_see);
/* Who is refused: as the member "callers" of an Application, and one by one. */
json_t *report_callers_sum(const struct report_input *in, const struct app *app);
json_t *report_caller_list(const struct report_input *in, const struct app *app);
json_t *report_peer_list(const struct app *app, const bool *may_see, uint64_t now_ns,
			 size_t *ret_total);
json_t *report_would_change(const struct app *app, const struct decision *d);

/* What the link guard does: an object. */
json_t *report_guard(const struct report_input *in);

/* What policy says for an application now, paused or not. */
void report_decide(const struct report_input *in, const struct app *app,
		   struct decision *ret_decision);

/* What is tried, or was last. */
json_t *report_trial_state(const struct report_input *in);

/* Until when and by whom enforcement is paused; `until` 0: it is not. */
json_t *report_pause_state(const struct report_input *in);

#endif
