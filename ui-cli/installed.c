/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "installed.h"
#include "core/setting.h"
#include "fields.h"
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATHS_MAX 8	       /* shown of one client */
#define FILE_MAX (1024 * 1024) /* of a configuration */

/* Where distributions, people and languages put programs; globs, "~" is the caller's.
 */
static const char *const program_dirs[] = {
	"/usr/bin",
	"/usr/sbin",
	"/usr/games",
	"/usr/local/bin",
	"/usr/local/sbin",
	"/usr/local/games",
	"/usr/lib",
	"/usr/libexec",
	"/snap/bin",
	"/opt",
	"/opt/*",
	"/opt/*/bin",
	"~",
	"~/bin",
	"~/.local/bin",
	"~/go/bin",
	NULL,
};
static const char *const unit_dirs[] = {
	"/etc/systemd/system",
	"/run/systemd/system",
	"/usr/lib/systemd/system",
	NULL,
};

static const char *home(void)
{
	const char *path = getenv("HOME");

	return path && *path == '/' ? path : NULL;
}

/* "~/x" of the caller. False without a home, or when it does not fit. */
static bool expand(const char *path, const char *rest, char buf[static PATH_MAX])
{
	const char *base = path[0] == '~' ? home() : "";
	int n = base ? snprintf(buf, PATH_MAX, "%s%s%s", base, path + (path[0] == '~'),
				rest)
		     : -1;

	return n >= 0 && n < PATH_MAX;
}

/* --- what is installed ------------------------------------------------------------ */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool has_text(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
			return true;
	return false;
}

static void add_matches(const char *pattern, bool (*is_wanted)(const char *),
			json_t *list)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (json_array_size(list) < PATHS_MAX &&
			    is_wanted(found.gl_pathv[i]) &&
			    !has_text(list, found.gl_pathv[i]))
				json_array_append_new(list,
						      json_string(found.gl_pathv[i]));
	globfree(&found);
}

static void add_from_dirs(const char *const *dirs, const char *rest,
			  bool (*is_wanted)(const char *), json_t *list)
{
	char pattern[PATH_MAX];

	for (; *dirs; dirs++)
		if (expand(*dirs, rest, pattern))
			add_matches(pattern, is_wanted, list);
}

/* A whole path is looked up; what begins with a star is looked for. */
static json_t *find_paths(const struct catalogue_client *client)
{
	json_t *list = json_array();
	char rest[PATH_MAX];

	for (size_t i = 0; list && i < client->exe_count; i++) {
		if (strncmp(client->exes[i], "*/", 2) == 0)
			add_from_dirs(program_dirs, client->exes[i] + 1, is_program,
				      list);
		else if (client->exes[i][0] == '/')
			add_matches(client->exes[i], is_program, list);
	}
	for (size_t i = 0; list && i < client->unit_count; i++) {
		snprintf(rest, sizeof(rest), "/%s", client->units[i]);
		add_from_dirs(unit_dirs, rest, is_file, list);
	}
	return list;
}

/* --- what runs -------------------------------------------------------------------- */

static bool is_refused(const json_t *app)
{
	const char *decision = field_text(app, "decision");

	return field_bool(app, "enforced") &&
	       (strcmp(decision, "forbid") == 0 || strcmp(decision, "block") == 0);
}

static json_t *find_running(const struct catalogue_client *client, const json_t *apps,
			    bool *ret_is_refused, bool *ret_is_others)
{
	json_t *list = json_array();

	*ret_is_refused = json_array_size(apps) > 0;
	*ret_is_others = false;
	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (strcmp(field_text(app, "client"), client->id) != 0 ||
		    !json_array_size(json_object_get(app, "pids")))
			continue;
		*ret_is_refused &= is_refused(app);
		*ret_is_others |= field_int(app, "uid") != (int64_t)getuid();
		json_array_append_new(list, json_string(field_text(app, "name")));
	}
	*ret_is_refused &= json_array_size(list) > 0;
	return list;
}

/* --- its own setting -------------------------------------------------------------- */

/* "set", "not set"; "unknown": the file can't be read. */
static const char *read_setting(const char *path, const char *line)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *state = "unknown";
	struct stat st;
	ssize_t n = -1;
	char *text;

	if (fd < 0)
		return state;
	text = malloc(FILE_MAX);
	if (text && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, FILE_MAX);
	if (n >= 0)
		state = setting_is_said(text, (size_t)n, line) ? "set" : "not set";
	free(text);
	close(fd);
	return state;
}

/*
 * The file that is there, else the first that could be. Another user's home is not
 * looked into: whatever is there, he made.
 */
static json_t *find_setting(const struct catalogue_client *client, bool is_others)
{
	const char *file = client->forbid_file_count ? client->forbid_files[0] : "";
	const char *state = client->forbid_file_count ? "not set" : "none";
	char path[PATH_MAX];

	for (size_t i = 0; i < client->forbid_file_count; i++) {
		const char *candidate = client->forbid_files[i];

		if (candidate[0] == '~' && is_others) {
			file = candidate;
			state = "unknown";
		} else if (expand(candidate, "", path) && access(path, F_OK) == 0) {
			file = candidate;
			state = read_setting(path, client->forbid_line);
			break;
		}
	}
	return json_pack("{s:s, s:s, s:s, s:s}", "state", state, "file", file, "line",
			 client->forbid_line, "command", client->forbid_command);
}

/* --- all of them ------------------------------------------------------------------ */

static json_t *find_client(const struct catalogue_client *client, const json_t *apps)
{
	bool refused, others;
	json_t *running = find_running(client, apps, &refused, &others);
	json_t *paths = find_paths(client);

	if (!json_array_size(running) && !json_array_size(paths)) {
		json_decref(running);
		json_decref(paths);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:b, s:o}", "id",
			 client->id, "title", client->title, "word", client->word,
			 "when", client->when, "forbid", client->forbid,
			 "needs_inbound", client->needs_inbound, "running", running,
			 "paths", paths, "refused", refused, "setting",
			 find_setting(client, others));
}

json_t *installed_clients(const struct catalogue *c, const json_t *apps)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < c->count; i++) {
		json_t *client =
			c->clients[i].trade ? NULL : find_client(&c->clients[i], apps);

		if (client)
			json_array_append_new(list, client);
	}
	return list;
}
