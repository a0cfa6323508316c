/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/conffile.h"
#include "base/text.h"
#include "client.h"
#include "fields.h"
#include "views.h"
#include "words.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const default_layers[] = {
	"/usr/share/relaywarden/policy.d",
	"/etc/relaywarden/policy.d",
	"/run/relaywarden/policy.d",
};

/* --- check: without an agent --------------------------------------------------- */

/* Paths and what stands in files may be anything; JSON is UTF-8. */
static json_t *make_text(const char *text)
{
	char copy[PATH_MAX + 1];

	return json_string(text_escape(text, copy, sizeof(copy)));
}

static json_t *make_files(const struct conffiles *files)
{
	json_t *list = json_array();

	for (size_t i = 0; i < files->count; i++)
		json_array_append_new(list, make_text(files->files[i].path));
	return list;
}

static enum exit_code print_check_json(const struct conffiles *files,
				       const struct policy *policy,
				       const struct policy_error *e)
{
	enum exit_code code;
	json_t *errors = json_array();
	json_t *reply;

	if (!policy)
		json_array_append_new(errors,
				      json_pack("{s:o, s:i, s:o, s:o}", "file",
						make_text(e->file), "line",
						(int)e->line, "key", make_text(e->key),
						"text", make_text(e->text)));
	reply = json_pack("{s:i, s:s, s:o, s:I, s:o}", "schema_version", 1, "state",
			  policy ? "ok" : "invalid", "files", make_files(files),
			  "settings", (json_int_t)(policy ? policy->setting_count : 0),
			  "errors", errors);
	code = reply ? print_json(reply) : complain(EXIT_FAILED, "out of memory");
	json_decref(reply);
	return code;
}

static enum exit_code check_files(const struct context *c,
				  const struct conffiles *files)
{
	struct policy_source *sources = calloc(files->count + 1, sizeof(*sources));
	struct policy *policy = NULL;
	struct policy_error e = {0};
	enum exit_code code = EXIT_OK;
	int r;

	if (!sources)
		return complain(EXIT_FAILED, "out of memory");
	for (size_t i = 0; i < files->count; i++)
		sources[i] = (struct policy_source){files->files[i].path,
						    files->files[i].text,
						    files->files[i].length};
	r = policy_parse(sources, files->count, &policy, &e);
	if (r < 0 && r != -EINVAL)
		code = complain(EXIT_FAILED, "%s", strerror(-r));
	else if (c->is_json)
		code = print_check_json(files, policy, &e);
	else if (policy)
		render_line(&c->out, STYLE_GOOD, "ok: %zu files, %zu settings",
			    files->count, policy->setting_count);
	if (r == -EINVAL)
		code = complain_policy(&e);
	policy_free(policy);
	free(sources);
	return code;
}

/* A layer that is missing is empty, but a path somebody wrote should be there. */
static enum exit_code check_paths(int count, char *const *paths)
{
	for (int i = 0; i < count; i++)
		if (access(paths[i], R_OK) < 0)
			return complain(EXIT_FAILED, "%s: %s", paths[i],
					strerror(errno));
	return EXIT_OK;
}

enum exit_code cmd_policy_check(const struct context *c, int count,
				char *const *arguments)
{
	const char *const *layers =
		count ? (const char *const *)arguments : default_layers;
	size_t layer_count = count ? (size_t)count
				   : sizeof(default_layers) / sizeof(*default_layers);
	enum exit_code code = check_paths(count, arguments);
	struct conffiles files;
	char path[PATH_MAX];
	int r;

	if (code != EXIT_OK)
		return code;
	r = conffiles_read(layers, layer_count, &files, path, sizeof(path));
	if (r < 0)
		return complain(r == -EACCES ? EXIT_NOT_PERMITTED : EXIT_FAILED,
				"%s: %s", path, strerror(-r));
	code = check_files(c, &files);
	conffiles_done(&files);
	return code;
}

/* --- show: of the agent ------------------------------------------------ */

static void cell_section(struct render_table *t, const json_t *setting)
{
	render_cell(t, STYLE_BOLD, "[%s]", field_text(setting, "section"));
}

/* Of a schedule, also what it means now. */
static void cell_value(struct render_table *t, const json_t *setting)
{
	char text[WORDS_MAX];

	if (strcmp(field_text(setting, "key"), "schedule") == 0)
		render_cell(t, field_bool(setting, "applies") ? STYLE_PLAIN : STYLE_DIM,
			    "%s (%s)", field_text(setting, "value"),
			    words_schedule(setting, text));
	else
		render_cell(t, STYLE_PLAIN, "%s", field_text(setting, "value"));
}

static void cell_from(struct render_table *t, const json_t *setting)
{
	if (*field_text(setting, "file"))
		render_cell(t, STYLE_DIM, "%s:%lld", field_text(setting, "file"),
			    (long long)field_int(setting, "line"));
	else
		render_cell(t, STYLE_DIM, "built in");
}

const struct listing_column policy_columns[] = {
	{"section", "SECTION", LISTING_TEXT, 1, cell_section},
	{"key", "KEY", LISTING_TEXT, 1, NULL},
	{"value", "VALUE", LISTING_TEXT, 1, cell_value},
	{"file", "FROM", LISTING_TEXT, 1, cell_from},
	{"line", "LINE", LISTING_NUMBER, 0, NULL},
	{"applies", "APPLIES", LISTING_YES, 0, NULL},
	{0},
};

static void print_settings(const struct context *c, const json_t *settings)
{
	if (json_array_size(settings) > 0)
		listing_print(c, policy_columns, settings);
	else
		render_hint(&c->out, "nothing is set: the built-in defaults are in "
				     "force");
}

enum exit_code cmd_policy_show(const struct context *c, int count,
			       char *const *arguments)
{
	enum exit_code code;
	json_t *reply;

	(void)count;
	(void)arguments;
	code = client_call(c, "PolicyShow", NULL, &reply);
	if (code != EXIT_OK)
		return code;
	if (c->is_json) {
		code = print_json(reply);
	} else {
		if (*field_text(reply, "error"))
			render_line(&c->out, STYLE_WARN,
				    "the files were refused, the policy before them is "
				    "in force: %s",
				    field_text(reply, "error"));
		print_settings(c, json_object_get(reply, "settings"));
	}
	json_decref(reply);
	return code;
}
