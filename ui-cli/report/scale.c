/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scale.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* --- values ----------------------------------------------------------------------- */

/* The least of 1, 2, 5, 10, 20, ... that is not below. */
static double round_up(double value)
{
	static const double factors[] = {1, 2, 5, 10};
	double power = pow(10, floor(log10(value)));

	for (size_t i = 0; i < sizeof(factors) / sizeof(*factors); i++)
		if (factors[i] * power >= value * (1 - 1e-9))
			return factors[i] * power;
	return 10 * power;
}

static void set_scale(double largest, double least, size_t marks,
		      struct value_scale *ret_scale)
{
	double step = round_up(fmax(largest / (double)marks, least));

	ret_scale->step = step;
	ret_scale->top = step * fmax(1, ceil(largest / step * (1 - 1e-9)));
	ret_scale->unit = 1;
	ret_scale->unit_name = "";
}

void scale_rates(double largest, size_t marks, struct value_scale *ret_scale)
{
	static const struct {
		double size;
		const char *name;
	} units[] = {{1e9, "Gbit/s"}, {1e6, "Mbit/s"}, {1e3, "kbit/s"}};

	set_scale(largest, 1e3, marks, ret_scale);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		ret_scale->unit = units[i].size;
		ret_scale->unit_name = units[i].name;
		if (ret_scale->top >= units[i].size)
			break;
	}
}

void scale_counts(double largest, size_t marks, struct value_scale *ret_scale)
{
	set_scale(largest, 1, marks, ret_scale);
}

/* --- times ------------------------------------------------------------------------ */

static int64_t choose_step(int64_t length, size_t marks)
{
	static const int64_t steps[] = {
		MINUTE,	     2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE,
		30 * MINUTE, HOUR,	 2 * HOUR,   3 * HOUR,	  6 * HOUR,
		12 * HOUR,   DAY,	 2 * DAY,    5 * DAY,	  10 * DAY,
		30 * DAY,    60 * DAY,	 100 * DAY,  365 * DAY};
	size_t i = 0;

	while (i + 1 < sizeof(steps) / sizeof(*steps) &&
	       length / steps[i] >= (int64_t)marks)
		i++;
	return steps[i];
}

static int64_t begin_of_day(int64_t epoch)
{
	time_t t = (time_t)epoch;
	struct tm local;

	if (!localtime_r(&t, &local))
		return epoch;
	local.tm_hour = local.tm_min = local.tm_sec = 0;
	local.tm_isdst = -1;
	return (int64_t)mktime(&local);
}

/* The next mark; days are not all of one length. */
static int64_t advance(int64_t time, int64_t step)
{
	if (step >= DAY)
		return begin_of_day(time + step + DAY / 2);
	return time + step;
}

static void label(struct time_tick *tick, int64_t step)
{
	time_t t = (time_t)tick->time;
	struct tm local;

	*tick->label = '\0';
	if (!localtime_r(&t, &local))
		return;
	if (step >= DAY || (local.tm_hour == 0 && local.tm_min == 0))
		strftime(tick->label, sizeof(tick->label), "%e %b", &local);
	else
		strftime(tick->label, sizeof(tick->label), "%H:%M", &local);
	if (*tick->label == ' ')
		memmove(tick->label, tick->label + 1, strlen(tick->label));
}

size_t scale_times(int64_t from, int64_t until, size_t marks,
		   struct time_tick ret_ticks[static SCALE_TICKS_MAX])
{
	int64_t step = choose_step(until - from, marks);
	int64_t time = begin_of_day(from);
	size_t count = 0;

	if (until <= from)
		return 0;
	while (time <= until && count < SCALE_TICKS_MAX) {
		int64_t next = advance(time, step);

		if (time >= from) {
			ret_ticks[count].time = time;
			label(&ret_ticks[count++], step);
		}
		/* Hours count from the begin of their own day. */
		if (step < DAY && begin_of_day(next) > begin_of_day(time))
			next = begin_of_day(next);
		time = next;
	}
	return count;
}
