/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened, and what happens. */
#include "base/when.h"
#include "client.h"
#include "fields.h"
#include "views.h"
#include "words.h"
#include <string.h>
#include <time.h>

/* Of those that were before, as tail(1) has them. */
#define FOLLOW_LINES 10

static enum style style_of(const json_t *event)
{
	const char *severity = field_text(event, "severity");

	if (strcmp(severity, "error") == 0)
		return STYLE_BAD;
	return strcmp(severity, "warning") == 0 ? STYLE_WARN : STYLE_PLAIN;
}

static void cell_kind(struct render_table *t, const json_t *event)
{
	render_cell(t, style_of(event), "%s", field_text(event, "kind"));
}

const struct listing_column events_columns[] = {
	{"time", "TIME", LISTING_TIME, 1, NULL},
	{"kind", "KIND", LISTING_TEXT, 1, cell_kind},
	{"severity", "SEVERITY", LISTING_TEXT, 0, NULL},
	{"application", "APPLICATION", LISTING_BOLD, 0, NULL},
	{"key", "KEY", LISTING_DIM, 0, NULL},
	{"id", "ID", LISTING_NUMBER, 0, NULL},
	{"text", "WHAT", LISTING_TEXT, 1, NULL},
	{0},
};

/* What was asked for, as the method takes it; times were checked. NULL without memory.
 */
static json_t *make_parameters(const struct history_wish *w)
{
	json_t *p = json_object();
	int64_t now = time(NULL), epoch;

	if (w->app)
		json_object_set_new(p, "app", json_string(w->app));
	if (w->kind)
		json_object_set_new(p, "kind", json_string(w->kind));
	if (w->since && when_parse(w->since, now, &epoch) == 0)
		json_object_set_new(p, "since", json_integer(epoch < 0 ? 0 : epoch));
	if (w->until && when_parse(w->until, now, &epoch) == 0)
		json_object_set_new(p, "until", json_integer(epoch < 0 ? 0 : epoch));
	if (w->has_lines || w->is_following)
		json_object_set_new(p, "limit",
				    json_integer(w->has_lines ? (json_int_t)w->lines
							      : FOLLOW_LINES));
	return p;
}

static void hint_none(const struct context *c)
{
	const struct history_wish *w = &c->history;

	render_hint(&c->out, "nothing happened%s",
		    w->since || w->until || w->app || w->kind
			    ? " that fits; fewer options show more"
			    : " yet");
}

static enum exit_code list(const struct context *c)
{
	json_t *reply;
	const json_t *events;
	enum exit_code code =
		client_call_with(c, "Events", make_parameters(&c->history), &reply);

	if (code != EXIT_OK)
		return code;
	events = json_object_get(reply, "events");
	if (c->is_json)
		code = print_json(reply);
	else if (json_array_size(events) == 0)
		hint_none(c);
	else
		listing_print(c, events_columns, events);
	json_decref(reply);
	return code;
}

/* --- following -----------------------------------------------------------------------
 */

static void print_event(const struct context *c, const json_t *event)
{
	char when[WORDS_MAX];

	if (c->is_json) {
		json_dumpf(event, stdout,
			   JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
		putchar('\n');
		return;
	}
	render_line(&c->out, style_of(event), "%s  %-18s  %s",
		    words_time(field_int(event, "time"), when),
		    field_text(event, "kind"), field_text(event, "text"));
}

static enum exit_code take_events(void *context, const json_t *reply)
{
	const json_t *events = json_object_get(reply, "events");

	for (size_t i = 0; i < json_array_size(events); i++)
		print_event(context, json_array_get(events, i));
	/* Who reads is gone: main says so. */
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code follow(const struct context *c)
{
	struct context copy = *c;
	const struct client_stream call = {
		.method = "Events",
		.parameters = make_parameters(&c->history),
		.may_be_silent = true,
		.on_reply = take_events,
		.context = &copy,
	};
	bool is_last;

	return client_stream(c, &call, &is_last);
}

enum exit_code cmd_events(const struct context *c, int count, char *const *arguments)
{
	(void)count;
	(void)arguments;
	if (!c->history.is_following)
		return list(c);
	if (c->history.until)
		return complain(EXIT_USAGE, "--follow has no end; leave out --until");
	if (c->fields)
		return complain(EXIT_USAGE, "--follow has no table; leave out "
					    "--fields, or use --json");
	return follow(c);
}
