/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/impostor.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char nginx[] = "/usr/sbin/nginx", local_nginx[] = "/usr/local/sbin/nginx",
	    i2pd[] = "*/i2pd";
static char *nginx_exes[] = {nginx, local_nginx}, *i2pd_exes[] = {i2pd};
static struct catalogue_client clients[] = {
	{.trade = "reverse proxy", .exes = nginx_exes, .exe_count = 2},
	{.exes = i2pd_exes, .exe_count = 1},
};
static const struct catalogue catalogue = {.clients = clients, .count = 2};

/* Everything in order: anna's program, from a package. */
static struct app_identity identity;

static struct impostor_facts in_order(const char *exe)
{
	identity = (struct app_identity){.kind = APP_KIND_EXE, .uid = 1000};
	snprintf(identity.exe, sizeof(identity.exe), "%s", exe);
	return (struct impostor_facts){
		.identity = &identity,
		.package = IMPOSTOR_PACKAGE_FOUND,
		.has_file = true,
		.has_directory = true,
		.file = {0, 0, 0755},
		.directory = {0, 0, 0755},
	};
}

static unsigned int judge(struct impostor_facts f)
{
	return impostor_judge(&f, &catalogue);
}

static void what_a_package_brought_is_what_it_says(void **state)
{
	(void)state;
	assert_int_equal(judge(in_order("/usr/bin/i2pd")), 0);
	assert_int_equal(judge(in_order("/usr/sbin/nginx")), 0);
}

static void what_no_package_brought_is_not(void **state)
{
	struct impostor_facts f = in_order("/home/anna/p");

	(void)state;
	f.package = IMPOSTOR_PACKAGE_NONE;
	assert_int_equal(judge(f), 1u << IMPOSTOR_UNPACKAGED);
	f.package = IMPOSTOR_PACKAGE_UNKNOWN;
	assert_int_equal(judge(f), 0);
}

static void an_update_is_no_deletion(void **state)
{
	struct impostor_facts f = in_order("/usr/bin/p");

	(void)state;
	f.is_deleted = true;
	assert_int_equal(judge(f), 0);
	f.package = IMPOSTOR_PACKAGE_UNKNOWN;
	assert_int_equal(judge(f), 1u << IMPOSTOR_DELETED);
}

static void a_name_that_belongs_elsewhere_is_false(void **state)
{
	struct impostor_facts f = in_order("/opt/x/nginx");

	(void)state;
	assert_int_equal(judge(f), 1u << IMPOSTOR_NAMESAKE);
	f.client = &clients[0]; /* by its unit */
	assert_int_equal(judge(f), 0);
	assert_int_equal(judge(in_order("/opt/x/i2pd")), 0);
	assert_int_equal(judge(in_order("/opt/x/nginx2")), 0);
	assert_int_equal(judge(in_order("")), 0);
}

static void who_may_write_is_root_and_its_user(void **state)
{
	static const struct {
		struct impostor_owner owner;
		bool is_directory, is_open;
	} cases[] = {
		{{0, 0, 0755}, false, false},	    {{1000, 1000, 0755}, false, false},
		{{1001, 1001, 0755}, false, true},  {{0, 0, 0757}, false, true},
		{{0, 50, 0775}, false, true},	    {{0, 0, 0775}, false, false},
		{{1000, 1000, 0775}, false, false}, {{1000, 100, 0775}, false, true},
		{{0, 0, 01777}, true, false},	    {{0, 0, 0777}, true, true},
		{{0, 0, 01777}, false, true},	    {{1001, 0, 01777}, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (impostor_is_open(&cases[i].owner, 1000, cases[i].is_directory) !=
		    cases[i].is_open)
			fail_msg("case %zu", i);
}

static void an_open_file_and_an_open_directory_are_told_apart(void **state)
{
	struct impostor_facts f = in_order("/usr/bin/p");
	char text[256];

	(void)state;
	f.file.mode = 0777;
	assert_int_equal(judge(f), 1u << IMPOSTOR_WRITABLE);
	f.directory.uid = 1001;
	assert_int_equal(judge(f),
			 1u << IMPOSTOR_WRITABLE | 1u << IMPOSTOR_REPLACEABLE);
	assert_string_equal(impostor_describe(judge(f), text, sizeof(text)),
			    "others than root and its user may change its file; others "
			    "than root and its user may put another file in its place");
	assert_string_equal(impostor_describe(0, text, sizeof(text)), "");
	f.has_file = f.has_directory = false;
	assert_int_equal(judge(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_package_brought_is_what_it_says),
		cmocka_unit_test(what_no_package_brought_is_not),
		cmocka_unit_test(an_update_is_no_deletion),
		cmocka_unit_test(a_name_that_belongs_elsewhere_is_false),
		cmocka_unit_test(who_may_write_is_root_and_its_user),
		cmocka_unit_test(an_open_file_and_an_open_directory_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
