/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/catalogue.h"
#include "core/policy_ini.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct policy_error error;

static struct catalogue *parse_layers(const char *first, const char *second)
{
	const struct policy_source sources[] = {
		{"first.ini", first, strlen(first)},
		{"second.ini", second, strlen(second)},
	};
	struct catalogue *c = NULL;
	char text[600];

	if (catalogue_parse(sources, 2, &c, &error) != 0)
		fail_msg("%s", policy_error_format(&error, text, sizeof(text)));
	return c;
}

static void assert_refused(const char *text, const char *message)
{
	const struct policy_source source = {"bad.ini", text, strlen(text)};
	struct catalogue *c = NULL;
	char shown[600];

	assert_int_equal(catalogue_parse(&source, 1, &c, &error), -EINVAL);
	assert_null(c);
	assert_string_equal(policy_error_format(&error, shown, sizeof(shown)), message);
}

static const char *find(const struct catalogue *c, const char *exe, const char *unit)
{
	struct app_identity identity = {.kind = APP_KIND_EXE};
	struct catalogue_match m;

	snprintf(identity.exe, sizeof(identity.exe), "%s", exe);
	snprintf(identity.unit, sizeof(identity.unit), "%s", unit);
	m = catalogue_find(c, &identity);
	return m.client ? m.client->id : "(none)";
}

#define A "[client a]\ntitle = A title\nword = hub\nforbid = a; b = c\n"

static void a_client_is_read(void **state)
{
	struct catalogue *c =
		parse_layers(A "match.exe = */a, /b\nmatch.unit = a.service\n", "");

	(void)state;
	assert_int_equal(c->count, 1);
	assert_string_equal(c->clients[0].id, "a");
	assert_string_equal(c->clients[0].title, "A title");
	assert_string_equal(c->clients[0].word, "hub");
	assert_string_equal(c->clients[0].forbid, "a; b = c");
	assert_int_equal(c->clients[0].exe_count, 2);
	assert_string_equal(c->clients[0].exes[1], "/b");
	assert_int_equal(c->clients[0].unit_count, 1);
	assert_string_equal(c->clients[0].units[0], "a.service");
	catalogue_free(c);
}

static void its_own_setting_is_read_as_it_is_to_be_typed(void **state)
{
	struct catalogue *c = parse_layers(
		A "match.exe = */a\nwhen = reachable, 1 h\nreachable = no\n"
		  "forbid.file = /etc/a.conf, ~/.a/conf\n"
		  "forbid.line = relay = \"off\"\nforbid.command = a --off \"x\"\n"
		  "relays.argument = -r, --hub=*\nrelays.file = /etc/a.conf\n"
		  "relays.line = relay = on\n",
		"[client b]\ntitle = B\nword = w\nforbid = f\nmatch.exe = /b\n");
	const struct catalogue_client *a = &c->clients[0], *b = &c->clients[1];

	(void)state;
	assert_string_equal(a->when, "reachable, 1 h");
	assert_string_equal(a->forbid_line, "relay = \"off\"");
	assert_string_equal(a->forbid_command, "a --off \"x\"");
	assert_int_equal(a->forbid_file_count, 2);
	assert_string_equal(a->forbid_files[1], "~/.a/conf");
	assert_int_equal(a->relay_argument_count, 2);
	assert_string_equal(a->relay_arguments[1], "--hub=*");
	assert_int_equal(a->relay_file_count, 1);
	assert_string_equal(a->relay_lines[0], "relay = on");
	assert_false(a->needs_inbound);
	assert_string_equal(b->when, "");
	assert_string_equal(b->forbid_line, "");
	assert_string_equal(b->forbid_command, "");
	assert_int_equal(b->forbid_file_count, 0);
	assert_true(b->needs_inbound);
	catalogue_free(c);
}

static void a_setting_that_nobody_could_type_is_refused(void **state)
{
	(void)state;
	assert_refused(A "forbid.file = a.conf\n",
		       "bad.ini:5: forbid.file: 'a.conf' is no whole path; expected "
		       "e.g. /etc/a.conf or ~/.config/a");
	assert_refused(A "match.exe = /a\nforbid.file = /etc/a\n",
		       "bad.ini:1: forbid.line: [client a] has a line without a file, "
		       "or a file without a line; expected both forbid.file and "
		       "forbid.line");
	assert_refused(A "match.exe = /a\nforbid.line = a\n",
		       "bad.ini:1: forbid.line: [client a] has a line without a file, "
		       "or a file without a line; expected both forbid.file and "
		       "forbid.line");
	assert_refused(A "relays.file = /home/a/conf\n",
		       "bad.ini:5: relays.file: '/home/a/conf' is not below /etc; "
		       "expected e.g. /etc/a.conf");
	assert_refused(A "relays.file = /etc/../home/a\n",
		       "bad.ini:5: relays.file: '/etc/../home/a' is not below /etc; "
		       "expected e.g. /etc/a.conf");
	assert_refused(A "match.exe = /a\nrelays.line = a\n",
		       "bad.ini:1: relays.line: [client a] has a line without a file, "
		       "or a file without a line; expected both relays.file and "
		       "relays.line");
	assert_refused(A "reachable = perhaps\n",
		       "bad.ini:5: reachable: unknown value 'perhaps'; expected no or "
		       "yes");
}

static void no_file_is_an_empty_catalogue(void **state)
{
	struct catalogue *c = NULL;

	(void)state;
	assert_int_equal(catalogue_parse(NULL, 0, &c, &error), 0);
	assert_int_equal(c->count, 0);
	assert_string_equal(find(c, "/usr/bin/x", "x.service"), "(none)");
	catalogue_free(c);
	catalogue_free(NULL);
}

static void a_client_is_found_by_path_or_by_unit(void **state)
{
	struct catalogue *c =
		parse_layers(A "match.exe = */a\nmatch.unit = a@*.service\n", "");

	(void)state;
	assert_string_equal(find(c, "/usr/bin/a", ""), "a");
	assert_string_equal(find(c, "/opt/x/a", ""), "a");
	assert_string_equal(find(c, "", "a@1.service"), "a");
	assert_string_equal(find(c, "/usr/bin/ab", "a.service"), "(none)");
	assert_string_equal(find(c, "/usr/bin/a (deleted)", ""), "(none)");
	assert_string_equal(find(c, "", ""), "(none)");
	catalogue_free(c);
}

static void an_empty_field_matches_no_glob(void **state)
{
	struct catalogue *c = parse_layers(A "match.unit = *\n", "");

	(void)state;
	assert_string_equal(find(c, "/usr/bin/a", ""), "(none)");
	assert_string_equal(find(c, "/usr/bin/a", "x"), "a");
	catalogue_free(c);
}

static void a_later_layer_wins_key_by_key_and_over_other_clients(void **state)
{
	struct catalogue *c =
		parse_layers(A "match.exe = */a\n"
			       "[client b]\ntitle = B\nword = w\nforbid = f\n"
			       "match.exe = */b, */a\n",
			     "[client a]\nword = relay\n");

	(void)state;
	assert_int_equal(c->count, 2);
	assert_string_equal(find(c, "/a", ""), "a");
	assert_string_equal(find(c, "/b", ""), "b");
	assert_string_equal(c->clients[1].word, "relay");
	assert_string_equal(c->clients[1].title, "A title");
	catalogue_free(c);
}

static void an_incomplete_client_is_refused(void **state)
{
	(void)state;
	assert_refused(
		"[client a]\ntitle = A\nword = w\nmatch.exe = /a\n",
		"bad.ini:1: [client a] is not complete; expected title, and word "
		"and forbid or trade");
	assert_refused("\n[client a]\ntitle = A\nword = w\nforbid = f\n",
		       "bad.ini:2: [client a] matches nothing; expected match.exe or "
		       "match.unit");
}

static void a_relay_by_trade_needs_no_word_and_no_switch(void **state)
{
	struct catalogue *c = parse_layers("[client a]\ntitle = A\ntrade = mail relay\n"
					   "match.exe = /usr/sbin/a\n",
					   "[client b]\ntitle = B\nword = w\n"
					   "forbid = f\nmatch.exe = /b\n");

	(void)state;
	assert_string_equal(c->clients[0].trade, "mail relay");
	assert_string_equal(c->clients[0].word, "mail relay");
	assert_string_equal(c->clients[0].forbid, "");
	assert_null(c->clients[1].trade);
	catalogue_free(c);
	assert_refused(
		"[client a]\ntrade = mail relay\nmatch.exe = /a\n",
		"bad.ini:1: [client a] is not complete; expected title, and word "
		"and forbid or trade");
}

/* --- what proves a trade ---------------------------------------------------------- */

static const char *doubt_of(const struct catalogue *c, struct app_identity identity,
			    enum app_kind kind, uint32_t uid)
{
	struct catalogue_match m;

	identity.kind = kind;
	identity.uid = uid;
	m = catalogue_find(c, &identity);
	if (m.client)
		return m.unproved ? "both" : "proved";
	return m.unproved ? catalogue_doubt_text(m.doubt) : "(none)";
}

#define TRADE                                                                          \
	"[client p]\ntitle = P\ntrade = reverse proxy\nmatch.exe = /usr/sbin/p\n"      \
	"match.unit = p.service\n"

#define USERNS                                                                         \
	"it runs in a user namespace of its own, where any program can be given any "  \
	"path"
#define PERSON "an ordinary user runs it, who can make any program do as he likes"
#define LOOSE "others than root can write its executable"
#define UNIT "it is a unit of a user, who can give it any name"

static void a_trade_is_believed_where_root_alone_chose_what_runs(void **state)
{
	static const struct {
		struct app_identity identity;
		enum app_kind kind;
		uint32_t uid;
		const char *doubt;
	} cases[] = {
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 0, "proved"},
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 33, "proved"},
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 999, "proved"},
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 61184, "proved"},
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 65519, "proved"},
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 65534, "proved"},
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 1000, PERSON},
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 60000, PERSON},
		{{.exe = "/usr/sbin/p"}, APP_KIND_EXE, 100000, PERSON},
		{{.exe = "/usr/sbin/p"}, APP_KIND_UNIT, 1000, "proved"},
		{{.exe = "/usr/sbin/p"}, APP_KIND_CONTAINER, 1001, "proved"},
		{{.exe = "/usr/sbin/p", .is_users_own = true},
		 APP_KIND_UNIT,
		 1000,
		 PERSON},
		{{.exe = "/usr/sbin/p", .is_users_own = true},
		 APP_KIND_CONTAINER,
		 1000,
		 PERSON},
		{{.exe = "/usr/sbin/p", .is_in_userns = true},
		 APP_KIND_EXE,
		 33,
		 USERNS},
		{{.exe = "/usr/sbin/p", .is_in_userns = true},
		 APP_KIND_CONTAINER,
		 0,
		 USERNS},
		{{.exe = "/usr/sbin/p", .is_exe_loose = true}, APP_KIND_EXE, 33, LOOSE},
		{{.unit = "p.service"}, APP_KIND_UNIT, 0, "proved"},
		{{.unit = "p.service", .is_in_userns = true, .is_exe_loose = true},
		 APP_KIND_UNIT,
		 0,
		 "proved"},
		{{.unit = "p.service", .is_users_own = true}, APP_KIND_UNIT, 33, UNIT},
		{{.exe = "/usr/sbin/p", .unit = "p.service", .is_users_own = true},
		 APP_KIND_UNIT,
		 1000,
		 PERSON},
	};
	struct catalogue *c = parse_layers(TRADE, "");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(
			doubt_of(c, cases[i].identity, cases[i].kind, cases[i].uid),
			cases[i].doubt);
	catalogue_free(c);
}

/* It is no trade, and the client that another section says is a client. */
static void an_unproved_trade_leaves_room_for_a_client(void **state)
{
	struct catalogue *c = parse_layers(A "match.exe = */p\n", "\n\n" TRADE);
	struct app_identity identity = {.kind = APP_KIND_EXE, .exe = "/usr/sbin/p"};
	struct catalogue_match m;

	(void)state;
	m = catalogue_find(c, &identity);
	assert_string_equal(m.client->id, "p");
	assert_null(m.unproved);
	identity.uid = 1000;
	m = catalogue_find(c, &identity);
	assert_string_equal(m.client->id, "a");
	assert_string_equal(m.unproved->id, "p");
	assert_int_equal(m.doubt, CATALOGUE_DOUBT_PERSON);
	catalogue_free(c);
}

static void what_is_unknown_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_refused("[cleint a]\n",
		       "bad.ini:1: unknown section 'cleint'; did you mean "
		       "'client'? Expected [client ID]");
	assert_refused(
		"[client a]\ntitel = A\n",
		"bad.ini:2: titel: unknown key 'titel'; did you mean 'title'? "
		"Expected title, word, when, forbid, forbid.line, forbid.command, "
		"forbid.file, relays.argument, relays.line, relays.file, reachable, "
		"trade, login, match.exe, match.unit");
	assert_refused("[client]\n", "bad.ini:1: the section has no name; expected "
				     "[client ID]");
	assert_refused(A "title = B\n", "bad.ini:5: title: written twice in this file, "
					"first on line 2");
	assert_refused(A "match.exe = a\n",
		       "bad.ini:5: match.exe: 'a' matches no whole path; expected e.g. "
		       "/usr/bin/a or */a");
}

static void what_people_log_in_through_is_of_a_trade(void **state)
{
	struct catalogue *c = parse_layers("[client a]\ntitle = A\ntrade = jump host\n"
					   "login = yes\nmatch.exe = /a\n",
					   "[client a]\nlogin = no\n"
					   "[client b]\ntitle = B\ntrade = x\n"
					   "login = yes\nmatch.exe = /b\n");

	(void)state;
	assert_false(c->clients[0].is_login);
	assert_true(c->clients[1].is_login);
	catalogue_free(c);
	assert_refused(A "login = yes\nmatch.exe = /a\n",
		       "bad.ini:1: login: [client a] has no trade; expected one, such "
		       "as remote login");
	assert_refused(A "login = maybe\nmatch.exe = /a\n",
		       "bad.ini:5: login: unknown value 'maybe'; expected no or yes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_is_read),
		cmocka_unit_test(its_own_setting_is_read_as_it_is_to_be_typed),
		cmocka_unit_test(a_setting_that_nobody_could_type_is_refused),
		cmocka_unit_test(no_file_is_an_empty_catalogue),
		cmocka_unit_test(a_client_is_found_by_path_or_by_unit),
		cmocka_unit_test(an_empty_field_matches_no_glob),
		cmocka_unit_test(a_later_layer_wins_key_by_key_and_over_other_clients),
		cmocka_unit_test(an_incomplete_client_is_refused),
		cmocka_unit_test(a_trade_is_believed_where_root_alone_chose_what_runs),
		cmocka_unit_test(an_unproved_trade_leaves_room_for_a_client),
		cmocka_unit_test(what_is_unknown_is_refused_with_the_nearest),
		cmocka_unit_test(a_relay_by_trade_needs_no_word_and_no_switch),
		cmocka_unit_test(what_people_log_in_through_is_of_a_trade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
