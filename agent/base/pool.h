/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of one size from chunks that are kept: after the first rush nothing is
 * allocated any more. Pure.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

struct pool {
	size_t object_size, per_chunk;
	void *free_list;
	struct pool_chunk *chunks;
};

void pool_init(struct pool *p, size_t object_size, size_t per_chunk);
/* Frees every object that was taken from it too. */
void pool_done(struct pool *p);

/* A zeroed object, or NULL when memory is out. */
void *pool_take(struct pool *p);
void pool_give(struct pool *p, void *object);

#endif
