/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/catalogue.h"
#include "base/pool.h"
#include "core/identity.h"
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>

void catalogue_free(struct catalogue *c)
{
	if (!c)
		return;
	pool_free(c->storage);
	free(c);
}

static bool matches_any(char *const *globs, size_t count, const char *text)
{
	if (!*text)
		return false;
	for (size_t i = 0; i < count; i++)
		if (fnmatch(globs[i], text, 0) == 0)
			return true;
	return false;
}

/* --- what proves a trade ---------------------------------------------------------- */

/* Root's services and containers run what root chose, whoever they run as. */
static bool is_systems(const struct app_identity *identity)
{
	return (identity->kind == APP_KIND_UNIT ||
		identity->kind == APP_KIND_CONTAINER) &&
	       !identity->is_users_own;
}

static enum catalogue_doubt doubt_unit(const struct app_identity *identity)
{
	return identity->is_users_own ? CATALOGUE_DOUBT_UNIT : CATALOGUE_NO_DOUBT;
}

static enum catalogue_doubt doubt_exe(const struct app_identity *identity)
{
	if (identity->is_in_userns)
		return CATALOGUE_DOUBT_USERNS;
	if (!is_systems(identity) && identity_is_person(identity->uid))
		return CATALOGUE_DOUBT_PERSON;
	return identity->is_exe_loose ? CATALOGUE_DOUBT_FILE : CATALOGUE_NO_DOUBT;
}

const char *catalogue_doubt_text(enum catalogue_doubt doubt)
{
	static const char *const texts[] = {
		[CATALOGUE_NO_DOUBT] = "",
		[CATALOGUE_DOUBT_USERNS] =
			"it runs in a user namespace of its own, where any program can "
			"be given any path",
		[CATALOGUE_DOUBT_PERSON] = "an ordinary user runs it, who can make any "
					   "program do as he likes",
		[CATALOGUE_DOUBT_FILE] = "others than root can write its executable",
		[CATALOGUE_DOUBT_UNIT] = "it is a unit of a user, who can give it any "
					 "name",
	};

	return texts[doubt];
}

/* --- look-up ---------------------------------------------------------------------- */

/* Whether it is an instance of a client, and what is to be said against it. */
static bool is_instance(const struct catalogue_client *client,
			const struct app_identity *identity,
			enum catalogue_doubt *ret_doubt)
{
	bool by_unit = matches_any(client->units, client->unit_count, identity->unit);
	bool by_exe = matches_any(client->exes, client->exe_count, identity->exe);
	enum catalogue_doubt doubt = CATALOGUE_NO_DOUBT;

	if (client->trade && by_unit)
		doubt = doubt_unit(identity);
	if (client->trade && by_exe && (!by_unit || doubt))
		doubt = doubt_exe(identity);
	*ret_doubt = doubt;
	return by_unit || by_exe;
}

struct catalogue_match catalogue_find(const struct catalogue *c,
				      const struct app_identity *identity)
{
	struct catalogue_match m = {.client = NULL};

	for (size_t i = c->count; i-- > 0 && !m.client;) {
		const struct catalogue_client *client = &c->clients[i];
		enum catalogue_doubt doubt;

		if (!is_instance(client, identity, &doubt))
			continue;
		if (!doubt) {
			m.client = client;
		} else if (!m.unproved) {
			m.unproved = client;
			m.doubt = doubt;
		}
	}
	return m;
}
