/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy in force and how it changes: reads the layers, keeps the last good policy
 * when new files are wrong, notices changes on disk.
 *
 * A new policy is read, tried, and then kept or rolled back: the agent says which
 * (core/trial.h). Files that were rolled back are refused, across restarts, until what
 * they say changes or somebody insists.
 *
 * Owns: the current policy and catalogue and those before and after them,
 * STATE_DIR/last-good.ini, previous-good.ini and trials. Changes nothing in the kernel:
 * the agent applies what is handed over.
 */
#ifndef STORE_POLICY_STORE_H
#define STORE_POLICY_STORE_H

#include "core/policy_ini.h"
#include <stdbool.h>
#include <stddef.h>

#define POLICY_STORE_LAYERS_MAX 8

struct policy_store_config {
	const char *policy_dirs[POLICY_STORE_LAYERS_MAX];
	size_t policy_dir_count;
	const char *catalogue_dirs[POLICY_STORE_LAYERS_MAX];
	size_t catalogue_dir_count;
	const char *state_dir; /* NULL: remember nothing */
};

/* Told before the previous policy and catalogue are freed. */
typedef void policy_store_change(void *context, const struct policy *policy,
				 const struct catalogue *catalogue);

struct policy_store_state {
	unsigned int generation;   /* counts the policies that were in force */
	bool is_ok;		   /* false: the files are not in force, see `error` */
	bool is_refused;	   /* they are in order, but were rolled back */
	struct policy_error error; /* of the newest attempt */
	bool is_remembered;	   /* the one in force came from last-good.ini */
	int save_error;		   /* of the last try to write that file, 0 or -errno */
};

struct policy_store;

/* Starts with the built-in default; reads nothing yet. The texts of `config` are
 * borrowed. 0 or -ENOMEM. */
int policy_store_new(const struct policy_store_config *config,
		     policy_store_change *on_change, void *context,
		     struct policy_store **ret_store);
void policy_store_free(struct policy_store *s);

/*
 * Reads everything. 0: there is a candidate. -EINVAL: something is wrong, or these
 * files were rolled back before; see the state. The policy in force stays (at the first
 * reading of files that were not kept before: last-good.ini, else the built-in
 * default). An explicit reading takes a directory that vanished for an empty one, and
 * files that were refused for new ones; an automatic one says so and changes nothing.
 */
int policy_store_read(struct policy_store *s, bool is_explicit);

/* To be called about once a second: reads when the files changed and have then been
 * quiet for a call. 1 if it read (see the state for how it went), 0 if not. */
int policy_store_poll(struct policy_store *s);

/* What was read and is not in force yet, or NULL. */
const struct policy *policy_store_candidate(const struct policy_store *s);
/* Whether the candidate says what was kept last: it needs no trial. */
bool policy_store_is_known_good(const struct policy_store *s);

/* Puts the candidate in force, and the one before aside. */
void policy_store_try(struct policy_store *s);
bool policy_store_is_trying(const struct policy_store *s);
/* The one that is tried stays. */
void policy_store_keep(struct policy_store *s);
/* The one before is in force again, and the files are refused: `why` says which and for
 * what reason. */
void policy_store_roll_back(struct policy_store *s, const char *why);
/* The daemon ends: the candidate, or what is tried, is nobody's fault and begins anew.
 */
void policy_store_put_off(struct policy_store *s);
/* The policy that was kept before the one in force is in force again; the files are
 * refused. -ENOENT: there is none. */
int policy_store_go_back(struct policy_store *s, const char *why);

/* The files in which what is tried, or else on disk, differs from what was kept:
 * "60-voice.ini, 70-x.ini", or "the policy" where that is not known. */
void policy_store_changed_files(const struct policy_store *s, char *buf, size_t size);

/* Writes the policy in force to last-good.ini, atomically, once a generation. 0 or
 * -errno. */
int policy_store_remember(struct policy_store *s);

const struct policy *policy_store_policy(const struct policy_store *s);
const struct catalogue *policy_store_catalogue(const struct policy_store *s);
const struct policy_store_state *policy_store_state(const struct policy_store *s);

#endif
