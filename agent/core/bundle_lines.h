/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of "KEY VALUE", in printable ASCII, as bundles, keys and the notes about them
 * have them. One way to write each thing. Private to what deals with bundles.
 */
#ifndef CORE_BUNDLE_LINES_H
#define CORE_BUNDLE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUNDLE_LINE_MAX 512

struct bundle_word {
	const char *text;
	size_t length;
};

/* What is left to read; `at` is moved on. */
struct bundle_lines {
	const char *at, *end;
};

/* 1 with key and value, 0 at the end, -EINVAL for what is no such line. */
int bundle_lines_next(struct bundle_lines *l, struct bundle_word *ret_key,
		      struct bundle_word *ret_value);

bool bundle_word_is(const struct bundle_word *w, const char *text);

/* Cuts `w` at its first space; what is behind it is returned, "" where there is none.
 */
struct bundle_word bundle_word_cut(struct bundle_word *w);

/* Decimal, without sign or leading zeros. 0; -EINVAL, also above `max`. */
int bundle_word_number(const struct bundle_word *w, uint64_t max, uint64_t *ret_number);

/* As a string; -EINVAL where it is too long. */
int bundle_word_copy(const struct bundle_word *w, char *buf, size_t size);

#endif
