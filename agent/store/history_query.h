/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the history has to tell. It answers within a bounded amount of work, for it is
 * the agent's loop that waits; what would take more is refused.
 */
#ifndef STORE_HISTORY_QUERY_H
#define STORE_HISTORY_QUERY_H

#include "core/event.h"
#include "core/usage.h"
#include "store/database.h"
#include <stddef.h>

/* Rows of one answer at most. */
#define HISTORY_USAGE_MAX 10000
#define HISTORY_EVENTS_MAX 2000

/* Whose. */
struct history_scope {
	const char *app; /* key or name, NULL: of all */
	bool is_all;	 /* else of that user's applications alone, and the agent */
	uint32_t uid;
};

struct history_usage_query {
	struct history_scope scope;
	enum usage_span span;
	int64_t first, last; /* buckets, both included */
	size_t limit;	     /* the latest so many */
};

struct history_usage_row {
	const char *key, *name;
	int64_t bucket;
	struct usage_bytes bytes;
};

struct history_usage_sum {
	struct usage_bytes bytes;
	uint64_t rows; /* of all that fit, not only of those within the limit */
};

/* Of the earliest first; what it points to is valid until it returns. */
typedef void history_usage_take(void *context, const struct history_usage_row *row);

/* 0; -E2BIG when it is too much at once; or the error of the database. */
int history_query_usage(struct database *d, uint64_t now_ns,
			const struct history_usage_query *q, history_usage_take *take,
			void *context, struct history_usage_sum *ret_sum);

struct history_event_query {
	struct history_scope scope;
	int64_t since, until; /* Unix time: from, and before */
	const char *kind;     /* its name, NULL: any */
	size_t limit;	      /* the latest so many */
};

struct history_event_row {
	int64_t id, time;
	const char *kind;
	const char *key, *name; /* NULL: it is about the agent */
	const char *text;
	const char *details; /* JSON, or NULL */
};

typedef void history_event_take(void *context, const struct history_event_row *row);

/* Likewise. */
int history_query_events(struct database *d, uint64_t now_ns,
			 const struct history_event_query *q, history_event_take *take,
			 void *context);

/* Whether there ever was such an application that may be seen. */
bool history_query_knows(struct database *d, uint64_t now_ns,
			 const struct history_scope *scope);

#endif
