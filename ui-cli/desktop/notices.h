/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which notices a desktop shows, and when: one for each promotion, brought up to date
 * in place, not too many an hour, none in quiet hours. Pure: the caller looks at the
 * agent, reads the clock and shows what it is handed.
 *
 * It is told the whole of what is promoted each time, so nothing is missed where a look
 * is; a promotion is the same as before when its key is and it began at about the same
 * time.
 *
 * Bounds: NOTICES_MAX promotions are remembered, those that are over forgotten first;
 * what comes on top of them while all are going on is counted in the summary alone.
 */
#ifndef UI_CLI_DESKTOP_NOTICES_H
#define UI_CLI_DESKTOP_NOTICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTICES_MAX 64
#define NOTICES_AN_HOUR 6 /* new ones; updates of one that is shown are free */
#define NOTICES_TITLE_MAX 160
#define NOTICES_BODY_MAX 960
#define NOTICES_KEY_MAX 256
#define NOTICES_NAME_MAX 80

/* A promotion as a look found it. */
struct promotion {
	char key[NOTICES_KEY_MAX]; /* of the application */
	char name[NOTICES_NAME_MAX];
	int64_t since; /* Unix time; the clock of the agent may be read 1 s apart */
	char title[NOTICES_TITLE_MAX], body[NOTICES_BODY_MAX];
	bool is_allowed; /* by policy: no news by itself, but of one that is shown */
};

enum notice_kind {
	NOTICE_PROMOTED, /* a promotion, with what is done about it */
	NOTICE_OVER,	 /* it is over; replaces the first */
	NOTICE_SUMMARY,	 /* of several that were not shown one by one */
};

struct notice {
	enum notice_kind kind;
	uint64_t number;      /* hand it back to notices_shown(), notices_closed() */
	uint32_t replaces_id; /* of the notice on the screen it takes the place of, 0 */
	char title[NOTICES_TITLE_MAX], body[NOTICES_BODY_MAX];
};

struct notices;

/* NULL without memory. */
struct notices *notices_new(void);
void notices_free(struct notices *n);

/* All that is promoted now; `now` in seconds of a clock that is not set. */
void notices_see(struct notices *n, const struct promotion *promotions, size_t count,
		 int64_t now);
/* A promotion that was shown before this program started: not again. `id`: of the
 * notice, which may still be on the screen; 0: it is not. */
void notices_know(struct notices *n, const char *key, int64_t since, uint32_t id);

/*
 * The next one to show now, or false. Asked again, it gives the next one; what it has
 * given counts as shown. `is_quiet`: nothing now; when that is over, one by itself is
 * told as it is, several in a summary.
 */
bool notices_next(struct notices *n, int64_t now, bool is_quiet,
		  struct notice *ret_notice);
/* Seconds from now until it is worth asking again, INT64_MAX: not before the next look.
 * Quiet hours, which the caller knows, are not thought of. */
int64_t notices_wait(const struct notices *n, int64_t now);

/* The desktop has given it this id. */
void notices_shown(struct notices *n, uint64_t number, uint32_t id);
/* It is gone from the screen: closed, or its time was over. It is not brought back.
 * False for a notice of somebody else. */
bool notices_closed(struct notices *n, uint32_t id);

/* Those that have been shown and go on, as notices_know() takes them, one after the
 * other: *cursor begins as 0. */
bool notices_each_told(const struct notices *n, size_t *cursor, const char **ret_key,
		       int64_t *ret_since, uint32_t *ret_id);

#endif
