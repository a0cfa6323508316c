/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chart_frame.h"
#include "scale.h"
#include <math.h>

double chart_x(const struct report *r, int64_t time)
{
	return CHART_LEFT + (CHART_WIDTH - CHART_LEFT - CHART_RIGHT) *
				    (double)(time - r->from) /
				    (double)(r->until - r->from);
}

int64_t chart_begin(const struct report *r, size_t bucket)
{
	return r->from + (int64_t)bucket * r->bucket_length;
}

int64_t chart_end(const struct report *r, size_t bucket)
{
	int64_t end = chart_begin(r, bucket) + r->bucket_length;

	return end < r->until ? end : r->until;
}

static void draw_ground(struct html *h, const char *class, double x, double width,
			double top, double height)
{
	html_raw(h,
		 "<rect class=\"%s\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
		 "height=\"%.0f\"/>\n",
		 class, x, top, width, height);
}

void chart_background(struct html *h, const struct report *r, double top, double height)
{
	double unknown = chart_x(r, r->known_from) - CHART_LEFT;

	for (size_t i = 0; i < r->promotion_count; i++) {
		const struct report_span *p = &r->promotions[i];
		double x = chart_x(r, p->from);

		if (!p->is_by_trade)
			draw_ground(h, "shade", x, fmax(2, chart_x(r, p->until) - x),
				    top, height);
	}
	if (unknown < 1)
		return;
	draw_ground(h, "unknown", CHART_LEFT, unknown, top, height);
	if (unknown > 80 && height > 100)
		html_raw(h,
			 "<text class=\"middle\" x=\"%.1f\" y=\"%.1f\">not known"
			 "</text>\n",
			 CHART_LEFT + unknown / 2, top + 20);
}

void chart_times(struct html *h, const struct report *r, double top, double bottom,
		 bool has_labels)
{
	struct time_tick ticks[SCALE_TICKS_MAX];
	size_t count = scale_times(r->from, r->until, CHART_TIME_MARKS, ticks);

	for (size_t i = 0; i < count; i++) {
		double x = chart_x(r, ticks[i].time);

		html_raw(h,
			 "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" "
			 "y2=\"%.0f\"/>",
			 x, x, top, has_labels ? bottom + 5 : bottom);
		if (!has_labels)
			continue;
		html_raw(h, "<text class=\"middle\" x=\"%.1f\" y=\"%.0f\">", x,
			 bottom + 20);
		html_text(h, "%s", ticks[i].label);
		html_raw(h, "</text>\n");
	}
}
