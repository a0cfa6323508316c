/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/database.h"
#include "base/log.h"
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_BYTES 4096
/* Pages of the log from which on a checkpoint is due. */
#define LOG_PAGES 1000
#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x
/* After a failure the next try waits so long. */
#define RETRY_NS 10000000000u

struct database {
	const char *dir;
	sqlite3 *handle;
	uint64_t retry_ns;
	unsigned int generation;
	int log_pages; /* in the log, after the last commit */
	struct database_state state;
};

/* --- the schema ---------------------------------------------------------------- */

/* From one version to the next; `PRAGMA user_version` says which it is. Only ever
 * added to. */
static const char *const migrations[] = {
	"CREATE TABLE quota ("
	" app TEXT NOT NULL,"	    /* its key */
	" unit INTEGER NOT NULL,"   /* enum quota_unit */
	" period INTEGER NOT NULL," /* its first day, from 1970-01-01 */
	" used INTEGER NOT NULL,"   /* bytes */
	" held INTEGER NOT NULL,"   /* seconds: struct quota_account */
	" PRIMARY KEY (app, unit)) WITHOUT ROWID;",
	/* Ids are never given to another: rows of one that was forgotten are its own.
	 */
	"CREATE TABLE app ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" key TEXT NOT NULL UNIQUE,"
	" name TEXT NOT NULL,"
	" uid INTEGER NOT NULL);" /* -1: nobody's */
	"CREATE TABLE traffic ("
	" span INTEGER NOT NULL," /* enum usage_span */
	" time INTEGER NOT NULL," /* its bucket, see core/usage.h */
	" app INTEGER NOT NULL,"
	" bytes_in INTEGER NOT NULL,"
	" bytes_out INTEGER NOT NULL,"
	" relayed_in INTEGER NOT NULL,"
	" relayed_out INTEGER NOT NULL,"
	" PRIMARY KEY (span, time, app)) WITHOUT ROWID;"
	"CREATE TABLE event ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time INTEGER NOT NULL,"	     /* Unix time */
	" kind TEXT NOT NULL,"		     /* event_name() */
	" key TEXT, name TEXT, uid INTEGER," /* of its application, or NULL */
	" text TEXT NOT NULL,"
	" details TEXT);", /* JSON, or NULL */
	/* The most at once. */
	"ALTER TABLE traffic ADD COLUMN peers INTEGER NOT NULL DEFAULT 0;",
};

#define VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

static int take_integer(void *context, int count, char **values, char **names)
{
	(void)names;
	if (count > 0 && values[0])
		*(int *)context = atoi(values[0]);
	return 0;
}

static int take_is_ok(void *context, int count, char **values, char **names)
{
	(void)names;
	*(bool *)context = count > 0 && values[0] && strcmp(values[0], "ok") == 0;
	return 0;
}

static int migrate(sqlite3 *handle)
{
	int version = 0, r;
	char sql[64];

	r = sqlite3_exec(handle, "PRAGMA user_version", take_integer, &version, NULL);
	if (r == SQLITE_OK && (version < 0 || version > VERSION))
		return SQLITE_MISMATCH; /* of a later version of ours */
	if (r != SQLITE_OK || version == VERSION)
		return r;
	r = sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (int i = version; i < VERSION && r == SQLITE_OK; i++)
		r = sqlite3_exec(handle, migrations[i], NULL, NULL, NULL);
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; COMMIT", VERSION);
	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, sql, NULL, NULL, NULL);
	if (r != SQLITE_OK)
		sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

/* --- opening ------------------------------------------------------------------- */

static bool is_damaged(int result)
{
	return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB;
}

/*
 * For itself alone, so that no index is shared in memory and nobody's lock is waited
 * for; bounded in size; nothing that stands in the file is run.
 */
static int configure(sqlite3 *handle)
{
	static const char pragmas[] =
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
		"PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
		"PRAGMA trusted_schema = OFF; PRAGMA cache_size = -256;"
		"PRAGMA journal_size_limit = 4194304; PRAGMA wal_autocheckpoint = 0;";
	bool is_ok = false;
	char sql[64];
	int r;

	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	r = sqlite3_exec(handle, pragmas, NULL, NULL, NULL);
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d",
		 DATABASE_BYTES_MAX / PAGE_BYTES);
	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, sql, NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(handle, "PRAGMA quick_check(1)", take_is_ok, &is_ok,
				 NULL);
	if (r == SQLITE_OK && !is_ok)
		r = SQLITE_CORRUPT;
	return r == SQLITE_OK ? migrate(handle) : r;
}

static int note_log(void *context, sqlite3 *handle, const char *name, int pages)
{
	struct database *d = context;

	(void)handle;
	(void)name;
	d->log_pages = pages;
	return SQLITE_OK;
}

static const char *path_of(const struct database *d, const char *suffix,
			   char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/" DATABASE_FILE "%s", d->dir, suffix);
	return path;
}

static int open_file(struct database *d)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
			  SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	char path[PATH_MAX];
	int r = sqlite3_open_v2(path_of(d, "", path), &d->handle, flags, NULL);

	d->log_pages = 0;
	if (r == SQLITE_OK)
		r = configure(d->handle);
	/* Takes the place of automatic checkpoints, in any case. */
	if (r == SQLITE_OK)
		sqlite3_wal_hook(d->handle, note_log, d);
	if (r == SQLITE_OK)
		return r;
	sqlite3_close(d->handle);
	d->handle = NULL;
	return r;
}

/* What can't be read is kept for whoever wants to know; its log goes. */
static void set_aside(struct database *d)
{
	char path[PATH_MAX], aside[PATH_MAX];

	sqlite3_close(d->handle);
	d->handle = NULL;
	d->generation++;
	d->state.was_damaged = true;
	if (rename(path_of(d, "", path), path_of(d, ".damaged", aside)) < 0)
		unlink(path);
	unlink(path_of(d, "-wal", path));
	unlink(path_of(d, "-shm", path));
	log_error("history",
		  "%s/" DATABASE_FILE " was damaged; it is kept as %s, and begun anew",
		  d->dir, aside);
}

static int errno_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return -EACCES;
	case SQLITE_MISMATCH:
		return -EPROTONOSUPPORT;
	default:
		return -EIO;
	}
}

static const char *describe(int result)
{
	switch (result & 0xff) {
	case SQLITE_BUSY:
		return "another agent or program has it open";
	case SQLITE_MISMATCH:
		return "a later version of Relaywarden has made it";
	default:
		return sqlite3_errstr(result);
	}
}

static void note_error(struct database *d, int result, uint64_t now_ns)
{
	int error = errno_of(result);

	snprintf(d->state.text, sizeof(d->state.text), "%s", describe(result));
	if (d->state.error != error)
		log_error("history", "%s/" DATABASE_FILE " can't be used: %s", d->dir,
			  d->state.text);
	d->state.error = error;
	d->retry_ns = now_ns + RETRY_NS;
}

int database_note(struct database *d, int result, uint64_t now_ns)
{
	if (result == SQLITE_OK) {
		if (d->state.error)
			log_info("history", "%s/" DATABASE_FILE " can be used again",
				 d->dir);
		d->state.error = 0;
		return 0;
	}
	if (is_damaged(result))
		set_aside(d);
	note_error(d, result, now_ns);
	return d->state.error;
}

struct sqlite3 *database_handle(struct database *d, uint64_t now_ns)
{
	int r;

	if (d->state.error && now_ns < d->retry_ns)
		return NULL;
	if (d->handle)
		return d->handle;
	r = open_file(d);
	if (is_damaged(r)) {
		set_aside(d);
		r = open_file(d);
	}
	database_note(d, r, now_ns);
	return d->handle;
}

int database_new(const char *state_dir, struct database **ret_database)
{
	struct database *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->dir = state_dir;
	*ret_database = d;
	return 0;
}

void database_free(struct database *d)
{
	if (!d)
		return;
	sqlite3_close(d->handle);
	free(d);
}

unsigned int database_backlog(const struct database *d)
{
	return d->handle ? (unsigned int)d->log_pages * 100 / LOG_PAGES : 0;
}

void database_checkpoint(struct database *d, uint64_t now_ns)
{
	if (!d->handle)
		return;
	database_note(d,
		      sqlite3_wal_checkpoint_v2(d->handle, NULL,
						SQLITE_CHECKPOINT_PASSIVE, NULL, NULL),
		      now_ns);
	d->log_pages = 0;
}

unsigned int database_generation(const struct database *d)
{
	return d->generation;
}

const struct database_state *database_state(const struct database *d)
{
	return &d->state;
}
