/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is freed all at once: the texts and arrays of an immutable value, such as
 * a policy, live in the pool that the value owns. Pure.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

struct pool;

/* NULL when memory is short. */
struct pool *pool_new(void);
void pool_free(struct pool *p);

/* Zeroed, aligned for any type, valid until pool_free. NULL when memory is short. */
void *pool_alloc(struct pool *p, size_t size);
void *pool_alloc_array(struct pool *p, size_t count, size_t size);
char *pool_strndup(struct pool *p, const char *text, size_t length);
char *pool_strdup(struct pool *p, const char *text);

#endif
