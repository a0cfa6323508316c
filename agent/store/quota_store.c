/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/quota_store.h"
#include "base/wall.h"
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of no use any more: longer ago than the longest period. */
#define STALE_DAYS 62
/* No calendar shows a later day. */
#define DAY_MAX 10000000

struct quota_store {
	struct database *database;
	unsigned int generation; /* of the file that has what is not `is_changed` */
	struct quota_entry *entries;
	size_t count, room;
	uint64_t evicted;
};

/* FNV-1a, for it has to be the same in the next run. */
static uint64_t fingerprint(const char *key)
{
	uint64_t print = 0xcbf29ce484222325u;

	for (; *key; key++)
		print = (print ^ (unsigned char)*key) * 0x100000001b3u;
	return print;
}

static struct quota_entry *find(const struct quota_store *s, uint64_t print,
				enum quota_unit unit)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i].print == print && s->entries[i].unit == unit)
			return &s->entries[i];
	return NULL;
}

/* The one that gives way, or NULL: all have just been asked for. */
static struct quota_entry *victim(struct quota_store *s, uint64_t now_ns)
{
	struct quota_entry *oldest = NULL;

	for (size_t i = 0; i < s->count; i++) {
		struct quota_entry *e = &s->entries[i];

		if (e->asked_ns != now_ns &&
		    (!oldest || e->account.period < oldest->account.period))
			oldest = e;
	}
	s->evicted += oldest != NULL;
	return oldest;
}

static struct quota_entry *add(struct quota_store *s, uint64_t now_ns)
{
	if (s->count == s->room && s->room < QUOTA_STORE_MAX) {
		size_t room = s->room ? s->room * 2 : 16;
		struct quota_entry *grown =
			reallocarray(s->entries, room, sizeof(*grown));

		if (!grown)
			return NULL;
		s->entries = grown;
		s->room = room;
	}
	if (s->count == s->room)
		return victim(s, now_ns);
	return &s->entries[s->count++];
}

struct quota_entry *quota_store_get(struct quota_store *s, const char *key,
				    enum quota_unit unit, int32_t day, uint64_t now_ns)
{
	uint64_t print = fingerprint(key);
	struct quota_entry *e = find(s, print, unit);

	if (!e) {
		e = add(s, now_ns);
		if (!e)
			return NULL;
		*e = (struct quota_entry){
			.print = print,
			.unit = unit,
			.account.period = quota_period_of(unit, day),
			.is_changed = true,
		};
		snprintf(e->key, sizeof(e->key), "%s", key);
	}
	e->asked_ns = now_ns;
	return e;
}

const struct quota_entry *quota_store_find(const struct quota_store *s, const char *key,
					   enum quota_unit unit)
{
	return find(s, fingerprint(key), unit);
}

/* --- the database -------------------------------------------------------------- */

static void take_row(struct quota_store *s, sqlite3_stmt *row)
{
	const char *key = (const char *)sqlite3_column_text(row, 0);
	int unit = sqlite3_column_int(row, 1);
	struct quota_entry *e;

	if (!key || !*key || strlen(key) >= APP_TEXT_MAX || unit < QUOTA_DAY ||
	    unit > QUOTA_MONTH || sqlite3_column_int64(row, 2) > DAY_MAX ||
	    sqlite3_column_int64(row, 3) < 0 || sqlite3_column_int64(row, 4) < 0 ||
	    sqlite3_column_int64(row, 4) > UINT32_MAX)
		return;
	e = s->count < QUOTA_STORE_MAX
		    ? quota_store_get(s, key, (enum quota_unit)unit, 0, 0)
		    : NULL;
	if (!e)
		return;
	e->account.period = sqlite3_column_int(row, 2);
	e->account.used = (uint64_t)sqlite3_column_int64(row, 3);
	e->account.held_s = (uint32_t)sqlite3_column_int64(row, 4);
	e->is_changed = false;
}

static int read_rows(struct quota_store *s, sqlite3 *handle, int32_t day)
{
	sqlite3_stmt *rows = NULL;
	char sql[96];
	int r;

	snprintf(sql, sizeof(sql), "DELETE FROM quota WHERE period < %" PRId32,
		 day - STALE_DAYS);
	r = sqlite3_exec(handle, sql, NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_prepare_v2(
			handle, "SELECT app, unit, period, used, held FROM quota", -1,
			&rows, NULL);
	while (r == SQLITE_OK && (r = sqlite3_step(rows)) == SQLITE_ROW) {
		take_row(s, rows);
		r = SQLITE_OK;
	}
	sqlite3_finalize(rows);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

int quota_store_new(struct database *database, int32_t day, uint64_t now_ns,
		    struct quota_store **ret_store)
{
	struct quota_store *s = calloc(1, sizeof(*s));
	sqlite3 *handle;

	if (!s)
		return -ENOMEM;
	s->database = database;
	handle = database_handle(database, now_ns);
	if (handle)
		database_note(database, read_rows(s, handle, day), now_ns);
	s->generation = database_generation(database);
	*ret_store = s;
	return 0;
}

void quota_store_free(struct quota_store *s)
{
	if (!s)
		return;
	free(s->entries);
	free(s);
}

static int write_entry(sqlite3_stmt *put, const struct quota_entry *e)
{
	int r;

	sqlite3_bind_text(put, 1, e->key, -1, SQLITE_STATIC);
	sqlite3_bind_int(put, 2, (int)e->unit);
	sqlite3_bind_int(put, 3, e->account.period);
	sqlite3_bind_int64(put, 4, (sqlite3_int64)e->account.used);
	sqlite3_bind_int64(put, 5, e->account.held_s);
	sqlite3_step(put);
	r = sqlite3_reset(put);
	sqlite3_clear_bindings(put);
	return r;
}

static int write_changed(struct quota_store *s, sqlite3 *handle)
{
	sqlite3_stmt *put = NULL;
	int r = sqlite3_prepare_v2(handle,
				   "INSERT OR REPLACE INTO quota"
				   " (app, unit, period, used, held) VALUES (?, ?, ?, "
				   "?, ?)",
				   -1, &put, NULL);

	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, "BEGIN", NULL, NULL, NULL);
	for (size_t i = 0; i < s->count && r == SQLITE_OK; i++)
		if (s->entries[i].is_changed)
			r = write_entry(put, &s->entries[i]);
	sqlite3_finalize(put);
	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
	if (r != SQLITE_OK)
		sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static bool has_changed(const struct quota_store *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i].is_changed)
			return true;
	return false;
}

int quota_store_write(struct quota_store *s, uint64_t now_ns)
{
	sqlite3 *handle;
	int r;

	if (!has_changed(s))
		return 0;
	handle = database_handle(s->database, now_ns);
	if (!handle)
		return database_state(s->database)->error;
	/* An empty file lacks all of it. */
	if (s->generation != database_generation(s->database))
		for (size_t i = 0; i < s->count; i++)
			s->entries[i].is_changed = true;
	s->generation = database_generation(s->database);
	r = database_note(s->database, write_changed(s, handle), now_ns);
	for (size_t i = 0; i < s->count && r == 0; i++)
		s->entries[i].is_changed = false;
	return r;
}

uint64_t quota_store_evicted(const struct quota_store *s)
{
	return s->evicted;
}

/* --- labels of kernel objects -------------------------------------------------- */

const char *quota_store_label(const struct quota_entry *e,
			      char buf[static QUOTA_LABEL_SIZE])
{
	unsigned int month, day;
	int year;

	wall_date(e->account.period, &year, &month, &day);
	snprintf(buf, QUOTA_LABEL_SIZE, "%016" PRIx64 " %s %04d-%02u-%02u", e->print,
		 quota_unit_name(e->unit), year, month, day);
	return buf;
}

void quota_store_adopt(struct quota_store *s, const char *comment, uint64_t consumed)
{
	unsigned int month, day;
	uint64_t print;
	char unit[8];
	int year;

	if (sscanf(comment, "%16" SCNx64 " %7s %4d-%2u-%2u", &print, unit, &year,
		   &month, &day) != 5 ||
	    month < 1 || month > 12 || day < 1 || day > 31)
		return;
	for (enum quota_unit u = QUOTA_DAY; u <= QUOTA_MONTH; u++) {
		struct quota_entry *e = find(s, print, u);

		if (!e || strcmp(unit, quota_unit_name(u)) != 0)
			continue;
		quota_adopt(&e->account, wall_day(year, month, day), consumed);
		e->is_changed = true;
	}
}
