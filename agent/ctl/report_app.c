/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/impostor.h"
#include "ctl/report_find.h"
#include "ctl/report_json.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND UINT64_C(1000000000)

json_t *report_text(const char *text)
{
	json_t *value;
	size_t size;
	char *copy;

	if (!text)
		text = "";
	value = json_string(text);
	if (value)
		return value;
	size = 4 * strlen(text) + 1;
	copy = malloc(size);
	if (!copy)
		return NULL;
	value = json_string(text_escape(text, copy, size));
	free(copy);
	return value;
}

json_t *report_unsigned(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *report_integer(double value)
{
	if (!(value > 0)) /* also what is not a number */
		return json_integer(0);
	return json_integer(value >= 9e18 ? INT64_MAX : (json_int_t)llround(value));
}

json_t *report_real(double value)
{
	return json_real(isfinite(value) && fabs(value) > 0 ? value : 0); /* no -0 */
}

int64_t report_epoch(const struct report_input *in, uint64_t time_ns)
{
	return (int64_t)(time_ns / NS_PER_SECOND) + in->epoch_offset;
}

static const char *kind_name(enum app_kind kind)
{
	static const char *const names[] = {
		[APP_KIND_UNATTRIBUTED] = "unattributed",
		[APP_KIND_UNIT] = "unit",
		[APP_KIND_CONTAINER] = "container",
		[APP_KIND_EXE] = "exe",
	};

	return names[kind];
}

/* --- groups of members of an Application --------------------------------------- */

/* What a relay by trade is called, such as "reverse proxy"; "" for any other. */
static const char *client_trade(const struct app *app)
{
	return app->client && app->client->trade ? app->client->trade : "";
}

/* Why it is not taken for the trade whose path or unit it shows; "" when it shows none.
 */
static json_t *make_trade_doubt(const struct app *app)
{
	const struct catalogue_client *trade = app->unproved_trade;
	char text[512];

	if (!trade)
		return json_string("");
	snprintf(text, sizeof(text), "it shows the %s of a %s (%s), but %s",
		 app->trade_doubt == CATALOGUE_DOUBT_UNIT ? "unit" : "path",
		 trade->trade, trade->id, catalogue_doubt_text(app->trade_doubt));
	return report_text(text);
}

/* What the network of a known client calls a promotion; nobody promotes a trade. */
static const char *client_word(const struct app *app)
{
	return app->client && !app->client->trade ? app->client->word : "";
}

static json_t *make_identity(const struct app *app)
{
	const struct app_identity *id = &app->identity;
	const struct catalogue_client *client = app->client;

	return json_pack(
		"{s:o, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, "
		"s:o}",
		"name", report_text(id->name), "id", (int)app->id, "key",
		report_text(id->key), "kind", kind_name(id->kind), "exe",
		report_text(id->exe), "unit", report_text(id->unit), "container",
		report_text(id->container), "user", report_text(id->user), "uid",
		(json_int_t)id->uid, "client", report_text(client ? client->id : ""),
		"client_word", report_text(client_word(app)), "client_forbid",
		report_text(client ? client->forbid : ""), "client_trade",
		report_text(client_trade(app)), "trade_doubt", make_trade_doubt(app));
}

static json_t *make_verdict(const struct report_input *in, const struct app *app)
{
	uint64_t since = app->role_since_ns ? app->role_since_ns : app->first_ns;

	return json_pack("{s:s, s:b, s:o, s:I, s:I, s:b}", "role",
			 app_role_name(app->role), "promoted",
			 app_role_is_promoted(app->role), "probability",
			 report_real(app_probability(app)), "since",
			 (json_int_t)report_epoch(in, since), "evidence_families",
			 (json_int_t)app->families, "may_be_cut", app->may_be_cut);
}

/* What is not relayed is its own. */
static json_t *make_own(uint64_t bytes, uint64_t relayed)
{
	return report_unsigned(bytes > relayed ? bytes - relayed : 0);
}

static json_t *make_traffic(const struct report_input *in, const struct app *app)
{
	const struct app_totals *t = &app->totals;
	const struct app *judge = engine_judge_of(in->engine, app);

	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"peers", (json_int_t)judge->peers, "peers_in",
		(json_int_t)judge->peers_in, "peers_out", (json_int_t)judge->peers_out,
		"flows", (json_int_t)judge->flow_count, "legs",
		(json_int_t)judge->leg_count, "bytes_in", report_unsigned(t->bytes_in),
		"bytes_out", report_unsigned(t->bytes_out), "relayed_in",
		report_unsigned(t->relayed_in), "relayed_out",
		report_unsigned(t->relayed_out), "own_in",
		make_own(t->bytes_in, t->relayed_in), "own_out",
		make_own(t->bytes_out, t->relayed_out), "rate_in",
		report_integer(app->rate_in), "rate_out",
		report_integer(app->rate_out));
}

static json_t *make_counted(const struct report_input *in, const struct app *app)
{
	static const struct report_counter none[DIRECTION_COUNT];
	uint8_t number = app_number(app->id);
	const struct report_counter *c = in->counters ? in->counters[number] : none;

	return json_pack("{s:{s:o, s:o, s:o, s:o, s:b}}", "counted", "packets_in",
			 report_unsigned(c[DIRECTION_IN].packets), "bytes_in",
			 report_unsigned(c[DIRECTION_IN].bytes), "packets_out",
			 report_unsigned(c[DIRECTION_OUT].packets), "bytes_out",
			 report_unsigned(c[DIRECTION_OUT].bytes), "shared",
			 number == APP_NUMBER_SHARED);
}

static json_t *make_limit(enum direction direction, const char *scope, uint64_t rate,
			  bool while_promoted)
{
	return json_pack("{s:s, s:s, s:o, s:b}", "direction",
			 direction == DIRECTION_IN ? "in" : "out", "scope", scope,
			 "bytes_per_second", report_unsigned(rate), "while_promoted",
			 while_promoted);
}

static json_t *make_limits(const struct decision *d)
{
	const char *relay_scope = d->relay_legs_only ? "legs" : "app";
	json_t *limits = json_array();
	int r = limits ? 0 : -1;

	if (!decision_is_limiting(d))
		return limits;
	for (enum direction i = 0; i < DIRECTION_COUNT && r == 0; i++) {
		if (d->rate[i])
			r = json_array_append_new(
				limits, make_limit(i, "app", d->rate[i], false));
		if (r == 0 && d->is_over_quota && d->quota_action == QUOTA_SHAPE &&
		    d->quota_rate[i])
			r = json_array_append_new(
				limits,
				make_limit(i, "quota", d->quota_rate[i], false));
		if (r == 0 && d->relay_rate[i])
			r = json_array_append_new(
				limits,
				make_limit(i, relay_scope, d->relay_rate[i], true));
	}
	if (r == 0)
		return limits;
	json_decref(limits);
	return NULL;
}

/* What is refused now; an empty array rather than nothing. */
static json_t *make_cuts(const struct decision *d)
{
	static const char *const names[CUT_COUNT] = {[CUT_LEGS] = "legs",
						     [CUT_CALLS] = "calls",
						     [CUT_ALL] = "all",
						     [CUT_PEERS] = "peers"};
	json_t *cuts = json_array();

	for (enum plan_cut i = 0; cuts && i < CUT_COUNT; i++)
		if (decision_is_cutting(d, i) &&
		    json_array_append_new(cuts, json_string(names[i])) < 0) {
			json_decref(cuts);
			return NULL;
		}
	if (cuts && decision_is_blocked(d))
		json_array_append_new(cuts, json_string("quota"));
	return cuts;
}

static json_t *make_refused(const struct report_input *in, const struct app *app)
{
	static const struct report_refused none;
	const struct report_refused *r =
		in->refused ? &in->refused[app_number(app->id)] : &none;
	int64_t since = r->since_ns ? report_epoch(in, r->since_ns) : 0;

	return json_pack("{s:{s:o, s:o, s:I}}", "refused", "packets_in",
			 report_unsigned(r->packets[DIRECTION_IN]), "packets_out",
			 report_unsigned(r->packets[DIRECTION_OUT]), "since",
			 (json_int_t)since);
}

static json_t *make_decision(const struct report_input *in, const struct app *app)
{
	struct decision d;

	report_decide(in, app, &d);
	return json_pack("{s:s, s:o, s:o, s:I, s:b, s:b, s:b, s:o, s:o, s:b, s:b}",
			 "decision", promotion_action_name(d.action), "rule",
			 report_text(d.rule), "rule_file", report_text(d.why.file),
			 "rule_line", (json_int_t)d.why.line, "enforced", d.is_enforced,
			 "paused", d.is_paused, "limited", decision_is_limiting(&d),
			 "limits", make_limits(&d), "cuts", make_cuts(&d),
			 "lacks_evidence", d.lacks_evidence, "spares_login",
			 d.spares_login);
}

static json_t *make_pids(const struct app *app)
{
	json_t *object = json_pack("{s:[]}", "pids");
	json_t *pids = json_object_get(object, "pids");

	for (uint16_t i = 0; pids && i < app->pid_count; i++) {
		if (json_array_append_new(pids, json_integer(app->pids[i])) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* The other programs of its group: what one takes from strangers another gives them.
 * Those he may not see do not exist for the peer. */
static json_t *make_judged_with(const struct report_input *in,
				const struct ctl_peer *peer, const struct app *app)
{
	json_t *object = json_pack("{s:[]}", "judged_with");
	json_t *names = json_object_get(object, "judged_with");
	const struct app *other = NULL;

	while (names && (other = engine_next_app(in->engine, other))) {
		if (other == app || other->judge != app->judge ||
		    !report_may_see(peer, other))
			continue;
		if (json_array_append_new(names, report_text(other->identity.name)) <
		    0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* Why it may not be what its name says. */
static json_t *make_impostor(const struct report_input *in, const struct app *app)
{
	unsigned int bits = in->impostors ? in->impostors[app->id] : 0;
	json_t *object = json_pack("{s:[]}", "impostor");
	json_t *list = json_object_get(object, "impostor");

	for (enum impostor_reason r = 0; list && r < IMPOSTOR_REASON_COUNT; r++) {
		if (!(bits & 1u << r))
			continue;
		if (json_array_append_new(list,
					  json_pack("{s:s, s:s}", "reason",
						    impostor_reason_name(r), "text",
						    impostor_reason_text(r))) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* Adds the members of `part`, taking its reference. */
static int merge_take(json_t *object, json_t *part)
{
	int r = part ? json_object_update(object, part) : -1;

	json_decref(part);
	return r;
}

json_t *report_application(const struct report_input *in, const struct ctl_peer *peer,
			   const struct app *app)
{
	json_t *object = json_object();

	if (!object)
		return NULL;
	if (merge_take(object, make_identity(app)) < 0 ||
	    merge_take(object, make_verdict(in, app)) < 0 ||
	    merge_take(object, make_traffic(in, app)) < 0 ||
	    merge_take(object, make_counted(in, app)) < 0 ||
	    merge_take(object, make_decision(in, app)) < 0 ||
	    merge_take(object, make_refused(in, app)) < 0 ||
	    merge_take(object, report_callers_sum(in, app)) < 0 ||
	    merge_take(object, report_budget(in, app)) < 0 ||
	    merge_take(object, report_schedules(in, app)) < 0 ||
	    merge_take(object, make_pids(app)) < 0 ||
	    merge_take(object, make_impostor(in, app)) < 0 ||
	    merge_take(object, make_judged_with(in, peer, app)) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}
