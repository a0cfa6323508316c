/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of /proc on a tree of files that the test builds in a directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/tree.h"
#include "kernel/procinfo.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char root[64]; /* holds proc/ and cgroup/ */
	struct procinfo *procinfo;
};

/* --- building the tree ------------------------------------------------------------ */

/* "ROOT/FORMATTED"; the directory it lies in is made. */
static const char *at(const struct fixture *f, const char *format, ...)
{
	static char path[1024];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", f->root);
	va_list args;

	va_start(args, format);
	vsnprintf(path + n, sizeof(path) - n, format, args);
	va_end(args);
	for (char *slash = path + n; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	return path;
}

static void put(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	fclose(file);
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static void put_stat(const struct fixture *f, int pid, const char *comm, int start)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "%d (%s) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %d 100 200\n",
		 pid, comm, start);
	put_text(at(f, "proc/%d/stat", pid), text);
}

static void put_process(const struct fixture *f, int pid, int uid, const char *cgroup,
			const char *exe)
{
	char text[256];

	put_stat(f, pid, "prog", 5000 + pid);
	snprintf(text, sizeof(text), "Name:\tprog\nUid:\t%d\t%d\t%d\t%d\nGid:\t0\n",
		 uid, uid, uid, uid);
	put_text(at(f, "proc/%d/status", pid), text);
	snprintf(text, sizeof(text), "1:name=systemd:/x\n0::%s\n", cgroup);
	put_text(at(f, "proc/%d/cgroup", pid), text);
	put_text(at(f, "proc/%d/cmdline", pid), "");
	at(f, "proc/%d/fd/", pid);
	if (exe)
		assert_int_equal(symlink(exe, at(f, "proc/%d/exe", pid)), 0);
}

static void put_fd(const struct fixture *f, int pid, int fd, const char *target)
{
	assert_int_equal(symlink(target, at(f, "proc/%d/fd/%d", pid, fd)), 0);
}

static void reopen(struct fixture *f)
{
	char proc[80];

	procinfo_close(f->procinfo);
	f->procinfo = NULL;
	snprintf(proc, sizeof(proc), "%s/proc", f->root);
	assert_int_equal(procinfo_open(proc, NULL, &f->procinfo), 0);
}

/* A tree with a cgroup2 mount that mountinfo points to. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char text[256];

	assert_non_null(f);
	snprintf(f->root, sizeof(f->root), "/tmp/rw-test-procinfo-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	at(f, "cgroup/system.slice/a.service/sub/");
	put_text(at(f, "cgroup/cgroup.procs"), "1\n");
	put_text(at(f, "cgroup/system.slice/a.service/cgroup.procs"), "20\n0\n");
	put_text(at(f, "cgroup/system.slice/a.service/sub/cgroup.procs"), "21\n");
	snprintf(text, sizeof(text),
		 "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		 "41 31 0:38 / %s/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw\n",
		 f->root);
	put_text(at(f, "proc/self/mountinfo"), text);
	put_text(at(f, "proc/notapid/stat"), "x");
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

/* --- processes ---------------------------------------------------------------------
 */

static void a_process_is_read_whole(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;
	uint64_t start;

	put_process(f, 20, 4000000, "/system.slice/a.service", "/usr/bin/a");
	assert_int_equal(procinfo_read_process(f->procinfo, 20, &facts), 0);
	assert_int_equal(facts.pid, 20);
	assert_int_equal(facts.uid, 4000000);
	assert_string_equal(facts.user, "4000000");
	assert_string_equal(facts.cgroup, "/system.slice/a.service");
	assert_string_equal(facts.exe, "/usr/bin/a");
	assert_string_equal(facts.comm, "prog");
	assert_string_equal(facts.script, "");
	assert_int_equal(procinfo_read_start(f->procinfo, 20, &start), 0);
	assert_int_equal(start, 5020);
}

static void a_process_that_is_gone_is_esrch(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;
	uint64_t a, b;

	assert_int_equal(procinfo_read_process(f->procinfo, 77, &facts), -ESRCH);
	assert_int_equal(procinfo_read_start(f->procinfo, 77, &a), -ESRCH);
	assert_int_equal(procinfo_read_io(f->procinfo, 77, &a, &b), -ESRCH);
}

static void a_process_that_goes_midway_is_esrch(void **state)
{
	static const char *const missing[] = {"stat", "status"};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct identity_facts facts;

		put_process(f, 20, 0, "/", NULL);
		unlink(at(f, "proc/20/%s", missing[i]));
		memset(&facts, 0x5a, sizeof(facts));
		assert_int_equal(procinfo_read_process(f->procinfo, 20, &facts),
				 -ESRCH);
		assert_int_equal(facts.pid, 0x5a5a5a5a);
	}
}

static void a_name_may_hold_anything(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;

	put_process(f, 20, 0, "/", "/x");
	put_stat(f, 20, ") S 9 (\n\033[2J", 7);
	assert_int_equal(procinfo_read_process(f->procinfo, 20, &facts), 0);
	assert_string_equal(facts.comm, ") S 9 (\n\033[2J");
}

static void a_deleted_executable_is_still_told(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;
	struct app_identity id;

	put_process(f, 20, 1, "/", "/opt/voice (deleted)");
	assert_int_equal(procinfo_read_process(f->procinfo, 20, &facts), 0);
	identity_make(&facts, &id);
	assert_string_equal(id.key, "exe:/opt/voice@1");
}

static void a_kernel_thread_has_no_executable(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;

	put_process(f, 20, 0, "/", NULL);
	put_text(at(f, "proc/20/stat"), "20 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0 0 "
					"0 0 2 0 0 20 0 1 0 5020 0 0\n");
	assert_int_equal(procinfo_read_process(f->procinfo, 20, &facts), 0);
	assert_string_equal(facts.exe, "");
}

/* Its name alone would make another application of it. */
static void a_process_on_its_way_out_is_gone(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;

	put_process(f, 20, 0, "/", NULL);
	assert_int_equal(procinfo_read_process(f->procinfo, 20, &facts), -ESRCH);
}

static void an_interpreter_tells_its_program(void **state)
{
	static const char arguments[] = "python3\0-u\0-W\0ignore\0/srv/relay.py\0-x";
	struct fixture *f = *state;
	struct identity_facts facts;

	put_process(f, 20, 0, "/", "/usr/bin/python3.11");
	put(at(f, "proc/20/cmdline"), arguments, sizeof(arguments));
	assert_int_equal(procinfo_read_process(f->procinfo, 20, &facts), 0);
	assert_string_equal(facts.script, "/srv/relay.py");
}

static void a_cgroup_that_was_removed_keeps_its_name(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;

	put_process(f, 20, 0, "/system.slice/b.service (deleted)", "/x");
	assert_int_equal(procinfo_read_process(f->procinfo, 20, &facts), 0);
	assert_string_equal(facts.cgroup, "/system.slice/b.service");
}

static void a_file_where_a_process_should_be_is_passed_over(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;

	put_text(at(f, "proc/30"), "not a directory");
	assert_int_equal(symlink("20", at(f, "proc/31")), 0);
	put_process(f, 20, 0, "/", "/x");
	assert_true(procinfo_read_process(f->procinfo, 30, &facts) < 0);
	assert_true(procinfo_read_process(f->procinfo, 31, &facts) < 0);
	assert_int_equal(procinfo_scan(f->procinfo, (uint32_t)-1, NULL), 1);
}

static void storage_counters_are_read(void **state)
{
	struct fixture *f = *state;
	uint64_t bytes_read = 0, written = 0;

	put_process(f, 20, 0, "/", "/x");
	put_text(at(f, "proc/20/io"),
		 "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\n"
		 "write_bytes: 8192\ncancelled_write_bytes: 0\n");
	assert_int_equal(procinfo_read_io(f->procinfo, 20, &bytes_read, &written), 0);
	assert_int_equal(bytes_read, 4096);
	assert_int_equal(written, 8192);
}

static void storage_counters_that_cannot_be_read_leave_the_result_alone(void **state)
{
	struct fixture *f = *state;
	uint64_t bytes_read = 11, written = 12;

	put_process(f, 20, 0, "/", "/x");
	put_text(at(f, "proc/20/io"), "rchar: 1\n");
	assert_int_equal(procinfo_read_io(f->procinfo, 20, &bytes_read, &written),
			 -EINVAL);
	if (geteuid() != 0) {
		chmod(at(f, "proc/20/io"), 0);
		assert_int_equal(
			procinfo_read_io(f->procinfo, 20, &bytes_read, &written),
			-EACCES);
	}
	/* Root may read anything but a directory. */
	unlink(at(f, "proc/20/io"));
	at(f, "proc/20/io/");
	assert_int_equal(procinfo_read_io(f->procinfo, 20, &bytes_read, &written),
			 -EISDIR);
	assert_int_equal(bytes_read, 11);
	assert_int_equal(written, 12);
}

/* --- sockets ------------------------------------------------------------------------
 */

static void a_scan_finds_who_holds_a_socket(void **state)
{
	struct fixture *f = *state;
	pid_t pid = 0;

	put_process(f, 20, 0, "/", "/x");
	put_process(f, 21, 0, "/", "/x");
	put_fd(f, 20, 0, "/dev/null");
	put_fd(f, 20, 1, "pipe:[55]");
	put_fd(f, 20, 3, "socket:[1001]");
	put_fd(f, 21, 3, "socket:[1002]");
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), -ENOENT);
	assert_int_equal(procinfo_scan(f->procinfo, (uint32_t)-1, NULL), 2);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), 0);
	assert_int_equal(pid, 20);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1002, &pid), 0);
	assert_int_equal(pid, 21);
	assert_int_equal(procinfo_find_pid(f->procinfo, 55, &pid), -ENOENT);
}

static void a_socket_closed_since_the_scan_is_not_found(void **state)
{
	struct fixture *f = *state;
	pid_t pid = 0;

	put_process(f, 20, 0, "/", "/x");
	put_fd(f, 20, 3, "socket:[1001]");
	procinfo_scan(f->procinfo, (uint32_t)-1, NULL);
	unlink(at(f, "proc/20/fd/3"));
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), -ENOENT);
	put_fd(f, 20, 3, "socket:[1009]");
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), -ENOENT);
	procinfo_scan(f->procinfo, (uint32_t)-1, NULL);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1009, &pid), 0);
}

static void a_process_gone_since_the_scan_is_pruned(void **state)
{
	struct fixture *f = *state;
	char path[128];
	pid_t pid = 0;

	put_process(f, 20, 0, "/", "/x");
	put_fd(f, 20, 3, "socket:[1001]");
	procinfo_scan(f->procinfo, (uint32_t)-1, NULL);
	snprintf(path, sizeof(path), "%s/proc/20", f->root);
	tree_remove(path);
	procinfo_prune(f->procinfo);
	/* Even a new process of that number with that descriptor is not believed. */
	put_process(f, 20, 0, "/", "/x");
	put_fd(f, 20, 3, "socket:[1001]");
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), -ENOENT);
}

static void a_scan_can_be_limited_to_a_user(void **state)
{
	struct fixture *f = *state;
	pid_t pid = 0;

	put_process(f, 20, 5, "/", "/x");
	put_process(f, 21, 6, "/", "/x");
	put_fd(f, 20, 3, "socket:[1001]");
	put_fd(f, 21, 3, "socket:[1002]");
	assert_int_equal(procinfo_scan(f->procinfo, 6, NULL), 1);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), -ENOENT);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1002, &pid), 0);
}

static void a_scan_can_be_limited_to_a_cgroup_and_below(void **state)
{
	struct fixture *f = *state;
	pid_t pid = 0;

	put_process(f, 20, 5, "/system.slice/a.service", "/x");
	put_process(f, 21, 5, "/system.slice/a.service/sub", "/x");
	put_process(f, 22, 5, "/system.slice/a.service.other", "/x");
	put_fd(f, 21, 3, "socket:[1001]");
	put_fd(f, 22, 3, "socket:[1002]");
	assert_int_equal(
		procinfo_scan(f->procinfo, (uint32_t)-1, "/system.slice/a.service"), 2);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), 0);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1002, &pid), -ENOENT);
}

static void init_does_not_own_what_it_handed_on(void **state)
{
	struct fixture *f = *state;
	pid_t pid = 0;

	put_process(f, 1, 0, "/init.scope", "/sbin/init");
	put_process(f, 20, 0, "/system.slice/a.service", "/x");
	put_fd(f, 1, 9, "socket:[1001]");
	put_fd(f, 20, 3, "socket:[1001]");
	for (int i = 0; i < 2; i++) {
		procinfo_scan(f->procinfo, (uint32_t)-1, NULL);
		assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), 0);
		assert_int_equal(pid, 20);
	}
}

static void odd_descriptors_do_no_harm(void **state)
{
	struct fixture *f = *state;
	pid_t pid = 0;

	put_process(f, 20, 0, "/", "/x");
	put_fd(f, 20, 3, "socket:[]");
	put_fd(f, 20, 4, "socket:[99999999999999999999999]");
	put_fd(f, 20, 5, "socket:[12]x");
	put_fd(f, 20, 6, "socket:[1001]");
	put_text(at(f, "proc/20/fd/x"), "");
	put_text(at(f, "proc/20/fd/7"), "no link");
	assert_int_equal(procinfo_scan(f->procinfo, (uint32_t)-1, NULL), 1);
	assert_int_equal(procinfo_find_pid(f->procinfo, 12, &pid), -ENOENT);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), 0);
}

static void a_process_without_readable_descriptors_is_not_counted(void **state)
{
	struct fixture *f = *state;
	char path[128];

	put_process(f, 20, 0, "/", "/x");
	snprintf(path, sizeof(path), "%s/proc/20/fd", f->root);
	tree_remove(path);
	assert_int_equal(procinfo_scan(f->procinfo, (uint32_t)-1, NULL), 0);
}

/* --- cgroups ------------------------------------------------------------------------
 */

static void a_cgroup_is_found_by_its_id_and_back(void **state)
{
	struct fixture *f = *state;
	char path[128];
	uint64_t id = 0;

	assert_int_equal(
		procinfo_cgroup_id(f->procinfo, "/system.slice/a.service/sub", &id), 0);
	assert_int_equal(procinfo_cgroup_path(f->procinfo, id, path, sizeof(path)), 0);
	assert_string_equal(path, "/system.slice/a.service/sub");
	assert_int_equal(procinfo_cgroup_id(f->procinfo, "/", &id), 0);
	assert_int_equal(procinfo_cgroup_path(f->procinfo, id, path, sizeof(path)), 0);
	assert_string_equal(path, "/");
}

static void a_cgroup_that_is_gone_is_enoent(void **state)
{
	struct fixture *f = *state;
	char path[128] = "as before";
	pid_t pids[4];
	uint64_t id = 0;

	assert_int_equal(procinfo_cgroup_path(f->procinfo, UINT64_MAX, path, 128),
			 -ENOENT);
	assert_string_equal(path, "as before");
	assert_int_equal(procinfo_cgroup_id(f->procinfo, "/no.slice", &id), -ENOENT);
	assert_int_equal(procinfo_cgroup_pids(f->procinfo, "/no.slice", pids, 4),
			 -ENOENT);
}

static void a_path_never_leads_out_of_the_tree(void **state)
{
	struct fixture *f = *state;
	uint64_t id = 0;

	assert_int_equal(procinfo_cgroup_id(f->procinfo, "/../proc", &id), -ENOENT);
	assert_int_equal(procinfo_cgroup_id(f->procinfo, "..", &id), -ENOENT);
	assert_int_equal(procinfo_cgroup_id(f->procinfo, "/a/../..", &id), -ENOENT);
	assert_int_equal(symlink("/proc", at(f, "cgroup/link")), 0);
	assert_true(procinfo_cgroup_id(f->procinfo, "/link", &id) < 0);
}

static void members_below_a_cgroup_count_too(void **state)
{
	struct fixture *f = *state;
	pid_t pids[4] = {0};

	assert_int_equal(
		procinfo_cgroup_pids(f->procinfo, "/system.slice/a.service", pids, 4),
		2);
	assert_int_equal(pids[0], 20);
	assert_int_equal(pids[1], 21);
	assert_int_equal(
		procinfo_cgroup_pids(f->procinfo, "/system.slice/a.service", pids, 1),
		1);
}

static void without_cgroup_v2_the_rest_still_works(void **state)
{
	struct fixture *f = *state;
	struct identity_facts facts;
	char path[64];
	uint64_t id = 0;
	pid_t pid = 0;

	put_text(at(f, "proc/self/mountinfo"),
		 "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n");
	reopen(f);
	assert_null(procinfo_cgroup_root(f->procinfo));
	assert_int_equal(procinfo_cgroup_path(f->procinfo, 1, path, 64), -ENOENT);
	assert_int_equal(procinfo_cgroup_id(f->procinfo, "/", &id), -ENOENT);
	put_process(f, 20, 0, "/a", "/x");
	put_process(f, 21, 0, "/b", "/x");
	put_text(at(f, "proc/21/cgroup"), "1:name=systemd:/x\n");
	put_fd(f, 20, 3, "socket:[1001]");
	assert_int_equal(procinfo_read_process(f->procinfo, 21, &facts), 0);
	assert_string_equal(facts.cgroup, "");
	/* By the processes' own word then. */
	assert_int_equal(procinfo_scan(f->procinfo, (uint32_t)-1, "/a"), 1);
	assert_int_equal(procinfo_find_pid(f->procinfo, 1001, &pid), 0);
}

static void without_mountinfo_it_opens_all_the_same(void **state)
{
	struct fixture *f = *state;
	struct procinfo *p = NULL;

	unlink(at(f, "proc/self/mountinfo"));
	reopen(f);
	assert_null(procinfo_cgroup_root(f->procinfo));
	assert_int_equal(procinfo_open("/nonexistent/proc", NULL, &p), -ENOENT);
	assert_null(p);
}

/* --- users --------------------------------------------------------------------------
 */

static void a_user_without_a_name_is_a_number(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(procinfo_user_name(f->procinfo, 0), "root");
	for (uint32_t uid = 3999990000u; uid < 3999991000u; uid++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", uid);
		assert_string_equal(procinfo_user_name(f->procinfo, uid), text);
	}
	assert_string_equal(procinfo_user_name(f->procinfo, 0), "root");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_process_is_read_whole),
		CASE(a_process_that_is_gone_is_esrch),
		CASE(a_process_that_goes_midway_is_esrch),
		CASE(a_name_may_hold_anything),
		CASE(a_deleted_executable_is_still_told),
		CASE(a_kernel_thread_has_no_executable),
		CASE(a_process_on_its_way_out_is_gone),
		CASE(an_interpreter_tells_its_program),
		CASE(a_cgroup_that_was_removed_keeps_its_name),
		CASE(a_file_where_a_process_should_be_is_passed_over),
		CASE(storage_counters_are_read),
		CASE(storage_counters_that_cannot_be_read_leave_the_result_alone),
		CASE(a_scan_finds_who_holds_a_socket),
		CASE(a_socket_closed_since_the_scan_is_not_found),
		CASE(a_process_gone_since_the_scan_is_pruned),
		CASE(a_scan_can_be_limited_to_a_user),
		CASE(a_scan_can_be_limited_to_a_cgroup_and_below),
		CASE(init_does_not_own_what_it_handed_on),
		CASE(odd_descriptors_do_no_harm),
		CASE(a_process_without_readable_descriptors_is_not_counted),
		CASE(a_cgroup_is_found_by_its_id_and_back),
		CASE(a_cgroup_that_is_gone_is_enoent),
		CASE(a_path_never_leads_out_of_the_tree),
		CASE(members_below_a_cgroup_count_too),
		CASE(without_cgroup_v2_the_rest_still_works),
		CASE(without_mountinfo_it_opens_all_the_same),
		CASE(a_user_without_a_name_is_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
