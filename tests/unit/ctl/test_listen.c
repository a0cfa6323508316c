/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/listen.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka.h wants the headers above first. */
#include <cmocka.h>

#define STARTERS 4
#define ROUNDS 20

struct place {
	char dir[32], path[64], lock[80];
};

static int place_make(void **state)
{
	static struct place p;

	strcpy(p.dir, "/tmp/rw-listen.XXXXXX");
	if (!mkdtemp(p.dir))
		return -1;
	snprintf(p.path, sizeof(p.path), "%s/control.sock", p.dir);
	snprintf(p.lock, sizeof(p.lock), "%s.lock", p.path);
	*state = &p;
	return 0;
}

/* Fails when anything is left in it. */
static int place_remove(void **state)
{
	const struct place *p = *state;

	return rmdir(p->dir);
}

/* What a killed daemon leaves: a socket nobody listens on. */
static void leave_stale(const struct place *p)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, p->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static bool answers(const struct place *p)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool does;

	strcpy(address.sun_path, p->path);
	does = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return does;
}

enum { GO, TOLD, END, PIPES };

/* Tells whether it got the socket by a byte, and keeps it until the end is closed. */
static void starter(const struct place *p, int pipes[PIPES][2])
{
	struct ctl_listener l;
	char byte;
	int r;

	close(pipes[END][1]);
	if (read(pipes[GO][0], &byte, 1) != 1)
		_exit(1);
	r = ctl_listen(p->path, &l);
	byte = r == 0 ? 'y' : r == -EADDRINUSE ? 'n' : '?';
	if (write(pipes[TOLD][1], &byte, 1) != 1 || read(pipes[END][0], &byte, 1) != 0)
		_exit(1);
	if (r == 0)
		ctl_listener_done(&l);
	_exit(0);
}

/* What STARTERS were told: 'y' for each that got it. */
static void start_at_once(const struct place *p, char told[STARTERS + 1],
			  bool *ret_answers)
{
	int pipes[PIPES][2];

	memset(told, 0, STARTERS + 1);
	for (int i = 0; i < PIPES; i++)
		assert_int_equal(pipe(pipes[i]), 0);
	for (int i = 0; i < STARTERS; i++)
		if (fork() == 0)
			starter(p, pipes);
	assert_int_equal(write(pipes[GO][1], "gogo", STARTERS), STARTERS);
	for (int i = 0; i < STARTERS; i++)
		assert_int_equal(read(pipes[TOLD][0], &told[i], 1), 1);
	*ret_answers = answers(p);
	for (int i = 0; i < PIPES; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	while (wait(NULL) > 0)
		;
}

static int by_letter(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void one_of_those_that_start_at_once_takes_a_stale_socket(void **state)
{
	const struct place *p = *state;

	char told[STARTERS + 1];
	bool is_answered;

	for (int i = 0; i < ROUNDS; i++) {
		leave_stale(p);
		start_at_once(p, told, &is_answered);
		qsort(told, STARTERS, 1, by_letter);
		assert_string_equal(told, "nnny");
		assert_true(is_answered);
	}
}

static void a_second_one_is_told_that_there_is_a_first(void **state)
{
	const struct place *p = *state;
	struct ctl_listener first, second;

	assert_int_equal(ctl_listen(p->path, &first), 0);
	assert_int_equal(ctl_listen(p->path, &second), -EADDRINUSE);
	assert_true(answers(p));
	ctl_listener_done(&first);
	assert_int_equal(ctl_listen(p->path, &second), 0);
	ctl_listener_done(&second);
}

static void a_lock_that_nobody_holds_any_more_is_no_obstacle(void **state)
{
	const struct place *p = *state;
	struct ctl_listener l;

	close(open(p->lock, O_CREAT | O_RDWR, 0600));
	leave_stale(p);
	assert_int_equal(ctl_listen(p->path, &l), 0);
	assert_true(answers(p));
	ctl_listener_done(&l);
}

static void a_link_in_the_place_of_the_lock_is_not_followed(void **state)
{
	const struct place *p = *state;
	struct ctl_listener l;

	assert_int_equal(symlink("/dev/null", p->lock), 0);
	assert_int_equal(ctl_listen(p->path, &l), -ELOOP);
	assert_int_equal(unlink(p->lock), 0);
}

static void a_file_that_is_no_socket_stays(void **state)
{
	const struct place *p = *state;
	struct ctl_listener l;

	close(open(p->path, O_CREAT | O_RDWR, 0600));
	assert_int_equal(ctl_listen(p->path, &l), -EEXIST);
	assert_int_equal(unlink(p->path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
		TEST(one_of_those_that_start_at_once_takes_a_stale_socket),
		TEST(a_second_one_is_told_that_there_is_a_first),
		TEST(a_lock_that_nobody_holds_any_more_is_no_obstacle),
		TEST(a_link_in_the_place_of_the_lock_is_not_followed),
		TEST(a_file_that_is_no_socket_stays),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
