/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/impostor.h"
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define GROUP_WRITES 0020
#define OTHERS_WRITE 0002
#define STICKY 01000

/* A group of the user's own number is his alone, by the custom of distributions. */
bool impostor_is_open(const struct impostor_owner *o, uint32_t user, bool is_directory)
{
	bool is_group_own = o->gid == 0 || o->gid == user || o->gid == o->uid;

	if (o->uid != 0 && o->uid != user)
		return true;
	if (is_directory && (o->mode & STICKY))
		return false;
	return (o->mode & OTHERS_WRITE) || ((o->mode & GROUP_WRITES) && !is_group_own);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether a client names a program so, without a pattern, and means another path. */
static bool is_namesake(const struct catalogue_client *client, const char *exe)
{
	bool is_called_so = false;

	for (size_t i = 0; i < client->exe_count; i++) {
		const char *name = last_part(client->exes[i]);

		if (fnmatch(client->exes[i], exe, 0) == 0)
			return false;
		is_called_so |=
			!strpbrk(name, "*?[") && strcmp(name, last_part(exe)) == 0;
	}
	return is_called_so;
}

/* Known by its unit, it may lie where it likes. */
static bool has_false_name(const struct impostor_facts *f, const struct catalogue *c)
{
	for (size_t i = 0; *f->identity->exe && i < c->count; i++)
		if (&c->clients[i] != f->client &&
		    is_namesake(&c->clients[i], f->identity->exe))
			return true;
	return false;
}

static unsigned int bit(bool is_set, enum impostor_reason r)
{
	return is_set ? 1u << r : 0;
}

unsigned int impostor_judge(const struct impostor_facts *f, const struct catalogue *c)
{
	uint32_t user = f->identity->uid;
	bool is_packaged = f->package == IMPOSTOR_PACKAGE_FOUND;

	/* An update replaces the file of a program that runs: then its path is
	 * packaged. */
	return bit(f->is_deleted && !is_packaged, IMPOSTOR_DELETED) |
	       bit(f->package == IMPOSTOR_PACKAGE_NONE, IMPOSTOR_UNPACKAGED) |
	       bit(f->has_file && impostor_is_open(&f->file, user, false),
		   IMPOSTOR_WRITABLE) |
	       bit(f->has_directory && impostor_is_open(&f->directory, user, true),
		   IMPOSTOR_REPLACEABLE) |
	       bit(has_false_name(f, c), IMPOSTOR_NAMESAKE);
}

static const struct {
	const char *name, *text;
} reasons[IMPOSTOR_REASON_COUNT] = {
	[IMPOSTOR_DELETED] = {"deleted", "its file was deleted while it runs"},
	[IMPOSTOR_UNPACKAGED] = {"unpackaged",
				 "no package of this system brought its file"},
	[IMPOSTOR_WRITABLE] = {"writable",
			       "others than root and its user may change its file"},
	[IMPOSTOR_REPLACEABLE] = {"replaceable",
				  "others than root and its user may put "
				  "another file in its place"},
	[IMPOSTOR_NAMESAKE] =
		{"namesake", "it has the name of a known program that lies elsewhere"},
};

const char *impostor_reason_name(enum impostor_reason r)
{
	return reasons[r].name;
}

const char *impostor_reason_text(enum impostor_reason r)
{
	return reasons[r].text;
}

const char *impostor_describe(unsigned int bits, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (enum impostor_reason r = 0; r < IMPOSTOR_REASON_COUNT && used < size; r++)
		if (bits & 1u << r)
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
						 used ? "; " : "", reasons[r].text);
	return buf;
}
