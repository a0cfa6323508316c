/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "columns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* How many bytes the first character of `text` has; its columns are added to *width. */
static size_t take_character(const char *text, int *width)
{
	mbstate_t state = {0};
	wchar_t wide;
	size_t n = mbrtowc(&wide, text, MB_CUR_MAX, &state);

	if (n == 0 || n > MB_CUR_MAX) { /* no such thing in this locale */
		*width += 1;
		return 1;
	}
	*width += wcwidth(wide) < 0 ? 1 : wcwidth(wide);
	return n;
}

int columns_of(const char *text)
{
	int width = 0;

	while (*text)
		text += take_character(text, &width);
	return width;
}

size_t columns_fit(const char *text, int room)
{
	size_t at = 0;
	int width = 0;

	while (text[at]) {
		size_t n = take_character(text + at, &width);

		if (width > room)
			break;
		at += n;
	}
	return at;
}

size_t columns_fit_words(const char *text, int room)
{
	size_t end = columns_fit(text, room), at = end;

	if (!text[end] || text[end] == ' ')
		return end;
	while (at > 0 && text[at - 1] != ' ')
		at--;
	while (at > 0 && text[at - 1] == ' ')
		at--;
	return at ? at : end;
}

void columns_append(char *buf, size_t size, const char *text, int width, int is_right)
{
	size_t used = strlen(buf), fit = columns_fit(text, width);
	int space;
	char cut[512];

	snprintf(cut, sizeof(cut), "%.*s", (int)fit, text);
	space = width - columns_of(cut);
	space = space < 0 ? 0 : space;
	snprintf(buf + used, size - used, "%*s%s%*s", is_right ? space : 0, "", cut,
		 is_right ? 0 : space, "");
}
