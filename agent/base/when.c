/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/when.h"
#include "base/units.h"
#include "base/wall.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define YEAR_MIN 1970
#define YEAR_MAX 9999

const char when_examples[] =
	"2h, yesterday, 22:00, 'yesterday 22:00', 2026-03-01 or 2026-03-01T22:00";

/* A text that is read from left to right. */
struct reader {
	const char *at;
	int32_t today;
};

/* Exactly `digits` of them, and no more. */
static bool read_number(struct reader *r, size_t digits, unsigned int *ret_value)
{
	unsigned int value = 0;

	if (strspn(r->at, "0123456789") != digits)
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (unsigned int)(*r->at++ - '0');
	*ret_value = value;
	return true;
}

static bool read_char(struct reader *r, char c)
{
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

static bool read_word(struct reader *r, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(r->at, word, length) != 0)
		return false;
	r->at += length;
	return true;
}

/* "2026-03-01", of a calendar that has that day. */
static bool read_date(struct reader *r, int32_t *ret_day)
{
	unsigned int year, month, day, same_month, same_day;
	int same_year;

	if (!read_number(r, 4, &year) || !read_char(r, '-') ||
	    !read_number(r, 2, &month) || !read_char(r, '-') ||
	    !read_number(r, 2, &day) || year < YEAR_MIN || year > YEAR_MAX ||
	    month < 1 || month > 12)
		return false;
	*ret_day = wall_day((int)year, month, day);
	wall_date(*ret_day, &same_year, &same_month, &same_day);
	return same_month == month && same_day == day;
}

static bool read_day(struct reader *r, int32_t *ret_day)
{
	*ret_day = r->today;
	if (read_word(r, "today"))
		return true;
	*ret_day = r->today - 1;
	return read_word(r, "yesterday") || read_date(r, ret_day);
}

/* "22:00" or "22:00:30", as seconds of the day. */
static bool read_clock(struct reader *r, unsigned int *ret_second)
{
	unsigned int hour, minute, second = 0;

	if (!read_number(r, 2, &hour) || !read_char(r, ':') ||
	    !read_number(r, 2, &minute) || hour > 23 || minute > 59)
		return false;
	if (read_char(r, ':') && (!read_number(r, 2, &second) || second > 59))
		return false;
	*ret_second = hour * 3600 + minute * 60 + second;
	return true;
}

/* "Z", "+01:00": seconds east of Greenwich. */
static bool read_zone(struct reader *r, int *ret_east)
{
	int sign = *r->at == '-' ? -1 : 1;
	unsigned int second;

	*ret_east = 0;
	if (read_char(r, 'Z'))
		return true;
	if (!read_char(r, '+') && !read_char(r, '-'))
		return false;
	if (!read_clock(r, &second))
		return false;
	*ret_east = sign * (int)second;
	return true;
}

static int64_t local(int32_t day, unsigned int second)
{
	return wall_epoch(day, second / 60) + second % 60;
}

/* A day, and perhaps a time of it, and perhaps the zone of that. */
static int parse_day(struct reader *r, int64_t *ret_epoch)
{
	unsigned int second;
	int32_t day;
	int east;

	if (!read_day(r, &day))
		return -EINVAL;
	if (!*r->at) {
		*ret_epoch = local(day, 0);
		return 0;
	}
	if ((!read_char(r, 'T') && !read_char(r, ' ')) || !read_clock(r, &second))
		return -EINVAL;
	if (!*r->at) {
		*ret_epoch = local(day, second);
		return 0;
	}
	if (!read_zone(r, &east) || *r->at)
		return -EINVAL;
	*ret_epoch = (int64_t)day * DAY_S + second - east;
	return 0;
}

static int parse_clock(struct reader *r, int64_t now, int64_t *ret_epoch)
{
	unsigned int second;

	if (!read_clock(r, &second) || *r->at)
		return -EINVAL;
	*ret_epoch = local(r->today, second);
	if (*ret_epoch > now)
		*ret_epoch = local(r->today - 1, second);
	return 0;
}

int when_parse(const char *text, int64_t now, int64_t *ret_epoch)
{
	struct reader r = {.at = text};
	struct wall_time wall;
	uint64_t ago;

	wall_time_at(now, &wall);
	r.today = wall.day;
	if (strcmp(text, "now") == 0) {
		*ret_epoch = now;
		return 0;
	}
	if (duration_parse(text, &ago) == 0) {
		if (ago > (uint64_t)now)
			return -EINVAL;
		*ret_epoch = now - (int64_t)ago;
		return 0;
	}
	if (parse_clock(&r, now, ret_epoch) == 0)
		return 0;
	r.at = text;
	return parse_day(&r, ret_epoch);
}
