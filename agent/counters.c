/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Totals of the kernel's counters. A counter begins at zero when our rules are written
 * anew, after tampering or with another mark_mask, and anybody may reset it
 * (`nft reset counters`); the totals go on.
 */
#include "agent_private.h"
#include <string.h>

static void add_step(uint64_t *total, uint64_t *last, uint64_t now)
{
	*total += now < *last ? now : now - *last;
	*last = now;
}

int counters_read(struct agent *a)
{
	struct enforcement *e = &a->enforce;
	struct nft_counters now, total = e->counters;
	int r = nft_read_counters(a->nft, &now);

	if (r < 0)
		return r;
	/* What is refused has totals of its own: core/refused.h. */
	e->counters = now;
	for (int i = 0; i < APP_NUMBER_COUNT; i++)
		for (int d = 0; d < DIRECTION_COUNT; d++) {
			struct nft_counter *t = &total.app[i][d];
			struct nft_counter *last = &e->in_kernel.app[i][d];

			add_step(&t->packets, &last->packets, now.app[i][d].packets);
			add_step(&t->bytes, &last->bytes, now.app[i][d].bytes);
		}
	memcpy(e->counters.app, total.app, sizeof(total.app));
	return 0;
}

void counters_change_apps(struct agent *a, const struct plan *before,
			  const struct plan *now)
{
	struct enforcement *e = &a->enforce;

	for (int i = 0; i < APP_NUMBER_COUNT; i++) {
		const struct plan_app *b = &before->apps[i], *n = &now->apps[i];

		if (b->is_present && n->is_present &&
		    strcmp(b->comment, n->comment) == 0)
			continue;
		memset(e->counters.app[i], 0, sizeof(e->counters.app[i]));
		memset(e->in_kernel.app[i], 0, sizeof(e->in_kernel.app[i]));
	}
}
