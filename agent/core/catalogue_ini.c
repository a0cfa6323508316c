/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/ini.h"
#include "core/policy_ini.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct client_section {
	char *title, *word, *when, *forbid, *trade;
	char *forbid_line, *forbid_command;
	bool is_login, is_reached_by_none;
	struct policy_strings exes, units, forbid_files;
	struct policy_strings relay_arguments, relay_lines, relay_files;
};

static int set_text(struct ini_document *d, struct ini_section *s,
		    const struct ini_key *key, const char *value)
{
	char **text = (char **)(void *)((char *)s->object + key->offset);

	*text = pool_strdup(d->pool, value);
	return *text ? 0 : -ENOMEM;
}

static int parse_yes(struct ini_document *d, const struct ini_key *key,
		     const char *value, bool *ret_is_yes)
{
	static const char *const names[] = {"no", "yes", NULL};
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r == 0)
		*ret_is_yes = i == 1;
	return r;
}

static int set_login(struct ini_document *d, struct ini_section *s,
		     const struct ini_key *key, const char *value)
{
	struct client_section *client = s->object;

	return parse_yes(d, key, value, &client->is_login);
}

static int set_reachable(struct ini_document *d, struct ini_section *s,
			 const struct ini_key *key, const char *value)
{
	struct client_section *client = s->object;
	bool is_needed = true;
	int r = parse_yes(d, key, value, &is_needed);

	if (r == 0)
		client->is_reached_by_none = !is_needed;
	return r;
}

/* No globs: what is to be edited is one file. */
static int set_files(struct ini_document *d, struct ini_section *s,
		     const struct ini_key *key, const char *value)
{
	struct client_section *client = s->object;
	char shown[INI_WORD_STRLEN];
	int r = ini_parse_list(d, key->name, value, &client->forbid_files);

	for (size_t i = 0; r == 0 && i < client->forbid_files.count; i++) {
		const char *path = client->forbid_files.items[i];

		if (path[0] != '/' && strncmp(path, "~/", 2) != 0)
			return ini_fail(d, key->name,
					"'%s' is no whole path; expected e.g. "
					"/etc/a.conf or ~/.config/a",
					ini_word(path, shown));
	}
	return r;
}

static int set_exes(struct ini_document *d, struct ini_section *s,
		    const struct ini_key *key, const char *value)
{
	struct client_section *client = s->object;

	return ini_parse_paths(d, key->name, value, &client->exes);
}

static int set_units(struct ini_document *d, struct ini_section *s,
		     const struct ini_key *key, const char *value)
{
	struct client_section *client = s->object;

	return ini_parse_list(d, key->name, value, &client->units);
}

static int set_list(struct ini_document *d, struct ini_section *s,
		    const struct ini_key *key, const char *value)
{
	struct policy_strings *list = (void *)((char *)s->object + key->offset);

	return ini_parse_list(d, key->name, value, list);
}

/* Read by the daemon: what lies elsewhere may be anybody's. */
static int set_relay_files(struct ini_document *d, struct ini_section *s,
			   const struct ini_key *key, const char *value)
{
	struct client_section *client = s->object;
	char shown[INI_WORD_STRLEN];
	int r = ini_parse_list(d, key->name, value, &client->relay_files);

	for (size_t i = 0; r == 0 && i < client->relay_files.count; i++) {
		const char *path = client->relay_files.items[i];

		if (strncmp(path, "/etc/", 5) != 0 || strstr(path, "/../"))
			return ini_fail(d, key->name,
					"'%s' is not below /etc; expected e.g. "
					"/etc/a.conf",
					ini_word(path, shown));
	}
	return r;
}

#define TEXT(key, member)                                                              \
	{                                                                              \
		.name = key, .set = set_text,                                          \
		.offset = offsetof(struct client_section, member)                      \
	}

#define LIST(key, member)                                                              \
	{                                                                              \
		.name = key, .set = set_list,                                          \
		.offset = offsetof(struct client_section, member)                      \
	}

static const struct ini_key client_keys[] = {
	TEXT("title", title),
	TEXT("word", word),
	TEXT("when", when),
	TEXT("forbid", forbid),
	TEXT("forbid.line", forbid_line),
	TEXT("forbid.command", forbid_command),
	{.name = "forbid.file", .set = set_files},
	LIST("relays.argument", relay_arguments),
	LIST("relays.line", relay_lines),
	{.name = "relays.file", .set = set_relay_files},
	{.name = "reachable", .set = set_reachable},
	TEXT("trade", trade),
	{.name = "login", .set = set_login},
	{.name = "match.exe", .set = set_exes},
	{.name = "match.unit", .set = set_units},
};

static const struct ini_kind kinds[] = {
	{"client", "[client ID]", true, sizeof(struct client_section), client_keys,
	 sizeof(client_keys) / sizeof(*client_keys)},
};

static int check_client(struct ini_document *d, const struct ini_section *s)
{
	const struct client_section *c = s->object;
	char shown[INI_WORD_STRLEN];

	ini_word(s->name, shown);
	if (!c->title || (!c->trade && (!c->word || !c->forbid)))
		return ini_fail_at(d, &s->origin, "",
				   "[client %s] is not complete; expected title, and "
				   "word and forbid or trade",
				   shown);
	if (c->is_login && !c->trade)
		return ini_fail_at(d, &s->origin, "login",
				   "[client %s] has no trade; expected one, such as "
				   "remote login",
				   shown);
	if (!c->forbid_line != !c->forbid_files.count)
		return ini_fail_at(d, &s->origin, "forbid.line",
				   "[client %s] has a line without a file, or a file "
				   "without a line; expected both forbid.file and "
				   "forbid.line",
				   shown);
	if (!c->relay_lines.count != !c->relay_files.count)
		return ini_fail_at(d, &s->origin, "relays.line",
				   "[client %s] has a line without a file, or a file "
				   "without a line; expected both relays.file and "
				   "relays.line",
				   shown);
	if (!c->exes.count && !c->units.count)
		return ini_fail_at(d, &s->origin, "",
				   "[client %s] matches nothing; expected match.exe or "
				   "match.unit",
				   shown);
	return 0;
}

static char *or_none(char *text, char *none)
{
	return text ? text : none;
}

static int fill_client(struct ini_document *d, const struct ini_section *s,
		       struct catalogue_client *client)
{
	const struct client_section *c = s->object;
	char *none = pool_strdup(d->pool, "");

	if (!none)
		return -ENOMEM;
	/* Nobody promotes one by trade, so it needs no word for it. */
	*client = (struct catalogue_client){
		.id = pool_strdup(d->pool, s->name),
		.title = c->title,
		.word = or_none(c->word, c->trade),
		.when = or_none(c->when, none),
		.forbid = or_none(c->forbid, none),
		.forbid_line = or_none(c->forbid_line, none),
		.forbid_command = or_none(c->forbid_command, none),
		.forbid_files = c->forbid_files.items,
		.forbid_file_count = c->forbid_files.count,
		.relay_arguments = c->relay_arguments.items,
		.relay_argument_count = c->relay_arguments.count,
		.relay_lines = c->relay_lines.items,
		.relay_line_count = c->relay_lines.count,
		.relay_files = c->relay_files.items,
		.relay_file_count = c->relay_files.count,
		.needs_inbound = !c->is_reached_by_none,
		.trade = c->trade,
		.is_login = c->is_login,
		.exes = c->exes.items,
		.exe_count = c->exes.count,
		.units = c->units.items,
		.unit_count = c->units.count,
	};
	return client->id ? 0 : -ENOMEM;
}

static int fill_catalogue(struct ini_document *d, struct catalogue *c)
{
	int r;

	c->clients = pool_alloc_array(d->pool, d->section_count, sizeof(*c->clients));
	if (!c->clients)
		return -ENOMEM;
	for (size_t i = 0; i < d->section_count; i++) {
		r = check_client(d, d->sections[i]);
		if (r < 0)
			return r;
		r = fill_client(d, d->sections[i], &c->clients[i]);
		if (r < 0)
			return r;
		c->count++;
	}
	return 0;
}

int catalogue_parse(const struct policy_source *sources, size_t count,
		    struct catalogue **ret_catalogue, struct policy_error *ret_error)
{
	struct catalogue *c = calloc(1, sizeof(*c));
	struct ini_document d;
	int r = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->storage = pool_new();
	if (!c->storage)
		goto fail;
	r = ini_init(&d, c->storage, kinds, 1, ret_error);
	if (r < 0)
		goto fail;
	r = ini_read(&d, sources, count);
	if (r < 0)
		goto fail;
	r = fill_catalogue(&d, c);
	if (r < 0)
		goto fail;
	*ret_catalogue = c;
	return 0;
fail:
	catalogue_free(c);
	return r;
}
