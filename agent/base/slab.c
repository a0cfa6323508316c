/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/slab.h"
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct slab_chunk {
	struct slab_chunk *next;
	alignas(max_align_t) unsigned char objects[];
};

void slab_init(struct slab *p, size_t object_size, size_t per_chunk)
{
	size_t align = alignof(max_align_t);

	*p = (struct slab){
		.object_size = (object_size + align - 1) / align * align,
		.per_chunk = per_chunk,
	};
}

void slab_done(struct slab *p)
{
	while (p->chunks) {
		struct slab_chunk *next = p->chunks->next;

		free(p->chunks);
		p->chunks = next;
	}
	p->free_list = NULL;
}

static int grow(struct slab *p)
{
	struct slab_chunk *chunk =
		malloc(sizeof(*chunk) + p->object_size * p->per_chunk);

	if (!chunk)
		return -1;
	chunk->next = p->chunks;
	p->chunks = chunk;
	for (size_t i = p->per_chunk; i-- > 0;)
		slab_give(p, chunk->objects + i * p->object_size);
	return 0;
}

void *slab_take(struct slab *p)
{
	void *object;

	if (!p->free_list && grow(p) < 0)
		return NULL;
	object = p->free_list;
	memcpy(&p->free_list, object, sizeof(p->free_list));
	memset(object, 0, p->object_size);
	return object;
}

void slab_give(struct slab *p, void *object)
{
	if (!object)
		return;
	memcpy(object, &p->free_list, sizeof(p->free_list));
	p->free_list = object;
}
