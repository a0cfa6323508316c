/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page.h"
#include "answer.h"
#include "base/units.h"
#include "chart.h"
#include "style.h"
#include "ui-cli/fields.h"
#include "ui-cli/words.h"
#include <string.h>
#include <time.h>

#define APPS_SHOWN 20
#define EVENTS_SHOWN 200

/* --- the head --------------------------------------------------------------------- */

static void write_head(struct html *h, const char *host)
{
	html_raw(h,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
		 "charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		 "'none'; style-src 'unsafe-inline'\">\n"
		 "<meta name=\"referrer\" content=\"no-referrer\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width\">\n");
	html_element(h, "title", "Relaywarden report: %s", host);
	html_raw(h, "<style>\n%s</style>\n</head>\n<body>\n<main>\n", report_style);
}

static void write_answer(struct html *h, const struct report *r, const char *host)
{
	static const char *const classes[] = {[MOOD_GOOD] = "p class=\"now good\"",
					      [MOOD_WARN] = "p class=\"now warn\"",
					      [MOOD_BAD] = "p class=\"now bad\""};
	char text[ANSWER_MAX], from[ANSWER_MAX], until[ANSWER_MAX];
	enum answer_mood mood;

	html_raw(h, "<header>\n");
	html_element(h, "p", "Relaywarden report: %s, %s to %s", host,
		     answer_time(r->from, from),
		     answer_time_with(r->until, r->from, until));
	html_element(h, "h1", "%s", answer_past(r, text));
	answer_now(r, text, &mood);
	html_element(h, classes[mood], "%s", text);
	if (*answer_gap(r, text))
		html_element(h, "p class=\"gap\"", "%s", text);
	html_raw(h, "</header>\n");
}

/* --- figures ---------------------------------------------------------------------- */

static void write_figure(struct html *h, const char *title, const char *value,
			 const char *more)
{
	html_raw(h, "<div>");
	html_element(h, "dt", "%s", title);
	html_raw(h, "<dd>");
	html_text(h, "%s", value);
	html_element(h, "small", "%s", more);
	html_raw(h, "</dd></div>\n");
}

static void write_figures(struct html *h, const struct report *r)
{
	const struct report_bytes *t = &r->total;
	char value[ANSWER_MAX], in[UNITS_STRLEN], out[UNITS_STRLEN], more[128];
	uint64_t relayed = t->relayed_in + t->relayed_out;
	uint64_t all = relayed + t->own_in + t->own_out;

	html_raw(h, "<dl class=\"figures\">\n");
	snprintf(more, sizeof(more), "in %zu promotion%s", r->promotion_count,
		 r->promotion_count == 1 ? "" : "s");
	write_figure(h, "Worked for strangers",
		     answer_length(r->promoted_seconds, value), more);
	snprintf(more, sizeof(more), "%s received, %s sent",
		 size_format(t->relayed_in, in), size_format(t->relayed_out, out));
	write_figure(h, "Relayed for strangers", size_format(relayed, value), more);
	snprintf(more, sizeof(more), "%s received, %s sent", size_format(t->own_in, in),
		 size_format(t->own_out, out));
	write_figure(h, "Own traffic", size_format(t->own_in + t->own_out, value),
		     more);
	snprintf(value, sizeof(value), "%.0f %%",
		 all ? 100 * (double)relayed / (double)all : 0);
	write_figure(h, "Share of the link's traffic", value, "that was strangers'");
	html_raw(h, "</dl>\n");
}

/* --- the link, applications --------------------------------------------------------
 */

static void write_link(struct html *h, const struct report *r)
{
	char step[ANSWER_MAX];

	html_raw(h, "<section>\n<h2>The link over time</h2>\n<div class=\"wide\">\n");
	chart_link(h, r);
	chart_peers(h, r);
	html_raw(h, "</div>\n");
	html_element(
		h, "p class=\"hint\"",
		"Traffic with strangers, the mean of %s a step. What is relayed lies "
		"at the axis, the own traffic beyond it. Below: with how many "
		"strangers at once.",
		answer_length(r->bucket_length, step));
	html_raw(h, "</section>\n");
}

static void write_app(struct html *h, const struct report_app *a, uint64_t largest)
{
	const struct report_bytes *b = &a->bytes;
	char text[UNITS_STRLEN], policy[WORDS_MAX] = "";

	html_raw(h, "<tr>");
	html_element(h, "td class=\"name\"", "%s", a->name);
	html_raw(h, "<td>");
	chart_bytes(h, b, largest);
	html_raw(h, "</td>");
	html_element(h, "td class=\"number\"", "%s",
		     size_format(b->relayed_in + b->relayed_out, text));
	html_element(h, "td class=\"number\"", "%s",
		     size_format(b->own_in + b->own_out, text));
	html_element(h, "td", "%s", a->now ? field_text(a->now, "role") : "gone");
	html_element(h, "td", "%s", a->now ? words_policy(a->now, policy) : "");
	html_raw(h, "</tr>\n");
}

static void write_apps(struct html *h, const struct report *r)
{
	uint64_t largest = 0;

	html_raw(h, "<section>\n<h2>Own against relayed</h2>\n");
	if (!r->app_count) {
		html_raw(h, "<p>Nothing was exchanged with strangers.</p></section>\n");
		return;
	}
	for (size_t i = 0; i < r->app_count; i++) {
		const struct report_bytes *b = &r->apps[i].bytes;
		uint64_t all = b->own_in + b->own_out + b->relayed_in + b->relayed_out;

		largest = all > largest ? all : largest;
	}
	html_raw(h, "<div class=\"wide\"><table>\n<tr><th>Application</th><th></th>"
		    "<th class=\"number\">Relayed</th><th class=\"number\">Own</th>"
		    "<th>Now</th><th>Policy</th></tr>\n");
	for (size_t i = 0; i < r->app_count && i < APPS_SHOWN; i++)
		write_app(h, &r->apps[i], largest);
	html_raw(h, "</table></div>\n");
	if (r->app_count > APPS_SHOWN)
		html_element(h, "p class=\"hint\"", "And %zu more with less traffic.",
			     r->app_count - APPS_SHOWN);
	html_raw(h, "</section>\n");
}

/* --- what policy did, health -------------------------------------------------------
 */

static bool is_of_policy(const char *kind)
{
	static const char *const kinds[] = {"limited",	      "cut",
					    "released",	      "quota_used",
					    "quota_left",     "policy_loaded",
					    "paused",	      "resumed",
					    "policy_refused", "policy_rolled_back"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

static bool is_of_health(const char *kind)
{
	static const char *const kinds[] = {"started",	 "stopped",  "tampered",
					    "repaired",	 "degraded", "recovered",
					    "clock_set", "impostor"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

/* The latest so many of those wanted; returns how many are older. */
static size_t write_events(struct html *h, const struct report *r,
			   bool is_wanted(const char *kind))
{
	size_t count = json_array_size(r->events), wanted = 0, skip;

	for (size_t i = 0; i < count; i++)
		wanted += is_wanted(field_text(json_array_get(r->events, i), "kind"));
	skip = wanted > EVENTS_SHOWN ? wanted - EVENTS_SHOWN : 0;
	html_raw(h, "<table>\n");
	for (size_t i = 0, seen = 0; i < count; i++) {
		const json_t *e = json_array_get(r->events, i);
		char time[ANSWER_MAX];

		if (!is_wanted(field_text(e, "kind")) || seen++ < skip)
			continue;
		html_raw(h, "<tr>");
		html_element(h, "td class=\"time\"", "%s",
			     answer_time(field_int(e, "time"), time));
		html_element(h, "td class=\"name\"", "%s", field_text(e, "text"));
		html_raw(h, "</tr>\n");
	}
	html_raw(h, "</table>\n");
	if (!wanted)
		html_raw(h, "<p>Nothing.</p>\n");
	return skip;
}

static void write_policy(struct html *h, const struct report *r)
{
	size_t skipped;

	html_raw(h, "<section>\n<h2>What the policy did</h2>\n");
	skipped = write_events(h, r, is_of_policy);
	if (skipped)
		html_element(h, "p class=\"hint\"",
			     "%zu earlier ones: agentctl events.", skipped);
	html_raw(h, "</section>\n");
}

static void write_checks(struct html *h, const struct report *r)
{
	size_t bad = 0;

	for (size_t i = 0; i < json_array_size(r->checks); i++) {
		const json_t *c = json_array_get(r->checks, i);
		const char *state = field_text(c, "state");

		if (strcmp(state, "degraded") != 0 && strcmp(state, "failed") != 0)
			continue;
		if (!bad++)
			html_raw(h, "<table>\n");
		html_raw(h, "<tr>");
		html_element(h, "td", "%s", field_text(c, "name"));
		html_element(h, "td", "%s", state);
		html_element(h, "td class=\"name\"", "%s. %s", field_text(c, "detail"),
			     field_text(c, "advice"));
		html_raw(h, "</tr>\n");
	}
	if (bad)
		html_raw(h, "</table>\n");
	else
		html_element(h, "p", "All checks of the agent are in order.");
}

static void write_health(struct html *h, const struct report *r)
{
	html_raw(h, "<section>\n<h2>Health</h2>\n");
	write_checks(h, r);
	html_raw(h, "<h3>What happened to the agent</h3>\n");
	write_events(h, r, is_of_health);
	html_raw(h, "</section>\n");
}

static void write_foot(struct html *h, const struct report *r, int64_t now)
{
	const char *interface =
		field_text(json_object_get(r->status, "link"), "interface");
	char time[ANSWER_MAX], zone[16] = "";
	time_t t = (time_t)now;
	struct tm local;

	if (localtime_r(&t, &local))
		strftime(zone, sizeof(zone), "%Z", &local);
	html_raw(h, "<footer>\n");
	html_element(
		h, "p",
		"Made on %s (%s) by agentctl report, Relaywarden %s, mode %s%s%s. All "
		"times are local. Strangers are addresses outside "
		"this computer, its link and the policy's trusted networks; relayed "
		"are the bytes of flows that carry traffic from one stranger to "
		"another. This file holds everything it shows, and loads nothing.",
		answer_time(now, time), zone, field_text(r->status, "version"),
		field_text(r->status, "mode"), *interface ? ", on interface " : "",
		interface);
	if (r->left_out)
		html_element(h, "p",
			     "%zu applications or times did not fit and were left "
			     "out.",
			     r->left_out);
	html_raw(h, "</footer>\n</main>\n</body>\n</html>\n");
}

void page_write(struct html *h, const struct report *r, const char *host, int64_t now)
{
	write_head(h, host);
	write_answer(h, r, host);
	write_figures(h, r);
	write_link(h, r);
	page_promotions(h, r);
	write_apps(h, r);
	write_policy(h, r);
	write_health(h, r);
	write_foot(h, r, now);
}
