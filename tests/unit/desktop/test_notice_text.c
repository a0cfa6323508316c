/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui-cli/desktop/desktop.h"
#include "ui-cli/desktop/notice_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MINE 1000

/* One application, as Status has it, promoted and mine unless `changes` say otherwise.
 */
static size_t find(const char *changes, uid_t user, struct promotion *ret_promotion)
{
	json_t *app = json_pack(
		"{s:s, s:s, s:i, s:s, s:b, s:i, s:s, s:s, s:s, s:i, s:b}", "key",
		"exe:/usr/bin/relay:1000", "name", "relay", "uid", MINE, "role",
		"relay", "promoted", 1, "since", 1000, "decision", "warn", "rule", "*",
		"rule_file", "/etc/relaywarden/policy.d/50-office.ini", "rule_line", 3,
		"enforced", 1);
	json_t *changed = json_loads(changes, 0, NULL), *list = json_array();
	size_t count;

	assert_non_null(app);
	assert_non_null(changed);
	json_object_update(app, changed);
	json_array_append_new(list, app);
	count = notice_find_promotions(list, user, ret_promotion, 1);
	json_decref(changed);
	json_decref(list);
	return count;
}

static void a_program_of_mine_that_relays_is_told_of(void **state)
{
	struct promotion p;

	(void)state;
	assert_int_equal(find("{}", MINE, &p), 1);
	assert_string_equal(p.key, "exe:/usr/bin/relay:1000");
	assert_int_equal(p.since, 1000);
	assert_string_equal(p.title, "relay works for strangers");
	assert_string_equal(p.body,
			    "It passes strangers' traffic on, over this computer's "
			    "network.\nNothing is limited: so says [app *] "
			    "50-office.ini:3.\nWhy, and how to stop it: agentctl "
			    "explain relay");
}

static void what_is_done_about_it_is_said_with_its_line(void **state)
{
	struct promotion p;

	(void)state;
	find("{\"decision\": \"shape\", \"limited\": true, \"limits\": "
	     "[{\"direction\": "
	     "\"out\", \"scope\": \"legs\", \"bytes_per_second\": 250000}]}",
	     MINE, &p);
	assert_non_null(strstr(p.body, "Policy: limited to 2 Mbit/s out (relayed "
				       "flows), because of [app *] 50-office.ini:3."));
	find("{\"decision\": \"forbid\", \"cuts\": [\"legs\"]}", MINE, &p);
	assert_non_null(strstr(p.body, "its relayed connections are cut"));
	find("{\"decision\": \"shape\", \"enforced\": false}", MINE, &p);
	assert_non_null(strstr(p.body, "would shape (monitor mode)"));
	find("{\"role\": \"supernode\"}", MINE, &p);
	assert_non_null(strstr(p.body, "a hub that many strangers lean on"));
}

static void what_is_not_as_its_name_says_is_said(void **state)
{
	struct promotion p;

	(void)state;
	find("{\"impostor\": [{\"reason\": \"deleted\", \"text\": \"its file was "
	     "deleted\"}]}",
	     MINE, &p);
	assert_non_null(strstr(p.body,
			       "\nIt may not be what its name says: its file was "
			       "deleted\n"));
	find("{\"impostor\": []}", MINE, &p);
	assert_null(strstr(p.body, "its name says"));
}

static void those_of_others_are_not_and_those_allowed_are_marked(void **state)
{
	struct promotion p;

	(void)state;
	assert_int_equal(find("{\"uid\": 1001}", MINE, &p), 0);
	assert_int_equal(find("{\"uid\": 1001}", ANY_USER, &p), 1);
	assert_int_equal(find("{\"promoted\": false}", MINE, &p), 0);
	assert_false(p.is_allowed);
	assert_int_equal(find("{\"decision\": \"allow\"}", ANY_USER, &p), 1);
	assert_true(p.is_allowed);
	assert_non_null(strstr(p.body, "It is allowed to: so says [app *]"));
}

static void a_hostile_name_is_harmless(void **state)
{
	struct promotion p;
	char markup[256];

	(void)state;
	find("{\"name\": \"\\u001b[31m<b>&\\u202egpj\"}", MINE, &p);
	assert_null(strchr(p.title, '\x1b'));
	assert_null(strchr(p.body, '\x1b'));
	assert_null(strstr(p.title, "\u202e"));
	desktop_escape_markup(p.title, markup, sizeof(markup));
	assert_non_null(strstr(markup, "&lt;b&gt;&amp;"));
	assert_null(strchr(markup, '<'));
}

static void markup_is_cut_between_characters(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(desktop_escape_markup("abcdef&", buf, sizeof(buf)),
			    "abcdef");
	assert_string_equal(desktop_escape_markup("abcdef\u00e4", buf, sizeof(buf)),
			    "abcdef");
	assert_string_equal(desktop_escape_markup("", buf, sizeof(buf)), "");
}

static void a_reply_without_sense_has_none(void **state)
{
	static const char *const replies[] = {"[]", "[1, null, \"x\", []]", "[{}]",
					      "[{\"promoted\": \"yes\"}]"};
	struct promotion p;

	(void)state;
	assert_int_equal(notice_find_promotions(NULL, ANY_USER, &p, 1), 0);
	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		json_t *reply = json_loads(replies[i], 0, NULL);

		assert_int_equal(notice_find_promotions(reply, ANY_USER, &p, 1), 0);
		json_decref(reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_of_mine_that_relays_is_told_of),
		cmocka_unit_test(what_is_done_about_it_is_said_with_its_line),
		cmocka_unit_test(what_is_not_as_its_name_says_is_said),
		cmocka_unit_test(those_of_others_are_not_and_those_allowed_are_marked),
		cmocka_unit_test(a_hostile_name_is_harmless),
		cmocka_unit_test(markup_is_cut_between_characters),
		cmocka_unit_test(a_reply_without_sense_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
