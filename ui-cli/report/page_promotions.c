/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each promotion: when, on what evidence, what was done about it, by which line. */
#include "answer.h"
#include "base/units.h"
#include "chart.h"
#include "page.h"
#include "ui-cli/fields.h"
#include "ui-cli/words.h"
#include <math.h>
#include <string.h>

#define PROMOTIONS_SHOWN 50
#define EVIDENCE_MAX 32

/* "from 14:02 to 15:10, for 1h 8m". */
static void write_when(struct html *h, const struct report_span *p)
{
	char from[ANSWER_MAX], until[ANSWER_MAX], length[ANSWER_MAX];

	html_text(h, p->began_before ? "Since before %s" : "From %s",
		  answer_time(p->from, from));
	if (p->goes_on)
		html_text(h, ", and it goes on");
	else if (p->is_lost)
		html_text(h, ", until the agent ended on %s",
			  answer_time_with(p->until, p->from, until));
	else
		html_text(h, " to %s", answer_time_with(p->until, p->from, until));
	html_text(h, ": %s.", answer_length(p->until - p->from, length));
}

static void write_bytes(struct html *h, const struct report *r,
			const struct report_span *p)
{
	char in[UNITS_STRLEN], out[UNITS_STRLEN];

	for (size_t i = 0; i < r->app_count; i++) {
		const struct report_bytes *b = &r->apps[i].bytes;

		if (strcmp(r->apps[i].key, p->key) == 0)
			html_text(
				h,
				" In all of the report's time it relayed %s in and %s "
				"out.",
				size_format(b->relayed_in, in),
				size_format(b->relayed_out, out));
	}
}

/* --- evidence --------------------------------------------------------------------- */

/* What has weight, the strongest first. */
static size_t sort_evidence(const json_t *list, const json_t *ret_items[EVIDENCE_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(list) && count < EVIDENCE_MAX; i++) {
		const json_t *e = json_array_get(list, i);
		double weight = fabs(field_real(e, "weight"));
		size_t place = count;

		if (!words_weight_counts(weight))
			continue;
		while (place > 0 &&
		       fabs(field_real(ret_items[place - 1], "weight")) < weight)
			place--;
		memmove(ret_items + place + 1, ret_items + place,
			(count - place) * sizeof(*ret_items));
		ret_items[place] = e;
		count++;
	}
	return count;
}

static void write_evidence(struct html *h, const json_t *list)
{
	const json_t *items[EVIDENCE_MAX];
	size_t count = sort_evidence(list, items);
	char words[WORDS_MAX];

	if (!count) {
		html_raw(h,
			 "<p class=\"hint\">Its evidence is not kept any more.</p>\n");
		return;
	}
	html_raw(h, "<table>\n");
	for (size_t i = 0; i < count; i++) {
		double weight = field_real(items[i], "weight");

		html_raw(h, "<tr><td>");
		chart_weight(h, weight);
		html_raw(h, "</td>");
		html_element(h, "td class=\"words\"", "%s",
			     words_weight(weight, words));
		html_element(h, "td", "%s", field_text(items[i], "sentence"));
		html_raw(h, "</tr>\n");
	}
	html_raw(h, "</table>\n");
}

/* --- what was done ---------------------------------------------------------------- */

static bool is_answer_to(const json_t *event, const struct report_span *p)
{
	const char *kind = field_text(event, "kind");
	int64_t time = field_int(event, "time");

	return strcmp(field_text(event, "key"), p->key) == 0 && time >= p->from - 1 &&
	       time <= p->until + 60 &&
	       (strcmp(kind, "limited") == 0 || strcmp(kind, "cut") == 0);
}

static const char *why_nothing(const struct report_span *p)
{
	if (p->is_by_trade)
		return "It is what this program is for, and the policy leaves it "
		       "alone.";
	return "Nothing was limited or cut: so the policy says, or the agent only "
	       "watches.";
}

static void write_done(struct html *h, const struct report *r,
		       const struct report_span *p)
{
	bool is_any = false;

	html_raw(h, "<p>");
	for (size_t i = 0; i < json_array_size(r->events); i++) {
		const json_t *e = json_array_get(r->events, i);
		char time[ANSWER_MAX];

		if (!is_answer_to(e, p))
			continue;
		html_text(h, "%s%s, ", is_any ? "; " : "What was done: at ",
			  answer_time_with(field_int(e, "time"), p->from, time));
		html_text(h, "%s", field_text(e, "text"));
		is_any = true;
	}
	html_text(h, "%s", is_any ? "." : why_nothing(p));
	html_raw(h, "</p>\n");
}

/* What is not as its name says. */
static void write_impostor(struct html *h, const struct report *r,
			   const struct report_span *p)
{
	for (size_t i = 0; i < json_array_size(r->events); i++) {
		const json_t *e = json_array_get(r->events, i);

		if (strcmp(field_text(e, "kind"), "impostor") == 0 &&
		    strcmp(field_text(e, "key"), p->key) == 0)
			html_element(h, "p class=\"alarm\"", "%s.",
				     field_text(e, "text"));
	}
}

static const json_t *find_present(const struct report *r, const char *key)
{
	for (size_t i = 0; i < r->app_count; i++)
		if (strcmp(r->apps[i].key, key) == 0)
			return r->apps[i].now;
	return NULL;
}

/* What its network calls it, and its own setting against that. */
static void write_client(struct html *h, const json_t *app)
{
	if (*field_text(app, "client_word"))
		html_element(h, "p class=\"hint\"",
			     "It is known as %s; its network's word for this: %s.",
			     field_text(app, "client"), field_text(app, "client_word"));
	if (*field_text(app, "client_forbid")) {
		html_raw(h, "<p>Its own setting against it: <code>");
		html_text(h, "%s", field_text(app, "client_forbid"));
		html_raw(h, "</code></p>\n");
	}
}

static void write_promotion(struct html *h, const struct report *r,
			    const struct report_span *p)
{
	const json_t *details = json_object_get(p->event, "details");

	html_raw(h, "<article>\n");
	html_element(h, "h3", "%s was %s for strangers", p->name, answer_role(r, p));
	html_raw(h, "<p>");
	write_when(h, p);
	write_bytes(h, r, p);
	html_raw(h, "</p>\n");
	write_done(h, r, p);
	write_impostor(h, r, p);
	write_evidence(h, json_object_get(details, "evidence"));
	write_client(h, find_present(r, p->key));
	html_element(h, "p class=\"key\"", "%s", p->key);
	html_raw(h, "</article>\n");
}

void page_promotions(struct html *h, const struct report *r)
{
	html_raw(h, "<section>\n<h2>Promotions and their evidence</h2>\n");
	if (!r->promotion_count)
		html_raw(h, "<p>No program worked for strangers.</p>\n");
	else
		html_raw(
			h,
			"<p class=\"hint\">Bars to the right speak for its working for "
			"strangers, bars to the left against.</p>\n");
	for (size_t i = 0; i < r->promotion_count && i < PROMOTIONS_SHOWN; i++)
		write_promotion(h, r, &r->promotions[i]);
	if (r->promotion_count > PROMOTIONS_SHOWN)
		html_element(h, "p class=\"hint\"", "And %zu more: agentctl events.",
			     r->promotion_count - PROMOTIONS_SHOWN);
	html_raw(h, "</section>\n");
}
