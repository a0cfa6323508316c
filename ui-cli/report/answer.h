/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report in sentences: was this computer a relay, for how long, how much did it
 * carry, is it safe now. Pure, but for the time zone.
 */
#ifndef UI_CLI_REPORT_ANSWER_H
#define UI_CLI_REPORT_ANSWER_H

#include "gather.h"

#define ANSWER_MAX 512

enum answer_mood { MOOD_GOOD, MOOD_WARN, MOOD_BAD };

/* The first sentence. Returns `buf`. */
const char *answer_past(const struct report *r, char buf[static ANSWER_MAX]);
/* The second: how it is now, and what to do. */
const char *answer_now(const struct report *r, char buf[static ANSWER_MAX],
		       enum answer_mood *ret_mood);
/* What the report can't know, "" where it knows all. */
const char *answer_gap(const struct report *r, char buf[static ANSWER_MAX]);

/* "28 Nov 2026, 14:02". */
const char *answer_time(int64_t epoch, char buf[static ANSWER_MAX]);

/* The same; only "14:02" where that is the day of `with`. */
const char *answer_time_with(int64_t epoch, int64_t with, char buf[static ANSWER_MAX]);

/* "24 hours", "3 hours and 12 minutes": for sentences. Returns `buf`. */
const char *answer_length(int64_t seconds, char buf[static ANSWER_MAX]);

/* What a promotion was, in words: "a relay", "a hub"; from the event or the status. */
const char *answer_role(const struct report *r, const struct report_span *promotion);

#endif
