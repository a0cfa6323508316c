/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The example of the paper, appendix A. */
static void the_papers_example_comes_out(void **state)
{
	uint8_t data[15];

	(void)state;
	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	assert_true(hash_siphash(0x0706050403020100u, 0x0f0e0d0c0b0a0908u, data,
				 sizeof(data)) == 0xa129ca6149be45e5u);
}

/* From the reference vectors: no bytes, and whole words. */
static void empty_and_whole_words_come_out(void **state)
{
	uint8_t data[8];

	(void)state;
	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	assert_true(hash_siphash(0x0706050403020100u, 0x0f0e0d0c0b0a0908u, data, 0) ==
		    0x726fdb47dd0e0e31u);
	assert_true(hash_siphash(0x0706050403020100u, 0x0f0e0d0c0b0a0908u, data, 8) ==
		    0x93f5f5799a932462u);
}

static void another_key_is_another_hash(void **state)
{
	unsigned int before;

	(void)state;
	before = hash_keyed("flow", 4);
	hash_set_key(1, 2);
	assert_true(before != hash_keyed("flow", 4));
	hash_set_key(0, 0);
	assert_true(before == hash_keyed("flow", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_papers_example_comes_out),
		cmocka_unit_test(empty_and_whole_words_come_out),
		cmocka_unit_test(another_key_is_another_hash),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
