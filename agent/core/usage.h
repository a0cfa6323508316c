/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What applications carried, by minute, hour, day and month: how totals that only grow
 * become what was carried since the last look, and which minute, hour, day and month a
 * moment belongs to. Pure.
 *
 * Times are given together with what the clock on the wall shows then. A clock that is
 * set counts nothing twice and nothing below zero, for bytes are differences of totals,
 * whatever the time: at worst they stand in the minute that the clock showed.
 */
#ifndef CORE_USAGE_H
#define CORE_USAGE_H

#include "base/wall.h"
#include "core/app.h"
#include <stdbool.h>
#include <stdint.h>

enum usage_span { USAGE_MINUTE, USAGE_HOUR, USAGE_DAY, USAGE_MONTH, USAGE_SPAN_COUNT };

const char *usage_span_name(enum usage_span span); /* "minute" */
bool usage_span_parse(const char *name, enum usage_span *ret_span);

/* With strangers, in bytes; of these, relayed. And with how many of them at once, at
 * most. */
struct usage_bytes {
	uint64_t in, out, relayed_in, relayed_out, peers;
};

bool usage_is_empty(const struct usage_bytes *b);
void usage_add(struct usage_bytes *sum, const struct usage_bytes *b);

/* What was last seen of an application; zero: nothing of anybody. */
struct usage_meter {
	uint64_t first_ns; /* of the application whose totals these were */
	struct usage_bytes seen;
};

/* What it carried since the last look. */
struct usage_bytes usage_meter_read(struct usage_meter *m, const struct app *app);

/*
 * A bucket: for minutes and hours the Unix time of its start, so that the hour that
 * comes twice in autumn is two; for days and months the day of the local calendar
 * (base/ wall.h) it begins with, whatever the time zone was then. `wall` is what the
 * clock shows at `epoch`.
 */
int64_t usage_bucket(enum usage_span span, int64_t epoch, const struct wall_time *wall);
/* So many before that one. */
int64_t usage_bucket_before(enum usage_span span, int64_t bucket, unsigned int count);
/* Its start as Unix time: for days and months by the time zone of now. */
int64_t usage_bucket_epoch(enum usage_span span, int64_t bucket);

#endif
