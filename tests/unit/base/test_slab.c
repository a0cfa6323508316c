/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/slab.h"
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void objects_are_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = {1, 8, 17, 100};
	unsigned char *objects[10];
	struct slab s;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		slab_init(&s, sizes[i], 3);
		for (size_t k = 0; k < 10; k++) {
			objects[k] = slab_take(&s);
			assert_non_null(objects[k]);
			assert_int_equal((uintptr_t)objects[k] % alignof(max_align_t),
					 0);
			for (size_t b = 0; b < sizes[i]; b++)
				assert_int_equal(objects[k][b], 0);
			memset(objects[k], (int)k + 1, sizes[i]);
		}
		for (size_t k = 0; k < 10; k++)
			for (size_t b = 0; b < sizes[i]; b++)
				assert_int_equal(objects[k][b], k + 1);
		slab_done(&s);
	}
}

static void what_is_given_back_is_taken_again_zeroed(void **state)
{
	struct slab s;
	char *first, *again;

	(void)state;
	slab_init(&s, 24, 4);
	first = slab_take(&s);
	memset(first, 'x', 24);
	slab_give(&s, first);
	again = slab_take(&s);
	assert_ptr_equal(again, first);
	for (size_t i = 0; i < 24; i++)
		assert_int_equal(again[i], 0);
	slab_done(&s);
}

static void after_the_first_rush_nothing_is_allocated(void **state)
{
	void *objects[100];
	const struct slab_chunk *newest;
	struct slab s;

	(void)state;
	slab_init(&s, 32, 8);
	for (size_t i = 0; i < 100; i++)
		objects[i] = slab_take(&s);
	newest = s.chunks;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 100; i++)
			slab_give(&s, objects[i]);
		for (size_t i = 0; i < 100; i++)
			objects[i] = slab_take(&s);
	}
	assert_ptr_equal(s.chunks, newest);
	slab_done(&s);
}

static void giving_nothing_is_allowed(void **state)
{
	struct slab s;

	(void)state;
	slab_init(&s, 8, 1);
	slab_give(&s, NULL);
	assert_null(s.free_list);
	slab_done(&s);
	slab_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_zeroed_aligned_and_apart),
		cmocka_unit_test(what_is_given_back_is_taken_again_zeroed),
		cmocka_unit_test(after_the_first_rush_nothing_is_allocated),
		cmocka_unit_test(giving_nothing_is_allowed),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
