/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy.h"
#include "base/pool.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct policy *policy_new_default(void)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->mode = MODE_ENFORCE;
	p->on_failure = ON_FAILURE_OPEN;
	p->mark_mask = POLICY_MARK_MASK_DEFAULT;
	p->storage = pool_new();
	if (!p->storage) {
		free(p);
		return NULL;
	}
	return p;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	pool_free(p->storage);
	free(p);
}

/* No FNM_PATHNAME: "/opt/voice/" and a star means all below it, at any depth. */
static bool matches_any(const struct policy_strings *globs, const char *text)
{
	if (!*text)
		return false;
	for (size_t i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], text, 0) == 0)
			return true;
	return false;
}

static bool matches_path(const struct policy_rule *rule,
			 const struct app_identity *identity,
			 const struct catalogue_client *client)
{
	return matches_any(&rule->clients, client ? client->id : "") ||
	       matches_any(&rule->exes, identity->exe);
}

static bool matches_more(const struct policy_rule *rule,
			 const struct app_identity *identity,
			 const struct catalogue_client *client)
{
	return matches_any(&rule->trades,
			   client && client->trade ? client->trade : "") ||
	       matches_any(&rule->units, identity->unit) ||
	       matches_any(&rule->users, identity->user) ||
	       matches_any(&rule->containers, identity->container) ||
	       (identity->kind == APP_KIND_CONTAINER &&
		matches_any(&rule->containers, identity->name));
}

static bool is_fallback(const struct policy_rule *rule)
{
	return strcmp(rule->name, "*") == 0;
}

/* Whether a section spares what [app *] would not. */
static bool spares(const struct policy *p, const struct policy_rule *rule)
{
	const struct policy_rule *other = &p->rules[0];
	enum promotion_action fallback = PROMOTION_WARN;

	if (is_fallback(other) && other->is_set[RULE_PROMOTION])
		fallback = other->promotion;
	return rule->is_set[RULE_PROMOTION] && rule->promotion < fallback;
}

/* In a user namespace of his own anybody can run his program by any path: that may do
 * him harm, and no good. */
static bool comes_under(const struct policy *p, const struct policy_rule *rule,
			const struct app_identity *identity,
			const struct catalogue_client *client)
{
	bool has_path = !identity->is_in_userns || !spares(p, rule);

	return is_fallback(rule) || matches_more(rule, identity, client) ||
	       (has_path && matches_path(rule, identity, client));
}

/* The winning section, and the one that waits for its schedule to win. */
static void find_rule(const struct policy *p, const struct app_identity *identity,
		      const struct catalogue_client *client,
		      const struct wall_time *now, struct policy_match *ret_match)
{
	ret_match->rule = ret_match->waiting = NULL;
	for (size_t i = p->rule_count; i-- > 0 && !ret_match->rule;) {
		const struct policy_rule *rule = &p->rules[i];

		if (!comes_under(p, rule, identity, client))
			continue;
		if (!now || schedule_applies(&rule->schedule, now))
			ret_match->rule = rule;
		else if (!ret_match->waiting)
			ret_match->waiting = rule;
	}
}

static void copy_value(struct policy_rule *to, const struct policy_rule *from,
		       enum rule_key key)
{
	switch (key) {
	case RULE_PROMOTION:
		to->promotion = from->promotion;
		break;
	case RULE_RELAY_SCOPE:
		to->relay_scope = from->relay_scope;
		break;
	case RULE_RATE_UP:
		to->rate_up = from->rate_up;
		break;
	case RULE_RATE_DOWN:
		to->rate_down = from->rate_down;
		break;
	case RULE_RELAY_RATE_UP:
		to->relay_rate_up = from->relay_rate_up;
		break;
	case RULE_RELAY_RATE_DOWN:
		to->relay_rate_down = from->relay_rate_down;
		break;
	case RULE_QUOTA:
		to->quota = from->quota;
		to->quota_unit = from->quota_unit;
		break;
	case RULE_QUOTA_ACTION:
		to->quota_action = from->quota_action;
		break;
	case RULE_QUOTA_RATE_UP:
		to->quota_rate_up = from->quota_rate_up;
		break;
	case RULE_QUOTA_RATE_DOWN:
		to->quota_rate_down = from->quota_rate_down;
		break;
	case RULE_PEERS_MAX:
		to->peers_max = from->peers_max;
		break;
	case RULE_SYMMETRIC_NAT:
		to->symmetric_nat = from->symmetric_nat;
		break;
	case RULE_SCHEDULE:
	case RULE_KEY_COUNT:
		break;
	}
}

static void fold_in(struct policy_rule *to, const struct policy_rule *from)
{
	for (unsigned int key = 0; key < RULE_KEY_COUNT; key++) {
		if (to->is_set[key] || !from->is_set[key])
			continue;
		copy_value(to, from, key);
		to->is_set[key] = true;
		to->origin[key] = from->origin[key];
	}
}

void policy_match_app(const struct policy *p, const struct app_identity *identity,
		      const struct catalogue_client *client,
		      const struct wall_time *now, struct policy_match *ret_match)
{
	struct policy_rule effective = {.name = "", .promotion = PROMOTION_WARN};
	const struct policy_rule *rule;

	find_rule(p, identity, client, now, ret_match);
	rule = ret_match->rule;
	if (rule) {
		effective = *rule;
		if (!rule->is_set[RULE_PROMOTION])
			effective.promotion = PROMOTION_WARN;
		if (!rule->is_set[RULE_QUOTA_ACTION])
			effective.quota_action = QUOTA_SHAPE;
		if (!is_fallback(rule) && is_fallback(&p->rules[0]))
			fold_in(&effective, &p->rules[0]);
	}
	ret_match->effective = effective;
}

bool policy_is_guarding(const struct policy *p)
{
	return p->reserve_percent || p->reserve_rate;
}

bool policy_notices_are_quiet(const struct policy_notices *n,
			      const struct wall_time *now)
{
	return n->quiet.count && schedule_applies(&n->quiet, now);
}

bool policy_is_trusted(const struct policy *p, const struct addr *a)
{
	for (size_t i = 0; i < p->trusted_count; i++)
		if (prefix_contains(&p->trusted[i], a))
			return true;
	return false;
}

const char *promotion_action_name(enum promotion_action a)
{
	switch (a) {
	case PROMOTION_ALLOW:
		return "allow";
	case PROMOTION_WARN:
		return "warn";
	case PROMOTION_SHAPE:
		return "shape";
	case PROMOTION_FORBID:
		return "forbid";
	case PROMOTION_BLOCK:
		return "block";
	}
	return "unknown";
}

const char *relay_scope_name(enum relay_scope s)
{
	switch (s) {
	case RELAY_SCOPE_AUTO:
		return "auto";
	case RELAY_SCOPE_LEGS:
		return "legs";
	case RELAY_SCOPE_APP:
		return "app";
	}
	return "unknown";
}

const char *policy_mode_name(enum policy_mode m)
{
	switch (m) {
	case MODE_ENFORCE:
		return "enforce";
	case MODE_MONITOR:
		return "monitor";
	}
	return "unknown";
}

const char *policy_on_failure_name(enum policy_on_failure f)
{
	switch (f) {
	case ON_FAILURE_OPEN:
		return "open";
	case ON_FAILURE_CLOSED:
		return "closed";
	}
	return "unknown";
}
