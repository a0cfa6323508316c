/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include "client.h"
#include "fields.h"
#include "views.h"
#include "words.h"
#include <math.h>
#include <string.h>
#include <time.h>

/* What a role means, for somebody who never heard of it. */
static const char *meaning_of(const char *role)
{
	static const struct {
		const char *role, *meaning;
	} roles[] = {
		{"client", "It uses the network for its owner, as it should."},
		{"suspect", "Some signs say that it works for strangers; they do not "
			    "suffice yet."},
		{"supernode",
		 "Its network has made it a hub: many strangers lean on it "
		 "to find each other."},
		{"relay",
		 "Its network has made it a relay: it passes strangers' traffic "
		 "on to other strangers."},
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(roles[i].role, role) == 0)
			return roles[i].meaning;
	return "";
}

static void print_verdict(const struct context *c, const json_t *app, int64_t now)
{
	char since[WORDS_MAX], chance[WORDS_MAX], ago[UNITS_STRLEN];
	int64_t age = now - field_int(app, "since");

	render_line(&c->out, words_role_style(app), "%s: %s", field_text(app, "name"),
		    field_text(app, "role"));
	if (*field_text(app, "trade"))
		render_line(&c->out, STYLE_PLAIN,
			    "To pass traffic on is its trade (%s): nobody promoted it.",
			    field_text(app, "trade"));
	else
		render_line(&c->out, STYLE_PLAIN, "%s",
			    meaning_of(field_text(app, "role")));
	render_line(&c->out, STYLE_PLAIN,
		    "The evidence makes it %s likely that it works for strangers. "
		    "In this role since %s (%s).",
		    words_probability(app, chance),
		    words_time(field_int(app, "since"), since),
		    duration_format(age > 0 ? (uint64_t)age : 0, ago));
}

static void print_policy(const struct context *c, const json_t *app)
{
	char policy[WORDS_MAX], rule[WORDS_MAX];

	render_line(&c->out, STYLE_PLAIN, "Policy: %s, because of %s.",
		    words_policy(app, policy), words_rule(app, rule));
	if (*field_text(app, "client_forbid"))
		render_line(&c->out, STYLE_PLAIN, "Its own setting against it: %s",
			    field_text(app, "client_forbid"));
}

static void add_evidence(struct render_table *t, const json_t *e)
{
	double weight = field_real(e, "weight");
	bool counts = fabs(weight) >= 0.05;

	if (!field_bool(e, "measured"))
		render_cell(t, STYLE_DIM, "?");
	else if (counts)
		render_cell(t, weight > 0 ? STYLE_BAD : STYLE_GOOD, "%+.1f", weight);
	else
		render_cell(t, STYLE_DIM, "0");
	render_cell(t, STYLE_PLAIN, "%s",
		    !counts	 ? ""
		    : weight > 0 ? "for"
				 : "against");
	render_cell(t, STYLE_PLAIN, "%s", field_text(e, "name"));
	render_cell(t, field_bool(e, "measured") ? STYLE_PLAIN : STYLE_DIM, "%s",
		    field_text(e, "sentence"));
}

static void print_evidence(const struct context *c, const json_t *reply)
{
	static const struct render_column columns[] = {
		{"PUSH", true}, {"", false}, {"EVIDENCE", false}, {"MEASURED", false}};
	const json_t *list = json_object_get(reply, "evidence");
	struct render_table *t = render_table_new(columns, 4);

	for (size_t i = 0; i < json_array_size(list); i++)
		add_evidence(t, json_array_get(list, i));
	render_cell(t, STYLE_BOLD, "%+.1f", field_real(reply, "log_odds"));
	render_cell(t, STYLE_PLAIN, "%s", "");
	render_cell(t, STYLE_BOLD, "sum");
	render_cell(t, STYLE_PLAIN,
		    "0 would be fifty-fifty, +2.9 is 95 %%, -2.9 is 5 %%.");
	render_line(&c->out, STYLE_PLAIN, "%s", "");
	render_hint(&c->out, "What speaks for working for strangers, and against it:");
	render_table_print(&c->out, t, 2);
	render_table_free(t);
}

static void print_legs(const struct context *c, const json_t *legs)
{
	static const struct render_column columns[] = {{"FROM", false},
						       {"TO", false},
						       {"RECEIVED", true},
						       {"SENT BACK", true},
						       {"LIKENESS", true}};
	struct render_table *t = render_table_new(columns, 5);
	char in[UNITS_STRLEN], out[UNITS_STRLEN];

	for (size_t i = 0; i < json_array_size(legs); i++) {
		const json_t *leg = json_array_get(legs, i);

		render_cell(t, STYLE_PLAIN, "%s", field_text(leg, "from"));
		render_cell(t, STYLE_PLAIN, "%s", field_text(leg, "to"));
		render_cell(t, STYLE_PLAIN, "%s",
			    size_format(field_size(leg, "bytes_in"), in));
		render_cell(t, STYLE_PLAIN, "%s",
			    size_format(field_size(leg, "bytes_out"), out));
		render_cell(t, STYLE_PLAIN, "%.0f %%",
			    100 * field_real(leg, "correlation"));
	}
	if (json_array_size(legs) > 0) {
		render_line(&c->out, STYLE_PLAIN, "%s", "");
		render_hint(&c->out, "Strangers it passes traffic on between:");
		render_table_print(&c->out, t, 2);
	}
	render_table_free(t);
}

static void print_would_change(const struct context *c, const json_t *list)
{
	if (json_array_size(list) == 0)
		return;
	render_line(&c->out, STYLE_PLAIN, "%s", "");
	render_hint(&c->out, "What would change this:");
	for (size_t i = 0; i < json_array_size(list); i++)
		render_line(&c->out, STYLE_PLAIN, "  - %s",
			    json_string_value(json_array_get(list, i)));
}

void view_explanation(const struct context *c, const json_t *reply, int64_t now)
{
	const json_t *app = json_object_get(reply, "application");

	print_verdict(c, app, now);
	print_policy(c, app);
	print_evidence(c, reply);
	print_legs(c, json_object_get(reply, "legs"));
	print_would_change(c, json_object_get(reply, "would_change"));
}

enum exit_code cmd_explain(const struct context *c, int count, char *const *arguments)
{
	enum exit_code code;
	json_t *reply;

	(void)count;
	code = client_call(c, "Explain", arguments[0], &reply);
	if (code != EXIT_OK)
		return code;
	if (c->is_json)
		code = print_json(reply);
	else
		view_explanation(c, reply, (int64_t)time(NULL));
	json_decref(reply);
	return code;
}
