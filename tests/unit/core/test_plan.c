/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/plan_model.h"
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- plans to work on --------------------------------------------------------- */

static void plan_with_layout(struct plan *ret_plan)
{
	plan_init(ret_plan);
	assert_int_equal(mark_layout_init(0xfff00000, &ret_plan->layout), 0);
	ret_plan->is_owned = true;
}

static void add_app(struct plan *p, uint8_t number, const char *name)
{
	p->apps[number].is_present = true;
	strcpy(p->apps[number].comment, name);
}

static void trust(struct plan *p, const char *text)
{
	p->trusted = realloc(p->trusted, (p->trusted_count + 1) * sizeof(*p->trusted));
	assert_non_null(p->trusted);
	assert_int_equal(prefix_parse(text, &p->trusted[p->trusted_count++]), 0);
}

static void add_guest(struct plan *p, const char *text, uint8_t number)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	assert_int_equal(plan_set_guest(p, &a, number), 0);
}

static void full_plan(struct plan *ret_plan)
{
	struct plan *p = ret_plan;

	plan_with_layout(p);
	add_app(p, 0, "unattributed");
	add_app(p, 7, "voice");
	p->apps[7].rate[DIRECTION_OUT] = 250000;
	p->apps[7].relay_rate[DIRECTION_IN] = 32000;
	p->apps[7].relay_legs_only = true;
	trust(p, "10.0.0.0/8");
	assert_int_equal(plan_set_port(p, IPPROTO_UDP, 7654, 7), 0);
	assert_int_equal(plan_set_cgroup(p, 4711, 2, 7), 0);
}

static struct plan_steps diff(const struct plan *installed, const struct plan *wanted)
{
	struct plan_steps steps = {0};

	assert_int_equal(plan_diff(installed, wanted, &steps), 0);
	return steps;
}

/* The kinds of the difference are exactly these, in this order. */
#define assert_steps(installed, wanted, ...)                                           \
	assert_step_kinds(                                                             \
		installed, wanted, (const enum plan_step_kind[]){__VA_ARGS__},         \
		sizeof((const enum plan_step_kind[]){__VA_ARGS__}) / sizeof(int))

static void assert_step_kinds(const struct plan *installed, const struct plan *wanted,
			      const enum plan_step_kind *kinds, size_t count)
{
	struct plan_steps steps = diff(installed, wanted);

	assert_int_equal(steps.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(steps.items[i].kind, kinds[i]);
	plan_steps_done(&steps);
}

/* --- cases -------------------------------------------------------------------- */

static void from_nothing_everything_is_created(void **state)
{
	struct plan p;

	(void)state;
	full_plan(&p);
	assert_steps(NULL, &p, STEP_CREATE, STEP_APP_ADD, STEP_APP_ADD, STEP_LIMIT_ADD,
		     STEP_LIMIT_ADD, STEP_TRUSTED_SET, STEP_CGROUP_ADD, STEP_PORT_ADD);
	plan_done(&p);
}

static void an_equal_plan_needs_no_step(void **state)
{
	struct plan p, copy;
	struct plan_steps steps;

	(void)state;
	full_plan(&p);
	assert_int_equal(plan_copy(&p, &copy), 0);
	steps = diff(&p, &copy);
	assert_int_equal(steps.count, 0);
	assert_null(steps.items);
	plan_steps_done(&steps);
	plan_done(&p);
	plan_done(&copy);
}

static void a_changed_rate_removes_the_old_limit_first(void **state)
{
	struct plan p, q;
	struct plan_steps steps;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	q.apps[7].rate[DIRECTION_OUT] = 125000;
	steps = diff(&p, &q);
	assert_int_equal(steps.count, 2);
	assert_int_equal(steps.items[0].kind, STEP_LIMIT_REMOVE);
	assert_int_equal(steps.items[0].rate, 250000);
	assert_int_equal(steps.items[1].kind, STEP_LIMIT_ADD);
	assert_int_equal(steps.items[1].rate, 125000);
	assert_int_equal(steps.items[1].direction, DIRECTION_OUT);
	assert_false(steps.items[1].is_relay_limit);
	plan_steps_done(&steps);
	plan_done(&p);
	plan_done(&q);
}

static void a_removed_limit_remembers_what_its_elements_cover(void **state)
{
	struct plan p, q;
	struct plan_steps steps;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	q.apps[7].relay_legs_only = false;
	steps = diff(&p, &q);
	assert_int_equal(steps.count, 2);
	assert_int_equal(steps.items[0].kind, STEP_LIMIT_REMOVE);
	assert_true(steps.items[0].legs_only);
	assert_int_equal(steps.items[1].kind, STEP_LIMIT_ADD);
	assert_false(steps.items[1].legs_only);
	plan_steps_done(&steps);
	plan_done(&p);
	plan_done(&q);
}

static void legs_only_without_a_relay_rate_changes_nothing(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	p.apps[7].relay_rate[DIRECTION_IN] = 0;
	assert_int_equal(plan_copy(&p, &q), 0);
	q.apps[7].relay_legs_only = false;
	assert_step_kinds(&p, &q, NULL, 0);
	plan_done(&p);
	plan_done(&q);
}

static void a_number_that_passed_to_another_app_gets_new_counters(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	strcpy(q.apps[7].comment, "torrent");
	assert_steps(&p, &q, STEP_APP_REMOVE, STEP_APP_ADD);
	plan_done(&p);
	plan_done(&q);
}

static void the_first_cut_brings_the_rules_and_the_last_takes_them(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	q.apps[7].cuts[CUT_LEGS] = q.apps[7].cuts[CUT_CALLS] = true;
	assert_steps(&p, &q, STEP_CUTTING_SET, STEP_REFUSED_ADD, STEP_CUT_ADD);
	assert_steps(&q, &p, STEP_CUTTING_SET, STEP_CUT_REMOVE, STEP_REFUSED_REMOVE);
	plan_done(&p);
	plan_done(&q);
}

static void calls_are_held_only_while_some_are_refused(void **state)
{
	struct plan a, b;

	(void)state;
	plan_with_layout(&a);
	plan_with_layout(&b);
	add_app(&a, 7, "seven");
	add_app(&b, 7, "seven");
	b.hold = (struct plan_hold){.is_possible = true, .queue = 9};
	assert_false(plan_is_holding(&b));
	assert_step_kinds(&a, &b, NULL, 0);
	a.apps[7].cuts[CUT_LEGS] = b.apps[7].cuts[CUT_LEGS] = true;
	assert_false(plan_is_holding(&b));
	assert_step_kinds(&a, &b, NULL, 0);
	a.apps[7].cuts[CUT_CALLS] = b.apps[7].cuts[CUT_CALLS] = true;
	assert_true(plan_is_holding(&b));
	assert_step_kinds(&a, &b, (enum plan_step_kind[]){STEP_CUTTING_SET}, 1);
	assert_int_equal(plan_copy(&b, &a), 0);
	assert_step_kinds(&a, &b, NULL, 0);
	/* Another number, or what becomes of those that can't be asked about. */
	b.hold.queue = 10;
	assert_step_kinds(&a, &b, (enum plan_step_kind[]){STEP_CUTTING_SET}, 1);
	b.hold.queue = 9;
	b.hold.is_closed = true;
	assert_step_kinds(&a, &b, (enum plan_step_kind[]){STEP_CUTTING_SET}, 1);
	plan_done(&a);
	plan_done(&b);
}

static void what_was_refused_stays_counted_while_the_cut_changes(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	p.apps[7].cuts[CUT_CALLS] = true;
	q.apps[7].cuts[CUT_CALLS] = q.apps[7].cuts[CUT_ALL] = true;
	assert_steps(&p, &q, STEP_CUT_ADD);
	assert_steps(&q, &p, STEP_CUT_REMOVE);
	/* But another application of that number begins anew. */
	strcpy(q.apps[7].comment, "torrent");
	q.apps[7].cuts[CUT_ALL] = false;
	assert_steps(&p, &q, STEP_CUT_REMOVE, STEP_REFUSED_REMOVE, STEP_APP_REMOVE,
		     STEP_APP_ADD, STEP_REFUSED_ADD, STEP_CUT_ADD);
	plan_done(&p);
	plan_done(&q);
}

static void an_absent_app_takes_its_limits_with_it(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	q.apps[7].is_present = false;
	assert_steps(&p, &q, STEP_LIMIT_REMOVE, STEP_LIMIT_REMOVE, STEP_APP_REMOVE);
	plan_done(&p);
	plan_done(&q);
}

static void a_port_that_changes_hands_is_removed_before_it_is_added(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	assert_int_equal(plan_set_port(&q, IPPROTO_UDP, 7654, 0), 0);
	assert_steps(&p, &q, STEP_PORT_REMOVE, STEP_PORT_ADD);
	plan_done(&p);
	plan_done(&q);
}

static void the_marking_rules_follow_the_levels_in_use(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	assert_int_equal(plan_set_cgroup(&q, 4712, 2, 0), 0);
	assert_steps(&p, &q, STEP_CGROUP_ADD);
	assert_int_equal(plan_set_cgroup(&q, 99, 4, 0), 0);
	assert_steps(&p, &q, STEP_LEVELS_SET, STEP_CGROUP_ADD, STEP_CGROUP_ADD);
	assert_steps(&q, &p, STEP_LEVELS_SET, STEP_CGROUP_REMOVE, STEP_CGROUP_REMOVE);
	plan_done(&p);
	plan_done(&q);
}

static void what_is_forwarded_is_looked_at_while_there_are_guests(void **state)
{
	struct plan none, one, two, moved;

	(void)state;
	full_plan(&none);
	full_plan(&one);
	full_plan(&two);
	full_plan(&moved);
	add_guest(&one, "172.17.0.2", 7);
	add_guest(&two, "172.17.0.2", 7);
	add_guest(&two, "fd00::2", 7);
	add_guest(&moved, "172.17.0.2", 8);
	assert_steps(&none, &one, STEP_GUEST_ADD, STEP_FORWARD_ADD);
	assert_steps(&one, &two, STEP_GUEST_ADD);
	assert_steps(&two, &one, STEP_GUEST_REMOVE);
	assert_steps(&one, &moved, STEP_GUEST_REMOVE, STEP_GUEST_ADD);
	assert_steps(&one, &none, STEP_FORWARD_REMOVE, STEP_GUEST_REMOVE);
	plan_done(&none);
	plan_done(&one);
	plan_done(&two);
	plan_done(&moved);
}

static void guests_beyond_the_bound_are_refused(void **state)
{
	struct addr a;
	struct plan p;

	(void)state;
	plan_with_layout(&p);
	assert_int_equal(addr_parse("fd00::1", &a), 0);
	for (int i = 0; i < PLAN_GUESTS_MAX; i++) {
		/* From the highest down: each goes before the others. */
		a.b[14] = (uint8_t)((PLAN_GUESTS_MAX - i) >> 8);
		a.b[15] = (uint8_t)(PLAN_GUESTS_MAX - i);
		assert_int_equal(plan_set_guest(&p, &a, 1), 0);
	}
	assert_int_equal(plan_set_guest(&p, &a, 2), 0);
	assert_int_equal(plan_find_guest(&p, &a)->number, 2);
	for (size_t i = 1; i < p.guest_count; i++)
		assert_true(memcmp(&p.guests[i - 1].addr, &p.guests[i].addr,
				   sizeof(a)) < 0);
	a.b[0] = 0xfc;
	assert_null(plan_find_guest(&p, &a));
	assert_int_equal(plan_set_guest(&p, &a, 1), -ENOSPC);
	plan_done(&p);
}

static void no_trusted_network_left_empties_the_set(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	q.trusted_count = 0;
	assert_steps(&p, &q, STEP_TRUSTED_SET);
	plan_done(&p);
	plan_done(&q);
}

static void another_layout_or_owner_starts_from_nothing(void **state)
{
	struct plan p, q;
	struct plan_steps steps;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	assert_int_equal(mark_layout_init(0x00fff000, &q.layout), 0);
	steps = diff(&p, &q);
	assert_int_equal(steps.count, 8);
	assert_int_equal(steps.items[0].kind, STEP_CREATE);
	plan_steps_done(&steps);
	q.layout = p.layout;
	q.is_owned = false;
	steps = diff(&p, &q);
	assert_int_equal(steps.count, 8);
	assert_int_equal(steps.items[0].kind, STEP_CREATE);
	plan_steps_done(&steps);
	plan_done(&p);
	plan_done(&q);
}

static void where_there_is_an_uplink_to_wait_at_what_is_limited_waits(void **state)
{
	struct plan p, q;
	struct plan_steps steps;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	q.uplinks[q.uplink_count++] = 2;
	steps = diff(&p, &q);
	assert_int_equal(steps.count, 3); /* own, legs, uplinks */
	assert_int_equal(steps.items[0].kind, STEP_CLASS_ADD);
	assert_int_equal(steps.items[0].priority, 0x52570000 | 29);
	assert_false(steps.items[0].is_leg);
	assert_true(steps.items[1].is_leg);
	assert_int_equal(steps.items[2].kind, STEP_SHAPING_SET);
	plan_steps_done(&steps);
	assert_steps(&q, &p, STEP_CLASS_REMOVE, STEP_CLASS_REMOVE, STEP_SHAPING_SET);
	plan_done(&p);
	plan_done(&q);
}

static void a_changed_rate_leaves_flows_in_their_class(void **state)
{
	struct plan p, q;

	(void)state;
	full_plan(&p);
	full_plan(&q);
	p.uplinks[p.uplink_count++] = q.uplinks[q.uplink_count++] = 2;
	q.apps[7].rate[DIRECTION_OUT] = 125000;
	assert_steps(&p, &q, STEP_LIMIT_REMOVE, STEP_LIMIT_ADD);
	/* Legs get one of their own. */
	q.apps[7].rate[DIRECTION_OUT] = p.apps[7].rate[DIRECTION_OUT];
	q.apps[7].relay_rate[DIRECTION_OUT] = 32000;
	assert_steps(&p, &q, STEP_CLASS_REMOVE, STEP_LIMIT_ADD, STEP_CLASS_ADD);
	plan_done(&p);
	plan_done(&q);
}

static void ports_stay_sorted_and_unique(void **state)
{
	struct plan p;

	(void)state;
	plan_with_layout(&p);
	assert_int_equal(plan_set_port(&p, IPPROTO_UDP, 80, 1), 0);
	assert_int_equal(plan_set_port(&p, IPPROTO_TCP, 443, 2), 0);
	assert_int_equal(plan_set_port(&p, IPPROTO_TCP, 80, 3), 0);
	assert_int_equal(plan_set_port(&p, IPPROTO_TCP, 443, 4), 0);
	assert_int_equal(p.port_count, 3);
	assert_int_equal(p.ports[0].port, 80);
	assert_int_equal(p.ports[0].number, 3);
	assert_int_equal(p.ports[1].port, 443);
	assert_int_equal(p.ports[1].number, 4);
	assert_int_equal(p.ports[2].proto, IPPROTO_UDP);
	plan_done(&p);
}

static void a_full_plan_refuses_more_but_still_replaces(void **state)
{
	struct plan p;

	(void)state;
	plan_with_layout(&p);
	for (unsigned int i = 0; i < PLAN_PORTS_MAX; i++)
		assert_int_equal(plan_set_port(&p, IPPROTO_TCP, (uint16_t)i, 1), 0);
	assert_int_equal(plan_set_port(&p, IPPROTO_TCP, 60000, 1), -ENOSPC);
	assert_int_equal(plan_set_port(&p, IPPROTO_TCP, 5, 9), 0);
	assert_int_equal(p.ports[5].number, 9);
	for (unsigned int i = 0; i < PLAN_CGROUPS_MAX; i++)
		assert_int_equal(plan_set_cgroup(&p, i, 1 + i % 8, 1), 0);
	assert_int_equal(plan_set_cgroup(&p, 1, 1, 1), -ENOSPC);
	assert_int_equal(plan_set_cgroup(&p, 8, 1, 6), 0);
	assert_int_equal(p.cgroup_count, PLAN_CGROUPS_MAX);
	plan_done(&p);
}

static void a_cgroup_level_without_a_set_is_refused(void **state)
{
	struct plan p;

	(void)state;
	plan_with_layout(&p);
	assert_int_equal(plan_set_cgroup(&p, 1, 0, 1), -EINVAL);
	assert_int_equal(plan_set_cgroup(&p, 1, PLAN_CGROUP_LEVEL_MAX + 1, 1), -EINVAL);
	assert_int_equal(p.cgroup_count, 0);
}

static void a_copy_lives_on_without_the_original(void **state)
{
	struct plan p, copy, again;

	(void)state;
	full_plan(&p);
	assert_int_equal(plan_copy(&p, &copy), 0);
	plan_done(&p);
	full_plan(&again);
	assert_step_kinds(&copy, &again, NULL, 0);
	plan_done(&copy);
	plan_done(&again);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void random_plan(uint32_t *seed, struct plan *ret_plan)
{
	struct plan *p = ret_plan;

	plan_with_layout(p);
	if (next_random(seed) % 8 == 0)
		assert_int_equal(mark_layout_init(0x000fff00, &p->layout), 0);
	p->hold.is_possible = next_random(seed) % 2;
	for (unsigned int i = 0; i < 12; i++) {
		struct plan_app *a = &p->apps[next_random(seed) % 16];

		a->is_present = next_random(seed) % 4;
		a->relay_legs_only = next_random(seed) % 2;
		a->is_guarded = next_random(seed) % 4 == 0;
		snprintf(a->comment, sizeof(a->comment), "app%u",
			 next_random(seed) % 3);
		a->cuts[CUT_CALLS] = next_random(seed) % 2;
		a->cuts[CUT_LEGS] = next_random(seed) % 3 == 0;
		a->cuts[CUT_ALL] = next_random(seed) % 3 == 0;
		a->cuts[CUT_PEERS] = next_random(seed) % 4 == 0;
		if (next_random(seed) % 3 == 0)
			a->quota = (struct plan_quota){
				.bytes = 1 + next_random(seed) % 3,
				.action = (enum quota_action)(next_random(seed) % 3),
				.rate = {next_random(seed) % 2 * 1000, 1000},
				.serial = (uint32_t)next_random(seed) % 2,
				.used = next_random(seed),
			};
		a->symmetric_nat = next_random(seed) % 4 == 0;
		a->rate[next_random(seed) % 2] = next_random(seed) % 3;
		a->relay_rate[next_random(seed) % 2] = next_random(seed) % 3;
	}
	for (unsigned int i = 0; i < 10; i++) {
		plan_set_port(p, next_random(seed) % 2 ? IPPROTO_TCP : IPPROTO_UDP,
			      (uint16_t)(next_random(seed) % 12),
			      (uint8_t)(next_random(seed) % 4));
		plan_set_cgroup(p, next_random(seed) % 6, 1 + next_random(seed) % 3,
				(uint8_t)(next_random(seed) % 4));
	}
	for (uint32_t i = next_random(seed) % 3; i; i--)
		add_guest(p, next_random(seed) % 2 ? "172.17.0.2" : "fd00::2",
			  (uint8_t)(1 + next_random(seed) % 4));
	for (uint32_t i = 1; i <= next_random(seed) % 3; i++)
		p->uplinks[p->uplink_count++] = i * (1 + next_random(seed) % 2);
	if (next_random(seed) % 2)
		trust(p, "10.0.0.0/8");
	if (next_random(seed) % 2)
		trust(p, "fd00::/8");
}

static void applied_steps_lead_from_any_plan_to_any_other(void **state)
{
	struct model *m = model_new();
	struct plan installed, wanted;
	struct plan_steps steps;
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 500; i++) {
		random_plan(&seed, &wanted);
		steps = diff(i ? &installed : NULL, &wanted);
		model_apply(m, &wanted, &steps);
		plan_steps_done(&steps);
		model_assert_installed(m, &wanted);
		assert_step_kinds(&wanted, &wanted, NULL, 0);
		if (i)
			plan_done(&installed);
		installed = wanted;
	}
	plan_done(&installed);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_nothing_everything_is_created),
		cmocka_unit_test(an_equal_plan_needs_no_step),
		cmocka_unit_test(a_changed_rate_removes_the_old_limit_first),
		cmocka_unit_test(a_removed_limit_remembers_what_its_elements_cover),
		cmocka_unit_test(legs_only_without_a_relay_rate_changes_nothing),
		cmocka_unit_test(a_number_that_passed_to_another_app_gets_new_counters),
		cmocka_unit_test(
			the_first_cut_brings_the_rules_and_the_last_takes_them),
		cmocka_unit_test(calls_are_held_only_while_some_are_refused),
		cmocka_unit_test(what_was_refused_stays_counted_while_the_cut_changes),
		cmocka_unit_test(an_absent_app_takes_its_limits_with_it),
		cmocka_unit_test(
			a_port_that_changes_hands_is_removed_before_it_is_added),
		cmocka_unit_test(the_marking_rules_follow_the_levels_in_use),
		cmocka_unit_test(what_is_forwarded_is_looked_at_while_there_are_guests),
		cmocka_unit_test(guests_beyond_the_bound_are_refused),
		cmocka_unit_test(no_trusted_network_left_empties_the_set),
		cmocka_unit_test(another_layout_or_owner_starts_from_nothing),
		cmocka_unit_test(
			where_there_is_an_uplink_to_wait_at_what_is_limited_waits),
		cmocka_unit_test(a_changed_rate_leaves_flows_in_their_class),
		cmocka_unit_test(ports_stay_sorted_and_unique),
		cmocka_unit_test(a_full_plan_refuses_more_but_still_replaces),
		cmocka_unit_test(a_cgroup_level_without_a_set_is_refused),
		cmocka_unit_test(a_copy_lives_on_without_the_original),
		cmocka_unit_test(applied_steps_lead_from_any_plan_to_any_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
