/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the marks of an axis stand, and what is written at them. Pure, but for the time
 * zone.
 */
#ifndef UI_CLI_REPORT_SCALE_H
#define UI_CLI_REPORT_SCALE_H

#include <stddef.h>
#include <stdint.h>

#define SCALE_TICKS_MAX 16
#define SCALE_LABEL_MAX 32

/* An axis of values from 0 on, in one unit for all of its marks. */
struct value_scale {
	double step; /* between marks, in what the values are in */
	double top;  /* a whole number of steps, not below the largest value */
	double unit; /* divide a mark by this for its label */
	const char *unit_name;
};

/* Of bits a second; `marks`: how many at most. A largest value of 0 has a scale too. */
void scale_rates(double largest, size_t marks, struct value_scale *ret_scale);
/* Of things that are counted: whole steps. */
void scale_counts(double largest, size_t marks, struct value_scale *ret_scale);

struct time_tick {
	int64_t time;
	char label[SCALE_LABEL_MAX];
};

/*
 * Marks of a time axis on round local times from `from` to `until` (Unix time), `marks`
 * at most. A mark at which a day begins has the date, others the time of day. Returns
 * how many.
 */
size_t scale_times(int64_t from, int64_t until, size_t marks,
		   struct time_tick ret_ticks[static SCALE_TICKS_MAX]);

#endif
