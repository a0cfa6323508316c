/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moments as people write them, in the time zone of this machine.
 *
 * "2h", "90m", "3d" ago; "now", "today", "yesterday"; a date "2026-03-01"; a time of
 * day "22:00" or "22:00:30", the last time that the clock showed it; a day and a time
 * of day, "yesterday 22:00", "2026-03-01 22:00", "2026-03-01T22:00:30"; the last also
 * with "Z" or "+01:00" behind it (ISO 8601, RFC 3339).
 */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdint.h>

/* Unix time; `now` is what it is relative to. 0 or -EINVAL. */
int when_parse(const char *text, int64_t now, int64_t *ret_epoch);

/* What it accepts, for a message: e.g. "2h, yesterday, ...". */
extern const char when_examples[];

#endif
