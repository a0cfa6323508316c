/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bundle_lines.h"
#include <errno.h>
#include <string.h>

static bool is_printable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

int bundle_lines_next(struct bundle_lines *l, struct bundle_word *ret_key,
		      struct bundle_word *ret_value)
{
	size_t left = (size_t)(l->end - l->at);
	struct bundle_word line = {l->at, 0}, value;
	const char *newline;

	if (!left)
		return 0;
	newline = memchr(l->at, '\n', left < BUNDLE_LINE_MAX ? left : BUNDLE_LINE_MAX);
	if (!newline)
		return -EINVAL;
	line.length = (size_t)(newline - l->at);
	if (!is_printable(line.text, line.length))
		return -EINVAL;
	value = bundle_word_cut(&line);
	if (!line.length || !value.length)
		return -EINVAL;
	*ret_key = line;
	*ret_value = value;
	l->at = newline + 1;
	return 1;
}

bool bundle_word_is(const struct bundle_word *w, const char *text)
{
	return strlen(text) == w->length && memcmp(text, w->text, w->length) == 0;
}

struct bundle_word bundle_word_cut(struct bundle_word *w)
{
	const char *space = memchr(w->text, ' ', w->length);
	struct bundle_word rest = {w->text + w->length, 0};

	if (space) {
		rest.text = space + 1;
		rest.length = w->length - (size_t)(space + 1 - w->text);
		w->length = (size_t)(space - w->text);
	}
	return rest;
}

int bundle_word_number(const struct bundle_word *w, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (!w->length || (w->length > 1 && w->text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < w->length; i++) {
		uint64_t digit = (uint64_t)(w->text[i] - '0');

		if (w->text[i] < '0' || w->text[i] > '9' ||
		    number > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		number = 10 * number + digit;
	}
	if (number > max)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

int bundle_word_copy(const struct bundle_word *w, char *buf, size_t size)
{
	if (w->length >= size)
		return -EINVAL;
	memcpy(buf, w->text, w->length);
	buf[w->length] = '\0';
	return 0;
}
