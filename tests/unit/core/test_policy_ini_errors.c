/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is refused, and what is said of it. */
#include "../support/policies.h"
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

static void an_unknown_section_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_string_equal(
		policies_error_of("\n[ap voice]\n"),
		"bad.ini:2: unknown section 'ap'; expected [agent], [link], "
		"[probe], [notices], [app NAME]");
	policies_assert_begins(
		policies_error_of("[agnet]\n"),
		"bad.ini:1: unknown section 'agnet'; did you mean 'agent'?");
	policies_assert_begins(policies_error_of("[]\n"),
			       "bad.ini:1: unknown section ''");
}

static void an_unknown_key_is_refused_with_the_nearest(void **state)
{
	(void)state;
	policies_assert_begins(
		policies_error_of("[app x]\npromtion = warn\n"),
		"bad.ini:2: promtion: unknown key 'promtion'; did you mean "
		"'promotion'?");
	assert_string_equal(policies_last_error()->file, "bad.ini");
	assert_int_equal(policies_last_error()->line, 2);
	assert_string_equal(policies_last_error()->key, "promtion");
	policies_assert_mentions(
		policies_error_of("[link]\nrate_up = 1mbit\n"),
		"expected capacity, capacity_up, capacity_down, reserve");
	policies_assert_mentions(policies_error_of("[app x]\nzzz = 1\n"),
				 "relay_rate_down");
	policies_assert_begins(policies_error_of("[agent]\n= 1\n"),
			       "bad.ini:2: unknown key ''");
}

static void a_reserve_is_a_part_or_a_rate(void **state)
{
	(void)state;
	policies_assert_begins(policies_error_of("[link]\nreserve = 0%\n"),
			       "bad.ini:2: reserve: '0%' is not from 1% to 99%; "
			       "expected e.g. 10%, 2mbit or none");
	policies_assert_mentions(policies_error_of("[link]\nreserve = 100%\n"),
				 "1% to 99%");
	policies_assert_mentions(policies_error_of("[link]\nreserve = 5.5%\n"),
				 "1% to 99%");
	policies_assert_mentions(policies_error_of("[link]\nreserve = -5%\n"),
				 "1% to 99%");
	policies_assert_mentions(policies_error_of("[link]\nreserve = 5% x\n"),
				 "1% to 99%");
	policies_assert_mentions(policies_error_of("[link]\nreserve = 10\n"),
				 "without its unit");
}

static void an_unknown_unit_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_string_equal(policies_error_of("[app x]\nrate_up = 2mbits\n"),
			    "bad.ini:2: rate_up: unknown unit 'mbits'; did you mean "
			    "'mbit'? Expected e.g. 2mbit, 256kbit, 1MB/s or none");
	policies_assert_mentions(policies_error_of("[app x]\nrate_up = 2mb\n"),
				 "unknown unit 'mb'");
	policies_assert_mentions(policies_error_of("[link]\ncapacity = 2mb\n"),
				 "1MB/s or auto");
}

static void a_rate_that_is_none_is_refused(void **state)
{
	(void)state;
	policies_assert_mentions(policies_error_of("[app x]\nrate_up = 1000\n"),
				 "'1000' is not a rate without its unit; expected");
	policies_assert_mentions(policies_error_of("[app x]\nrate_up = 1.5.5mbit\n"),
				 "'1.5.5mbit' is not a rate; expected");
	policies_assert_mentions(policies_error_of("[app x]\nrate_up = fast\n"),
				 "'fast' is not a rate;");
	policies_assert_mentions(policies_error_of("[app x]\nrate_up = 0mbit\n"),
				 "for no limit write none");
	policies_assert_mentions(
		policies_error_of("[app x]\nrate_up = 99999999999gbit\n"), "too large");
}

static void an_unknown_value_is_refused_with_the_nearest(void **state)
{
	(void)state;
	policies_assert_begins(policies_error_of("[link]\negress = queu\n"),
			       "bad.ini:2: egress: unknown value 'queu'; did you mean "
			       "'queue'?");
	assert_string_equal(policies_error_of("[agent]\nmode = enfroce\n"),
			    "bad.ini:2: mode: unknown value 'enfroce'; did you mean "
			    "'enforce'? Expected enforce or monitor");
	policies_assert_mentions(policies_error_of("[agent]\non_failure = ajar\n"),
				 "open or closed");
	policies_assert_mentions(policies_error_of("[app x]\nrelay_scope = leg\n"),
				 "did you mean 'legs'?");
	policies_assert_mentions(policies_error_of("[app x]\nsymmetric_nat = true\n"),
				 "expected no or yes");
	policies_assert_mentions(policies_error_of("[app x]\npromotion = Warn\n"),
				 "did you mean 'warn'?");
}

static void forbid_and_block_need_no_rate(void **state)
{
	struct policy *p =
		policies_parse("[app *]\npromotion = block\n"
			       "[app x]\nmatch.user = u\npromotion = forbid\n");

	(void)state;
	assert_int_equal(p->rules[0].promotion, PROMOTION_BLOCK);
	assert_int_equal(p->rules[1].promotion, PROMOTION_FORBID);
	assert_string_equal(promotion_action_name(PROMOTION_BLOCK), "block");
	assert_string_equal(promotion_action_name(PROMOTION_FORBID), "forbid");
	policy_free(p);
	policies_assert_mentions(policies_error_of("[app *]\npromotion = frobid\n"),
				 "did you mean 'forbid'?");
}

static void shape_without_a_rate_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		policies_error_of("[app *]\npromotion = shape\n"),
		"bad.ini:2: promotion: shape limits nothing in [app *]; expected "
		"relay_rate_up or relay_rate_down there or in [app *], or reserve in "
		"[link]");
	policies_assert_begins(
		policies_error_of("[app *]\nrelay_rate_up = 2mbit\npromotion = shape\n"
				  "[app x]\nmatch.user = u\nrelay_rate_up = none\n"),
		"bad.ini:3: promotion: shape limits nothing in [app x]");
	policy_free(policies_parse("[app *]\nrelay_rate_up = 2mbit\n"
				   "[app x]\nmatch.user = u\npromotion = shape\n"));
}

static void a_key_written_twice_in_one_file_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		policies_error_of("[agent]\nmode = monitor\n\nmode = monitor\n"),
		"bad.ini:4: mode: written twice in this file, first on line "
		"2");
	policies_assert_begins(
		policies_error_of("[app a]\nmatch.user = a\n[link]\n[app a]\n"
				  "match.user = b\n"),
		"bad.ini:5: match.user: written twice");
}

static void the_default_rule_must_not_match(void **state)
{
	(void)state;
	policies_assert_begins(policies_error_of("[app *]\nmatch.exe = /usr/bin/x\n"),
			       "bad.ini:2: match.exe: [app *] is for every program");
	policies_assert_begins(policies_error_of("[app *]\nmatch.user = x\n"),
			       "bad.ini:2: match.user: ");
}

static void a_section_without_a_match_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		policies_error_of(
			"[app x]\nmatch.user = u\n[app y]\nrate_up = 1mbit\n"),
		"bad.ini:3: [app y] matches nothing; expected at least one "
		"of match.client, match.trade, match.exe, match.unit, "
		"match.user, match.container");
	policies_assert_mentions(policies_error_of("[app empty]\n"),
				 "[app empty] matches nothing");
}

static void a_section_name_is_required_or_refused(void **state)
{
	(void)state;
	policies_assert_mentions(policies_error_of("[app]\n"),
				 "has no name; expected [app NAME]");
	policies_assert_mentions(policies_error_of("[app  ]\n"),
				 "has no name; expected [app NAME]");
	policies_assert_mentions(policies_error_of("[agent x]\n"),
				 "takes no name; expected [agent]");
}

static void a_key_before_any_section_is_refused(void **state)
{
	(void)state;
	policies_assert_begins(policies_error_of("mode = monitor\n"),
			       "bad.ini:1: mode: a key before any");
}

/* One file's last section does not reach into the next file. */
static void a_section_ends_with_its_file(void **state)
{
	const struct policy_source sources[] = {
		{"a.ini", "[agent]\n", 8},
		{"b.ini", "mode = monitor\n", 15},
	};
	struct policy *p = NULL;

	(void)state;
	assert_int_equal(policy_parse(sources, 2, &p, &error), -EINVAL);
	assert_string_equal(error.file, "b.ini");
	assert_null(p);
}

static void text_behind_a_section_is_refused(void **state)
{
	(void)state;
	policies_assert_mentions(policies_error_of("[agent] mode = monitor\n"),
				 "text behind");
	policies_assert_mentions(policies_error_of("[app x\nmatch.user = u\n"),
				 "no closing ']'");
	policies_assert_mentions(policies_error_of("[app ;x]\n"), "no closing ']'");
	policies_assert_mentions(policies_error_of("["), "no closing ']'");
}

static void a_line_without_a_value_is_refused(void **state)
{
	(void)state;
	assert_string_equal(policies_error_of("[agent]\n\nmonitor\n"),
			    "bad.ini:3: no '=' on the line; expected KEY = VALUE");
	policies_assert_begins(policies_error_of("[agent]\nmode =\n"),
			       "bad.ini:2: mode: no value");
	policies_assert_begins(policies_error_of("[agent]\nmode = ; monitor\n"),
			       "bad.ini:2: mode: no value");
}

static void the_first_mistake_is_reported(void **state)
{
	(void)state;
	policies_assert_begins(
		policies_error_of("[agent]\nnonsense\nmode = x\n[zzz]\n"),
		"bad.ini:2: no '='");
	policies_assert_begins(
		policies_error_of("[agent]\nmode = x\nnonsense\n[zzz]\n"),
		"bad.ini:2: mode: ");
}

static void a_continuation_line_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		policies_error_of("[link]\ntrusted = 10.0.0.0/8,\n  fd00::/8\n"),
		"bad.ini:2: trusted: an empty item in the list; remove a "
		"comma");
	assert_string_equal(
		policies_error_of("[link]\ntrusted = 10.0.0.0/8\n  , fd00::/8\n"),
		"bad.ini:3: the line begins with a blank; continuation "
		"lines are not supported, write KEY = VALUE on one line");
	policies_assert_begins(policies_error_of("[link]\n\tcapacity = auto\n"),
			       "bad.ini:2: the line begins");
}

static void a_line_longer_than_the_library_reads_is_refused(void **state)
{
	char text[1024] = "[app x]\nmatch.user = ";
	size_t begin = strlen(text);
	struct policy *p;

	(void)state;
	memset(text + begin, 'u', 184); /* 13 + 184 = 197 bytes, with LF and NUL 199 */
	p = policies_parse(text);
	assert_int_equal(strlen(p->rules[0].users.items[0]), 184);
	policy_free(p);
	memset(text + begin, 'u', 400);
	policies_assert_begins(policies_error_of(text),
			       "bad.ini:2: the line has 413 bytes, at most ");
}

static void what_is_not_text_is_refused(void **state)
{
	static const char nul[] = "[agent]\nmode = mon\0itor\n";
	static const char utf16[] = "\xff\xfe[\0a\0";

	(void)state;
	policies_assert_begins(policies_error_of_bytes(nul, sizeof(nul) - 1),
			       "bad.ini:2: not plain text");
	policies_assert_begins(policies_error_of_bytes(utf16, sizeof(utf16) - 1),
			       "bad.ini:1: not plain");
	policies_assert_begins(policies_error_of("# \033[2J\n"),
			       "bad.ini:1: not plain text");
	policies_assert_begins(policies_error_of("[app caf\xe9]\n"),
			       "bad.ini:1: not plain text");
	policies_assert_begins(policies_error_of_bytes("\0", 1),
			       "bad.ini:1: not plain text");
	policies_assert_begins(policies_error_of("[agent]\rmode = monitor\r"),
			       "bad.ini:1: a carriage return inside the line");
	policies_assert_begins(policies_error_of("; [agent]\rmode = monitor\r"),
			       "bad.ini:1: a carriage return inside the line");
}

static void words_of_the_file_are_shown_printable_and_short(void **state)
{
	(void)state;
	policies_assert_mentions(policies_error_of("[agent]\nmode = \u202exx\n"),
				 "'\\xe2\\x80\\xaexx'");
	policies_error_of(
		"[agent]\nmode = "
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
	policies_assert_mentions(policies_last_error()->text,
				 "expected enforce or monitor");
}

static void a_network_that_is_none_is_refused(void **state)
{
	(void)state;
	policies_assert_begins(
		policies_error_of("[link]\ntrusted = 10.0.0.0/8, 10.0.0.1/8\n"),
		"bad.ini:2: trusted: '10.0.0.1/8' is not a network, or has host "
		"bits set; expected");
	policies_assert_mentions(policies_error_of("[link]\ntrusted = office\n"),
				 "'office' is not a network");
	policies_assert_mentions(
		policies_error_of("[link]\ntrusted = 10.0.0.0/8,,::1\n"), "empty item");
}

static void trusted_none_takes_back_an_earlier_list(void **state)
{
	struct policy *p = policies_parse_layers("[link]\ntrusted = 10.0.0.0/8\n",
						 "[link]\ntrusted = none\n");

	(void)state;
	assert_int_equal(p->trusted_count, 0);
	policy_free(p);
}

static void a_mask_of_other_than_twelve_neighbours_is_refused(void **state)
{
	static const char *const bad[] = {"0xfff00001",	 "0xfffffffff00000",
					  "4293918720",	 "0xff0f0000",
					  "fff00000",	 "0x",
					  "0xfff00000x", "-0xfff00000"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "[agent]\nmark_mask = %s\n", bad[i]);
		policies_assert_mentions(policies_error_of(text),
					 "is not twelve neighbouring bits");
	}
}

static void an_executable_that_is_no_whole_path_is_refused(void **state)
{
	(void)state;
	policies_assert_mentions(
		policies_error_of("[app x]\nmatch.exe = skype\n"),
		"'skype' matches no whole path; expected e.g. /usr/bin/skype or "
		"*/skype");
}

static void habits_of_other_dialects_are_refused_in_lists(void **state)
{
	(void)state;
	policies_assert_mentions(policies_error_of("[app x]\nmatch.exe = \"/opt/x\"\n"),
				 "without quotes");
	policies_assert_mentions(
		policies_error_of("[app x]\nmatch.exe = /opt/x # my\n"),
		"begins with a blank");
	policies_assert_mentions(policies_error_of("[app x]\nmatch.exe = /opt/x;my\n"),
				 "begins with a blank");
}

static void too_many_sections_are_refused(void **state)
{
	const size_t size = 1200 * 64;
	char *text = malloc(size);
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 1025; i++)
		used += (size_t)snprintf(text + used, size - used,
					 "[app a%d]\nmatch.user = u\n", i);
	policies_assert_begins(policies_error_of(text),
			       "bad.ini:2049: more than 1024 sections");
	free(text);
}

static void an_error_is_formatted_without_what_is_empty(void **state)
{
	struct policy_error e = {"a.ini", 3, "mode", "is wrong"};
	char buf[64];

	(void)state;
	assert_string_equal(policy_error_format(&e, buf, sizeof(buf)),
			    "a.ini:3: mode: is wrong");
	e.line = 0;
	assert_string_equal(policy_error_format(&e, buf, sizeof(buf)),
			    "a.ini: mode: is wrong");
	e.key[0] = '\0';
	assert_string_equal(policy_error_format(&e, buf, sizeof(buf)),
			    "a.ini: is wrong");
	e.file[0] = '\0';
	assert_string_equal(policy_error_format(&e, buf, sizeof(buf)), "is wrong");
	assert_string_equal(policy_error_format(&e, buf, 3), "is");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_section_is_refused_with_the_nearest),
		cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest),
		cmocka_unit_test(a_reserve_is_a_part_or_a_rate),
		cmocka_unit_test(an_unknown_unit_is_refused_with_the_nearest),
		cmocka_unit_test(a_rate_that_is_none_is_refused),
		cmocka_unit_test(an_unknown_value_is_refused_with_the_nearest),
		cmocka_unit_test(forbid_and_block_need_no_rate),
		cmocka_unit_test(shape_without_a_rate_is_refused),
		cmocka_unit_test(a_key_written_twice_in_one_file_is_refused),
		cmocka_unit_test(the_default_rule_must_not_match),
		cmocka_unit_test(a_section_without_a_match_is_refused),
		cmocka_unit_test(a_section_name_is_required_or_refused),
		cmocka_unit_test(a_key_before_any_section_is_refused),
		cmocka_unit_test(a_section_ends_with_its_file),
		cmocka_unit_test(text_behind_a_section_is_refused),
		cmocka_unit_test(a_line_without_a_value_is_refused),
		cmocka_unit_test(the_first_mistake_is_reported),
		cmocka_unit_test(a_continuation_line_is_refused),
		cmocka_unit_test(a_line_longer_than_the_library_reads_is_refused),
		cmocka_unit_test(what_is_not_text_is_refused),
		cmocka_unit_test(words_of_the_file_are_shown_printable_and_short),
		cmocka_unit_test(a_network_that_is_none_is_refused),
		cmocka_unit_test(trusted_none_takes_back_an_earlier_list),
		cmocka_unit_test(a_mask_of_other_than_twelve_neighbours_is_refused),
		cmocka_unit_test(an_executable_that_is_no_whole_path_is_refused),
		cmocka_unit_test(habits_of_other_dialects_are_refused_in_lists),
		cmocka_unit_test(too_many_sections_are_refused),
		cmocka_unit_test(an_error_is_formatted_without_what_is_empty),
	};

	return cmocka_run_group_tests_name("policy_ini_errors", tests, NULL, NULL);
}
