/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries as they arrive at a socket of our own. */
#include "base/journal.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char dir[32], path[64];
	int fd, receiver;
};

static int setup(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/rw-journal.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/socket", f->dir);
	strcpy(address.sun_path, f->path);
	f->receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_return_code(f->receiver, errno);
	assert_return_code(
		bind(f->receiver, (const struct sockaddr *)&address, sizeof(address)),
		errno);
	f->fd = journal_open();
	assert_return_code(f->fd, errno);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	close(f->receiver);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void an_entry_arrives_field_by_field(void **state)
{
	const struct journal_field fields[] = {{"MESSAGE", "n2n is a relay = yes"},
					       {"PRIORITY", "4"}};
	struct fixture *f = *state;
	char entry[256] = "";

	assert_int_equal(journal_send(f->fd, f->path, fields, 2), 0);
	assert_in_range(recv(f->receiver, entry, sizeof(entry) - 1, 0), 1, 255);
	assert_string_equal(entry, "MESSAGE=n2n is a relay = yes\nPRIORITY=4\n");
}

static void a_line_break_can_not_forge_a_field(void **state)
{
	const struct journal_field forged = {"MESSAGE", "a\nPRIORITY=0"};
	struct fixture *f = *state;
	char entry[8];

	assert_int_equal(journal_send(f->fd, f->path, &forged, 1), -EINVAL);
	assert_int_equal(recv(f->receiver, entry, sizeof(entry), 0), -1);
}

static void too_much_is_refused(void **state)
{
	char *text = malloc(JOURNAL_ENTRY_MAX + 1);
	struct journal_field field = {"MESSAGE", text};
	struct fixture *f = *state;

	memset(text, 'x', JOURNAL_ENTRY_MAX);
	text[JOURNAL_ENTRY_MAX] = '\0';
	assert_int_equal(journal_send(f->fd, f->path, &field, 1), -EMSGSIZE);
	free(text);
}

/* The point of it: nobody reads, and it comes back every time. */
static void a_journal_that_hangs_is_not_waited_for(void **state)
{
	const struct journal_field field = {"MESSAGE", "again"};
	struct fixture *f = *state;
	int r = 0;

	for (unsigned int i = 0; i < 100000 && r == 0; i++)
		r = journal_send(f->fd, f->path, &field, 1);
	assert_int_equal(r, -EAGAIN);
}

static void where_there_is_none_it_says_so(void **state)
{
	const struct journal_field field = {"MESSAGE", "hello"};
	struct fixture *f = *state;

	assert_int_equal(journal_send(f->fd, "/nonexistent/socket", &field, 1),
			 -ENOENT);
	close(f->receiver);
	assert_int_equal(journal_send(f->fd, f->path, &field, 1), -ECONNREFUSED);
}

static void stderr_is_the_journals_only_if_it_is_that_stream(void **state)
{
	char stream[64];
	struct stat st;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	assert_false(journal_is_stderr());
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_true(journal_is_stderr());
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_false(journal_is_stderr());
	setenv("JOURNAL_STREAM", "nonsense", 1);
	assert_false(journal_is_stderr());
	unsetenv("JOURNAL_STREAM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_entry_arrives_field_by_field, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_line_break_can_not_forge_a_field,
						setup, teardown),
		cmocka_unit_test_setup_teardown(too_much_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_journal_that_hangs_is_not_waited_for,
						setup, teardown),
		cmocka_unit_test_setup_teardown(where_there_is_none_it_says_so, setup,
						teardown),
		cmocka_unit_test(stderr_is_the_journals_only_if_it_is_that_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
