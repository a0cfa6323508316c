/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of applications and its bounds; the processes are this test's own. What
 * needs sockets is in tests/netns/attribution.t.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/attribution_internal.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	struct procinfo *procinfo;
	struct attribution *attribution;
	unsigned int seen, gone, storage;
	struct observation last;
};

static void observe(void *context, const struct observation *o)
{
	struct fixture *f = context;

	f->seen += o->kind == OBS_APP;
	f->gone += o->kind == OBS_APP_GONE;
	f->storage += o->kind == OBS_APP_IO;
	f->last = *o;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(procinfo_open("/proc", NULL, &f->procinfo), 0);
	assert_int_equal(
		attribution_new(NULL, f->procinfo, observe, f, &f->attribution), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	attribution_free(f->attribution);
	procinfo_close(f->procinfo);
	free(f);
	return 0;
}

static struct app_identity identity_of(unsigned int number)
{
	struct app_identity id;

	memset(&id, 0, sizeof(id));
	id.kind = APP_KIND_EXE;
	snprintf(id.key, sizeof(id.key), "exe:/x/%u@0", number);
	return id;
}

static struct application *intern(struct fixture *f, unsigned int number)
{
	struct app_identity id = identity_of(number);
	struct application *app = NULL;

	assert_int_equal(apps_intern(f->attribution, &id, &app), 0);
	return app;
}

static void one_identity_is_one_application(void **state)
{
	struct fixture *f = *state;

	assert_ptr_equal(intern(f, 7), intern(f, 7));
	assert_ptr_not_equal(intern(f, 7), intern(f, 8));
}

static void the_lowest_free_id_is_given_first(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(intern(f, 10)->id, 1);
	assert_int_equal(intern(f, 11)->id, 2);
	assert_int_equal(intern(f, 12)->id, 3);
	apps_remove(f->attribution, intern(f, 11), 5);
	assert_int_equal(f->gone, 1);
	assert_int_equal(f->last.app.id, 2);
	assert_int_equal(intern(f, 13)->id, 2);
	assert_int_equal(intern(f, 14)->id, 4);
}

static void a_full_table_refuses_and_counts(void **state)
{
	struct fixture *f = *state;
	struct app_identity id = identity_of(5000);
	struct application *app = NULL;

	for (unsigned int i = 0; i < APP_ID_MAX; i++)
		intern(f, i);
	assert_int_equal(apps_intern(f->attribution, &id, &app), -ENOSPC);
	assert_null(app);
	assert_int_equal(attribution_stats(f->attribution)->apps_refused, 1);
	assert_int_equal(intern(f, 3)->id, 4);
	assert_int_equal(attribution_stats(f->attribution)->apps_refused, 1);
}

static void an_application_is_reported_when_something_changed(void **state)
{
	struct fixture *f = *state;
	struct application *app = intern(f, 1);

	apps_report(f->attribution, app, 5);
	assert_int_equal(f->seen, 1);
	assert_int_equal(f->last.app.pid_count, 0);
	apps_report(f->attribution, app, 6);
	assert_int_equal(f->seen, 1);
	apps_add_process(f->attribution, app, getpid());
	apps_report(f->attribution, app, 7);
	assert_int_equal(f->seen, 2);
	assert_int_equal(f->last.app.pid_count, 1);
	assert_int_equal(f->last.app.pids[0], getpid());
	apps_add_process(f->attribution, app, getpid());
	apps_report(f->attribution, app, 8);
	assert_int_equal(f->seen, 2);
}

static void a_process_belongs_to_one_application_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct application *a = intern(f, 1), *b = intern(f, 2);

	apps_add_process(f->attribution, a, getpid());
	apps_add_process(f->attribution, b, getpid());
	assert_false(apps_has_process(a, getpid()));
	assert_true(apps_has_process(b, getpid()));
}

static void a_process_leads_to_its_application(void **state)
{
	struct fixture *f = *state;
	struct application *app = NULL;

	assert_int_equal(apps_find_process(f->attribution, getpid(), 5, &app), 0);
	assert_true(apps_has_process(app, getpid()));
	assert_int_equal(f->seen, 1);
	assert_int_equal(f->last.app.id, app->id);
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_process_that_is_gone_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct application *app = intern(f, 1), *other = NULL;
	pid_t pid = start_child();

	apps_add_process(f->attribution, app, getpid());
	apps_add_process(f->attribution, app, pid);
	assert_int_equal(app->process_count, 2);
	end_child(pid);
	apps_refresh_processes(f->attribution, app);
	assert_int_equal(app->process_count, 1);
	assert_true(apps_has_process(app, getpid()));
	assert_int_equal(apps_find_process(f->attribution, pid, 5, &other), -ESRCH);
	assert_null(other);
}

static void sixteen_processes_are_reported_of_more(void **state)
{
	enum { CHILDREN = APP_PIDS_MAX + 3 };
	struct fixture *f = *state;
	struct application *app = intern(f, 1);
	pid_t pids[CHILDREN];

	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = start_child();
		apps_add_process(f->attribution, app, pids[i]);
	}
	apps_report(f->attribution, app, 5);
	for (int i = 0; i < CHILDREN; i++)
		end_child(pids[i]);
	assert_int_equal(app->process_count, CHILDREN);
	assert_int_equal(f->last.app.pid_count, APP_PIDS_MAX);
	assert_int_equal(f->last.app.pids[0], pids[0]);
	assert_int_equal(f->last.app.pids[APP_PIDS_MAX - 1], pids[APP_PIDS_MAX - 1]);
}

static void storage_is_counted_from_the_first_reading(void **state)
{
	struct fixture *f = *state;
	struct application *app = intern(f, 1);

	assert_int_equal(attribution_read_io(f->attribution, 9, 5), -ENOENT);
	assert_int_equal(attribution_read_io(f->attribution, app->id, 5), -ESRCH);
	assert_int_equal(f->storage, 0);
	apps_add_process(f->attribution, app, getpid());
	assert_int_equal(attribution_read_io(f->attribution, app->id, 5), 0);
	assert_int_equal(f->storage, 1);
	assert_int_equal(f->last.app_io.read_bytes, 0);
	assert_int_equal(f->last.app_io.written_bytes, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_identity_is_one_application),
		CASE(the_lowest_free_id_is_given_first),
		CASE(a_full_table_refuses_and_counts),
		CASE(an_application_is_reported_when_something_changed),
		CASE(a_process_belongs_to_one_application_at_a_time),
		CASE(a_process_leads_to_its_application),
		CASE(a_process_that_is_gone_is_dropped),
		CASE(sixteen_processes_are_reported_of_more),
		CASE(storage_is_counted_from_the_first_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
