/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applications live: asks once a second, draws what the model holds. */
#include "base/text.h"
#include "base/units.h"
#include "client.h"
#include "clock.h"
#include "fields.h"
#include "screen.h"
#include "top_keys.h"
#include "top_lines.h"
#include "views.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define UPDATE_SECONDS 1.0
/* An agent that takes longer holds up the keys. */
#define PATIENCE_SECONDS 2
#define COMPLAINT_MAX 512
#define TITLE_MAX 1024
/* Less than this shows nothing of use. */
#define HEIGHT_MIN 5
#define WIDTH_MIN 20
/* Lines that are not of the list or page: headline, link, headings, keys. */
#define FRAME_LINES 4

struct top {
	struct context context;
	struct top_model *model;
	struct top_state state;
	char *headline;		       /* of the last answer */
	char *page;		       /* text of the page that is shown */
	json_t *reply;		       /* the last one of Status */
	char complaint[COMPLAINT_MAX]; /* why there is no newer one, or "" */
};

/* --- asking ------------------------------------------------------------------------
 */

/* One of the views, as text as wide as the screen. NULL without memory. */
static char *text_of(const struct top *t,
		     void (*view)(const struct context *c, const json_t *reply),
		     const json_t *reply)
{
	struct context mine = t->context;
	struct screen_text text;

	if (!screen_text_begin(&text, &t->context.out, screen_width() - 1))
		return NULL;
	mine.out = text.render;
	view(&mine, reply);
	return screen_text_end(&text);
}

static void view_why(const struct context *c, const json_t *reply)
{
	view_explanation(c, reply, (int64_t)time(NULL));
}

static void view_first(const struct context *c, const json_t *reply)
{
	view_app(c, reply, json_array_get(json_object_get(reply, "applications"), 0));
}

/* Takes the place of a text, unless there is none. */
static void replace_take(char **text, char *by)
{
	if (!by)
		return;
	free(*text);
	*text = by;
}

static void ask_status(struct top *t)
{
	json_t *reply;

	if (client_call(&t->context, "Status", NULL, &reply) != EXIT_OK)
		return;
	if (top_model_update(t->model, reply) == 0)
		replace_take(&t->headline, text_of(t, view_headline, reply));
	json_decref(t->reply);
	t->reply = reply;
}

/* The page about one application; where that has ended, the complaint says so. */
static void ask_page(struct top *t)
{
	static const struct {
		const char *method;
		void (*view)(const struct context *c, const json_t *reply);
	} pages[] = {
		[TOP_EVIDENCE] = {"Explain", view_why},
		[TOP_PEERS] = {"Peers", view_peers},
		[TOP_STATUS] = {"Status", view_first},
	};
	json_t *reply;

	if (!t->state.app)
		return;
	if (client_call(&t->context, pages[t->state.page].method, t->state.app,
			&reply) != EXIT_OK)
		return;
	replace_take(&t->page, text_of(t, pages[t->state.page].view, reply));
	json_decref(reply);
}

static void ask(struct top *t)
{
	complain_into(t->complaint, sizeof(t->complaint));
	ask_status(t);
	if (!*t->complaint)
		ask_page(t);
	complain_into(NULL, 0);
}

/* --- drawing -----------------------------------------------------------------------
 */

/* "12 Mbit/s down, 3 Mbit/s up; by up; with: voice". */
static void draw_second_line(const struct top *t)
{
	const json_t *link = json_object_get(t->reply, "link");
	const char *filter = top_model_filtered_by(t->model);
	char down[UNITS_STRLEN], up[UNITS_STRLEN], text[TITLE_MAX],
		shown[TITLE_MAX / 2];
	bool is_reversed;
	enum top_sort sort = top_model_sorted_by(t->model, &is_reversed);

	snprintf(text, sizeof(text), "%s down, %s up; by %s%s%s%s%s",
		 rate_format(field_size(link, "rate_in"), down),
		 rate_format(field_size(link, "rate_out"), up), top_sort_name(sort),
		 is_reversed ? ", turned round" : "",
		 *filter || t->state.is_typing ? "; with: " : "",
		 text_escape(filter, shown, sizeof(shown)),
		 t->state.is_typing ? "_" : "");
	screen_put_styled(1, STYLE_DIM, false, text);
}

static void draw_list(const struct top *t, int lines)
{
	size_t count = top_model_count(t->model), chosen = top_model_chosen(t->model);
	size_t first = chosen < (size_t)lines ? 0 : chosen - (size_t)lines + 1;
	struct top_layout layout;
	char line[TOP_LINE_MAX];

	top_layout_make(screen_width() - 1, &layout);
	if (!*t->complaint)
		draw_second_line(t);
	screen_put_styled(2, STYLE_BOLD, true, top_heading(&layout, line));
	for (size_t i = 0; i < (size_t)lines && first + i < count; i++) {
		const struct top_row *row = top_model_row(t->model, first + i);

		screen_put_styled(3 + (int)i, top_line_style(row), first + i == chosen,
				  top_line(&layout, row, t->context.out.is_utf8, line));
	}
	if (count == 0)
		screen_put_styled(3, STYLE_DIM, false,
				  *top_model_filtered_by(t->model)
					  ? "Nothing has that in it. Esc shows all."
					  : "No application has used the network yet.");
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void draw_page(struct top *t, const char *text, int lines)
{
	size_t all = count_lines(text);
	size_t last = all > (size_t)lines ? all - (size_t)lines : 0;

	if (t->state.scroll > last)
		t->state.scroll = last;
	for (size_t i = 0; text && i < t->state.scroll; i++)
		text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
	for (int y = 0; text && *text && y < lines; y++)
		text = screen_put(3 + y, text);
}

static void draw_title(const struct top *t)
{
	static const char *const titles[] = {[TOP_EVIDENCE] = "Why it has its role",
					     [TOP_PEERS] = "Whom it talks to",
					     [TOP_STATUS] = "All that is known",
					     [TOP_HELP] = "Keys"};

	screen_put_styled(2, STYLE_BOLD, true, titles[t->state.page]);
}

/* The first line: what status says first, or why nothing newer is known. */
static void draw_headline(const struct top *t)
{
	if (!*t->complaint) {
		screen_put(0, t->headline ? t->headline : "");
		return;
	}
	screen_put_styled(
		0, STYLE_BAD, false,
		"No news, trying again every second. Below is what was known.");
	screen_put_styled(1, STYLE_BAD, false, t->complaint);
}

static void draw(struct top *t)
{
	int lines = screen_height() - FRAME_LINES;

	screen_clear();
	if (screen_height() < HEIGHT_MIN || screen_width() < WIDTH_MIN) {
		screen_put_styled(0, STYLE_BOLD, false, "too small; q ends");
		screen_show();
		return;
	}
	draw_headline(t);
	if (t->state.page == TOP_LIST) {
		draw_list(t, lines);
	} else {
		draw_title(t);
		draw_page(t,
			  t->state.page == TOP_HELP ? top_help
			  : t->page		    ? t->page
						    : "",
			  lines);
	}
	screen_put_styled(screen_height() - 1, STYLE_DIM, false,
			  t->state.is_frozen ? "stopped: Space goes on"
					     : top_key_hint(&t->state));
	screen_show();
}

/* -----------------------------------------------------------------------------------
 */

/* True when something else has to be asked. */
static bool press(struct top *t, int key)
{
	if (!top_key(&t->state, t->model, key, screen_height() - FRAME_LINES))
		return false;
	free(t->page); /* it was about something else */
	t->page = NULL;
	return true;
}

/* Keys until it is time to ask anew. */
static void take_keys(struct top *t, double end)
{
	bool is_due = false;

	while (!t->state.is_ended && !is_due && clock_seconds() < end) {
		int key;

		draw(t);
		key = screen_wait(end - clock_seconds());
		if (key == SCREEN_ENDED)
			t->state.is_ended = true;
		else if (key == KEY_RESIZE)
			is_due = true; /* texts are folded anew */
		else if (key != SCREEN_TIME_OVER)
			is_due = press(t, key);
	}
}

static void run(struct top *t)
{
	while (!t->state.is_ended) {
		if (!t->state.is_frozen)
			ask(t);
		take_keys(t, clock_seconds() + UPDATE_SECONDS);
	}
}

static enum exit_code check_terminal(const struct context *c)
{
	json_t *reply;
	enum exit_code code;

	if (c->is_json)
		return complain(EXIT_USAGE, "top draws on a terminal; for programs: "
					    "agentctl status --json --watch");
	if (!screen_is_possible())
		return complain(EXIT_FAILED,
				"top needs a terminal whose cursor can be moved, and "
				"this is none (TERM=%s); use: agentctl status --watch",
				getenv("TERM") ? getenv("TERM") : "");
	/* Where there is no agent, that is said before anything is drawn. */
	code = client_call(c, "Status", NULL, &reply);
	if (code == EXIT_OK)
		json_decref(reply);
	return code;
}

enum exit_code cmd_top(const struct context *c, int count, char *const *arguments)
{
	struct top t = {.context = *c, .model = top_model_new()};
	enum exit_code code = check_terminal(c);

	(void)count;
	(void)arguments;
	t.context.patience = PATIENCE_SECONDS;
	t.context.is_live = true;
	if (code == EXIT_OK && !t.model)
		code = complain(EXIT_FAILED, "out of memory");
	if (code == EXIT_OK && screen_open() < 0)
		code = complain(EXIT_FAILED, "this terminal cannot be drawn on");
	if (code == EXIT_OK) {
		run(&t);
		screen_close();
	}
	top_model_free(t.model);
	top_state_done(&t.state);
	json_decref(t.reply);
	free(t.headline);
	free(t.page);
	return code;
}
