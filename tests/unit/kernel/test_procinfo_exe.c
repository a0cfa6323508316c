/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that real processes run: of this one's children, in directories made here.
 */
#include "kernel/procinfo.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char dir[64], program[128];
	struct procinfo *procinfo;
	pid_t child;
};

static void copy_program(const char *to)
{
	char command[256];

	snprintf(command, sizeof(command), "cp /bin/sleep '%s'", to);
	assert_int_equal(system(command), 0);
	assert_int_equal(chmod(to, 0755), 0);
}

/* The end of the pipe closes as the other program begins. */
static pid_t start(const char *program)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execl(program, "sleep", "600", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	return pid;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/rw-test-exe-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(chmod(f->dir, 0755), 0);
	snprintf(f->program, sizeof(f->program), "%s/program", f->dir);
	copy_program(f->program);
	f->child = start(f->program);
	assert_int_equal(procinfo_open("/proc", NULL, &f->procinfo), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kill(f->child, SIGKILL);
	waitpid(f->child, NULL, 0);
	unlink(f->program);
	rmdir(f->dir);
	procinfo_close(f->procinfo);
	free(f);
	return 0;
}

static struct procinfo_exe read_exe(struct fixture *f)
{
	struct procinfo_exe e;

	assert_int_equal(procinfo_read_exe(f->procinfo, f->child, getuid(), &e), 0);
	return e;
}

static void the_file_and_who_owns_it_are_read(void **state)
{
	struct fixture *f = *state;
	struct procinfo_exe e = read_exe(f);

	assert_string_equal(e.path, f->program);
	assert_false(e.is_deleted);
	assert_false(e.is_in_own_root);
	assert_int_equal(e.file.uid, getuid());
	assert_int_equal(e.file.mode, 0755);
}

/* Older kernels do not tell without asking the file system. */
static void the_most_open_directory_above_is_kept(void **state)
{
	struct fixture *f = *state;
	struct procinfo_exe e = read_exe(f);

	if (!e.has_directory)
		skip();
	assert_false(impostor_is_open(&e.directory, getuid(), true));
	assert_int_equal(chmod(f->dir, 0777), 0);
	e = read_exe(f);
	assert_int_equal(e.directory.mode, 0777);
	assert_true(impostor_is_open(&e.directory, getuid(), true));
}

static void a_file_that_is_gone_is_told_with_its_path(void **state)
{
	struct fixture *f = *state;
	struct procinfo_exe e;

	assert_int_equal(unlink(f->program), 0);
	e = read_exe(f);
	assert_true(e.is_deleted);
	assert_string_equal(e.path, f->program);
	assert_false(e.has_directory);
	/* Another file in its place is not it. */
	copy_program(f->program);
	e = read_exe(f);
	assert_true(e.is_deleted);
	assert_false(e.has_directory);
}

static void a_name_that_only_says_so_is_not_gone(void **state)
{
	struct fixture *f = *state;
	char path[160];
	struct procinfo_exe e;

	snprintf(path, sizeof(path), "%s (deleted)", f->program);
	assert_int_equal(rename(f->program, path), 0);
	e = read_exe(f);
	assert_false(e.is_deleted);
	assert_string_equal(e.path, path);
	assert_int_equal(rename(path, f->program), 0);
}

static void a_process_that_is_gone_is_no_error_of_ours(void **state)
{
	struct fixture *f = *state;
	struct procinfo_exe e;

	kill(f->child, SIGKILL);
	waitpid(f->child, NULL, 0);
	assert_int_equal(procinfo_read_exe(f->procinfo, f->child, 0, &e), -ESRCH);
}

#define WITH_CHILD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CHILD(the_file_and_who_owns_it_are_read),
		WITH_CHILD(the_most_open_directory_above_is_kept),
		WITH_CHILD(a_file_that_is_gone_is_told_with_its_path),
		WITH_CHILD(a_name_that_only_says_so_is_not_gone),
		WITH_CHILD(a_process_that_is_gone_is_no_error_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
