/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/decision.h"
#include <string.h>

static bool legs_only(enum relay_scope scope, const struct app *app)
{
	switch (scope) {
	case RELAY_SCOPE_LEGS:
		return true;
	case RELAY_SCOPE_APP:
		return false;
	case RELAY_SCOPE_AUTO:
		break;
	}
	return app->legs_suffice;
}

static bool limits_relay(const struct decision *d)
{
	return d->relay_rate[DIRECTION_IN] || d->relay_rate[DIRECTION_OUT];
}

/* The line a person should be shown: that of the cut or limit in force, else of the
 * action. */
static struct policy_origin origin_of(const struct decision *d,
				      const struct policy_rule *rule)
{
	if (d->cuts[CUT_LEGS] || d->cuts[CUT_ALL])
		return rule->origin[RULE_PROMOTION];
	if (d->is_over_quota && d->quota_action != QUOTA_WARN)
		return rule->origin[RULE_QUOTA];
	if (d->relay_rate[DIRECTION_OUT])
		return rule->origin[RULE_RELAY_RATE_UP];
	if (d->relay_rate[DIRECTION_IN])
		return rule->origin[RULE_RELAY_RATE_DOWN];
	if (d->rate[DIRECTION_OUT])
		return rule->origin[RULE_RATE_UP];
	if (d->rate[DIRECTION_IN])
		return rule->origin[RULE_RATE_DOWN];
	if (d->cuts[CUT_PEERS])
		return rule->origin[RULE_PEERS_MAX];
	return rule->origin[RULE_PROMOTION];
}

/* The section that says so names the application; [app *] names none. */
static bool is_named(const struct policy_match *match)
{
	return match->rule && match->rule->is_set[RULE_PROMOTION] &&
	       strcmp(match->rule->name, "*") != 0;
}

static void decide_cuts(const struct policy_match *match, const struct app *app,
			struct decision *d)
{
	bool is_promoted = app_role_is_promoted(app->role);
	bool cuts = is_promoted && app->may_be_cut;

	if (d->action != PROMOTION_FORBID && d->action != PROMOTION_BLOCK)
		return;
	d->lacks_evidence = is_promoted && !cuts;
	if (d->action == PROMOTION_BLOCK) {
		d->cuts[CUT_ALL] = cuts;
		return;
	}
	d->cuts[CUT_LEGS] = cuts;
	d->cuts[CUT_CALLS] = cuts || is_named(match);
}

/* Some of what people log in through runs as them: that proves no trade, and it is
 * limited like any program, but not cut. */
static bool is_login(const struct app *app)
{
	if (app->client && app->client->is_login)
		return true;
	return app->unproved_trade && app->unproved_trade->is_login &&
	       app->trade_doubt == CATALOGUE_DOUBT_PERSON;
}

/* Whatever policy says: who cuts the way in can't take it back. */
static void spare_login(const struct app *app, struct decision *d)
{
	if (!is_login(app))
		return;
	for (enum plan_cut i = 0; i < CUT_COUNT; i++) {
		d->spares_login = d->spares_login || d->cuts[i];
		d->cuts[i] = false;
	}
}

static void decide_quota(const struct policy_rule *rule, const struct app *app,
			 struct decision *d)
{
	if (!rule->quota)
		return;
	d->quota = rule->quota;
	d->quota_unit = rule->quota_unit;
	d->quota_action = rule->quota_action;
	if (d->quota_action == QUOTA_BLOCK && is_login(app)) {
		d->quota_action = QUOTA_WARN;
		d->spares_login = d->spares_login || app->is_over_quota;
	}
	d->quota_rate[DIRECTION_IN] = rule->quota_rate_down;
	d->quota_rate[DIRECTION_OUT] = rule->quota_rate_up;
	d->is_over_quota = app->is_over_quota;
}

void decide(const struct policy *policy, const struct app *app,
	    const struct wall_time *now, struct decision *ret_decision)
{
	struct decision d = {.is_enforced = policy->mode == MODE_ENFORCE};
	struct policy_match match;
	const struct policy_rule *rule = &match.effective;

	policy_match_app(policy, &app->identity, app->client, now, &match);
	d.action = rule->promotion;
	d.rate[DIRECTION_IN] = rule->rate_down;
	d.rate[DIRECTION_OUT] = rule->rate_up;
	d.symmetric_nat = rule->symmetric_nat;
	decide_cuts(&match, app, &d);
	d.peers_max = rule->peers_max;
	d.cuts[CUT_PEERS] = rule->peers_max && app->is_full;
	spare_login(app, &d);
	decide_quota(rule, app, &d);
	/* What is not cut of a relay is shaped, if there are rates for it. */
	if (rule->promotion >= PROMOTION_SHAPE && app_role_is_promoted(app->role) &&
	    !d.cuts[CUT_ALL]) {
		d.relay_rate[DIRECTION_IN] = rule->relay_rate_down;
		d.relay_rate[DIRECTION_OUT] = rule->relay_rate_up;
		d.relay_legs_only = legs_only(rule->relay_scope, app);
		d.is_guarded = policy_is_guarding(policy);
	}
	d.rule = match.rule ? match.rule->name : "";
	d.why = origin_of(&d, rule);
	*ret_decision = d;
}

void decision_guard(struct decision *d, const struct guard *guard)
{
	for (enum direction i = 0; d->is_guarded && i < DIRECTION_COUNT; i++) {
		uint64_t allowance = guard_allowance(guard, i);

		if (allowance && (!d->relay_rate[i] || d->relay_rate[i] > allowance))
			d->relay_rate[i] = allowance;
	}
}

void decision_pause(struct decision *d)
{
	d->is_enforced = false;
	d->is_paused = true;
}

bool decision_is_limiting(const struct decision *d)
{
	return d->is_enforced &&
	       (d->rate[DIRECTION_IN] || d->rate[DIRECTION_OUT] || limits_relay(d) ||
		(d->is_over_quota && d->quota_action == QUOTA_SHAPE));
}

bool decision_is_blocked(const struct decision *d)
{
	return d->is_enforced && d->is_over_quota && d->quota_action == QUOTA_BLOCK;
}

bool decision_is_cutting(const struct decision *d, enum plan_cut cut)
{
	if (!d->is_enforced)
		return false;
	if (cut != CUT_COUNT)
		return d->cuts[cut];
	return d->cuts[CUT_LEGS] || d->cuts[CUT_CALLS] || d->cuts[CUT_ALL] ||
	       d->cuts[CUT_PEERS];
}
