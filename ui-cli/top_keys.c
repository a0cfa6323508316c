/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top_keys.h"
#include "fields.h"
#include <curses.h>
#include <stdlib.h>
#include <string.h>

#define KEY_ESCAPE 27
#define KEY_RUBOUT 127

const char top_help[] =
	"Up, Down, PgUp, PgDn   choose an application; scroll\n"
	"Enter                  why it has its role, its peers, all that is known\n"
	"Tab                    the next of these three\n"
	"Esc, Left              back to the list\n"
	"/                      show only what has a text in its name, user, role or "
	"key;\n"
	"                       Enter keeps it, Esc ends it\n"
	"Space                  stop the picture, and go on\n"
	"q                      end\n"
	"\n"
	"Sort by, the same key again turns it round:\n"
	"  c concern   n name   r role   l likely   p peers   d down   u up\n"
	"\n"
	"LIKELY   how likely it is that it works for strangers\n"
	"PEERS    strangers it exchanges packets with\n"
	"DOWN, UP bits a second: k thousand, M million, G thousand million\n"
	"LIMIT    the lowest limit in force; cut: its relayed flows, or all, are "
	"refused\n"
	"LAST     the last two minutes at most, both directions, against its own "
	"highest\n";

void top_state_done(struct top_state *s)
{
	free(s->app);
	s->app = NULL;
}

/* --- the filter --------------------------------------------------------------------
 */

static void type(struct top_state *s, struct top_model *m, int key)
{
	char text[TOP_FILTER_MAX];
	size_t length;

	snprintf(text, sizeof(text), "%s", top_model_filtered_by(m));
	length = strlen(text);
	if (key == '\r' || key == '\n' || key == KEY_ENTER || key == KEY_ESCAPE) {
		s->is_typing = false;
		if (key == KEY_ESCAPE)
			top_model_filter(m, "");
		return;
	}
	if (key == KEY_BACKSPACE || key == KEY_RUBOUT || key == '\b') {
		while (length > 0 && (text[--length] & 0xc0) == 0x80)
			;
		text[length] = '\0';
	} else if (key >= ' ' && key < 256 && length + 1 < sizeof(text)) {
		text[length] = (char)key;
		text[length + 1] = '\0';
	}
	top_model_filter(m, text);
}

/* --- the list ----------------------------------------------------------------------
 */

/* Keys of an order; TOP_SORTS: it is none. */
static enum top_sort sort_of(int key)
{
	static const char letters[TOP_SORTS + 1] = {
		[TOP_BY_CONCERN] = 'c',	    [TOP_BY_NAME] = 'n',  [TOP_BY_ROLE] = 'r',
		[TOP_BY_PROBABILITY] = 'l', [TOP_BY_PEERS] = 'p', [TOP_BY_DOWN] = 'd',
		[TOP_BY_UP] = 'u',
	};
	const char *found = key > 0 && key < 128 ? strchr(letters, key) : NULL;

	return found ? (enum top_sort)(found - letters) : TOP_SORTS;
}

static bool open_app(struct top_state *s, const struct top_model *m)
{
	const struct top_row *row = top_model_row(m, top_model_chosen(m));

	if (!row)
		return false;
	top_state_done(s);
	s->app = strdup(field_text(row->app, "key"));
	if (!s->app)
		return false;
	s->page = TOP_EVIDENCE;
	s->scroll = 0;
	return true;
}

static bool press_in_list(struct top_state *s, struct top_model *m, int key,
			  int page_lines)
{
	switch (key) {
	case KEY_UP:
	case 'k':
		top_model_choose(m, -1);
		break;
	case KEY_DOWN:
	case 'j':
		top_model_choose(m, 1);
		break;
	case KEY_PPAGE:
		top_model_choose(m, -page_lines);
		break;
	case KEY_NPAGE:
		top_model_choose(m, page_lines);
		break;
	case KEY_HOME:
		top_model_choose(m, -TOP_ROWS_MAX);
		break;
	case KEY_END:
		top_model_choose(m, TOP_ROWS_MAX);
		break;
	case '/':
		s->is_typing = true;
		break;
	case KEY_ESCAPE:
		top_model_filter(m, "");
		break;
	case '\r':
	case '\n':
	case KEY_ENTER:
	case KEY_RIGHT:
		return open_app(s, m);
	default:
		if (sort_of(key) != TOP_SORTS)
			top_model_sort(m, sort_of(key));
	}
	return false;
}

/* --- pages of text -----------------------------------------------------------------
 */

static void scroll_by(struct top_state *s, long lines)
{
	long at = (long)s->scroll + lines;

	s->scroll = at < 0 ? 0 : (size_t)at; /* the end is seen when it is drawn */
}

static bool turn_page(struct top_state *s)
{
	if (s->page == TOP_HELP)
		return false;
	s->page = s->page == TOP_EVIDENCE ? TOP_PEERS
		  : s->page == TOP_PEERS  ? TOP_STATUS
					  : TOP_EVIDENCE;
	s->scroll = 0;
	return true;
}

static bool press_in_page(struct top_state *s, int key, int page_lines)
{
	switch (key) {
	case KEY_UP:
	case 'k':
		scroll_by(s, -1);
		break;
	case KEY_DOWN:
	case 'j':
		scroll_by(s, 1);
		break;
	case KEY_PPAGE:
		scroll_by(s, -page_lines);
		break;
	case KEY_NPAGE:
		scroll_by(s, page_lines);
		break;
	case KEY_HOME:
		s->scroll = 0;
		break;
	case '\t':
		return turn_page(s);
	case KEY_ESCAPE:
	case KEY_LEFT:
	case KEY_BACKSPACE:
	case KEY_RUBOUT:
	case '\b':
		top_state_done(s);
		s->page = TOP_LIST;
		break;
	default:
		break;
	}
	return false;
}

/* -----------------------------------------------------------------------------------
 */

bool top_key(struct top_state *s, struct top_model *m, int key, int page_lines)
{
	if (s->is_typing) {
		type(s, m, key);
		return false;
	}
	switch (key) {
	case 'q':
	case 'Q':
		s->is_ended = true;
		return false;
	case ' ':
		s->is_frozen = !s->is_frozen;
		return !s->is_frozen;
	case 'h':
	case '?':
		top_state_done(s);
		s->page = TOP_HELP;
		s->scroll = 0;
		return false;
	default:
		return s->page == TOP_LIST ? press_in_list(s, m, key, page_lines)
					   : press_in_page(s, key, page_lines);
	}
}

const char *top_key_hint(const struct top_state *s)
{
	if (s->is_typing)
		return "Enter keep  Esc show all";
	if (s->page == TOP_LIST)
		return "Enter why  / filter  c n r l p d u sort  Space stop  h help  q "
		       "end";
	if (s->page == TOP_HELP)
		return "Esc back  q end";
	return "Tab next page  Up Down scroll  Esc back  q end";
}
