/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/heaviest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <cmocka.h>

#define FLOWS 600
#define EPOCH_NS (1ull << 40)

static uint32_t seed;

static double noise(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) / (double)(1u << 24);
}

static size_t below(size_t bound)
{
	return (size_t)(noise() * (double)bound);
}

/* --- of what is shown --------------------------------------------------------------
 */

static void a_selection_lists_the_heaviest_in_order(void **state)
{
	static struct flow flows[5000];
	struct flow *list[HEAVIEST_LISTED];
	struct selection s;

	(void)state;
	/* Rising, falling, and as they come (7 and 5000 have no common factor). */
	for (int way = 0; way < 3; way++) {
		selection_init(&s);
		for (size_t i = 0; i < 5000; i++) {
			size_t weight = way == 0   ? i
					: way == 1 ? 4999 - i
						   : i * 7 % 5000;

			selection_add(&s, &flows[weight], (double)weight);
		}
		assert_int_equal(selection_list(&s, list), HEAVIEST_LISTED);
		for (size_t i = 0; i < HEAVIEST_LISTED; i++)
			assert_ptr_equal(list[i], &flows[4999 - i]);
	}
}

static void of_equal_weights_the_first_are_listed(void **state)
{
	static struct flow flows[1000];
	struct flow *list[HEAVIEST_LISTED];
	struct selection s;

	(void)state;
	selection_init(&s);
	for (size_t i = 0; i < 1000; i++)
		selection_add(&s, &flows[i], 0);
	assert_int_equal(selection_list(&s, list), HEAVIEST_LISTED);
	for (size_t i = 0; i < HEAVIEST_LISTED; i++)
		assert_ptr_equal(list[i], &flows[i]);
}

static void few_are_all_listed(void **state)
{
	struct flow flows[3], *list[HEAVIEST_LISTED];
	struct selection s;

	(void)state;
	selection_init(&s);
	assert_int_equal(selection_list(&s, list), 0);
	selection_add(&s, &flows[0], 0);
	selection_add(&s, &flows[1], 2);
	selection_add(&s, &flows[2], 1);
	assert_int_equal(selection_list(&s, list), 3);
	assert_ptr_equal(list[0], &flows[1]);
	assert_ptr_equal(list[2], &flows[0]);
}

/* --- kept, against sorting all of them ----------------------------------------------
 */

struct world {
	struct flow flows[FLOWS];
	bool exists[FLOWS];
	struct flow *list;
	struct heaviest heaviest;
	uint64_t now_ns;
};

static void toggle(struct world *w, size_t i)
{
	struct flow *f = &w->flows[i];

	w->exists[i] = !w->exists[i];
	if (w->exists[i]) {
		*f = (struct flow){.is_stranger = noise() < .9};
		DL_APPEND(w->list, f);
		heaviest_note(&w->heaviest, f);
		return;
	}
	heaviest_drop(&w->heaviest, f);
	DL_DELETE(w->list, f);
}

static void carry(struct world *w, size_t i)
{
	struct flow *f = &w->flows[i];
	struct observation o = {.kind = OBS_FLOW, .time_ns = w->now_ns};

	o.flow.bytes_in = f->bytes_in + 1 + below(1 + i * 1000);
	flow_update(f, &o);
	heaviest_note(&w->heaviest, f);
}

static int compare_heavier(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

static size_t sort_all(const struct world *w, double *ret_weights)
{
	size_t count = 0;

	for (size_t i = 0; i < FLOWS; i++)
		if (w->exists[i] && w->flows[i].is_stranger)
			ret_weights[count++] =
				heaviest_weight(&w->flows[i], decay_epoch(w->now_ns));
	qsort(ret_weights, count, sizeof(*ret_weights), compare_heavier);
	return count < HEAVIEST_LISTED ? count : HEAVIEST_LISTED;
}

static void assert_heaviest(struct world *w)
{
	struct flow *list[HEAVIEST_LISTED];
	double weights[FLOWS];
	size_t count = heaviest_list(&w->heaviest, w->list, list);

	assert_int_equal(count, sort_all(w, weights));
	for (size_t i = 0; i < count; i++) {
		double weight = heaviest_weight(list[i], decay_epoch(w->now_ns));

		assert_true(list[i]->is_stranger);
		if (weight < weights[i] || weight > weights[i])
			fail_msg("number %zu: %g, not %g", i, weight, weights[i]);
	}
}

static void what_is_kept_is_what_sorting_all_gives(void **state)
{
	static struct world w;

	(void)state;
	seed = 3;
	for (int step = 0; step < 60000; step++) {
		/* In turn growth with some churn, and the end of most of what is
		 * heavy. */
		bool is_ending = step / 1000 % 10 == 9;
		size_t i = is_ending ? FLOWS - 1 - below(FLOWS / 2) : below(FLOWS);

		if (is_ending ? w.exists[i] : !w.exists[i] || noise() < .05)
			toggle(&w, i);
		else if (w.exists[i])
			carry(&w, i);
		w.now_ns += step % 8999 == 0 ? 12 * EPOCH_NS : below(20000000);
		if (step % 50 == 0)
			assert_heaviest(&w);
		assert_in_range(w.heaviest.count, 0, HEAVIEST_MAX);
		if (step % 20000 == 0)
			heaviest_stop(&w.heaviest);
	}
}

/* Not even a heavy flow that ends makes anything be walked: the list of all is hidden.
 */
static void growth_and_a_few_ends_cost_no_walk(void **state)
{
	static struct world w;
	struct flow *list[HEAVIEST_LISTED];

	(void)state;
	memset(&w, 0, sizeof(w));
	for (size_t i = 0; i < FLOWS; i++) {
		toggle(&w, i);
		w.flows[i].is_stranger = true;
		carry(&w, i);
	}
	heaviest_list(&w.heaviest, w.list, list);
	for (size_t i = FLOWS - 1; i > FLOWS - HEAVIEST_LISTED; i--) {
		heaviest_drop(&w.heaviest, &w.flows[i]);
		carry(&w, 1);
	}
	assert_int_equal(heaviest_list(&w.heaviest, NULL, list), HEAVIEST_LISTED);
	assert_true(list[0]->is_heavy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_selection_lists_the_heaviest_in_order),
		cmocka_unit_test(of_equal_weights_the_first_are_listed),
		cmocka_unit_test(few_are_all_listed),
		cmocka_unit_test(what_is_kept_is_what_sorting_all_gives),
		cmocka_unit_test(growth_and_a_few_ends_cost_no_walk),
	};

	return cmocka_run_group_tests_name("heaviest", tests, NULL, NULL);
}
