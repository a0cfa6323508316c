/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/quota.h"
#include "base/wall.h"

#define DAY_SECONDS 86400u

const char *quota_unit_name(enum quota_unit u)
{
	switch (u) {
	case QUOTA_DAY:
		return "day";
	case QUOTA_WEEK:
		return "week";
	case QUOTA_MONTH:
		return "month";
	}
	return "unknown";
}

const char *quota_action_name(enum quota_action a)
{
	switch (a) {
	case QUOTA_WARN:
		return "warn";
	case QUOTA_SHAPE:
		return "shape";
	case QUOTA_BLOCK:
		return "block";
	}
	return "unknown";
}

int32_t quota_period_of(enum quota_unit unit, int32_t day)
{
	unsigned int month, of_month;
	int year;

	switch (unit) {
	case QUOTA_DAY:
		break;
	case QUOTA_WEEK:
		return day - (int32_t)wall_weekday(day);
	case QUOTA_MONTH:
		wall_date(day, &year, &month, &of_month);
		return wall_day(year, month, 1);
	}
	return day;
}

int32_t quota_period_after(enum quota_unit unit, int32_t period)
{
	/* So many days on it is over, and the next is not. */
	static const int32_t longest[] = {
		[QUOTA_DAY] = 1, [QUOTA_WEEK] = 7, [QUOTA_MONTH] = 31};

	return quota_period_of(unit, period + longest[unit]);
}

bool quota_turn(struct quota_account *a, enum quota_unit unit, int32_t day,
		uint32_t seconds)
{
	int32_t shown = quota_period_of(unit, day);
	int32_t days = quota_period_after(unit, a->period) - a->period;

	if (shown == a->period) {
		a->held_s = 0;
		return false;
	}
	if (shown < a->period) {
		a->held_s += seconds;
		if (a->held_s < (uint32_t)days * DAY_SECONDS)
			return false;
	}
	*a = (struct quota_account){.period = shown};
	return true;
}

bool quota_count(struct quota_account *a, uint64_t consumed, uint64_t limit)
{
	uint64_t begun = a->used < limit ? a->used : limit;

	if (consumed < begun) {
		a->used += consumed;
		return false;
	}
	a->used += consumed - begun;
	return true;
}

void quota_adopt(struct quota_account *a, int32_t period, uint64_t consumed)
{
	if (period < a->period || (period == a->period && consumed <= a->used))
		return;
	a->period = period;
	a->used = consumed;
}

uint64_t quota_left(const struct quota_account *a, uint64_t limit)
{
	return a->used < limit ? limit - a->used : 0;
}
