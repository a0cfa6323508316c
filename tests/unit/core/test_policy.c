/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy.h"
#include "core/policy_ini.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct policy *parse(const char *text)
{
	const struct policy_source source = {"test.ini", text, strlen(text)};
	struct policy_error error;
	struct policy *p = NULL;
	char shown[600];

	if (policy_parse(&source, 1, &p, &error) != 0)
		fail_msg("%s", policy_error_format(&error, shown, sizeof(shown)));
	return p;
}

static const struct app_identity supernode = {
	.kind = APP_KIND_UNIT,
	.uid = 1000,
	.key = "unit:n2n.service",
	.name = "supernode",
	.exe = "/usr/bin/supernode",
	.unit = "n2n.service",
	.user = "alice",
};

static const char *rule_for(const struct policy *p, const struct app_identity *identity,
			    const struct catalogue_client *client)
{
	struct policy_match match;

	policy_match_app(p, identity, client, NULL, &match);
	return match.rule ? match.rule->name : "(none)";
}

static void what_can_have_any_path_is_not_spared_for_one(void **state)
{
	static const char text[] = "[app *]\npromotion = forbid\n"
				   "[app strict]\nmatch.exe = /usr/bin/supernode\n"
				   "promotion = block\n"
				   "[app lenient]\nmatch.exe = /usr/bin/*\n"
				   "promotion = warn\n";
	struct app_identity forged = supernode;
	struct policy *p = parse(text);

	(void)state;
	assert_string_equal(rule_for(p, &forged, NULL), "lenient");
	forged.is_in_userns = true;
	assert_string_equal(rule_for(p, &forged, NULL), "strict");
	policy_free(p);
	/* A section that says nothing of promotion, or is the user's, still counts. */
	p = parse("[app *]\npromotion = forbid\n"
		  "[app rate]\nmatch.exe = /usr/bin/*\nrate_up = 1mbit\n");
	assert_string_equal(rule_for(p, &forged, NULL), "rate");
	policy_free(p);
	p = parse("[app *]\npromotion = forbid\n"
		  "[app hers]\nmatch.user = alice\npromotion = allow\n");
	assert_string_equal(rule_for(p, &forged, NULL), "hers");
	policy_free(p);
}

/* Which section a policy of one [app x] with `selector` gives the supernode. */
static const char *rule_of_selector(const char *selector)
{
	static char id[] = "n2n";
	const struct catalogue_client client = {.id = id, .trade = "mail relay"};
	struct policy *p;
	const char *name;
	char text[256];

	snprintf(text, sizeof(text), "[app *]\npromotion = warn\n[app x]\n%s\n",
		 selector);
	p = parse(text);
	name = strcmp(rule_for(p, &supernode, &client), "x") == 0 ? "x" : "*";
	policy_free(p);
	return name;
}

static void the_default_policy_limits_nothing(void **state)
{
	struct policy *p = policy_new_default();
	struct policy_match match;

	(void)state;
	assert_non_null(p);
	assert_int_equal(p->mode, MODE_ENFORCE);
	assert_int_equal(p->on_failure, ON_FAILURE_OPEN);
	assert_int_equal(p->mark_mask, POLICY_MARK_MASK_DEFAULT);
	policy_match_app(p, &supernode, NULL, NULL, &match);
	assert_null(match.rule);
	assert_string_equal(match.effective.name, "");
	assert_int_equal(match.effective.promotion, PROMOTION_WARN);
	assert_int_equal(match.effective.relay_scope, RELAY_SCOPE_AUTO);
	assert_int_equal(match.effective.rate_up, 0);
	assert_null(match.effective.origin[RULE_PROMOTION].file);
	policy_free(p);
	policy_free(NULL);
}

static void each_selector_matches_its_own_field(void **state)
{
	(void)state;
	assert_string_equal(rule_of_selector("match.client = n2n"), "x");
	assert_string_equal(rule_of_selector("match.exe = /usr/bin/supernode"), "x");
	assert_string_equal(rule_of_selector("match.unit = n2n.service"), "x");
	assert_string_equal(rule_of_selector("match.user = alice"), "x");
	assert_string_equal(rule_of_selector("match.trade = mail relay"), "x");
	assert_string_equal(rule_of_selector("match.trade = *"), "x");
	assert_string_equal(rule_of_selector("match.trade = n2n"), "*");
	assert_string_equal(rule_of_selector("match.client = supernode"), "*");
	assert_string_equal(rule_of_selector("match.unit = alice"), "*");
	assert_string_equal(rule_of_selector("match.user = n2n"), "*");
	assert_string_equal(rule_of_selector("match.exe = /usr/bin"), "*");
}

static void globs_match_whole_texts(void **state)
{
	(void)state;
	assert_string_equal(rule_of_selector("match.exe = */supernode"), "x");
	assert_string_equal(rule_of_selector("match.exe = /usr/*"), "x");
	assert_string_equal(rule_of_selector("match.exe = /usr/bin/super"), "*");
	assert_string_equal(rule_of_selector("match.exe = */bin"), "*");
	assert_string_equal(rule_of_selector("match.unit = n?n.[st]*"), "x");
	assert_string_equal(rule_of_selector("match.user = Alice"), "*");
}

static void any_item_of_any_list_is_enough(void **state)
{
	(void)state;
	assert_string_equal(rule_of_selector("match.user = bob, alice"), "x");
	assert_string_equal(rule_of_selector("match.user = bob\nmatch.client = x, n2n"),
			    "x");
	assert_string_equal(rule_of_selector("match.user = bob, carol"), "*");
}

static void a_selector_never_matches_an_empty_field(void **state)
{
	struct policy *p = parse("[app c]\nmatch.container = *\nmatch.client = *\n");
	struct app_identity inside = supernode;

	(void)state;
	assert_string_equal(rule_for(p, &supernode, NULL), "(none)");
	strcpy(inside.container, "web");
	assert_string_equal(rule_for(p, &inside, NULL), "c");
	policy_free(p);
}

static void a_container_is_matched_by_its_id_or_its_name(void **state)
{
	struct policy *p = parse("[app c]\nmatch.container = web, 0123*\n");
	struct app_identity inside = {.kind = APP_KIND_CONTAINER,
				      .key = "container:docker/0123456789ab",
				      .name = "mail",
				      .container = "0123456789ab"};

	(void)state;
	assert_string_equal(rule_for(p, &inside, NULL), "c");
	strcpy(inside.container, "fedcba987654");
	assert_string_equal(rule_for(p, &inside, NULL), "(none)");
	strcpy(inside.name, "web");
	assert_string_equal(rule_for(p, &inside, NULL), "c");
	/* A program of that name is none. */
	inside.kind = APP_KIND_EXE;
	assert_string_equal(rule_for(p, &inside, NULL), "(none)");
	policy_free(p);
}

static void a_client_without_a_trade_matches_none(void **state)
{
	char id[] = "n2n";
	const struct catalogue_client client = {.id = id};
	struct policy *p = parse("[app t]\nmatch.trade = *\n");

	(void)state;
	assert_string_equal(rule_for(p, &supernode, &client), "(none)");
	assert_string_equal(rule_for(p, &supernode, NULL), "(none)");
	policy_free(p);
}

/* What the shipped policy and an admin's file together say of a reverse proxy. */
static enum promotion_action promotion_of_a_trade(const char *admins)
{
	static const char shipped[] =
		"[app trade]\nmatch.trade = *\npromotion = allow\n"
		"[app *]\npromotion = warn\n";
	const struct policy_source sources[] = {
		{"shipped.ini", shipped, sizeof(shipped) - 1},
		{"admin.ini", admins, strlen(admins)}};
	char id[] = "haproxy";
	const struct catalogue_client client = {.id = id, .trade = "reverse proxy"};
	struct policy_match match;
	struct policy_error error;
	struct policy *p = NULL;

	assert_int_equal(policy_parse(sources, 2, &p, &error), 0);
	policy_match_app(p, &supernode, &client, NULL, &match);
	policy_free(p);
	return match.effective.promotion;
}

static void an_admin_overrides_what_is_exempt_by_trade(void **state)
{
	(void)state;
	assert_int_equal(promotion_of_a_trade(""), PROMOTION_ALLOW);
	assert_int_equal(promotion_of_a_trade(
				 "[app *]\npromotion = shape\nrelay_rate_up = 1mbit\n"),
			 PROMOTION_ALLOW);
	assert_int_equal(promotion_of_a_trade("[app trade]\npromotion = warn\n"),
			 PROMOTION_WARN);
	assert_int_equal(promotion_of_a_trade(
				 "[app x]\nmatch.trade = reverse*\npromotion = warn\n"),
			 PROMOTION_WARN);
	assert_int_equal(
		promotion_of_a_trade(
			"[app x]\nmatch.trade = jump host\npromotion = warn\n"),
		PROMOTION_ALLOW);
}

static void of_several_matches_the_last_read_wins(void **state)
{
	struct policy *p = parse("[app a]\nmatch.user = alice\n"
				 "[app b]\nmatch.exe = /usr/bin/*\n"
				 "[app *]\npromotion = warn\n");

	(void)state;
	assert_string_equal(rule_for(p, &supernode, NULL), "b");
	policy_free(p);
	p = parse("[app b]\nmatch.exe = /usr/bin/*\n[app a]\nmatch.user = alice\n");
	assert_string_equal(rule_for(p, &supernode, NULL), "a");
	policy_free(p);
}

static void keys_that_are_not_set_come_from_the_default_rule(void **state)
{
	struct policy *p = parse("[app v]\nmatch.user = alice\nrelay_rate_up = 1mbit\n"
				 "[app *]\npromotion = shape\nrelay_rate_up = 2mbit\n"
				 "relay_scope = app\nrate_down = 4mbit\n");
	struct policy_match match;

	(void)state;
	policy_match_app(p, &supernode, NULL, NULL, &match);
	assert_string_equal(match.rule->name, "v");
	assert_false(match.rule->is_set[RULE_PROMOTION]);
	assert_string_equal(match.effective.name, "v");
	assert_int_equal(match.effective.promotion, PROMOTION_SHAPE);
	assert_int_equal(match.effective.origin[RULE_PROMOTION].line, 5);
	assert_int_equal(match.effective.relay_scope, RELAY_SCOPE_APP);
	assert_int_equal(match.effective.relay_rate_up, 125000);
	assert_int_equal(match.effective.origin[RULE_RELAY_RATE_UP].line, 3);
	assert_int_equal(match.effective.rate_down, 500000);
	assert_int_equal(match.effective.rate_up, 0);
	assert_false(match.effective.is_set[RULE_RATE_UP]);
	policy_free(p);
}

static void none_lifts_a_limit_of_the_default_rule(void **state)
{
	struct policy *p = parse("[app *]\nrate_up = 1mbit\n"
				 "[app v]\nmatch.user = alice\nrate_up = none\n");
	struct policy_match match;

	(void)state;
	policy_match_app(p, &supernode, NULL, NULL, &match);
	assert_int_equal(match.effective.rate_up, 0);
	assert_true(match.effective.is_set[RULE_RATE_UP]);
	policy_free(p);
}

static void a_rule_without_promotion_anywhere_warns(void **state)
{
	struct policy *p = parse("[app v]\nmatch.user = alice\nrate_up = 1mbit\n");
	struct policy_match match;

	(void)state;
	policy_match_app(p, &supernode, NULL, NULL, &match);
	assert_string_equal(match.rule->name, "v");
	assert_int_equal(match.effective.promotion, PROMOTION_WARN);
	assert_null(match.effective.origin[RULE_PROMOTION].file);
	policy_free(p);
}

static void what_matches_nothing_else_gets_the_default_rule(void **state)
{
	struct policy *p =
		parse("[app *]\nrate_up = 1mbit\n[app v]\nmatch.user = bob\n");
	struct policy_match match;

	(void)state;
	policy_match_app(p, &supernode, NULL, NULL, &match);
	assert_string_equal(match.rule->name, "*");
	assert_int_equal(match.effective.rate_up, 125000);
	assert_int_equal(match.effective.promotion, PROMOTION_WARN);
	policy_free(p);
}

static void only_addresses_in_a_trusted_network_are_trusted(void **state)
{
	struct policy *p = parse("[link]\ntrusted = 10.0.0.0/8, fd00::/8, 192.0.2.7\n");
	static const struct {
		const char *text;
		bool is_trusted;
	} cases[] = {
		{"10.255.0.1", true}, {"11.0.0.1", false}, {"fd12::1", true},
		{"fc00::1", false},   {"192.0.2.7", true}, {"192.0.2.8", false},
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(addr_parse(cases[i].text, &a), 0);
		if (policy_is_trusted(p, &a) != cases[i].is_trusted)
			fail_msg("%s", cases[i].text);
	}
	policy_free(p);
}

static void names_are_those_of_the_policy_file(void **state)
{
	(void)state;
	assert_string_equal(promotion_action_name(PROMOTION_ALLOW), "allow");
	assert_string_equal(promotion_action_name(PROMOTION_WARN), "warn");
	assert_string_equal(promotion_action_name(PROMOTION_SHAPE), "shape");
	assert_string_equal(relay_scope_name(RELAY_SCOPE_AUTO), "auto");
	assert_string_equal(relay_scope_name(RELAY_SCOPE_LEGS), "legs");
	assert_string_equal(relay_scope_name(RELAY_SCOPE_APP), "app");
	assert_string_equal(policy_mode_name(MODE_ENFORCE), "enforce");
	assert_string_equal(policy_mode_name(MODE_MONITOR), "monitor");
	assert_string_equal(policy_on_failure_name(ON_FAILURE_OPEN), "open");
	assert_string_equal(policy_on_failure_name(ON_FAILURE_CLOSED), "closed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_policy_limits_nothing),
		cmocka_unit_test(each_selector_matches_its_own_field),
		cmocka_unit_test(globs_match_whole_texts),
		cmocka_unit_test(any_item_of_any_list_is_enough),
		cmocka_unit_test(a_selector_never_matches_an_empty_field),
		cmocka_unit_test(a_container_is_matched_by_its_id_or_its_name),
		cmocka_unit_test(a_client_without_a_trade_matches_none),
		cmocka_unit_test(an_admin_overrides_what_is_exempt_by_trade),
		cmocka_unit_test(of_several_matches_the_last_read_wins),
		cmocka_unit_test(keys_that_are_not_set_come_from_the_default_rule),
		cmocka_unit_test(none_lifts_a_limit_of_the_default_rule),
		cmocka_unit_test(a_rule_without_promotion_anywhere_warns),
		cmocka_unit_test(what_matches_nothing_else_gets_the_default_rule),
		cmocka_unit_test(what_can_have_any_path_is_not_spared_for_one),
		cmocka_unit_test(only_addresses_in_a_trusted_network_are_trusted),
		cmocka_unit_test(names_are_those_of_the_policy_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
