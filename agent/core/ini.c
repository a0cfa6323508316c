/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/ini.h"
#include "base/text.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TITLE_MAX 128

int ini_init(struct ini_document *d, struct pool *pool, const struct ini_kind *kinds,
	     size_t kind_count, struct policy_error *error)
{
	struct ini_section **sections;

	sections = pool_alloc_array(pool, INI_SECTIONS_MAX, sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	*d = (struct ini_document){
		.pool = pool,
		.kinds = kinds,
		.kind_count = kind_count,
		.sections = sections,
		.error = error,
	};
	return 0;
}

static void fill_error(struct policy_error *e, const struct policy_origin *where,
		       const char *key, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));

static void fill_error(struct policy_error *e, const struct policy_origin *where,
		       const char *key, const char *format, va_list args)
{
	text_escape(where->file ? where->file : "", e->file, sizeof(e->file));
	e->line = where->line;
	text_escape(key, e->key, sizeof(e->key));
	vsnprintf(e->text, sizeof(e->text), format, args);
}

int ini_fail(struct ini_document *d, const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill_error(d->error, &d->here, key, format, args);
	va_end(args);
	return -EINVAL;
}

int ini_fail_at(struct ini_document *d, const struct policy_origin *where,
		const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill_error(d->error, where, key, format, args);
	va_end(args);
	return -EINVAL;
}

static int fail_unknown_section(struct ini_document *d, const char *word)
{
	const char *names[8] = {NULL};
	char expected[96] = "";
	size_t used = 0;

	for (size_t i = 0; i < d->kind_count && i < 7; i++) {
		names[i] = d->kinds[i].name;
		used += (size_t)snprintf(expected + used, sizeof(expected) - used,
					 "%s%s", i ? ", " : "", d->kinds[i].example);
	}
	return ini_fail_unknown(d, "", "section", word, names, expected);
}

static int fail_unknown_key(struct ini_document *d, const struct ini_kind *kind,
			    const char *word)
{
	const char *names[INI_KEYS_MAX + 1] = {NULL};
	char expected[160] = "";
	size_t used = 0;

	for (size_t i = 0; i < kind->key_count; i++) {
		names[i] = kind->keys[i].name;
		if (used < sizeof(expected))
			used += (size_t)snprintf(expected + used,
						 sizeof(expected) - used, "%s%s",
						 i ? ", " : "", names[i]);
	}
	return ini_fail_unknown(d, word, "key", word, names, expected);
}

static const struct ini_kind *find_kind(const struct ini_document *d, const char *name)
{
	for (size_t i = 0; i < d->kind_count; i++)
		if (strcmp(d->kinds[i].name, name) == 0)
			return &d->kinds[i];
	return NULL;
}

/* The last opening decides a section's place; the place it leaves closes up. */
static struct ini_section *take_out(struct ini_document *d, const struct ini_kind *kind,
				    const char *name)
{
	for (size_t i = 0; i < d->section_count; i++) {
		struct ini_section *s = d->sections[i];

		if (s->kind != kind || strcmp(s->name, name) != 0)
			continue;
		d->section_count--;
		memmove(&d->sections[i], &d->sections[i + 1],
			(d->section_count - i) * sizeof(*d->sections));
		return s;
	}
	return NULL;
}

static int new_section(struct ini_document *d, const struct ini_kind *kind,
		       const char *name, struct ini_section **ret_section)
{
	struct ini_section *s;
	char title[TITLE_MAX];

	if (d->section_count == INI_SECTIONS_MAX)
		return ini_fail(d, "", "more than %d sections; remove some",
				INI_SECTIONS_MAX);
	snprintf(title, sizeof(title), "%s%s%s", kind->name, *name ? " " : "", name);
	s = pool_alloc(d->pool, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->kind = kind;
	s->title = pool_strdup(d->pool, title);
	s->name = pool_strdup(d->pool, name);
	s->object = pool_alloc(d->pool, kind->object_size);
	if (!s->title || !s->name || !s->object)
		return -ENOMEM;
	*ret_section = s;
	return 0;
}

/* Splits "  kind   name " in place. */
static void split_title(char *title, char **ret_kind, char **ret_name)
{
	size_t length;
	char *kind = title + strspn(title, " \t");
	char *name = kind + strcspn(kind, " \t");

	if (*name) {
		*name++ = '\0';
		name += strspn(name, " \t");
		for (length = strlen(name); length > 0; length--)
			if (name[length - 1] != ' ' && name[length - 1] != '\t')
				break;
		name[length] = '\0';
	}
	*ret_kind = kind;
	*ret_name = name;
}

int ini_open_section(struct ini_document *d, const char *title, size_t length)
{
	const struct ini_kind *kind;
	struct ini_section *s;
	char copy[TITLE_MAX - 1], *word, *name;
	int r;

	if (length >= sizeof(copy))
		return ini_fail(d, "", "the section's name is longer than %zu bytes",
				sizeof(copy) - 1);
	memcpy(copy, title, length);
	copy[length] = '\0';
	split_title(copy, &word, &name);
	kind = find_kind(d, word);
	if (!kind)
		return fail_unknown_section(d, word);
	if (kind->is_named && !*name)
		return ini_fail(d, "", "the section has no name; expected %s",
				kind->example);
	if (!kind->is_named && *name)
		return ini_fail(d, "", "this section takes no name; expected %s",
				kind->example);
	s = take_out(d, kind, name);
	if (!s) {
		r = new_section(d, kind, name, &s);
		if (r < 0)
			return r;
	}
	s->origin = d->here;
	d->sections[d->section_count++] = s;
	d->current = s;
	return 0;
}

static const struct ini_key *find_key(const struct ini_kind *kind, const char *name)
{
	for (size_t i = 0; i < kind->key_count; i++)
		if (strcmp(kind->keys[i].name, name) == 0)
			return &kind->keys[i];
	return NULL;
}

int ini_set_key(struct ini_document *d, const char *name, const char *value)
{
	struct ini_section *s = d->current;
	const struct ini_key *key;
	struct ini_entry *entry;

	if (!s)
		return ini_fail(d, name, "a key before any section; expected %s first",
				d->kinds[0].example);
	key = find_key(s->kind, name);
	if (!key)
		return fail_unknown_key(d, s->kind, name);
	entry = &s->entries[key - s->kind->keys];
	if (entry->value && entry->source == d->source)
		return ini_fail(d, name, "written twice in this file, first on line %u",
				entry->origin.line);
	if (!*value)
		return ini_fail(d, name,
				"no value; leave the line out to keep the "
				"default");
	entry->value = pool_strdup(d->pool, value);
	if (!entry->value)
		return -ENOMEM;
	entry->origin = d->here;
	entry->source = d->source;
	return key->set(d, s, key, value);
}

int ini_read(struct ini_document *d, const struct policy_source *sources, size_t count)
{
	int r;

	for (size_t i = 0; i < count; i++) {
		d->here.file = pool_strdup(d->pool, sources[i].file);
		if (!d->here.file)
			return -ENOMEM;
		d->here.line = 0;
		d->source = i;
		d->current = NULL;
		r = ini_read_lines(d, sources[i].text, sources[i].length);
		if (r < 0)
			return r;
	}
	return 0;
}
