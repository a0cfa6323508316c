/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a report is made of, put together from the agent's replies. Pure; texts are
 * borrowed from the replies, which have to stay.
 *
 * Bounds: REPORT_BUCKETS_MAX steps of time, REPORT_APPS_MAX applications,
 * REPORT_SPANS_MAX promotions and as many limits; what is beyond is left out, and
 * `left_out` counts it.
 */
#ifndef UI_CLI_REPORT_GATHER_H
#define UI_CLI_REPORT_GATHER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPORT_BUCKETS_MAX 240
#define REPORT_APPS_MAX 256
#define REPORT_SPANS_MAX 256

/* Bytes exchanged with strangers. */
struct report_bytes {
	uint64_t own_in, own_out, relayed_in, relayed_out;
};

struct report_app {
	const char *name, *key;
	const json_t *now; /* of Status, NULL where it is not known any more */
	struct report_bytes bytes;
};

/* A time in which an application was promoted, or limited. */
struct report_span {
	const char *name, *key;
	int64_t from, until; /* within the report */
	bool goes_on;	     /* at the end of the report */
	bool began_before;   /* the report */
	bool is_lost;	     /* the agent ended: how it went on is not known */
	bool is_by_trade;    /* what it is for, and policy allows it */
	const json_t *event; /* that began it, or NULL */
};

struct report {
	int64_t from, until; /* Unix time */
	int64_t known_from;  /* nothing is known of before; `from` where all is */
	int64_t bucket_length;
	size_t bucket_count;
	struct report_bytes buckets[REPORT_BUCKETS_MAX];
	uint64_t peers[REPORT_BUCKETS_MAX]; /* of all applications, the most at once */
	struct report_bytes total;
	struct report_app apps[REPORT_APPS_MAX]; /* who relayed most first */
	size_t app_count;
	struct report_span promotions[REPORT_SPANS_MAX], limits[REPORT_SPANS_MAX];
	size_t promotion_count, limit_count, left_out;
	int64_t promoted_seconds; /* at least one was, trades apart */
	const json_t *status, *events, *checks;
};

/* What Usage is asked for: rows of one span, of which one step of the report has some.
 */
struct report_grain {
	const char *span;		    /* "minute", "hour", "day" */
	int64_t span_length, bucket_length; /* seconds */
};

/* For a report of `length` seconds that began `age` seconds ago: minutes are not kept
 * for ever. `coarser`: one that has fewer rows, 1 or 2 for the next ones. False when
 * there is none. */
bool report_grain_of(int64_t length, int64_t age, unsigned int coarser,
		     struct report_grain *ret_grain);

/* The replies that it is made of, of the same time; usage of the same grain. */
struct report_replies {
	const json_t *status, *usage, *events, *doctor;
};

void report_gather(int64_t from, int64_t until, const struct report_grain *grain,
		   const struct report_replies *replies, struct report *ret_report);

#endif
