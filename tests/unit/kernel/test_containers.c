/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/containers.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DOCKER "/var/lib/docker/containers/" ID
#define PODMAN "/var/lib/containers/storage/overlay-containers"

static char root[] = "/tmp/test_containers.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* `path` begins with a slash; what it needs above it is made. */
static void write_file(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(full, 0700);
		*at = '/';
	}
	f = fopen(full, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int find(const char *engine, const char *id, char name[static 16])
{
	strcpy(name, "untouched");
	return containers_find_name(root, engine, id, name, 16);
}

static void docker_has_a_file_for_each(void **state)
{
	char name[16];

	(void)state;
	assert_int_equal(find("docker", ID, name), -ENOENT);
	assert_string_equal(name, "untouched");
	write_file(DOCKER "/config.v2.json", "{\"ID\": \"x\", \"Name\": \"/web\"}");
	assert_int_equal(find("docker", ID, name), 0);
	assert_string_equal(name, "web");
	/* What does not fit is cut. */
	write_file(DOCKER "/config.v2.json", "{\"Name\": \"/a-name-that-is-long\"}");
	assert_int_equal(find("docker", ID, name), 0);
	assert_string_equal(name, "a-name-that-is-");
}

static void podman_has_one_for_all(void **state)
{
	char name[16];

	(void)state;
	write_file(PODMAN "/containers.json",
		   "[{\"id\": \"ffff\", \"names\": [\"other\"]}, {\"names\": 3}, 7, "
		   "{\"id\": \"" ID "\", \"names\": [\"mail\", \"second\"]}]");
	assert_int_equal(find("podman", ID, name), 0);
	assert_string_equal(name, "mail");
	assert_int_equal(find("podman", "eeee", name), -ENOENT);
}

static void a_file_that_says_no_name_is_none(void **state)
{
	static const char *const texts[] = {"",
					    "{",
					    "[]",
					    "{\"Name\": 3}",
					    "{\"Name\": \"/\"}",
					    "{\"Name\": \"\"}"};
	char name[16], full[256];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(DOCKER "/config.v2.json", texts[i]);
		assert_int_equal(find("docker", ID, name), -ENOENT);
	}
	/* Nor is what is no file waited for. */
	snprintf(full, sizeof(full), "%s" DOCKER "/config.v2.json", root);
	assert_int_equal(unlink(full), 0);
	assert_int_equal(mkfifo(full, 0600), 0);
	assert_int_equal(find("docker", ID, name), -ENOENT);
}

static void an_id_does_not_lead_elsewhere(void **state)
{
	char name[16];

	(void)state;
	write_file("/var/lib/docker/config.v2.json", "{\"Name\": \"/web\"}");
	assert_int_equal(find("docker", "..", name), -ENOENT);
	assert_int_equal(find("docker", "", name), -ENOENT);
	assert_int_equal(find("docker", "ab/../..", name), -ENOENT);
	assert_int_equal(find("lxc", ID, name), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker_has_a_file_for_each),
		cmocka_unit_test(podman_has_one_for_all),
		cmocka_unit_test(a_file_that_says_no_name_is_none),
		cmocka_unit_test(an_id_does_not_lead_elsewhere),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
