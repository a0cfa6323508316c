/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/decision.h"
#include "core/policy_ini.h"
#include <setjmp.h>
#include <stdarg.h>
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

static struct app make_app(enum app_role role, bool legs_suffice)
{
	return (struct app){
		.id = 1,
		.identity = {.key = "exe:/opt/voice", .exe = "/opt/voice"},
		.role = role,
		.legs_suffice = legs_suffice,
	};
}

/* What DESIGN says of one combination. */
static void check_one(enum policy_mode mode, enum promotion_action action,
		      enum app_role role, enum relay_scope scope, bool legs_suffice)
{
	struct app app = make_app(role, legs_suffice);
	/* One family of evidence: forbid and block only shape. */
	bool shapes = action >= PROMOTION_SHAPE &&
		      (role == ROLE_SUPERNODE || role == ROLE_RELAY);
	struct decision d;
	struct policy *p;
	char text[512];

	snprintf(text, sizeof(text),
		 "[agent]\nmode = %s\n[app voice]\nmatch.exe = /opt/voice\n"
		 "promotion = %s\nrelay_scope = %s\n"
		 "relay_rate_up = 256kbit\nrelay_rate_down = 512kbit\n",
		 policy_mode_name(mode), promotion_action_name(action),
		 relay_scope_name(scope));
	p = parse(text);
	decide(p, &app, NULL, &d);
	assert_int_equal(d.action, action);
	assert_int_equal(d.is_enforced, mode == MODE_ENFORCE);
	assert_int_equal(d.relay_rate[DIRECTION_OUT], shapes ? 32000 : 0);
	assert_int_equal(d.relay_rate[DIRECTION_IN], shapes ? 64000 : 0);
	assert_int_equal(d.rate[DIRECTION_OUT], 0);
	assert_int_equal(d.rate[DIRECTION_IN], 0);
	if (shapes)
		assert_int_equal(d.relay_legs_only,
				 scope == RELAY_SCOPE_LEGS ||
					 (scope == RELAY_SCOPE_AUTO && legs_suffice));
	assert_int_equal(decision_is_limiting(&d), shapes && mode == MODE_ENFORCE);
	assert_int_equal(d.lacks_evidence, shapes && action != PROMOTION_SHAPE);
	assert_int_equal(decision_is_cutting(&d, CUT_COUNT),
			 action == PROMOTION_FORBID && mode == MODE_ENFORCE);
	assert_string_equal(d.rule, "voice");
	/* Line 7 is relay_rate_up, line 5 promotion. */
	assert_int_equal(d.why.line, shapes ? 7 : 5);
	assert_string_equal(d.why.file, "test.ini");
	policy_free(p);
}

static void every_combination_decides_as_designed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * 5 * 4 * 3 * 2; i++)
		check_one(i % 2, i / 2 % 5, i / 10 % 4, i / 40 % 3, i / 120);
}

/* Which cuts, as 1 << enum plan_cut, and from which line. */
static unsigned int cuts_of(const char *text, enum app_role role, bool may_be_cut,
			    unsigned int *ret_line)
{
	struct app app = make_app(role, true);
	struct policy *p = parse(text);
	unsigned int cuts = 0;
	struct decision d;

	app.may_be_cut = may_be_cut;
	decide(p, &app, NULL, &d);
	for (enum plan_cut i = 0; i < CUT_COUNT; i++)
		cuts |= (unsigned int)decision_is_cutting(&d, i) << i;
	assert_int_equal(decision_is_cutting(&d, CUT_COUNT), cuts != 0);
	*ret_line = d.why.line;
	policy_free(p);
	return cuts;
}

#define VOICE "[app voice]\nmatch.exe = /opt/voice\n"
#define LEGS (1u << CUT_LEGS)
#define CALLS (1u << CUT_CALLS)
#define ALL (1u << CUT_ALL)

static void what_is_cut_follows_from_role_evidence_and_section(void **state)
{
	static const struct {
		const char *text;
		enum app_role role;
		bool may_be_cut;
		unsigned int cuts, line;
	} cases[] = {
		{VOICE "promotion = forbid\n", ROLE_RELAY, true, LEGS | CALLS, 3},
		{VOICE "promotion = forbid\n", ROLE_SUPERNODE, true, LEGS | CALLS, 3},
		/* Named, it is not reachable, promoted or not. */
		{VOICE "promotion = forbid\n", ROLE_RELAY, false, CALLS, 3},
		{VOICE "promotion = forbid\n", ROLE_CLIENT, false, CALLS, 3},
		{"[app *]\npromotion = forbid\n", ROLE_RELAY, true, LEGS | CALLS, 2},
		{"[app *]\npromotion = forbid\n", ROLE_RELAY, false, 0, 2},
		{"[app *]\npromotion = forbid\n", ROLE_SUSPECT, true, 0, 2},
		/* Inherited from [app *], which names nobody. */
		{"[app *]\npromotion = forbid\n" VOICE, ROLE_CLIENT, false, 0, 2},
		{"[app *]\npromotion = forbid\n" VOICE, ROLE_RELAY, true, LEGS | CALLS,
		 2},
		{VOICE "promotion = block\n", ROLE_RELAY, true, ALL, 3},
		{VOICE "promotion = block\n", ROLE_RELAY, false, 0, 3},
		{VOICE "promotion = block\n", ROLE_CLIENT, true, 0, 3},
		{"[agent]\nmode = monitor\n" VOICE "promotion = forbid\n", ROLE_RELAY,
		 true, 0, 5},
		{VOICE "promotion = allow\n", ROLE_RELAY, true, 0, 3},
		/* The line is the cut's, though there is a rate. */
		{VOICE "promotion = forbid\nrelay_rate_up = 1mbit\n", ROLE_RELAY, true,
		 LEGS | CALLS, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned int line, cuts = cuts_of(cases[i].text, cases[i].role,
						  cases[i].may_be_cut, &line);

		if (cuts != cases[i].cuts || line != cases[i].line)
			fail_msg("case %zu: cuts %u, line %u", i, cuts, line);
	}
}

static void what_a_cut_leaves_of_a_relay_is_shaped(void **state)
{
	struct app app = make_app(ROLE_RELAY, false);
	struct policy *p = parse(VOICE "promotion = forbid\nrelay_rate_up = 1mbit\n");
	struct decision d;

	(void)state;
	app.may_be_cut = true;
	decide(p, &app, NULL, &d);
	assert_int_equal(d.relay_rate[DIRECTION_OUT], 125000);
	assert_false(d.relay_legs_only);
	policy_free(p);
	p = parse(VOICE "promotion = block\nrelay_rate_up = 1mbit\n");
	decide(p, &app, NULL, &d);
	assert_false(decision_is_limiting(&d)); /* there is nothing left */
	policy_free(p);
}

static struct policy_origin why(const char *keys, enum app_role role,
				bool *ret_is_limiting)
{
	struct app app = make_app(role, false);
	struct decision d;
	struct policy *p;
	char text[512];

	snprintf(text, sizeof(text),
		 "[app voice]\nmatch.exe = /opt/voice\npromotion = shape\n%s", keys);
	p = parse(text);
	decide(p, &app, NULL, &d);
	*ret_is_limiting = decision_is_limiting(&d);
	d.why.file = NULL; /* owned by the policy */
	policy_free(p);
	return d.why;
}

/* Shaping needs one to limit anything. */
#define RELAY_RATE "relay_rate_up = 1mbit\n"

static void the_line_shown_is_that_of_the_limit_in_force(void **state)
{
	static const struct {
		const char *keys;
		enum app_role role;
		unsigned int line;
		bool is_limiting;
	} cases[] = {
		{RELAY_RATE, ROLE_CLIENT, 3, false},
		{"rate_down = 1mbit\n" RELAY_RATE, ROLE_CLIENT, 4, true},
		{"rate_down = 1mbit\nrate_up = 1mbit\n" RELAY_RATE, ROLE_CLIENT, 5,
		 true},
		{"rate_up = none\nrate_down = 1mbit\n" RELAY_RATE, ROLE_CLIENT, 5,
		 true},
		{"rate_up = 1mbit\nrelay_rate_up = 1mbit\n", ROLE_CLIENT, 4, true},
		{"rate_up = 1mbit\nrelay_rate_up = 1mbit\n", ROLE_SUPERNODE, 5, true},
		{"relay_rate_down = 1mbit\n", ROLE_RELAY, 4, true},
		{"relay_rate_up = none\nrelay_rate_down = 1mbit\n", ROLE_RELAY, 5,
		 true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool is_limiting;
		struct policy_origin o =
			why(cases[i].keys, cases[i].role, &is_limiting);

		if (o.line != cases[i].line || is_limiting != cases[i].is_limiting)
			fail_msg("case %zu: line %u, limiting %d", i, o.line,
				 is_limiting);
	}
}

static void an_inherited_limit_shows_the_line_it_is_inherited_from(void **state)
{
	struct app app = make_app(ROLE_RELAY, false);
	struct policy *p = parse("[app *]\npromotion = shape\nrelay_rate_up = 1mbit\n"
				 "[app voice]\nmatch.exe = /opt/voice\n");
	struct decision d;

	(void)state;
	decide(p, &app, NULL, &d);
	assert_string_equal(d.rule, "voice");
	assert_int_equal(d.why.line, 3);
	assert_int_equal(d.relay_rate[DIRECTION_OUT], 125000);
	policy_free(p);
}

/* A mosh server runs as who has logged in, who could be playing it. */
static void what_a_person_logs_in_through_is_not_cut_though_it_is_no_trade(void **state)
{
	const struct catalogue_client mosh = {.id = (char *)(uintptr_t) "mosh",
					      .trade = "remote login",
					      .is_login = true};
	struct policy *p = parse("[app *]\npromotion = block\n");
	struct app app = make_app(ROLE_RELAY, true);
	struct decision d;

	(void)state;
	app.may_be_cut = true;
	app.unproved_trade = &mosh;
	app.trade_doubt = CATALOGUE_DOUBT_PERSON;
	decide(p, &app, NULL, &d);
	assert_true(d.spares_login);
	assert_false(decision_is_cutting(&d, CUT_COUNT));
	app.trade_doubt = CATALOGUE_DOUBT_USERNS;
	decide(p, &app, NULL, &d);
	assert_false(d.spares_login);
	assert_true(decision_is_cutting(&d, CUT_COUNT));
	policy_free(p);
}

/* The worst that policy can say, of a program with every reason to be cut. */
static void what_people_log_in_through_is_shaped_and_never_cut(void **state)
{
	static const char *const actions[] = {"forbid", "block"};
	const struct catalogue_client sshd = {.id = (char *)(uintptr_t) "openssh",
					      .trade = "jump host",
					      .is_login = true};
	struct app app = make_app(ROLE_RELAY, true);

	(void)state;
	app.client = &sshd;
	app.may_be_cut = true;
	for (size_t i = 0; i < 2; i++) {
		struct decision d;
		struct policy *p;
		char text[256];

		snprintf(text, sizeof(text),
			 "[app voice]\nmatch.exe = /opt/voice\npromotion = %s\n"
			 "relay_rate_up = 1mbit\n",
			 actions[i]);
		p = parse(text);
		decide(p, &app, NULL, &d);
		assert_false(decision_is_cutting(&d, CUT_COUNT));
		assert_true(d.spares_login);
		assert_int_equal(d.relay_rate[DIRECTION_OUT], 125000);
		app.role = ROLE_CLIENT;
		decide(p, &app, NULL, &d);
		assert_false(decision_is_cutting(&d, CUT_COUNT));
		app.role = ROLE_RELAY;
		app.client = NULL;
		decide(p, &app, NULL, &d);
		assert_true(decision_is_cutting(&d, CUT_COUNT));
		assert_false(d.spares_login);
		app.client = &sshd;
		policy_free(p);
	}
}

static void in_a_pause_everything_is_decided_and_nothing_enforced(void **state)
{
	struct app app = make_app(ROLE_RELAY, true);
	struct policy *p = parse("[app voice]\nmatch.exe = /opt/voice\n"
				 "promotion = block\nrate_up = 1mbit\n");
	struct decision d;

	(void)state;
	app.may_be_cut = true;
	decide(p, &app, NULL, &d);
	assert_true(decision_is_cutting(&d, CUT_ALL));
	decision_pause(&d);
	assert_false(decision_is_cutting(&d, CUT_COUNT));
	assert_false(decision_is_limiting(&d));
	assert_true(d.cuts[CUT_ALL]);
	assert_int_equal(d.rate[DIRECTION_OUT], 125000);
	policy_free(p);
}

static void without_a_rule_the_default_warns_and_limits_nothing(void **state)
{
	struct app app = make_app(ROLE_RELAY, true);
	struct policy *p = policy_new_default();
	struct decision d;

	(void)state;
	decide(p, &app, NULL, &d);
	assert_int_equal(d.action, PROMOTION_WARN);
	assert_string_equal(d.rule, "");
	assert_null(d.why.file);
	assert_int_equal(d.why.line, 0);
	assert_false(decision_is_limiting(&d));
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_decides_as_designed),
		cmocka_unit_test(what_is_cut_follows_from_role_evidence_and_section),
		cmocka_unit_test(what_a_cut_leaves_of_a_relay_is_shaped),
		cmocka_unit_test(the_line_shown_is_that_of_the_limit_in_force),
		cmocka_unit_test(
			an_inherited_limit_shows_the_line_it_is_inherited_from),
		cmocka_unit_test(what_people_log_in_through_is_shaped_and_never_cut),
		cmocka_unit_test(
			what_a_person_logs_in_through_is_not_cut_though_it_is_no_trade),
		cmocka_unit_test(in_a_pause_everything_is_decided_and_nothing_enforced),
		cmocka_unit_test(without_a_rule_the_default_warns_and_limits_nothing),
	};

	return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
