/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of one size from chunks that are kept: after the first rush nothing is
 * allocated any more. Pure.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>

struct slab {
	size_t object_size, per_chunk;
	void *free_list;
	struct slab_chunk *chunks;
};

void slab_init(struct slab *p, size_t object_size, size_t per_chunk);
/* Frees every object that was taken from it too. */
void slab_done(struct slab *p);

/* A zeroed object, or NULL when memory is out. */
void *slab_take(struct slab *p);
void slab_give(struct slab *p, void *object);

#endif
