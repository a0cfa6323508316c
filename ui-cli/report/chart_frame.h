/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the charts over time have in common: they lie below each other, and a time is at
 * the same place in each. Private to chart*.c.
 */
#ifndef UI_CLI_REPORT_CHART_FRAME_H
#define UI_CLI_REPORT_CHART_FRAME_H

#include "gather.h"
#include "html.h"

/* In units of the picture, which the page stretches to its width. */
#define CHART_WIDTH 960.0
#define CHART_LEFT 78.0
#define CHART_RIGHT 8.0
#define CHART_TIME_MARKS 10

double chart_x(const struct report *r, int64_t time);
/* When a step of the report begins, and when it ends: the last one with the report. */
int64_t chart_begin(const struct report *r, size_t bucket);
int64_t chart_end(const struct report *r, size_t bucket);
/* Where it was promoted, and what is not known, behind a plot from `top` on. */
void chart_background(struct html *h, const struct report *r, double top,
		      double height);
/* The marks of time from `top` to `bottom`, with what is written at them or not. */
void chart_times(struct html *h, const struct report *r, double top, double bottom,
		 bool has_labels);

#endif
