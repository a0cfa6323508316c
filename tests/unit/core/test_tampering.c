/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/tampering.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND 1000000000ull
#define START (1000 * SECOND)

static void the_first_changes_are_put_back_at_once(void **state)
{
	struct tampering t = {0};

	(void)state;
	for (int i = 0; i < TAMPERING_REPAIRS_MAX; i++) {
		assert_int_equal(tampering_repair_at(&t, START), START);
		tampering_repaired(&t, START);
	}
	assert_true(tampering_repair_at(&t, START) > START);
}

static void in_a_fight_one_in_ten_seconds_is_put_back(void **state)
{
	struct tampering t = {0};
	unsigned int repairs = 0;

	(void)state;
	for (uint64_t now = START; now < START + 1000 * SECOND; now += SECOND / 10)
		if (tampering_repair_at(&t, now) <= now) {
			tampering_repaired(&t, now);
			repairs++;
		}
	assert_in_range(repairs, 100, 100 + TAMPERING_REPAIRS_MAX);
	assert_true(tampering_is_fight(&t, START + 1000 * SECOND));
}

static void one_or_two_are_no_fight(void **state)
{
	struct tampering t = {0};

	(void)state;
	assert_false(tampering_is_fight(&t, START));
	tampering_repaired(&t, START);
	tampering_repaired(&t, START);
	assert_false(tampering_is_fight(&t, START));
	tampering_repaired(&t, START);
	assert_true(tampering_is_fight(&t, START));
}

static void a_fight_is_over_when_the_other_gives_up(void **state)
{
	struct tampering t = {0};

	(void)state;
	for (int i = 0; i < TAMPERING_REPAIRS_MAX; i++)
		tampering_repaired(&t, START);
	assert_false(tampering_is_fight(&t, START + 60 * SECOND));
	assert_int_equal(tampering_repair_at(&t, START + 60 * SECOND),
			 START + 60 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_changes_are_put_back_at_once),
		cmocka_unit_test(in_a_fight_one_in_ten_seconds_is_put_back),
		cmocka_unit_test(one_or_two_are_no_fight),
		cmocka_unit_test(a_fight_is_over_when_the_other_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
