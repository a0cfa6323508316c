/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chart.h"
#include "base/units.h"
#include "chart_frame.h"
#include "scale.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- the link over time ----------------------------------------------------------- */

#define STRIP 16.0 /* of a row of spans */
#define STRIP_GAP 6.0
#define TOP 30.0 /* of the first row */
#define PLOT_TOP (TOP + 2 * (STRIP + STRIP_GAP) + 10)
#define PLOT_HEIGHT 230.0
#define HEIGHT (PLOT_TOP + PLOT_HEIGHT + 34)
#define MARKS 3	   /* each way */
#define LETTER 7.5 /* about as wide as one is */

struct frame {
	const struct report *report;
	struct value_scale out, in; /* bits a second; one step for both */
	double zero, per_bit;	    /* where 0 is; height of a bit a second */
};

/* Bits a second of bytes in one step; the last one may be cut. */
static double rate_of(const struct report *r, size_t bucket, uint64_t bytes)
{
	int64_t from = r->from + (int64_t)bucket * r->bucket_length;
	int64_t length = r->bucket_length;

	if (from + length > r->until && r->until > from)
		length = r->until - from;
	return 8 * (double)bytes / (double)length;
}

static void init_frame(const struct report *r, struct frame *f)
{
	double in = 0, out = 0;

	for (size_t i = 0; i < r->bucket_count; i++) {
		const struct report_bytes *b = &r->buckets[i];

		out = fmax(out, rate_of(r, i, b->own_out + b->relayed_out));
		in = fmax(in, rate_of(r, i, b->own_in + b->relayed_in));
	}
	*f = (struct frame){.report = r};
	scale_rates(fmax(in, out), MARKS, &f->out);
	f->in = f->out;
	f->out.top = f->out.step * fmax(1, ceil(out / f->out.step));
	f->in.top = f->in.step * fmax(1, ceil(in / f->in.step));
	f->per_bit = PLOT_HEIGHT / (f->out.top + f->in.top);
	f->zero = PLOT_TOP + f->out.top * f->per_bit;
}

static void draw_mark(struct html *h, const struct frame *f, double value)
{
	double y = f->zero - value * f->per_bit;

	html_raw(h,
		 "<line class=\"%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>",
		 value == 0 ? "zero" : "grid", CHART_LEFT, CHART_WIDTH - CHART_RIGHT, y,
		 y);
	html_raw(h, "<text class=\"end\" x=\"%.0f\" y=\"%.1f\">%g</text>\n",
		 CHART_LEFT - 8, y + 4, fabs(value) / f->out.unit);
}

static void draw_values(struct html *h, const struct frame *f)
{
	int below = (int)lround(f->in.top / f->in.step);
	int above = (int)lround(f->out.top / f->out.step);

	for (int i = -below; i <= above; i++)
		draw_mark(h, f, i * f->out.step);
	html_raw(h,
		 "<text class=\"axis\" transform=\"translate(14 %.1f) rotate(-90)\">"
		 "received &#8592; %s &#8594; sent</text>\n",
		 PLOT_TOP + PLOT_HEIGHT / 2, f->out.unit_name);
}

/* From `base` on upwards, both in bits a second and below 0 for what came in. */
static void add_box(struct html *h, const struct frame *f, size_t bucket, double base,
		    double value)
{
	const struct report *r = f->report;
	int64_t from = r->from + (int64_t)bucket * r->bucket_length;
	int64_t until = from + r->bucket_length;
	double x = chart_x(f->report, from);

	if (value == 0)
		return;
	html_raw(h, "M%.2f %.2fV%.2fH%.2fV%.2fz", x, f->zero - base * f->per_bit,
		 f->zero - (base + value) * f->per_bit,
		 chart_x(f->report, until < r->until ? until : r->until),
		 f->zero - base * f->per_bit);
}

static void draw_series(struct html *h, const struct frame *f, bool is_relayed)
{
	const struct report *r = f->report;

	html_raw(h, "<path class=\"%s\" d=\"", is_relayed ? "relayed" : "own");
	for (size_t i = 0; i < r->bucket_count; i++) {
		const struct report_bytes *b = &r->buckets[i];
		double out = rate_of(r, i, b->relayed_out);
		double in = rate_of(r, i, b->relayed_in);

		/* What is relayed lies at the axis: its height can be read off. */
		if (is_relayed) {
			add_box(h, f, i, 0, out);
			add_box(h, f, i, 0, -in);
		} else {
			add_box(h, f, i, out, rate_of(r, i, b->own_out));
			add_box(h, f, i, -in, -rate_of(r, i, b->own_in));
		}
	}
	html_raw(h, "\"/>\n");
}

/* What a reader sees who points at a step, or has it read to him. */
static void draw_tip(struct html *h, const struct frame *f, size_t bucket)
{
	const struct report *r = f->report;
	const struct report_bytes *b = &r->buckets[bucket];
	int64_t from = r->from + (int64_t)bucket * r->bucket_length;
	char out[UNITS_STRLEN], relayed_out[UNITS_STRLEN], in[UNITS_STRLEN],
		relayed_in[UNITS_STRLEN], clock[32] = "";
	time_t t = (time_t)from;
	struct tm local;

	if (localtime_r(&t, &local))
		strftime(clock, sizeof(clock), "%a %H:%M", &local);
	size_format(b->own_out + b->relayed_out, out);
	size_format(b->relayed_out, relayed_out);
	size_format(b->own_in + b->relayed_in, in);
	size_format(b->relayed_in, relayed_in);
	html_raw(h,
		 "<rect class=\"tip\" x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" "
		 "height=\"%.0f\"><title>",
		 chart_x(f->report, from), PLOT_TOP,
		 chart_x(f->report, from + r->bucket_length) - chart_x(f->report, from),
		 PLOT_HEIGHT);
	html_text(h, "%s: %s sent, %s of it relayed; %s received, %s of it relayed",
		  clock, out, relayed_out, in, relayed_in);
	html_raw(h, "</title></rect>\n");
}

static void draw_tips(struct html *h, const struct frame *f)
{
	for (size_t i = 0; i < f->report->bucket_count; i++) {
		const struct report_bytes *b = &f->report->buckets[i];

		if (b->own_in || b->own_out || b->relayed_in || b->relayed_out)
			draw_tip(h, f, i);
	}
}

/* Its name, where there is room for some of it. */
static void draw_name(struct html *h, const struct report_span *span, double x,
		      double y, double width)
{
	int fits = (int)((width - 12) / LETTER);

	if (fits < 4)
		return;
	html_raw(h, "<text class=\"within\" x=\"%.1f\" y=\"%.1f\">", x + 6,
		 y + STRIP - 4);
	if (strlen(span->name) > (size_t)fits) {
		do /* not within a character */
			fits--;
		while (fits > 0 && ((unsigned char)span->name[fits] & 0xc0) == 0x80);
		html_text(h, "%.*s\u2026", fits, span->name);
	} else {
		html_text(h, "%s", span->name);
	}
	html_raw(h, "</text>\n");
}

/* A row of spans: when something was so. */
static void draw_spans(struct html *h, const struct frame *f, int row,
		       const char *title, const struct report_span *spans, size_t count)
{
	double y = TOP + row * (STRIP + STRIP_GAP);

	html_raw(h, "<text class=\"end\" x=\"%.0f\" y=\"%.1f\">", CHART_LEFT - 8,
		 y + STRIP - 4);
	html_text(h, "%s", title);
	html_raw(h,
		 "</text><rect class=\"strip\" x=\"%.0f\" y=\"%.1f\" width=\"%.1f\" "
		 "height=\"%.0f\"/>\n",
		 CHART_LEFT, y, CHART_WIDTH - CHART_LEFT - CHART_RIGHT, STRIP);
	for (size_t i = 0; i < count; i++) {
		double x = chart_x(f->report, spans[i].from);
		double width = fmax(2, chart_x(f->report, spans[i].until) - x);

		html_raw(h,
			 "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			 "height=\"%.0f\"><title>",
			 title, x, y, width, STRIP);
		html_text(h, "%s: %s", spans[i].name, title);
		html_raw(h, "</title></rect>\n");
		draw_name(h, &spans[i], x, y, width);
	}
}

static void draw_key(struct html *h)
{
	html_raw(h,
		 "<rect class=\"relayed\" x=\"%.0f\" y=\"6\" width=\"12\" "
		 "height=\"12\"/><text x=\"%.0f\" y=\"16\">relayed for "
		 "strangers</text>"
		 "<rect class=\"own\" x=\"%.0f\" y=\"6\" width=\"12\" height=\"12\"/>"
		 "<text x=\"%.0f\" y=\"16\">own traffic</text>\n",
		 CHART_LEFT, CHART_LEFT + 18, CHART_LEFT + 185, CHART_LEFT + 203);
}

void chart_link(struct html *h, const struct report *r)
{
	struct frame f;

	init_frame(r, &f);
	html_raw(h,
		 "<svg class=\"link\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		 "aria-labelledby=\"link-title link-description\">"
		 "<title id=\"link-title\">The link over time</title>"
		 "<desc id=\"link-description\">",
		 CHART_WIDTH, HEIGHT);
	html_text(h,
		  "Traffic with strangers in steps of %lld minutes, sent above and "
		  "received below the axis, in %s; over it the times in which a "
		  "program was promoted, and limited.",
		  (long long)(r->bucket_length / 60), f.out.unit_name);
	html_raw(h, "</desc>\n");
	draw_key(h);
	draw_spans(h, &f, 0, "promoted", r->promotions, r->promotion_count);
	draw_spans(h, &f, 1, "limited", r->limits, r->limit_count);
	chart_background(h, r, PLOT_TOP, PLOT_HEIGHT);
	chart_times(h, r, PLOT_TOP, PLOT_TOP + PLOT_HEIGHT, true);
	draw_values(h, &f);
	draw_series(h, &f, true);
	draw_series(h, &f, false);
	draw_mark(h, &f, 0);
	draw_tips(h, &f);
	html_raw(h, "</svg>\n");
}

/* --- small ones, in tables -------------------------------------------------------- */

#define BAR_WIDTH 160.0
#define BAR_HEIGHT 10.0

static void draw_bar(struct html *h, const char *class, double x, double width)
{
	if (width > 0)
		html_raw(h,
			 "<rect class=\"%s\" x=\"%.1f\" y=\"0\" width=\"%.1f\" "
			 "height=\"%.0f\"/>",
			 class, x, fmax(width, 0.8), BAR_HEIGHT);
}

void chart_bytes(struct html *h, const struct report_bytes *b, uint64_t largest)
{
	double each = largest ? BAR_WIDTH / (double)largest : 0;
	double relayed = (double)(b->relayed_in + b->relayed_out) * each;
	double own = (double)(b->own_in + b->own_out) * each;

	html_raw(h, "<svg class=\"bar\" viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>",
		 BAR_WIDTH, BAR_HEIGHT);
	html_text(h, "%.0f %% relayed",
		  relayed + own > 0 ? 100 * relayed / (relayed + own) : 0);
	html_raw(h, "</title>");
	draw_bar(h, "relayed", 0, relayed);
	draw_bar(h, "own", relayed, own);
	html_raw(h, "</svg>");
}

#define WEIGHT_WIDTH 100.0
#define WEIGHT_MOST 4.0 /* log-odds; what is more fills its side */

void chart_weight(struct html *h, double weight)
{
	double part = fmin(fabs(weight), WEIGHT_MOST) / WEIGHT_MOST;
	double width = part * WEIGHT_WIDTH / 2;

	html_raw(h,
		 "<svg class=\"weight\" viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>",
		 WEIGHT_WIDTH, BAR_HEIGHT);
	html_text(h, "weight %+.1f", weight);
	html_raw(h, "</title>");
	draw_bar(h, weight > 0 ? "relayed" : "own",
		 weight > 0 ? WEIGHT_WIDTH / 2 : WEIGHT_WIDTH / 2 - width, width);
	html_raw(h,
		 "<line class=\"zero\" x1=\"%.0f\" x2=\"%.0f\" y1=\"0\" y2=\"%.0f\"/>"
		 "</svg>",
		 WEIGHT_WIDTH / 2, WEIGHT_WIDTH / 2, BAR_HEIGHT);
}
