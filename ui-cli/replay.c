/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay.h"
#include "base/conffile.h"
#include "client.h"
#include "core/decision.h"
#include "core/engine.h"
#include "core/mark.h"
#include "core/role.h"
#include "ctl/report.h"
#include "ctl/report_find.h"
#include "ctl/report_json.h"
#include "evidence_lines.h"
#include "fields.h"
#include "rules.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
#define MILLISECOND_NS UINT64_C(1000000)
/* As the agent's loop: a second is over a little before it is. */
#define DECIDE_NS (950 * MILLISECOND_NS)
/* A history that says more than this is not one to read. */
#define TIMELINE_MAX 10000

/* A text of the recording while it comes, line by line. */
struct text {
	char *data;
	size_t length;
	bool has_come, is_new;
};

/* An application as last noted. */
struct noted {
	bool is_there;
	enum app_role role;
	char name[64], key[APP_TEXT_MAX];
	uint64_t limits[4]; /* of a decision; all 0: none */
	unsigned int cuts;  /* 1 << enum plan_cut */
	json_t *legs;	    /* the most pairs it had while promoted, or NULL */
	uint64_t sign_ns;   /* when it last was as likely as not */
};

struct replay {
	const struct context *context;
	struct policy *policy;
	struct catalogue *catalogue;
	struct engine *engine; /* NULL until the first observation */
	struct text texts[RECORD_TEXT_COUNT];
	bool brings_policy;
	uint64_t epoch_ns, decided_ns;
	struct wall_time wall; /* of the last decisions, in the time zone here */
	struct replay_summary sum;
	struct noted noted[APP_ID_MAX + 1];
	json_t *timeline;
	bool is_full;
};

/* Whoever can read the file may see what is in it. */
static const struct ctl_peer reader = {.is_admin = true};

enum exit_code replay_new(const struct context *c, uint64_t start_ns, uint64_t epoch_ns,
			  bool brings_policy, struct replay **ret_replay)
{
	struct replay *p = calloc(1, sizeof(*p));

	if (p)
		p->timeline = json_array();
	if (!p || !p->timeline) {
		free(p);
		return complain(EXIT_FAILED, "out of memory");
	}
	p->context = c;
	p->brings_policy = brings_policy;
	p->epoch_ns = epoch_ns;
	p->sum.start_ns = p->sum.now_ns = start_ns;
	p->sum.epoch_offset =
		((int64_t)epoch_ns - (int64_t)start_ns) / (int64_t)SECOND_NS;
	*ret_replay = p;
	return EXIT_OK;
}

void replay_free(struct replay *p)
{
	if (!p)
		return;
	engine_free(p->engine);
	policy_free(p->policy);
	catalogue_free(p->catalogue);
	for (size_t i = 0; i < RECORD_TEXT_COUNT; i++)
		free(p->texts[i].data);
	for (size_t i = 0; i <= APP_ID_MAX; i++)
		json_decref(p->noted[i].legs);
	json_decref(p->timeline);
	free(p);
}

void replay_summarize(const struct replay *p, struct replay_summary *ret_summary)
{
	*ret_summary = p->sum;
}

/* --- the rules ------------------------------------------------------------------- */

static enum exit_code take_line(struct replay *p, const struct record *r)
{
	struct text *t = &p->texts[r->line.text];
	size_t length = strlen(r->line.line);
	char *data;

	if (r->line.begins)
		t->length = 0;
	if (t->length + length + 2 > CONFFILE_SIZE_MAX)
		return complain(EXIT_FAILED, "the recording holds a policy of more "
					     "than 1 MiB");
	data = realloc(t->data, t->length + length + 2);
	if (!data)
		return complain(EXIT_FAILED, "out of memory");
	memcpy(data + t->length, r->line.line, length);
	memcpy(data + t->length + length, "\n", 2);
	t->data = data;
	t->length += length + 1;
	t->has_come = t->is_new = true;
	return EXIT_OK;
}

/* NULL for a capture: then the installed ones are meant. */
static const char *recorded(const struct replay *p, enum record_text which)
{
	if (p->texts[which].has_come)
		return p->texts[which].data;
	return p->brings_policy ? "" : NULL;
}

/* Before the first observation, and when the lines of a change have all come. */
static enum exit_code take_rules(struct replay *p)
{
	struct policy *policy = NULL;
	struct catalogue *catalogue = NULL;
	enum exit_code code;
	int r = 0;

	code = rules_load_policy(p->context, recorded(p, RECORD_POLICY), &policy);
	if (code == EXIT_OK)
		code = rules_load_catalogue(p->context, recorded(p, RECORD_CATALOGUE),
					    &catalogue);
	if (code != EXIT_OK) {
		policy_free(policy);
		return code;
	}
	if (p->engine)
		engine_set_policy(p->engine, policy, catalogue);
	else
		r = engine_new(policy, catalogue, &p->engine);
	policy_free(p->policy);
	catalogue_free(p->catalogue);
	p->policy = policy;
	p->catalogue = catalogue;
	p->texts[RECORD_POLICY].is_new = p->texts[RECORD_CATALOGUE].is_new = false;
	return r < 0 ? complain(EXIT_FAILED, "%s", strerror(-r)) : EXIT_OK;
}

/* --- the timeline ----------------------------------------------------------------- */

static void note_event(struct replay *p, const char *event, const struct noted *n,
		       json_t *more)
{
	uint64_t passed = p->sum.now_ns - p->sum.start_ns;
	json_t *item;

	p->is_full = json_array_size(p->timeline) >= TIMELINE_MAX;
	if (p->is_full) {
		json_decref(more);
		return;
	}
	item = json_pack("{s:I, s:I, s:s, s:o, s:o}", "after_ms",
			 (json_int_t)(passed / MILLISECOND_NS), "time",
			 (json_int_t)((p->epoch_ns + passed) / SECOND_NS), "event",
			 event, "app", report_text(n->name), "key",
			 report_text(n->key));
	if (more)
		json_object_update(item, more);
	json_decref(more);
	json_array_append_new(p->timeline, item);
}

/* The engine forgets the pairs of what is promoted no more. */
static void note_signs(const struct replay *p, struct noted *n, const struct app *app)
{
	json_t *legs;

	if (app->log_odds >= ROLE_SUSPECT_AT)
		n->sign_ns = p->sum.now_ns;
	if (!app_role_is_promoted(app->role) || !app->leg_count)
		return;
	legs = report_legs(app, NULL);
	if (json_array_size(legs) >= json_array_size(n->legs)) {
		json_decref(n->legs);
		n->legs = legs;
	} else {
		json_decref(legs);
	}
}

static void note_all_signs(struct replay *p)
{
	const struct app *app = NULL;

	while ((app = engine_next_app(p->engine, app)))
		note_signs(p, &p->noted[app->id], app);
}

/* What was known of one that was promoted and is no more: for whom, until when. */
static void add_past(const struct replay *p, struct noted *n, json_t *more)
{
	uint64_t passed;

	if (!more || !app_role_is_promoted(n->role))
		return;
	json_object_set_new(more, "legs",
			    n->legs ? json_incref(n->legs) : json_array());
	passed = n->sign_ns > p->sum.start_ns ? n->sign_ns - p->sum.start_ns : 0;
	json_object_set_new(more, "last_sign_ms",
			    report_unsigned(passed / MILLISECOND_NS));
	json_decref(n->legs);
	n->legs = NULL;
}

static void note_role(struct replay *p, struct noted *n, const struct app *app)
{
	json_t *more;

	if (app->role == n->role)
		return;
	more = json_pack("{s:s, s:s, s:b, s:o}", "before", app_role_name(n->role),
			 "role", app_role_name(app->role), "promoted",
			 app_role_is_promoted(app->role), "probability",
			 report_real(app_probability(app)));
	if (!app_role_is_promoted(app->role))
		add_past(p, n, more);
	n->role = app->role;
	note_event(p, "role", n, more);
}

/* An application that is new under its number, or is there no more. */
static void note_presence(struct replay *p, struct noted *n, const struct app *app)
{
	bool is_same = app && n->is_there && strcmp(n->key, app->identity.key) == 0;

	if (is_same || (!app && !n->is_there))
		return;
	if (n->is_there && n->role != ROLE_CLIENT) {
		json_t *more = json_pack("{s:s}", "before", app_role_name(n->role));

		add_past(p, n, more);
		note_event(p, "gone", n, more);
	}
	json_decref(n->legs);
	*n = (struct noted){.is_there = app != NULL};
	if (!app)
		return;
	strcpy(n->name, app->identity.name);
	strcpy(n->key, app->identity.key);
}

static void note_roles(struct replay *p)
{
	for (uint16_t id = 1; id <= APP_ID_MAX; id++) {
		const struct app *app = engine_find_app(p->engine, id);

		note_presence(p, &p->noted[id], app);
		if (app)
			note_role(p, &p->noted[id], app);
	}
}

static void fill_limits(const struct decision *d, uint64_t ret_limits[static 4])
{
	memset(ret_limits, 0, 4 * sizeof(*ret_limits));
	if (!decision_is_limiting(d))
		return;
	memcpy(ret_limits, d->rate, sizeof(d->rate));
	memcpy(ret_limits + 2, d->relay_rate, sizeof(d->relay_rate));
}

static unsigned int cuts_of(const struct decision *d)
{
	unsigned int cuts = 0;

	for (enum plan_cut i = 0; i < CUT_COUNT; i++)
		cuts |= (unsigned int)decision_is_cutting(d, i) << i;
	return cuts;
}

/* What the agent's status would say of it. */
static json_t *describe_limits(const struct replay *p, const struct app *app)
{
	static const char *const members[] = {"limited",   "limits",	"rule",
					      "rule_file", "rule_line", "cuts",
					      "enforced"};
	const struct report_input in = {
		.engine = p->engine, .policy = p->policy, .wall = &p->wall};
	json_t *whole = report_application(&in, &reader, app), *part = json_object();

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		json_object_set(part, members[i], json_object_get(whole, members[i]));
	json_decref(whole);
	return part;
}

static void decide_all(struct replay *p)
{
	uint64_t passed = p->sum.now_ns - p->sum.start_ns;
	const struct app *app = NULL;

	wall_time_at((int64_t)((p->epoch_ns + passed) / SECOND_NS), &p->wall);
	while ((app = engine_next_app(p->engine, app))) {
		struct noted *n = &p->noted[app->id];
		struct decision d;
		uint64_t limits[4];

		/* As in the agent, who shares a number is not limited. */
		if (app->id == APP_UNATTRIBUTED ||
		    app_number(app->id) == APP_NUMBER_SHARED)
			continue;
		decide(p->policy, app, &p->wall, &d);
		if (d.peers_max || app->is_full) {
			engine_bound_peers(p->engine, app->id, d.peers_max);
			decide(p->policy, app, &p->wall, &d);
		}
		engine_set_limited(p->engine, app->id, decision_is_limiting(&d));
		/* Who was refused is not recorded, so that holds no role here. */
		engine_set_cut(p->engine, app->id,
			       decision_is_cutting(&d, CUT_LEGS) ||
				       decision_is_cutting(&d, CUT_ALL),
			       false);
		fill_limits(&d, limits);
		if (memcmp(limits, n->limits, sizeof(limits)) == 0 &&
		    cuts_of(&d) == n->cuts)
			continue;
		n->cuts = cuts_of(&d);
		memcpy(n->limits, limits, sizeof(limits));
		note_event(p, "limits", n, describe_limits(p, app));
	}
}

/* --- evidence over time ----------------------------------------------------------- */

/* Of the application that was named, or of all. */
static bool is_chosen(const struct replay *p, const struct app *app)
{
	const struct app *found = NULL;
	const char *error = NULL;
	json_t *reply = NULL;

	if (!p->context->app)
		return app->id != APP_UNATTRIBUTED;
	if (report_find_app(p->engine, &reader, p->context->app, &found, &reply,
			    &error) < 0)
		return false;
	json_decref(reply);
	return found == app;
}

static enum exit_code print_evidence(struct replay *p)
{
	uint64_t passed = p->sum.now_ns - p->sum.start_ns;
	enum exit_code code = EXIT_OK;
	const struct app *app = NULL;

	while (code == EXIT_OK && (app = engine_next_app(p->engine, app)))
		if (app->peers && is_chosen(p, app)) {
			code = evidence_line_print(
				app, passed / MILLISECOND_NS,
				(int64_t)((p->epoch_ns + passed) / SECOND_NS));
			p->sum.evidence_lines++;
		}
	return code;
}

/* --- records ---------------------------------------------------------------------- */

enum exit_code replay_observe(struct replay *p, const struct observation *o)
{
	enum exit_code code = EXIT_OK;
	int r;

	if (!p->engine || p->texts[RECORD_POLICY].is_new ||
	    p->texts[RECORD_CATALOGUE].is_new)
		code = take_rules(p);
	if (code != EXIT_OK)
		return code;
	p->sum.records++;
	r = engine_observe(p->engine, o);
	if (r == -ENOMEM)
		return complain(EXIT_FAILED, "out of memory");
	p->sum.refused += r < 0;
	if (r < 0 || o->time_ns < p->sum.now_ns)
		return EXIT_OK;
	p->sum.now_ns = o->time_ns;
	if (o->kind != OBS_TICK)
		return EXIT_OK;
	note_roles(p);
	if (o->time_ns - p->decided_ns >= DECIDE_NS) {
		p->decided_ns = o->time_ns;
		note_all_signs(p);
		decide_all(p);
		if (p->context->has_evidence_lines)
			return print_evidence(p);
	}
	return EXIT_OK;
}

enum exit_code replay_take(struct replay *p, const struct record *r)
{
	switch (r->kind) {
	case RECORD_OBSERVATION:
		return replay_observe(p, &r->observation);
	case RECORD_LINE:
		return take_line(p, r);
	case RECORD_END:
		break;
	}
	return EXIT_OK;
}

const struct engine *replay_engine(const struct replay *p)
{
	return p->engine;
}

/* --- what there is to say ----------------------------------------------------------
 */

const json_t *replay_timeline(const struct replay *p)
{
	return p->timeline;
}

bool replay_timeline_is_full(const struct replay *p)
{
	return p->is_full;
}

static struct report_input input_of(const struct replay *p)
{
	return (struct report_input){
		.engine = p->engine,
		.policy = p->policy,
		.version = RELAYWARDEN_VERSION,
		.now_ns = p->sum.now_ns,
		.start_ns = p->sum.start_ns,
		.epoch_offset = p->sum.epoch_offset,
		.wall = &p->wall,
		.link_name = "",
	};
}

/* What Explain has, for each of the applications of a status. */
static int add_evidence(const struct replay *p, json_t *apps)
{
	for (size_t i = 0; i < json_array_size(apps); i++) {
		json_t *item = json_array_get(apps, i);
		uint16_t id = (uint16_t)field_int(item, "id");
		const struct app *app = engine_find_app(p->engine, id);
		json_t *more;
		int r;

		if (!app)
			continue;
		more = json_pack("{s:o, s:o, s:o}", "log_odds",
				 report_real(app->log_odds), "evidence",
				 report_evidence(app), "families",
				 report_families(app));
		r = more ? json_object_update(item, more) : -1;
		json_decref(more);
		if (r < 0)
			return -ENOMEM;
	}
	return 0;
}

json_t *replay_status(const struct replay *p)
{
	const struct report_input in = input_of(p);
	json_t *parameters = json_object(), *reply = NULL;
	const char *error = NULL;

	if (!p->engine) {
		json_decref(parameters);
		return json_pack("{s:[]}", "applications");
	}
	if (parameters)
		report_status(&in, &reader, parameters, &reply, &error);
	json_decref(parameters);
	if (reply && add_evidence(p, json_object_get(reply, "applications")) < 0) {
		json_decref(reply);
		return NULL;
	}
	return reply;
}

enum exit_code replay_explain(const struct replay *p, const char *app,
			      json_t **ret_reply)
{
	const struct report_input in = input_of(p);
	json_t *parameters = json_pack("{s:s}", "app", app), *reply = NULL;
	enum exit_code code = EXIT_OK;
	const char *error = NULL;

	if (!parameters)
		return complain(EXIT_USAGE, "the application's name is not UTF-8 text");
	if (!p->engine)
		code = complain(EXIT_FAILED,
				"no application '%s': nothing was recorded", app);
	else if (report_explain(&in, &reader, parameters, &reply, &error) < 0)
		code = complain(EXIT_FAILED, "out of memory");
	else if (error)
		code = client_explain_error(error, reply);
	json_decref(parameters);
	if (code == EXIT_OK)
		*ret_reply = reply;
	else
		json_decref(reply);
	return code;
}
