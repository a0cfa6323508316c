/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that strangers can choose: process names, paths, messages. Pure.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies `text` as printable UTF-8: control characters, DEL, C1 controls, bidirectional
 * overrides (U+202A..202E, U+2066..2069) and invalid bytes become \xNN. Always
 * NUL-terminated and never cut inside an escape or a character. Returns `buf`.
 */
const char *text_escape(const char *text, char *buf, size_t size);

/* Whether `length` bytes are valid UTF-8 without NUL or controls but tab, CR, LF. */
bool text_is_plain(const char *text, size_t length);

/* The candidate nearest to `word` by edit distance, or NULL if none is near (at most a
 * third of its length away). `candidates` ends with NULL. */
const char *text_nearest(const char *word, const char *const *candidates);

#endif
