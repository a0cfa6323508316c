/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real server on a real socket: accepting, requests, replies, who is admin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/clients.h"
#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the socket ---------------------------------------------------------------- */

static void the_socket_is_open_to_all_in_a_directory_that_is_not(void **state)
{
	struct fixture *f = *state;
	char parent[64];
	struct stat st;
	mode_t old = umask(0077);

	start(f, 0);
	assert_int_equal(umask(old), 0077); /* left as it was */
	assert_int_equal(stat(f->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0666);
	strcpy(parent, f->path);
	*strrchr(parent, '/') = '\0';
	assert_int_equal(stat(parent, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
}

static void a_socket_nobody_answers_on_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char parent[64];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(parent, f->path);
	*strrchr(parent, '/') = '\0';
	assert_int_equal(mkdir(parent, 0755), 0);
	strcpy(a.sun_path, f->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	start(f, 0);
	fd = dial(f);
	say_echo(f, fd, 3);
	expect_echo(f, fd, 3);
	close(fd);
}

static void a_second_agent_does_not_take_the_socket_away(void **state)
{
	struct fixture *f = *state;
	struct ctl_server_options o = {.path = f->path};
	struct ctl_server *second = NULL;

	start(f, 0);
	assert_int_equal(ctl_server_new(f->event, &o, &second), -EADDRINUSE);
	assert_null(second);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void a_file_that_is_no_socket_stays(void **state)
{
	struct fixture *f = *state;
	struct ctl_server_options o = {.path = f->path};
	struct ctl_server *server;
	FILE *file;

	*strrchr(f->path, '/') = '\0';
	assert_int_equal(mkdir(f->path, 0755), 0);
	strcat(f->path, "/control.sock");
	file = fopen(f->path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(ctl_server_new(f->event, &o, &server), -EEXIST);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void a_path_too_long_is_refused(void **state)
{
	struct fixture *f = *state;
	struct ctl_server_options o = {0};
	struct ctl_server *server;
	char path[200];

	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	o.path = path;
	assert_int_equal(ctl_server_new(f->event, &o, &server), -ENAMETOOLONG);
}

static void the_socket_goes_with_the_server(void **state)
{
	struct fixture *f = *state;

	start(f, 0);
	ctl_server_free(f->server);
	f->server = NULL;
	assert_int_equal(access(f->path, F_OK), -1);
}

/* --- well-behaved clients ------------------------------------------------------ */

static void the_method_learns_who_asks(void **state)
{
	struct fixture *f = *state;
	struct varlink_decoder d;
	json_t *reply, *p;
	int fd;

	start(f, 0);
	fd = dial(f);
	say_echo(f, fd, 1);
	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	reply = hear(f, fd, &d);
	p = json_object_get(reply, "parameters");
	assert_int_equal(json_integer_value(json_object_get(p, "uid")), getuid());
	assert_int_equal(json_integer_value(json_object_get(p, "pid")), getpid());
	assert_int_equal(json_is_true(json_object_get(p, "admin")), getuid() == 0);
	json_decref(reply);
	varlink_decoder_done(&d);
	close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct fixture *f = *state;
	struct varlink_decoder d;
	int fd;

	start(f, 0);
	fd = dial(f);
	for (int i = 0; i < 200; i++)
		say_echo(f, fd, i);
	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	for (int i = 0; i < 200; i++) {
		json_t *reply = hear(f, fd, &d);

		assert_non_null(reply);
		assert_int_equal(get_n(reply), i);
		json_decref(reply);
	}
	varlink_decoder_done(&d);
	close(fd);
}

static void requests_before_the_end_of_sending_are_answered(void **state)
{
	struct fixture *f = *state;
	struct varlink_decoder d;
	int fd;

	start(f, 0);
	fd = dial(f);
	say_echo(f, fd, 1);
	say_echo(f, fd, 2);
	shutdown(fd, SHUT_WR);
	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	for (int i = 1; i <= 2; i++) {
		json_t *reply = hear(f, fd, &d);

		assert_non_null(reply);
		assert_int_equal(get_n(reply), i);
		json_decref(reply);
	}
	assert_null(hear(f, fd, &d));
	varlink_decoder_done(&d);
	close(fd);
}

static void a_oneway_request_from_a_client_already_gone_is_done(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f, 0);
	fd = dial(f);
	say_text(f, fd, "{\"method\":\"org.relaywarden.Agent.Echo\",\"oneway\":true}");
	say_text(f, fd, "{\"method\":\"org.relaywarden.Agent.Echo\",\"oneway\":true}");
	close(fd);
	while (ctl_server_stats(f->server)->accepted == 0 ||
	       ctl_server_stats(f->server)->clients > 0)
		turn(f);
	assert_int_equal(f->calls, 2);
}

static void a_reply_larger_than_the_socket_arrives_whole(void **state)
{
	struct fixture *f = *state;
	struct varlink_decoder d;
	json_t *reply, *p;
	int fd;

	start(f, 0);
	fd = dial(f);
	say_text(f, fd, "{\"method\":\"org.relaywarden.Agent.Big\"}");
	varlink_decoder_init(&d, VARLINK_REPLY_MAX);
	reply = hear(f, fd, &d);
	assert_non_null(reply);
	p = json_object_get(reply, "parameters");
	assert_int_equal(json_string_length(json_object_get(p, "text")), BIG_REPLY);
	json_decref(reply);
	varlink_decoder_done(&d);
	close(fd);
}

static void a_reply_beyond_the_bound_becomes_an_error(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f, 0);
	fd = dial(f);
	say_text(f, fd, "{\"method\":\"org.relaywarden.Agent.Huge\"}");
	expect_reply_error(f, fd, "org.relaywarden.Agent.Failed");
	close(fd);
}

/* --- others -------------------------------------------------------------------- */

static void half_a_request_and_nothing_more_is_dropped(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f, 50 * MILLISECOND);
	fd = dial(f);
	assert_true(say(f, fd, "{\"method\":", 10));
	expect_hangup(f, fd);
	assert_int_equal(ctl_server_stats(f->server)->timeouts, 1);
	assert_int_equal(ctl_server_stats(f->server)->clients, 0);
	close(fd);
}

static void a_client_that_says_nothing_is_dropped(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f, 50 * MILLISECOND);
	fd = dial(f);
	expect_hangup(f, fd);
	assert_int_equal(ctl_server_stats(f->server)->timeouts, 1);
	close(fd);
}

static void a_client_that_does_not_read_is_dropped_and_others_are_served(void **state)
{
	struct fixture *f = *state;
	int slow, quick;

	start(f, 3000 * MILLISECOND);
	slow = dial(f);
	say_text(f, slow, "{\"method\":\"org.relaywarden.Agent.Big\"}");
	while (ctl_server_stats(f->server)->requests == 0)
		turn(f);
	quick = dial(f);
	say_echo(f, quick, 9);
	expect_echo(f, quick, 9);
	assert_int_equal(ctl_server_stats(f->server)->timeouts, 0);
	close(quick);
	while (ctl_server_stats(f->server)->clients > 0)
		turn(f);
	assert_int_equal(ctl_server_stats(f->server)->timeouts, 1);
	close(slow);
}

static void half_a_request_and_the_end_is_counted(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f, 0);
	fd = dial(f);
	assert_true(say(f, fd, "{\"meth", 6));
	shutdown(fd, SHUT_WR);
	expect_hangup(f, fd);
	assert_int_equal(ctl_server_stats(f->server)->bad, 1);
	close(fd);
}

static void a_megabyte_is_refused_with_a_reason(void **state)
{
	struct fixture *f = *state;
	size_t size = 1024 * 1024;
	char *data = malloc(size);
	int fd;

	start(f, 0);
	fd = dial(f);
	memset(data, ' ', size);
	assert_false(say(f, fd, data, size));
	expect_reply_error(f, fd, "org.relaywarden.Agent.BadRequest");
	assert_int_equal(ctl_server_stats(f->server)->bad, 1);
	assert_int_equal(ctl_server_stats(f->server)->clients, 0);
	close(fd);
	free(data);
}

static void expect_bad_request(struct fixture *f, const char *text)
{
	uint64_t bad = ctl_server_stats(f->server)->bad;
	int fd = dial(f);

	say_text(f, fd, text);
	expect_reply_error(f, fd, "org.relaywarden.Agent.BadRequest");
	expect_hangup(f, fd);
	assert_int_equal(ctl_server_stats(f->server)->bad, bad + 1);
	close(fd);
}

static void garbage_is_refused_with_a_reason(void **state)
{
	struct fixture *f = *state;

	start(f, 0);
	expect_bad_request(f, "GET / HTTP/1.1\r\n\r\n");
	expect_bad_request(f, "\x7f\x45\x4c\x46\x02\x01\x01\xff\xfe");
	expect_bad_request(f, "");
	expect_bad_request(f, "{\"parameters\":{}}");
	expect_bad_request(f, "{\"method\":\"a.B\",\"parameters\":7}");
}

static void deep_nesting_is_refused_with_a_reason(void **state)
{
	struct fixture *f = *state;
	char text[60001];

	start(f, 0);
	memset(text, '[', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	expect_bad_request(f, text);
	memcpy(text, "{\"method\":\"a.B\",\"parameters\":", 29);
	expect_bad_request(f, text);
}

static void one_user_gets_eight_connections(void **state)
{
	struct fixture *f = *state;
	int fds[CTL_CLIENTS_PER_UID], extra;

	start(f, 0);
	for (int i = 0; i < CTL_CLIENTS_PER_UID; i++)
		fds[i] = dial(f);
	extra = dial(f);
	expect_reply_error(f, extra, "org.relaywarden.Agent.Busy");
	expect_hangup(f, extra);
	assert_int_equal(ctl_server_stats(f->server)->refused, 1);
	close(extra);
	/* A place is free again as soon as one leaves. */
	close(fds[0]);
	while (ctl_server_stats(f->server)->clients == CTL_CLIENTS_PER_UID)
		turn(f);
	fds[0] = dial(f);
	for (int i = 0; i < CTL_CLIENTS_PER_UID; i++) {
		say_echo(f, fds[i], i);
		expect_echo(f, fds[i], i);
		close(fds[i]);
	}
}

/* --- who is admin -------------------------------------------------------------- */

/* Forks a client with these ids that connects and stays until hang_up(). */
static pid_t dial_as(const struct fixture *f, uid_t uid, gid_t gid, gid_t extra)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		strcpy(a.sun_path, f->path);
		if (setgroups(1, &extra) < 0 || setresgid(gid, gid, gid) < 0 ||
		    setresuid(uid, uid, uid) < 0 ||
		    connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
			_exit(1);
		/* A failed test leaves nobody behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(ready[1], "r", 1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void hang_up(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_member_of_the_group_is_admin_and_others_are_not(void **state)
{
	static const struct {
		uid_t uid;
		gid_t gid, extra;
		bool is_admin;
	} cases[] = {
		{4242, 4242, 4242, false},
		{4242, 4242, 777, true}, /* supplementary */
		{4242, 777, 4242, true}, /* primary */
		{0, 4242, 4242, true},
	};
	struct fixture *f = *state;

	if (getuid() != 0)
		skip();
	assert_int_equal(chmod(f->directory, 0755), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};
		int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
		struct ctl_peer peer;
		pid_t pid;

		snprintf(f->path, sizeof(f->path), "%s/plain.sock", f->directory);
		strcpy(a.sun_path, f->path);
		assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
		assert_int_equal(chmod(f->path, 0666), 0);
		assert_int_equal(listen(listener, 1), 0);
		pid = dial_as(f, cases[i].uid, cases[i].gid, cases[i].extra);
		fd = accept(listener, NULL, NULL);
		assert_int_equal(ctl_peer_read(fd, 777, &peer), 0);
		assert_int_equal(peer.uid, cases[i].uid);
		assert_int_equal(peer.pid, pid);
		assert_int_equal(peer.is_admin, cases[i].is_admin);
		assert_int_equal(ctl_peer_read(fd, CTL_GID_NONE, &peer), 0);
		assert_int_equal(peer.is_admin, cases[i].uid == 0);
		hang_up(pid);
		close(fd);
		close(listener);
		unlink(f->path);
	}
}

static void users_cannot_take_the_places_kept_for_admins(void **state)
{
	const int places = CTL_CLIENTS_MAX - CTL_CLIENTS_RESERVED;
	struct fixture *f = *state;
	int fd;
	pid_t pids[CTL_CLIENTS_MAX];

	if (getuid() != 0)
		skip();
	assert_int_equal(chmod(f->directory, 0755), 0);
	start(f, 0);
	for (int i = 0; i < places + 1; i++) {
		uid_t uid = 4000 + (uid_t)i / CTL_CLIENTS_PER_UID;
		const struct ctl_server_stats *s = ctl_server_stats(f->server);

		pids[i] = dial_as(f, uid, uid, uid);
		while (s->accepted + s->refused <= (uint64_t)i)
			turn(f);
	}
	assert_int_equal(ctl_server_stats(f->server)->clients, places);
	assert_int_equal(ctl_server_stats(f->server)->refused, 1);
	fd = dial(f);
	say_echo(f, fd, 5);
	expect_echo(f, fd, 5);
	close(fd);
	for (int i = 0; i < places + 1; i++)
		hang_up(pids[i]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_socket_is_open_to_all_in_a_directory_that_is_not),
		CASE(a_socket_nobody_answers_on_is_replaced),
		CASE(a_second_agent_does_not_take_the_socket_away),
		CASE(a_file_that_is_no_socket_stays),
		CASE(a_path_too_long_is_refused),
		CASE(the_socket_goes_with_the_server),
		CASE(the_method_learns_who_asks),
		CASE(pipelined_requests_are_answered_in_order),
		CASE(requests_before_the_end_of_sending_are_answered),
		CASE(a_oneway_request_from_a_client_already_gone_is_done),
		CASE(a_reply_larger_than_the_socket_arrives_whole),
		CASE(a_reply_beyond_the_bound_becomes_an_error),
		CASE(half_a_request_and_nothing_more_is_dropped),
		CASE(a_client_that_says_nothing_is_dropped),
		CASE(a_client_that_does_not_read_is_dropped_and_others_are_served),
		CASE(half_a_request_and_the_end_is_counted),
		CASE(a_megabyte_is_refused_with_a_reason),
		CASE(garbage_is_refused_with_a_reason),
		CASE(deep_nesting_is_refused_with_a_reason),
		CASE(one_user_gets_eight_connections),
		CASE(a_member_of_the_group_is_admin_and_others_are_not),
		CASE(users_cannot_take_the_places_kept_for_admins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
