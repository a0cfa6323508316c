/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "allocations.h"

static size_t count;

void *__real_malloc(size_t size);
void *__real_calloc(size_t number, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *old, size_t size);

size_t allocations_count(void)
{
	return count;
}

void *__wrap_malloc(size_t size)
{
	count++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
	count++;
	return __real_calloc(number, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	count++;
	return __real_realloc(old, size);
}
