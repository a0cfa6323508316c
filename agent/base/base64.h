/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes as text for JSON: base64 of RFC 4648 section 4, with padding. Pure.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Characters of `size` bytes, with the NUL. */
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)

/* `text` has BASE64_SIZE(size) characters. Returns it. */
char *base64_encode(const void *data, size_t size, char *text);

/*
 * `data` has room for length / 4 * 3 bytes, and may be `text` itself. 0 with *ret_size,
 * or -EINVAL for what no encoder writes.
 */
int base64_decode(const char *text, size_t length, void *data, size_t *ret_size);

#endif
