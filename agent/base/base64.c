/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/base64.h"
#include <errno.h>
#include <stdbool.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			     "0123456789+/";

char *base64_encode(const void *data, size_t size, char *text)
{
	const uint8_t *from = data;
	char *to = text;

	for (size_t i = 0; i < size; i += 3) {
		size_t count = size - i < 3 ? size - i : 3;
		uint32_t bits = (uint32_t)from[i] << 16 |
				(count > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
				(count > 2 ? from[i + 2] : 0);

		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = count > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = count > 2 ? digits[bits & 63] : '=';
	}
	*to = '\0';
	return text;
}

/* 0..63, or -1. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Of a group of four, `digit_count` are digits. 0 or -EINVAL. */
static int decode_group(const char *text, int digit_count, uint32_t *ret_bits)
{
	uint32_t bits = 0;

	for (int i = 0; i < digit_count; i++) {
		int value = value_of(text[i]);

		if (value < 0)
			return -EINVAL;
		bits |= (uint32_t)value << (18 - 6 * i);
	}
	/* What padding leaves over is zero: each text has one meaning and back. */
	if ((digit_count == 2 && bits & 0xffff) || (digit_count == 3 && bits & 0xff))
		return -EINVAL;
	*ret_bits = bits;
	return 0;
}

int base64_decode(const char *text, size_t length, void *data, size_t *ret_size)
{
	uint8_t *to = data;
	size_t used = 0;

	if (length % 4)
		return -EINVAL;
	for (size_t i = 0; i < length; i += 4) {
		bool is_last = i + 4 == length;
		int count = is_last && text[i + 3] == '=' ? 3 : 4;
		uint32_t bits;

		if (count == 3 && text[i + 2] == '=')
			count = 2;
		if (decode_group(text + i, count, &bits) < 0)
			return -EINVAL;
		for (int k = 0; k < count - 1; k++)
			to[used++] = (uint8_t)(bits >> (16 - 8 * k));
	}
	*ret_size = used;
	return 0;
}
