/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/setting.h"
#include <fnmatch.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_joint(char c)
{
	return c == '=' || c == ':';
}

/*
 * The line as it is compared: "a  =  b  # c" becomes "a=b". False when it does not fit.
 * A '#' or ';' is a comment at the beginning and behind a blank.
 */
static bool normalise(const char *line, size_t length,
		      char buf[static SETTING_LINE_MAX])
{
	size_t used = 0;
	bool has_gap = false;

	for (size_t i = 0; i < length; i++) {
		char c = line[i];

		if (is_blank(c)) {
			has_gap = true;
			continue;
		}
		if ((c == '#' || c == ';') && (has_gap || !used))
			break;
		if (used + 2 >= SETTING_LINE_MAX || !c)
			return false;
		if (has_gap && used && !is_joint(c) && !is_joint(buf[used - 1]))
			buf[used++] = ' ';
		buf[used++] = c;
		has_gap = false;
	}
	buf[used] = '\0';
	return true;
}

static bool fits(const char *pattern, const char *line, size_t length)
{
	char buf[SETTING_LINE_MAX];

	return normalise(line, length, buf) && *buf &&
	       fnmatch(pattern, buf, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
}

bool setting_is_said(const char *text, size_t length, const char *pattern)
{
	char wanted[SETTING_LINE_MAX];
	size_t at = 0;

	if (!normalise(pattern, strlen(pattern), wanted))
		return false;
	while (at < length) {
		const char *line = text + at;
		const char *newline = memchr(line, '\n', length - at);
		size_t size = newline ? (size_t)(newline - line) : length - at;

		if (fits(wanted, line, size))
			return true;
		at += size + 1;
	}
	return false;
}

bool setting_is_given(const char *cmdline, size_t length, const char *pattern)
{
	char word[SETTING_LINE_MAX];
	size_t size;

	for (size_t at = 0; at < length; at += size + 1) {
		size = strnlen(cmdline + at, length - at);
		if (!at || size >= sizeof(word))
			continue;
		memcpy(word, cmdline + at, size);
		word[size] = '\0';
		if (fnmatch(pattern, word, FNM_NOESCAPE) == 0)
			return true;
	}
	return false;
}
