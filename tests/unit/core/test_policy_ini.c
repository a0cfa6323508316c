/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/conffile.h"
#include "core/policy_ini.h"
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

/* --- helpers ---------------------------------------------------------------------- */

static struct policy *parse_layers(const char *first, const char *second)
{
	const struct policy_source sources[] = {
		{"first.ini", first, strlen(first)},
		{"second.ini", second ? second : "", second ? strlen(second) : 0},
	};
	struct policy *p = NULL;
	char text[600];

	if (policy_parse(sources, second ? 2 : 1, &p, &error) != 0)
		fail_msg("%s", policy_error_format(&error, text, sizeof(text)));
	return p;
}

static struct policy *parse(const char *text)
{
	return parse_layers(text, NULL);
}

/* The error, formatted; the policy must stay untouched. */
static const char *error_of_bytes(const char *text, size_t length)
{
	static char formatted[600];
	const struct policy_source source = {"bad.ini", text, length};
	struct policy *p = NULL;

	memset(&error, 0, sizeof(error));
	assert_int_equal(policy_parse(&source, 1, &p, &error), -EINVAL);
	assert_null(p);
	return policy_error_format(&error, formatted, sizeof(formatted));
}

static const char *error_of(const char *text)
{
	return error_of_bytes(text, strlen(text));
}

static void assert_begins(const char *text, const char *beginning)
{
	if (strncmp(text, beginning, strlen(beginning)) != 0)
		fail_msg("'%s' does not begin with '%s'", text, beginning);
}

static void assert_mentions(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' does not mention '%s'", text, part);
}

static const struct policy_setting *find_setting(const struct policy *p,
						 const char *section, const char *key)
{
	for (size_t i = 0; i < p->setting_count; i++)
		if (strcmp(p->settings[i].section, section) == 0 &&
		    strcmp(p->settings[i].key, key) == 0)
			return &p->settings[i];
	return NULL;
}

static void assert_setting(const struct policy *p, const char *section, const char *key,
			   const char *value, const char *file, unsigned int line)
{
	const struct policy_setting *s = find_setting(p, section, key);

	if (!s)
		fail_msg("[%s] %s is not shown", section, key);
	assert_string_equal(s->value, value);
	if (file)
		assert_string_equal(s->origin.file, file);
	else
		assert_null(s->origin.file);
	assert_int_equal(s->origin.line, line);
}

/* --- what is read ----------------------------------------------------------------- */

static void no_source_gives_the_built_in_default_with_its_settings(void **state)
{
	struct policy *p = NULL;

	(void)state;
	assert_int_equal(policy_parse(NULL, 0, &p, &error), 0);
	assert_int_equal(p->mode, MODE_ENFORCE);
	assert_int_equal(p->on_failure, ON_FAILURE_OPEN);
	assert_int_equal(p->mark_mask, POLICY_MARK_MASK_DEFAULT);
	assert_int_equal(p->capacity, 0);
	assert_int_equal(p->trusted_count, 0);
	assert_int_equal(p->rule_count, 0);
	assert_int_equal(p->setting_count, 11);
	assert_setting(p, "agent", "mode", "enforce", NULL, 0);
	assert_setting(p, "app *", "promotion", "warn", NULL, 0);
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
	written = parse(text);
	assert_int_equal(written->mode, built_in->mode);
	assert_int_equal(written->on_failure, built_in->on_failure);
	assert_int_equal(written->mark_mask, built_in->mark_mask);
	assert_int_equal(written->capacity, built_in->capacity);
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
	struct policy *p = parse("# comment\n"
				 "[agent]\n"
				 "mode = monitor ; inline comment\n"
				 "on_failure=closed\n"
				 "mark_mask = 0x000FFF00\n"
				 "\n"
				 "[link]\n"
				 "capacity = 100mbit\n"
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
				 "relay_rate_down = 512kbit\n");
	const struct policy_rule *r = &p->rules[0];

	(void)state;
	assert_int_equal(p->mode, MODE_MONITOR);
	assert_int_equal(p->on_failure, ON_FAILURE_CLOSED);
	assert_int_equal(p->mark_mask, 0x000fff00);
	assert_int_equal(p->capacity, 12500000);
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
	for (int key = 0; key < RULE_KEY_COUNT; key++) {
		assert_true(r->is_set[key]);
		assert_string_equal(r->origin[key].file, "first.ini");
	}
	assert_int_equal(r->origin[RULE_PROMOTION].line, 16);
	assert_int_equal(r->origin[RULE_RELAY_RATE_DOWN].line, 21);
	policy_free(p);
}

static void keys_that_are_left_out_are_not_set(void **state)
{
	struct policy *p = parse("[app x]\nmatch.user = u\nrate_up = none\n");

	(void)state;
	assert_true(p->rules[0].is_set[RULE_RATE_UP]);
	assert_int_equal(p->rules[0].rate_up, 0);
	assert_false(p->rules[0].is_set[RULE_PROMOTION]);
	assert_null(p->rules[0].origin[RULE_PROMOTION].file);
	assert_null(find_setting(p, "app x", "promotion"));
	policy_free(p);
}

static void a_later_layer_wins_key_by_key(void **state)
{
	struct policy *p = parse_layers("[agent]\nmode = monitor\non_failure = closed\n"
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
	assert_setting(p, "agent", "mode", "enforce", "second.ini", 6);
	assert_setting(p, "agent", "on_failure", "closed", "first.ini", 3);
	assert_setting(p, "app v", "rate_up", "2mbit", "second.ini", 2);
	assert_setting(p, "app v", "rate_down", "1mbit", "first.ini", 7);
	policy_free(p);
}

static void the_default_rule_comes_first_and_the_last_opened_last(void **state)
{
	struct policy *p = parse_layers("[app a]\nmatch.user = a\n"
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

static void settings_are_listed_section_by_section(void **state)
{
	struct policy *p = parse("[app v]\nrate_up = 1mbit\nmatch.user = u\n"
				 "[link]\ncapacity = 1gbit\n");

	(void)state;
	assert_int_equal(p->setting_count, 13);
	assert_string_equal(p->settings[0].section, "agent");
	assert_string_equal(p->settings[3].section, "link");
	assert_string_equal(p->settings[5].section, "app *");
	assert_string_equal(p->settings[11].section, "app v");
	assert_setting(p, "link", "capacity", "1gbit", "first.ini", 5);
	assert_setting(p, "link", "trusted", "none", NULL, 0);
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
	assert_setting(p, "app v", "match.user", "u", "name.ini", 2);
	policy_free(p);
}

static void
crlf_a_byte_order_mark_and_a_missing_last_newline_are_tolerated(void **state)
{
	struct policy *p = parse("\xef\xbb\xbf[agent]\r\n\r\nmode = monitor\r\n"
				 "on_failure = closed");

	(void)state;
	assert_int_equal(p->mode, MODE_MONITOR);
	assert_setting(p, "agent", "mode", "monitor", "first.ini", 3);
	assert_setting(p, "agent", "on_failure", "closed", "first.ini", 4);
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
	p = parse(text);
	assert_setting(p, "agent", "mode", "monitor", "first.ini", 5);
	policy_free(p);
}

static void a_section_name_may_be_longer_than_the_ini_library_keeps(void **state)
{
	struct policy *p;

	(void)state;
	p = parse(
		"[app this-is-a-name-that-is-well-above-fifty-bytes-long-and-ends-a]\n"
		"match.user = a\n"
		"[app this-is-a-name-that-is-well-above-fifty-bytes-long-and-ends-b]\n"
		"match.user = b\n");
	assert_int_equal(p->rule_count, 2);
	policy_free(p);
}

/* --- what is refused -------------------------------------------------------------- */

static void an_unknown_section_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_string_equal(
		error_of("\n[ap voice]\n"),
		"bad.ini:2: unknown section 'ap'; expected [agent], [link], "
		"[app NAME]");
	assert_begins(error_of("[agnet]\n"),
		      "bad.ini:1: unknown section 'agnet'; did you mean 'agent'?");
	assert_begins(error_of("[]\n"), "bad.ini:1: unknown section ''");
}

static void an_unknown_key_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_begins(error_of("[app x]\npromtion = warn\n"),
		      "bad.ini:2: promtion: unknown key 'promtion'; did you mean "
		      "'promotion'?");
	assert_string_equal(error.file, "bad.ini");
	assert_int_equal(error.line, 2);
	assert_string_equal(error.key, "promtion");
	assert_mentions(error_of("[link]\nrate_up = 1mbit\n"),
			"expected capacity, trusted");
	assert_mentions(error_of("[app x]\nzzz = 1\n"), "relay_rate_down");
	assert_begins(error_of("[agent]\n= 1\n"), "bad.ini:2: unknown key ''");
}

static void an_unknown_unit_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_string_equal(error_of("[app x]\nrate_up = 2mbits\n"),
			    "bad.ini:2: rate_up: unknown unit 'mbits'; did you mean "
			    "'mbit'? Expected e.g. 2mbit, 256kbit, 1MB/s or none");
	assert_mentions(error_of("[app x]\nrate_up = 2mb\n"), "unknown unit 'mb'");
	assert_mentions(error_of("[link]\ncapacity = 2mb\n"), "1MB/s or auto");
}

static void a_rate_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_mentions(error_of("[app x]\nrate_up = 1000\n"),
			"'1000' is not a rate without its unit; expected");
	assert_mentions(error_of("[app x]\nrate_up = 1.5.5mbit\n"),
			"'1.5.5mbit' is not a rate; expected");
	assert_mentions(error_of("[app x]\nrate_up = fast\n"), "'fast' is not a rate;");
	assert_mentions(error_of("[app x]\nrate_up = 0mbit\n"),
			"for no limit write none");
	assert_mentions(error_of("[app x]\nrate_up = 99999999999gbit\n"), "too large");
}

static void an_unknown_value_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_string_equal(error_of("[agent]\nmode = enfroce\n"),
			    "bad.ini:2: mode: unknown value 'enfroce'; did you mean "
			    "'enforce'? Expected enforce or monitor");
	assert_mentions(error_of("[agent]\non_failure = ajar\n"), "open or closed");
	assert_mentions(error_of("[app x]\nrelay_scope = leg\n"),
			"did you mean 'legs'?");
	assert_mentions(error_of("[app x]\npromotion = Warn\n"),
			"did you mean 'warn'?");
}

static void forbid_and_block_need_no_rate(void **state)
{
	struct policy *p = parse("[app *]\npromotion = block\n"
				 "[app x]\nmatch.user = u\npromotion = forbid\n");

	(void)state;
	assert_int_equal(p->rules[0].promotion, PROMOTION_BLOCK);
	assert_int_equal(p->rules[1].promotion, PROMOTION_FORBID);
	assert_string_equal(promotion_action_name(PROMOTION_BLOCK), "block");
	assert_string_equal(promotion_action_name(PROMOTION_FORBID), "forbid");
	policy_free(p);
	assert_mentions(error_of("[app *]\npromotion = frobid\n"),
			"did you mean 'forbid'?");
}

static void shape_without_a_rate_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		error_of("[app *]\npromotion = shape\n"),
		"bad.ini:2: promotion: shape limits nothing in [app *]; expected "
		"relay_rate_up or relay_rate_down there or in [app *]");
	assert_begins(error_of("[app *]\nrelay_rate_up = 2mbit\npromotion = shape\n"
			       "[app x]\nmatch.user = u\nrelay_rate_up = none\n"),
		      "bad.ini:3: promotion: shape limits nothing in [app x]");
	policy_free(parse("[app *]\nrelay_rate_up = 2mbit\n"
			  "[app x]\nmatch.user = u\npromotion = shape\n"));
}

static void a_key_written_twice_in_one_file_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		error_of("[agent]\nmode = monitor\n\nmode = monitor\n"),
		"bad.ini:4: mode: written twice in this file, first on line "
		"2");
	assert_begins(error_of("[app a]\nmatch.user = a\n[link]\n[app a]\n"
			       "match.user = b\n"),
		      "bad.ini:5: match.user: written twice");
}

static void the_default_rule_must_not_match(void **state)
{
	(void)state;
	assert_begins(error_of("[app *]\nmatch.exe = /usr/bin/x\n"),
		      "bad.ini:2: match.exe: [app *] is for every program");
	assert_begins(error_of("[app *]\nmatch.user = x\n"), "bad.ini:2: match.user: ");
}

static void a_section_without_a_match_is_refused(void **state)
{
	(void)state;
	assert_string_equal(
		error_of("[app x]\nmatch.user = u\n[app y]\nrate_up = 1mbit\n"),
		"bad.ini:3: [app y] matches nothing; expected at least one "
		"of match.client, match.trade, match.exe, match.unit, "
		"match.user, match.container");
	assert_mentions(error_of("[app empty]\n"), "[app empty] matches nothing");
}

static void a_section_name_is_required_or_refused(void **state)
{
	(void)state;
	assert_mentions(error_of("[app]\n"), "has no name; expected [app NAME]");
	assert_mentions(error_of("[app  ]\n"), "has no name; expected [app NAME]");
	assert_mentions(error_of("[agent x]\n"), "takes no name; expected [agent]");
}

static void a_key_before_any_section_is_refused(void **state)
{
	(void)state;
	assert_begins(error_of("mode = monitor\n"),
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
	assert_mentions(error_of("[agent] mode = monitor\n"), "text behind");
	assert_mentions(error_of("[app x\nmatch.user = u\n"), "no closing ']'");
	assert_mentions(error_of("[app ;x]\n"), "no closing ']'");
	assert_mentions(error_of("["), "no closing ']'");
}

static void a_line_without_a_value_is_refused(void **state)
{
	(void)state;
	assert_string_equal(error_of("[agent]\n\nmonitor\n"),
			    "bad.ini:3: no '=' on the line; expected KEY = VALUE");
	assert_begins(error_of("[agent]\nmode =\n"), "bad.ini:2: mode: no value");
	assert_begins(error_of("[agent]\nmode = ; monitor\n"),
		      "bad.ini:2: mode: no value");
}

static void the_first_mistake_is_reported(void **state)
{
	(void)state;
	assert_begins(error_of("[agent]\nnonsense\nmode = x\n[zzz]\n"),
		      "bad.ini:2: no '='");
	assert_begins(error_of("[agent]\nmode = x\nnonsense\n[zzz]\n"),
		      "bad.ini:2: mode: ");
}

static void a_continuation_line_is_refused(void **state)
{
	(void)state;
	assert_string_equal(error_of("[link]\ntrusted = 10.0.0.0/8,\n  fd00::/8\n"),
			    "bad.ini:2: trusted: an empty item in the list; remove a "
			    "comma");
	assert_string_equal(error_of("[link]\ntrusted = 10.0.0.0/8\n  , fd00::/8\n"),
			    "bad.ini:3: the line begins with a blank; continuation "
			    "lines are not supported, write KEY = VALUE on one line");
	assert_begins(error_of("[link]\n\tcapacity = auto\n"),
		      "bad.ini:2: the line begins");
}

static void a_line_longer_than_the_library_reads_is_refused(void **state)
{
	char text[1024] = "[app x]\nmatch.user = ";
	size_t begin = strlen(text);
	struct policy *p;

	(void)state;
	memset(text + begin, 'u', 184); /* 13 + 184 = 197 bytes, with LF and NUL 199 */
	p = parse(text);
	assert_int_equal(strlen(p->rules[0].users.items[0]), 184);
	policy_free(p);
	memset(text + begin, 'u', 400);
	assert_begins(error_of(text), "bad.ini:2: the line has 413 bytes, at most ");
}

static void what_is_not_text_is_refused(void **state)
{
	static const char nul[] = "[agent]\nmode = mon\0itor\n";
	static const char utf16[] = "\xff\xfe[\0a\0";

	(void)state;
	assert_begins(error_of_bytes(nul, sizeof(nul) - 1),
		      "bad.ini:2: not plain text");
	assert_begins(error_of_bytes(utf16, sizeof(utf16) - 1), "bad.ini:1: not plain");
	assert_begins(error_of("# \033[2J\n"), "bad.ini:1: not plain text");
	assert_begins(error_of("[app caf\xe9]\n"), "bad.ini:1: not plain text");
	assert_begins(error_of_bytes("\0", 1), "bad.ini:1: not plain text");
	assert_begins(error_of("[agent]\rmode = monitor\r"),
		      "bad.ini:1: a carriage return inside the line");
	assert_begins(error_of("; [agent]\rmode = monitor\r"),
		      "bad.ini:1: a carriage return inside the line");
}

static void words_of_the_file_are_shown_printable_and_short(void **state)
{
	(void)state;
	assert_mentions(error_of("[agent]\nmode = \u202exx\n"), "'\\xe2\\x80\\xaexx'");
	error_of(
		"[agent]\nmode = "
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
	assert_mentions(error.text, "expected enforce or monitor");
}

static void a_network_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_begins(error_of("[link]\ntrusted = 10.0.0.0/8, 10.0.0.1/8\n"),
		      "bad.ini:2: trusted: '10.0.0.1/8' is not a network, or has host "
		      "bits set; expected");
	assert_mentions(error_of("[link]\ntrusted = office\n"),
			"'office' is not a network");
	assert_mentions(error_of("[link]\ntrusted = 10.0.0.0/8,,::1\n"), "empty item");
}

static void trusted_none_takes_back_an_earlier_list(void **state)
{
	struct policy *p = parse_layers("[link]\ntrusted = 10.0.0.0/8\n",
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
		assert_mentions(error_of(text), "is not twelve neighbouring bits");
	}
}

static void an_executable_that_is_no_whole_path_is_refused(void **state)
{
	(void)state;
	assert_mentions(
		error_of("[app x]\nmatch.exe = skype\n"),
		"'skype' matches no whole path; expected e.g. /usr/bin/skype or "
		"*/skype");
}

static void habits_of_other_dialects_are_refused_in_lists(void **state)
{
	(void)state;
	assert_mentions(error_of("[app x]\nmatch.exe = \"/opt/x\"\n"),
			"without quotes");
	assert_mentions(error_of("[app x]\nmatch.exe = /opt/x # my\n"),
			"begins with a blank");
	assert_mentions(error_of("[app x]\nmatch.exe = /opt/x;my\n"),
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
	assert_begins(error_of(text), "bad.ini:2049: more than 1024 sections");
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
		cmocka_unit_test(settings_are_listed_section_by_section),
		cmocka_unit_test(values_live_as_long_as_the_policy),
		cmocka_unit_test(
			crlf_a_byte_order_mark_and_a_missing_last_newline_are_tolerated),
		cmocka_unit_test(comments_may_be_indented_and_longer_than_a_line),
		cmocka_unit_test(
			a_section_name_may_be_longer_than_the_ini_library_keeps),
		cmocka_unit_test(an_unknown_section_is_refused_with_the_nearest),
		cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest),
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
		cmocka_unit_test(the_shipped_default_limits_nothing),
		cmocka_unit_test(every_example_parses_on_top_of_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
