/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much was carried, as bars; by whom; and where that leads to. */
#include "base/units.h"
#include "base/when.h"
#include "client.h"
#include "core/usage.h"
#include "fields.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
#define BAR_MAX 40
#define BAR_MIN 10
/* What stands to the left of a bar. */
#define FIGURES_WIDTH 58
#define WIDTH_DEFAULT 80
#define SHARES_MAX 10
/* Too little of a month has passed to say where it leads. */
#define ESTIMATE_AFTER_S DAY_S

/* --- what to ask for
 * ------------------------------------------------------------------
 */

static enum usage_span span_of(const struct history_wish *w)
{
	enum usage_span span = USAGE_DAY;

	if (w->span)
		usage_span_parse(w->span, &span);
	return span;
}

static int64_t since_of(const struct history_wish *w, enum usage_span span, int64_t now)
{
	struct wall_time wall;
	int64_t bucket;

	if (w->since && when_parse(w->since, now, &bucket) == 0)
		return bucket;
	wall_time_at(now, &wall);
	bucket = usage_bucket_before(span, usage_bucket(span, now, &wall),
				     (unsigned int)w->count - 1);
	return usage_bucket_epoch(span, bucket);
}

static json_t *make_parameters(const struct history_wish *w, const char *app)
{
	enum usage_span span = span_of(w);
	json_t *p = json_pack("{s:s}", "span", usage_span_name(span));
	int64_t now = time(NULL), until;

	if (app)
		json_object_set_new(p, "app", json_string(app));
	if (w->since || w->count) {
		int64_t since = since_of(w, span, now);

		json_object_set_new(p, "since", json_integer(since < 0 ? 0 : since));
	}
	if (w->until && when_parse(w->until, now, &until) == 0)
		json_object_set_new(p, "until", json_integer(until < 0 ? 0 : until));
	return p;
}

/* --- sums
 * -----------------------------------------------------------------------------
 */

/* Of one minute, hour, ..., or of one application. */
struct sum {
	int64_t time;
	const char *name, *key; /* of the reply */
	struct usage_bytes bytes;
};

struct sums {
	struct sum *items;
	size_t count;
};

static struct usage_bytes bytes_of(const json_t *row)
{
	return (struct usage_bytes){
		field_size(row, "bytes_in"), field_size(row, "bytes_out"),
		field_size(row, "relayed_in"), field_size(row, "relayed_out"),
		field_size(row, "peers")};
}

static uint64_t total(const struct usage_bytes *b)
{
	return b->in + b->out;
}

static uint64_t relayed(const struct usage_bytes *b)
{
	uint64_t bytes = b->relayed_in + b->relayed_out;

	return bytes < total(b) ? bytes : total(b);
}

/* Rows come in order of time. */
static void sum_by_time(const json_t *rows, struct sums *s)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		struct usage_bytes b = bytes_of(row);
		int64_t at = field_int(row, "time");

		if (!s->count || s->items[s->count - 1].time != at)
			s->items[s->count++] = (struct sum){.time = at};
		usage_add(&s->items[s->count - 1].bytes, &b);
	}
}

static struct sum *find_app(struct sums *s, const json_t *row)
{
	const char *key = field_text(row, "key");

	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->items[i].key, key) == 0)
			return &s->items[i];
	s->items[s->count] =
		(struct sum){.name = field_text(row, "application"), .key = key};
	return &s->items[s->count++];
}

static int compare_totals(const void *a, const void *b)
{
	uint64_t x = total(&((const struct sum *)a)->bytes),
		 y = total(&((const struct sum *)b)->bytes);

	return (x < y) - (x > y);
}

static void sum_by_app(const json_t *rows, struct sums *s)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		struct usage_bytes b = bytes_of(row);

		usage_add(&find_app(s, row)->bytes, &b);
	}
	qsort(s->items, s->count, sizeof(*s->items), compare_totals);
}

/* --- bars
 * -----------------------------------------------------------------------------
 */

/* What a bar is made of: its own, then relayed. */
struct glyphs {
	const char *own, *relayed;
};

static struct glyphs glyphs_of(const struct render *out)
{
	return out->is_utf8 ? (struct glyphs){"\u2588", "\u2592"}
			    : (struct glyphs){"#", "="};
}

static int bar_width(const struct render *out)
{
	int room = (out->width ? out->width : WIDTH_DEFAULT) - FIGURES_WIDTH;

	if (room > BAR_MAX)
		return BAR_MAX;
	return room < BAR_MIN ? BAR_MIN : room;
}

/* Cells for a share of `most`; what is there at all has one. */
static int cells(uint64_t bytes, uint64_t most, int width)
{
	int n = most ? (int)((double)bytes / (double)most * width + 0.5) : 0;

	return bytes && !n ? 1 : n;
}

static void put_bar(struct render_table *t, const struct render *out,
		    const struct usage_bytes *b, uint64_t most)
{
	const struct glyphs glyphs = glyphs_of(out);
	int all = cells(total(b), most, bar_width(out));
	int shared = cells(relayed(b), most, bar_width(out));
	char text[BAR_MAX * 4 + 1] = "";

	if (shared > all || relayed(b) == total(b))
		shared = all;
	for (int i = 0; i < all; i++)
		strcat(text, i < all - shared ? glyphs.own : glyphs.relayed);
	render_cell(t, STYLE_PLAIN, "%s", text);
}

/* --- tables
 * ---------------------------------------------------------------------------
 */

static void put_figures(struct render_table *t, enum style style,
			const struct usage_bytes *b)
{
	char text[UNITS_STRLEN];

	render_cell(t, style, "%s", size_format(b->in, text));
	render_cell(t, style, "%s", size_format(b->out, text));
	render_cell(t, style, "%s", size_format(total(b), text));
	render_cell(t, style, "%s", relayed(b) ? size_format(relayed(b), text) : "-");
}

/* "2026-03-01", "2026-03", "03-01 14:00". */
static void put_time(struct render_table *t, enum usage_span span, int64_t epoch)
{
	static const char *const formats[USAGE_SPAN_COUNT] = {
		[USAGE_MINUTE] = "%m-%d %H:%M",
		[USAGE_HOUR] = "%m-%d %H:%M",
		[USAGE_DAY] = "%Y-%m-%d",
		[USAGE_MONTH] = "%Y-%m",
	};
	time_t at = (time_t)epoch;
	char text[32] = "?";
	struct tm tm;

	if (localtime_r(&at, &tm))
		strftime(text, sizeof(text), formats[span], &tm);
	render_cell(t, STYLE_BOLD, "%s", text);
}

static uint64_t largest(const struct sums *s)
{
	uint64_t most = 0;

	for (size_t i = 0; i < s->count; i++)
		if (total(&s->items[i].bytes) > most)
			most = total(&s->items[i].bytes);
	return most;
}

static void print_times(const struct context *c, const struct sums *s,
			enum usage_span span, const struct usage_bytes *all)
{
	static const char *const headings[USAGE_SPAN_COUNT] = {
		[USAGE_MINUTE] = "MINUTE",
		[USAGE_HOUR] = "HOUR",
		[USAGE_DAY] = "DAY",
		[USAGE_MONTH] = "MONTH",
	};
	const struct render_column columns[] = {
		{headings[span], false}, {"IN", true},	    {"OUT", true},
		{"TOTAL", true},	 {"RELAYED", true}, {"", false},
	};
	struct render_table *t =
		render_table_new(columns, sizeof(columns) / sizeof(*columns));
	uint64_t most = largest(s);

	for (size_t i = 0; i < s->count; i++) {
		put_time(t, span, s->items[i].time);
		put_figures(t, STYLE_PLAIN, &s->items[i].bytes);
		put_bar(t, &c->out, &s->items[i].bytes, most);
	}
	render_cell(t, STYLE_BOLD, "all");
	put_figures(t, STYLE_BOLD, all);
	render_cell(t, STYLE_PLAIN, "%s", "");
	render_table_print(&c->out, t, 0);
	render_table_free(t);
}

static void print_apps(const struct context *c, const struct sums *s)
{
	static const struct render_column columns[] = {
		{"APPLICATION", false}, {"IN", true},	   {"OUT", true},
		{"TOTAL", true},	{"RELAYED", true}, {"", false},
	};
	size_t shown = s->count < SHARES_MAX ? s->count : SHARES_MAX;
	struct render_table *t =
		render_table_new(columns, sizeof(columns) / sizeof(*columns));

	for (size_t i = 0; i < shown; i++) {
		render_cell(t, STYLE_BOLD, "%s", s->items[i].name);
		put_figures(t, STYLE_PLAIN, &s->items[i].bytes);
		put_bar(t, &c->out, &s->items[i].bytes, largest(s));
	}
	render_hint(&c->out, "%s", "");
	render_table_print(&c->out, t, 0);
	render_table_free(t);
	if (shown < s->count)
		render_hint(&c->out, "and %zu that carried less; --json has them all",
			    s->count - shown);
}

/* --- where it leads to
 * ------------------------------------------------------------------
 */

/* By the end of [since, until), if it goes on like that. 0: too early to say. */
static uint64_t estimate(uint64_t used, int64_t since, int64_t until, int64_t now)
{
	int64_t length = until - since, passed = now - since;

	if (length <= 0 || passed <= 0 || passed >= length ||
	    (passed < ESTIMATE_AFTER_S && passed * 10 < length))
		return 0;
	return (uint64_t)((double)used / (double)passed * (double)length);
}

/* Of the month that the last row is of, if that is this one. */
static void print_month(const struct context *c, const struct sums *s, int64_t now)
{
	const struct sum *last = &s->items[s->count - 1];
	char used[UNITS_STRLEN], end[UNITS_STRLEN];
	struct wall_time wall;
	int64_t month, next;
	uint64_t by_end;

	wall_time_at(now, &wall);
	month = usage_bucket(USAGE_MONTH, now, &wall);
	next = usage_bucket_epoch(
		USAGE_MONTH,
		usage_bucket(USAGE_MONTH, 0,
			     &(struct wall_time){.day = (int32_t)month + 31}));
	if (last->time != usage_bucket_epoch(USAGE_MONTH, month))
		return;
	by_end = estimate(total(&last->bytes), last->time, next, now);
	if (by_end)
		render_line(&c->out, STYLE_PLAIN,
			    "This month: %s so far, about %s by its end.",
			    size_format(total(&last->bytes), used),
			    size_format(by_end, end));
}

static void print_quota(const struct context *c, const json_t *app, int64_t now)
{
	const json_t *q = json_object_get(app, "quota");
	char limit[UNITS_STRLEN], used[UNITS_STRLEN], end[UNITS_STRLEN];
	uint64_t by_end;

	if (!field_size(q, "limit"))
		return;
	by_end = estimate(field_size(q, "used"), field_int(q, "since"),
			  field_int(q, "until"), now);
	render_line(&c->out,
		    field_bool(q, "over")	      ? STYLE_BAD
		    : by_end > field_size(q, "limit") ? STYLE_WARN
						      : STYLE_PLAIN,
		    "%s: %s of %s used this %s%s%s%s.", field_text(app, "name"),
		    size_format(field_size(q, "used"), used),
		    size_format(field_size(q, "limit"), limit), field_text(q, "period"),
		    by_end ? ", about " : "", by_end ? size_format(by_end, end) : "",
		    by_end ? " by its end" : "");
}

/* Of applications that are there now; what is not known of them is not worth a word. */
static void print_quotas(const struct context *c, const char *app)
{
	const json_t *apps;
	json_t *reply;

	if (client_call_silent(c, "Status", &reply) != EXIT_OK)
		return;
	apps = json_object_get(reply, "applications");
	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *one = json_array_get(apps, i);

		if (!app || strcmp(app, field_text(one, "name")) == 0 ||
		    strcmp(app, field_text(one, "key")) == 0)
			print_quota(c, one, field_int(reply, "now"));
	}
	json_decref(reply);
}

/* ---------------------------------------------------------------------------------------
 */

static void print_reply(const struct context *c, const json_t *reply, const char *app)
{
	const json_t *rows = json_object_get(reply, "rows");
	const struct usage_bytes all = bytes_of(json_object_get(reply, "totals"));
	size_t room = json_array_size(rows);
	struct sums times = {calloc(room + 1, sizeof(*times.items)), 0},
		    apps = {calloc(room + 1, sizeof(*apps.items)), 0};
	const struct glyphs glyphs = glyphs_of(&c->out);
	enum usage_span span = span_of(&c->history);

	if (!times.items || !apps.items)
		goto out;
	sum_by_time(rows, &times);
	sum_by_app(rows, &apps);
	print_times(c, &times, span, &all);
	if (relayed(&all))
		render_hint(&c->out, "%s own  %s relayed for strangers", glyphs.own,
			    glyphs.relayed);
	if (field_bool(reply, "truncated"))
		render_hint(&c->out, "The rows are the latest of more; \"all\" counts "
				     "them all. Ask for less time.");
	if (apps.count > 1)
		print_apps(c, &apps);
	if (span == USAGE_MONTH)
		print_month(c, &times, field_int(reply, "now"));
	print_quotas(c, app);
out:
	free(times.items);
	free(apps.items);
}

enum exit_code cmd_usage(const struct context *c, int count, char *const *arguments)
{
	const char *app = count ? arguments[0] : NULL;
	enum exit_code code;
	json_t *reply;

	code = client_call_with(c, "Usage", make_parameters(&c->history, app), &reply);
	if (code != EXIT_OK)
		return code;
	if (c->is_json)
		code = print_json(reply);
	else if (json_array_size(json_object_get(reply, "rows")) == 0)
		render_hint(&c->out, "nothing was carried in that time%s",
			    app ? "" : "; root sees what all users carry");
	else
		print_reply(c, reply, app);
	json_decref(reply);
	return code;
}
