/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the policy that an agent tries: apply, confirm, rollback, reload. */
#include "fields.h"
#include "placing.h"
#include "trial.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Files are checked and put in place within this time, or the agent loads them itself.
 */
#define HOLD_SECONDS 30
#define LAYERS_MAX 8 /* as many as the agent reads */

static volatile int was_interrupted;

static void on_signal(int signal)
{
	(void)signal;
	was_interrupted = 1;
}

/* --- without files -----------------------------------------------------------------
 */

static enum exit_code call_and_follow(const struct context *c, const char *method,
				      json_t *parameters, bool is_patient)
{
	json_t *reply;
	enum exit_code code = client_call_with(c, method, parameters, &reply);

	if (code != EXIT_OK)
		return code;
	code = trial_follow(c, reply, is_patient, &was_interrupted);
	json_decref(reply);
	return code;
}

enum exit_code cmd_policy_reload(const struct context *c, int count,
				 char *const *arguments)
{
	(void)count;
	(void)arguments;
	return call_and_follow(c, "PolicyReload", NULL, false);
}

enum exit_code cmd_policy_confirm(const struct context *c, int count,
				  char *const *arguments)
{
	(void)count;
	(void)arguments;
	return call_and_follow(c, "PolicyConfirm", NULL, false);
}

enum exit_code cmd_policy_rollback(const struct context *c, int count,
				   char *const *arguments)
{
	enum exit_code code;
	json_t *reply;

	(void)count;
	(void)arguments;
	code = client_call(c, "PolicyRollback", NULL, &reply);
	if (code != EXIT_OK)
		return code;
	if (c->is_json)
		code = print_json(reply);
	else
		render_line(&c->out, STYLE_WARN,
			    "ok: generation %lld, the policy before, is in force; the "
			    "files are not read again until they change",
			    (long long)field_int(reply, "generation"));
	json_decref(reply);
	return code;
}

/* --- with files --------------------------------------------------------------------
 */

/* The directories of the agent, the admin's last; `rest` are read after that one. */
struct layers {
	const char *dirs[LAYERS_MAX];
	size_t count, admins; /* place of the admin's */
};

static enum exit_code take_layers(const json_t *reply, struct layers *ret_layers)
{
	const json_t *list = json_object_get(reply, "directories");
	struct layers l = {.count = json_array_size(list)};

	if (l.count > LAYERS_MAX)
		return complain(EXIT_FAILED, "the agent reads more than %d directories",
				LAYERS_MAX);
	for (size_t i = 0; i < l.count; i++) {
		l.dirs[i] = json_string_value(json_array_get(list, i));
		if (!l.dirs[i])
			return complain(EXIT_FAILED, "the agent makes no sense");
		if (strcmp(l.dirs[i], field_text(reply, "into")) == 0)
			l.admins = i;
	}
	if (!l.count)
		return complain(EXIT_FAILED, "the agent reads no directory");
	*ret_layers = l;
	return EXIT_OK;
}

static struct policy_source source_of(const struct conffile *f)
{
	return (struct policy_source){f->path, f->text, f->length};
}

static bool has_name(const struct conffiles *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(placing_name(files->files[i].path), name) == 0)
			return true;
	return false;
}

static int compare_names(const void *a, const void *b)
{
	const struct policy_source *x = a, *y = b;

	return strcmp(placing_name(x->file), placing_name(y->file));
}

/* What the agent would read: below the admin's, the admin's with the new ones, above.
 */
static enum exit_code check(const struct conffiles layer[3],
			    const struct conffiles *fresh)
{
	size_t most = fresh->count + layer[0].count + layer[1].count + layer[2].count;
	struct policy_source *sources = calloc(most + 1, sizeof(*sources));
	struct policy *policy = NULL;
	struct policy_error e;
	size_t n = 0, first;
	int r;

	if (!sources)
		return complain(EXIT_FAILED, "out of memory");
	for (size_t i = 0; i < layer[0].count; i++)
		sources[n++] = source_of(&layer[0].files[i]);
	first = n;
	for (size_t i = 0; i < layer[1].count; i++)
		if (!has_name(fresh, placing_name(layer[1].files[i].path)))
			sources[n++] = source_of(&layer[1].files[i]);
	for (size_t i = 0; i < fresh->count; i++)
		if (fresh->files[i].text)
			sources[n++] = source_of(&fresh->files[i]);
	qsort(sources + first, n - first, sizeof(*sources), compare_names);
	for (size_t i = 0; i < layer[2].count; i++)
		sources[n++] = source_of(&layer[2].files[i]);
	r = policy_parse(sources, n, &policy, &e);
	policy_free(policy);
	free(sources);
	if (r == -EINVAL)
		return complain_policy(&e);
	return r < 0 ? complain(EXIT_FAILED, "%s", strerror(-r)) : EXIT_OK;
}

static enum exit_code read_files(const char *const *paths, size_t count,
				 struct conffiles *ret_files)
{
	char path[PATH_MAX];
	int r = conffiles_read(paths, count, ret_files, path, sizeof(path));

	return r < 0 ? complain(r == -EACCES ? EXIT_NOT_PERMITTED : EXIT_FAILED,
				"%s: %s", path, strerror(-r))
		     : EXIT_OK;
}

/* Those of the admin's that begin with `prefix` and are not among the new ones: each
 * joins them, without a text. */
static enum exit_code replace(const char *prefix, const struct conffiles *admins,
			      struct conffiles *fresh)
{
	for (size_t i = 0; prefix && i < admins->count; i++) {
		const char *path = admins->files[i].path;
		const char *name = placing_name(path);
		struct conffile gone = {.path = strdup(path)}, *grown;

		if (strncmp(name, prefix, strlen(prefix)) != 0 ||
		    has_name(fresh, name)) {
			free(gone.path);
			continue;
		}
		grown = reallocarray(fresh->files, fresh->count + 1, sizeof(*grown));
		if (grown)
			fresh->files = grown;
		if (!grown || !gone.path) {
			free(gone.path);
			return complain(EXIT_FAILED, "out of memory");
		}
		fresh->files[fresh->count++] = gone;
	}
	return EXIT_OK;
}

static enum exit_code check_fresh(const struct context *c, const struct layers *l,
				  struct conffiles *fresh)
{
	struct conffiles layer[3] = {0};
	enum exit_code code = read_files(l->dirs, l->admins, &layer[0]);

	if (code == EXIT_OK)
		code = read_files(l->dirs + l->admins, 1, &layer[1]);
	if (code == EXIT_OK)
		code = replace(c->replace, &layer[1], fresh);
	if (code == EXIT_OK)
		code = read_files(l->dirs + l->admins + 1, l->count - l->admins - 1,
				  &layer[2]);
	if (code == EXIT_OK)
		code = check(layer, fresh);
	for (int i = 0; i < 3; i++)
		conffiles_done(&layer[i]);
	return code;
}

static enum exit_code check_paths(const struct context *c, int count,
				  char *const *paths)
{
	size_t prefix = c->replace ? strlen(c->replace) : 0;

	for (int i = 0; i < count; i++) {
		const char *name = placing_name(paths[i]);
		size_t length = strlen(name);

		if (length < 5 || *name == '.' ||
		    strcmp(name + length - 4, ".ini") != 0)
			return complain(EXIT_USAGE,
					"%s: expected a file whose name ends in .ini",
					paths[i]);
		if (prefix && strncmp(name, c->replace, prefix) != 0)
			return complain(EXIT_USAGE,
					"%s: expected a name that begins with '%s', as "
					"--replace says",
					paths[i], c->replace);
		if (access(paths[i], R_OK) < 0)
			return complain(EXIT_FAILED, "%s: %s", paths[i],
					strerror(errno));
		for (int k = 0; k < i; k++)
			if (strcmp(name, placing_name(paths[k])) == 0)
				return complain(EXIT_USAGE, "%s: named twice", name);
	}
	return EXIT_OK;
}

static json_t *confirm_of(const struct context *c)
{
	return c->confirm ? json_pack("{s:I}", "confirm", (json_int_t)c->confirm)
			  : NULL;
}

/* Puts them in place and follows them; whoever sees it fail has the old ones again. */
static enum exit_code place_and_try(const struct context *c, const struct layers *l,
				    const struct conffiles *fresh)
{
	struct placing p = {.into = l->dirs[l->admins], .files = fresh};
	enum exit_code code = placing_do(&p);

	if (code != EXIT_OK)
		return code;
	code = call_and_follow(c, "PolicyApply", confirm_of(c), true);
	if (code == EXIT_OK)
		placing_settle(&p);
	else if (placing_undo(&p) == EXIT_OK)
		complain(code, "the files in %s are as they were", p.into);
	return code;
}

/* From now on a lost terminal ends nothing, and Ctrl-C takes the policy back. */
static void hold_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static enum exit_code apply_files(const struct context *c, int count,
				  char *const *arguments)
{
	struct conffiles fresh = {0};
	struct layers layers;
	json_t *held, *ignored;
	enum exit_code code =
		read_files((const char *const *)arguments, (size_t)count, &fresh);

	if (code == EXIT_OK && fresh.count != (size_t)count)
		code = complain(EXIT_FAILED, "not all of these are files");
	if (code == EXIT_OK)
		code = client_call_with(c, "PolicyHold",
					json_pack("{s:i}", "seconds", HOLD_SECONDS),
					&held);
	if (code != EXIT_OK) {
		conffiles_done(&fresh);
		return code;
	}
	code = take_layers(held, &layers);
	if (code == EXIT_OK)
		code = check_fresh(c, &layers, &fresh);
	if (code == EXIT_OK)
		code = place_and_try(c, &layers, &fresh);
	/* After a mistake, or with the old files again: nothing to hold back. */
	if (code != EXIT_OK &&
	    client_call_with(c, "PolicyHold", json_pack("{s:i}", "seconds", 0),
			     &ignored) == EXIT_OK)
		json_decref(ignored);
	json_decref(held);
	conffiles_done(&fresh);
	return code;
}

enum exit_code cmd_policy_apply(const struct context *c, int count,
				char *const *arguments)
{
	enum exit_code code = check_paths(c, count, arguments);

	if (code != EXIT_OK)
		return code;
	if (!count && !c->replace)
		return call_and_follow(c, "PolicyApply", confirm_of(c), false);
	hold_signals();
	return apply_files(c, count, arguments);
}
