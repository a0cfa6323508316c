/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/containers.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (4 << 20) /* Podman has one file for all */
#define PATH_SIZE 512

/* A regular file of an engine as JSON, or NULL. */
static json_t *load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	json_t *json = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
		json = json_loadfd(fd, 0, NULL);
	close(fd);
	return json;
}

/* Docker writes "/name". */
static int copy_name(const json_t *name, char *ret_name, size_t size)
{
	const char *text = json_string_value(name);

	if (text && *text == '/')
		text++;
	if (!text || !*text)
		return -ENOENT;
	snprintf(ret_name, size, "%s", text);
	return 0;
}

static int find_docker(const char *root, const char *id, char *ret_name, size_t size)
{
	char path[PATH_SIZE];
	json_t *config;
	int r;

	snprintf(path, sizeof(path), "%s/var/lib/docker/containers/%s/config.v2.json",
		 root, id);
	config = load(path);
	r = copy_name(json_object_get(config, "Name"), ret_name, size);
	json_decref(config);
	return r;
}

static int find_podman(const char *root, const char *id, char *ret_name, size_t size)
{
	char path[PATH_SIZE];
	json_t *all, *container;
	int r = -ENOENT;
	size_t i;

	snprintf(path, sizeof(path),
		 "%s/var/lib/containers/storage/overlay-containers/containers.json",
		 root);
	all = load(path);
	json_array_foreach (all, i, container) {
		const char *its_id =
			json_string_value(json_object_get(container, "id"));

		if (its_id && strcmp(its_id, id) == 0)
			r = copy_name(
				json_array_get(json_object_get(container, "names"), 0),
				ret_name, size);
	}
	json_decref(all);
	return r;
}

/* It becomes part of a path. */
static bool is_id(const char *id)
{
	size_t n = strspn(id, "0123456789abcdefABCDEF");

	return n > 0 && id[n] == '\0';
}

int containers_find_name(const char *root, const char *engine, const char *id,
			 char *ret_name, size_t size)
{
	if (!is_id(id))
		return -ENOENT;
	if (strcmp(engine, "docker") == 0)
		return find_docker(root, id, ret_name, size);
	if (strcmp(engine, "podman") == 0)
		return find_podman(root, id, ret_name, size);
	return -ENOENT;
}
