/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the engine to the kernel: decisions, plan, transaction, marks. */
#include "agent_private.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MAX_S 30

static void plan_add_app(struct agent *a, struct plan *plan, const struct app *app)
{
	struct plan_app *p = &plan->apps[app_number(app->id)];
	struct decision d;

	p->is_present = true;
	if (app_number(app->id) == APP_NUMBER_SHARED) {
		/* A limit would hit all that share the number: meter only. */
		snprintf(p->comment, sizeof(p->comment),
			 "shared by several applications");
		return;
	}
	snprintf(p->comment, sizeof(p->comment), "%s", app->identity.name);
	decide(policy_store_policy(a->policies), app, &d);
	engine_set_limited(a->engine, app->id, decision_is_limiting(&d));
	if (!decision_is_limiting(&d) || app->id == APP_UNATTRIBUTED)
		return;
	memcpy(p->rate, d.rate, sizeof(p->rate));
	memcpy(p->relay_rate, d.relay_rate, sizeof(p->relay_rate));
	p->relay_legs_only = d.relay_legs_only;
}

static int plan_add_trusted(struct plan *plan, const struct policy *policy)
{
	plan->trusted_count = policy->trusted_count < PLAN_TRUSTED_MAX
				      ? policy->trusted_count
				      : PLAN_TRUSTED_MAX;
	plan->trusted = calloc(plan->trusted_count + 1, sizeof(*plan->trusted));
	if (!plan->trusted)
		return -ENOMEM;
	if (plan->trusted_count)
		memcpy(plan->trusted, policy->trusted,
		       plan->trusted_count * sizeof(*plan->trusted));
	return 0;
}

static int plan_build(struct agent *a, struct plan *plan)
{
	const struct policy *policy = policy_store_policy(a->policies);
	const struct app *app = NULL;
	int r = mark_layout_init(policy->mark_mask, &plan->layout);

	if (r < 0)
		return r;
	plan->is_owned = policy->on_failure == ON_FAILURE_OPEN &&
			 nft_features(a->nft)->has_owner_flag;
	while ((app = engine_next_app(a->engine, app)))
		plan_add_app(a, plan, app);
	r = plan_add_trusted(plan, policy);
	if (r == 0 && a->attribution)
		r = attribution_fill_plan(a->attribution, plan);
	return r;
}

static int commit(struct agent *a, struct plan *wanted)
{
	struct enforcement *e = &a->enforce;
	struct plan_steps steps = {0};
	int r = plan_diff(e->is_installed ? &e->installed : NULL, wanted, &steps);

	if (r == 0 && steps.count)
		r = nft_commit(a->nft, wanted, &steps, e->error, sizeof(e->error));
	if (r == 0) {
		/* New bits of the mark: those on the flows mean nothing any more. */
		if (e->is_installed && e->installed.layout.mask != wanted->layout.mask)
			a->poll.marks_are_ours = false;
		plan_done(&e->installed);
		e->installed = *wanted;
		e->is_installed = true;
		plan_init(wanted);
	}
	plan_steps_done(&steps);
	return r;
}

static void note_failure(struct enforcement *e, int error, uint64_t now_ns)
{
	unsigned int wait = e->failures < 5 ? 1u << e->failures : RETRY_MAX_S;

	if (!e->error[0])
		snprintf(e->error, sizeof(e->error), "%s", strerror(-error));
	e->failures++;
	e->retry_ns = now_ns + wait * SECOND_NS;
	/* What is in the kernel is not known: the next try begins from nothing. */
	e->is_installed = false;
	log_error("nft", "the rules could not be installed: %s; next try in %u s",
		  e->error, wait);
}

int enforce_update(struct agent *a, uint64_t now_ns)
{
	struct enforcement *e = &a->enforce;
	struct plan wanted;
	int r;

	if (!a->nft || now_ns < e->retry_ns)
		return -EAGAIN;
	plan_init(&wanted);
	r = plan_build(a, &wanted);
	if (r == 0)
		r = commit(a, &wanted);
	plan_done(&wanted);
	if (r < 0) {
		note_failure(e, r, now_ns);
		return r;
	}
	e->failures = 0;
	e->error[0] = '\0';
	r = policy_store_state(a->policies)->is_ok ? policy_store_remember(a->policies)
						   : 0;
	if (r < 0)
		log_warning("policy", "the last good policy could not be saved: %s",
			    strerror(-r));
	return 0;
}

void enforce_mark(struct agent *a, const struct conntrack_entry *entry, uint16_t app,
		  bool is_leg)
{
	const struct mark_layout *layout = &a->enforce.installed.layout;
	uint32_t bits = layout->app | layout->leg, wanted = 0;

	if (!a->enforce.is_installed || (entry->mark & ~layout->mask) ||
	    (entry->key.proto != IPPROTO_TCP && entry->key.proto != IPPROTO_UDP))
		return;
	if (app)
		wanted = mark_of(layout, app_number(app), is_leg ? layout->leg : 0);
	if ((entry->mark & bits) != wanted)
		conntrack_set_mark(a->conntrack, &entry->key, entry->is_inbound, wanted,
				   bits);
}

void enforce_clear_marks(struct agent *a)
{
	const struct app *app = NULL;
	const struct flow *f;

	if (!a->conntrack || !a->enforce.is_installed)
		return;
	while ((app = engine_next_app(a->engine, app)))
		for (f = app->flows; f; f = f->next)
			conntrack_set_mark(a->conntrack, &f->key, f->is_inbound, 0,
					   a->enforce.installed.layout.mask);
}
