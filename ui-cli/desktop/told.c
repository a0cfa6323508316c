/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "told.h"
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

void told_load(const char *path, struct notices *n)
{
	json_t *list = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);

	for (size_t i = 0; i < json_array_size(list) && i < NOTICES_MAX; i++) {
		const json_t *item = json_array_get(list, i);
		const char *key = json_string_value(json_object_get(item, "key"));

		if (key)
			notices_know(n, key,
				     json_integer_value(json_object_get(item, "since")),
				     (uint32_t)json_integer_value(
					     json_object_get(item, "id")));
	}
	json_decref(list);
}

static json_t *make_list(const struct notices *n)
{
	json_t *list = json_array();
	const char *key;
	int64_t since;
	uint32_t id;
	size_t cursor = 0;

	while (notices_each_told(n, &cursor, &key, &since, &id))
		if (json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "key", key,
							  "since", (json_int_t)since,
							  "id", (json_int_t)id)) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

int told_save(const char *path, const struct notices *n)
{
	char temporary[PATH_MAX];
	json_t *list = make_list(n);
	int r = -ENOMEM;

	if (!list)
		return r;
	r = 0;
	errno = EIO; /* jansson does not say */
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >=
	    sizeof(temporary))
		r = -ENAMETOOLONG;
	else if (json_dump_file(list, temporary, JSON_COMPACT) < 0 ||
		 rename(temporary, path) < 0)
		r = -errno;
	json_decref(list);
	return r;
}
