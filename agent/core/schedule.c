/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/schedule.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

static const char days[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

int schedule_find_day(const char *name, size_t length)
{
	for (int i = 0; i < 7; i++)
		if (length == 3 && strncasecmp(name, days[i], 3) == 0)
			return i;
	return -EINVAL;
}

int schedule_parse_days(const char *text, size_t length, uint8_t *ret_days)
{
	const char *dash = memchr(text, '-', length);
	size_t first_length = dash ? (size_t)(dash - text) : length;
	int first = schedule_find_day(text, first_length), last = first;
	uint8_t found = 0;

	if (dash)
		last = schedule_find_day(dash + 1, length - first_length - 1);
	if (first < 0 || last < 0)
		return -EINVAL;
	for (int day = first;; day = (day + 1) % 7) {
		found |= (uint8_t)(1u << day);
		if (day == last)
			break;
	}
	*ret_days = found;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "8:00" or "08:00", up to "24:00". */
static int take_time(const char **cursor, uint16_t *ret_minutes)
{
	const char *s = *cursor;
	unsigned int hour = 0, minute;

	if (!is_digit(*s))
		return -EINVAL;
	for (int i = 0; i < 2 && is_digit(*s); i++, s++)
		hour = hour * 10 + (unsigned int)(*s - '0');
	if (s[0] != ':' || !is_digit(s[1]) || !is_digit(s[2]))
		return -EINVAL;
	minute = (unsigned int)(s[1] - '0') * 10 + (unsigned int)(s[2] - '0');
	if (minute > 59 || hour * 60 + minute > WALL_DAY_MINUTES)
		return -EINVAL;
	*cursor = s + 3;
	*ret_minutes = (uint16_t)(hour * 60 + minute);
	return 0;
}

int schedule_parse_hours(const char *text, uint16_t *ret_from, uint16_t *ret_until)
{
	uint16_t from, until;

	if (take_time(&text, &from) < 0 || *text++ != '-' ||
	    take_time(&text, &until) < 0 || *text)
		return -EINVAL;
	/* A whole day is 00:00-24:00; no range begins when a day is over. */
	if (from == until || from == WALL_DAY_MINUTES)
		return -EINVAL;
	*ret_from = from;
	*ret_until = until;
	return 0;
}

/* Minutes from the beginning of the week on. */
static unsigned int begin_of(const struct schedule_range *r, unsigned int day)
{
	return day * WALL_DAY_MINUTES + r->from;
}

static unsigned int end_of(const struct schedule_range *r, unsigned int day)
{
	return (r->until > r->from ? day : day + 1) * WALL_DAY_MINUTES + r->until;
}

static bool applies_at(const struct schedule *s, unsigned int minute)
{
	for (size_t i = 0; i < s->count * 7; i++) {
		const struct schedule_range *r = &s->ranges[i / 7];
		unsigned int day = (unsigned int)(i % 7);
		unsigned int begin = begin_of(r, day), end = end_of(r, day);

		if (!(r->days & (1u << day)))
			continue;
		/* One that begins on Sunday may end in the next week. */
		if ((minute >= begin && minute < end) ||
		    minute + WALL_WEEK_MINUTES < end)
			return true;
	}
	return s->count == 0;
}

static unsigned int minute_of_week(const struct wall_time *t)
{
	return wall_weekday(t->day) * WALL_DAY_MINUTES + t->minute;
}

bool schedule_applies(const struct schedule *s, const struct wall_time *now)
{
	return applies_at(s, minute_of_week(now));
}

/* The nearer of `best` (0: none) and `edge`, if that changes something. */
static unsigned int nearer(const struct schedule *s, unsigned int now,
			   unsigned int edge, unsigned int best)
{
	unsigned int wait = (edge + WALL_WEEK_MINUTES - now - 1) % WALL_WEEK_MINUTES;

	wait++; /* 1 to a week */
	if ((best && wait >= best) ||
	    applies_at(s, (now + wait) % WALL_WEEK_MINUTES) == applies_at(s, now))
		return best;
	return wait;
}

unsigned int schedule_until_change(const struct schedule *s,
				   const struct wall_time *now)
{
	unsigned int minute = minute_of_week(now), best = 0;

	for (size_t i = 0; i < s->count * 7; i++) {
		const struct schedule_range *r = &s->ranges[i / 7];
		unsigned int day = (unsigned int)(i % 7);

		if (!(r->days & (1u << day)))
			continue;
		best = nearer(s, minute, begin_of(r, day), best);
		best = nearer(s, minute, end_of(r, day), best);
	}
	return best;
}
