/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STATE_DIR/history.db: what has to outlive the daemon (SQLite).
 *
 * Owns the file; one daemon has it for itself. Nothing that goes wrong with it is
 * fatal: a damaged file is set aside and begun anew, what cannot be written is tried
 * again later, and state and error are there for doctor.
 *
 * A commit is in the write-ahead log, not on the disk: it survives the daemon however
 * it ends, and not all of a power cut, after which the file is as it was some commits
 * ago. The disk is waited for only at checkpoints, which the owner makes when it has
 * time, and at the end; in between the kernel writes by itself, within half a minute.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#define DATABASE_FILE "history.db"
/* Where a damaged one is kept, the last one. */
#define DATABASE_DAMAGED DATABASE_FILE ".damaged"
#define DATABASE_BYTES_MAX (64 * 1024 * 1024)

struct sqlite3;
struct database;

struct database_state {
	int error;	  /* of the last try to open or write, 0 or -errno */
	char text[160];	  /* of it */
	bool was_damaged; /* and is set aside; by this daemon */
};

/* `state_dir` is borrowed. 0 also when the file can't be opened: see the state, and
 * database_handle(); or -ENOMEM. */
int database_new(const char *state_dir, struct database **ret_database);
void database_free(struct database *d);

/* To use it with, or NULL while it can't be opened: every call tries again after a
 * while. */
struct sqlite3 *database_handle(struct database *d, uint64_t now_ns);

/* How a statement or transaction went: takes note of an error (SQLITE_*), which for a
 * damaged file means that it is gone and to be filled anew. `counts` up each time it
 * was. */
int database_note(struct database *d, int result, uint64_t now_ns);
/* Counts the files begun: another number than before means an empty one. */
unsigned int database_generation(const struct database *d);

/* How much of the log waits for a checkpoint, in percent of what should: from 100 on
 * one is due, which takes as long as the disk takes to sync. */
unsigned int database_backlog(const struct database *d);
void database_checkpoint(struct database *d, uint64_t now_ns);

const struct database_state *database_state(const struct database *d);

#endif
