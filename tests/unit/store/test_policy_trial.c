/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies that are tried, kept and rolled back. Reading them: test_policy_store.c. */
#include "../support/tree.h"
#include "store/policy_store.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define EXPLICIT true
#define AUTOMATIC false

struct fixture {
	char root[64], state[80];
	struct policy_store_config config;
	struct policy_store *store;
};

static void on_change(void *context, const struct policy *policy,
		      const struct catalogue *catalogue)
{
	(void)context;
	assert_non_null(policy);
	assert_non_null(catalogue);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/relaywarden-trial-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->state, sizeof(f->state), "%s/state", f->root);
	assert_int_equal(mkdir(f->state, 0700), 0);
	f->config = (struct policy_store_config){
		.policy_dirs = {f->root}, .policy_dir_count = 1, .state_dir = f->state};
	assert_int_equal(policy_store_new(&f->config, on_change, f, &f->store), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	policy_store_free(f->store);
	tree_remove(f->root);
	free(f);
	return 0;
}

static void restart(struct fixture *f)
{
	policy_store_free(f->store);
	assert_int_equal(policy_store_new(&f->config, on_change, f, &f->store), 0);
}

/* The capacity tells one policy from another. */
static void write_capacity(struct fixture *f, const char *name, int mbit)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "[link]\ncapacity = %dmbit\n", mbit);
	fclose(file);
}

static int capacity(const struct fixture *f)
{
	return (int)(policy_store_policy(f->store)->capacity[DIRECTION_IN] / 125000);
}

static void keep_one(struct fixture *f, int mbit)
{
	write_capacity(f, "z.ini", mbit);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
	policy_store_try(f->store);
	policy_store_keep(f->store);
	assert_int_equal(policy_store_remember(f->store), 0);
	assert_int_equal(capacity(f), mbit);
}

static void try_one(struct fixture *f, int mbit)
{
	write_capacity(f, "z.ini", mbit);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
	assert_int_equal(policy_store_candidate(f->store)->capacity[DIRECTION_IN],
			 mbit * 125000);
	policy_store_try(f->store);
	assert_null(policy_store_candidate(f->store));
	assert_true(policy_store_is_trying(f->store));
	assert_int_equal(capacity(f), mbit);
}

static void what_was_read_is_not_in_force_yet(void **state)
{
	struct fixture *f = *state;

	write_capacity(f, "z.ini", 5);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
	assert_int_equal(capacity(f), 0);
	policy_store_try(f->store);
	assert_int_equal(capacity(f), 5);
}

static void rolled_back_it_is_not_read_again_by_itself(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	try_one(f, 2);
	policy_store_roll_back(f->store, "z.ini: no");
	assert_int_equal(capacity(f), 1);
	assert_false(policy_store_state(f->store)->is_ok);
	assert_true(policy_store_state(f->store)->is_refused);
	assert_string_equal(policy_store_state(f->store)->error.text, "z.ini: no");
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), -EINVAL);
	assert_true(policy_store_state(f->store)->is_refused);
	assert_null(policy_store_candidate(f->store));
	assert_int_equal(capacity(f), 1);
}

static void other_files_are_another_policy(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	try_one(f, 2);
	policy_store_roll_back(f->store, "no");
	try_one(f, 3);
	policy_store_keep(f->store);
	assert_true(policy_store_state(f->store)->is_ok);
	write_capacity(f, "z.ini", 2);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), -EINVAL);
	/* What was kept last needs no trial. */
	write_capacity(f, "z.ini", 3);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
	assert_true(policy_store_is_known_good(f->store));
}

static void a_person_may_insist(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	try_one(f, 2);
	policy_store_roll_back(f->store, "no");
	assert_int_equal(policy_store_read(f->store, EXPLICIT), 0);
	policy_store_try(f->store);
	policy_store_keep(f->store);
	assert_int_equal(capacity(f), 2);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
}

static void a_restart_knows_what_was_rolled_back_and_what_was_kept(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	try_one(f, 2);
	policy_store_roll_back(f->store, "no");
	restart(f);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), -EINVAL);
	assert_int_equal(capacity(f), 1);
	assert_true(policy_store_state(f->store)->is_remembered);
	write_capacity(f, "z.ini", 1);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
	assert_true(policy_store_is_known_good(f->store));
}

static void what_was_tried_during_a_crash_is_not_in_force_after_it(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	try_one(f, 2);
	assert_int_equal(policy_store_remember(f->store), 0); /* not this one */
	restart(f);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), -EINVAL);
	assert_true(policy_store_state(f->store)->is_refused);
	assert_int_equal(capacity(f), 1);
}

static void a_trial_that_an_orderly_end_cut_short_begins_anew(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	try_one(f, 2);
	policy_store_put_off(f->store);
	restart(f);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
	assert_false(policy_store_is_known_good(f->store));
	assert_int_equal(capacity(f), 1); /* until it is tried */
}

static void of_several_that_are_tried_the_one_before_them_all_comes_back(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	try_one(f, 2);
	try_one(f, 3);
	policy_store_roll_back(f->store, "no");
	assert_int_equal(capacity(f), 1);
}

static void one_that_was_read_only_may_be_rolled_back_too(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	write_capacity(f, "z.ini", 2);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
	policy_store_roll_back(f->store, "no");
	assert_int_equal(capacity(f), 1);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), -EINVAL);
}

static void there_is_one_step_back_from_what_was_kept(void **state)
{
	struct fixture *f = *state;

	keep_one(f, 1);
	assert_int_equal(policy_store_go_back(f->store, "no"), -ENOENT);
	keep_one(f, 2);
	restart(f);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), 0);
	policy_store_try(f->store);
	policy_store_keep(f->store);
	assert_int_equal(policy_store_remember(f->store), 0); /* the same: no step */
	assert_int_equal(policy_store_go_back(f->store, "no"), 0);
	assert_int_equal(capacity(f), 1);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), -EINVAL);
	assert_int_equal(policy_store_remember(f->store), 0);
	assert_int_equal(policy_store_go_back(f->store, "no"), -ENOENT);
	restart(f);
	assert_int_equal(policy_store_read(f->store, AUTOMATIC), -EINVAL);
	assert_int_equal(capacity(f), 1);
}

static void the_files_that_differ_are_named(void **state)
{
	struct fixture *f = *state;
	char names[64], path[128];

	write_capacity(f, "a.ini", 7);
	write_capacity(f, "b.ini", 7);
	keep_one(f, 1);
	snprintf(path, sizeof(path), "%s/b.ini", f->root);
	unlink(path);
	write_capacity(f, "c.ini", 7);
	try_one(f, 2);
	policy_store_changed_files(f->store, names, sizeof(names));
	assert_string_equal(names, "c.ini, z.ini, b.ini");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(what_was_read_is_not_in_force_yet),
		CASE(rolled_back_it_is_not_read_again_by_itself),
		CASE(other_files_are_another_policy),
		CASE(a_person_may_insist),
		CASE(a_restart_knows_what_was_rolled_back_and_what_was_kept),
		CASE(what_was_tried_during_a_crash_is_not_in_force_after_it),
		CASE(a_trial_that_an_orderly_end_cut_short_begins_anew),
		CASE(of_several_that_are_tried_the_one_before_them_all_comes_back),
		CASE(one_that_was_read_only_may_be_rolled_back_too),
		CASE(there_is_one_step_back_from_what_was_kept),
		CASE(the_files_that_differ_are_named),
	};

	return cmocka_run_group_tests_name("policy_trial", tests, NULL, NULL);
}
