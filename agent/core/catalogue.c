/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/catalogue.h"
#include "base/pool.h"
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

const struct catalogue_client *catalogue_find(const struct catalogue *c,
					      const struct app_identity *identity)
{
	for (size_t i = c->count; i-- > 0;) {
		const struct catalogue_client *client = &c->clients[i];

		if (matches_any(client->exes, client->exe_count, identity->exe) ||
		    matches_any(client->units, client->unit_count, identity->unit))
			return client;
	}
	return NULL;
}
