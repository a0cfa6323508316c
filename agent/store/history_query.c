/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/history_query.h"
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

/* Steps of SQLite's machine that a query may take: a tenth of a second, or less. */
#define STEPS_EACH 1000
#define STEPS_MAX 1500

#define SCOPE "(?1 IS NULL OR key = ?1 OR name = ?1) AND "

static int count_steps(void *context)
{
	return ++*(unsigned int *)context > STEPS_MAX;
}

static void bind_scope(sqlite3_stmt *s, const struct history_scope *scope)
{
	if (scope->app)
		sqlite3_bind_text(s, 1, scope->app, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, scope->is_all);
	sqlite3_bind_int64(s, 3, scope->uid);
}

static const char *text_of(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

/* Of a row of ours; a file that another has written may have anything in it. */
static uint64_t bytes_of(sqlite3_stmt *s, int column)
{
	sqlite3_int64 value = sqlite3_column_int64(s, column);

	return value > 0 ? (uint64_t)value : 0;
}

static struct usage_bytes usage_of(sqlite3_stmt *s, int column)
{
	return (struct usage_bytes){bytes_of(s, column), bytes_of(s, column + 1),
				    bytes_of(s, column + 2), bytes_of(s, column + 3),
				    bytes_of(s, column + 4)};
}

typedef void take_row(void *context, sqlite3_stmt *row);

/* Everything that a prepared statement gives, within bounds. Frees it. */
static int read_rows(struct database *d, sqlite3 *handle, sqlite3_stmt *rows,
		     uint64_t now_ns, take_row *take, void *context)
{
	unsigned int steps = 0;
	int r;

	sqlite3_progress_handler(handle, STEPS_EACH, count_steps, &steps);
	while ((r = sqlite3_step(rows)) == SQLITE_ROW)
		take(context, rows);
	sqlite3_progress_handler(handle, 0, NULL, NULL);
	sqlite3_finalize(rows);
	if (r == SQLITE_INTERRUPT)
		return -E2BIG;
	return database_note(d, r == SQLITE_DONE ? SQLITE_OK : r, now_ns);
}

/* 0, or the error of the database. */
static int prepare(struct database *d, uint64_t now_ns, const char *sql,
		   const struct history_scope *scope, sqlite3 **ret_handle,
		   sqlite3_stmt **ret_statement)
{
	sqlite3 *handle = database_handle(d, now_ns);
	int r;

	if (!handle)
		return database_state(d)->error ? database_state(d)->error : -EIO;
	r = sqlite3_prepare_v2(handle, sql, -1, ret_statement, NULL);
	if (r != SQLITE_OK)
		return database_note(d, r, now_ns);
	bind_scope(*ret_statement, scope);
	*ret_handle = handle;
	return 0;
}

/* --- usage -------------------------------------------------------------------------
 */

struct usage_reading {
	history_usage_take *take;
	void *context;
	struct history_usage_sum *sum;
};

static void take_sum(void *context, sqlite3_stmt *row)
{
	struct usage_reading *r = context;

	r->sum->rows = bytes_of(row, 0);
	r->sum->bytes = usage_of(row, 1);
}

static void take_usage(void *context, sqlite3_stmt *row)
{
	const struct usage_reading *r = context;
	const struct history_usage_row out = {
		.key = text_of(row, 0),
		.name = text_of(row, 1),
		.bucket = sqlite3_column_int64(row, 2),
		.bytes = usage_of(row, 3),
	};

	if (out.key && out.name)
		r->take(r->context, &out);
}

static void bind_usage(sqlite3_stmt *s, const struct history_usage_query *q)
{
	sqlite3_bind_int(s, 4, (int)q->span);
	sqlite3_bind_int64(s, 5, q->first);
	sqlite3_bind_int64(s, 6, q->last);
	sqlite3_bind_int64(s, 7, (sqlite3_int64)q->limit);
}

#define USAGE_FROM                                                                     \
	"FROM traffic JOIN app ON app.id = traffic.app WHERE " SCOPE                   \
	"(?2 OR uid = ?3) AND span = ?4 AND time BETWEEN ?5 AND ?6 "

static const char usage_sum_sql[] =
	"SELECT count(*), sum(bytes_in), sum(bytes_out), sum(relayed_in), "
	"sum(relayed_out), max(peers) " USAGE_FROM;

static const char usage_rows_sql[] =
	/* The latest, in the order that they are stored in: nothing is sorted for it.
	 */
	"SELECT * FROM (SELECT key, name, time, bytes_in, bytes_out, relayed_in, "
	"relayed_out, peers " USAGE_FROM
	"ORDER BY time DESC, app DESC LIMIT ?7) ORDER BY time, key";

int history_query_usage(struct database *d, uint64_t now_ns,
			const struct history_usage_query *q, history_usage_take *take,
			void *context, struct history_usage_sum *ret_sum)
{
	struct history_usage_sum sum = {0};
	struct usage_reading reading = {take, context, &sum};
	sqlite3_stmt *statement;
	sqlite3 *handle;
	int r = prepare(d, now_ns, usage_sum_sql, &q->scope, &handle, &statement);

	if (r == 0) {
		bind_usage(statement, q);
		r = read_rows(d, handle, statement, now_ns, take_sum, &reading);
	}
	if (r == 0)
		r = prepare(d, now_ns, usage_rows_sql, &q->scope, &handle, &statement);
	if (r == 0) {
		bind_usage(statement, q);
		r = read_rows(d, handle, statement, now_ns, take_usage, &reading);
	}
	if (r == 0)
		*ret_sum = sum;
	return r;
}

/* --- events ------------------------------------------------------------------------
 */

struct event_reading {
	history_event_take *take;
	void *context;
};

static void take_event(void *context, sqlite3_stmt *row)
{
	const struct event_reading *r = context;
	const struct history_event_row out = {
		.id = sqlite3_column_int64(row, 0),
		.time = sqlite3_column_int64(row, 1),
		.kind = text_of(row, 2),
		.key = text_of(row, 3),
		.name = text_of(row, 4),
		.text = text_of(row, 5),
		.details = text_of(row, 6),
	};

	if (out.kind && out.text)
		r->take(r->context, &out);
}

int history_query_events(struct database *d, uint64_t now_ns,
			 const struct history_event_query *q, history_event_take *take,
			 void *context)
{
	static const char sql[] =
		"SELECT * FROM (SELECT id, time, kind, key, name, text, details "
		"FROM event WHERE " SCOPE "(?2 OR uid IS NULL OR uid = ?3) AND time >= "
		"?4 AND time < ?5 AND (?6 IS NULL OR kind = ?6) "
		"ORDER BY id DESC LIMIT ?7) ORDER BY id";
	struct event_reading reading = {take, context};
	sqlite3_stmt *statement;
	sqlite3 *handle;
	int r = prepare(d, now_ns, sql, &q->scope, &handle, &statement);

	if (r < 0)
		return r;
	sqlite3_bind_int64(statement, 4, q->since);
	sqlite3_bind_int64(statement, 5, q->until);
	if (q->kind)
		sqlite3_bind_text(statement, 6, q->kind, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 7, (sqlite3_int64)q->limit);
	return read_rows(d, handle, statement, now_ns, take_event, &reading);
}

/* --- applications -------------------------------------------------------------------
 */

static void take_known(void *context, sqlite3_stmt *row)
{
	(void)row;
	*(bool *)context = true;
}

bool history_query_knows(struct database *d, uint64_t now_ns,
			 const struct history_scope *scope)
{
	static const char sql[] =
		"SELECT 1 FROM app WHERE " SCOPE "(?2 OR uid = ?3) "
		"UNION ALL SELECT 1 FROM event WHERE key IS NOT NULL AND " SCOPE
		"(?2 OR uid = ?3) LIMIT 1";
	sqlite3_stmt *statement;
	bool is_known = false;
	sqlite3 *handle;

	if (prepare(d, now_ns, sql, scope, &handle, &statement) < 0)
		return false;
	read_rows(d, handle, statement, now_ns, take_known, &is_known);
	return is_known;
}
