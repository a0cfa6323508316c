/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output for people: lines and aligned tables. The one place that knows of colour,
 * character sets and widths; and the one gate all text goes through, where text_escape
 * makes it harmless to a terminal.
 */
#ifndef UI_CLI_RENDER_H
#define UI_CLI_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

struct render {
	FILE *out;
	bool has_colour; /* a terminal, and NO_COLOR is not set */
	bool is_utf8;	 /* else what is not ASCII is replaced */
	bool has_legend; /* headings and hints */
	int width;	 /* columns to fold text into, 0: as long as it is */
};

/* For what `out` is: a terminal or a pipe; with a legend. */
void render_init(struct render *r, FILE *out);

/* One line; `format` has no newline. What is too long goes on below its beginning. */
void render_line(const struct render *r, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A line that helps people and disturbs programs: left out without a legend. */
void render_hint(const struct render *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The length of the escape sequence of ours that `text` begins with, and what it means;
 * 0: there is none. For screens that do not take such sequences. */
size_t render_parse_style(const char *text, enum style *ret_style);

/* --- tables -------------------------------------------------------------------- */

struct render_column {
	const char *heading;
	bool is_right; /* numbers are */
};

struct render_table;

/* NULL without memory, which all functions below accept. */
struct render_table *render_table_new(const struct render_column *columns,
				      size_t count);
void render_table_free(struct render_table *t);

/* The next cell, from left to right, row after row. */
void render_cell(struct render_table *t, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether it has room in a line, the last column being folded if need be. */
bool render_table_fits(const struct render *r, const struct render_table *t);

/* Headings (if there is one, and a legend) and rows, `indent` spaces to the right. */
void render_table_print(const struct render *r, const struct render_table *t,
			unsigned int indent);

#endif
