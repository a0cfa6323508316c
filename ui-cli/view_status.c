/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `status` says of the agent and of the applications that matter. */
#include "base/units.h"
#include "cells.h"
#include "command.h"
#include "concern.h"
#include "fields.h"
#include "views.h"
#include "words.h"
#include <stdarg.h>
#include <stdlib.h>
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

void view_headline(const struct context *c, const json_t *reply)
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
	else
		append(&t, promoted ? "agent ok \u00b7 " : "ok: ");
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

/* Those that work for strangers and may not be what their names say. */
static void print_impostors(const struct context *c, const json_t *apps)
{
	char reasons[WORDS_MAX];

	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (*words_impostor(app, reasons))
			render_line(&c->out, STYLE_WARN,
				    "%s may not be what its name says: %s",
				    field_text(app, "name"), reasons);
	}
}

/* --- one row an application ---------------------------------------------------- */

/* Those that only have traffic are worth a row each up to here, the busiest first. */
#define BUSY_SHOWN 12

const struct listing_column status_columns[] = {
	{"name", "APPLICATION", LISTING_BOLD, 1, NULL},
	{"user", "USER", LISTING_TEXT, 6, NULL},
	{"role", "ROLE", LISTING_TEXT, 1, cell_role},
	{"probability", "FOR STRANGERS", LISTING_NUMBER, 4, cell_probability},
	{"peers", "PEERS", LISTING_NUMBER, 3, NULL},
	{"rate_in", "IN", LISTING_RATE, 2, NULL},
	{"rate_out", "OUT", LISTING_RATE, 2, NULL},
	{"own", "OWN", LISTING_SIZE, 7, cell_own},
	{"relayed", "RELAYED", LISTING_SIZE, 5, cell_relayed},
	{"policy", "POLICY", LISTING_TEXT, 1, cell_policy},
	{"id", "ID", LISTING_NUMBER, 0, NULL},
	{"key", "KEY", LISTING_DIM, 0, NULL},
	{"since", "SINCE", LISTING_TIME, 0, NULL},
	{"limits", "LIMITS", LISTING_TEXT, 0, cell_limits},
	{"rule", "BECAUSE OF", LISTING_TEXT, 0, cell_rule},
	{"pids", "PROCESSES", LISTING_TEXT, 0, cell_pids},
	{0},
};

static int compare_apps(const void *a, const void *b)
{
	return concern_compare(*(const json_t *const *)a, *(const json_t *const *)b);
}

/* Those that matter, in the order in which they do; a new reference, or NULL. */
static json_t *select_apps(const json_t *apps, size_t *ret_left_out)
{
	size_t count = json_array_size(apps), busy = 0, left_out = 0;
	json_t **sorted = calloc(count + 1, sizeof(json_t *));
	json_t *shown = json_array();

	for (size_t i = 0; sorted && i < count; i++)
		sorted[i] = json_array_get(apps, i);
	if (sorted)
		qsort(sorted, count, sizeof(json_t *), compare_apps);
	for (size_t i = 0; sorted && i < count; i++) {
		enum concern concern = concern_of(sorted[i]);

		if (concern == IS_QUIET || (concern == IS_BUSY && ++busy > BUSY_SHOWN))
			left_out +=
				field_int(sorted[i], "id") != 0; /* the unattributed */
		else
			json_array_append(shown, sorted[i]);
	}
	free(sorted);
	*ret_left_out = left_out;
	return shown;
}

static void print_table(const struct context *c, const json_t *apps)
{
	size_t left_out;
	json_t *shown = select_apps(apps, &left_out);
	bool is_alone = json_array_size(shown) == 0;

	if (!is_alone) {
		if (!c->fields)
			render_hint(&c->out, "%s", "");
		listing_print(c, status_columns, shown);
	}
	json_decref(shown);
	if (left_out && !c->fields)
		render_hint(&c->out,
			    "%zu %s with little or no traffic now: agentctl apps",
			    left_out, is_alone ? "applications" : "more");
}

void view_status(const struct context *c, const json_t *reply)
{
	if (!c->fields) { /* who chooses columns wants the table alone */
		view_headline(c, reply);
		print_guard(c, reply);
		print_impostors(c, json_object_get(reply, "applications"));
	}
	print_table(c, json_object_get(reply, "applications"));
}
