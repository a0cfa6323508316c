/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/policies.h"
#include "base/conffile.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct policy_error error;

/* --- what is read ----------------------------------------------------------------- */

static void no_source_gives_the_built_in_default_with_its_settings(void **state)
{
	struct policy *p = NULL;

	(void)state;
	assert_int_equal(policy_parse(NULL, 0, &p, &error), 0);
	assert_int_equal(p->mode, MODE_ENFORCE);
	assert_int_equal(p->on_failure, ON_FAILURE_OPEN);
	assert_int_equal(p->mark_mask, POLICY_MARK_MASK_DEFAULT);
	assert_int_equal(p->capacity[DIRECTION_IN], 0);
	assert_false(policy_is_guarding(p));
	assert_int_equal(p->egress, EGRESS_POLICE);
	assert_int_equal(p->trusted_count, 0);
	assert_int_equal(p->rule_count, 0);
	assert_int_equal(p->setting_count, 24);
	policies_assert_setting(p, "agent", "mode", "enforce", NULL, 0);
	policies_assert_setting(p, "app *", "promotion", "warn", NULL, 0);
	policy_free(p);
}

/* The texts shown for built-in values are parsed to what the built-in values are. */
static void built_in_texts_mean_what_they_say(void **state)
{
	struct policy *built_in = NULL, *written;
	char text[2048] = "";
	size_t used = 0;

	(void)state;
	assert_int_equal(policy_parse(NULL, 0, &built_in, &error), 0);
	for (size_t i = 0; i < built_in->setting_count; i++) {
		const struct policy_setting *s = &built_in->settings[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "[%s]\n%s = %s\n", s->section, s->key,
					 s->value);
	}
	written = policies_parse(text);
	assert_int_equal(written->mode, built_in->mode);
	assert_int_equal(written->on_failure, built_in->on_failure);
	assert_int_equal(written->mark_mask, built_in->mark_mask);
	assert_int_equal(written->capacity[DIRECTION_IN], 0);
	assert_int_equal(written->trusted_count, built_in->trusted_count);
	assert_int_equal(written->rule_count, 1);
	assert_int_equal(written->rules[0].promotion, PROMOTION_WARN);
	assert_int_equal(written->rules[0].relay_scope, RELAY_SCOPE_AUTO);
	assert_int_equal(written->rules[0].rate_up, 0);
	assert_int_equal(written->rules[0].relay_rate_down, 0);
	policy_free(written);
	policy_free(built_in);
}

static void every_key_is_read(void **state)
{
	struct policy *p = policies_parse("# comment\n"
					  "[agent]\n"
					  "mode = monitor ; inline comment\n"
					  "on_failure=closed\n"
					  "mark_mask = 0x000FFF00\n"
					  "\n"
					  "[link]\n"
					  "capacity = 100mbit\n"
					  "egress = queue\n"
					  "trusted = 10.0.0.0/8 ,fd00::/8, 192.0.2.7\n"
					  "[app voice]\n"
					  "match.client = skype, n2n\n"
					  "match.exe = /opt/voice/*\n"
					  "match.unit = voice.service\n"
					  "match.user = alice\n"
					  "match.container = voice-*\n"
					  "promotion = shape\n"
					  "relay_scope = legs\n"
					  "rate_up = 2mbit\n"
					  "rate_down = 1MB/s\n"
					  "relay_rate_up = 256kbit\n"
					  "relay_rate_down = 512kbit\n"
					  "symmetric_nat = yes\n"
					  "schedule = Mon-Fri 08:00-18:00\n"
					  "quota = 1.5GB/week\n"
					  "quota_action = shape\n"
					  "quota_rate_up = 8kbit\n"
					  "quota_rate_down = 16kbit\n"
					  "peers_max = 12\n");
	const struct policy_rule *r = &p->rules[0];

	(void)state;
	assert_int_equal(p->mode, MODE_MONITOR);
	assert_int_equal(p->on_failure, ON_FAILURE_CLOSED);
	assert_int_equal(p->mark_mask, 0x000fff00);
	assert_int_equal(p->capacity[DIRECTION_IN], 12500000);
	assert_int_equal(p->capacity[DIRECTION_OUT], 12500000);
	assert_int_equal(p->egress, EGRESS_QUEUE);
	assert_int_equal(p->trusted_count, 3);
	assert_int_equal(p->trusted[0].bits, 104);
	assert_int_equal(p->trusted[1].bits, 8);
	assert_int_equal(p->trusted[2].bits, 128);
	assert_int_equal(p->rule_count, 1);
	assert_string_equal(r->name, "voice");
	assert_int_equal(r->clients.count, 2);
	assert_string_equal(r->clients.items[0], "skype");
	assert_string_equal(r->clients.items[1], "n2n");
	assert_string_equal(r->exes.items[0], "/opt/voice/*");
	assert_string_equal(r->units.items[0], "voice.service");
	assert_string_equal(r->users.items[0], "alice");
	assert_string_equal(r->containers.items[0], "voice-*");
	assert_int_equal(r->promotion, PROMOTION_SHAPE);
	assert_int_equal(r->relay_scope, RELAY_SCOPE_LEGS);
	assert_int_equal(r->rate_up, 250000);
	assert_int_equal(r->rate_down, 1000000);
	assert_int_equal(r->relay_rate_up, 32000);
	assert_int_equal(r->relay_rate_down, 64000);
	assert_true(r->symmetric_nat);
	assert_int_equal(r->schedule.count, 1);
	assert_int_equal(r->quota, 1500000000);
	assert_int_equal(r->quota_unit, QUOTA_WEEK);
	assert_int_equal(r->quota_action, QUOTA_SHAPE);
	assert_int_equal(r->quota_rate_up, 1000);
	assert_int_equal(r->quota_rate_down, 2000);
	assert_int_equal(r->peers_max, 12);
	for (int key = 0; key < RULE_KEY_COUNT; key++) {
		assert_true(r->is_set[key]);
		assert_string_equal(r->origin[key].file, "first.ini");
	}
	assert_int_equal(r->origin[RULE_PROMOTION].line, 17);
	assert_int_equal(r->origin[RULE_RELAY_RATE_DOWN].line, 22);
	policy_free(p);
}

static void keys_that_are_left_out_are_not_set(void **state)
{
	struct policy *p = policies_parse("[app x]\nmatch.user = u\nrate_up = none\n");

	(void)state;
	assert_true(p->rules[0].is_set[RULE_RATE_UP]);
	assert_int_equal(p->rules[0].rate_up, 0);
	assert_false(p->rules[0].is_set[RULE_PROMOTION]);
	assert_null(p->rules[0].origin[RULE_PROMOTION].file);
	assert_null(policies_find_setting(p, "app x", "promotion"));
	policy_free(p);
}

static void a_later_layer_wins_key_by_key(void **state)
{
	struct policy *p =
		policies_parse_layers("[agent]\nmode = monitor\non_failure = closed\n"
				      "[app v]\nmatch.user = a, b\nrate_up = 1mbit\n"
				      "rate_down = 1mbit\n",
				      "[app v]\nrate_up = 2mbit\nmatch.user = c\n"
				      "[agent]\n\nmode = enforce\n");

	(void)state;
	assert_int_equal(p->mode, MODE_ENFORCE);
	assert_int_equal(p->on_failure, ON_FAILURE_CLOSED);
	assert_int_equal(p->rule_count, 1);
	assert_int_equal(p->rules[0].rate_up, 250000);
	assert_int_equal(p->rules[0].rate_down, 125000);
	assert_int_equal(p->rules[0].users.count, 1);
	assert_string_equal(p->rules[0].users.items[0], "c");
	policies_assert_setting(p, "agent", "mode", "enforce", "second.ini", 6);
	policies_assert_setting(p, "agent", "on_failure", "closed", "first.ini", 3);
	policies_assert_setting(p, "app v", "rate_up", "2mbit", "second.ini", 2);
	policies_assert_setting(p, "app v", "rate_down", "1mbit", "first.ini", 7);
	policy_free(p);
}

static void the_default_rule_comes_first_and_the_last_opened_last(void **state)
{
	struct policy *p = policies_parse_layers("[app a]\nmatch.user = a\n"
						 "[app b]\nmatch.user = b\n",
						 "[app *]\npromotion = warn\n"
						 "[app a]\nrate_up = 1mbit\n");

	(void)state;
	assert_int_equal(p->rule_count, 3);
	assert_string_equal(p->rules[0].name, "*");
	assert_string_equal(p->rules[1].name, "b");
	assert_string_equal(p->rules[2].name, "a");
	policy_free(p);
}

static void a_line_may_differ_by_direction_and_have_a_reserve(void **state)
{
	struct policy *p = policies_parse("[link]\ncapacity = 100mbit\n"
					  "capacity_up = 20mbit\nreserve = 15%\n");

	(void)state;
	assert_int_equal(p->capacity[DIRECTION_OUT], 2500000);
	assert_int_equal(p->capacity[DIRECTION_IN], 12500000);
	assert_int_equal(p->reserve_percent, 15);
	assert_true(policy_is_guarding(p));
	policy_free(p);
	p = policies_parse("[link]\nreserve = 2mbit\n"
			   "capacity_down = 8mbit\n");
	assert_int_equal(p->capacity[DIRECTION_OUT], 0);
	assert_int_equal(p->capacity[DIRECTION_IN], 1000000);
	assert_int_equal(p->reserve_percent, 0);
	assert_int_equal(p->reserve_rate, 250000);
	policy_free(p);
}

static void with_a_reserve_shape_needs_no_rate(void **state)
{
	struct policy *p = policies_parse("[link]\nreserve = 10%\n"
					  "[app *]\npromotion = shape\n");

	(void)state;
	assert_int_equal(p->rules[0].promotion, PROMOTION_SHAPE);
	policy_free(p);
}

static void settings_are_listed_section_by_section(void **state)
{
	struct policy *p = policies_parse("[app v]\nrate_up = 1mbit\nmatch.user = u\n"
					  "[link]\ncapacity = 1gbit\n");

	(void)state;
	assert_int_equal(p->setting_count, 26);
	assert_string_equal(p->settings[0].section, "agent");
	assert_string_equal(p->settings[3].section, "link");
	assert_string_equal(p->settings[7].section, "probe");
	assert_string_equal(p->settings[10].section, "notices");
	assert_string_equal(p->settings[12].section, "app *");
	assert_string_equal(p->settings[24].section, "app v");
	policies_assert_setting(p, "link", "capacity", "1gbit", "first.ini", 5);
	policies_assert_setting(p, "link", "trusted", "none", NULL, 0);
	policy_free(p);
}

static void values_live_as_long_as_the_policy(void **state)
{
	char file[] = "name.ini", text[] = "[app v]\nmatch.user = u\n";
	const struct policy_source source = {file, text, sizeof(text) - 1};
	struct policy *p = NULL;

	(void)state;
	assert_int_equal(policy_parse(&source, 1, &p, &error), 0);
	memset(file, 'x', sizeof(file) - 1);
	memset(text, 'x', sizeof(text) - 1);
	assert_string_equal(p->rules[0].name, "v");
	policies_assert_setting(p, "app v", "match.user", "u", "name.ini", 2);
	policy_free(p);
}

static void
crlf_a_byte_order_mark_and_a_missing_last_newline_are_tolerated(void **state)
{
	struct policy *p =
		policies_parse("\xef\xbb\xbf[agent]\r\n\r\nmode = monitor\r\n"
			       "on_failure = closed");

	(void)state;
	assert_int_equal(p->mode, MODE_MONITOR);
	policies_assert_setting(p, "agent", "mode", "monitor", "first.ini", 3);
	policies_assert_setting(p, "agent", "on_failure", "closed", "first.ini", 4);
	policy_free(p);
}

static void comments_may_be_indented_and_longer_than_a_line(void **state)
{
	struct policy *p;
	char text[2048];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "  ; ", 4);
	strcpy(text + 1000, "\n\t# b\n   \n[agent] ; c\nmode = monitor\n");
	p = policies_parse(text);
	policies_assert_setting(p, "agent", "mode", "monitor", "first.ini", 5);
	policy_free(p);
}

static void a_section_name_may_be_longer_than_the_ini_library_keeps(void **state)
{
	struct policy *p;

	(void)state;
	p = policies_parse(
		"[app this-is-a-name-that-is-well-above-fifty-bytes-long-and-ends-a]\n"
		"match.user = a\n"
		"[app this-is-a-name-that-is-well-above-fifty-bytes-long-and-ends-b]\n"
		"match.user = b\n");
	assert_int_equal(p->rule_count, 2);
	policy_free(p);
}

/* --- shipped files ---------------------------------------------------------------- */

/* Parses what a directory or file of the repository holds on top of the default. */
static struct policy *parse_files(const char *second)
{
	const char *layers[] = {"rules/policy.d", second};
	struct policy_source sources[64];
	struct conffiles files;
	struct policy *p = NULL;
	char text[600];

	assert_int_equal(
		conffiles_read(layers, second ? 2 : 1, &files, text, sizeof(text)), 0);
	assert_in_range(files.count, second ? 2 : 1, 64);
	for (size_t i = 0; i < files.count; i++)
		sources[i] =
			(struct policy_source){files.files[i].path, files.files[i].text,
					       files.files[i].length};
	if (policy_parse(sources, files.count, &p, &error) != 0)
		fail_msg("%s", policy_error_format(&error, text, sizeof(text)));
	conffiles_done(&files);
	return p;
}

static void the_shipped_default_limits_nothing(void **state)
{
	struct policy *p = parse_files(NULL);
	struct addr a;

	(void)state;
	assert_int_equal(p->mode, MODE_ENFORCE);
	assert_int_equal(p->rule_count, 2);
	assert_string_equal(p->rules[0].name, "*");
	assert_int_equal(p->rules[0].promotion, PROMOTION_WARN);
	assert_string_equal(p->rules[1].name, "trade");
	assert_int_equal(p->rules[1].promotion, PROMOTION_ALLOW);
	for (size_t i = 0; i < p->rule_count; i++)
		for (int key = RULE_RATE_UP; key < RULE_KEY_COUNT; key++)
			assert_false(p->rules[i].is_set[key]);
	assert_int_equal(addr_parse("100.64.3.4", &a), 0);
	assert_true(policy_is_trusted(p, &a));
	assert_int_equal(addr_parse("203.0.113.9", &a), 0);
	assert_false(policy_is_trusted(p, &a));
	policy_free(p);
}

static void every_example_parses_on_top_of_the_default(void **state)
{
	static const char *const examples[] = {
		"rules/examples/shape-a-known-client.ini",
		"rules/examples/shape-anything-promoted.ini",
		"rules/examples/forbid-promotion.ini",
		"rules/examples/office-100mbit.ini",
		"rules/examples/budget.ini",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		policy_free(parse_files(examples[i]));
	policy_free(parse_files("rules/examples"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_source_gives_the_built_in_default_with_its_settings),
		cmocka_unit_test(built_in_texts_mean_what_they_say),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(keys_that_are_left_out_are_not_set),
		cmocka_unit_test(a_later_layer_wins_key_by_key),
		cmocka_unit_test(the_default_rule_comes_first_and_the_last_opened_last),
		cmocka_unit_test(a_line_may_differ_by_direction_and_have_a_reserve),
		cmocka_unit_test(with_a_reserve_shape_needs_no_rate),
		cmocka_unit_test(settings_are_listed_section_by_section),
		cmocka_unit_test(values_live_as_long_as_the_policy),
		cmocka_unit_test(
			crlf_a_byte_order_mark_and_a_missing_last_newline_are_tolerated),
		cmocka_unit_test(comments_may_be_indented_and_longer_than_a_line),
		cmocka_unit_test(
			a_section_name_may_be_longer_than_the_ini_library_keeps),
		cmocka_unit_test(the_shipped_default_limits_nothing),
		cmocka_unit_test(every_example_parses_on_top_of_the_default),
	};

	return cmocka_run_group_tests_name("policy_ini", tests, NULL, NULL);
}
