/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/history_trim.h"
#include <sqlite3.h>
#include <stdio.h>

#define DAY_S 86400

static const unsigned int kept[USAGE_SPAN_COUNT] = {
	[USAGE_MINUTE] = HISTORY_KEEP_MINUTES,
	[USAGE_HOUR] = HISTORY_KEEP_HOURS,
	[USAGE_DAY] = HISTORY_KEEP_DAYS,
	[USAGE_MONTH] = HISTORY_KEEP_MONTHS};

/* The first number that `sql` with these two integers gives. False without a row. */
static int ask(sqlite3 *handle, const char *sql, sqlite3_int64 a, sqlite3_int64 b,
	       bool *ret_has_row, sqlite3_int64 *ret_value)
{
	sqlite3_stmt *get = NULL;
	int r = sqlite3_prepare_v2(handle, sql, -1, &get, NULL);

	*ret_has_row = false;
	if (r != SQLITE_OK)
		return r;
	sqlite3_bind_int64(get, 1, a);
	sqlite3_bind_int64(get, 2, b);
	r = sqlite3_step(get);
	if (r == SQLITE_ROW && sqlite3_column_type(get, 0) != SQLITE_NULL) {
		*ret_has_row = true;
		*ret_value = sqlite3_column_int64(get, 0);
	}
	sqlite3_finalize(get);
	return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

static int run(sqlite3 *handle, const char *sql, sqlite3_int64 a, sqlite3_int64 b)
{
	bool has_row;
	sqlite3_int64 none;

	return ask(handle, sql, a, b, &has_row, &none);
}

/* Rows before `end`, the oldest of them; a bucket goes as a whole. */
static int delete_before(sqlite3 *handle, enum usage_span span, sqlite3_int64 end)
{
	sqlite3_int64 oldest, limit = end;
	bool has_row;
	int r = ask(handle, "SELECT min(time) FROM traffic WHERE span = ?", span, 0,
		    &has_row, &oldest);

	if (r != SQLITE_OK || !has_row || oldest >= end)
		return r;
	r = ask(handle,
		"SELECT time FROM traffic WHERE span = ? ORDER BY time LIMIT 1 OFFSET "
		"?",
		span, HISTORY_TRIM_ROWS, &has_row, &limit);
	if (r != SQLITE_OK)
		return r;
	if (!has_row || limit > end)
		limit = end;
	if (limit <= oldest)
		limit = oldest + 1;
	return run(handle, "DELETE FROM traffic WHERE span = ? AND time < ?", span,
		   limit);
}

/* Months are kept longest: an application that lost its last one has nothing left. */
static int forget_apps(sqlite3 *handle)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "DELETE FROM app WHERE id NOT IN (SELECT app FROM traffic WHERE span "
		 "= %d)",
		 USAGE_MONTH);
	return sqlite3_exec(handle, sql, NULL, NULL, NULL);
}

/* What is too old, and what a clock wrote that was ahead. */
static int trim_by_age(sqlite3 *handle, const struct history_clock *now)
{
	const struct wall_time tomorrow = {now->wall.day + 1, now->wall.minute};
	int before = sqlite3_total_changes(handle), r = SQLITE_OK;

	for (enum usage_span s = 0; s < USAGE_SPAN_COUNT && r == SQLITE_OK; s++) {
		int64_t today = usage_bucket(s, now->epoch, &now->wall);

		before = sqlite3_total_changes(handle);
		r = delete_before(handle, s, usage_bucket_before(s, today, kept[s]));
		if (r == SQLITE_OK)
			r = run(handle,
				"DELETE FROM traffic WHERE span = ? AND time > ?", s,
				usage_bucket(s, now->epoch + DAY_S, &tomorrow));
	}
	/* The last of them are months. */
	if (r == SQLITE_OK && sqlite3_total_changes(handle) != before)
		r = forget_apps(handle);
	return r;
}

static int is_nearly_full(sqlite3 *handle, bool *ret_is_full)
{
	sqlite3_int64 most = 0, pages = 0, unused = 0;
	bool has_row;
	int r = ask(handle, "PRAGMA max_page_count", 0, 0, &has_row, &most);

	if (r == SQLITE_OK)
		r = ask(handle, "PRAGMA page_count", 0, 0, &has_row, &pages);
	if (r == SQLITE_OK)
		r = ask(handle, "PRAGMA freelist_count", 0, 0, &has_row, &unused);
	*ret_is_full =
		r == SQLITE_OK && (pages - unused) * 100 > most * HISTORY_FULL_PERCENT;
	return r;
}

/* The finest there is gives way, but for what is of this bucket and the one before. */
static int trim_by_size(sqlite3 *handle, const struct history_clock *now)
{
	int before = sqlite3_total_changes(handle);
	enum usage_span s = 0;
	bool is_full;
	int r = is_nearly_full(handle, &is_full);

	while (r == SQLITE_OK && is_full && s < USAGE_SPAN_COUNT) {
		int64_t today = usage_bucket(s, now->epoch, &now->wall);

		r = delete_before(handle, s, usage_bucket_before(s, today, 1));
		if (sqlite3_total_changes(handle) != before)
			break;
		s++;
	}
	return r == SQLITE_OK && is_full && s == USAGE_MONTH ? forget_apps(handle) : r;
}

static int trim_events(sqlite3 *handle)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - %d",
		 HISTORY_KEEP_EVENTS);
	return sqlite3_exec(handle, sql, NULL, NULL, NULL);
}

int history_trim(struct sqlite3 *handle, const struct history_clock *now)
{
	int r = trim_events(handle);

	if (r == SQLITE_OK && now->is_steady)
		r = trim_by_age(handle, now);
	return r == SQLITE_OK ? trim_by_size(handle, now) : r;
}
