/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scrub.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_scrubbed(struct scrub *s, const char *text, const char *expected)
{
	char *clean = scrub_text(s, text);

	assert_non_null(clean);
	assert_string_equal(clean, expected);
	free(clean);
}

static void addresses_become_the_same_pseudonym_everywhere(void **state)
{
	assert_scrubbed(*state, "198.18.0.7 called, 198.18.0.9:4000 did not",
			"addr1 called, addr2:4000 did not");
	assert_scrubbed(*state, "\"from\": \"198.18.0.9\"", "\"from\": \"addr2\"");
	assert_scrubbed(*state, "2001:db8::7, [2001:db8::8]:443, ::ffff:198.18.0.7.",
			"addr3, [addr4]:443, addr5.");
	assert_scrubbed(*state, "x198.18.0.7y src=198.18.0.7", "xaddr1y src=addr1");
	assert_scrubbed(*state, "2001:DB8:0:0:1:2:3:4/64 198.18.0.0/16",
			"addr6/64 addr7/16");
}

static void what_is_the_same_on_every_computer_stays(void **state)
{
	const char *text =
		"127.0.0.1 ::1 :: 0.0.0.0 10.0.0.0/8, fd00::/8 192.168.0.0/16";

	assert_scrubbed(*state, text, text);
	assert_scrubbed(*state, "10.0.0.0 10.1.0.0/16 192.168.0.0/24",
			"addr1 addr2/16 addr3/24");
}

static void times_versions_and_hashes_are_no_addresses(void **state)
{
	const char *text =
		"2026-11-28T12:34:56 6.18.0 a1b2c3d4e5f6 1.2.3 x:y:z fe: 12:30";

	assert_scrubbed(*state, text, text);
}

static void hardware_addresses_become_pseudonyms(void **state)
{
	assert_scrubbed(*state, "lladdr 02:00:5e:10:00:01 dev eth0",
			"lladdr mac1 dev eth0");
}

static void users_are_taken_out_where_they_are_whole_words(void **state)
{
	scrub_add_user(*state, "anna");
	scrub_add_user(*state, "jean-luc.p");
	scrub_add_host(*state, "office-pc");
	scrub_add_host(*state, "");
	assert_scrubbed(*state,
			"\"user\": \"anna\", by anna (uid 1000), anna's, hannah",
			"\"user\": \"user1\", by user1 (uid 1000), user1's, hannah");
	assert_scrubbed(*state, "exe:/opt/x@anna jean-luc.p. jean-luc",
			"exe:/opt/x@user1 user2. jean-luc");
	assert_scrubbed(*state, "Nov 28 office-pc relaywardend[7]: office",
			"Nov 28 host1 relaywardend[7]: office");
}

static void homes_tell_whose_they_are_and_no_more(void **state)
{
	scrub_add_user(*state, "anna");
	assert_scrubbed(*state, "\"exe\": \"/home/anna/private/affair/prog\", 1",
			"\"exe\": \"~user1/.../prog\", 1");
	assert_scrubbed(*state, "/home/bob/prog /home/bob /home/anna/anna-prog",
			"~user2/prog ~user2 ~user1/user1-prog");
	assert_scrubbed(*state, "match.exe = /home/*/prog", "match.exe = /home/*/prog");
	assert_scrubbed(*state, "bob", "user2");
}

static void secrets_are_left_out(void **state)
{
	assert_scrubbed(*state, "token=abc123 x", "token=(left out) x");
	assert_scrubbed(*state, "\"api_key\": \"abc\",",
			"\"api_key\": \"(left out)\",");
	assert_scrubbed(*state, "Password: hunter2", "Password: (left out)");
	assert_scrubbed(*state, "a secret is none", "a secret is none");
	assert_scrubbed(*state, "https://me:pw@example.org/path?key=1 b",
			"https://example.org/path b");
	assert_scrubbed(*state, "why? because", "why? because");
}

static void a_network_may_keep_its_addresses_on_request(void **state)
{
	struct scrub *s = scrub_new(true);

	(void)state;
	assert_non_null(s);
	scrub_add_user(s, "anna");
	assert_scrubbed(s, "anna 198.18.0.7 02:00:5e:10:00:01",
			"user1 198.18.0.7 02:00:5e:10:00:01");
	scrub_free(s);
}

static void any_bytes_come_through(void **state)
{
	assert_scrubbed(*state, "", "");
	assert_scrubbed(*state, "/home/", "/home/");
	assert_scrubbed(*state, "\xff\xfe: h\u00e9", "\xff\xfe: h\u00e9");
	assert_scrubbed(*state, "token=", "token=(left out)");
	assert_scrubbed(*state, "::::: 1.2.3.4.5", "::::: addr1.5");
}

static int setup(void **state)
{
	*state = scrub_new(false);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	scrub_free(*state);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_become_the_same_pseudonym_everywhere),
		TEST(what_is_the_same_on_every_computer_stays),
		TEST(times_versions_and_hashes_are_no_addresses),
		TEST(hardware_addresses_become_pseudonyms),
		TEST(users_are_taken_out_where_they_are_whole_words),
		TEST(homes_tell_whose_they_are_and_no_more),
		TEST(secrets_are_left_out),
		TEST(a_network_may_keep_its_addresses_on_request),
		TEST(any_bytes_come_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
