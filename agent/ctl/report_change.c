/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would change a verdict, in sentences. */
#include "core/role.h"
#include "ctl/report_json.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define SECONDS(ns) ((unsigned int)((ns) / 1000000000u))
#define SENTENCE_MAX 256
#define PERCENT_MAX 16

/* "62 %"; evidence never makes certain. */
static const char *percent(double log_odds, char buf[static PERCENT_MAX])
{
	double p = 100 / (1 + exp(-log_odds));

	if (p < 1)
		snprintf(buf, PERCENT_MAX, "<1 %%");
	else if (p > 99)
		snprintf(buf, PERCENT_MAX, ">99 %%");
	else
		snprintf(buf, PERCENT_MAX, "%.0f %%", p);
	return buf;
}

static int add(json_t *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int add(json_t *list, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	return json_array_append_new(list, report_text(sentence));
}

/* The measured kind that pushes hardest up (or down), or EVIDENCE_COUNT. The prior is
 * no measurement. */
static enum evidence_kind find_strongest(const struct app *app, int sign)
{
	enum evidence_kind best = EVIDENCE_COUNT;

	for (enum evidence_kind k = 0; k < EVIDENCE_COUNT; k++) {
		const struct evidence *e = &app->evidence[k];

		if (k == EVIDENCE_PRIOR || !e->is_measured || e->weight * sign <= 0)
			continue;
		if (best == EVIDENCE_COUNT ||
		    fabs(e->weight) > fabs(app->evidence[best].weight))
			best = k;
	}
	return best;
}

static int add_way_up(json_t *list, const struct app *app)
{
	char at[PERCENT_MAX], needed[PERCENT_MAX];

	percent(ROLE_PROMOTED_AT, needed);
	percent(app->log_odds, at);
	if (app->log_odds >= ROLE_PROMOTED_AT)
		return add(list,
			   "It is called a relay or a supernode if it stays above %s "
			   "for %u s, or a second where packets say so: it is at %s.",
			   needed, SECONDS(ROLE_PROMOTED_AFTER_NS), at);
	return add(list,
		   "It would be called a relay or a supernode above %s: it is at %s, "
		   "and %+.1f more would have to speak for it.",
		   needed, at, ROLE_PROMOTED_AT - app->log_odds);
}

static int add_if_not_promoted(json_t *list, const struct app *app)
{
	enum evidence_kind k = find_strongest(app, -1);
	char without[PERCENT_MAX];
	int r = add_way_up(list, app);

	if (r < 0 || k == EVIDENCE_COUNT ||
	    app->log_odds - app->evidence[k].weight < ROLE_SUSPECT_AT)
		return r; /* that alone would change nothing */
	return add(list,
		   "Without %s (%+.1f), which speaks most against, it would be "
		   "at %s.",
		   evidence_name(k), app->evidence[k].weight,
		   percent(app->log_odds - app->evidence[k].weight, without));
}

static int add_way_down(json_t *list, const struct app *app)
{
	char needed[PERCENT_MAX], at[PERCENT_MAX];

	return add(list,
		   "It is called a client again when it has stayed below %s for %u s, "
		   "but no sooner than %u min after it was called a %s: it is at %s.",
		   percent(ROLE_CLEARED_AT, needed), SECONDS(ROLE_CLEARED_AFTER_NS),
		   SECONDS(ROLE_KEPT_AT_LEAST_NS) / 60, app_role_name(app->role),
		   percent(app->log_odds, at));
}

/* How much hangs on the strongest, and what is left if it stops. */
static int add_what_carries(json_t *list, const struct app *app)
{
	enum evidence_kind best = find_strongest(app, 1);
	double rest, rest_of_all = app->log_odds;
	char without[PERCENT_MAX];
	int r;

	if (best == EVIDENCE_COUNT)
		return add(list, "Nothing speaks for it any more.");
	for (enum evidence_kind k = 0; k < EVIDENCE_COUNT; k++)
		if (app->evidence[k].is_measured)
			rest_of_all -= fmax(0, app->evidence[k].weight);
	r = add(list, "If it stops, what speaks for it goes, and it falls to %s.",
		percent(rest_of_all, without));
	if (r < 0)
		return r;
	rest = app->log_odds - app->evidence[best].weight;
	return add(list, "%sithout %s (%+.1f), the strongest, it would %s at %s.",
		   rest < ROLE_PROMOTED_AT ? "W" : "No single one decides: w",
		   evidence_name(best), app->evidence[best].weight,
		   rest < ROLE_PROMOTED_AT ? "be" : "still be", percent(rest, without));
}

static int add_if_promoted(json_t *list, const struct app *app)
{
	int r = add_way_down(list, app);

	if (r == 0 && app->is_held && app->is_cut)
		r = add(list, "It keeps its role while those that are refused keep "
			      "calling.");
	else if (r == 0 && app->is_held)
		r = add(list, "It keeps its role while it pushes against our limit.");
	return r < 0 ? r : add_what_carries(list, app);
}

static int add_policy(json_t *list, const struct app *app, const struct decision *d)
{
	int r = 0;

	if (app->role == ROLE_CLIENT || d->action == PROMOTION_ALLOW)
		return 0;
	if (d->is_paused)
		r = add(list, "Enforcement is paused: whatever its role, nothing is "
			      "limited until then.");
	else if (!d->is_enforced)
		r = add(list,
			"The agent is in monitor mode: whatever its role, nothing "
			"is limited.");
	if (r == 0)
		r = add(list, "If it is meant to do this, exempt it: a policy section "
			      "for it with promotion = allow.");
	return r;
}

json_t *report_would_change(const struct app *app, const struct decision *d)
{
	json_t *list = json_array();
	int r;

	if (!list)
		return NULL;
	r = app_role_is_promoted(app->role) ? add_if_promoted(list, app)
					    : add_if_not_promoted(list, app);
	if (r == 0)
		r = add_policy(list, app, d);
	if (r == 0)
		return list;
	json_decref(list);
	return NULL;
}
