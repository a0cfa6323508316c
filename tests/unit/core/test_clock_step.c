/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/clock_step.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)
/* 2026-03-01, five minutes after the boot. */
#define WALL (1772360220 * SECOND)
#define BOOT (300 * (uint64_t)SECOND)

static struct clock_step begun(void)
{
	struct clock_step c = {0};

	assert_int_equal(clock_step_look(&c, WALL, BOOT), 0);
	return c;
}

static void time_that_passes_sets_nothing(void **state)
{
	struct clock_step c = begun();

	(void)state;
	for (int i = 1; i < 1000; i++)
		assert_int_equal(clock_step_look(&c, WALL + i * SECOND,
						 BOOT + (uint64_t)(i * SECOND)),
				 0);
	/* A night asleep. */
	assert_int_equal(
		clock_step_look(&c, WALL + 40000 * SECOND, BOOT + 40000 * SECOND), 0);
}

static void a_clock_that_is_set_is_noticed_once(void **state)
{
	struct clock_step c = begun();

	(void)state;
	assert_int_equal(clock_step_look(&c, WALL + 3601 * SECOND, BOOT + SECOND),
			 3600 * SECOND);
	assert_int_equal(clock_step_look(&c, WALL + 3602 * SECOND, BOOT + 2 * SECOND),
			 0);
	assert_int_equal(clock_step_look(&c, WALL + 3 * SECOND, BOOT + 3 * SECOND),
			 -3600 * SECOND);
}

/* 500 ppm for three hours, looked at every second. */
static void a_clock_that_is_slewed_is_not(void **state)
{
	struct clock_step c = begun();

	(void)state;
	for (int i = 1; i < 3 * 3600; i++)
		assert_int_equal(clock_step_look(&c,
						 WALL + i * (SECOND + SECOND / 2000),
						 BOOT + (uint64_t)(i * SECOND)),
				 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_that_passes_sets_nothing),
		cmocka_unit_test(a_clock_that_is_set_is_noticed_once),
		cmocka_unit_test(a_clock_that_is_slewed_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
