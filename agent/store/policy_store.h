/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy in force and how it changes: reads the layers, keeps the last good policy
 * when new files are wrong, notices changes on disk.
 *
 * Owns: the current policy and catalogue, STATE_DIR/last-good.ini. Changes nothing in
 * the kernel: the agent applies what is handed over.
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
	bool is_ok;		   /* false: the files are wrong, `error` says how */
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
 * Reads everything. 0: in force. -EINVAL: something is wrong, the previous policy stays
 * (at the first load: last-good.ini, else the built-in default), see the state. An
 * explicit load takes a directory that vanished for an empty one; an automatic one says
 * so and changes nothing.
 */
int policy_store_load(struct policy_store *s, bool is_explicit);

/* To be called about once a second: loads when the files changed and have then been
 * quiet for a call. 1 if it loaded (see the state for how it went), 0 if not. */
int policy_store_poll(struct policy_store *s);

/* Writes the policy in force to last-good.ini, atomically, once a generation. 0 or
 * -errno. */
int policy_store_remember(struct policy_store *s);

const struct policy *policy_store_policy(const struct policy_store *s);
const struct catalogue *policy_store_catalogue(const struct policy_store *s);
const struct policy_store_state *policy_store_state(const struct policy_store *s);

#endif
