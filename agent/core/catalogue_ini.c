/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/ini.h"
#include "core/policy_ini.h"
#include <errno.h>
#include <stdlib.h>

struct client_section {
	char *title, *word, *forbid, *trade;
	bool is_login;
	struct policy_strings exes, units;
};

static int set_text(struct ini_document *d, struct ini_section *s,
		    const struct ini_key *key, const char *value)
{
	char **text = (char **)(void *)((char *)s->object + key->offset);

	*text = pool_strdup(d->pool, value);
	return *text ? 0 : -ENOMEM;
}

static int set_login(struct ini_document *d, struct ini_section *s,
		     const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"no", "yes", NULL};
	struct client_section *client = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r == 0)
		client->is_login = i == 1;
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

#define TEXT(key, member)                                                              \
	{                                                                              \
		.name = key, .set = set_text,                                          \
		.offset = offsetof(struct client_section, member)                      \
	}

static const struct ini_key client_keys[] = {
	TEXT("title", title),
	TEXT("word", word),
	TEXT("forbid", forbid),
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
	if (!c->exes.count && !c->units.count)
		return ini_fail_at(d, &s->origin, "",
				   "[client %s] matches nothing; expected match.exe or "
				   "match.unit",
				   shown);
	return 0;
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
		.word = c->word ? c->word : c->trade,
		.forbid = c->forbid ? c->forbid : none,
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
