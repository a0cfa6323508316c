/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report_json.h"

/* "off": policy has no reserve; "unknown": a capacity is not known; "idle": nobody is
 * promoted; "on". */
static const char *guard_state(const struct guard *g)
{
	const struct guard_side *in, *out;

	if (!g)
		return "off";
	in = &g->sides[DIRECTION_IN];
	out = &g->sides[DIRECTION_OUT];
	if (!in->line.capacity || !out->line.capacity)
		return "unknown";
	return in->level || out->level ? "on" : "idle";
}

static json_t *make_side(const struct guard_side *s)
{
	return json_pack(
		"{s:o, s:o, s:o, s:o}", "capacity", report_unsigned(s->line.capacity),
		"reserve", report_unsigned(s->line.reserve), "others",
		report_unsigned(s->others), "allowance", report_unsigned(s->level));
}

json_t *report_guard(const struct report_input *in)
{
	static const struct guard none;
	const struct guard *g = in->guard ? in->guard : &none;

	return json_pack("{s:s, s:I, s:o, s:o}", "state", guard_state(in->guard),
			 "applications", (json_int_t)g->sides[DIRECTION_IN].count, "in",
			 make_side(&g->sides[DIRECTION_IN]), "out",
			 make_side(&g->sides[DIRECTION_OUT]));
}
