/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"
#include "base/conffile.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const policy_layers[] = {
	"/usr/share/relaywarden/policy.d",
	"/etc/relaywarden/policy.d",
	"/run/relaywarden/policy.d",
};
static const char *const catalogue_layers[] = {
	"/usr/share/relaywarden/clients",
	"/etc/relaywarden/clients",
};

/* What will be parsed, in order; texts of files and settings are owned. */
struct sources {
	struct conffiles files;
	struct policy_source *list; /* room for all of them */
	size_t count;
	char *settings[WORD_LIST_MAX];
};

static void sources_done(struct sources *s)
{
	for (size_t i = 0; i < WORD_LIST_MAX; i++)
		free(s->settings[i]);
	free(s->list);
	conffiles_done(&s->files);
}

static enum exit_code read_layers(const char *const *layers, size_t count,
				  bool must_exist, struct sources *s)
{
	char path[PATH_MAX];
	int r;

	for (size_t i = 0; must_exist && i < count; i++)
		if (access(layers[i], R_OK) < 0)
			return complain(EXIT_FAILED, "%s: %s", layers[i],
					strerror(errno));
	r = conffiles_read(layers, count, &s->files, path, sizeof(path));
	if (r < 0)
		return complain(EXIT_FAILED, "%s: %s", path, strerror(-r));
	return EXIT_OK;
}

/* `given` wins over `recorded`, which wins over `installed`. */
static enum exit_code sources_read(const struct word_list *given, const char *recorded,
				   const char *const *installed, size_t installed_count,
				   struct sources *s)
{
	enum exit_code code = EXIT_OK;

	if (given->count)
		code = read_layers(given->items, given->count, true, s);
	else if (!recorded)
		code = read_layers(installed, installed_count, false, s);
	if (code != EXIT_OK)
		return code;
	s->list = calloc(s->files.count + 1 + WORD_LIST_MAX, sizeof(*s->list));
	if (!s->list)
		return complain(EXIT_FAILED, "out of memory");
	for (size_t i = 0; i < s->files.count; i++)
		s->list[s->count++] = (struct policy_source){s->files.files[i].path,
							     s->files.files[i].text,
							     s->files.files[i].length};
	if (!given->count && recorded)
		s->list[s->count++] = (struct policy_source){
			"recorded policy", recorded, strlen(recorded)};
	return EXIT_OK;
}

/* Where SECTION ends in "SECTION.KEY=VALUE"; NULL if it is none. Keys of selectors have
 * a dot of their own, "match.exe"; sections may have any. */
static const char *find_key(const char *setting)
{
	const char *equals = strchr(setting, '='), *dot = NULL;

	for (const char *s = setting; equals && s < equals; s++)
		if (*s == '.')
			dot = s;
	if (!dot || dot == setting || dot + 1 == equals || strpbrk(setting, "\r\n"))
		return NULL;
	if (dot - setting > 6 && strncmp(dot - 6, ".match", 6) == 0)
		dot -= 6;
	return dot;
}

static enum exit_code add_setting(struct sources *s, size_t index, const char *setting)
{
	const char *dot = find_key(setting);
	char **text = &s->settings[index];

	if (!dot)
		return complain(EXIT_USAGE,
				"--set '%s'; expected SECTION.KEY=VALUE, e.g. "
				"'app *.promotion=shape'",
				setting);
	if (asprintf(text, "[%.*s]\n%s\n", (int)(dot - setting), setting, dot + 1) <
	    0) {
		*text = NULL;
		return complain(EXIT_FAILED, "out of memory");
	}
	s->list[s->count++] = (struct policy_source){"--set", *text, strlen(*text)};
	return EXIT_OK;
}

enum exit_code rules_load_policy(const struct context *c, const char *recorded,
				 struct policy **ret_policy)
{
	struct sources s = {0};
	struct policy_error e;
	enum exit_code code;
	int r;

	code = sources_read(&c->policies, recorded, policy_layers,
			    sizeof(policy_layers) / sizeof(*policy_layers), &s);
	for (size_t i = 0; code == EXIT_OK && i < c->settings.count; i++)
		code = add_setting(&s, i, c->settings.items[i]);
	if (code == EXIT_OK) {
		r = policy_parse(s.list, s.count, ret_policy, &e);
		if (r == -EINVAL)
			code = complain_policy(&e);
		else if (r < 0)
			code = complain(EXIT_FAILED, "%s", strerror(-r));
	}
	sources_done(&s);
	return code;
}

enum exit_code rules_load_catalogue(const struct context *c, const char *recorded,
				    struct catalogue **ret_catalogue)
{
	struct sources s = {0};
	struct policy_error e;
	enum exit_code code;
	int r;

	code = sources_read(&c->catalogues, recorded, catalogue_layers,
			    sizeof(catalogue_layers) / sizeof(*catalogue_layers), &s);
	if (code == EXIT_OK) {
		r = catalogue_parse(s.list, s.count, ret_catalogue, &e);
		if (r == -EINVAL)
			code = complain_policy(&e);
		else if (r < 0)
			code = complain(EXIT_FAILED, "%s", strerror(-r));
	}
	sources_done(&s);
	return code;
}
