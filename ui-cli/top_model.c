/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top_model.h"
#include "concern.h"
#include "fields.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct top_model {
	struct top_row *rows; /* all, sorted */
	size_t count, left_out;
	size_t *shown; /* indices of `rows` that the filter lets pass */
	size_t shown_count;
	char filter[TOP_FILTER_MAX];
	char *chosen; /* key of the chosen one, or NULL: the first */
	enum top_sort sort;
	bool is_reversed;
};

struct top_model *top_model_new(void)
{
	return calloc(1, sizeof(struct top_model));
}

static void free_rows(struct top_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_decref(rows[i].app);
	free(rows);
}

void top_model_free(struct top_model *m)
{
	if (!m)
		return;
	free_rows(m->rows, m->count);
	free(m->shown);
	free(m->chosen);
	free(m);
}

/* --- order -------------------------------------------------------------------------
 */

static int compare_numbers(double a, double b)
{
	return a == b ? 0 : a > b ? -1 : 1;
}

/* Numbers begin with the highest, names with A. */
static int compare_by(enum top_sort by, const json_t *a, const json_t *b)
{
	switch (by) {
	case TOP_BY_NAME:
		return strcasecmp(field_text(a, "name"), field_text(b, "name"));
	case TOP_BY_ROLE:
	case TOP_BY_PROBABILITY:
		return compare_numbers(field_real(a, "probability"),
				       field_real(b, "probability"));
	case TOP_BY_PEERS:
		return compare_numbers((double)field_int(a, "peers"),
				       (double)field_int(b, "peers"));
	case TOP_BY_DOWN:
		return compare_numbers((double)field_int(a, "rate_in"),
				       (double)field_int(b, "rate_in"));
	case TOP_BY_UP:
		return compare_numbers((double)field_int(a, "rate_out"),
				       (double)field_int(b, "rate_out"));
	case TOP_BY_CONCERN:
	case TOP_SORTS:
		break;
	}
	return concern_compare(a, b);
}

static int compare_rows(const void *x, const void *y, void *model)
{
	const struct top_row *a = x, *b = y;
	const struct top_model *m = model;
	int order = 0;

	if (m->sort == TOP_BY_ROLE)
		order = strcmp(field_text(b->app, "role"), field_text(a->app, "role"));
	if (order == 0)
		order = compare_by(m->sort, a->app, b->app);
	if (order == 0) /* so that equal ones do not change places */
		order = strcmp(field_text(a->app, "key"), field_text(b->app, "key"));
	return m->is_reversed ? -order : order;
}

static bool passes(const struct top_model *m, const json_t *app)
{
	static const char *const fields[] = {"name", "user", "role", "key", "exe"};

	if (!*m->filter)
		return true;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strcasestr(field_text(app, fields[i]), m->filter))
			return true;
	return false;
}

/* After whatever has changed. */
static void arrange(struct top_model *m)
{
	if (m->count)
		qsort_r(m->rows, m->count, sizeof(*m->rows), compare_rows, m);
	m->shown_count = 0;
	for (size_t i = 0; i < m->count; i++)
		if (passes(m, m->rows[i].app))
			m->shown[m->shown_count++] = i;
}

/* --- updates -----------------------------------------------------------------------
 */

/* Where each application is now: its key to its index. NULL without memory. */
static json_t *index_rows(const struct top_model *m)
{
	json_t *places = json_object();

	for (size_t i = 0; i < m->count; i++)
		json_object_set_new(places, field_text(m->rows[i].app, "key"),
				    json_integer((json_int_t)i));
	return places;
}

static void add_sample(struct top_row *row, uint64_t sample)
{
	if (row->history_count == TOP_HISTORY) {
		memmove(row->history, row->history + 1,
			(TOP_HISTORY - 1) * sizeof(*row->history));
		row->history_count--;
	}
	row->history[row->history_count++] = sample;
}

static void fill_row(const struct top_model *m, const json_t *places,
		     struct top_row *row, json_t *app)
{
	const json_t *place = json_object_get(places, field_text(app, "key"));

	if (place)
		*row = m->rows[json_integer_value(place)];
	row->app = json_incref(app);
	add_sample(row, field_size(app, "rate_in") + field_size(app, "rate_out"));
}

int top_model_update(struct top_model *m, const json_t *reply)
{
	const json_t *apps = json_object_get(reply, "applications");
	size_t all = json_array_size(apps);
	size_t count = all > TOP_ROWS_MAX ? TOP_ROWS_MAX : all;
	struct top_row *rows = calloc(count + 1, sizeof(*rows));
	size_t *shown = calloc(count + 1, sizeof(*shown));
	json_t *places = index_rows(m);

	if (!rows || !shown || !places) {
		free(rows);
		free(shown);
		json_decref(places);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		fill_row(m, places, &rows[i], json_array_get(apps, i));
	json_decref(places);
	free_rows(m->rows, m->count);
	free(m->shown);
	m->rows = rows;
	m->shown = shown;
	m->count = count;
	m->left_out = all - count;
	arrange(m);
	return 0;
}

/* --- what is asked of it -----------------------------------------------------------
 */

void top_model_sort(struct top_model *m, enum top_sort by)
{
	m->is_reversed = m->sort == by ? !m->is_reversed : false;
	m->sort = by;
	arrange(m);
}

enum top_sort top_model_sorted_by(const struct top_model *m, bool *ret_is_reversed)
{
	*ret_is_reversed = m->is_reversed;
	return m->sort;
}

const char *top_sort_name(enum top_sort by)
{
	static const char *const names[TOP_SORTS] = {
		[TOP_BY_CONCERN] = "concern", [TOP_BY_NAME] = "name",
		[TOP_BY_ROLE] = "role",	      [TOP_BY_PROBABILITY] = "probability",
		[TOP_BY_PEERS] = "peers",     [TOP_BY_DOWN] = "down",
		[TOP_BY_UP] = "up",
	};

	return by < TOP_SORTS ? names[by] : "";
}

void top_model_filter(struct top_model *m, const char *text)
{
	snprintf(m->filter, sizeof(m->filter), "%s", text);
	arrange(m);
}

const char *top_model_filtered_by(const struct top_model *m)
{
	return m->filter;
}

size_t top_model_count(const struct top_model *m)
{
	return m->shown_count;
}

size_t top_model_left_out(const struct top_model *m)
{
	return m->left_out;
}

const struct top_row *top_model_row(const struct top_model *m, size_t index)
{
	return index < m->shown_count ? &m->rows[m->shown[index]] : NULL;
}

size_t top_model_chosen(const struct top_model *m)
{
	for (size_t i = 0; m->chosen && i < m->shown_count; i++)
		if (strcmp(field_text(m->rows[m->shown[i]].app, "key"), m->chosen) == 0)
			return i;
	return 0;
}

void top_model_choose(struct top_model *m, long by)
{
	long at = (long)top_model_chosen(m) + by, last = (long)m->shown_count - 1;
	const struct top_row *row;

	row = top_model_row(m, (size_t)(at > last ? last : at < 0 ? 0 : at));
	if (!row)
		return;
	free(m->chosen);
	m->chosen = strdup(field_text(row->app, "key"));
}
