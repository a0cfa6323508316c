/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "html.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void put_text(struct html *h, const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *copy = malloc(size);

	if (!copy) {
		fputs("(out of memory)", h->out);
		return;
	}
	text_escape(text, copy, size);
	for (const char *c = copy; *c; c++) {
		const char *entity = entity_of(*c);

		if (entity)
			fputs(entity, h->out);
		else
			putc(*c, h->out);
	}
	free(copy);
}

static void put_formatted(struct html *h, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void put_formatted(struct html *h, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0) {
		fputs("(out of memory)", h->out);
		return;
	}
	put_text(h, text);
	free(text);
}

void html_raw(struct html *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(h->out, format, args);
	va_end(args);
}

void html_text(struct html *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_formatted(h, format, args);
	va_end(args);
}

void html_element(struct html *h, const char *tag, const char *format, ...)
{
	va_list args;

	fprintf(h->out, "<%s>", tag);
	va_start(args, format);
	put_formatted(h, format, args);
	va_end(args);
	fprintf(h->out, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}
