/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the engine to the kernel: decisions, plan, transaction, marks. */
#include "agent_private.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MAX_S 30
/* A severed flow that has carried nothing for so long is forgotten. */
#define SEVERED_QUIET_NS (5 * SECOND_NS)

bool enforce_is_on(const struct agent *a)
{
	return policy_store_policy(a->policies)->mode == MODE_ENFORCE &&
	       !pause_is_on(a);
}

static bool is_severed(const struct plan_app *p)
{
	return p->cuts[CUT_LEGS] || p->cuts[CUT_ALL];
}

/* What those that are refused do meanwhile holds the role of the application. */
static void watch_refused(struct agent *a, const struct app *app,
			  const struct plan_app *p, uint64_t now_ns)
{
	uint8_t number = app_number(app->id);
	struct refused *r = &a->enforce.refused[number];
	const struct nft_counter *c = a->enforce.counters.refused[number];
	const uint64_t packets[DIRECTION_COUNT] = {c[DIRECTION_IN].packets,
						   c[DIRECTION_OUT].packets};

	if (plan_app_is_cut(p)) {
		refused_begin(r, now_ns);
		refused_count(r, packets, now_ns);
	} else {
		refused_end(r);
	}
	engine_set_cut(a->engine, app->id, is_severed(p), refused_is_called(r, now_ns));
}

/* What policy says now, with those of its peers that are too many told apart. */
static void decide_for(struct agent *a, const struct app *app,
		       const struct wall_time *wall, struct decision *ret_decision)
{
	const struct policy *policy = policy_store_policy(a->policies);

	decide(policy, app, wall, ret_decision);
	if (ret_decision->peers_max || app->is_full) {
		engine_bound_peers(a->engine, app->id, ret_decision->peers_max);
		decide(policy, app, wall, ret_decision);
	}
	decision_guard(ret_decision, &a->guard);
	if (pause_is_on(a))
		decision_pause(ret_decision);
}

static void plan_add_app(struct agent *a, struct plan *plan, const struct app *app,
			 const struct wall_time *wall, uint64_t now_ns)
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
	decide_for(a, app, wall, &d);
	engine_set_limited(a->engine, app->id, decision_is_limiting(&d));
	if (app->id == APP_UNATTRIBUTED)
		return;
	if (d.is_enforced) {
		memcpy(p->rate, d.rate, sizeof(p->rate));
		memcpy(p->relay_rate, d.relay_rate, sizeof(p->relay_rate));
		memcpy(p->cuts, d.cuts, sizeof(p->cuts));
		p->relay_legs_only = d.relay_legs_only;
		p->is_guarded = d.is_guarded;
		p->symmetric_nat =
			d.symmetric_nat && nft_features(a->nft)->has_masquerade;
	}
	quota_plan(a, app, wall, now_ns, &d, &p->quota);
	watch_refused(a, app, p, now_ns);
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

static int plan_build(struct agent *a, struct plan *plan, uint64_t now_ns)
{
	const struct policy *policy = policy_store_policy(a->policies);
	const struct app *app = NULL;
	struct wall_time wall;
	int r = mark_layout_init(policy->mark_mask, &plan->layout);

	if (r < 0)
		return r;
	agent_wall(&wall);
	quota_begin(a, &wall, now_ns);
	plan->is_owned = policy->on_failure == ON_FAILURE_OPEN &&
			 nft_features(a->nft)->has_owner_flag;
	hold_plan(a, plan);
	while ((app = engine_next_app(a->engine, app)))
		plan_add_app(a, plan, app, &wall, now_ns);
	/* Who has the number next begins anew. */
	for (int i = 0; i < APP_NUMBER_COUNT; i++)
		if (!plan->apps[i].is_present)
			refused_end(&a->enforce.refused[i]);
	r = plan_add_trusted(plan, policy);
	if (r == 0 && a->attribution)
		r = attribution_fill_plan(a->attribution, plan);
	return r;
}

/* Queues first, for the rules lead to them; `plan` has the uplinks that are ready. */
static void prepare_queues(struct agent *a, struct plan *plan)
{
	struct queue_classes *wanted = &a->enforce.queues;
	uint32_t indexes[LINK_UPLINKS_MAX];
	size_t count = link_get_uplinks(a->link, indexes);
	const struct shaper_uplink *uplinks;

	if (!a->shaper)
		return;
	wanted->count = 0;
	if (policy_store_policy(a->policies)->egress == EGRESS_QUEUE)
		queue_plan(plan, wanted);
	shaper_prepare(a->shaper, wanted, indexes, count);
	uplinks = shaper_uplinks(a->shaper, &count);
	for (size_t i = 0; i < count; i++)
		if (uplinks[i].error == 0)
			plan->uplinks[plan->uplink_count++] = uplinks[i].index;
}

void enforce_remove_queues(struct agent *a)
{
	if (!a->shaper)
		return;
	a->enforce.queues.count = 0;
	shaper_prepare(a->shaper, &a->enforce.queues, NULL, 0);
	shaper_finish(a->shaper);
}

/* Flows get or lose their flag: all of them with the next dump. Says who is severed
 * from now on. */
static void note_cuts(struct agent *a, const struct plan *wanted,
		      bool ret_severed[static APP_NUMBER_COUNT])
{
	static const struct plan nothing;
	const struct enforcement *e = &a->enforce;
	const struct plan *before = e->is_installed ? &e->installed : &nothing;

	for (uint16_t id = 1; id < APP_NUMBER_SHARED; id++) {
		bool is = is_severed(&wanted->apps[id]);
		bool was = is_severed(&before->apps[id]);

		ret_severed[id] = is && !was;
		if (is != was)
			a->poll.wants_full = true;
	}
	changes_tell_plan(a, wanted);
}

/* The legs that are known by then do not wait for that dump. */
static void sever_legs(struct agent *a, const bool severed[static APP_NUMBER_COUNT])
{
	for (uint16_t id = 1; id < APP_NUMBER_SHARED; id++)
		if (severed[id])
			observe_legs(a, engine_find_app(a->engine, id));
}

/* What was committed is what is installed. */
static void adopt(struct agent *a, struct plan *wanted)
{
	struct enforcement *e = &a->enforce;
	bool severed[APP_NUMBER_COUNT] = {false};

	note_cuts(a, wanted, severed);
	takeback_old_marks(a);
	tamper_repaired(a);
	/* New bits of the mark: those on the flows mean nothing any more. */
	if (e->is_installed && e->installed.layout.mask != wanted->layout.mask)
		a->poll.marks_are_ours = false;
	counters_change_apps(a, &e->installed, wanted);
	plan_done(&e->installed);
	e->installed = *wanted;
	e->is_installed = true;
	plan_init(wanted);
	sever_legs(a, severed);
}

static int commit(struct agent *a, struct plan *wanted)
{
	struct enforcement *e = &a->enforce;
	struct plan_steps steps = {0};
	int r = plan_diff(e->is_installed ? &e->installed : NULL, wanted, &steps);

	takeback_note_mask(a, wanted->layout.mask);
	if (r == 0 && steps.count)
		r = nft_commit(a->nft, wanted, &steps, e->error, sizeof(e->error));
	if (r == 0)
		adopt(a, wanted);
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

/* Peers beyond the most that an application may have: what they began since the last
 * second ends. */
static void sever_peers(struct agent *a)
{
	const struct mark_layout *l = &a->enforce.installed.layout;
	const struct app *app = NULL;
	const struct flow *f;

	while (a->conntrack && (app = engine_next_app(a->engine, app))) {
		if (!a->enforce.installed.apps[app_number(app->id)].cuts[CUT_PEERS])
			continue;
		for (f = engine_judge_of(a->engine, app)->flows; f; f = f->next)
			if (f->app == app->id && f->is_stranger && f->peer->is_over)
				conntrack_set_mark(a->conntrack, &f->key, f->is_inbound,
						   mark_of(l, app_number(app->id), 0) |
							   l->blocked,
						   l->app | l->blocked);
	}
}

int enforce_update(struct agent *a, uint64_t now_ns)
{
	struct enforcement *e = &a->enforce;
	struct plan wanted;
	int r;

	if (!a->nft || now_ns < e->retry_ns)
		return -EAGAIN;
	guarding_update(a, now_ns);
	plan_init(&wanted);
	r = plan_build(a, &wanted, now_ns);
	if (r == 0) {
		prepare_queues(a, &wanted);
		r = commit(a, &wanted);
	}
	if (r == 0 && a->shaper)
		shaper_finish(a->shaper);
	plan_done(&wanted);
	if (r < 0) {
		note_failure(e, r, now_ns);
		return r;
	}
	e->failures = 0;
	e->error[0] = '\0';
	quota_end(a, now_ns);
	sever_peers(a);
	r = policy_store_state(a->policies)->is_ok ? policy_store_remember(a->policies)
						   : 0;
	if (r < 0)
		log_warning("policy", "the last good policy could not be saved: %s",
			    strerror(-r));
	return 0;
}

/*
 * Legs, and what a stranger began since his calls are refused: the kernel let it in
 * because it did not know yet whose socket he called.
 */
static bool is_to_be_severed(const struct agent *a, const struct conntrack_entry *entry,
			     const struct flow *f)
{
	uint8_t number = app_number(f->app);
	const bool *cuts = a->enforce.installed.apps[number].cuts;

	if (f->is_leg && cuts[CUT_LEGS])
		return true;
	if (f->is_stranger && f->peer->is_over && cuts[CUT_PEERS])
		return true;
	return cuts[CUT_CALLS] && f->is_inbound && f->is_stranger && f->is_watched &&
	       !entry->is_midway && f->first_ns > a->enforce.refused[number].since_ns;
}

/* One that makes room for another peer: its ends have closed it, or it was severed and
 * nobody sends any more. */
static bool is_over(const struct agent *a, const struct conntrack_entry *entry,
		    const struct flow *f)
{
	if (!f->is_stranger ||
	    !a->enforce.installed.apps[app_number(f->app)].cuts[CUT_PEERS])
		return false;
	return entry->is_ended ||
	       ((entry->mark & a->enforce.installed.layout.blocked) &&
		agent_now() - f->last_ns > SEVERED_QUIET_NS);
}

void enforce_mark(struct agent *a, const struct conntrack_entry *entry,
		  const struct flow *f)
{
	const struct mark_layout *layout = &a->enforce.installed.layout;
	uint32_t bits = layout->app | layout->leg | layout->blocked, wanted = 0;

	if (!a->enforce.is_installed || (entry->mark & ~layout->mask) ||
	    (entry->key.proto != IPPROTO_TCP && entry->key.proto != IPPROTO_UDP))
		return;
	if (f->app)
		wanted = mark_of(
			layout, app_number(f->app),
			(f->is_leg ? layout->leg : 0) |
				(is_to_be_severed(a, entry, f) ? layout->blocked : 0));
	/* What was severed begins anew, so that it has to be let in again; where
	 * nothing is enforced there is nothing to let it in through. */
	if (enforce_is_on(a) &&
	    (((entry->mark & layout->blocked) && !(wanted & layout->blocked)) ||
	     is_over(a, entry, f)))
		conntrack_delete(a->conntrack, &entry->key, entry->is_inbound);
	else if ((entry->mark & bits) != wanted)
		conntrack_set_mark(a->conntrack, &entry->key, entry->is_inbound, wanted,
				   bits);
}
