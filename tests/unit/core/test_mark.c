/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/mark.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_default_mask_is_laid_out_from_the_top(void **state)
{
	struct mark_layout l;

	(void)state;
	assert_int_equal(mark_layout_init(0xfff00000, &l), 0);
	assert_int_equal(l.mask, 0xfff00000);
	assert_int_equal(l.app, 0xff000000);
	assert_int_equal(l.app_shift, 24);
	assert_int_equal(l.heavy, 0x00800000);
	assert_int_equal(l.leg, 0x00400000);
	assert_int_equal(l.blocked, 0x00200000);
	assert_int_equal(l.asked, 0x00100000);
}

static void every_mask_of_twelve_neighbours_keeps_within_itself(void **state)
{
	struct mark_layout l;

	(void)state;
	for (unsigned int low = 0; low <= 20; low++) {
		uint32_t mask = 0xfffu << low;

		assert_int_equal(mark_layout_init(mask, &l), 0);
		assert_int_equal(l.app, 0xffu << l.app_shift);
		assert_int_equal((l.app | l.heavy | l.leg | l.blocked | l.asked), mask);
		assert_int_equal(l.app & (l.heavy | l.leg | l.blocked | l.asked), 0);
		assert_int_equal(mark_of(&l, 255, UINT32_MAX) & ~mask, 0);
	}
}

static void any_other_mask_is_refused(void **state)
{
	static const uint32_t bad[] = {0,	   0x7ff00000, 0xffe00000, 0xfff80000,
				       0x1fff,	   0xffffffff, 0xff0f0000, 0xfff00001,
				       0x80000fff, 0x7ff,      1};
	struct mark_layout l = {.mask = 42};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (mark_layout_init(bad[i], &l) != -EINVAL)
			fail_msg("%#x is taken", bad[i]);
	assert_int_equal(l.mask, 42);
}

static void applications_above_254_share_a_number(void **state)
{
	(void)state;
	assert_int_equal(app_number(0), 0);
	assert_int_equal(app_number(1), 1);
	assert_int_equal(app_number(254), 254);
	assert_int_equal(app_number(255), APP_NUMBER_SHARED);
	assert_int_equal(app_number(256), APP_NUMBER_SHARED);
	assert_int_equal(app_number(UINT16_MAX), APP_NUMBER_SHARED);
}

static void a_mark_holds_number_and_flags_and_nothing_else(void **state)
{
	struct mark_layout l;

	(void)state;
	assert_int_equal(mark_layout_init(0x000fff00, &l), 0);
	assert_int_equal(mark_of(&l, 7, 0), 0x00007000);
	assert_int_equal(mark_of(&l, 7, l.heavy | l.leg), 0x00007c00);
	assert_int_equal(mark_of(&l, 7, l.asked), 0x00007100);
	assert_int_equal(mark_of(&l, 0, 0), 0);
	assert_int_equal(mark_of(&l, 255, l.blocked | 0xca6c00ff), 0x000ff200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_mask_is_laid_out_from_the_top),
		cmocka_unit_test(every_mask_of_twelve_neighbours_keeps_within_itself),
		cmocka_unit_test(any_other_mask_is_refused),
		cmocka_unit_test(applications_above_254_share_a_number),
		cmocka_unit_test(a_mark_holds_number_and_flags_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
