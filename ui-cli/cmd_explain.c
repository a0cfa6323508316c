/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include "client.h"
#include "fields.h"
#include "views.h"
#include "words.h"
#include <math.h>
#include <string.h>
#include <time.h>

/* From here on something speaks for it. */
#define WORTH_A_WORD 0.05

/* What a role means, for somebody who never heard of it. */
static const char *meaning_of(const json_t *app)
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

	const char *role = field_text(app, "role");

	if (strcmp(role, "client") == 0 &&
	    field_real(app, "probability") > WORTH_A_WORD)
		return "It seems to use the network for its owner, though something "
		       "speaks against that.";
	if (*field_text(app, "client_trade") && field_bool(app, "promoted"))
		return "It passes strangers' traffic on, which is what it is for: "
		       "nobody promoted it.";
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
	render_line(&c->out, STYLE_PLAIN, "%s", meaning_of(app));
	render_line(&c->out, STYLE_PLAIN,
		    "The evidence makes it %s likely that it works for strangers. "
		    "In this role since %s, for %s.",
		    words_probability(app, chance),
		    words_time(field_int(app, "since"), since),
		    duration_format(age > 0 ? (uint64_t)age : 0, ago));
}

static void print_group(const struct context *c, const json_t *app)
{
	const json_t *names = json_object_get(app, "judged_with");

	for (size_t i = 0; i < json_array_size(names); i++)
		render_line(&c->out, STYLE_PLAIN,
			    "Judged together with %s: what one of them takes from "
			    "strangers the other gives to strangers.",
			    json_string_value(json_array_get(names, i)));
}

static void print_policy(const struct context *c, const json_t *app)
{
	char text[WORDS_MAX], rule[WORDS_MAX];

	if (*words_trade(app, text))
		render_line(&c->out, STYLE_PLAIN, "It is a %s.", text);
	if (*field_text(app, "trade_doubt"))
		render_line(&c->out, STYLE_PLAIN,
			    "Not taken for a relay by trade: %s. Where that is in "
			    "order, exempt it by match.user or match.unit.",
			    field_text(app, "trade_doubt"));
	if (*words_impostor(app, text))
		render_line(&c->out, STYLE_WARN,
			    "It may not be what its name says: %s. Its file: %s", text,
			    field_text(app, "exe"));
	render_line(&c->out, STYLE_PLAIN, "Policy: %s, because of %s.",
		    words_policy(app, text), words_rule(app, rule));
	if (*words_quota(app, text))
		render_line(&c->out, STYLE_PLAIN, "Quota: %s.", text);
	if (*field_text(app, "client_word"))
		render_line(&c->out, STYLE_PLAIN,
			    "It is known as %s. Its network's word for a promoted one: "
			    "%s",
			    field_text(app, "client"), field_text(app, "client_word"));
	if (*field_text(app, "client_forbid"))
		render_line(&c->out, STYLE_PLAIN, "Its own setting against it: %s",
			    field_text(app, "client_forbid"));
}

static void print_traffic(const struct context *c, const json_t *app)
{
	char in[UNITS_STRLEN], out[UNITS_STRLEN];

	if (field_int(app, "relayed_in") + field_int(app, "relayed_out") > 0)
		render_line(&c->out, STYLE_PLAIN,
			    "Relayed, since its relayed flows were told apart: %s in, "
			    "%s out.",
			    size_format(field_size(app, "relayed_in"), in),
			    size_format(field_size(app, "relayed_out"), out));
	else
		render_line(&c->out, STYLE_PLAIN,
			    "Relayed: nothing that could be told apart.");
	render_line(&c->out, STYLE_PLAIN,
		    "All else with strangers, its own as far as can be told: %s in, %s "
		    "out.",
		    size_format(field_size(app, "own_in"), in),
		    size_format(field_size(app, "own_out"), out));
}

/* --- evidence ------------------------------------------------------------------ */

#define EVIDENCE_SHOWN_MAX 64

/* Pieces of one reply, in the order they are shown in. */
struct shown {
	const json_t *items[EVIDENCE_SHOWN_MAX];
	size_t count;
};

/* What was measured, strongest first. */
static void sort_measured(const json_t *list, struct shown *ret_shown)
{
	struct shown s = {.count = 0};

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *e = json_array_get(list, i);
		double size = fabs(field_real(e, "weight"));
		size_t place = s.count;

		if (!field_bool(e, "measured") || s.count == EVIDENCE_SHOWN_MAX)
			continue;
		while (place > 0 &&
		       fabs(field_real(s.items[place - 1], "weight")) < size)
			place--;
		memmove(s.items + place + 1, s.items + place,
			(s.count - place) * sizeof(*s.items));
		s.items[place] = e;
		s.count++;
	}
	*ret_shown = s;
}

static void add_evidence(struct render_table *t, const json_t *e)
{
	double weight = field_real(e, "weight");
	bool counts = words_weight_counts(weight);
	enum style style = counts ? STYLE_PLAIN : STYLE_DIM;
	char words[WORDS_MAX];

	if (counts)
		render_cell(t, weight > 0 ? STYLE_BAD : STYLE_GOOD, "%+.1f", weight);
	else
		render_cell(t, STYLE_DIM, "0");
	render_cell(t, style, "%s", words_weight(weight, words));
	render_cell(t, style, "%s", field_text(e, "name"));
	render_cell(t, style, "%s", field_text(e, "sentence"));
}

static void print_not_measured(const struct context *c, const json_t *list)
{
	char names[1024] = "";
	size_t used = 0;

	for (size_t i = 0; i < json_array_size(list) && used < sizeof(names); i++) {
		const json_t *e = json_array_get(list, i);

		if (!field_bool(e, "measured"))
			used += (size_t)snprintf(names + used, sizeof(names) - used,
						 "%s%s", used ? ", " : "",
						 field_text(e, "name"));
	}
	if (used)
		render_line(&c->out, STYLE_DIM, "Not measured: %s.", names);
}

static void print_evidence(const struct context *c, const json_t *reply)
{
	static const struct render_column columns[] = {{"WEIGHT", true},
						       {"", false},
						       {"EVIDENCE", false},
						       {"MEASURED", false}};
	const json_t *list = json_object_get(reply, "evidence");
	struct render_table *t = render_table_new(columns, 4);
	struct shown s;
	size_t i = 0;

	sort_measured(list, &s);
	for (; i < s.count && words_weight_counts(field_real(s.items[i], "weight"));
	     i++)
		add_evidence(t, s.items[i]);
	render_cell(t, STYLE_BOLD, "%+.1f", field_real(reply, "log_odds"));
	render_cell(t, STYLE_BOLD, "sum");
	render_cell(t, STYLE_PLAIN, "%s", "");
	render_cell(t, STYLE_PLAIN,
		    "0 is as likely as not, +2.9 is 95 %%, -2.9 is 5 %%.");
	for (; i < s.count; i++)
		add_evidence(t, s.items[i]);
	render_line(&c->out, STYLE_PLAIN, "%s", "");
	render_hint(&c->out,
		    "What speaks for its working for strangers (+), and against (-):");
	render_table_print(&c->out, t, 2);
	render_table_free(t);
	print_not_measured(c, list);
}

static void print_families(const struct context *c, const json_t *reply)
{
	char text[WORDS_MAX];

	render_line(&c->out, STYLE_PLAIN, "Independent kinds of evidence: %s.",
		    words_families(json_object_get(reply, "application"),
				   json_object_get(reply, "families"), text));
}

/* --- legs ---------------------------------------------------------------------- */

/* More than these are for programs. */
#define LEGS_SHOWN 8

static void add_leg(struct render_table *t, const json_t *leg)
{
	char text[UNITS_STRLEN];

	render_cell(t, STYLE_PLAIN, "%s", field_text(leg, "from"));
	render_cell(t, STYLE_PLAIN, "%s", field_text(leg, "to"));
	render_cell(t, STYLE_PLAIN, "%s",
		    size_format(field_size(leg, "bytes_in"), text));
	render_cell(t, STYLE_PLAIN, "%s", size_format(field_size(leg, "to_out"), text));
	render_cell(t, STYLE_PLAIN, "%s",
		    size_format(field_size(leg, "bytes_out"), text));
	render_cell(t, STYLE_PLAIN, "%.0f %%", 100 * field_real(leg, "correlation"));
}

static void print_legs(const struct context *c, const json_t *legs)
{
	static const struct render_column columns[] = {
		{"FROM", false},   {"TO", false},	{"CAME IN", true},
		{"WENT ON", true}, {"SENT BACK", true}, {"LIKENESS", true}};
	struct render_table *t = render_table_new(columns, 6);
	size_t count = json_array_size(legs);

	for (size_t i = 0; i < count && i < LEGS_SHOWN; i++)
		add_leg(t, json_array_get(legs, i));
	if (count > 0) {
		render_line(&c->out, STYLE_PLAIN, "%s", "");
		render_hint(
			&c->out,
			"Strangers it passes traffic on between, most alike first:");
		render_table_print(&c->out, t, 2);
	}
	if (count > LEGS_SHOWN)
		render_hint(&c->out, "  and %zu more pairs: --json",
			    count - LEGS_SHOWN);
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
	print_group(c, app);
	print_traffic(c, app);
	print_policy(c, app);
	print_evidence(c, reply);
	print_families(c, reply);
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
