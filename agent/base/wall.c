/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/wall.h"
#include <time.h>

/* The calendar repeats after so many years and days; they begin in March. */
#define ERA_YEARS 400
#define ERA_DAYS 146097
#define EPOCH_DAY 719468 /* 1970-01-01, counted from 0000-03-01 */

int32_t wall_day(int year, unsigned int month, unsigned int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - (ERA_YEARS - 1)) / ERA_YEARS;
	unsigned int of_era = (unsigned int)(y - era * ERA_YEARS);
	unsigned int of_year =
		(153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	unsigned int days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;

	return era * ERA_DAYS + (int32_t)days - EPOCH_DAY;
}

void wall_date(int32_t day, int *ret_year, unsigned int *ret_month,
	       unsigned int *ret_day)
{
	int32_t shifted = day + EPOCH_DAY;
	int era = (shifted >= 0 ? shifted : shifted - (ERA_DAYS - 1)) / ERA_DAYS;
	unsigned int of_era = (unsigned int)(shifted - era * ERA_DAYS);
	unsigned int year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) /
		365;
	unsigned int of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned int month = (5 * of_year + 2) / 153; /* from March */

	*ret_day = of_year - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = (int)year + era * ERA_YEARS + (*ret_month <= 2);
}

unsigned int wall_weekday(int32_t day)
{
	int32_t rest = (day + 3) % 7; /* 1970-01-01 was a Thursday */

	return (unsigned int)(rest < 0 ? rest + 7 : rest);
}

void wall_time_at(int64_t epoch, struct wall_time *ret_time)
{
	time_t t = (time_t)epoch;
	struct tm tm = {.tm_year = 70, .tm_mday = 1};

	/* localtime_r() alone would keep the zone that was first read. */
	tzset();
	localtime_r(&t, &tm);
	ret_time->day = wall_day(tm.tm_year + 1900, (unsigned int)tm.tm_mon + 1,
				 (unsigned int)tm.tm_mday);
	ret_time->minute = (uint16_t)(tm.tm_hour * 60 + tm.tm_min);
}

int64_t wall_epoch(int32_t day, unsigned int minute)
{
	unsigned int month, of_month;
	struct tm tm = {.tm_isdst = -1};
	int year;

	wall_date(day + (int32_t)(minute / WALL_DAY_MINUTES), &year, &month, &of_month);
	tm.tm_year = year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)of_month;
	tm.tm_hour = (int)(minute % WALL_DAY_MINUTES / 60);
	tm.tm_min = (int)(minute % 60);
	return mktime(&tm);
}
