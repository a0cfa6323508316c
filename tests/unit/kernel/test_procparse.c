/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of /proc, whole and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/procparse.h"
#include <errno.h>
#include <string.h>

static void the_cgroup2_mount_is_found_in_mountinfo(void **state)
{
	static const char hybrid[] =
		"40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw\n"
		"42 31 0:38 /part /mnt/part rw - cgroup2 cgroup2 rw\n"
		"41 31 0:38 / /mnt/a\\040b\\134c rw shared:1 master:2 - cgroup2 c rw\n";
	static const char lookalike[] =
		"40 31 0:37 / /x/-/cgroup2 rw - cgroup cgroup2 rw\n"
		"41 31 0:38 / /y rw -\n41 31\n - cgroup2 x\n";
	char path[64] = "as before";

	(void)state;
	assert_int_equal(procparse_cgroup_mount(lookalike, strlen(lookalike), path, 64),
			 -ENOENT);
	assert_int_equal(procparse_cgroup_mount("", 0, path, 64), -ENOENT);
	assert_string_equal(path, "as before");
	assert_int_equal(procparse_cgroup_mount(hybrid, strlen(hybrid), path, 4),
			 -ENAMETOOLONG);
	assert_int_equal(procparse_cgroup_mount(hybrid, strlen(hybrid), path, 64), 0);
	assert_string_equal(path, "/mnt/a b\\c");
}

static void a_program_is_found_among_arguments(void **state)
{
#define SCRIPT(text) procparse_script(text, sizeof(text) - 1, script, sizeof(script))
	char script[16];

	(void)state;
	SCRIPT("sh\0/srv/x.sh\0a");
	assert_string_equal(script, "/srv/x.sh");
	SCRIPT("java\0-Xmx1g\0-cp\0lib.jar\0org.Main");
	assert_string_equal(script, "org.Main");
	SCRIPT("java\0-jar\0i2p.jar\0");
	assert_string_equal(script, "i2p.jar");
	SCRIPT("python3\0-c\0import os");
	assert_string_equal(script, "");
	SCRIPT("bash\0");
	assert_string_equal(script, "");
	SCRIPT("");
	assert_string_equal(script, "");
	SCRIPT("python3\0-W");
	assert_string_equal(script, "");
	SCRIPT("node\0/a/very/long/path/that/is/cut");
	assert_string_equal(script, "/a/very/long/pa");
#undef SCRIPT
}

static void the_last_numbers_of_a_list_are_kept(void **state)
{
	static const char text[] = "4 15 x 99999999999 7 8 ";
	int numbers[3] = {0};

	(void)state;
	assert_int_equal(procparse_numbers(text, sizeof(text) - 1, numbers, 3), 3);
	assert_int_equal(numbers[0], 15);
	assert_int_equal(numbers[2], 8);
	assert_int_equal(procparse_numbers(text, 2, numbers, 3), 1);
	assert_int_equal(numbers[0], 4);
	assert_int_equal(procparse_numbers(text, 0, numbers, 3), 0);
}

static void the_inode_of_a_network_namespace_is_in_its_link(void **state)
{
	uint64_t inode;

	(void)state;
	assert_int_equal(procparse_namespace_link("net:[4026531840]", &inode), 0);
	assert_int_equal(inode, 4026531840);
	assert_int_equal(procparse_namespace_link("mnt:[4026531840]", &inode), -EINVAL);
	assert_int_equal(procparse_namespace_link("net:[4026531840", &inode), -EINVAL);
	assert_int_equal(procparse_namespace_link("net:[]", &inode), -EINVAL);
	assert_int_equal(procparse_namespace_link("", &inode), -EINVAL);
}

#define TAP(text) procparse_tap(text, sizeof(text) - 1, name, sizeof(name))

static void a_tap_device_is_named_in_its_descriptor(void **state)
{
	char name[16] = "untouched";

	(void)state;
	assert_int_equal(TAP("pos:\t0\nflags:\t02\n"), -ENOENT);
	assert_int_equal(TAP("iff:\t\n"), -ENOENT);
	assert_int_equal(TAP("iff:\ta_name_of_16_byte\n"), -ENOENT);
	assert_string_equal(name, "untouched");
	assert_int_equal(TAP("pos:\t0\nflags:\t0104002\nmnt_id:\t30\niff:\tvnet0\n"),
			 0);
	assert_string_equal(name, "vnet0");
	assert_int_equal(TAP("iff:\ttap1"), 0);
	assert_string_equal(name, "tap1");
}

static void broken_texts_are_refused(void **state)
{
	static const char *const stats[] = {"",	  "1",	    "1 (",	    "1 ()",
					    ")(", "1 (a) ", "1 (a) S 1 2 3"};
	struct procparse_stat stat;
	uint32_t uids[4];
	char path[16];

	(void)state;
	for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
		assert_int_equal(procparse_stat(stats[i], strlen(stats[i]), &stat),
				 -EINVAL);
	assert_int_equal(procparse_uids("Uid:\t1\t2\t3\n", 11, uids), -EINVAL);
	assert_int_equal(procparse_uids("Uid:\t1\t2\t3\t4294967296", 22, uids),
			 -EINVAL);
	assert_int_equal(procparse_cgroup("1:x:/a\n", 7, path, 16), -ENOENT);
	assert_int_equal(procparse_cgroup("0::/0123456789abcdef", 20, path, 16),
			 -ENAMETOOLONG);
	assert_int_equal(procparse_cgroup("0::/a\0b", 7, path, 16), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cgroup2_mount_is_found_in_mountinfo),
		cmocka_unit_test(a_program_is_found_among_arguments),
		cmocka_unit_test(the_last_numbers_of_a_list_are_kept),
		cmocka_unit_test(the_inode_of_a_network_namespace_is_in_its_link),
		cmocka_unit_test(a_tap_device_is_named_in_its_descriptor),
		cmocka_unit_test(broken_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
