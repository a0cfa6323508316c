/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/app.h"
#include "core/group.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ull

static struct app front, back;

static int setup(void **state)
{
	(void)state;
	memset(&front, 0, sizeof(front));
	memset(&back, 0, sizeof(back));
	front.id = 3;
	back.id = 7;
	return 0;
}

/* A minute in which the front takes `in` a second from strangers, passes `between` on,
 * and the back gives `out` to strangers. */
static uint64_t run(double in, double between, double out)
{
	uint64_t s;

	for (s = 100; s < 160; s++) {
		history_add(&front.history, s * SECOND_NS, in, 0);
		group_note(&front, 7, s * SECOND_NS, 0, between);
		group_note(&back, 3, s * SECOND_NS, between, 0);
		history_add(&back.history, s * SECOND_NS, 0, out);
	}
	return s * SECOND_NS;
}

static void what_passes_through_two_programs_links_them(void **state)
{
	uint64_t now = run(50000, 50000, 50000);

	(void)state;
	assert_true(group_is_linked(&front, &back, now));
	assert_true(group_is_linked(&back, &front, now));
	assert_false(group_is_linked(&front, &back, now + 200 * SECOND_NS));
}

static void a_program_without_strangers_is_no_part_of_it(void **state)
{
	uint64_t now = run(50000, 50000, 0);

	(void)state;
	/* A browser and the proxy it uses on its own machine. */
	assert_false(group_is_linked(&front, &back, now));
}

static void a_little_talk_links_nobody(void **state)
{
	uint64_t now = run(50000, 5000, 50000);

	(void)state;
	assert_false(group_is_linked(&front, &back, now));
}

static void the_link_that_is_least_used_gives_way(void **state)
{
	(void)state;
	for (uint16_t other = 10; other < 10 + GROUP_LINKS_MAX; other++)
		group_note(&front, other, 100 * SECOND_NS, 1000.0 * other, 0);
	group_note(&front, 99, 101 * SECOND_NS, 1, 1);
	assert_int_equal(front.links[0].other, 99);
	for (int i = 1; i < GROUP_LINKS_MAX; i++)
		assert_int_equal(front.links[i].other, 10 + i);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_passes_through_two_programs_links_them),
		CASE(a_program_without_strangers_is_no_part_of_it),
		CASE(a_little_talk_links_nobody),
		CASE(the_link_that_is_least_used_gives_way),
	};

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
