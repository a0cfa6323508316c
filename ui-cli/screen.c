/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "screen.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <time.h>
#include <unistd.h>

/* Long enough for the rest of an escape sequence over a slow line. */
#define ESCAPE_MS 100

static SCREEN *screen;
static bool has_colour;

/* A volatile flag is all a handler may touch; signals are let in only while waiting. */
static volatile sig_atomic_t is_ended;
static sigset_t signals_before;

static void on_end(int signal)
{
	(void)signal;
	is_ended = 1;
}

static void hold_signals(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = on_end};
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		sigaction(ends[i], &action, NULL);
		sigaddset(&held, ends[i]);
	}
	sigaddset(&held, SIGWINCH);
	sigprocmask(SIG_BLOCK, &held, &signals_before);
}

/* --- opening and closing -----------------------------------------------------------
 */

/* "dumb" and the like have no way to move the cursor. */
static bool can_move(void)
{
	const char *motion = tigetstr("cup");

	return motion && motion != (char *)-1;
}

bool screen_is_possible(void)
{
	const char *term = getenv("TERM");
	bool is_possible;
	int error;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || !term || !*term)
		return false;
	if (setupterm(term, STDOUT_FILENO, &error) != OK)
		return false;
	is_possible = can_move();
	del_curterm(cur_term);
	return is_possible;
}

static void set_colours(void)
{
	const char *no_color = getenv("NO_COLOR");

	has_colour = has_colors() && !(no_color && *no_color);
	if (!has_colour)
		return;
	start_color();
	use_default_colors();
	init_pair(STYLE_GOOD, COLOR_GREEN, -1);
	init_pair(STYLE_WARN, COLOR_YELLOW, -1);
	init_pair(STYLE_BAD, COLOR_RED, -1);
}

int screen_open(void)
{
	if (!screen_is_possible())
		return -ENOTSUP;
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return -ENOTSUP;
	set_term(screen);
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	set_colours();
	hold_signals();
	return 0;
}

void screen_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
	sigprocmask(SIG_SETMASK, &signals_before, NULL);
}

int screen_height(void)
{
	return LINES;
}

int screen_width(void)
{
	return COLS;
}

/* --- drawing -----------------------------------------------------------------------
 */

static attr_t attributes_of(enum style style)
{
	switch (style) {
	case STYLE_BOLD:
		return A_BOLD;
	case STYLE_DIM:
		return A_DIM;
	case STYLE_BAD:
		return A_BOLD | (has_colour ? (attr_t)COLOR_PAIR(STYLE_BAD) : 0);
	case STYLE_GOOD:
	case STYLE_WARN:
		return has_colour ? (attr_t)COLOR_PAIR(style) : A_NORMAL;
	case STYLE_PLAIN:
		break;
	}
	return A_NORMAL;
}

void screen_clear(void)
{
	erase();
}

/* Up to `length` bytes at the cursor. False when the edge is reached. */
static bool add_text(const char *text, size_t length)
{
	while (length > 0) {
		size_t character = 1;
		int y, x;

		while (character < length && (text[character] & 0xc0) == 0x80)
			character++;
		getyx(stdscr, y, x);
		(void)y;
		/* One column is left free: a character of two must not wrap. */
		if (x >= COLS - 1 || addnstr(text, (int)character) == ERR)
			return false;
		text += character;
		length -= character;
	}
	return true;
}

const char *screen_put(int y, const char *text)
{
	size_t length = strcspn(text, "\n");
	const char *end = text + length;
	bool has_room = y < LINES && move(y, 0) == OK;

	while (has_room && text < end) {
		enum style style;
		size_t escape = render_parse_style(text, &style);
		size_t plain;

		if (escape) {
			attrset((int)attributes_of(style));
			text += escape;
			continue;
		}
		plain = strcspn(text, "\033\n");
		if (plain == 0) /* an escape that is none of ours */
			plain = 1;
		has_room = add_text(text, plain);
		text += plain;
	}
	attrset(A_NORMAL);
	return *end ? end + 1 : NULL;
}

void screen_put_styled(int y, enum style style, bool is_inverse, const char *text)
{
	if (y >= LINES || move(y, 0) != OK)
		return;
	attrset((int)(attributes_of(style) | (is_inverse ? A_REVERSE : 0)));
	if (add_text(text, strlen(text)) && is_inverse)
		while (add_text(" ", 1))
			;
	attrset(A_NORMAL);
}

void screen_show(void)
{
	refresh();
}

/* --- waiting -----------------------------------------------------------------------
 */

int screen_wait(double seconds)
{
	struct timespec timeout = {.tv_sec = (time_t)seconds};
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int key = getch(); /* may be left of what was read at once */
	int r;

	if (key != ERR)
		return key;
	timeout.tv_nsec = (long)((seconds - (double)timeout.tv_sec) * 1e9);
	r = ppoll(&p, 1, &timeout, &signals_before);
	if (is_ended)
		return SCREEN_ENDED;
	if (r > 0 && (p.revents & (POLLHUP | POLLERR)) && !(p.revents & POLLIN))
		return SCREEN_ENDED; /* the terminal is gone */
	key = getch();
	return key == ERR ? SCREEN_TIME_OVER : key;
}

/* --- text --------------------------------------------------------------------------
 */

bool screen_text_begin(struct screen_text *t, const struct render *like, int width)
{
	t->render = *like;
	t->render.width = width;
	t->render.has_colour = true;
	t->text = NULL;
	t->render.out = open_memstream(&t->text, &t->size);
	return t->render.out;
}

char *screen_text_end(struct screen_text *t)
{
	if (fclose(t->render.out) != 0) {
		free(t->text);
		return NULL;
	}
	return t->text;
}
