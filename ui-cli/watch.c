/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"
#include "clock.h"
#include "screen.h"
#include "words.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMPLAINT_MAX 512

/* --- in a pipe ---------------------------------------------------------------------
 */

static volatile sig_atomic_t is_over;

static void on_end(int signal)
{
	(void)signal;
	is_over = 1;
}

static enum exit_code watch_blocks(const struct context *c, watch_print *print,
				   void *data)
{
	const struct sigaction action = {.sa_handler = on_end};
	enum exit_code code = EXIT_OK;
	char time_text[WORDS_MAX];

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (bool is_first = true; !is_over; is_first = false) {
		if (!is_first && !c->is_json)
			fputc('\n', c->out.out);
		if (!c->is_json)
			render_hint(&c->out, "%s",
				    words_time((int64_t)time(NULL), time_text));
		code = print(c, data);
		if (is_first && code != EXIT_OK && code != EXIT_DEGRADED)
			return code;
		if (fflush(stdout) != 0)
			return complain(EXIT_FAILED, "cannot write the output");
		if (!is_over)
			sleep((unsigned int)c->watch);
	}
	return EXIT_OK;
}

/* --- on a terminal -----------------------------------------------------------------
 */

struct view {
	const struct context *context;
	watch_print *print;
	void *data;
	char *text; /* of the last answer */
	char complaint[COMPLAINT_MAX];
};

/* Asks anew; without an answer the last one stays. */
static void ask(struct view *v)
{
	struct context mine = *v->context;
	struct screen_text t;
	enum exit_code code;
	char *text;

	if (!screen_text_begin(&t, &v->context->out, screen_width() - 1))
		return;
	mine.out = t.render;
	mine.is_live = true;
	complain_into(v->complaint, sizeof(v->complaint));
	code = v->print(&mine, v->data);
	complain_into(NULL, 0);
	text = screen_text_end(&t);
	if (!text || (code != EXIT_OK && code != EXIT_DEGRADED)) {
		free(text);
		return;
	}
	*v->complaint = '\0';
	free(v->text);
	v->text = text;
}

static void draw(const struct view *v)
{
	const char *rest = v->text;
	char head[COMPLAINT_MAX + 64], clock[WORDS_MAX];
	int y = 1;

	screen_clear();
	words_time((int64_t)time(NULL), clock);
	if (*v->complaint)
		snprintf(head, sizeof(head), "%s; trying again", v->complaint);
	else
		snprintf(head, sizeof(head), "%s, every %llus; q ends", clock,
			 (unsigned long long)v->context->watch);
	screen_put_styled(0, *v->complaint ? STYLE_BAD : STYLE_DIM, false, head);
	while (rest && *rest && y < screen_height() - 1)
		rest = screen_put(y++, rest);
	if (rest && *rest)
		screen_put_styled(y, STYLE_DIM, false,
				  "... and more: a taller window shows it");
	screen_show();
}

static bool is_end(int key)
{
	return key == 'q' || key == 'Q' || key == SCREEN_ENDED;
}

/* Shows what there is until it is time to ask again. False when it is to end. */
static bool show_for_a_while(const struct view *v)
{
	double end = clock_seconds() + (double)v->context->watch;
	int key = SCREEN_TIME_OVER;

	draw(v);
	while (!is_end(key) && clock_seconds() < end) {
		key = screen_wait(end - clock_seconds());
		if (key == KEY_RESIZE)
			return true; /* folded anew */
	}
	return !is_end(key);
}

static enum exit_code watch_screen(const struct context *c, watch_print *print,
				   void *data)
{
	struct view v = {.context = c, .print = print, .data = data};

	if (screen_open() < 0)
		return complain(EXIT_FAILED, "this terminal cannot be drawn on");
	ask(&v);
	if (v.text)
		while (show_for_a_while(&v))
			ask(&v);
	screen_close();
	if (!v.text) /* not even once: say why, where it is seen */
		return print(c, data);
	free(v.text);
	return EXIT_OK;
}

enum exit_code watch(const struct context *c, watch_print *print, void *data)
{
	return !c->is_json && screen_is_possible() ? watch_screen(c, print, data)
						   : watch_blocks(c, print, data);
}
