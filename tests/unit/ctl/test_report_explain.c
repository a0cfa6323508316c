/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explain says of one application: its evidence, its legs, what would change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/reports.h"
#include "ctl/report_json.h"
#include <arpa/inet.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void measure(struct app *app, enum evidence_kind k, double value, double weight)
{
	app->evidence[k] = (struct evidence){true, value, weight};
	app->log_odds += weight;
}

/* --- legs ---------------------------------------------------------------------- */

static void link_flows(struct flow *flows, size_t count, struct app *app)
{
	for (size_t i = 0; i + 1 < count; i++)
		flows[i].next = &flows[i + 1];
	app->flows = flows;
}

static void a_pair_of_legs_is_there_once_the_strongest_first(void **state)
{
	static const struct {
		const char *remote, *partner;
		float match;
		bool is_leg;
	} rows[] = {
		{"198.51.100.1", "198.51.100.2", 0.6f, true},
		{"198.51.100.3", "198.51.100.4", 0.7f, true},
		{"198.51.100.2", "198.51.100.1", 0.9f, true},
		{"198.51.100.4", "198.51.100.3", 0.5f, true},
		{"198.51.100.9", "198.51.100.8", 0.99f, false},
	};
	struct flow flows[5] = {0};
	struct app app = {0};
	json_t *legs;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		addr_parse(rows[i].remote, &flows[i].key.remote);
		addr_parse(rows[i].partner, &flows[i].partner);
		flows[i].match = rows[i].match;
		flows[i].is_leg = rows[i].is_leg;
	}
	link_flows(flows, 5, &app);
	legs = report_legs(&app, NULL);
	assert_int_equal(json_array_size(legs), 2);
	assert_string_equal(text_of(json_array_get(legs, 0), "from"), "198.51.100.2");
	assert_string_equal(text_of(json_array_get(legs, 1), "from"), "198.51.100.3");
	json_decref(legs);
}

static void of_many_legs_the_strongest_are_kept(void **state)
{
	const size_t count = REPORT_LEGS_MAX * 3;
	struct flow *flows = calloc(count, sizeof(*flows));
	struct app app = {0};
	double last = 2;
	json_t *legs;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		flows[i].key.remote = addr_from_ipv4((uint32_t)(2 * i));
		flows[i].partner = addr_from_ipv4((uint32_t)(2 * i + 1));
		flows[i].is_leg = true;
		/* A permutation: 37 and the count have no common factor. */
		flows[i].match = (float)((i * 37) % count) / (float)count;
	}
	link_flows(flows, count, &app);
	legs = report_legs(&app, NULL);
	assert_int_equal(json_array_size(legs), REPORT_LEGS_MAX);
	for (size_t i = 0; i < REPORT_LEGS_MAX; i++) {
		double c = json_real_value(
			json_object_get(json_array_get(legs, i), "correlation"));

		assert_true(c < last);
		assert_true(c >= (double)(count - REPORT_LEGS_MAX) / (double)count);
		last = c;
	}
	json_decref(legs);
	free(flows);
}

/* It carries what many bring: nobody can tell of whom. */
static void a_leg_without_a_partner_is_no_pair(void **state)
{
	struct flow flow = {.is_leg = true, .match = 0.9f};
	struct app app = {.flows = &flow};
	json_t *legs;

	(void)state;
	flow.key.remote = addr_from_ipv4(htonl(1));
	legs = report_legs(&app, NULL);
	assert_int_equal(json_array_size(legs), 0);
	flow.partner = addr_from_ipv4(htonl(2));
	json_decref(legs);
	legs = report_legs(&app, NULL);
	assert_int_equal(json_array_size(legs), 1);
	json_decref(legs);
}

/* Which of two flows is the stronger says nothing of who sends to whom. */
static void a_leg_leads_from_the_one_who_brought_more(void **state)
{
	static const struct {
		uint32_t remote, partner;
		uint64_t in, out;
		float match;
	} rows[] = {
		{2, 1, 50, 600, 0.9f},
		{1, 2, 500, 40, 0.8f},
		{1, 2, 100, 10, 0.7f},
	};
	struct flow flows[3] = {0};
	struct app app = {0};
	const json_t *leg;
	json_t *legs;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		flows[i] = (struct flow){
			.is_leg = true,
			.match = rows[i].match,
			.bytes_in = rows[i].in,
			.bytes_out = rows[i].out,
			.partner = addr_from_ipv4(htonl(rows[i].partner))};
		flows[i].key.remote = addr_from_ipv4(htonl(rows[i].remote));
	}
	link_flows(flows, 3, &app);
	legs = report_legs(&app, NULL);
	assert_int_equal(json_array_size(legs), 1);
	leg = json_array_get(legs, 0);
	assert_string_equal(text_of(leg, "from"), "0.0.0.1");
	assert_string_equal(text_of(leg, "to"), "0.0.0.2");
	assert_int_equal(int_of(leg, "bytes_in"), 600);
	assert_int_equal(int_of(leg, "bytes_out"), 50);
	assert_int_equal(int_of(leg, "to_in"), 50);
	assert_int_equal(int_of(leg, "to_out"), 600);
	json_decref(legs);
}

/* --- what would change --------------------------------------------------------- */

static bool says(const json_t *list, const char *part)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strstr(json_string_value(json_array_get(list, i)), part))
			return true;
	return false;
}

static void a_client_is_told_how_far_it_is_from_a_relay(void **state)
{
	struct decision d = {.action = PROMOTION_SHAPE, .is_enforced = true};
	struct app app = {.role = ROLE_SUSPECT};
	json_t *list;

	(void)state;
	measure(&app, EVIDENCE_PRIOR, 0, -6);
	measure(&app, EVIDENCE_PACKETS, 1, 8);
	measure(&app, EVIDENCE_DISK, 0.7, -1.5);
	list = report_would_change(&app, &d);
	assert_true(says(list, "above 95 %: it is at 62 %, and +2.4 more would"));
	assert_true(says(list, "Without disk (-1.5), which speaks most against, it "
			       "would be at 88 %."));
	assert_true(says(list, "promotion = allow"));
	json_decref(list);
	/* What would change nothing is not named. */
	measure(&app, EVIDENCE_PRIOR, 0, -6);
	list = report_would_change(&app, &d);
	assert_false(says(list, "Without"));
	json_decref(list);
}

static void one_that_is_above_is_told_how_long_it_takes(void **state)
{
	struct decision d = {.action = PROMOTION_ALLOW};
	struct app app = {.role = ROLE_SUSPECT};
	json_t *list;

	(void)state;
	measure(&app, EVIDENCE_PACKETS, 1, 8);
	list = report_would_change(&app, &d);
	assert_true(says(list, "stays above 95 % for 5 s, or a second where packets "
			       "say so: it is at >99 %."));
	assert_false(says(list, "promotion = allow"));
	json_decref(list);
}

static void a_relay_is_told_what_carries_its_verdict(void **state)
{
	struct decision d = {.action = PROMOTION_SHAPE, .is_enforced = false};
	struct app app = {.role = ROLE_RELAY, .is_held = true};
	json_t *list;

	(void)state;
	measure(&app, EVIDENCE_PRIOR, 1, -4);
	measure(&app, EVIDENCE_MATCHED, 0.9, 7);
	measure(&app, EVIDENCE_GAIN, 1, 1);
	list = report_would_change(&app, &d);
	assert_true(says(list, "below 27 % for 60 s, but no sooner than 5 min after it "
			       "was called a relay: it is at 98 %."));
	assert_true(says(list, "If it stops, what speaks for it goes, and it falls to "
			       "2 %."));
	assert_true(says(list, "Without matched-share (+7.0), the strongest, it would "
			       "be at 5 %."));
	assert_true(says(list, "pushes against our limit"));
	assert_true(says(list, "monitor mode"));
	json_decref(list);
	/* Another as strong, and neither decides alone. */
	measure(&app, EVIDENCE_PACKETS, 1, 8);
	list = report_would_change(&app, &d);
	assert_true(says(list, "No single one decides: without packets (+8.0), the "
			       "strongest, it would still be at 98 %."));
	json_decref(list);
}

static void a_relay_that_stopped_is_told_so(void **state)
{
	struct decision d = {.action = PROMOTION_WARN, .is_enforced = true};
	struct app app = {.role = ROLE_SUPERNODE};
	json_t *list;

	(void)state;
	measure(&app, EVIDENCE_PRIOR, 1, -4);
	list = report_would_change(&app, &d);
	assert_true(says(list, "after it was called a supernode: it is at 2 %."));
	assert_true(says(list, "Nothing speaks for it any more."));
	json_decref(list);
}

/* --- evidence ------------------------------------------------------------------ */

static void evidence_not_measured_counts_for_nothing(void **state)
{
	struct app app = {0};
	const json_t *e;
	json_t *list;

	(void)state;
	app.evidence[EVIDENCE_MATCHED] = (struct evidence){false, 0.9, 8};
	app.evidence[EVIDENCE_GAIN] = (struct evidence){true, NAN, INFINITY};
	list = report_evidence(&app);
	assert_int_equal(json_array_size(list), EVIDENCE_COUNT);
	e = json_array_get(list, EVIDENCE_MATCHED);
	assert_true(json_is_false(json_object_get(e, "measured")));
	assert_true(json_real_value(json_object_get(e, "weight")) < 1);
	/* JSON has no such numbers; the member is there all the same. */
	e = json_array_get(list, EVIDENCE_GAIN);
	assert_true(json_is_real(json_object_get(e, "value")));
	json_decref(list);
	app.evidence[EVIDENCE_GAIN] = (struct evidence){true, 1, -0.0};
	list = report_evidence(&app);
	e = json_array_get(list, EVIDENCE_GAIN);
	assert_false(signbit(json_real_value(json_object_get(e, "weight"))));
	json_decref(list);
}

static void evidence_names_its_family_and_what_counts_is_listed(void **state)
{
	struct app app = {0};
	const json_t *family;
	json_t *list;

	(void)state;
	measure(&app, EVIDENCE_PRIOR, 0, -6);
	measure(&app, EVIDENCE_PACKETS, 1, 8);
	measure(&app, EVIDENCE_GAIN, 1, 1);
	list = report_evidence(&app);
	assert_string_equal(text_of(json_array_get(list, EVIDENCE_PACKETS), "family"),
			    "packets");
	assert_string_equal(text_of(json_array_get(list, EVIDENCE_PRIOR), "family"),
			    "");
	json_decref(list);
	/* One that adds little is no family. */
	list = report_families(&app);
	assert_int_equal(json_array_size(list), 1);
	family = json_array_get(list, 0);
	assert_string_equal(text_of(family, "name"), "packets");
	assert_string_equal(text_of(family, "meaning"), "packets");
	json_decref(list);
	measure(&app, EVIDENCE_NO_DISK, 0, 1.5);
	list = report_families(&app);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(text_of(json_array_get(list, 1), "name"), "conservation");
	json_decref(list);
}

static void texts_that_are_not_utf8_do_not_cost_the_reply(void **state)
{
	json_t *text = report_text("a\xff");

	(void)state;
	assert_non_null(text);
	assert_string_equal(json_string_value(text), "a\\xff");
	json_decref(text);
	text = report_text(NULL);
	assert_string_equal(json_string_value(text), "");
	json_decref(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_of_legs_is_there_once_the_strongest_first),
		cmocka_unit_test(of_many_legs_the_strongest_are_kept),
		cmocka_unit_test(a_leg_leads_from_the_one_who_brought_more),
		cmocka_unit_test(a_leg_without_a_partner_is_no_pair),
		cmocka_unit_test(a_client_is_told_how_far_it_is_from_a_relay),
		cmocka_unit_test(one_that_is_above_is_told_how_long_it_takes),
		cmocka_unit_test(a_relay_is_told_what_carries_its_verdict),
		cmocka_unit_test(a_relay_that_stopped_is_told_so),
		cmocka_unit_test(evidence_not_measured_counts_for_nothing),
		cmocka_unit_test(evidence_names_its_family_and_what_counts_is_listed),
		cmocka_unit_test(texts_that_are_not_utf8_do_not_cost_the_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
