/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gather.h"
#include "ui-cli/fields.h"
#include <stdlib.h>
#include <string.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* --- time ------------------------------------------------------------------------- */

/* `length` in so many steps of whole spans that they are no more than there is room. */
static int64_t choose_bucket(int64_t length, int64_t span)
{
	int64_t spans = (length + span - 1) / span;
	int64_t each = (spans + REPORT_BUCKETS_MAX - 1) / REPORT_BUCKETS_MAX;

	return span * (each > 0 ? each : 1);
}

bool report_grain_of(int64_t length, int64_t age, unsigned int coarser,
		     struct report_grain *ret_grain)
{
	static const struct {
		const char *span;
		int64_t length, kept;
	} grains[] = {{"minute", MINUTE, 36 * HOUR},
		      {"hour", HOUR, 34 * DAY},
		      {"day", DAY, INT64_MAX}};
	size_t i = 0;

	while (age > grains[i].kept)
		i++;
	i += coarser;
	if (i >= sizeof(grains) / sizeof(*grains))
		return false;
	*ret_grain = (struct report_grain){grains[i].span, grains[i].length,
					   choose_bucket(length, grains[i].length)};
	return true;
}

/* --- bytes ------------------------------------------------------------------------ */

static uint64_t without(uint64_t all, uint64_t part)
{
	return all > part ? all - part : 0;
}

static void add_bytes(struct report_bytes *b, const json_t *row)
{
	uint64_t relayed_in = field_size(row, "relayed_in");
	uint64_t relayed_out = field_size(row, "relayed_out");

	b->relayed_in += relayed_in;
	b->relayed_out += relayed_out;
	b->own_in += without(field_size(row, "bytes_in"), relayed_in);
	b->own_out += without(field_size(row, "bytes_out"), relayed_out);
}

static struct report_app *find_app(struct report *r, const json_t *row)
{
	const char *key = field_text(row, "key");
	struct report_app *app;

	for (size_t i = 0; i < r->app_count; i++)
		if (strcmp(r->apps[i].key, key) == 0)
			return &r->apps[i];
	if (r->app_count == REPORT_APPS_MAX) {
		r->left_out++;
		return NULL;
	}
	app = &r->apps[r->app_count++];
	*app = (struct report_app){.name = field_text(row, "application"), .key = key};
	return app;
}

static size_t place_of(const struct report *r, int64_t time)
{
	int64_t place = (time - r->from) / r->bucket_length;

	/* The first minute may have begun before the report did. */
	if (time < r->from)
		return 0;
	return place < (int64_t)r->bucket_count ? (size_t)place : r->bucket_count - 1;
}

/* Rows are in the order of their times; those of one time are of one minute (or hour,
 * or day), whose peers add up, and of several minutes the largest counts. */
static void add_peers(struct report *r, const json_t *rows)
{
	int64_t time = INT64_MIN;
	uint64_t sum = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		size_t place = place_of(r, field_int(row, "time"));

		if (field_int(row, "time") != time)
			sum = 0;
		time = field_int(row, "time");
		sum += field_size(row, "peers");
		if (sum > r->peers[place])
			r->peers[place] = sum;
	}
}

static void add_usage(struct report *r, const json_t *rows)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		struct report_app *app = find_app(r, row);

		add_bytes(&r->buckets[place_of(r, field_int(row, "time"))], row);
		add_bytes(&r->total, row);
		if (app)
			add_bytes(&app->bytes, row);
	}
}

static uint64_t relayed(const struct report_app *a)
{
	return a->bytes.relayed_in + a->bytes.relayed_out;
}

static uint64_t own(const struct report_app *a)
{
	return a->bytes.own_in + a->bytes.own_out;
}

static int compare_apps(const void *a, const void *b)
{
	const struct report_app *x = a, *y = b;

	if (relayed(x) != relayed(y))
		return relayed(x) < relayed(y) ? 1 : -1;
	if (own(x) != own(y))
		return own(x) < own(y) ? 1 : -1;
	return strcmp(x->key, y->key);
}

/* --- now -------------------------------------------------------------------------- */

static const json_t *find_now(const json_t *status, const char *key)
{
	const json_t *list = json_object_get(status, "applications");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *app = json_array_get(list, i);

		if (strcmp(field_text(app, "key"), key) == 0)
			return app;
	}
	return NULL;
}

static bool is_allowed_trade(const json_t *app)
{
	return *field_text(app, "client_trade") &&
	       strcmp(field_text(app, "decision"), "allow") == 0;
}

/* --- spans ------------------------------------------------------------------------ */

struct span_list {
	struct report_span *items;
	size_t *count;
	const char *begins[2], *ends[2]; /* kinds of events */
};

static bool is_one_of(const char *kind, const char *const kinds[2])
{
	return strcmp(kind, kinds[0]) == 0 || strcmp(kind, kinds[1]) == 0;
}

static struct report_span *find_open(const struct span_list *list, const char *key)
{
	for (size_t i = *list->count; i > 0; i--)
		if (list->items[i - 1].goes_on &&
		    strcmp(list->items[i - 1].key, key) == 0)
			return &list->items[i - 1];
	return NULL;
}

static struct report_span *add_span(struct report *r, const struct span_list *list,
				    const char *name, const char *key, int64_t from)
{
	struct report_span *span;

	if (*list->count == REPORT_SPANS_MAX) {
		r->left_out++;
		return NULL;
	}
	span = &list->items[(*list->count)++];
	*span = (struct report_span){
		.name = name,
		.key = key,
		.from = from > r->from ? from : r->from,
		.until = r->until,
		.goes_on = true,
		.began_before = from < r->from,
		.is_by_trade = is_allowed_trade(find_now(r->status, key))};
	return span;
}

static void begin_span(struct report *r, const struct span_list *list,
		       const json_t *event)
{
	struct report_span *span = find_open(list, field_text(event, "key"));

	if (!span)
		span = add_span(r, list, field_text(event, "application"),
				field_text(event, "key"), field_int(event, "time"));
	/* A supernode that becomes a relay, a rate that changes: one span goes on. */
	if (span && !span->event)
		span->event = event;
}

/* Whether a span of it has ended before: a second end says nothing new. */
static bool is_known(const struct span_list *list, const char *key)
{
	for (size_t i = 0; i < *list->count; i++)
		if (strcmp(list->items[i].key, key) == 0)
			return true;
	return false;
}

static void end_span(struct report *r, const struct span_list *list,
		     const json_t *event)
{
	struct report_span *span = find_open(list, field_text(event, "key"));

	if (!span && is_known(list, field_text(event, "key")))
		return;
	if (!span)
		span = add_span(r, list, field_text(event, "application"),
				field_text(event, "key"), r->from - 1);
	if (!span)
		return;
	span->goes_on = false;
	span->until = field_int(event, "time");
}

/* The agent ended, in order or not: nobody saw how it went on. */
static void end_all(const struct span_list *list, int64_t time)
{
	for (size_t i = 0; i < *list->count; i++) {
		struct report_span *span = &list->items[i];

		if (!span->goes_on)
			continue;
		span->goes_on = false;
		span->is_lost = true;
		span->until = time > span->from ? time : span->from;
	}
}

static void add_spans(struct report *r, const struct span_list *list)
{
	for (size_t i = 0; i < json_array_size(r->events); i++) {
		const json_t *event = json_array_get(r->events, i);
		const char *kind = field_text(event, "kind");

		if (is_one_of(kind, list->begins))
			begin_span(r, list, event);
		else if (is_one_of(kind, list->ends))
			end_span(r, list, event);
		else if (strcmp(kind, "started") == 0 || strcmp(kind, "stopped") == 0)
			end_all(list, field_int(event, "time"));
	}
}

/* What began before the events that were asked for, and goes on. */
static void add_present(struct report *r, const struct span_list *list,
			const char *is_so)
{
	const json_t *apps = json_object_get(r->status, "applications");

	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);
		const char *key = field_text(app, "key");

		if (field_bool(app, is_so) && !find_open(list, key))
			add_span(r, list, field_text(app, "name"), key,
				 field_int(app, "since"));
	}
}

static int compare_spans(const void *a, const void *b)
{
	const struct report_span *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* Seconds in which at least one goes on; they are in order. */
static int64_t covered(const struct report_span *spans, size_t count)
{
	int64_t end = INT64_MIN, seconds = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t from = spans[i].from > end ? spans[i].from : end;

		if (spans[i].is_by_trade || spans[i].until <= from)
			continue;
		seconds += spans[i].until - from;
		end = spans[i].until;
	}
	return seconds;
}

/* --- all of it -------------------------------------------------------------------- */

/* The first thing that is remembered. */
static int64_t find_known_from(const struct report *r, const json_t *rows)
{
	int64_t first = field_int(r->status, "since");

	if (json_array_size(r->events) &&
	    field_int(json_array_get(r->events, 0), "time") < first)
		first = field_int(json_array_get(r->events, 0), "time");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		int64_t time = field_int(json_array_get(rows, i), "time");

		if (time < first)
			first = time;
	}
	return first > r->from ? first : r->from;
}

static void gather_spans(struct report *r)
{
	const struct span_list promotions = {.items = r->promotions,
					     .count = &r->promotion_count,
					     .begins = {"promoted", "promoted"},
					     .ends = {"cleared", "cleared"}};
	const struct span_list limits = {.items = r->limits,
					 .count = &r->limit_count,
					 .begins = {"limited", "cut"},
					 .ends = {"released", "cleared"}};

	add_spans(r, &promotions);
	add_present(r, &promotions, "promoted");
	add_spans(r, &limits);
	add_present(r, &limits, "limited");
	qsort(r->promotions, r->promotion_count, sizeof(*r->promotions), compare_spans);
	qsort(r->limits, r->limit_count, sizeof(*r->limits), compare_spans);
	r->promoted_seconds = covered(r->promotions, r->promotion_count);
}

void report_gather(int64_t from, int64_t until, const struct report_grain *grain,
		   const struct report_replies *replies, struct report *ret_report)
{
	const json_t *rows = json_object_get(replies->usage, "rows");
	struct report *r = ret_report;

	*r = (struct report){.from = from, .until = until, .status = replies->status};
	r->events = json_object_get(replies->events, "events");
	r->checks = json_object_get(replies->doctor, "checks");
	r->bucket_length = grain->bucket_length;
	r->bucket_count =
		(size_t)((until - from + r->bucket_length - 1) / r->bucket_length);
	add_usage(r, rows);
	add_peers(r, rows);
	qsort(r->apps, r->app_count, sizeof(*r->apps), compare_apps);
	for (size_t i = 0; i < r->app_count; i++)
		r->apps[i].now = find_now(r->status, r->apps[i].key);
	gather_spans(r);
	r->known_from = find_known_from(r, rows);
}
