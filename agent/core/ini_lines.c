/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inih gives its handler no line number, drops what follows a section's bracket, says
 * nothing of empty sections and splits lines that are longer than its buffer. So it is
 * fed one checked line at a time by a reader that counts them and takes the section
 * headers itself; inih is left with comments, keys and values.
 */
#include "base/text.h"
#include "core/ini.h"
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <string.h>

struct lines {
	struct ini_document *document;
	const char *next, *end;
	int result; /* the first failure; ends the reading */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && is_blank(*s))
		s++;
	return s;
}

/* The next line without its end, CR LF or LF. */
static size_t take_line(struct lines *l, const char **ret_line)
{
	size_t left = (size_t)(l->end - l->next);
	const char *newline = memchr(l->next, '\n', left);
	size_t length = newline ? (size_t)(newline - l->next) : left;

	*ret_line = l->next;
	l->next += newline ? length + 1 : length;
	l->document->here.line++;
	if (newline && length > 0 && newline[-1] == '\r')
		length--;
	return length;
}

/* "[kind name]", behind it nothing but a comment. */
static int take_section(struct ini_document *d, const char *line, const char *end)
{
	const char *start = line + 1, *close, *rest;

	for (close = start; close < end && *close != ']'; close++)
		if (*close == ';' && is_blank(close[-1]))
			break;
	if (close == end || *close != ']')
		return ini_fail(d, "", "the section has no closing ']'");
	rest = skip_blanks(close + 1, end);
	if (rest < end && *rest != ';' && *rest != '#')
		return ini_fail(d, "",
				"text behind the section's ']'; put keys on lines of "
				"their own");
	return ini_open_section(d, start, (size_t)(close - start));
}

/* `room` is what inih's buffer holds. */
static int check_line(struct ini_document *d, const char *line, size_t length,
		      size_t room)
{
	if (!text_is_plain(line, length))
		return ini_fail(d, "",
				"not plain text: a NUL or control character, or bytes "
				"that are not UTF-8");
	if (memchr(line, '\r', length))
		return ini_fail(d, "",
				"a carriage return inside the line; end lines with LF "
				"or CR LF");
	if (length > room)
		return ini_fail(d, "",
				"the line has %zu bytes, at most %zu are read; shorten "
				"it",
				length, room);
	if (is_blank(line[0]))
		return ini_fail(d, "",
				"the line begins with a blank; continuation lines are "
				"not supported, write KEY = VALUE on one line");
	return 0;
}

/* Comments may be indented, and as long as they like. */
static bool is_comment_or_empty(const char *line, size_t length)
{
	const char *s = skip_blanks(line, line + length);

	return s == line + length ||
	       ((*s == ';' || *s == '#') && text_is_plain(line, length) &&
		!memchr(line, '\r', length));
}

/* What inih shall see of the next line: a key and its value, or an empty line. */
static int prepare_line(struct lines *l, size_t room, const char **ret_line,
			size_t *ret_length)
{
	struct ini_document *d = l->document;
	size_t length = take_line(l, ret_line);
	const char *line = *ret_line;
	int r;

	*ret_length = 0;
	if (is_comment_or_empty(line, length))
		return 0;
	r = check_line(d, line, length, room);
	if (r < 0)
		return r;
	if (line[0] == '[')
		return take_section(d, line, line + length);
	*ret_length = length;
	return 0;
}

/* An ini_reader: like fgets. */
static char *read_line(char *buffer, int size, void *stream)
{
	struct lines *l = stream;
	const char *line;
	size_t length;

	if (l->result < 0 || l->next == l->end || size < 2)
		return NULL;
	l->result = prepare_line(l, (size_t)size - 2, &line, &length);
	if (l->result < 0)
		return NULL;
	memcpy(buffer, line, length);
	buffer[length] = '\n';
	buffer[length + 1] = '\0';
	return buffer;
}

/* An ini_handler. Its section is cut at 50 bytes, ours is not. */
static int take_key(void *user, const char *section, const char *name,
		    const char *value)
{
	struct lines *l = user;

	(void)section;
	if (l->result == 0)
		l->result = ini_set_key(l->document, name, value);
	return l->result == 0;
}

int ini_read_lines(struct ini_document *d, const char *text, size_t length)
{
	static const char byte_order_mark[] = {'\xef', '\xbb', '\xbf'};
	struct lines l = {.document = d, .next = text, .end = text + length};
	int r;

	if (length >= sizeof(byte_order_mark) &&
	    memcmp(text, byte_order_mark, sizeof(byte_order_mark)) == 0)
		l.next += sizeof(byte_order_mark);
	r = ini_parse_stream(read_line, &l, take_key, &l);
	/* inih counts the same lines, and goes on behind one that is no KEY = VALUE. */
	if (r > 0 && (l.result == 0 || (unsigned int)r < d->here.line)) {
		d->here.line = (unsigned int)r;
		return ini_fail(d, "", "no '=' on the line; expected KEY = VALUE");
	}
	if (l.result < 0)
		return l.result;
	return r < 0 ? -ENOMEM : 0;
}
