/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/role.h"
#include "ctl/report_json.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS(ns) ((unsigned int)((ns) / 1000000000u))
#define SENTENCE_MAX 256

/* --- evidence ------------------------------------------------------------------ */

static json_t *make_evidence(enum evidence_kind kind, const struct evidence *e)
{
	char sentence[SENTENCE_MAX];

	evidence_sentence(kind, e, sentence, sizeof(sentence));
	return json_pack("{s:s, s:b, s:o, s:s, s:o, s:o}", "name", evidence_name(kind),
			 "measured", e->is_measured, "value",
			 report_real(e->is_measured ? e->value : 0), "unit",
			 evidence_unit(kind), "weight",
			 report_real(e->is_measured ? e->weight : 0), "sentence",
			 report_text(sentence));
}

json_t *report_evidence(const struct app *app)
{
	json_t *list = json_array();

	for (enum evidence_kind k = 0; list && k < EVIDENCE_COUNT; k++) {
		if (json_array_append_new(list, make_evidence(k, &app->evidence[k])) <
		    0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* --- legs ---------------------------------------------------------------------- */

static bool is_same_pair(const struct flow *a, const struct flow *b)
{
	return (addr_equal(&a->key.remote, &b->key.remote) &&
		addr_equal(&a->partner, &b->partner)) ||
	       (addr_equal(&a->key.remote, &b->partner) &&
		addr_equal(&a->partner, &b->key.remote));
}

/* The place of a flow among the strongest pairs, or -1 if it has none. A pair is there
 * once, by its stronger flow. */
static int find_place(const struct flow *const *best, size_t count,
		      const struct flow *f)
{
	size_t place = count;

	for (size_t i = 0; i < count; i++) {
		if (best[i]->match < f->match && place == count)
			place = i;
		if (is_same_pair(best[i], f) && place > i)
			return -1;
	}
	return place < REPORT_LEGS_MAX ? (int)place : -1;
}

static size_t insert(const struct flow **best, size_t count, size_t place,
		     const struct flow *f)
{
	size_t end = place;

	/* Up to the weaker flow of the same pair, which goes; else up to the last. */
	while (end < count && !is_same_pair(best[end], f))
		end++;
	if (end == count && count < REPORT_LEGS_MAX)
		count++;
	else if (end == count)
		end--;
	memmove(best + place + 1, best + place, (end - place) * sizeof(*best));
	best[place] = f;
	return count;
}

static json_t *make_leg(const struct flow *f)
{
	char from[ADDR_STRLEN], to[ADDR_STRLEN];

	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "from",
			 addr_format(&f->key.remote, from), "to",
			 addr_format(&f->partner, to), "bytes_in",
			 report_unsigned(f->bytes_in), "bytes_out",
			 report_unsigned(f->bytes_out), "correlation",
			 report_real((double)f->match));
}

json_t *report_legs(const struct app *app)
{
	const struct flow *best[REPORT_LEGS_MAX];
	size_t count = 0;
	json_t *list = json_array();

	for (const struct flow *f = app->flows; f; f = f->next) {
		int place = f->is_leg ? find_place(best, count, f) : -1;

		if (place >= 0)
			count = insert(best, count, (size_t)place, f);
	}
	for (size_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, make_leg(best[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* --- what would change the verdict --------------------------------------------- */

/* Evidence never makes certain: 1 to 99. */
static double percent(double log_odds)
{
	return fmin(99, fmax(1, round(100 / (1 + exp(-log_odds)))));
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

static int add_if_not_promoted(json_t *list, const struct app *app)
{
	char names[SENTENCE_MAX / 2] = "";
	size_t used = 0;
	int r;

	if (app->log_odds >= ROLE_PROMOTED_AT)
		r = add(list,
			"It is called a relay or a supernode if it stays above "
			"%.0f %% for %u s: it is at %.0f %%.",
			percent(ROLE_PROMOTED_AT), SECONDS(ROLE_PROMOTED_AFTER_NS),
			percent(app->log_odds));
	else
		r = add(list,
			"It would be called a relay or a supernode above "
			"%.0f %%: it is at %.0f %%.",
			percent(ROLE_PROMOTED_AT), percent(app->log_odds));
	for (enum evidence_kind k = 0; k < EVIDENCE_COUNT; k++) {
		if (app->evidence[k].is_measured || used >= sizeof(names))
			continue;
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 used ? ", " : "", evidence_name(k));
	}
	if (r == 0 && used)
		r = add(list, "Not measured yet: %s. More traffic will tell.", names);
	return r;
}

static int add_if_promoted(json_t *list, const struct app *app)
{
	int r = add(list,
		    "It is called a client again when it has stayed below %.0f %% for "
		    "%u s, at the earliest %u s after its promotion: it is at %.0f %%.",
		    percent(ROLE_CLEARED_AT), SECONDS(ROLE_CLEARED_AFTER_NS),
		    SECONDS(ROLE_KEPT_AT_LEAST_NS), percent(app->log_odds));

	if (r == 0 && app->is_held)
		r = add(list, "It keeps its role while it pushes against our limit.");
	for (enum evidence_kind k = 0; k < EVIDENCE_COUNT && r == 0; k++) {
		const struct evidence *e = &app->evidence[k];

		if (e->is_measured && e->weight > 0 &&
		    app->log_odds - e->weight < ROLE_CLEARED_AT)
			r = add(list, "Without %s (%+.1f) it would be at %.0f %%.",
				evidence_name(k), e->weight,
				percent(app->log_odds - e->weight));
	}
	return r;
}

static int add_policy(json_t *list, const struct app *app, const struct decision *d)
{
	int r = 0;

	if (app->role == ROLE_CLIENT || d->action == PROMOTION_ALLOW)
		return 0;
	if (!d->is_enforced)
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
