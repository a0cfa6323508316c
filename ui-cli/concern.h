/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which applications matter, and in what order: for `status` and `top`.
 */
#ifndef UI_CLI_CONCERN_H
#define UI_CLI_CONCERN_H

#include <jansson.h>
#include <stdint.h>

/* The more it matters, the lower. */
enum concern { IS_PROMOTED, IS_SUSPECT, IS_LIMITED, IS_BUSY, IS_QUIET };

enum concern concern_of(const json_t *app);

/* For qsort: by concern, then the busiest first, then by key. */
int concern_compare(const json_t *a, const json_t *b);

#endif
