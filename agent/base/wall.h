/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local calendar, for people, quotas and schedules. wall_time_at() and wall_epoch()
 * read the time zone of this machine (TZ, /etc/localtime); the rest is arithmetic.
 * Source of the arithmetic: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms".
 */
#ifndef BASE_WALL_H
#define BASE_WALL_H

#include <stdint.h>

#define WALL_DAY_MINUTES 1440
#define WALL_WEEK_MINUTES (7 * WALL_DAY_MINUTES)

/* What a calendar and a clock on the wall show. */
struct wall_time {
	int32_t day;	 /* of the local calendar, from 1970-01-01, which is 0 */
	uint16_t minute; /* of that day, as the clock shows it */
};

/* Of a Unix time; a changed time zone is noticed. */
void wall_time_at(int64_t epoch, struct wall_time *ret_time);

/* Unix time when the clock shows that minute of that day; more minutes than a day has
 * are those of later days. What a clock that is put forward never shows is taken for
 * as long after midnight. */
int64_t wall_epoch(int32_t day, unsigned int minute);

/* 0 is Monday. */
unsigned int wall_weekday(int32_t day);
/* The day of a date of the Gregorian calendar, and back; months and days from 1. */
int32_t wall_day(int year, unsigned int month, unsigned int day);
void wall_date(int32_t day, int *ret_year, unsigned int *ret_month,
	       unsigned int *ret_day);

#endif
