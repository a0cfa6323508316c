/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report_json.h"
#include <stdlib.h>

static uint64_t refused_since(const struct report_input *in, uint8_t number)
{
	return in->refused ? in->refused[number].since_ns : 0;
}

json_t *report_callers_sum(const struct report_input *in, const struct app *app)
{
	uint8_t number = app_number(app->id);
	uint64_t since = refused_since(in, number);
	struct callers_sum s = {0};

	if (in->callers && since)
		s = callers_sum(in->callers, number, since, in->now_ns);
	return json_pack("{s:{s:I, s:o, s:o, s:I}}", "callers", "count",
			 (json_int_t)s.count, "calls", report_unsigned(s.calls),
			 "calls_per_minute", report_real(s.per_minute), "since",
			 (json_int_t)(s.count ? report_epoch(in, s.first_ns) : 0));
}

static int compare_calls(const void *a, const void *b)
{
	const struct caller *const *x = a, *const *y = b;

	return ((*x)->calls < (*y)->calls) - ((*x)->calls > (*y)->calls);
}

static json_t *make_caller(const struct report_input *in, const struct caller *c)
{
	char text[ADDR_STRLEN];

	return json_pack("{s:s, s:o, s:o, s:I, s:I}", "address",
			 addr_format(&c->addr, text), "calls",
			 report_unsigned(c->calls), "calls_per_minute",
			 report_real(caller_per_minute(c, in->now_ns)), "since",
			 (json_int_t)report_epoch(in, c->first_ns), "last",
			 (json_int_t)report_epoch(in, c->last_ns));
}

json_t *report_caller_list(const struct report_input *in, const struct app *app)
{
	uint8_t number = app_number(app->id);
	uint64_t since = refused_since(in, number);
	const struct caller **sorted, *c = NULL;
	json_t *list = json_array();
	size_t count = 0;

	if (!list || !in->callers || !since || !in->callers->count)
		return list;
	sorted = calloc(in->callers->count, sizeof(const struct caller *));
	while (sorted && (c = callers_next(in->callers, c, number, since, in->now_ns)))
		sorted[count++] = c;
	if (count)
		qsort(sorted, count, sizeof(const struct caller *), compare_calls);
	for (size_t i = 0; i < count && i < REPORT_CALLERS_MAX; i++)
		if (json_array_append_new(list, make_caller(in, sorted[i])) < 0)
			break;
	free(sorted);
	return list;
}
