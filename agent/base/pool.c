/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/pool.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Small requests share a block; a larger one gets a block of its own. */
#define BLOCK_SIZE 4096

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char data[];
};

struct pool {
	struct block *blocks; /* the first is the one being filled */
};

struct pool *pool_new(void)
{
	return calloc(1, sizeof(struct pool));
}

void pool_free(struct pool *p)
{
	struct block *next;

	if (!p)
		return;
	for (struct block *b = p->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(p);
}

static struct block *add_block(struct pool *p, size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + size);

	if (!b)
		return NULL;
	b->size = size;
	b->next = p->blocks;
	p->blocks = b;
	return b;
}

void *pool_alloc(struct pool *p, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b = p->blocks;
	void *result;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!b || b->size - b->used < size)
		b = add_block(p, size > BLOCK_SIZE ? size : BLOCK_SIZE);
	if (!b)
		return NULL;
	result = b->data + b->used;
	b->used += size;
	return result;
}

void *pool_alloc_array(struct pool *p, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	return pool_alloc(p, count * size);
}

char *pool_strndup(struct pool *p, const char *text, size_t length)
{
	char *copy = pool_alloc(p, length + 1);

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *pool_strdup(struct pool *p, const char *text)
{
	return pool_strndup(p, text, strlen(text));
}
