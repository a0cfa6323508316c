/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What applications carried and what happened, on its way into the database: gathered
 * in memory, written in batches.
 *
 * Bytes go into the database once a minute, in one transaction, and only if there were
 * any, so that the disk of an idle machine sleeps. Each is added to its minute, hour,
 * day and month at once: sums agree. Events are few and are written within a second,
 * for a person may want to know them after a crash. What an agent that is killed has
 * not written yet, a minute of bytes at most, is lost; nothing is written twice.
 *
 * While the file can't be written all of it waits in memory, bytes to be dated when
 * they are written; beyond a bound the newest applications and the oldest events give
 * way, and are counted.
 *
 * How much is kept: HISTORY_KEEP_* below. Before the file comes near its largest size
 * the oldest minutes go, then hours, days, months; events have a bound of their own.
 * Nothing goes by its age until the clock has been steady for a while, and a few rows
 * at a time, so that a clock that is wrong for a moment takes little with it. Rows of a
 * day that is still to come are of such a clock, and go likewise.
 */
#ifndef STORE_HISTORY_STORE_H
#define STORE_HISTORY_STORE_H

#include "core/event.h"
#include "core/usage.h"
#include "store/database.h"

#define HISTORY_KEEP_MINUTES (2 * 1440)
#define HISTORY_KEEP_HOURS (35 * 24)
#define HISTORY_KEEP_DAYS 400
#define HISTORY_KEEP_MONTHS 120
#define HISTORY_KEEP_EVENTS 8000

/* In memory, until they are written. */
#define HISTORY_PENDING_APPS_MAX 2048
#define HISTORY_PENDING_EVENTS_MAX 256

/* Share of the largest size, in percent, from which on the oldest go. */
#define HISTORY_FULL_PERCENT 75

/* Now. */
struct history_clock {
	uint64_t now_ns; /* CLOCK_BOOTTIME */
	int64_t epoch;
	struct wall_time wall;
	bool is_steady; /* the clock was not set lately, nor was the agent started */
};

struct history_store_stats {
	uint64_t writes;	   /* transactions */
	uint64_t apps_left_out;	   /* times that an application had no room */
	uint64_t events_left_out;  /* that gave way before they were written */
	uint64_t slowest_ns, rows; /* longest transaction; rows it touched */
};

struct history_store;

/* `database` is borrowed. 0 or -ENOMEM. */
int history_store_new(struct database *database, struct history_store **ret_store);
void history_store_free(struct history_store *s);

/* An application has carried that much, just now. */
void history_store_add(struct history_store *s, const struct app_identity *app,
		       const struct usage_bytes *bytes,
		       const struct history_clock *now);
/* Something happened; returns its number, which grows by one each time. */
int64_t history_store_note(struct history_store *s, const struct event *e);

/* Writes what is due; to be called once a second, before anything is added. 0, or
 * -errno: it is kept and tried again. */
int history_store_tick(struct history_store *s, const struct history_clock *now);
/* Writes everything there is. Likewise. */
int history_store_write(struct history_store *s, const struct history_clock *now);

const struct history_store_stats *history_store_stats(const struct history_store *s);

#endif
