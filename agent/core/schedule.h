/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a section of the policy applies: ranges of a week, by the clock on the wall. A
 * clock that is put forward passes over the minutes it leaves out, one that is put back
 * shows some twice; both count as they are shown. Pure.
 */
#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

#include "base/wall.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schedule_range {
	uint8_t days;	      /* that it begins on; bit 0 is Monday */
	uint16_t from, until; /* minutes; not after `from`: on the next day */
};

struct schedule {
	struct schedule_range *ranges;
	size_t count; /* 0: always */
};

/* The place of a day's name ("Mon") in the week, or -EINVAL. */
int schedule_find_day(const char *name, size_t length);

/* "Mon", "Sun-Tue". 0 or -EINVAL. */
int schedule_parse_days(const char *text, size_t length, uint8_t *ret_days);
/* "08:00-18:00", "22:00-06:00", "00:00-24:00". 0 or -EINVAL. */
int schedule_parse_hours(const char *text, uint16_t *ret_from, uint16_t *ret_until);

bool schedule_applies(const struct schedule *s, const struct wall_time *now);
/* Minutes, as the clock shows them, until that changes; 0: never. */
unsigned int schedule_until_change(const struct schedule *s,
				   const struct wall_time *now);

#endif
