/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top_lines.h"
#include "base/text.h"
#include "base/units.h"
#include "columns.h"
#include "fields.h"
#include "words.h"
#include <string.h>

#define NAME_MIN 10
#define NAME_MAX_WIDTH 28
#define HISTORY_MIN 8
/* From this width on there is room for whose it is. */
#define WIDE 100
/* Less than this is drawn low, so that an idle program does not look busy. */
#define HISTORY_SCALE_MIN 2000

/* --- which columns -----------------------------------------------------------------
 */

static int width_of(const struct top_layout *l)
{
	const int widths[] = {l->user, l->role, l->likely, l->peers,
			      l->down, l->up,	l->limit,  l->history};
	int sum = l->name;

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++)
		sum += widths[i] ? widths[i] + 1 : 0;
	return sum;
}

void top_layout_make(int width, struct top_layout *ret_layout)
{
	struct top_layout l = {.name = NAME_MIN,
			       .user = width < WIDE ? 0 : 9,
			       .role = 9,
			       .likely = 6,
			       .peers = 5,
			       .down = 6,
			       .up = 6,
			       .limit = 6,
			       .history = HISTORY_MIN};
	int *const leaving[] = {&l.user,  &l.history, &l.peers, &l.likely,
				&l.limit, &l.down,    &l.up,	&l.role};
	int spare;

	for (size_t i = 0;
	     i < sizeof(leaving) / sizeof(*leaving) && width_of(&l) > width; i++)
		*leaving[i] = 0;
	spare = width - width_of(&l);
	if (spare > 0) {
		int more = l.history ? spare / 2 : spare;

		if (more > NAME_MAX_WIDTH - NAME_MIN)
			more = NAME_MAX_WIDTH - NAME_MIN;
		l.name += more;
		if (l.history)
			l.history += spare - more;
	}
	if (l.history > TOP_HISTORY)
		l.history = TOP_HISTORY;
	*ret_layout = l;
}

/* --- cells -------------------------------------------------------------------------
 */

const char *top_rate(uint64_t bytes_per_second, char buf[static TOP_RATE_MAX])
{
	char text[UNITS_STRLEN];
	const char *space;

	rate_format(bytes_per_second, text);
	space = strchr(text, ' ');
	snprintf(buf, TOP_RATE_MAX, "%.*s%.*s",
		 space ? (int)(space - text) : (int)strlen(text), text,
		 space && space[1] != 'b' ? 1 : 0, space ? space + 1 : "");
	return buf;
}

/* The lowest limit in force, in whichever direction. */
static const char *limit_of(const json_t *app, char buf[static TOP_RATE_MAX])
{
	const json_t *limits = json_object_get(app, "limits");
	uint64_t lowest = 0;

	if (words_is_severed(app))
		return "cut";
	for (size_t i = 0; i < json_array_size(limits); i++) {
		uint64_t rate =
			field_size(json_array_get(limits, i), "bytes_per_second");

		if (rate && (!lowest || rate < lowest))
			lowest = rate;
	}
	return lowest ? top_rate(lowest, buf) : "-";
}

const char *top_history(const struct top_row *row, int width, bool is_utf8,
			char buf[static TOP_LINE_MAX])
{
	static const char *const blocks[] = {" ",      "\u2581", "\u2582",
					     "\u2583", "\u2584", "\u2585",
					     "\u2586", "\u2587", "\u2588"};
	static const char *const signs[] = {" ", ".", ":", "-", "=",
					    "+", "*", "#", "@"};
	const uint64_t levels = sizeof(blocks) / sizeof(*blocks) - 1;
	size_t shown =
		row->history_count < (size_t)width ? row->history_count : (size_t)width;
	const uint64_t *samples = row->history + row->history_count - shown;
	uint64_t highest = HISTORY_SCALE_MIN;
	size_t used = (size_t)width - shown;

	for (size_t i = 0; i < shown; i++)
		highest = samples[i] > highest ? samples[i] : highest;
	memset(buf, ' ', used);
	buf[used] = '\0';
	for (size_t i = 0; i < shown; i++) {
		/* What is there is seen: only nothing is blank. */
		uint64_t level =
			samples[i] ? 1 + samples[i] * (levels - 1) / highest : 0;

		used += (size_t)snprintf(buf + used, TOP_LINE_MAX - used, "%s",
					 is_utf8 ? blocks[level] : signs[level]);
	}
	return buf;
}

enum style top_line_style(const struct top_row *row)
{
	if (words_role_style(row->app) != STYLE_PLAIN)
		return words_role_style(row->app);
	return field_bool(row->app, "limited") || words_is_severed(row->app)
		       ? STYLE_WARN
		       : STYLE_PLAIN;
}

/* --- lines -------------------------------------------------------------------------
 */

/* One cell, after a blank unless it is the first; nothing of a column left out. */
static void append(char *line, const char *text, int width, bool is_right)
{
	if (!width)
		return;
	if (*line)
		columns_append(line, TOP_LINE_MAX, " ", 1, false);
	columns_append(line, TOP_LINE_MAX, text, width, is_right);
}

static void append_member(char *line, const json_t *app, const char *member, int width)
{
	char text[WORDS_MAX];

	append(line, text_escape(field_text(app, member), text, sizeof(text)), width,
	       false);
}

const char *top_heading(const struct top_layout *l, char buf[static TOP_LINE_MAX])
{
	*buf = '\0';
	append(buf, "APPLICATION", l->name, false);
	append(buf, "USER", l->user, false);
	append(buf, "ROLE", l->role, false);
	append(buf, "LIKELY", l->likely, true);
	append(buf, "PEERS", l->peers, true);
	append(buf, "DOWN", l->down, true);
	append(buf, "UP", l->up, true);
	append(buf, "LIMIT", l->limit, true);
	append(buf, "LAST", l->history, false);
	return buf;
}

const char *top_line(const struct top_layout *l, const struct top_row *row,
		     bool is_utf8, char buf[static TOP_LINE_MAX])
{
	char text[WORDS_MAX], rate[TOP_RATE_MAX], history[TOP_LINE_MAX];
	const json_t *app = row->app;

	*buf = '\0';
	append_member(buf, app, "name", l->name);
	append_member(buf, app, "user", l->user);
	append_member(buf, app, "role", l->role);
	append(buf, words_probability(app, text), l->likely, true);
	snprintf(text, sizeof(text), "%lld", (long long)field_int(app, "peers"));
	append(buf, text, l->peers, true);
	append(buf, top_rate(field_size(app, "rate_in"), rate), l->down, true);
	append(buf, top_rate(field_size(app, "rate_out"), rate), l->up, true);
	append(buf, limit_of(app, rate), l->limit, true);
	append(buf, top_history(row, l->history, is_utf8, history), l->history, false);
	return buf;
}
