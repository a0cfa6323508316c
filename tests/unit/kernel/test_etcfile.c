/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine's own /etc: nothing can be put there by a test that is not root. */
#include "kernel/etcfile.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char buf[ETCFILE_MAX];

static int read_file(const char *path)
{
	size_t length = 0;
	int r = etcfile_read(path, buf, sizeof(buf), &length);

	return r < 0 ? r : (int)length;
}

static void a_file_of_root_is_read(void **state)
{
	int length = read_file("/etc/passwd");

	(void)state;
	assert_true(length > 0);
	assert_non_null(memmem(buf, (size_t)length, "root:", 5));
}

static void what_is_not_there_is_said(void **state)
{
	(void)state;
	assert_int_equal(read_file("/etc/relaywarden-none.conf"), -ENOENT);
}

static void what_lies_elsewhere_is_not_opened(void **state)
{
	(void)state;
	assert_int_equal(read_file("/proc/self/status"), -EPERM);
	assert_int_equal(read_file("etc/passwd"), -EPERM);
	assert_int_equal(read_file("/etc/../etc/passwd"), -EPERM);
	assert_int_equal(read_file("/etc//proc/self/status"), -EPERM);
}

static void no_link_is_followed(void **state)
{
	struct stat st;

	(void)state;
	if (lstat("/etc/mtab", &st) < 0 || !S_ISLNK(st.st_mode))
		skip();
	assert_int_equal(read_file("/etc/mtab"), -EPERM);
}

static void only_files_are_read(void **state)
{
	(void)state;
	assert_int_equal(read_file("/etc/ssl"), -EPERM);
}

static void one_that_is_too_large_is_not_read(void **state)
{
	size_t length;

	(void)state;
	assert_int_equal(etcfile_read("/etc/passwd", buf, 3, &length), -EFBIG);
}

/* In an /etc of its own, for which it has to be root. */
static void what_others_may_write_is_not_believed(void **state)
{
	static const char path[] = "/etc/a.conf";
	int fd;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/etc", "tmpfs", 0, NULL) < 0)
		skip();
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a=b\n", 4), 4);
	assert_int_equal(read_file(path), 4);
	assert_int_equal(fchmod(fd, 0622), 0);
	assert_int_equal(read_file(path), -EPERM);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(fchown(fd, 61730, 0), 0);
	assert_int_equal(read_file(path), -EPERM);
	close(fd);
	/* Nor what is mounted below it. */
	assert_int_equal(mkdir("/etc/m", 0755), 0);
	assert_int_equal(mount("none", "/etc/m", "tmpfs", 0, NULL), 0);
	fd = open("/etc/m/a", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	close(fd);
	assert_int_equal(read_file("/etc/m/a"), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_root_is_read),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(what_lies_elsewhere_is_not_opened),
		cmocka_unit_test(no_link_is_followed),
		cmocka_unit_test(only_files_are_read),
		cmocka_unit_test(one_that_is_too_large_is_not_read),
		cmocka_unit_test(what_others_may_write_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
