/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/callers.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)

/* One reading of the kernel, of callers by their last number. */
struct reading {
	struct caller items[8];
	size_t count;
};

static void called(struct reading *r, uint8_t number, const char *address,
		   uint64_t calls, uint64_t last_ns)
{
	struct caller *c = &r->items[r->count++];

	*c = (struct caller){.number = number, .calls = calls, .last_ns = last_ns};
	assert_int_equal(addr_parse(address, &c->addr), 0);
}

static void take(struct callers *c, const struct reading *r)
{
	struct caller *items = calloc(r->count + 1, sizeof(*items));

	assert_non_null(items);
	for (size_t i = 0; i < r->count; i++)
		items[i] = r->items[i];
	callers_update_take(c, items, r->count);
}

static void who_keeps_calling_is_known_since_he_was_met_first(void **state)
{
	struct callers c = {0};
	struct callers_sum s;

	(void)state;
	take(&c, &(struct reading){0});
	for (uint64_t i = 1; i <= 10; i++) {
		struct reading r = {0};

		called(&r, 7, "198.18.0.9", 2 * i, i * MINUTE);
		called(&r, 8, "198.18.0.9", 1, MINUTE);
		if (i > 5)
			called(&r, 7, "2001:db8::1", i - 5, i * MINUTE);
		take(&c, &r);
	}
	s = callers_sum(&c, 7, 0, 10 * MINUTE);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.calls, 25);
	assert_int_equal(s.first_ns, MINUTE);
	/* 20 in nine minutes and 5 in four. */
	assert_true(s.per_minute > 3.46 && s.per_minute < 3.48);
	assert_int_equal(callers_sum(&c, 8, 0, 10 * MINUTE).calls, 1);
	assert_int_equal(callers_sum(&c, 9, 0, 10 * MINUTE).count, 0);
	callers_done(&c);
}

static void who_is_silent_is_forgotten_and_begins_anew(void **state)
{
	struct callers c = {0};
	struct reading r = {0}, again = {0};

	(void)state;
	called(&r, 7, "198.18.0.9", 50, MINUTE);
	take(&c, &r);
	assert_int_equal(callers_sum(&c, 7, 0, MINUTE + CALLERS_KEPT_NS).count, 0);
	/* The kernel has forgotten him as well, and counts from one. */
	called(&again, 7, "198.18.0.9", 1, 20 * MINUTE);
	take(&c, &again);
	assert_int_equal(callers_sum(&c, 7, 0, 20 * MINUTE).first_ns, 20 * MINUTE);
	callers_done(&c);
}

static void who_called_another_application_of_that_number_does_not_count(void **state)
{
	struct callers c = {0};
	struct reading r = {0};

	(void)state;
	called(&r, 7, "198.18.0.9", 50, MINUTE);
	called(&r, 7, "198.18.0.10", 3, 3 * MINUTE);
	take(&c, &r);
	assert_int_equal(callers_sum(&c, 7, 2 * MINUTE, 3 * MINUTE).calls, 3);
	assert_null(callers_next(&c, NULL, 7, 4 * MINUTE, 4 * MINUTE));
	callers_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_keeps_calling_is_known_since_he_was_met_first),
		cmocka_unit_test(who_is_silent_is_forgotten_and_begins_anew),
		cmocka_unit_test(
			who_called_another_application_of_that_number_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
