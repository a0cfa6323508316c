/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many strangers there were at once. */
#include "chart.h"
#include "chart_frame.h"
#include "scale.h"
#include <math.h>

#define TOP 12.0
#define PLOT_HEIGHT 62.0
#define HEIGHT (TOP + PLOT_HEIGHT + 8)
#define MARKS 2

static void draw_marks(struct html *h, const struct value_scale *scale)
{
	int count = (int)lround(scale->top / scale->step);

	for (int i = 0; i <= count; i++) {
		double y = TOP + PLOT_HEIGHT * (1 - (double)i / count);

		html_raw(h,
			 "<line class=\"%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" "
			 "y2=\"%.1f\"/><text class=\"end\" x=\"%.0f\" y=\"%.1f\">%.0f"
			 "</text>\n",
			 i ? "grid" : "zero", CHART_LEFT, CHART_WIDTH - CHART_RIGHT, y,
			 y, CHART_LEFT - 8, y + 4, i * scale->step);
	}
}

static void draw_bars(struct html *h, const struct report *r, double top)
{
	html_raw(h, "<path class=\"peers\" d=\"");
	for (size_t i = 0; i < r->bucket_count; i++) {
		double height = PLOT_HEIGHT * (double)r->peers[i] / top;

		if (r->peers[i])
			html_raw(h, "M%.2f %.2fV%.2fH%.2fV%.2fz",
				 chart_x(r, chart_begin(r, i)), TOP + PLOT_HEIGHT,
				 TOP + PLOT_HEIGHT - height,
				 chart_x(r, chart_end(r, i)), TOP + PLOT_HEIGHT);
	}
	html_raw(h, "\"/>\n");
}

void chart_peers(struct html *h, const struct report *r)
{
	struct value_scale scale;
	uint64_t most = 0;

	for (size_t i = 0; i < r->bucket_count; i++)
		most = r->peers[i] > most ? r->peers[i] : most;
	scale_counts((double)most, MARKS, &scale);
	html_raw(h,
		 "<svg class=\"link\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		 "aria-labelledby=\"peers-title peers-description\">"
		 "<title id=\"peers-title\">Strangers over time</title>"
		 "<desc id=\"peers-description\">",
		 CHART_WIDTH, HEIGHT);
	html_text(
		h,
		"With how many strangers at once packets were exchanged: %llu at most.",
		(unsigned long long)most);
	html_raw(h, "</desc>\n");
	chart_background(h, r, TOP, PLOT_HEIGHT);
	chart_times(h, r, TOP, TOP + PLOT_HEIGHT, false);
	draw_bars(h, r, scale.top);
	draw_marks(h, &scale);
	html_raw(h,
		 "<text class=\"axis\" transform=\"translate(14 %.1f) rotate(-90)\">"
		 "strangers</text></svg>\n",
		 TOP + PLOT_HEIGHT / 2);
}
