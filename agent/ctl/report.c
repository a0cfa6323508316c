/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report.h"
#include "core/decision.h"
#include "ctl/dispatch.h"
#include "ctl/report_find.h"
#include "ctl/report_json.h"
#include <errno.h>
#include <string.h>

const char *report_state_name(enum report_state state)
{
	static const char *const names[] = {
		[REPORT_OK] = "ok",
		[REPORT_DEGRADED] = "degraded",
		[REPORT_FAILED] = "failed",
		[REPORT_INFO] = "info",
	};

	return names[state];
}

static int finish(json_t *reply, json_t **ret_reply)
{
	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 0;
}

static int fail_parameter(const char *name, json_t **ret_reply, const char **ret_error)
{
	return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", name, ret_reply,
			ret_error);
}

/* The application the parameter `app` names. Like report_find_app(); *ret_app is NULL
 * where none is named and none need be. */
static int take_app(const struct report_input *in, const struct ctl_peer *peer,
		    const json_t *parameters, bool is_needed,
		    const struct app **ret_app, json_t **ret_reply,
		    const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, "app");
	const char *text = json_string_value(json_object_get(parameters, "app"));

	if (wrong || (!text && is_needed))
		return fail_parameter(wrong ? wrong : "app", ret_reply, ret_error);
	*ret_app = NULL;
	if (!text)
		return 0;
	return report_find_app(in->engine, peer, text, ret_app, ret_reply, ret_error);
}

/* --- Status -------------------------------------------------------------------- */

struct summary {
	unsigned int applications, promoted, suspect, limited, cut;
	double rate_in, rate_out;
};

static int add_app(const struct report_input *in, const struct ctl_peer *peer,
		   const struct app *app, json_t *list, struct summary *sum)
{
	struct decision d;

	report_decide(in, app, &d);
	sum->applications++;
	sum->promoted += app_role_is_promoted(app->role);
	sum->suspect += app->role == ROLE_SUSPECT;
	sum->limited += decision_is_limiting(&d);
	sum->cut += decision_is_cutting(&d, CUT_LEGS) ||
		    decision_is_cutting(&d, CUT_ALL) || decision_is_blocked(&d);
	sum->rate_in += app->rate_in;
	sum->rate_out += app->rate_out;
	return json_array_append_new(list, report_application(in, peer, app));
}

/* `only` NULL: all he may see. */
static json_t *make_apps(const struct report_input *in, const struct ctl_peer *peer,
			 const struct app *only, struct summary *ret_sum)
{
	json_t *list = json_array();
	struct summary sum = {0};

	if (!list)
		return NULL;
	for (const struct app *a = engine_next_app(in->engine, NULL); a;
	     a = engine_next_app(in->engine, a)) {
		if ((only && a != only) || !report_may_see(peer, a))
			continue;
		if (add_app(in, peer, a, list, &sum) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	*ret_sum = sum;
	return list;
}

static json_t *make_texts(const char *const *texts, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, report_text(texts[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

int report_status(const struct report_input *in, const struct ctl_peer *peer,
		  const json_t *parameters, json_t **ret_reply, const char **ret_error)
{
	const struct app *only = NULL;
	struct summary sum;
	json_t *apps;
	int r;

	r = take_app(in, peer, parameters, false, &only, ret_reply, ret_error);
	if (r < 0 || *ret_error)
		return r;
	apps = make_apps(in, peer, only, &sum);
	if (!apps)
		return -ENOMEM;
	return finish(
		json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:o,"
			  " s:{s:I, s:I, s:I, s:I, s:I}, s:{s:o, s:o, s:o, s:o, s:o},"
			  " s:o, s:o, s:o}",
			  "schema_version", REPORT_SCHEMA_VERSION, "state",
			  report_state_name(in->degraded_count ? REPORT_DEGRADED
							       : REPORT_OK),
			  "mode", policy_mode_name(in->policy->mode), "version",
			  in->version, "since", report_epoch(in, in->start_ns), "now",
			  report_epoch(in, in->now_ns), "degraded",
			  make_texts(in->degraded, in->degraded_count), "summary",
			  "applications", (json_int_t)sum.applications, "promoted",
			  (json_int_t)sum.promoted, "suspect", (json_int_t)sum.suspect,
			  "limited", (json_int_t)sum.limited, "cut",
			  (json_int_t)sum.cut, "link", "interface",
			  report_text(in->link_name), "capacity",
			  report_unsigned(in->link_capacity), "rate_in",
			  report_integer(sum.rate_in), "rate_out",
			  report_integer(sum.rate_out), "guard", report_guard(in),
			  "applications", apps, "paused", report_pause_state(in),
			  "trial", report_trial_state(in)),
		ret_reply);
}

/* --- Explain, Peers ------------------------------------------------------------ */

int report_explain(const struct report_input *in, const struct ctl_peer *peer,
		   const json_t *parameters, json_t **ret_reply, const char **ret_error)
{
	bool may_see[APP_ID_MAX + 1];
	const struct app *app;
	struct decision d;
	int r;

	r = take_app(in, peer, parameters, true, &app, ret_reply, ret_error);
	if (r < 0 || *ret_error)
		return r;
	report_decide(in, app, &d);
	return finish(
		json_pack(
			"{s:i, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "schema_version",
			REPORT_SCHEMA_VERSION, "application",
			report_application(in, peer, app), "log_odds",
			report_real(app->log_odds), "held", app->is_held, "evidence",
			report_evidence(app), "families", report_families(app), "legs",
			report_legs(engine_judge_of(in->engine, app),
				    report_whose_flows(in->engine, peer, app, may_see)),
			"would_change", report_would_change(app, &d)),
		ret_reply);
}

int report_peers(const struct report_input *in, const struct ctl_peer *peer,
		 const json_t *parameters, json_t **ret_reply, const char **ret_error)
{
	bool may_see[APP_ID_MAX + 1];
	const struct app *app;
	json_t *peers;
	size_t total;
	int r;

	r = take_app(in, peer, parameters, true, &app, ret_reply, ret_error);
	if (r < 0 || *ret_error)
		return r;
	peers = report_peer_list(engine_judge_of(in->engine, app),
				 report_whose_flows(in->engine, peer, app, may_see),
				 in->now_ns, &total);
	if (!peers)
		return -ENOMEM;
	return finish(json_pack("{s:i, s:o, s:I, s:o, s:o}", "schema_version",
				REPORT_SCHEMA_VERSION, "application",
				report_text(app->identity.name), "total",
				(json_int_t)total, "peers", peers, "callers",
				report_caller_list(in, app)),
		      ret_reply);
}

/* --- policy -------------------------------------------------------------------- */

static json_t *make_settings(const struct report_input *in)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < in->policy->setting_count; i++)
		if (json_array_append_new(
			    list, report_setting(in, &in->policy->settings[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

int report_policy(const struct report_input *in, const json_t *parameters,
		  json_t **ret_reply, const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, NULL);
	char error[1024] = "";

	if (wrong)
		return fail_parameter(wrong, ret_reply, ret_error);
	if (in->policy_error)
		policy_error_format(in->policy_error, error, sizeof(error));
	return finish(json_pack("{s:i, s:o, s:s, s:o, s:o}", "schema_version",
				REPORT_SCHEMA_VERSION, "generation",
				report_unsigned(in->policy_generation), "state",
				report_state_name(in->policy_error ? REPORT_DEGRADED
								   : REPORT_OK),
				"error", report_text(error), "settings",
				make_settings(in)),
		      ret_reply);
}

int report_reload(const struct report_input *in, json_t **ret_reply,
		  const char **ret_error)
{
	const struct policy_error *e = in->policy_error;

	/* One that waits for another to end has not been read yet. */
	if (e && (!in->trial || strcmp(in->trial->state, "queued") != 0)) {
		*ret_error = CTL_ERROR_POLICY_INVALID;
		return finish(json_pack("{s:o, s:I, s:o, s:o}", "file",
					report_text(e->file), "line",
					(json_int_t)e->line, "key", report_text(e->key),
					"text", report_text(e->text)),
			      ret_reply);
	}
	return finish(json_pack("{s:i, s:o, s:o}", "schema_version",
				REPORT_SCHEMA_VERSION, "generation",
				report_unsigned(in->policy_generation), "trial",
				report_trial_state(in)),
		      ret_reply);
}

/* --- Doctor -------------------------------------------------------------------- */

static json_t *make_checks(const struct report_input *in)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < in->check_count; i++) {
		const struct report_check *c = &in->checks[i];
		json_t *item = json_pack(
			"{s:o, s:s, s:o, s:o}", "name", report_text(c->name), "state",
			report_state_name(c->state), "detail", report_text(c->detail),
			"advice", report_text(c->advice));

		if (json_array_append_new(list, item) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* The worst of all: a failed check alone makes the agent degraded, too. */
static enum report_state overall(const struct report_input *in)
{
	for (size_t i = 0; i < in->check_count; i++)
		if (in->checks[i].state == REPORT_DEGRADED ||
		    in->checks[i].state == REPORT_FAILED)
			return REPORT_DEGRADED;
	return in->degraded_count ? REPORT_DEGRADED : REPORT_OK;
}

int report_doctor(const struct report_input *in, const json_t *parameters,
		  json_t **ret_reply, const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, NULL);

	if (wrong)
		return fail_parameter(wrong, ret_reply, ret_error);
	return finish(json_pack("{s:i, s:s, s:o}", "schema_version",
				REPORT_SCHEMA_VERSION, "state",
				report_state_name(overall(in)), "checks",
				make_checks(in)),
		      ret_reply);
}
