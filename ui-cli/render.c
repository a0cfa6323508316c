/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render.h"
#include "base/text.h"
#include "columns.h"
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CELL_GAP 2
/* Narrower than this, text is left as long as it is. */
#define FOLD_MIN 20

struct cell {
	char *text; /* escaped */
	enum style style;
};

struct render_table {
	const struct render_column *columns;
	size_t column_count;
	struct cell *cells;
	size_t cell_count, cell_size;
};

/* COLUMNS, else the terminal's own width; 0 in a pipe. */
static int find_width(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && atoi(columns) > 0)
		return atoi(columns);
	return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void render_init(struct render *r, FILE *out)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	r->out = out;
	r->is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	r->has_legend = true;
	r->width = find_width(out);
	r->has_colour = isatty(fileno(out)) && !(no_color && *no_color) &&
			!(term && strcmp(term, "dumb") == 0);
}

/* What a character of ours is where there is no UTF-8. */
static char to_ascii(const char *text)
{
	return strncmp(text, "\u00b7", 2) == 0 ? '-' : '?';
}

static void flatten(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if ((*from & 0xc0) == 0xc0)
			*to++ = to_ascii(from);
		else if (!(*from & 0x80))
			*to++ = *from;
	}
	*to = '\0';
}

static char *format_text(const char *format, va_list args)
	__attribute__((format(printf, 1, 0)));

/* Formats and escapes; NULL without memory. */
static char *format_text(const char *format, va_list args)
{
	char *raw, *text;
	size_t size;

	if (vasprintf(&raw, format, args) < 0)
		return NULL;
	size = 4 * strlen(raw) + 1;
	text = malloc(size);
	if (text)
		text_escape(raw, text, size);
	free(raw);
	return text;
}

/* What makes a terminal show a style; STYLE_PLAIN is what ends the others. */
static const char *const style_codes[] = {
	[STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m",
	[STYLE_DIM] = "\033[2m",   [STYLE_GOOD] = "\033[32m",
	[STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[1;31m",
};

static void put_styled(const struct render *r, enum style style, const char *text)
{
	if (r->has_colour && style != STYLE_PLAIN)
		fprintf(r->out, "%s%s%s", style_codes[style], text,
			style_codes[STYLE_PLAIN]);
	else
		fputs(text, r->out);
}

size_t render_parse_style(const char *text, enum style *ret_style)
{
	for (size_t i = 0; i < sizeof(style_codes) / sizeof(*style_codes); i++) {
		size_t length = strlen(style_codes[i]);

		if (strncmp(text, style_codes[i], length) != 0)
			continue;
		*ret_style = (enum style)i;
		return length;
	}
	return 0;
}

/* Text that begins in column `indent`, and goes on there on the lines below. */
static void put_folded(const struct render *r, enum style style, const char *text,
		       int indent)
{
	int room = r->width - indent;

	while (r->width && room >= FOLD_MIN && columns_of(text) > room) {
		size_t length = columns_fit_words(text, room);
		char *head = strndup(text, length);

		put_styled(r, style, head ? head : "");
		free(head);
		text += length;
		text += strspn(text, " ");
		if (!*text)
			return;
		fprintf(r->out, "\n%*s", indent, "");
	}
	put_styled(r, style, text);
}

static void put_line(const struct render *r, enum style style, char *text)
{
	int indent;

	if (!text)
		return;
	if (!r->is_utf8)
		flatten(text);
	/* Blanks and the dash of a list stay to the left. */
	indent = (int)strspn(text, " -");
	fprintf(r->out, "%.*s", indent, text);
	put_folded(r, style, text + indent, indent);
	fputc('\n', r->out);
}

void render_line(const struct render *r, enum style style, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	put_line(r, style, text);
	free(text);
}

void render_hint(const struct render *r, const char *format, ...)
{
	va_list args;
	char *text;

	if (!r->has_legend)
		return;
	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	put_line(r, STYLE_DIM, text);
	free(text);
}

/* --- tables -------------------------------------------------------------------- */

struct render_table *render_table_new(const struct render_column *columns, size_t count)
{
	struct render_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = columns;
	t->column_count = count;
	return t;
}

void render_table_free(struct render_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->cell_count; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

static bool make_room(struct render_table *t)
{
	size_t size = t->cell_size ? t->cell_size * 2 : 64;
	struct cell *cells;

	if (t->cell_count < t->cell_size)
		return true;
	cells = reallocarray(t->cells, size, sizeof(*cells));
	if (!cells)
		return false;
	t->cells = cells;
	t->cell_size = size;
	return true;
}

void render_cell(struct render_table *t, enum style style, const char *format, ...)
{
	va_list args;
	char *text;

	if (!t || !make_room(t))
		return;
	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	t->cells[t->cell_count++] = (struct cell){text, style};
}

static const char *cell_text(const struct cell *c)
{
	return c->text ? c->text : "";
}

static int column_width(const struct render *r, const struct render_table *t,
			size_t column)
{
	int widest = r->has_legend ? columns_of(t->columns[column].heading) : 0;

	for (size_t i = column; i < t->cell_count; i += t->column_count) {
		int width = columns_of(cell_text(&t->cells[i]));

		if (width > widest)
			widest = width;
	}
	return widest;
}

bool render_table_fits(const struct render *r, const struct render_table *t)
{
	int width = 0;

	if (!t || !r->width)
		return true;
	for (size_t i = 0; i < t->column_count; i++) {
		bool is_last = i + 1 == t->column_count;
		int column = column_width(r, t, i);

		if (is_last && !t->columns[i].is_right && column > FOLD_MIN)
			column = FOLD_MIN; /* and goes on below */
		width += column + (is_last ? 0 : CELL_GAP);
	}
	return width <= r->width;
}

static bool has_headings(const struct render_table *t)
{
	for (size_t i = 0; i < t->column_count; i++)
		if (*t->columns[i].heading)
			return true;
	return false;
}

/* --- printing a table --------------------------------------------------------------
 */

static bool is_foldable(const struct render_table *t, size_t column)
{
	return !t->columns[column].is_right;
}

/* Makes the widest columns of text narrower until the table has room, or all are
 * narrow; of equals the last one first. */
static void shrink(const struct render *r, const struct render_table *t,
		   unsigned int indent, int *widths)
{
	int excess = (int)indent - r->width - CELL_GAP;

	for (size_t i = 0; i < t->column_count; i++)
		excess += widths[i] + CELL_GAP;
	for (; r->width && excess > 0; excess--) {
		size_t widest = t->column_count;

		for (size_t i = 0; i < t->column_count; i++)
			if (is_foldable(t, i) && widths[i] > FOLD_MIN &&
			    (widest == t->column_count || widths[i] >= widths[widest]))
				widest = i;
		if (widest == t->column_count)
			return;
		widths[widest]--;
	}
}

/* What a row still has to show, cell by cell. */
struct rest {
	const char *text;
	enum style style;
};

/* As much of a cell as its column has room for, `column_at` being where that begins and
 * `at` where the cursor is. */
static void put_cell(const struct render *r, const struct render_table *t, size_t i,
		     int width, int column_at, int *at, struct rest *rest)
{
	size_t length = is_foldable(t, i) ? columns_fit_words(rest->text, width)
					  : strlen(rest->text);
	char *chunk = strndup(rest->text, length);
	int taken = chunk ? columns_of(chunk) : 0;

	if (taken) {
		int begin = column_at + (is_foldable(t, i) ? 0 : width - taken);

		fprintf(r->out, "%*s", begin - *at, "");
		put_styled(r, rest->style, chunk);
		*at = begin + taken;
	}
	free(chunk);
	rest->text += length;
	rest->text += strspn(rest->text, " ");
}

/* A row, on as many lines as its longest cell takes. */
static void put_row(const struct render *r, const struct render_table *t,
		    const int *widths, unsigned int indent, struct rest *rest)
{
	bool has_more = true;

	while (has_more) {
		int column_at = (int)indent, at = 0;

		has_more = false;
		for (size_t i = 0; i < t->column_count; i++) {
			put_cell(r, t, i, widths[i], column_at, &at, &rest[i]);
			has_more = has_more || *rest[i].text;
			column_at += widths[i] + CELL_GAP;
		}
		fputc('\n', r->out);
	}
}

static void put_rows(const struct render *r, const struct render_table *t,
		     const int *widths, unsigned int indent, struct rest *rest)
{
	for (size_t i = 0; i < t->column_count; i++)
		rest[i] = (struct rest){t->columns[i].heading, STYLE_BOLD};
	if (r->has_legend && has_headings(t))
		put_row(r, t, widths, indent, rest);
	for (size_t row = 0; row + t->column_count <= t->cell_count;
	     row += t->column_count) {
		for (size_t i = 0; i < t->column_count; i++)
			rest[i] = (struct rest){cell_text(&t->cells[row + i]),
						t->cells[row + i].style};
		put_row(r, t, widths, indent, rest);
	}
}

void render_table_print(const struct render *r, const struct render_table *t,
			unsigned int indent)
{
	struct rest *rest;
	int *widths;

	if (!t)
		return;
	widths = calloc(t->column_count, sizeof(*widths));
	rest = calloc(t->column_count, sizeof(*rest));
	for (size_t i = 0; !r->is_utf8 && i < t->cell_count; i++)
		if (t->cells[i].text)
			flatten(t->cells[i].text);
	if (widths && rest) {
		for (size_t i = 0; i < t->column_count; i++)
			widths[i] = column_width(r, t, i);
		shrink(r, t, indent, widths);
		put_rows(r, t, widths, indent, rest);
	}
	free(widths);
	free(rest);
}
