/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/pool.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void texts_stay_where_they_are(void **state)
{
	struct pool *p = pool_new();
	char *first, *last = NULL;

	(void)state;
	assert_non_null(p);
	first = pool_strndup(p, "firstly", 5);
	for (int i = 0; i < 10000; i++)
		last = pool_strdup(p, "another");
	assert_string_equal(first, "first");
	assert_string_equal(last, "another");
	pool_free(p);
	pool_free(NULL);
}

static void memory_is_zeroed_and_aligned(void **state)
{
	struct pool *p = pool_new();
	unsigned char *bytes;

	(void)state;
	assert_non_null(pool_alloc(p, 1));
	bytes = pool_alloc(p, 100000);
	assert_non_null(bytes);
	assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(bytes[i], 0);
	assert_non_null(pool_alloc(p, 0));
	pool_free(p);
}

static void an_array_too_large_to_count_is_refused(void **state)
{
	struct pool *p = pool_new();

	(void)state;
	assert_null(pool_alloc_array(p, SIZE_MAX / 2, 16));
	assert_null(pool_alloc(p, SIZE_MAX));
	pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_stay_where_they_are),
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(an_array_too_large_to_count_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
