/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strangers' calls that the kernel holds because it does not know whose socket they are
 * for: one look-up each, before anything passes. What can't be told at once passes, and
 * is severed when it can be: enforce.c. The rules of it are in kernel/nft_hold.c.
 */
#include "agent_private.h"
#include "kernel/nft_callers.h"
#include <errno.h>
#include <string.h>

#define CALLERS_EVERY_NS (5 * SECOND_NS)

/* A new application has no rules yet, and its policy may be to refuse just this. */
static void admit_new(struct agent *a, uint8_t number, uint64_t now_ns)
{
	if (!a->enforce.installed.apps[number].is_present)
		enforce_update(a, now_ns);
}

static uint16_t find_called(struct agent *a, const struct flow_key *key)
{
	struct hold_stats *s = &a->hold_stats;
	uint16_t app = APP_UNATTRIBUTED;
	uint64_t now = agent_now();
	int r = key ? attribution_find(a->attribution, key, true, now, &app) : -ENOENT;

	/* Only if there is time for that: it has a pace. */
	if (r == -EAGAIN && attribution_scan(a->attribution, now) == 1)
		r = attribution_find(a->attribution, key, true, now, &app);
	if (r == 0) {
		s->answered++;
		admit_new(a, app_number(app), now);
		return app;
	}
	if (r == -EAGAIN)
		s->late++;
	else
		s->unowned++;
	return APP_UNATTRIBUTED;
}

static uint32_t on_call(void *context, const struct flow_key *key)
{
	const struct agent *a = context;
	uint16_t app = find_called(context, key);

	return mark_of(&a->enforce.installed.layout, app_number(app), 0);
}

void hold_open(struct agent *a)
{
	const struct nft_features *f = a->nft ? nft_features(a->nft) : NULL;

	if (!f)
		return;
	if (!f->has_queue && !f->has_queue_target)
		a->queue_error = -EPROTONOSUPPORT;
	else
		a->queue_error = queue_open(a->options.queue, on_call, a, &a->queue);
	if (a->queue_error == -EBUSY)
		log_warning("hold",
			    "queue %u is another program's, calls are not held; give "
			    "--queue NUMBER",
			    a->options.queue);
	else if (a->queue_error < 0)
		log_info("hold", "calls can't be held: %s", strerror(-a->queue_error));
}

void hold_plan(struct agent *a, struct plan *plan)
{
	bool is_closed =
		policy_store_policy(a->policies)->on_failure == ON_FAILURE_CLOSED;

	plan->hold = (struct plan_hold){.is_possible = a->queue && a->attribution,
					.is_closed = is_closed,
					.queue = a->options.queue};
	if (a->queue && is_closed != a->enforce.installed.hold.is_closed)
		queue_set_closed(a->queue, is_closed);
}

void hold_read_callers(struct agent *a, uint64_t now_ns)
{
	struct enforcement *e = &a->enforce;
	uint64_t packets = 0;
	struct caller *items;
	size_t count;

	for (int i = 0; i < APP_NUMBER_COUNT; i++)
		packets += e->counters.refused[i][DIRECTION_IN].packets;
	if (!a->nft || !e->is_installed || packets == e->callers_packets ||
	    now_ns - e->callers_ns < CALLERS_EVERY_NS)
		return;
	e->callers_ns = now_ns;
	if (nft_read_callers(a->nft, &e->installed.layout, now_ns, &items, &count) < 0)
		return; /* with the next five seconds, then */
	e->callers_packets = packets;
	callers_update_take(&e->callers, items, count);
}
