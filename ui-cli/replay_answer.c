/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forensic question: was it relaying, since when, for whom, how much. */
#include "base/units.h"
#include "fields.h"
#include "views.h"
#include "words.h"
#include <string.h>

#define PAIRS_NAMED 3
/* From here on "nothing says so" would be wrong. */
#define NEXT_TO_NOTHING 0.05

static const char *after_text(uint64_t ms, char buf[static UNITS_STRLEN])
{
	if (ms >= 60000)
		return duration_format(ms / 1000, buf);
	snprintf(buf, UNITS_STRLEN, "%u.%u s", (unsigned int)(ms / 1000),
		 (unsigned int)(ms % 1000 / 100));
	return buf;
}

const char *view_after(const json_t *event, char buf[static UNITS_STRLEN])
{
	return after_text(field_size(event, "after_ms"), buf);
}

/* What the timeline tells; NULL where it did not come to that. */
struct story {
	const json_t *signs;	 /* it was a suspect, and then: */
	const json_t *promotion; /* the first */
	const json_t *end; /* of the last, if it was over before the capture was */
	unsigned int promotions;
};

static void take_event(struct story *s, const json_t *event)
{
	const char *role = field_text(event, "role");

	if (strcmp(field_text(event, "event"), "role") != 0)
		return;
	if (field_bool(event, "promoted")) {
		s->promotions += !s->promotion || s->end;
		s->promotion = s->promotion ? s->promotion : event;
		s->end = NULL;
	} else if (s->promotion && !s->end) {
		s->end = event;
	} else if (!s->promotion) {
		s->signs = strcmp(role, "suspect") == 0 ? event : NULL;
	}
}

static void add(struct render_table *t, const char *question, const char *answer)
{
	render_cell(t, STYLE_DIM, "%s", question);
	render_cell(t, STYLE_PLAIN, "%s", answer);
}

static void add_since(struct render_table *t, const struct story *s)
{
	char text[3 * WORDS_MAX], after[UNITS_STRLEN], time[WORDS_MAX];
	int used;

	used = snprintf(text, sizeof(text), "recognised %s into the capture (%s)",
			view_after(s->promotion, after),
			words_time(field_int(s->promotion, "time"), time));
	if (s->signs)
		snprintf(text + used, sizeof(text) - (size_t)used,
			 ", the first signs at %s", view_after(s->signs, after));
	add(t, "since when", text);
}

static void add_until(struct render_table *t, const struct story *s)
{
	char text[3 * WORDS_MAX], after[UNITS_STRLEN], time[WORDS_MAX];
	char sign[UNITS_STRLEN];

	if (!s->end) {
		add(t, "until when", "it still was when the capture ends");
		return;
	}
	snprintf(text, sizeof(text),
		 "the last signs at %s, taken for a client again %s into the capture "
		 "(%s)%s",
		 after_text(field_size(s->end, "last_sign_ms"), sign),
		 view_after(s->end, after), words_time(field_int(s->end, "time"), time),
		 s->promotions > 1 ? ", with pauses before" : "");
	add(t, "until when", text);
}

/* A hub has no pairs. Those of one that stopped are with its end. */
static void add_for_whom(struct render_table *t, const struct story *s,
			 const json_t *explanation)
{
	const json_t *legs = json_object_get(s->end ? s->end : explanation, "legs");
	size_t count = json_array_size(legs);
	char text[WORDS_MAX];

	if (count == 0)
		add(t, "for whom",
		    strcmp(field_text(s->promotion, "role"), "supernode") == 0
			    ? "the many who lean on it"
			    : "no pairs could be told apart");
	for (size_t i = 0; i < count && i < PAIRS_NAMED; i++) {
		const json_t *leg = json_array_get(legs, i);

		snprintf(text, sizeof(text), "%.64s and %.64s", field_text(leg, "from"),
			 field_text(leg, "to"));
		add(t, i ? "" : "for whom", text);
	}
	if (count > PAIRS_NAMED) {
		snprintf(text, sizeof(text), "and %zu more pairs", count - PAIRS_NAMED);
		add(t, "", text);
	}
}

static void add_how_much(struct render_table *t, const json_t *app)
{
	char text[2 * WORDS_MAX], a[UNITS_STRLEN], b[UNITS_STRLEN];
	uint64_t in = field_size(app, "relayed_in"),
		 out = field_size(app, "relayed_out");

	if (in + out > 0)
		snprintf(text, sizeof(text),
			 "%s in and %s out on relayed flows, since they were told "
			 "apart",
			 size_format(in, a), size_format(out, b));
	else
		snprintf(text, sizeof(text), "no flows were told apart as relayed");
	add(t, "how much", text);
	snprintf(text, sizeof(text), "%s in and %s out, all else with strangers",
		 size_format(field_size(app, "own_in"), a),
		 size_format(field_size(app, "own_out"), b));
	add(t, "besides", text);
}

static void print_no_promotion(const struct context *c, const json_t *app)
{
	if (strcmp(field_text(app, "role"), "suspect") == 0)
		render_line(&c->out, STYLE_WARN,
			    "Perhaps: some signs say that %s worked for strangers, but "
			    "the capture ends before they suffice. Judge a longer one.",
			    field_text(app, "name"));
	else if (field_real(app, "probability") > NEXT_TO_NOTHING)
		render_line(&c->out, STYLE_WARN,
			    "Rather not: something in this capture says that %s worked "
			    "for strangers, but too little.",
			    field_text(app, "name"));
	else
		render_line(&c->out, STYLE_GOOD,
			    "Nothing in this capture says that %s worked for "
			    "strangers.",
			    field_text(app, "name"));
	if (field_int(app, "bytes_in") == 0 && field_int(app, "bytes_out") == 0)
		render_hint(&c->out, "It met no stranger: its peers are all in trusted "
				     "networks. If they are not to be trusted: --set "
				     "link.trusted=none");
}

void view_answer(const struct context *c, const json_t *timeline,
		 const json_t *explanation)
{
	static const struct render_column columns[] = {{"", false}, {"", false}};
	const json_t *app = json_object_get(explanation, "application");
	struct render_table *t;
	struct story s = {0};

	for (size_t i = 0; i < json_array_size(timeline); i++)
		take_event(&s, json_array_get(timeline, i));
	if (!s.promotion) {
		print_no_promotion(c, app);
		return;
	}
	render_line(&c->out, STYLE_BAD, "Yes: %s worked for strangers, as a %s.",
		    field_text(app, "name"), field_text(s.promotion, "role"));
	t = render_table_new(columns, 2);
	add_since(t, &s);
	add_until(t, &s);
	add_for_whom(t, &s, explanation);
	add_how_much(t, app);
	render_table_print(&c->out, t, 2);
	render_table_free(t);
}
