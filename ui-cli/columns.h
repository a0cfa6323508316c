/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much room text takes on a screen, in columns: a character may have none or two.
 */
#ifndef UI_CLI_COLUMNS_H
#define UI_CLI_COLUMNS_H

#include <stddef.h>

int columns_of(const char *text);
/* The bytes of `text` that fit into `room` columns: whole characters. */
size_t columns_fit(const char *text, int room);
/* The same up to the end of a word, unless one word alone is too long. */
size_t columns_fit_words(const char *text, int room);

/* Appends `text` to `buf` (of `size` bytes, a string), cut or filled up with blanks to
 * `width` columns, on the left if `is_right`. */
void columns_append(char *buf, size_t size, const char *text, int width, int is_right);

#endif
