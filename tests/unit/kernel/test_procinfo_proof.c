/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who could choose what a process shows, from a tree of files like those of /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/tree.h"
#include "kernel/procinfo.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char root[64];
	struct procinfo *procinfo;
	struct identity_facts facts;
};

static const char *at(const struct fixture *f, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", f->root, name);
	return path;
}

static void put_text(const struct fixture *f, const char *name, const char *text)
{
	FILE *file = fopen(at(f, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void put_link(const struct fixture *f, const char *name, const char *target)
{
	unlink(at(f, name));
	assert_int_equal(symlink(target, at(f, name)), 0);
}

static void reopen(struct fixture *f)
{
	procinfo_close(f->procinfo);
	f->procinfo = NULL;
	assert_int_equal(procinfo_open(f->root, NULL, &f->procinfo), 0);
}

/* One process, that of a file which root alone may write. */
static int set_up(void **state)
{
	static const char *const directories[] = {"self", "self/ns", "7", "7/ns"};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->root, sizeof(f->root), "/tmp/rw-test-proof-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		assert_int_equal(mkdir(at(f, directories[i]), 0755), 0);
	put_text(f, "7/stat",
		 "7 (p) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 50 "
		 "100 200\n");
	put_text(f, "7/status", "Name:\tp\nUid:\t33\t33\t33\t33\nGid:\t0\n");
	put_text(f, "7/cgroup", "0::/\n");
	put_link(f, "7/exe", "/etc/passwd");
	put_link(f, "7/ns/user", "user:[1]");
	put_link(f, "self/ns/user", "user:[1]");
	reopen(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	procinfo_close(f->procinfo);
	tree_remove(f->root);
	free(f);
	return 0;
}

static const struct identity_facts *read_it(struct fixture *f)
{
	assert_int_equal(procinfo_read_process(f->procinfo, 7, &f->facts), 0);
	return &f->facts;
}

static void what_runs_in_another_user_namespace_is_told(void **state)
{
	struct fixture *f = *state;

	assert_false(read_it(f)->is_in_userns);
	put_link(f, "7/ns/user", "user:[2]");
	assert_true(read_it(f)->is_in_userns);
}

static void what_does_not_tell_its_user_namespace_is_in_another(void **state)
{
	struct fixture *f = *state;

	unlink(at(f, "7/ns/user"));
	assert_true(read_it(f)->is_in_userns);
}

static void a_kernel_without_user_namespaces_has_one(void **state)
{
	struct fixture *f = *state;

	unlink(at(f, "7/ns/user"));
	unlink(at(f, "self/ns/user"));
	reopen(f);
	assert_false(read_it(f)->is_in_userns);
}

static void an_executable_that_root_alone_writes_is_told(void **state)
{
	struct fixture *f = *state;

	assert_true(read_it(f)->is_exe_roots);
	put_link(f, "7/exe", "/is/not/there");
	assert_false(read_it(f)->is_exe_roots);
}

static void an_executable_that_others_write_is_told(void **state)
{
	static const mode_t modes[] = {0775, 0757};
	struct fixture *f = *state;
	char mine[128];

	put_text(f, "mine", "");
	snprintf(mine, sizeof(mine), "%s", at(f, "mine"));
	put_link(f, "7/exe", mine);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		assert_int_equal(chmod(mine, modes[i]), 0);
		assert_false(read_it(f)->is_exe_roots);
	}
	assert_int_equal(chmod(mine, 0755), 0);
	assert_int_equal(read_it(f)->is_exe_roots, geteuid() == 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_runs_in_another_user_namespace_is_told),
		CASE(what_does_not_tell_its_user_namespace_is_in_another),
		CASE(a_kernel_without_user_namespaces_has_one),
		CASE(an_executable_that_root_alone_writes_is_told),
		CASE(an_executable_that_others_write_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
