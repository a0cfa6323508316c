/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is different from what was told last, told as events: roles, limits and cuts,
 * what works and what does not, the clock.
 */
#include "agent_private.h"
#include "ctl/report_json.h"
#include "doctor.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The health of the first seconds says little. */
#define HEALTH_AFTER_NS (10 * SECOND_NS)
#define HEALTH_EVERY_NS (5 * SECOND_NS)

/* --- roles -------------------------------------------------------------------------
 */

/* The evidence that has weight, as Explain has it. */
static json_t *weighty_evidence(const struct app *app)
{
	json_t *all = report_evidence(app), *item;
	size_t i = json_array_size(all);

	while (i-- > 0) {
		item = json_array_get(all, i);
		if (json_number_value(json_object_get(item, "weight")) == 0)
			json_array_remove(all, i);
	}
	return all;
}

static json_t *role_details(const struct app *app)
{
	return json_pack("{s:s, s:o, s:i, s:i, s:o}", "role", app_role_name(app->role),
			 "probability", report_real(app_probability(app)), "peers",
			 (int)app->peers, "families", (int)app->families, "evidence",
			 weighty_evidence(app));
}

static void tell_role(struct agent *a, const struct app *app, enum app_role before)
{
	const char *name = app->identity.name;
	int percent = (int)(app_probability(app) * 100);

	if (app_role_is_promoted(app->role) && !app_role_is_promoted(before))
		chronicle_say_app_take(a, EVENT_PROMOTED, &app->identity,
				       role_details(app),
				       "%s has become a %s (%d %% sure): see "
				       "`agentctl explain %s`",
				       name, app_role_name(app->role), percent, name);
	else if (app_role_is_promoted(before) && app->role == ROLE_CLIENT)
		chronicle_say_app_take(a, EVENT_CLEARED, &app->identity,
				       role_details(app), "%s is a client again", name);
	else
		log_debug("role", "%s: %s, %d %%", name, app_role_name(app->role),
			  percent);
}

void changes_tell_roles(struct agent *a)
{
	for (uint16_t id = 1; id <= APP_ID_MAX; id++) {
		const struct app *app = engine_find_app(a->engine, id);
		enum app_role role = app ? app->role : ROLE_CLIENT;

		if (app && role != a->changes.roles[id])
			tell_role(a, app, a->changes.roles[id]);
		a->changes.roles[id] = role;
	}
}

void changes_app_gone(struct agent *a, uint16_t id)
{
	const struct app *app = engine_find_app(a->engine, id);

	if (app && app_role_is_promoted(a->changes.roles[id]))
		chronicle_say_app_take(a, EVENT_CLEARED, &app->identity,
				       json_pack("{s:s}", "reason", "ended"),
				       "%s has ended; it was a %s", app->identity.name,
				       app_role_name(a->changes.roles[id]));
	a->changes.roles[id] = ROLE_CLIENT;
}

/* --- limits and cuts ----------------------------------------------------------------
 */

static bool is_cut(const struct plan_app *p)
{
	return p->cuts[CUT_ALL] || p->cuts[CUT_LEGS] || p->cuts[CUT_PEERS] ||
	       p->cuts[CUT_CALLS];
}

/* Rates that a guarded application may take change all the time; that it has one is
 * what counts. */
static bool is_limited(const struct plan_app *p)
{
	return p->relay_rate[DIRECTION_IN] || p->relay_rate[DIRECTION_OUT];
}

static const char *describe_cut(const struct plan_app *p)
{
	if (p->cuts[CUT_ALL])
		return "all of its network is cut but loopback and trusted networks";
	if (p->cuts[CUT_LEGS])
		return "its relayed connections are cut, strangers that call are "
		       "refused";
	if (p->cuts[CUT_PEERS])
		return "it has as many peers as it may have, new ones are refused";
	return "strangers that call it are refused";
}

static const char *describe_limit(const struct plan_app *p, char *buf, size_t size)
{
	const char *what = p->relay_legs_only ? "its relayed flows are" : "it is";
	uint64_t in = p->relay_rate[DIRECTION_IN], out = p->relay_rate[DIRECTION_OUT];
	char a[UNITS_STRLEN], b[UNITS_STRLEN];

	if (p->is_guarded)
		snprintf(buf, size, "%s limited to what others leave of the link",
			 what);
	else if (in == out)
		snprintf(buf, size, "%s limited to %s", what, rate_format(in, a));
	else if (!in || !out)
		snprintf(buf, size, "%s limited to %s %s", what,
			 rate_format(in ? in : out, a), in ? "in" : "out");
	else
		snprintf(buf, size, "%s limited to %s in and %s out", what,
			 rate_format(in, a), rate_format(out, b));
	return buf;
}

static void tell_measure(struct agent *a, const struct app *app, enum event_kind kind,
			 const char *what)
{
	struct wall_time wall;
	struct decision d;
	const char *file;
	char rule[128];

	agent_wall(&wall);
	decide(policy_store_policy(a->policies), app, &wall, &d);
	file = d.why.file ? d.why.file : "";
	snprintf(rule, sizeof(rule), "[app %s] %s:%u", *d.rule ? d.rule : "*", file,
		 d.why.line);
	chronicle_say_app_take(a, kind, &app->identity,
			       json_pack("{s:o, s:s, s:s}", "rule", report_text(rule),
					 "action", promotion_action_name(d.action),
					 "role", app_role_name(app->role)),
			       "%s: %s, by %s", app->identity.name, what, rule);
}

static void tell_plan_app(struct agent *a, const struct app *app,
			  const struct plan_app *p)
{
	struct changes_told *told = &a->changes.told[app->id];
	bool was_cut, was_limited;
	char text[160];

	/* The number was another's. */
	if (told->first_ns != app->first_ns)
		*told = (struct changes_told){.first_ns = app->first_ns};
	was_cut = told->is_cut;
	was_limited = told->is_limited;
	if (is_cut(p) && memcmp(p->cuts, told->cuts, sizeof(p->cuts)) != 0)
		tell_measure(a, app, EVENT_CUT, describe_cut(p));
	if (is_limited(p) && !was_limited)
		tell_measure(a, app, EVENT_LIMITED,
			     describe_limit(p, text, sizeof(text)));
	if ((was_cut || was_limited) && !is_cut(p) && !is_limited(p))
		tell_measure(a, app, EVENT_RELEASED,
			     was_cut ? "it is no longer cut"
				     : "it is no longer limited");
	memcpy(told->cuts, p->cuts, sizeof(told->cuts));
	told->is_cut = is_cut(p);
	told->is_limited = is_limited(p);
}

void changes_tell_plan(struct agent *a, const struct plan *in_force)
{
	for (uint16_t id = 1; id < APP_NUMBER_SHARED; id++) {
		const struct app *app = engine_find_app(a->engine, id);

		if (app)
			tell_plan_app(a, app, &in_force->apps[id]);
	}
}

/* --- health ------------------------------------------------------------------------
 */

/* These have events of their own, or are what somebody asked for. */
static bool has_own_event(const char *name)
{
	return strcmp(name, "policy") == 0 || strcmp(name, "tampering") == 0 ||
	       strcmp(name, "pause") == 0;
}

static bool is_bad(const struct report_check *c)
{
	return (c->state == REPORT_DEGRADED || c->state == REPORT_FAILED) &&
	       !has_own_event(c->name);
}

static bool is_listed(const struct changes *c, const char *name)
{
	for (size_t i = 0; i < c->bad_count; i++)
		if (strcmp(c->bad[i], name) == 0)
			return true;
	return false;
}

static const struct report_check *find_bad(const struct doctor *d, const char *name)
{
	for (size_t i = 0; i < d->check_count; i++)
		if (strcmp(d->checks[i].name, name) == 0 && is_bad(&d->checks[i]))
			return &d->checks[i];
	return NULL;
}

static void tell_bad(struct agent *a, const struct report_check *c)
{
	json_t *details =
		json_pack("{s:s, s:o, s:o}", "check", c->name, "detail",
			  report_text(c->detail), "advice", report_text(c->advice));

	chronicle_say_take(a, EVENT_DEGRADED, details, "%s: %s", c->name, c->detail);
}

void changes_tell_health(struct agent *a, uint64_t now_ns)
{
	struct changes *c = &a->changes;
	struct doctor d;

	if (now_ns - a->start_ns < HEALTH_AFTER_NS ||
	    now_ns - c->health_ns < HEALTH_EVERY_NS)
		return;
	c->health_ns = now_ns;
	doctor_examine(a, &d);
	for (size_t i = 0; i < c->bad_count; i++)
		if (!find_bad(&d, c->bad[i]))
			chronicle_say_take(a, EVENT_RECOVERED,
					   json_pack("{s:s}", "check", c->bad[i]),
					   "%s: in order again", c->bad[i]);
	for (size_t i = 0; i < d.check_count; i++)
		if (is_bad(&d.checks[i]) && !is_listed(c, d.checks[i].name))
			tell_bad(a, &d.checks[i]);
	c->bad_count = 0;
	for (size_t i = 0; i < d.check_count && c->bad_count < CHANGES_BAD_MAX; i++)
		if (is_bad(&d.checks[i]) && !is_listed(c, d.checks[i].name))
			c->bad[c->bad_count++] = d.checks[i].name;
}

/* --- the clock ---------------------------------------------------------------------
 */

void changes_tell_clock(struct agent *a)
{
	/* Both at the same moment. */
	uint64_t now_ns = agent_now();
	struct timespec wall;
	char by[UNITS_STRLEN];
	int64_t step;

	clock_gettime(CLOCK_REALTIME, &wall);
	step = clock_step_look(&a->changes.clock,
			       (int64_t)wall.tv_sec * (int64_t)SECOND_NS + wall.tv_nsec,
			       now_ns);
	if (!step)
		return;
	a->changes.clock_set_ns = now_ns;
	chronicle_say_take(
		a, EVENT_CLOCK_SET,
		json_pack("{s:I}", "seconds", (json_int_t)(step / (int64_t)SECOND_NS)),
		"the clock was set %s by %s", step < 0 ? "back" : "forward",
		duration_format((uint64_t)llabs(step) / SECOND_NS, by));
}
