/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/pool.h"
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct pool_chunk {
	struct pool_chunk *next;
	alignas(max_align_t) unsigned char objects[];
};

void pool_init(struct pool *p, size_t object_size, size_t per_chunk)
{
	size_t align = alignof(max_align_t);

	*p = (struct pool){
		.object_size = (object_size + align - 1) / align * align,
		.per_chunk = per_chunk,
	};
}

void pool_done(struct pool *p)
{
	while (p->chunks) {
		struct pool_chunk *next = p->chunks->next;

		free(p->chunks);
		p->chunks = next;
	}
	p->free_list = NULL;
}

static int grow(struct pool *p)
{
	struct pool_chunk *chunk = malloc(sizeof(*chunk) + p->object_size * p->per_chunk);

	if (!chunk)
		return -1;
	chunk->next = p->chunks;
	p->chunks = chunk;
	for (size_t i = p->per_chunk; i-- > 0;)
		pool_give(p, chunk->objects + i * p->object_size);
	return 0;
}

void *pool_take(struct pool *p)
{
	void *object;

	if (!p->free_list && grow(p) < 0)
		return NULL;
	object = p->free_list;
	memcpy(&p->free_list, object, sizeof(p->free_list));
	memset(object, 0, p->object_size);
	return object;
}

void pool_give(struct pool *p, void *object)
{
	if (!object)
		return;
	memcpy(object, &p->free_list, sizeof(p->free_list));
	p->free_list = object;
}
