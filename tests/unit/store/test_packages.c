/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of this very machine, and such as are rare, in a tree of files. */
#include "../support/tree.h"
#include "store/packages.h"
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

#define SECOND 1000000000u

static enum packages_answer ask(const char *root, const char *path, uint64_t budget_ns)
{
	enum packages_answer answer = PACKAGES_BUSY;
	struct packages *p;
	int steps = 0;

	assert_int_equal(packages_new(root, &p), 0);
	assert_int_equal(packages_begin(p, path), 0);
	while (answer == PACKAGES_BUSY && steps++ < 1000000)
		answer = packages_go_on(p, budget_ns);
	packages_free(p);
	return answer;
}

/* --- a tree of files ----------------------------------------------------------------
 */

static char root[64];

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/rw-test-packages-XXXXXX");
	assert_non_null(mkdtemp(root));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tree_remove(root);
	return 0;
}

#define DPKG "/var/lib/dpkg/"

static void a_listed_file_is_found_by_either_path(void **state)
{
	(void)state;
	put(DPKG "info/a.list", "/.\n/bin\n/bin/a\n/usr/sbin/b\n/lib/a/c\n");
	assert_int_equal(ask(root, "/usr/bin/a", SECOND), PACKAGES_FOUND);
	assert_int_equal(ask(root, "/bin/a", SECOND), PACKAGES_FOUND);
	assert_int_equal(ask(root, "/usr/sbin/b", SECOND), PACKAGES_FOUND);
	assert_int_equal(ask(root, "/usr/lib/a/c", SECOND), PACKAGES_FOUND);
}

static void a_part_of_a_line_is_no_file(void **state)
{
	(void)state;
	put(DPKG "info/a.list", "/usr/bin/abc\n/x/usr/bin/b\n/usr/bin/ab");
	put(DPKG "info/a.md5sums", "/usr/bin/c\n");
	assert_int_equal(ask(root, "/usr/bin/a", SECOND), PACKAGES_NONE);
	assert_int_equal(ask(root, "/usr/bin/b", SECOND), PACKAGES_NONE);
	assert_int_equal(ask(root, "/usr/bin/c", SECOND), PACKAGES_NONE);
	assert_int_equal(ask(root, "/usr/bin/ab", SECOND), PACKAGES_FOUND);
}

static void what_was_put_aside_is_still_the_packages(void **state)
{
	(void)state;
	put(DPKG "info/a.list", "/usr/bin/a\n");
	put(DPKG "diversions",
	    "/bin/x\n/bin/x.real\nb\n/usr/bin/a\n/usr/bin/a.real\nb\n");
	assert_int_equal(ask(root, "/usr/bin/a.real", SECOND), PACKAGES_FOUND);
	assert_int_equal(ask(root, "/usr/bin/b.real", SECOND), PACKAGES_NONE);
}

static void without_records_nobody_can_tell(void **state)
{
	(void)state;
	assert_int_equal(ask(root, "/usr/bin/a", SECOND), PACKAGES_UNKNOWN);
	put("/usr/lib/sysimage/rpm/rpmdb.sqlite", "this is no database");
	assert_int_equal(ask(root, "/usr/bin/a", SECOND), PACKAGES_UNKNOWN);
}

static void it_is_read_piece_by_piece(void **state)
{
	struct packages *p;

	(void)state;
	put(DPKG "info/a.list", "/usr/bin/a\n");
	put(DPKG "info/b.list", "/usr/bin/b\n");
	put(DPKG "info/c.list", "/usr/bin/c\n");
	assert_int_equal(packages_new(root, &p), 0);
	assert_int_equal(packages_begin(p, "/usr/bin/none"), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(packages_go_on(p, 0), PACKAGES_BUSY);
	assert_int_equal(packages_go_on(p, 0), PACKAGES_NONE);
	/* Another search begins anew. */
	assert_int_equal(packages_begin(p, "/usr/bin/b"), 0);
	assert_int_equal(packages_go_on(p, SECOND), PACKAGES_FOUND);
	packages_free(p);
}

/* --- real ones ----------------------------------------------------------------------
 */

static void this_machines_own_records_are_read(void **state)
{
	(void)state;
	if (access("/var/lib/dpkg/info/coreutils.list", R_OK) < 0)
		skip();
	assert_int_equal(ask("", "/usr/bin/env", 60ull * SECOND), PACKAGES_FOUND);
	assert_int_equal(ask("", "/usr/bin/relaywarden-none", 60ull * SECOND),
			 PACKAGES_NONE);
}

/* rpm makes its own database, of a package made here; nothing is installed by it. */
static int make_rpm(void)
{
	char command[1024];

	put("/p.spec", "Name: p\nVersion: 1\nRelease: 1\nSummary: p\nLicense: none\n"
		       "BuildArch: noarch\n%description\np\n%install\n"
		       "mkdir -p %{buildroot}/usr/sbin %{buildroot}/opt/p\n"
		       "touch %{buildroot}/usr/sbin/prog %{buildroot}/opt/p/other\n"
		       "%files\n/usr/sbin/prog\n/opt/p/other\n");
	mkdir(strcat(strcpy(command, root), "/var"), 0755);
	snprintf(
		command, sizeof(command),
		"cd '%s' && mkdir -p var/lib/rpm && HOME='%s' rpmbuild -bb --quiet "
		"--define '_topdir %s/b' --define '_dbpath %s/none' p.spec "
		">/dev/null 2>&1 && rpm -i --justdb --nodeps --dbpath '%s/var/lib/rpm' "
		"b/RPMS/noarch/p-1-1.noarch.rpm >/dev/null 2>&1",
		root, root, root, root, root);
	return system(command);
}

static void the_database_of_rpm_is_read(void **state)
{
	char path[128];

	(void)state;
	if (system("command -v rpmbuild >/dev/null 2>&1") != 0)
		skip();
	assert_int_equal(make_rpm(), 0);
	snprintf(path, sizeof(path), "%s/var/lib/rpm/rpmdb.sqlite", root);
	if (access(path, R_OK) < 0)
		skip(); /* one of the older kinds */
	assert_int_equal(ask(root, "/usr/sbin/prog", SECOND), PACKAGES_FOUND);
	assert_int_equal(ask(root, "/opt/p/other", SECOND), PACKAGES_FOUND);
	assert_int_equal(ask(root, "/usr/bin/prog", SECOND), PACKAGES_NONE);
	assert_int_equal(ask(root, "/opt/p/prog2", SECOND), PACKAGES_NONE);
}

#define WITH_TREE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(a_listed_file_is_found_by_either_path),
		WITH_TREE(a_part_of_a_line_is_no_file),
		WITH_TREE(what_was_put_aside_is_still_the_packages),
		WITH_TREE(without_records_nobody_can_tell),
		WITH_TREE(it_is_read_piece_by_piece),
		cmocka_unit_test(this_machines_own_records_are_read),
		WITH_TREE(the_database_of_rpm_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
