/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/identity.h"
#include <stdio.h>
#include <string.h>

static struct identity_facts facts_of(int pid, const char *exe, uint32_t uid)
{
	struct identity_facts f = {.pid = pid, .uid = uid};

	snprintf(f.exe, sizeof(f.exe), "%s", exe);
	snprintf(f.cgroup, sizeof(f.cgroup), "/user.slice/user-1000.slice");
	return f;
}

static bool is_family(const char *parent, const char *child)
{
	struct identity_facts p = facts_of(100, parent, 1000);
	struct identity_facts c = facts_of(101, child, 1000);

	return identity_is_family(&p, &c);
}

static void a_directory_of_its_own_holds_one_program(void **state)
{
	(void)state;
	assert_true(is_family("/opt/x/x", "/opt/x/helper"));
	assert_true(is_family("/opt/x/x", "/opt/x/lib/deep/helper"));
	assert_true(is_family("/usr/lib/x/x", "/usr/lib/x/helper"));
	assert_true(is_family("/opt/x/bin/x", "/opt/x/bin/helper"));
	assert_true(is_family("/home/u/.local/share/X/x", "/home/u/.local/share/X/h"));
	assert_true(is_family("/usr/bin/x", "/usr/bin/x"));
	assert_true(is_family("/opt/x/x (deleted)", "/opt/x/helper"));
}

static void other_directories_hold_other_programs(void **state)
{
	(void)state;
	assert_false(is_family("/opt/x/x", "/opt/y/y"));
	assert_false(is_family("/opt/x/x", "/opt/xy/y"));
	assert_false(is_family("/opt/x/lib/helper", "/opt/x/x"));
	assert_false(is_family("/opt/x/x", "/usr/bin/y"));
	assert_false(is_family("/usr/bin/x", "/usr/lib/x/helper"));
}

static void a_directory_many_share_says_nothing(void **state)
{
	static const char *const shared[] = {"/usr/bin",
					     "/usr/sbin",
					     "/bin",
					     "/sbin",
					     "/usr/local",
					     "/usr/local/bin",
					     "/usr/libexec",
					     "/usr/lib",
					     "/lib",
					     "/usr/games",
					     "/opt",
					     "/tmp",
					     "/root",
					     "/home/u",
					     "/home/u/bin",
					     "/home/u/.local/bin",
					     "/var/tmp",
					     "/home/u/Downloads",
					     "/run/user/1000",
					     "/usr/lib/x86_64-linux-gnu",
					     "",
					     "relative"};

	(void)state;
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		char parent[64], child[64];

		snprintf(parent, sizeof(parent), "%s/x", shared[i]);
		snprintf(child, sizeof(child), "%s/y", shared[i]);
		if (identity_is_private_tree(shared[i]) || is_family(parent, child))
			fail_msg("%s counts as private", shared[i]);
	}
}

static void shells_interpreters_and_launchers_pull_nothing_in(void **state)
{
	static const char *const starters[] = {"bash",	  "python3.11",
					       "java",	  "sudo",
					       "systemd", "dbus-daemon",
					       "busybox", "x-terminal-emulator",
					       "tmux",	  "containerd-shim-runc-v2"};

	(void)state;
	for (size_t i = 0; i < sizeof(starters) / sizeof(starters[0]); i++) {
		char parent[64];

		snprintf(parent, sizeof(parent), "/opt/x/%s", starters[i]);
		if (is_family(parent, "/opt/x/y"))
			fail_msg("%s pulls its children in", starters[i]);
	}
	/* Names that only look like one of them. */
	assert_true(is_family("/opt/x/tmuxer", "/opt/x/y"));
	assert_true(is_family("/opt/x/mux", "/opt/x/y"));
}

static void a_user_of_its_own_is_another_application(void **state)
{
	struct identity_facts root = facts_of(100, "/opt/x/x", 0);
	struct identity_facts user = facts_of(101, "/opt/x/y", 1000);
	struct identity_facts other = facts_of(102, "/opt/x/y", 1001);

	(void)state;
	assert_true(identity_is_family(&root, &user));
	assert_false(identity_is_family(&user, &other));
	other.uid = 0;
	assert_false(identity_is_family(&user, &other));
}

static void units_stay_as_they_are(void **state)
{
	struct identity_facts parent = facts_of(100, "/opt/x/x", 1000);
	struct identity_facts child = facts_of(101, "/opt/x/y", 1000);

	(void)state;
	snprintf(child.cgroup, sizeof(child.cgroup), "/system.slice/y.service");
	assert_false(identity_is_family(&parent, &child));
	assert_false(identity_is_family(&child, &parent));
}

static void nobody_is_the_child_of_init_or_of_nothing(void **state)
{
	struct identity_facts parent = facts_of(1, "/opt/x/x", 1000);
	struct identity_facts child = facts_of(101, "/opt/x/y", 1000);

	(void)state;
	assert_false(identity_is_family(&parent, &child));
	parent.pid = 100;
	assert_true(identity_is_family(&parent, &child));
	parent.exe[0] = '\0';
	assert_false(identity_is_family(&parent, &child));
	child.exe[0] = '\0';
	assert_false(identity_is_family(&parent, &child));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_of_its_own_holds_one_program),
		cmocka_unit_test(other_directories_hold_other_programs),
		cmocka_unit_test(a_directory_many_share_says_nothing),
		cmocka_unit_test(shells_interpreters_and_launchers_pull_nothing_in),
		cmocka_unit_test(a_user_of_its_own_is_another_application),
		cmocka_unit_test(units_stay_as_they_are),
		cmocka_unit_test(nobody_is_the_child_of_init_or_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
