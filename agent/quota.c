/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quotas: what the kernel has counted goes into the store, what is stored goes into the
 * plan. The kernel acts on it by itself, so nothing here is in a hurry.
 *
 * The store is opened when the first policy with a quota is in force, and written to
 * only while an application with a quota moves bytes.
 */
#include "agent_private.h"
#include "doctor.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool policy_has_quota(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].quota)
			return true;
	return false;
}

/* What an earlier agent has left in the kernel knows better than what it wrote. */
static void adopt(struct agent *a)
{
	struct nft_quotas quotas;

	if (nft_read_quotas(a->nft, &quotas) < 0)
		return;
	for (int i = 0; i < APP_NUMBER_COUNT; i++)
		if (quotas.app[i].is_there)
			quota_store_adopt(a->quotas.store, quotas.app[i].comment,
					  quotas.app[i].consumed);
}

static int open_store(struct agent *a, const struct wall_time *wall, uint64_t now_ns)
{
	struct quota_tracking *q = &a->quotas;
	int r = quota_store_new(a->database, wall->day, now_ns, &q->store);

	if (r < 0)
		return r;
	q->turned_ns = now_ns;
	if (!a->enforce.is_installed)
		adopt(a);
	return 0;
}

static const char *over_text(const struct decision *d)
{
	if (!d->is_enforced || d->quota_action == QUOTA_WARN)
		return "nothing is done";
	return d->quota_action == QUOTA_BLOCK
		       ? "its network is cut but loopback and trusted networks"
		       : "it is limited to its quota_rate";
}

static void tell_over(struct agent *a, const struct app *app, const struct decision *d,
		      bool is_over)
{
	const char *name = app->identity.name, *unit = quota_unit_name(d->quota_unit);
	json_t *details =
		json_pack("{s:I, s:s}", "quota", (json_int_t)d->quota, "period", unit);
	char size[UNITS_STRLEN];

	if (is_over)
		chronicle_say_app_take(
			a, EVENT_QUOTA_USED, &app->identity, details,
			"%s has used up its %s a %s: %s, by [app %s] %s:%u", name,
			size_format(d->quota, size), unit, over_text(d),
			*d->rule ? d->rule : "*", d->why.file ? d->why.file : "",
			d->why.line);
	else
		chronicle_say_app_take(a, EVENT_QUOTA_LEFT, &app->identity, details,
				       "%s has some of its quota left again", name);
}

/* Everything that its object has counted since the last time. */
static void count(struct agent *a, struct quota_entry *e, uint8_t number)
{
	const struct plan_quota *there = &a->enforce.installed.apps[number].quota;
	const struct nft_quota *counted = &a->quotas.counted.app[number];
	char label[QUOTA_LABEL_SIZE];
	uint64_t used = e->account.used;

	if (!a->enforce.is_installed || !there->bytes || !counted->is_there ||
	    strcmp(there->label, quota_store_label(e, label)) != 0)
		return;
	if (!quota_count(&e->account, counted->consumed, there->bytes))
		e->serial++;
	e->is_changed |= used != e->account.used;
}

void quota_plan(struct agent *a, const struct app *app, const struct wall_time *wall,
		uint64_t now_ns, const struct decision *d, struct plan_quota *ret_quota)
{
	struct quota_tracking *q = &a->quotas;
	uint32_t seconds = (uint32_t)((now_ns - q->turned_ns) / SECOND_NS);
	struct quota_entry *e =
		d->quota && q->store ? quota_store_get(q->store, app->identity.key,
						       d->quota_unit, wall->day, now_ns)
				     : NULL;
	bool is_over;

	if (!e || !nft_features(a->nft)->has_quota) {
		engine_set_over_quota(a->engine, app->id, false);
		return;
	}
	count(a, e, app_number(app->id));
	if (quota_turn(&e->account, e->unit, wall->day, seconds)) {
		e->serial++;
		e->is_changed = true;
	}
	is_over = quota_left(&e->account, d->quota) == 0;
	if (is_over != e->was_over)
		tell_over(a, app, d, is_over);
	e->was_over = is_over;
	engine_set_over_quota(a->engine, app->id, is_over);
	ret_quota->action = d->is_enforced ? d->quota_action : QUOTA_WARN;
	ret_quota->bytes =
		ret_quota->action == QUOTA_WARN ? PLAN_QUOTA_ENDLESS : d->quota;
	if (ret_quota->action == QUOTA_SHAPE)
		memcpy(ret_quota->rate, d->quota_rate, sizeof(d->quota_rate));
	ret_quota->serial = e->serial;
	ret_quota->used = e->account.used;
	quota_store_label(e, ret_quota->label);
}

void quota_begin(struct agent *a, const struct wall_time *wall, uint64_t now_ns)
{
	struct quota_tracking *q = &a->quotas;

	if (!q->store && policy_has_quota(policy_store_policy(a->policies)) &&
	    open_store(a, wall, now_ns) < 0)
		log_error("quota", "no memory for quotas");
	/* What can't be read now is read with the next second. */
	if (!a->enforce.is_installed || !plan_has_quotas(&a->enforce.installed) ||
	    nft_read_quotas(a->nft, &q->counted) < 0)
		memset(&q->counted, 0, sizeof(q->counted));
}

void quota_end(struct agent *a, uint64_t now_ns)
{
	struct quota_tracking *q = &a->quotas;

	if (!q->store)
		return;
	/* Whole seconds, so that what is left of one counts with the next. */
	q->turned_ns += (now_ns - q->turned_ns) / SECOND_NS * SECOND_NS;
	quota_store_write(q->store, now_ns);
}

void quota_close(struct agent *a)
{
	quota_store_free(a->quotas.store);
}

bool quota_read(const struct agent *a, const struct app *app, const struct decision *d,
		struct report_quota *ret_quota)
{
	const struct quota_entry *e;

	if (!d->quota || !a->quotas.store || app_number(app->id) == APP_NUMBER_SHARED)
		return false;
	e = quota_store_find(a->quotas.store, app->identity.key, d->quota_unit);
	if (!e)
		return false;
	*ret_quota = (struct report_quota){
		.used = e->account.used,
		.period = e->account.period,
		.is_held = e->account.held_s > 0,
	};
	return true;
}
