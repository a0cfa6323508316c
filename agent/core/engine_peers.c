/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many strangers an application may exchange packets with at once: engine.h. */
#include "core/engine_tables.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Of this many peers, one place has to be free before new ones are let in. */
#define MARGIN_SHARE 8

struct met {
	uint64_t first_ns;
	struct peer *peer;
};

/* Whom it met first comes first; who came at once, in some order that stays. */
static int met_compare(const void *a, const void *b)
{
	const struct met *x = a, *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return memcmp(&x->peer->key.remote, &y->peer->key.remote,
		      sizeof(x->peer->key.remote));
}

/* The strangers it has two-way flows with, each once, and since when. */
static size_t collect(const struct app *a, const struct app *judge, struct met *met)
{
	struct flow *f;
	size_t count = 0;

	DL_FOREACH (judge->flows, f)
		f->peer->met = 0;
	DL_FOREACH (judge->flows, f) {
		struct met *m;

		if (f->app != a->id)
			continue;
		f->peer->is_over = false;
		if (!f->is_stranger || !f->is_two_way)
			continue;
		if (!f->peer->met) {
			met[count] = (struct met){f->first_ns, f->peer};
			f->peer->met = (uint32_t)++count;
		}
		m = &met[f->peer->met - 1];
		if (f->first_ns < m->first_ns)
			m->first_ns = f->first_ns;
	}
	return count;
}

/* There is no place any more from `max` on, until a few are free. */
static bool is_full(bool was_full, size_t count, uint32_t max)
{
	uint32_t margin = max / MARGIN_SHARE ? max / MARGIN_SHARE : 1;

	return count >= max || (was_full && count > max - margin);
}

int engine_bound_peers(struct engine *e, uint16_t app, uint32_t max)
{
	struct app *a = app <= APP_ID_MAX ? e->apps[app] : NULL;
	struct app *judge = a ? e->apps[a->judge] : NULL;
	struct met *met;
	size_t count;

	if (!a || (!max && !a->is_full))
		return 0;
	met = calloc(judge->flow_count + 1, sizeof(*met));
	if (!met)
		return -ENOMEM;
	count = collect(a, judge, met);
	a->is_full = max && is_full(a->is_full, count, max);
	if (max && count > max) {
		qsort(met, count, sizeof(*met), met_compare);
		for (size_t i = max; i < count; i++)
			met[i].peer->is_over = true;
	}
	free(met);
	return 0;
}
