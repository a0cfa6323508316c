/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include "client.h"
#include "fields.h"
#include "words.h"
#include <stdarg.h>
#include <string.h>

#define HEADLINE_MAX 1024
/* More names than this are a number. */
#define HEADLINE_NAMES 3

/* --- the first line: healthy? anything promoted? anything limited? ------------- */

struct text {
	char buf[HEADLINE_MAX];
	size_t used;
};

static void append(struct text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->buf + t->used, sizeof(t->buf) - t->used, format, args);
	va_end(args);
	if (n > 0)
		t->used += (size_t)n;
	if (t->used >= sizeof(t->buf))
		t->used = sizeof(t->buf) - 1;
}

static void append_promoted(struct text *t, const json_t *apps, int64_t promoted)
{
	int named = 0;

	if (promoted == 0) {
		append(t, "nothing promoted");
		return;
	}
	append(t, "%lld promoted: ", (long long)promoted);
	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (!field_bool(app, "promoted"))
			continue;
		if (named == HEADLINE_NAMES) {
			append(t, ", ...");
			return;
		}
		append(t, "%s%s (%s)", named++ ? ", " : "", field_text(app, "name"),
		       field_text(app, "role"));
	}
}

static void append_limited(struct text *t, const json_t *apps, int64_t promoted,
			   int64_t limited)
{
	const char *gap = promoted ? " \u00b7 " : ", ";
	char limits[WORDS_MAX], rule[WORDS_MAX];

	if (limited == 0) {
		append(t, "%snothing limited", gap);
		return;
	}
	if (limited > 1) {
		append(t, "%s%lld limited", gap, (long long)limited);
		return;
	}
	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (!field_bool(app, "limited"))
			continue;
		append(t, "%s", gap);
		if (!promoted || !field_bool(app, "promoted"))
			append(t, "%s ", field_text(app, "name"));
		append(t, "limited to %s by %s", words_limits(app, limits),
		       words_rule(app, rule));
	}
}

/* After what is limited, of which there may be nothing. */
static void append_cut(struct text *t, const json_t *apps, int64_t cut)
{
	char rule[WORDS_MAX];

	if (cut > 1)
		append(t, " \u00b7 %lld cut", (long long)cut);
	for (size_t i = 0; cut == 1 && i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (words_is_severed(app))
			append(t, " \u00b7 %s, by %s", words_cuts(app),
			       words_rule(app, rule));
	}
}

static void append_trial(struct text *t, const json_t *reply)
{
	int64_t until = field_int(json_object_get(reply, "trial"), "confirm_until");
	char clock[WORDS_MAX];

	if (until)
		append(t, " (a new policy goes back unless confirmed by %s)",
		       words_clock(until, clock));
}

/* Why nothing is limited or cut, whatever policy says. */
static void append_suspended(struct text *t, const json_t *reply)
{
	const json_t *paused = json_object_get(reply, "paused");
	char until[WORDS_MAX];

	if (strcmp(field_text(reply, "mode"), "monitor") == 0)
		append(t, " (monitor mode: nothing is ever limited)");
	else if (field_int(paused, "until"))
		append(t, " (paused until %s by %s: nothing is limited)",
		       words_clock(field_int(paused, "until"), until),
		       field_text(paused, "user"));
}

static void print_headline(const struct context *c, const json_t *reply)
{
	const json_t *apps = json_object_get(reply, "applications");
	const json_t *summary = json_object_get(reply, "summary");
	const json_t *degraded = json_object_get(reply, "degraded");
	int64_t promoted = field_int(summary, "promoted");
	int64_t limited = field_int(summary, "limited");
	int64_t cut = field_int(summary, "cut");
	bool is_ok = strcmp(field_text(reply, "state"), "ok") == 0;
	struct text t = {0};

	if (!is_ok)
		append(&t, "degraded: ");
	else if (promoted == 0)
		append(&t, "ok: ");
	append_promoted(&t, apps, promoted);
	if (limited || !cut)
		append_limited(&t, apps, promoted, limited);
	append_cut(&t, apps, cut);
	append_suspended(&t, reply);
	append_trial(&t, reply);
	render_line(&c->out,
		    promoted ? STYLE_BAD
		    : is_ok  ? STYLE_GOOD
			     : STYLE_WARN,
		    "%s", t.buf);
	for (size_t i = 0; i < json_array_size(degraded); i++)
		render_line(&c->out, STYLE_WARN, "  ! %s",
			    json_string_value(json_array_get(degraded, i)));
	if (json_array_size(degraded))
		render_hint(&c->out, "  What to do: agentctl doctor");
}

/* What promoted applications are held to, while any is. */
static void print_guard(const struct context *c, const json_t *reply)
{
	const json_t *guard = json_object_get(json_object_get(reply, "link"), "guard");
	const json_t *in = json_object_get(guard, "in");
	const json_t *out = json_object_get(guard, "out");
	char text[4][UNITS_STRLEN];

	if (strcmp(field_text(guard, "state"), "on") != 0)
		return;
	render_line(&c->out, STYLE_PLAIN,
		    "link guard: others use %s down, %s up; what is promoted may take "
		    "%s down, %s up each",
		    rate_format(field_size(in, "others"), text[0]),
		    rate_format(field_size(out, "others"), text[1]),
		    rate_format(field_size(in, "allowance"), text[2]),
		    rate_format(field_size(out, "allowance"), text[3]));
}

/* --- one row an application ---------------------------------------------------- */

static bool matters(const json_t *app)
{
	return field_int(app, "rate_in") + field_int(app, "rate_out") > 0 ||
	       strcmp(field_text(app, "role"), "client") != 0 ||
	       field_bool(app, "limited") ||
	       json_array_size(json_object_get(app, "cuts")) > 0;
}

static void add_row(struct render_table *t, const json_t *app)
{
	char in[UNITS_STRLEN], out[UNITS_STRLEN], size[UNITS_STRLEN];
	char policy[WORDS_MAX];
	uint64_t own = field_size(app, "own_in") + field_size(app, "own_out");
	uint64_t relayed =
		field_size(app, "relayed_in") + field_size(app, "relayed_out");

	render_cell(t, STYLE_BOLD, "%s", field_text(app, "name"));
	render_cell(t, STYLE_PLAIN, "%s", field_text(app, "user"));
	render_cell(t, words_role_style(app), "%s", field_text(app, "role"));
	render_cell(t, words_role_style(app), "%s", words_probability(app, policy));
	render_cell(t, STYLE_PLAIN, "%lld", (long long)field_int(app, "peers"));
	render_cell(t, STYLE_PLAIN, "%s", rate_format(field_size(app, "rate_in"), in));
	render_cell(t, STYLE_PLAIN, "%s",
		    rate_format(field_size(app, "rate_out"), out));
	render_cell(t, STYLE_PLAIN, "%s", own ? size_format(own, size) : "-");
	render_cell(t, STYLE_PLAIN, "%s", relayed ? size_format(relayed, size) : "-");
	render_cell(t,
		    field_bool(app, "limited") || words_is_severed(app) ? STYLE_WARN
									: STYLE_PLAIN,
		    "%s", words_policy(app, policy));
}

static void print_table(const struct context *c, const json_t *apps)
{
	static const struct render_column columns[] = {
		{"APPLICATION", false},	 {"USER", false}, {"ROLE", false},
		{"FOR STRANGERS", true}, {"PEERS", true}, {"IN", true},
		{"OUT", true},		 {"OWN", true},	  {"RELAYED", true},
		{"POLICY", false},
	};
	struct render_table *t =
		render_table_new(columns, sizeof(columns) / sizeof(*columns));
	size_t rows = 0, quiet = 0;

	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (matters(app)) {
			add_row(t, app);
			rows++;
		} else if (field_int(app, "id") != 0) { /* 0: the unattributed */
			quiet++;
		}
	}
	if (rows) {
		render_hint(&c->out, "%s", "");
		render_table_print(&c->out, t, 0);
	}
	render_table_free(t);
	if (quiet)
		render_hint(&c->out, "%zu more without traffic now: agentctl apps",
			    quiet);
}

/* --- one application in full --------------------------------------------------- */

static void add_line(struct render_table *t, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add_line(struct render_table *t, const char *key, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!*text)
		return;
	render_cell(t, STYLE_DIM, "%s", key);
	render_cell(t, STYLE_PLAIN, "%s", text);
}

static void add_identity(struct render_table *t, const json_t *app)
{
	const json_t *pids = json_object_get(app, "pids");
	char trade[WORDS_MAX];
	struct text list = {0};

	for (size_t i = 0; i < json_array_size(pids); i++)
		append(&list, "%s%lld", i ? " " : "",
		       (long long)json_integer_value(json_array_get(pids, i)));
	add_line(t, "application", "%s (id %lld)", field_text(app, "name"),
		 (long long)field_int(app, "id"));
	add_line(t, "key", "%s", field_text(app, "key"));
	add_line(t, "program", "%s", field_text(app, "exe"));
	add_line(t, "unit", "%s", field_text(app, "unit"));
	if (*field_text(app, "container"))
		add_line(t, "container", "%s", field_text(app, "container"));
	add_line(t, "user", "%s", field_text(app, "user"));
	add_line(t, "processes", "%s", list.buf);
	add_line(t, "known client", "%s", field_text(app, "client"));
	add_line(t, "trade", "%s", words_trade(app, trade));
	add_line(t, "no trade", "%s", field_text(app, "trade_doubt"));
	add_line(t, "its own switch", "%s", field_text(app, "client_forbid"));
}

static void add_traffic(struct render_table *t, const json_t *app)
{
	char a[UNITS_STRLEN], b[UNITS_STRLEN];

	add_line(t, "peers", "%lld strangers: %lld called it, it called %lld",
		 (long long)field_int(app, "peers"),
		 (long long)field_int(app, "peers_in"),
		 (long long)field_int(app, "peers_out"));
	add_line(t, "flows", "%lld, of these %lld carry relayed traffic",
		 (long long)field_int(app, "flows"), (long long)field_int(app, "legs"));
	add_line(t, "traffic now", "%s in, %s out",
		 rate_format(field_size(app, "rate_in"), a),
		 rate_format(field_size(app, "rate_out"), b));
	add_line(t, "traffic so far", "%s in, %s out",
		 size_format(field_size(app, "bytes_in"), a),
		 size_format(field_size(app, "bytes_out"), b));
	add_line(t, "of it its own", "%s in, %s out",
		 size_format(field_size(app, "own_in"), a),
		 size_format(field_size(app, "own_out"), b));
	add_line(t, "of it relayed", "%s in, %s out",
		 size_format(field_size(app, "relayed_in"), a),
		 size_format(field_size(app, "relayed_out"), b));
}

static void add_refused(struct render_table *t, const json_t *app)
{
	const json_t *refused = json_object_get(app, "refused");
	int64_t since = field_int(refused, "since");
	char text[WORDS_MAX];

	if (since)
		add_line(t, "refused", "%lld packets in, %lld out, since %s",
			 (long long)field_int(refused, "packets_in"),
			 (long long)field_int(refused, "packets_out"),
			 words_time(since, text));
}

static void add_schedules(struct render_table *t, const json_t *app)
{
	const json_t *list = json_object_get(app, "schedules");
	char text[WORDS_MAX];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *schedule = json_array_get(list, i);

		add_line(t, "schedule", "[app %s] %s", field_text(schedule, "rule"),
			 words_schedule(schedule, text));
	}
}

static void add_callers(struct render_table *t, const json_t *app)
{
	const json_t *callers = json_object_get(app, "callers");
	int64_t count = field_int(callers, "count");
	char text[WORDS_MAX];

	if (count)
		add_line(t, "who still calls",
			 "%lld in the last ten minutes, %.1f times a minute, since %s",
			 (long long)count, field_real(callers, "calls_per_minute"),
			 words_time(field_int(callers, "since"), text));
}

static void print_app(const struct context *c, const json_t *reply, const json_t *app)
{
	static const struct render_column columns[] = {{"", false}, {"", false}};
	struct render_table *t = render_table_new(columns, 2);
	char text[WORDS_MAX], ago[UNITS_STRLEN];
	int64_t age = field_int(reply, "now") - field_int(app, "since");

	add_identity(t, app);
	add_line(t, "role", "%s; %s likely to work for strangers",
		 field_text(app, "role"), words_probability(app, text));
	add_line(t, "since", "%s (%s)", words_time(field_int(app, "since"), text),
		 duration_format(age > 0 ? (uint64_t)age : 0, ago));
	add_line(t, "kinds of evidence", "%s", words_families(app, NULL, text));
	add_traffic(t, app);
	add_line(t, "policy", "%s", words_policy(app, text));
	add_line(t, "quota", "%s", words_quota(app, text));
	if (field_int(app, "peers_max"))
		add_line(t, "peers at most", "%lld",
			 (long long)field_int(app, "peers_max"));
	add_refused(t, app);
	add_callers(t, app);
	add_line(t, "because of", "%s", words_rule(app, text));
	add_schedules(t, app);
	render_hint(&c->out, "%s", "");
	render_table_print(&c->out, t, 0);
	render_table_free(t);
	render_hint(&c->out, "Why this role: agentctl explain %s",
		    field_text(app, "name"));
}

/* ------------------------------------------------------------------------------- */

static enum exit_code judge(const struct context *c, const json_t *reply)
{
	const json_t *summary = json_object_get(reply, "summary");

	if (c->is_check && field_int(summary, "promoted") > 0)
		return EXIT_PROMOTED;
	return strcmp(field_text(reply, "state"), "ok") == 0 ? EXIT_OK : EXIT_DEGRADED;
}

enum exit_code cmd_status(const struct context *c, int count, char *const *arguments)
{
	enum exit_code code;
	const json_t *apps;
	json_t *reply;

	code = client_call(c, "Status", count ? arguments[0] : NULL, &reply);
	if (code != EXIT_OK)
		return code;
	apps = json_object_get(reply, "applications");
	if (c->is_json) {
		code = print_json(reply);
	} else {
		print_headline(c, reply);
		print_guard(c, reply);
		if (count && json_array_size(apps) > 0)
			print_app(c, reply, json_array_get(apps, 0));
		else
			print_table(c, apps);
	}
	if (code == EXIT_OK)
		code = judge(c, reply);
	json_decref(reply);
	return code;
}
