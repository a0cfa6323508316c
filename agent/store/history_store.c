/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/history_store.h"
#include "base/hash.h"
#include "store/history_trim.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

struct pending_app {
	char key[APP_TEXT_MAX], name[64];
	int64_t uid;
	struct usage_bytes bytes;
	UT_hash_handle hh;
};

struct pending_event {
	int64_t id;
	enum event_kind kind;
	int64_t time, uid;
	char *key, *name, *text, *details; /* the first two and the last may be NULL */
	struct pending_event *prev, *next;
};

struct history_store {
	struct database *database;
	struct pending_app *apps; /* by key */
	struct pending_event *events;
	unsigned int event_count;
	struct history_clock since; /* when the first of `apps` was added */
	bool has_failed;	    /* the last write did */
	int64_t last_event;
	bool knows_last_event;
	unsigned int generation; /* of the file that it is known of */
	struct history_store_stats stats;
};

/* --- gathering ---------------------------------------------------------------------
 */

static int64_t owner_of(const struct app_identity *app)
{
	return app->kind == APP_KIND_UNATTRIBUTED ? -1 : (int64_t)app->uid;
}

static struct pending_app *add_pending(struct history_store *s,
				       const struct app_identity *app)
{
	struct pending_app *p;

	if (HASH_COUNT(s->apps) >= HISTORY_PENDING_APPS_MAX)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	memcpy(p->key, app->key, sizeof(p->key));
	memcpy(p->name, app->name, sizeof(p->name));
	p->uid = owner_of(app);
	HASH_ADD_STR(s->apps, key, p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

void history_store_add(struct history_store *s, const struct app_identity *app,
		       const struct usage_bytes *bytes, const struct history_clock *now)
{
	struct pending_app *p;

	if (!s->apps)
		s->since = *now;
	HASH_FIND_STR(s->apps, app->key, p);
	if (!p)
		p = add_pending(s, app);
	if (p)
		usage_add(&p->bytes, bytes);
	else
		s->stats.apps_left_out++;
}

static void free_event(struct pending_event *e)
{
	if (!e)
		return;
	free(e->key);
	free(e->name);
	free(e->text);
	free(e->details);
	free(e);
}

static void drop_event(struct history_store *s, struct pending_event *e)
{
	DL_DELETE(s->events, e);
	s->event_count--;
	free_event(e);
}

static struct pending_event *copy_event(const struct event *e)
{
	struct pending_event *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->kind = e->kind;
	p->time = e->time;
	p->text = strdup(e->text);
	p->details = e->details ? strdup(e->details) : NULL;
	if (e->app) {
		p->uid = owner_of(e->app);
		p->key = strdup(e->app->key);
		p->name = strdup(e->app->name);
	}
	if (p->text && (!e->details || p->details) && (!e->app || (p->key && p->name)))
		return p;
	free_event(p);
	return NULL;
}

int64_t history_store_note(struct history_store *s, const struct event *e)
{
	struct pending_event *p = copy_event(e);

	s->last_event++;
	if (!p) {
		s->stats.events_left_out++;
		return s->last_event;
	}
	p->id = s->last_event;
	if (s->event_count >= HISTORY_PENDING_EVENTS_MAX) {
		drop_event(s, s->events);
		s->stats.events_left_out++;
	}
	DL_APPEND(s->events, p);
	s->event_count++;
	return p->id;
}

static void drop_pending(struct history_store *s)
{
	struct pending_app *p, *next;
	struct pending_event *e, *after;

	HASH_ITER (hh, s->apps, p, next) {
		HASH_DEL(s->apps, p);
		free(p);
	}
	DL_FOREACH_SAFE(s->events, e, after)
	drop_event(s, e);
}

/* --- writing -----------------------------------------------------------------------
 */

static int step_once(sqlite3_stmt *statement)
{
	sqlite3_step(statement);
	return sqlite3_reset(statement);
}

/* What a batch of bytes is written with. */
struct writer {
	sqlite3_stmt *put_app, *get_app, *put_bytes;
};

static int writer_init(struct writer *w, sqlite3 *handle)
{
	int r = sqlite3_prepare_v2(
		handle,
		"INSERT INTO app (key, name, uid) VALUES (?, ?, ?) "
		"ON CONFLICT (key) DO UPDATE SET name = excluded.name, "
		"uid = excluded.uid WHERE name <> excluded.name OR uid <> excluded.uid",
		-1, &w->put_app, NULL);

	if (r == SQLITE_OK)
		r = sqlite3_prepare_v2(handle, "SELECT id FROM app WHERE key = ?", -1,
				       &w->get_app, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_prepare_v2(
			handle,
			"INSERT INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
			"ON CONFLICT (span, time, app) DO UPDATE SET "
			"bytes_in = bytes_in + excluded.bytes_in, "
			"bytes_out = bytes_out + excluded.bytes_out, "
			"relayed_in = relayed_in + excluded.relayed_in, "
			"relayed_out = relayed_out + excluded.relayed_out, "
			"peers = max(peers, excluded.peers)",
			-1, &w->put_bytes, NULL);
	return r;
}

static void writer_done(struct writer *w)
{
	sqlite3_finalize(w->put_app);
	sqlite3_finalize(w->get_app);
	sqlite3_finalize(w->put_bytes);
}

/* The number of an application in the file; it is entered if it is new. */
static int find_id(const struct writer *w, const struct pending_app *p,
		   sqlite3_int64 *ret_id)
{
	int r, reset;

	sqlite3_bind_text(w->put_app, 1, p->key, -1, SQLITE_STATIC);
	sqlite3_bind_text(w->put_app, 2, p->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(w->put_app, 3, p->uid);
	r = step_once(w->put_app);
	if (r != SQLITE_OK)
		return r;
	sqlite3_bind_text(w->get_app, 1, p->key, -1, SQLITE_STATIC);
	r = sqlite3_step(w->get_app);
	if (r == SQLITE_ROW)
		*ret_id = sqlite3_column_int64(w->get_app, 0);
	reset = sqlite3_reset(w->get_app);
	if (r == SQLITE_ROW)
		return SQLITE_OK;
	return reset != SQLITE_OK ? reset : SQLITE_CORRUPT;
}

static sqlite3_int64 to_integer(uint64_t bytes)
{
	return bytes > INT64_MAX ? INT64_MAX : (sqlite3_int64)bytes;
}

static int write_app(const struct writer *w, const struct pending_app *p,
		     const struct history_clock *at)
{
	sqlite3_stmt *put = w->put_bytes;
	sqlite3_int64 id = 0;
	int r = find_id(w, p, &id);

	sqlite3_bind_int64(put, 3, id);
	sqlite3_bind_int64(put, 4, to_integer(p->bytes.in));
	sqlite3_bind_int64(put, 5, to_integer(p->bytes.out));
	sqlite3_bind_int64(put, 6, to_integer(p->bytes.relayed_in));
	sqlite3_bind_int64(put, 7, to_integer(p->bytes.relayed_out));
	sqlite3_bind_int64(put, 8, to_integer(p->bytes.peers));
	for (enum usage_span span = 0; span < USAGE_SPAN_COUNT && r == SQLITE_OK;
	     span++) {
		sqlite3_bind_int(put, 1, (int)span);
		sqlite3_bind_int64(put, 2, usage_bucket(span, at->epoch, &at->wall));
		r = step_once(put);
	}
	return r;
}

static int write_apps(struct history_store *s, sqlite3 *handle,
		      const struct history_clock *at)
{
	struct pending_app *p, *next;
	struct writer w = {0};
	int r = writer_init(&w, handle);

	HASH_ITER (hh, s->apps, p, next)
		if (r == SQLITE_OK)
			r = write_app(&w, p, at);
	writer_done(&w);
	return r;
}

static int write_events(struct history_store *s, sqlite3 *handle)
{
	sqlite3_stmt *put = NULL;
	struct pending_event *e;
	int r = sqlite3_prepare_v2(handle,
				   "INSERT INTO event (id, time, kind, key, name, uid, "
				   "text, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				   -1, &put, NULL);

	for (e = s->events; e && r == SQLITE_OK; e = e->next) {
		sqlite3_bind_int64(put, 1, e->id);
		sqlite3_bind_int64(put, 2, e->time);
		sqlite3_bind_text(put, 3, event_name(e->kind), -1, SQLITE_STATIC);
		sqlite3_bind_text(put, 4, e->key, -1, SQLITE_STATIC);
		sqlite3_bind_text(put, 5, e->name, -1, SQLITE_STATIC);
		if (e->key)
			sqlite3_bind_int64(put, 6, e->uid);
		else
			sqlite3_bind_null(put, 6);
		sqlite3_bind_text(put, 7, e->text, -1, SQLITE_STATIC);
		sqlite3_bind_text(put, 8, e->details, -1, SQLITE_STATIC);
		r = step_once(put);
	}
	sqlite3_finalize(put);
	return r;
}

/* Numbers go on from those in the file, which another agent may have written. */
static int learn_last_event(struct history_store *s, sqlite3 *handle)
{
	sqlite3_stmt *get = NULL;
	int r = sqlite3_prepare_v2(
		handle, "SELECT seq FROM sqlite_sequence WHERE name = 'event'", -1,
		&get, NULL);
	struct pending_event *e;
	int64_t before;

	if (r != SQLITE_OK)
		return r;
	r = sqlite3_step(get);
	before = r == SQLITE_ROW ? sqlite3_column_int64(get, 0) : 0;
	sqlite3_finalize(get);
	if (r != SQLITE_ROW && r != SQLITE_DONE)
		return r;
	if (before > s->last_event - s->event_count) {
		s->last_event = before;
		DL_FOREACH (s->events, e)
			e->id = ++s->last_event;
	}
	s->knows_last_event = true;
	s->generation = database_generation(s->database);
	return SQLITE_OK;
}

static int write_all(struct history_store *s, sqlite3 *handle,
		     const struct history_clock *now)
{
	const struct history_clock *at = s->has_failed ? now : &s->since;
	int r = SQLITE_OK;

	if (!s->knows_last_event || s->generation != database_generation(s->database))
		r = learn_last_event(s, handle);
	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (r == SQLITE_OK && s->apps)
		r = write_apps(s, handle, at);
	if (r == SQLITE_OK && s->events)
		r = write_events(s, handle);
	if (r == SQLITE_OK)
		r = history_trim(handle, now);
	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
	if (r != SQLITE_OK)
		sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int history_store_write(struct history_store *s, const struct history_clock *now)
{
	uint64_t begun, took;
	sqlite3 *handle;
	int before, r;

	if (!s->apps && !s->events)
		return 0;
	handle = database_handle(s->database, now->now_ns);
	if (!handle) {
		s->has_failed = true;
		return database_state(s->database)->error;
	}
	begun = clock_now();
	before = sqlite3_total_changes(handle);
	r = write_all(s, handle, now);
	took = clock_now() - begun;
	if (r == SQLITE_OK && took > s->stats.slowest_ns) {
		s->stats.slowest_ns = took;
		s->stats.rows = (uint64_t)(sqlite3_total_changes(handle) - before);
	}
	s->has_failed = r != SQLITE_OK;
	if (!s->has_failed) {
		drop_pending(s);
		s->stats.writes++;
	}
	return database_note(s->database, r, now->now_ns);
}

int history_store_tick(struct history_store *s, const struct history_clock *now)
{
	bool is_over = s->apps && usage_bucket(USAGE_MINUTE, now->epoch, &now->wall) !=
					  usage_bucket(USAGE_MINUTE, s->since.epoch,
						       &s->since.wall);

	return is_over || s->events ? history_store_write(s, now) : 0;
}

/* --- life ------------------------------------------------------------------------- */

int history_store_new(struct database *database, struct history_store **ret_store)
{
	struct history_store *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->database = database;
	*ret_store = s;
	return 0;
}

void history_store_free(struct history_store *s)
{
	if (!s)
		return;
	drop_pending(s);
	free(s);
}

const struct history_store_stats *history_store_stats(const struct history_store *s)
{
	return &s->stats;
}
