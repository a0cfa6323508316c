/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound and cameras, from a tree of links like those of /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/tree.h"
#include "kernel/procinfo.h"
#include "kernel/procparse.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char root[64];
	struct procinfo *procinfo;
	struct procinfo_devices devices;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[128];

	assert_non_null(f);
	snprintf(f->root, sizeof(f->root), "/tmp/rw-test-devices-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(path, sizeof(path), "%s/7", f->root);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/7/fd", f->root);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(procinfo_open(f->root, NULL, &f->procinfo), 0);
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

static void put_link(const struct fixture *f, int fd, const char *target)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/7/fd/%d", f->root, fd);
	assert_int_equal(symlink(target, path), 0);
}

static int read_devices(struct fixture *f, unsigned int max)
{
	static const uint64_t sound[] = {10, 20, 30};

	f->devices = (struct procinfo_devices){false, false};
	return procinfo_read_devices(f->procinfo, 7, sound, 3, max, &f->devices);
}

static void a_process_with_files_alone_has_neither(void **state)
{
	struct fixture *f = *state;

	put_link(f, 0, "/dev/null");
	put_link(f, 1, "/home/x/dev/snd/pcmC0D0p");
	put_link(f, 2, "socket:[25]");
	put_link(f, 3, "/dev/snd/controlC0");
	put_link(f, 4, "/dev/video-notes.txt");
	assert_int_equal(read_devices(f, 100), 5);
	assert_false(f->devices.has_sound);
	assert_false(f->devices.has_camera);
}

static void an_open_stream_is_sound(void **state)
{
	struct fixture *f = *state;

	put_link(f, 3, "/dev/snd/pcmC1D0c");
	assert_int_equal(read_devices(f, 100), 1);
	assert_true(f->devices.has_sound);
	assert_false(f->devices.has_camera);
}

static void an_open_video_device_is_a_camera(void **state)
{
	struct fixture *f = *state;

	put_link(f, 3, "/dev/video2");
	assert_int_equal(read_devices(f, 100), 1);
	assert_false(f->devices.has_sound);
	assert_true(f->devices.has_camera);
}

static void a_connection_to_a_sound_server_is_sound(void **state)
{
	struct fixture *f = *state;

	put_link(f, 3, "socket:[30]");
	assert_int_equal(read_devices(f, 100), 1);
	assert_true(f->devices.has_sound);
}

static void no_more_is_read_than_allowed(void **state)
{
	struct fixture *f = *state;

	for (int fd = 0; fd < 10; fd++)
		put_link(f, fd, "socket:[20]");
	assert_int_equal(read_devices(f, 4), 4);
	assert_int_equal(read_devices(f, 0), 0);
	assert_false(f->devices.has_sound);
}

static void a_process_that_is_gone_is_esrch(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(procinfo_read_devices(f->procinfo, 8, NULL, 0, 9, &f->devices),
			 -ESRCH);
}

static void sound_servers_are_known_by_their_paths(void **state)
{
	static const struct {
		const char *path;
		bool is_one;
	} cases[] = {{"/run/user/1000/pulse/native", true},
		     {"/run/user/1000/pipewire-0", true},
		     {"/run/user/1000/pipewire-0-manager", true},
		     {"/run/user/1000/bus", false},
		     {"/run/dbus/system_bus_socket", false},
		     {"/run/pulse/native", true},
		     {"/dev/shm/jack-1000/default/jack_0", true},
		     {"/tmp/x/pulse/native", false},
		     {"/run/user/1000/x/pulse/native", false},
		     {"/home/ann/run/user/1000/pulse/native", false},
		     {"/run/user/1000/pipewire-01", false},
		     {"native", false},
		     {"", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			procparse_is_sound_server(cases[i].path, strlen(cases[i].path)),
			cases[i].is_one);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_process_with_files_alone_has_neither),
		CASE(an_open_stream_is_sound),
		CASE(an_open_video_device_is_a_camera),
		CASE(a_connection_to_a_sound_server_is_sound),
		CASE(no_more_is_read_than_allowed),
		CASE(a_process_that_is_gone_is_esrch),
		cmocka_unit_test(sound_servers_are_known_by_their_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
