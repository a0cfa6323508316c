/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Words longer than this are nobody's typing error. */
#define WORD_MAX 63

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/*
 * Bytes of the character at `s`, of which `left` bytes may be read; 0 when they are not
 * UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
static size_t decode(const unsigned char *s, size_t left, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = sequence_length(s[0]);
	uint32_t code;

	if (length == 0 || length > left)
		return 0;
	code = length == 1 ? s[0] : s[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fu);
	}
	if (code < least[length] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/* They make a terminal show text in another order than it has. */
static bool is_bidi_override(uint32_t code)
{
	return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* Writes `count` bytes as \xNN, all or none. The bytes written. */
static size_t escape_bytes(const unsigned char *s, size_t count, char *out, size_t room)
{
	if (room < 4 * count)
		return 0;
	for (size_t i = 0; i < count; i++) {
		out[4 * i] = '\\';
		out[4 * i + 1] = 'x';
		out[4 * i + 2] = "0123456789abcdef"[s[i] >> 4];
		out[4 * i + 3] = "0123456789abcdef"[s[i] & 15];
	}
	return 4 * count;
}

const char *text_escape(const char *text, char *buf, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t left = strlen(text), used = 0, length, written;
	uint32_t code;

	if (size == 0)
		return buf;
	while (left > 0) {
		size_t room = size - 1 - used;

		length = decode(s, left, &code);
		if (length == 0 || is_control(code) || is_bidi_override(code)) {
			length = length ? length : 1;
			written = escape_bytes(s, length, buf + used, room);
		} else {
			written = length <= room ? length : 0;
			memcpy(buf + used, s, written);
		}
		if (written == 0)
			break;
		used += written;
		s += length;
		left -= length;
	}
	buf[used] = '\0';
	return buf;
}

bool text_is_plain(const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t step;
	uint32_t code;

	for (size_t at = 0; at < length; at += step) {
		step = decode(s + at, length - at, &code);
		if (step == 0)
			return false;
		if (is_control(code) && code != '\t' && code != '\r' && code != '\n')
			return false;
	}
	return true;
}

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Optimal string alignment: insertions, deletions, substitutions and swaps of two
 * neighbours cost one each. Both words are at most WORD_MAX long.
 */
static size_t edit_distance(const char *a, size_t a_length, const char *b,
			    size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *swap;

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t cost = a[i - 1] != b[j - 1];

			row[j] = least_of(least_of(above[j], row[j - 1]) + 1,
					  above[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least_of(row[j], before[j - 2] + 1);
		}
		swap = before;
		before = above;
		above = row;
		row = swap;
	}
	return above[b_length];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
	size_t length = strlen(word), best = length / 3 + 1, distance;
	const char *nearest = NULL;

	if (length > WORD_MAX)
		return NULL;
	for (; *candidates; candidates++) {
		size_t other = strlen(*candidates);

		if (other > WORD_MAX)
			continue;
		distance = edit_distance(word, length, *candidates, other);
		if (distance < best) {
			best = distance;
			nearest = *candidates;
		}
	}
	return nearest;
}
