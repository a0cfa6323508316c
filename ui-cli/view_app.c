/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `status APP` says: one application in full. */
#include "base/units.h"
#include "command.h"
#include "fields.h"
#include "views.h"
#include "words.h"
#include <stdarg.h>
#include <string.h>

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
	char text[WORDS_MAX];

	add_line(t, "application", "%s (id %lld)", field_text(app, "name"),
		 (long long)field_int(app, "id"));
	add_line(t, "key", "%s", field_text(app, "key"));
	add_line(t, "program", "%s", field_text(app, "exe"));
	add_line(t, "unit", "%s", field_text(app, "unit"));
	if (*field_text(app, "container"))
		add_line(t, "container", "%s", field_text(app, "container"));
	add_line(t, "user", "%s", field_text(app, "user"));
	add_line(t, "processes", "%s", words_pids(app, text));
	add_line(t, "known client", "%s", field_text(app, "client"));
	add_line(t, "trade", "%s", words_trade(app, text));
	add_line(t, "no trade", "%s", field_text(app, "trade_doubt"));
	add_line(t, "false name?", "%s", words_impostor(app, text));
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

void view_app(const struct context *c, const json_t *reply, const json_t *app)
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
