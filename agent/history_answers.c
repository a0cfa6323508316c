/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the history has to tell, as the methods Usage and Events; and to those who
 * listen, each event as it happens. */
#include "agent_private.h"
#include "ctl/report_find.h"
#include "ctl/report_json.h"
#include "store/history_query.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

#define EVENTS_DEFAULT 100

/* One who follows. */
struct event_stream {
	struct ctl_stream *stream;
	bool is_admin;
	uid_t uid;
	char *app; /* key or name, NULL: any */
	bool has_kind, is_over;
	enum event_kind kind;
	struct event_stream *prev, *next;
};

/* --- what both are asked with
 * ----------------------------------------------------------
 */

/* A key where it is an application of now, else as it is: the history knows those that
 * are gone. 0 with *ret_error set when it knows none, or a negative errno. */
static int find_app(struct agent *a, const struct ctl_peer *peer,
		    struct history_scope *scope, json_t **ret_reply,
		    const char **ret_error)
{
	const struct app *app = NULL;
	json_t *reply = NULL;
	const char *error = NULL;
	int r;

	if (!scope->app)
		return 0;
	r = report_find_app(a->engine, peer, scope->app, &app, &reply, &error);
	if (r == 0 && app)
		scope->app = app->identity.key;
	else if (r == 0 && !history_query_knows(a->database, agent_now(), scope)) {
		*ret_reply = reply;
		*ret_error = error;
		return 0;
	}
	json_decref(reply);
	return r;
}

static int fail_history(const struct agent *a, int error, json_t **ret_reply,
			const char **ret_error)
{
	const struct database_state *s = database_state(a->database);

	if (error == -E2BIG)
		return ctl_fail(CTL_ERROR_NO_HISTORY, "text",
				"that is too much at once; ask for less time, or for "
				"hours or days",
				ret_reply, ret_error);
	return ctl_fail(CTL_ERROR_NO_HISTORY, "text", s->error ? s->text : "no history",
			ret_reply, ret_error);
}

static struct history_scope scope_of(const struct ctl_peer *peer, const char *app)
{
	return (struct history_scope){
		.app = app, .is_all = peer->is_admin, .uid = peer->uid};
}

/* --- Usage
 * ----------------------------------------------------------------------------
 */

static json_t *make_bytes(const struct usage_bytes *b)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "bytes_in",
			 report_unsigned(b->in), "bytes_out", report_unsigned(b->out),
			 "relayed_in", report_unsigned(b->relayed_in), "relayed_out",
			 report_unsigned(b->relayed_out), "peers",
			 report_unsigned(b->peers));
}

struct usage_rows {
	json_t *list;
	enum usage_span span;
};

static void take_usage(void *context, const struct history_usage_row *row)
{
	const struct usage_rows *rows = context;
	json_t *item =
		json_pack("{s:o, s:o, s:I}", "application", report_text(row->name),
			  "key", report_text(row->key), "time",
			  (json_int_t)usage_bucket_epoch(rows->span, row->bucket));
	json_t *bytes = make_bytes(&row->bytes);

	json_object_update(item, bytes);
	json_decref(bytes);
	json_array_append_new(rows->list, item);
}

static int64_t bucket_at(enum usage_span span, int64_t epoch)
{
	struct wall_time wall;

	wall_time_at(epoch, &wall);
	return usage_bucket(span, epoch, &wall);
}

/* An hour of minutes, a day of hours, a month of days, a year of months. */
static int64_t default_first(enum usage_span span, int64_t last)
{
	static const unsigned int counts[USAGE_SPAN_COUNT] = {
		[USAGE_MINUTE] = 59,
		[USAGE_HOUR] = 23,
		[USAGE_DAY] = 29,
		[USAGE_MONTH] = 11,
	};

	return usage_bucket_before(span, last, counts[span]);
}

static int answer_usage(struct agent *a, const struct history_usage_query *q,
			json_t **ret_reply, const char **ret_error)
{
	struct usage_rows rows = {json_array(), q->span};
	struct history_usage_sum sum;
	json_t *reply;
	int r = history_query_usage(a->database, agent_now(), q, take_usage, &rows,
				    &sum);

	if (r < 0) {
		json_decref(rows.list);
		return fail_history(a, r, ret_reply, ret_error);
	}
	reply = json_pack("{s:i, s:s, s:I, s:I, s:o, s:o, s:b}", "schema_version",
			  REPORT_SCHEMA_VERSION, "span", usage_span_name(q->span),
			  "since", (json_int_t)usage_bucket_epoch(q->span, q->first),
			  "now", (json_int_t)time(NULL), "rows", rows.list, "totals",
			  make_bytes(&sum.bytes), "truncated", sum.rows > q->limit);
	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 0;
}

int history_method_usage(void *context, const struct ctl_peer *peer,
			 const json_t *parameters, json_t **ret_reply,
			 const char **ret_error)
{
	const char *app = NULL, *span = "day";
	int64_t since = -1, until = -1;
	const struct ctl_parameter known[] = {
		{"app", .text = &app},
		{"span", .text = &span},
		{"since", .number = &since},
		{"until", .number = &until},
	};
	const char *wrong =
		ctl_parameters_read(parameters, known, sizeof(known) / sizeof(*known));
	struct history_usage_query q = {.scope = scope_of(peer, app),
					.limit = HISTORY_USAGE_MAX};
	struct agent *a = context;
	int r;

	if (!wrong && !usage_span_parse(span, &q.span))
		wrong = "span";
	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	history_catch_up(a);
	r = find_app(a, peer, &q.scope, ret_reply, ret_error);
	if (r < 0 || *ret_error)
		return r;
	q.last = bucket_at(q.span, until < 0 ? time(NULL) : until - 1);
	q.first = since < 0 ? default_first(q.span, q.last) : bucket_at(q.span, since);
	return answer_usage(a, &q, ret_reply, ret_error);
}

/* --- Events
 * ---------------------------------------------------------------------------
 */

static json_t *parse_details(const char *details)
{
	json_t *object = details ? json_loads(details, 0, NULL) : NULL;

	return json_is_object(object) ? object : json_object();
}

static json_t *make_event(const struct history_event_row *row)
{
	enum event_kind kind;
	const char *severity =
		event_parse(row->kind, &kind) ? event_severity_name(kind) : "info";

	return json_pack("{s:I, s:I, s:o, s:s, s:o, s:o, s:o, s:o}", "id",
			 (json_int_t)row->id, "time", (json_int_t)row->time, "kind",
			 report_text(row->kind), "severity", severity, "application",
			 report_text(row->name), "key", report_text(row->key), "text",
			 report_text(row->text), "details",
			 parse_details(row->details));
}

static void take_event(void *context, const struct history_event_row *row)
{
	json_array_append_new(context, make_event(row));
}

static json_t *events_reply_take(json_t *events)
{
	return json_pack("{s:i, s:o}", "schema_version", REPORT_SCHEMA_VERSION,
			 "events", events);
}

/* Reads what is asked; *ret_list is a new reference where neither an error is set nor a
 * negative errno returned. */
static int read_events(struct agent *a, const struct ctl_peer *peer,
		       struct history_event_query *q, json_t **ret_list,
		       json_t **ret_reply, const char **ret_error)
{
	json_t *list;
	int r;

	history_catch_up(a);
	r = find_app(a, peer, &q->scope, ret_reply, ret_error);
	if (r < 0 || *ret_error)
		return r;
	list = json_array();
	r = history_query_events(a->database, agent_now(), q, take_event, list);
	if (r < 0) {
		json_decref(list);
		return fail_history(a, r, ret_reply, ret_error);
	}
	*ret_list = list;
	return 0;
}

/* NULL, or the parameter at fault. */
static const char *parse_events(const struct ctl_peer *peer, const json_t *parameters,
				struct history_event_query *q)
{
	int64_t since = 0, until = INT64_MAX, limit = EVENTS_DEFAULT;
	const char *app = NULL, *wrong;
	enum event_kind kind;
	const struct ctl_parameter known[] = {
		{"app", .text = &app},	     {"kind", .text = &q->kind},
		{"since", .number = &since}, {"until", .number = &until},
		{"limit", .number = &limit},
	};

	wrong = ctl_parameters_read(parameters, known, sizeof(known) / sizeof(*known));
	if (wrong)
		return wrong;
	if (q->kind && !event_parse(q->kind, &kind))
		return "kind";
	q->scope = scope_of(peer, app);
	q->since = since;
	q->until = until;
	q->limit = limit > HISTORY_EVENTS_MAX ? HISTORY_EVENTS_MAX : (size_t)limit;
	return NULL;
}

int history_method_events(void *context, const struct ctl_peer *peer,
			  const json_t *parameters, json_t **ret_reply,
			  const char **ret_error)
{
	struct history_event_query q = {0};
	const char *wrong = parse_events(peer, parameters, &q);
	json_t *list;
	int r;

	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	r = read_events(context, peer, &q, &list, ret_reply, ret_error);
	if (r < 0 || *ret_error)
		return r;
	*ret_reply = events_reply_take(list);
	return *ret_reply ? 0 : -ENOMEM;
}

/* --- following
 * -------------------------------------------------------------------------
 */

static void stream_free(struct agent *a, struct event_stream *s)
{
	DL_DELETE(a->history.streams, s);
	free(s->app);
	free(s);
}

static void on_stream_gone(void *context)
{
	struct event_stream *s = context;

	s->stream = NULL;
	s->is_over = true; /* freed with the next event, or at the end */
}

static struct event_stream *stream_new(struct agent *a, const struct ctl_peer *peer,
				       const struct history_event_query *q,
				       struct ctl_stream *stream)
{
	struct event_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->stream = stream;
	s->is_admin = peer->is_admin;
	s->uid = peer->uid;
	s->has_kind = q->kind && event_parse(q->kind, &s->kind);
	s->app = q->scope.app ? strdup(q->scope.app) : NULL;
	if (q->scope.app && !s->app) {
		free(s);
		return NULL;
	}
	DL_APPEND(a->history.streams, s);
	return s;
}

int history_stream_events(void *context, const struct ctl_peer *peer,
			  const json_t *parameters, struct ctl_stream *stream,
			  json_t **ret_reply, const char **ret_error)
{
	struct history_event_query q = {0};
	const char *wrong = parse_events(peer, parameters, &q);
	struct agent *a = context;
	struct event_stream *s;
	json_t *list;
	int r;

	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	r = read_events(a, peer, &q, &list, ret_reply, ret_error);
	/* What happens from now on can be told without a history. */
	if (r == 0 && *ret_error && strcmp(*ret_error, CTL_ERROR_NO_HISTORY) == 0) {
		json_decref(*ret_reply);
		*ret_reply = NULL;
		*ret_error = NULL;
		list = json_array();
	}
	if (r < 0 || *ret_error)
		return r;
	s = stream_new(a, peer, &q, stream);
	if (!s) {
		json_decref(list);
		return -ENOMEM;
	}
	if (ctl_stream_send_take(stream, events_reply_take(list)) < 0) {
		stream_free(a, s);
		return 0;
	}
	stream->on_gone = on_stream_gone;
	stream->context = s;
	return 0;
}

static bool wants(const struct event_stream *s, const struct event *e)
{
	if (s->has_kind && s->kind != e->kind)
		return false;
	if (!e->app)
		return !s->app;
	if (s->app && strcmp(s->app, e->app->key) != 0 &&
	    strcmp(s->app, e->app->name) != 0)
		return false;
	return s->is_admin ||
	       (e->app->kind != APP_KIND_UNATTRIBUTED && e->app->uid == s->uid);
}

void history_tell_streams(struct agent *a, const struct event *e, int64_t id)
{
	const struct history_event_row row = {
		.id = id,
		.time = e->time,
		.kind = event_name(e->kind),
		.key = e->app ? e->app->key : NULL,
		.name = e->app ? e->app->name : NULL,
		.text = e->text,
		.details = e->details,
	};
	struct event_stream *s, *next;

	DL_FOREACH_SAFE(a->history.streams, s, next)
	{
		if (!s->is_over && wants(s, e) &&
		    ctl_stream_send_take(
			    s->stream,
			    events_reply_take(json_pack("[o]", make_event(&row)))) < 0)
			s->is_over = true;
		if (s->is_over)
			stream_free(a, s);
	}
}

void history_close_streams(struct agent *a)
{
	struct event_stream *s, *next;

	DL_FOREACH_SAFE(a->history.streams, s, next)
	stream_free(a, s);
}
