/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/tree.h"
#include "store/policy_store.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* As an agent does that keeps whatever is in order. */
static void keep(struct policy_store *s)
{
	policy_store_try(s);
	policy_store_keep(s);
}

static int load(struct policy_store *s, bool is_explicit)
{
	int r = policy_store_read(s, is_explicit);

	keep(s);
	return r;
}

static int poll(struct policy_store *s)
{
	int r = policy_store_poll(s);

	keep(s);
	return r;
}

#define EXPLICIT true
#define AUTOMATIC false

struct fixture {
	char root[64], shipped[80], admin[80], clients[80], state[80];
	char path[256];
	struct policy_store_config config;
	struct policy_store *store;
	const struct policy *told; /* by the last change */
	unsigned int changes;
	unsigned int edits; /* gives each written file a time of its own */
};

static void on_change(void *context, const struct policy *policy,
		      const struct catalogue *catalogue)
{
	struct fixture *f = context;

	assert_non_null(catalogue);
	f->told = policy;
	f->changes++;
}

static void make_directory(char *path, size_t size, const char *root, const char *name)
{
	snprintf(path, size, "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/relaywarden-store-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	make_directory(f->shipped, sizeof(f->shipped), f->root, "shipped");
	make_directory(f->admin, sizeof(f->admin), f->root, "admin");
	make_directory(f->clients, sizeof(f->clients), f->root, "clients");
	make_directory(f->state, sizeof(f->state), f->root, "state");
	f->config = (struct policy_store_config){
		.policy_dirs = {f->shipped, f->admin},
		.policy_dir_count = 2,
		.catalogue_dirs = {f->clients},
		.catalogue_dir_count = 1,
		.state_dir = f->state,
	};
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

/* The daemon ends and starts again. */
static void restart(struct fixture *f)
{
	policy_store_free(f->store);
	assert_int_equal(policy_store_new(&f->config, on_change, f, &f->store), 0);
}

static const char *path_of(struct fixture *f, const char *dir, const char *name)
{
	snprintf(f->path, sizeof(f->path), "%s/%s", dir, name);
	return f->path;
}

/* Sets a time no other edit has: what the clock of the file system resolves is not
 * what is tested. */
static void write_file(struct fixture *f, const char *dir, const char *name,
		       const char *text)
{
	struct timespec times[2] = {{.tv_sec = 1000 + ++f->edits}, {0}};
	FILE *file = fopen(path_of(f, dir, name), "w");

	times[1] = times[0];
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(futimens(fileno(file), times), 0);
	assert_int_equal(fclose(file), 0);
}

static void touch_directory(struct fixture *f, const char *path)
{
	struct timespec times[2] = {{.tv_sec = 1000 + ++f->edits}, {0}};

	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static enum policy_mode mode(const struct fixture *f)
{
	return policy_store_policy(f->store)->mode;
}

static const struct policy_store_state *state_of(const struct fixture *f)
{
	return policy_store_state(f->store);
}

static void a_new_store_has_the_built_in_default(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mode(f), MODE_ENFORCE);
	assert_non_null(policy_store_catalogue(f->store));
	assert_int_equal(state_of(f)->generation, 0);
	assert_true(state_of(f)->is_ok);
	assert_int_equal(f->changes, 0);
	policy_store_free(NULL);
}

static void the_later_layer_wins_and_the_listener_is_told(void **state)
{
	struct fixture *f = *state;

	write_file(f, f->shipped, "50.ini", "[agent]\nmode = enforce\n");
	write_file(f, f->admin, "10.ini", "[agent]\nmode = monitor\n");
	assert_int_equal(load(f->store, AUTOMATIC), 0);
	assert_int_equal(mode(f), MODE_MONITOR);
	assert_int_equal(f->changes, 1);
	assert_ptr_equal(f->told, policy_store_policy(f->store));
	assert_int_equal(state_of(f)->generation, 1);
}

static void a_broken_file_keeps_the_policy_and_says_where(void **state)
{
	struct fixture *f = *state;

	write_file(f, f->admin, "a.ini", "[agent]\nmode = monitor\n");
	assert_int_equal(load(f->store, AUTOMATIC), 0);
	write_file(f, f->admin, "b.ini", "[agent]\n\nmode = strict\n");
	assert_int_equal(load(f->store, EXPLICIT), -EINVAL);
	assert_int_equal(mode(f), MODE_MONITOR);
	assert_int_equal(f->changes, 1);
	assert_int_equal(state_of(f)->generation, 1);
	assert_false(state_of(f)->is_ok);
	assert_non_null(strstr(state_of(f)->error.file, "b.ini"));
	assert_int_equal(state_of(f)->error.line, 3);
	assert_string_equal(state_of(f)->error.key, "mode");
	write_file(f, f->admin, "b.ini", "[agent]\nmode = enforce\n");
	assert_int_equal(load(f->store, AUTOMATIC), 0);
	assert_true(state_of(f)->is_ok);
	assert_string_equal(state_of(f)->error.text, "");
	assert_int_equal(mode(f), MODE_ENFORCE);
}

static void a_broken_catalogue_keeps_both(void **state)
{
	struct fixture *f = *state;
	const struct catalogue *before;

	assert_int_equal(load(f->store, AUTOMATIC), 0);
	before = policy_store_catalogue(f->store);
	write_file(f, f->admin, "a.ini", "[agent]\nmode = monitor\n");
	write_file(f, f->clients, "x.ini", "[clint x]\n");
	assert_int_equal(load(f->store, AUTOMATIC), -EINVAL);
	assert_int_equal(mode(f), MODE_ENFORCE);
	assert_ptr_equal(policy_store_catalogue(f->store), before);
	assert_non_null(strstr(state_of(f)->error.file, "x.ini"));
}

/* --- noticing changes --------------------------------------------------------------
 */

static void a_change_is_loaded_once_it_is_quiet(void **state)
{
	struct fixture *f = *state;

	load(f->store, AUTOMATIC);
	assert_int_equal(poll(f->store), 0);
	write_file(f, f->admin, "a.ini", "[agent]\nmode = monitor\n");
	assert_int_equal(poll(f->store), 0);
	write_file(f, f->admin, "b.ini", "[agent]\nmode = enforce\n");
	assert_int_equal(poll(f->store), 0);
	assert_int_equal(f->changes, 1);
	assert_int_equal(poll(f->store), 1);
	assert_int_equal(f->changes, 2);
	assert_int_equal(policy_store_policy(f->store)->rule_count, 0);
	assert_int_equal(poll(f->store), 0);
	/* The same size, another time. */
	write_file(f, f->admin, "b.ini", "[agent]\nmode = monitor\n");
	assert_int_equal(poll(f->store) + poll(f->store), 1);
	assert_int_equal(mode(f), MODE_MONITOR);
	unlink(path_of(f, f->admin, "b.ini"));
	unlink(path_of(f, f->admin, "a.ini"));
	assert_int_equal(poll(f->store) + poll(f->store), 1);
	assert_int_equal(mode(f), MODE_ENFORCE);
}

static void a_broken_file_is_told_once(void **state)
{
	struct fixture *f = *state;

	load(f->store, AUTOMATIC);
	write_file(f, f->admin, "a.ini", "[agent]\nmode = strict\n");
	assert_int_equal(poll(f->store), 0);
	assert_int_equal(poll(f->store), 1);
	assert_false(state_of(f)->is_ok);
	for (int i = 0; i < 5; i++)
		assert_int_equal(poll(f->store), 0);
}

/* Else a state directory beside them makes every load the cause of another. */
static void what_happens_beside_the_directories_is_no_change(void **state)
{
	struct fixture *f = *state;

	load(f->store, AUTOMATIC);
	poll(f->store);
	touch_directory(f, f->root);
	assert_int_equal(poll(f->store) + poll(f->store), 0);
}

static void an_edited_catalogue_is_loaded_too(void **state)
{
	struct fixture *f = *state;

	load(f->store, AUTOMATIC);
	write_file(
		f, f->clients, "x.ini",
		"[client x]\ntitle = X\nword = hub\nforbid = no\nmatch.exe = /opt/x\n");
	assert_int_equal(poll(f->store) + poll(f->store), 1);
	if (!state_of(f)->is_ok)
		fail_msg("%s: %s", state_of(f)->error.key, state_of(f)->error.text);
	assert_int_equal(policy_store_catalogue(f->store)->count, 1);
}

static void a_directory_that_vanished_keeps_the_policy(void **state)
{
	struct fixture *f = *state;

	write_file(f, f->admin, "a.ini", "[agent]\nmode = monitor\n");
	load(f->store, AUTOMATIC);
	tree_remove(f->admin);
	assert_int_equal(poll(f->store) + poll(f->store), 1);
	assert_int_equal(mode(f), MODE_MONITOR);
	assert_false(state_of(f)->is_ok);
	assert_string_equal(state_of(f)->error.file, f->admin);
	assert_non_null(strstr(state_of(f)->error.text, "gone"));
	assert_non_null(strstr(state_of(f)->error.text, "agentctl policy reload"));
	/* The admin means it: from now on it is an empty layer. */
	assert_int_equal(load(f->store, EXPLICIT), 0);
	assert_int_equal(mode(f), MODE_ENFORCE);
	assert_true(state_of(f)->is_ok);
	assert_int_equal(load(f->store, AUTOMATIC), 0);
}

static void a_directory_that_comes_back_is_read(void **state)
{
	struct fixture *f = *state;

	write_file(f, f->admin, "a.ini", "[agent]\nmode = monitor\n");
	load(f->store, AUTOMATIC);
	tree_remove(f->admin);
	poll(f->store);
	poll(f->store);
	assert_false(state_of(f)->is_ok);
	assert_int_equal(mkdir(f->admin, 0755), 0);
	write_file(f, f->admin, "a.ini", "[agent]\nmode = enforce\n");
	assert_int_equal(poll(f->store) + poll(f->store), 1);
	assert_true(state_of(f)->is_ok);
	assert_int_equal(mode(f), MODE_ENFORCE);
}

static void a_directory_that_never_was_is_an_empty_layer(void **state)
{
	struct fixture *f = *state;

	tree_remove(f->admin);
	assert_int_equal(load(f->store, AUTOMATIC), 0);
	assert_int_equal(load(f->store, AUTOMATIC), 0);
}

/* --- last-good.ini -----------------------------------------------------------------
 */

static const char full_policy[] =
	"[app zeta]\nmatch.exe = /opt/*/z?, /srv/[a-c]*\nrelay_rate_up=256kbit\n"
	"[link]\ntrusted = 10.0.0.0/8, fd00::/8\ncapacity = 100mbit\n"
	"[app *]\npromotion = shape ; as agreed\nrelay_scope = app\nrelay_rate_up = "
	"1mbit\n"
	"[app alpha beta]\nmatch.unit = *.service\nmatch.user = bob\n"
	"promotion = allow\nrate_down = none\nrate_up = 2mbit\n"
	"[agent]\nmode = monitor\nmark_mask = 0x000fff00\non_failure = closed\n";

static void assert_strings_equal(const struct policy_strings *a,
				 const struct policy_strings *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

static void assert_rules_equal(const struct policy_rule *a, const struct policy_rule *b)
{
	assert_string_equal(a->name, b->name);
	assert_strings_equal(&a->clients, &b->clients);
	assert_strings_equal(&a->exes, &b->exes);
	assert_strings_equal(&a->units, &b->units);
	assert_strings_equal(&a->users, &b->users);
	assert_strings_equal(&a->containers, &b->containers);
	assert_int_equal(a->promotion, b->promotion);
	assert_int_equal(a->relay_scope, b->relay_scope);
	assert_int_equal(a->rate_up, b->rate_up);
	assert_int_equal(a->rate_down, b->rate_down);
	assert_int_equal(a->relay_rate_up, b->relay_rate_up);
	assert_int_equal(a->relay_rate_down, b->relay_rate_down);
	/* [app *] is written with its defaults; in others a set key hides one of it. */
	if (strcmp(a->name, "*") != 0)
		assert_memory_equal(a->is_set, b->is_set, sizeof(a->is_set));
}

static void assert_policies_equal(const struct policy *a, const struct policy *b)
{
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->on_failure, b->on_failure);
	assert_int_equal(a->mark_mask, b->mark_mask);
	assert_int_equal(a->capacity[DIRECTION_IN], b->capacity[DIRECTION_IN]);
	assert_int_equal(a->trusted_count, b->trusted_count);
	for (size_t i = 0; i < a->trusted_count; i++)
		assert_memory_equal(&a->trusted[i], &b->trusted[i],
				    sizeof(a->trusted[i]));
	assert_int_equal(a->rule_count, b->rule_count);
	for (size_t i = 0; i < a->rule_count; i++)
		assert_rules_equal(&a->rules[i], &b->rules[i]);
	assert_int_equal(a->setting_count, b->setting_count);
	for (size_t i = 0; i < a->setting_count; i++) {
		assert_string_equal(a->settings[i].section, b->settings[i].section);
		assert_string_equal(a->settings[i].key, b->settings[i].key);
		assert_string_equal(a->settings[i].value, b->settings[i].value);
	}
}

static void
the_last_good_policy_is_in_force_after_a_start_with_broken_files(void **state)
{
	struct fixture *f = *state;
	const struct policy_source source = {"a.ini", full_policy,
					     sizeof(full_policy) - 1};
	struct policy_error error;
	struct policy *expected;

	assert_int_equal(policy_parse(&source, 1, &expected, &error), 0);
	assert_int_equal(expected->rule_count, 3);
	write_file(f, f->admin, "a.ini", full_policy);
	assert_int_equal(load(f->store, AUTOMATIC), 0);
	assert_int_equal(policy_store_remember(f->store), 0);
	assert_int_not_equal(access(path_of(f, f->state, "last-good.ini.new"), F_OK),
			     0);
	restart(f);
	write_file(f, f->admin, "a.ini", "[agent]\nmode = strict\n");
	write_file(f, f->clients, "x.ini", "[clint x]\n");
	assert_int_equal(load(f->store, AUTOMATIC), -EINVAL);
	assert_true(state_of(f)->is_remembered);
	assert_false(state_of(f)->is_ok);
	assert_non_null(strstr(state_of(f)->error.file, "a.ini"));
	assert_int_equal(state_of(f)->generation, 1);
	assert_ptr_equal(f->told, policy_store_policy(f->store));
	assert_policies_equal(policy_store_policy(f->store), expected);
	policy_free(expected);
	/* What was read from it is not written to it. */
	unlink(path_of(f, f->state, "last-good.ini"));
	assert_int_equal(policy_store_remember(f->store), 0);
	assert_int_not_equal(access(f->path, F_OK), 0);
	/* And it ends with good files. */
	write_file(f, f->admin, "a.ini", "");
	unlink(path_of(f, f->clients, "x.ini"));
	assert_int_equal(load(f->store, AUTOMATIC), 0);
	assert_false(state_of(f)->is_remembered);
}

/* inih has a longest line, and the admin may have used all of it. */
static void the_longest_line_is_remembered(void **state)
{
	struct fixture *f = *state;
	char text[1024];
	size_t length;

	for (length = 900; length > 20; length--) {
		snprintf(text, sizeof(text), "[app x]\nmatch.exe=/%0*d\n", (int)length,
			 0);
		write_file(f, f->admin, "a.ini", text);
		if (load(f->store, AUTOMATIC) == 0)
			break;
	}
	assert_true(length > 100);
	assert_int_equal(policy_store_remember(f->store), 0);
	restart(f);
	write_file(f, f->admin, "a.ini", "[");
	assert_int_equal(load(f->store, AUTOMATIC), -EINVAL);
	assert_true(state_of(f)->is_remembered);
	assert_int_equal(strlen(policy_store_policy(f->store)->rules[1].exes.items[0]),
			 length + 1);
}

static void a_broken_last_good_file_leaves_the_default(void **state)
{
	struct fixture *f = *state;

	write_file(f, f->state, "last-good.ini", "[agent]\nmode = strict\n");
	write_file(f, f->admin, "a.ini", "[");
	assert_int_equal(load(f->store, AUTOMATIC), -EINVAL);
	assert_false(state_of(f)->is_remembered);
	assert_int_equal(state_of(f)->generation, 0);
	assert_int_equal(f->changes, 0);
	assert_int_equal(mode(f), MODE_ENFORCE);
	/* It is only for a start. */
	write_file(f, f->state, "last-good.ini", "[agent]\nmode = monitor\n");
	assert_int_equal(load(f->store, AUTOMATIC), -EINVAL);
	assert_int_equal(mode(f), MODE_ENFORCE);
}

static void a_policy_is_written_once_a_generation(void **state)
{
	struct fixture *f = *state;

	/* The built-in default was never read from files. */
	assert_int_equal(policy_store_remember(f->store), 0);
	assert_int_not_equal(access(path_of(f, f->state, "last-good.ini"), F_OK), 0);
	load(f->store, AUTOMATIC);
	assert_int_equal(policy_store_remember(f->store), 0);
	assert_int_equal(unlink(path_of(f, f->state, "last-good.ini")), 0);
	assert_int_equal(policy_store_remember(f->store), 0);
	assert_int_not_equal(access(f->path, F_OK), 0);
	load(f->store, AUTOMATIC);
	assert_int_equal(policy_store_remember(f->store), 0);
	assert_int_equal(access(f->path, F_OK), 0);
}

/* A reader sees the old file or the new one: it is replaced, never written into. */
static void the_last_good_file_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;

	load(f->store, AUTOMATIC);
	policy_store_remember(f->store);
	assert_int_equal(stat(path_of(f, f->state, "last-good.ini"), &before), 0);
	write_file(f, f->admin, "a.ini", "[agent]\nmode = monitor\n");
	load(f->store, AUTOMATIC);
	policy_store_remember(f->store);
	assert_int_equal(stat(path_of(f, f->state, "last-good.ini"), &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
}

static void a_state_directory_that_is_missing_is_told_once(void **state)
{
	struct fixture *f = *state;

	load(f->store, AUTOMATIC);
	tree_remove(f->state);
	assert_int_equal(policy_store_remember(f->store), -ENOENT);
	assert_int_equal(policy_store_remember(f->store), 0);
}

static void without_a_state_directory_nothing_is_remembered(void **state)
{
	struct fixture *f = *state;

	f->config.state_dir = NULL;
	restart(f);
	write_file(f, f->admin, "a.ini", "[");
	assert_int_equal(load(f->store, AUTOMATIC), -EINVAL);
	assert_int_equal(policy_store_remember(f->store), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_store_has_the_built_in_default),
		CASE(the_later_layer_wins_and_the_listener_is_told),
		CASE(a_broken_file_keeps_the_policy_and_says_where),
		CASE(a_broken_catalogue_keeps_both),
		CASE(a_change_is_loaded_once_it_is_quiet),
		CASE(a_broken_file_is_told_once),
		CASE(what_happens_beside_the_directories_is_no_change),
		CASE(an_edited_catalogue_is_loaded_too),
		CASE(a_directory_that_vanished_keeps_the_policy),
		CASE(a_directory_that_comes_back_is_read),
		CASE(a_directory_that_never_was_is_an_empty_layer),
		CASE(the_last_good_policy_is_in_force_after_a_start_with_broken_files),
		CASE(the_longest_line_is_remembered),
		CASE(a_broken_last_good_file_leaves_the_default),
		CASE(a_policy_is_written_once_a_generation),
		CASE(the_last_good_file_is_replaced),
		CASE(a_state_directory_that_is_missing_is_told_once),
		CASE(without_a_state_directory_nothing_is_remembered),
	};

	return cmocka_run_group_tests_name("policy_store", tests, NULL, NULL);
}
