/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole terminal, for what is drawn again and again: curses, so that any terminal
 * will do, put back as it was on every way out. Text comes from a `struct render` whose
 * colours become those of the terminal.
 *
 * One at a time, as there is one terminal.
 */
#ifndef UI_CLI_SCREEN_H
#define UI_CLI_SCREEN_H

#include "render.h"
#include <curses.h>

/* Keys that are none of curses: what else ends a wait. */
enum { SCREEN_TIME_OVER = -1, SCREEN_ENDED = -2 };

/* Whether standard output and input are a terminal whose cursor can be moved. */
bool screen_is_possible(void);

/* 0; or -ENOTSUP where it is not possible. */
int screen_open(void);
void screen_close(void);

int screen_height(void);
int screen_width(void);

void screen_clear(void);
/* Text up to the end of its line, from column 0 of line `y`; cut at the edge. Returns
 * what follows the line, or NULL at the end. */
const char *screen_put(int y, const char *text);
/* The same of plain text in one style, the whole line inverted if `is_inverse`. */
void screen_put_styled(int y, enum style style, bool is_inverse, const char *text);
/* Makes all of it visible at once. */
void screen_show(void);

/*
 * A key (of curses; KEY_RESIZE when the size changed), SCREEN_TIME_OVER after
 * `seconds`, SCREEN_ENDED when a signal wants this program to end. Wide characters come
 * one by one.
 */
int screen_wait(double seconds);

/* --- text for it -------------------------------------------------------------------
 */

/* Output of the commands as text instead: made by render_*() to `out` of what this
 * prepares, as wide as the screen; taken by screen_text_end(), to be freed. */
struct screen_text {
	struct render render;
	char *text;
	size_t size;
};

/* False without memory. */
bool screen_text_begin(struct screen_text *t, const struct render *like, int width);
/* The text, to be freed; NULL without memory. */
char *screen_text_end(struct screen_text *t);

#endif
