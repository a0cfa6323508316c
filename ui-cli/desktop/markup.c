/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desktop.h"
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
	default:
		return NULL;
	}
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

const char *desktop_escape_markup(const char *text, char *buf, size_t size)
{
	size_t used = 0;

	while (*text) {
		const char *entity = entity_of(*text);
		size_t length = 1;

		while (!entity && is_continuation(text[length]))
			length++;
		if (used + (entity ? strlen(entity) : length) >= size)
			break;
		memcpy(buf + used, entity ? entity : text,
		       entity ? strlen(entity) : length);
		used += entity ? strlen(entity) : length;
		text += length;
	}
	buf[used] = '\0';
	return buf;
}
