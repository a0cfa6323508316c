/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that wait for their owner, and flows that lead to them. The sockets and the
 * processes are this test's own; only what sock_diag would say of them is made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/attribution_internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW 1000000000000ull
#define SECOND 1000000000ull

struct fixture {
	struct procinfo *procinfo;
	struct attribution *attribution;
	uint16_t last_app;
};

static void observe(void *context, const struct observation *o)
{
	struct fixture *f = context;

	if (o->kind == OBS_APP)
		f->last_app = o->app.id;
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

/* A real socket, as sock_diag would tell of it. */
static int make_socket(struct sockdiag_socket *ret_socket)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*ret_socket = (struct sockdiag_socket){.inode = st.st_ino, .uid = getuid()};
	return fd;
}

static struct flow_key key_of(uint16_t port)
{
	return (struct flow_key){.local_port = port, .proto = IPPROTO_TCP};
}

/* Begins to wait, as attribution_find has it. */
static int wait_for(struct fixture *f, const struct sockdiag_socket *s, uint16_t port)
{
	struct flow_key key = key_of(port);
	uint16_t app;
	int err = sockets_find_owner(f->attribution, s, NOW, &app);

	if (err == -EAGAIN)
		flows_wait(f->attribution, &key, s->inode, NOW);
	return err;
}

static int owner_of(struct fixture *f, uint16_t port, uint16_t *ret_app)
{
	struct flow_key key = key_of(port);

	return flows_find(f->attribution, &key, ret_app);
}

/* Another socket of ours was found by a scan before. */
static void be_known(struct fixture *f)
{
	struct sockdiag_socket s;
	int fd = make_socket(&s);
	uint16_t app;

	assert_int_equal(sockets_find_owner(f->attribution, &s, NOW, &app), -EAGAIN);
	assert_int_equal(scan_everything(f->attribution, NOW), 0);
	assert_int_equal(sockets_find_owner(f->attribution, &s, NOW, &app), 0);
	assert_int_equal(f->attribution->recent[0].pid, getpid());
	close(fd);
}

static void a_closed_socket_is_remembered_by_its_flow(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	int fd = make_socket(&s);
	uint16_t app = 0;

	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	assert_int_equal(owner_of(f, 1, &app), -EAGAIN);
	assert_int_equal(scan_everything(f->attribution, NOW), 0);
	close(fd);
	assert_int_equal(owner_of(f, 1, &app), 0);
	assert_int_equal(app, f->last_app);
	assert_int_equal(owner_of(f, 2, &app), -ENOENT);
}

static void one_closed_before_anybody_looked_is_nobodys(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	uint16_t app = 0;

	close(make_socket(&s));
	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	assert_int_equal(scan_everything(f->attribution, NOW), 0);
	assert_int_equal(owner_of(f, 1, &app), -ENOENT);
	assert_int_equal(f->attribution->stats.waiting, 0);
	assert_null(f->attribution->waiting);
}

static void a_process_known_to_hold_such_sockets_is_looked_into_first(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	uint16_t app = 0;
	uint64_t scans;
	int fd;

	be_known(f);
	scans = f->attribution->stats.scans;
	fd = make_socket(&s);
	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	recent_look(f->attribution, NOW);
	close(fd);
	assert_int_equal(owner_of(f, 1, &app), 0);
	assert_int_equal(app, f->last_app);
	assert_int_equal(f->attribution->stats.scans, scans);
	assert_int_equal(f->attribution->stats.looks, 1);
}

static void that_it_held_the_last_proves_nothing(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	uint16_t app = 0;

	be_known(f);
	close(make_socket(&s));
	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	recent_look(f->attribution, NOW);
	assert_int_equal(owner_of(f, 1, &app), -EAGAIN);
	assert_true(sockets_get(f->attribution, s.inode)->was_looked);
}

static void looks_keep_their_distance(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	uint16_t app;
	int first, second;

	be_known(f);
	first = make_socket(&s);
	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	recent_look(f->attribution, NOW);
	second = make_socket(&s);
	assert_int_equal(wait_for(f, &s, 2), -EAGAIN);
	recent_look(f->attribution, NOW + 1000);
	assert_int_equal(owner_of(f, 2, &app), -EAGAIN);
	recent_look(f->attribution, NOW + 10 * SECOND);
	assert_int_equal(owner_of(f, 2, &app), 0);
	assert_int_equal(f->attribution->stats.looks, 2);
	close(first);
	close(second);
}

static void sockets_of_another_user_are_not_looked_for_there(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	uint16_t app;
	int fd;

	be_known(f);
	fd = make_socket(&s);
	s.uid++;
	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	recent_look(f->attribution, NOW);
	assert_int_equal(owner_of(f, 1, &app), -EAGAIN);
	close(fd);
}

static void a_look_reads_no_more_than_it_may(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	int first = make_socket(&s), second = make_socket(&s), last = make_socket(&s);
	unsigned int left = (unsigned int)last;
	pid_t pid;

	/* The descriptors are read in order, and 0 to `last` are one too many. */
	assert_true(procinfo_look(f->procinfo, getpid(), &left) >= 1);
	assert_int_equal(left, 0);
	assert_int_equal(procinfo_find_pid(f->procinfo, s.inode, &pid), -ENOENT);
	left = 1000;
	assert_int_equal(procinfo_look(f->procinfo, getpid(), &left), 1);
	assert_true(left < 1000 && left > 0);
	assert_int_equal(procinfo_find_pid(f->procinfo, s.inode, &pid), 0);
	close(first);
	close(second);
	close(last);
}

/* A child that is not known holds it; its elder brother is. */
static void a_server_that_forks_is_found_by_its_family(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	uint16_t app;
	pid_t elder = fork(), younger;
	int fd;

	if (elder == 0) {
		pause();
		_exit(0);
	}
	fd = make_socket(&s);
	younger = fork();
	if (younger == 0) {
		pause();
		_exit(0);
	}
	close(fd);
	f->attribution->recent[0] = (struct recent_owner){
		.pid = elder, .parent = getpid(), .uid = getuid()};
	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	recent_look(f->attribution, NOW);
	assert_int_equal(owner_of(f, 1, &app), 0);
	assert_int_equal(f->attribution->recent[0].pid, younger);
	assert_int_equal(f->attribution->recent[1].pid, elder);
	kill(elder, SIGKILL);
	kill(younger, SIGKILL);
	waitpid(elder, NULL, 0);
	waitpid(younger, NULL, 0);
}

static void a_number_that_was_given_anew_is_another_process(void **state)
{
	struct app_identity identity = {.kind = APP_KIND_EXE, .key = "exe:/other@0"};
	struct application *other, *found;
	struct fixture *f = *state;
	uint64_t start;

	assert_int_equal(procinfo_read_start(f->procinfo, getpid(), &start), 0);
	assert_int_equal(apps_intern(f->attribution, &identity, &other), 0);
	other->process_count = 1;
	other->processes[0] = (struct process){
		.pid = getpid(), .start_ticks = start, .known_ns = NOW};
	assert_int_equal(apps_find_process(f->attribution, getpid(), NOW, &found), 0);
	assert_ptr_equal(found, other);
	other->processes[0].start_ticks--;
	assert_int_equal(apps_find_process(f->attribution, getpid(), NOW, &found), 0);
	assert_ptr_not_equal(found, other);
	assert_int_equal(other->process_count, 0);
}

static void a_new_flow_of_an_old_tuple_begins_anew(void **state)
{
	struct fixture *f = *state;
	struct flow_key key = key_of(1);
	struct sockdiag_socket s;
	int fd = make_socket(&s);
	uint16_t app;

	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	assert_int_equal(scan_everything(f->attribution, NOW), 0);
	attribution_flow_began(f->attribution, &key);
	assert_int_equal(owner_of(f, 1, &app), -ENOENT);
	close(fd);
}

static void a_flow_that_ended_is_told_once(void **state)
{
	struct fixture *f = *state;
	struct flow_key key = key_of(1);
	struct sockdiag_socket s;
	int fd = make_socket(&s);
	uint16_t app = 0;

	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	assert_int_equal(scan_everything(f->attribution, NOW), 0);
	assert_int_equal(attribution_flow_ended(f->attribution, &key, &app), 0);
	assert_int_equal(app, f->last_app);
	assert_int_equal(attribution_flow_ended(f->attribution, &key, &app), -ENOENT);
	close(fd);
}

static void nothing_points_to_an_application_that_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;
	int fd = make_socket(&s);
	uint16_t app;

	assert_int_equal(wait_for(f, &s, 1), -EAGAIN);
	assert_int_equal(scan_everything(f->attribution, NOW), 0);
	sockets_forget_app(f->attribution, f->last_app);
	assert_int_equal(owner_of(f, 1, &app), -ENOENT);
	assert_null(sockets_get(f->attribution, s.inode));
	close(fd);
}

static void what_waits_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct sockdiag_socket s;

	close(make_socket(&s));
	for (unsigned int i = 0; i < WAITING_FLOWS_MAX + 10; i++)
		assert_int_equal(wait_for(f, &s, (uint16_t)i), -EAGAIN);
	assert_int_equal(HASH_COUNT(f->attribution->flows), WAITING_FLOWS_MAX);
	for (unsigned int i = 1; i < WAITING_MAX + 10; i++) {
		struct sockdiag_socket other = {.inode = s.inode + i, .uid = s.uid};

		assert_int_equal(wait_for(f, &other, 1), -EAGAIN);
	}
	assert_int_equal(f->attribution->stats.waiting, WAITING_MAX);
	sockets_forget_old(f->attribution, NOW + 3600 * SECOND);
	assert_int_equal(HASH_COUNT(f->attribution->flows), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_closed_socket_is_remembered_by_its_flow),
		CASE(one_closed_before_anybody_looked_is_nobodys),
		CASE(a_process_known_to_hold_such_sockets_is_looked_into_first),
		CASE(that_it_held_the_last_proves_nothing),
		CASE(looks_keep_their_distance),
		CASE(sockets_of_another_user_are_not_looked_for_there),
		CASE(a_look_reads_no_more_than_it_may),
		CASE(a_server_that_forks_is_found_by_its_family),
		CASE(a_number_that_was_given_anew_is_another_process),
		CASE(a_new_flow_of_an_old_tuple_begins_anew),
		CASE(a_flow_that_ended_is_told_once),
		CASE(nothing_points_to_an_application_that_is_forgotten),
		CASE(what_waits_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
