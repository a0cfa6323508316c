/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_watch_take: messages by hand, and what a real kernel said (the fuzzer's seeds).
 */
#include "kernel/nft_watch.h"
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OWN 7777
#define OTHER 4711
#define SEEDS "tests/fuzz/corpus/nft_watch/"

static struct nft_watch_state new_state(void)
{
	return (struct nft_watch_state){.table = "relaywarden", .own_port = OWN};
}

static uint32_t buf[4096];

static struct nlmsghdr *message(uint16_t type, uint32_t port, uint8_t family)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *header;

	m->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	m->nlmsg_pid = port;
	m->nlmsg_seq = 5;
	header = mnl_nlmsg_put_extra_header(m, sizeof(*header));
	header->nfgen_family = family;
	return m;
}

static bool take_change(struct nft_watch_state *s, uint16_t type, uint32_t port,
			uint8_t family, const char *table)
{
	struct nlmsghdr *m = message(type, port, family);

	mnl_attr_put_strz(m, NFTA_RULE_TABLE, table);
	return nft_watch_take(s, m);
}

static bool take_end(struct nft_watch_state *s, uint32_t port)
{
	struct nlmsghdr *m = message(NFT_MSG_NEWGEN, port, 0);

	mnl_attr_put_u32(m, NFTA_GEN_ID, htonl(9));
	mnl_attr_put_u32(m, NFTA_GEN_PROC_PID, htonl(1234));
	mnl_attr_put_strz(m, NFTA_GEN_PROC_NAME, "firewalld");
	return nft_watch_take(s, m);
}

static void a_change_of_our_table_is_told_with_its_culprit(void **state)
{
	struct nft_watch_state s = new_state();

	(void)state;
	assert_false(
		take_change(&s, NFT_MSG_DELRULE, OTHER, NFPROTO_INET, "relaywarden"));
	assert_true(take_end(&s, OTHER));
	assert_int_equal(s.change.parts, NFT_PART_RULE);
	assert_int_equal(s.change.changes, 1);
	assert_int_equal(s.change.pid, 1234);
	assert_string_equal(s.change.process, "firewalld");
}

static void what_is_not_about_us_is_not_told(void **state)
{
	struct nft_watch_state s = new_state();

	(void)state;
	take_change(&s, NFT_MSG_NEWRULE, OTHER, NFPROTO_INET, "firewalld");
	take_change(&s, NFT_MSG_NEWRULE, OTHER, NFPROTO_INET, "relaywarden2");
	take_change(&s, NFT_MSG_NEWRULE, OTHER, NFPROTO_INET, "relaywarde");
	take_change(&s, NFT_MSG_NEWRULE, OTHER, NFPROTO_IPV4, "relaywarden");
	assert_false(take_end(&s, OTHER));
}

static void our_own_transactions_are_not_told(void **state)
{
	struct nft_watch_state s = new_state();

	(void)state;
	take_change(&s, NFT_MSG_NEWRULE, OWN, NFPROTO_INET, "relaywarden");
	assert_false(take_end(&s, OWN));
	assert_false(take_end(&s, OTHER));
}

static void a_quota_that_the_kernel_says_is_used_up_is_no_tampering(void **state)
{
	struct nft_watch_state s = new_state();

	(void)state;
	take_change(&s, NFT_MSG_NEWOBJ, 0, NFPROTO_INET, "relaywarden");
	assert_false(take_end(&s, OTHER));
}

static void the_end_of_another_transaction_names_nobody(void **state)
{
	struct nft_watch_state s = new_state();

	(void)state;
	take_change(&s, NFT_MSG_DELTABLE, OTHER, NFPROTO_INET, "relaywarden");
	assert_true(take_end(&s, OTHER + 1));
	assert_true(s.change.is_removed);
	assert_int_equal(s.change.pid, 0);
	assert_string_equal(s.change.process, "");
}

/* The change that a recorded transaction ends with; none: false. */
static bool replay(const char *name, struct nft_foreign_change *ret_change)
{
	struct nft_watch_state s = new_state();
	char path[128];
	const struct nlmsghdr *m = (const struct nlmsghdr *)buf;
	bool is_told = false;
	FILE *f;
	int rest;

	snprintf(path, sizeof(path), SEEDS "%s", name);
	f = fopen(path, "re");
	assert_non_null(f);
	rest = (int)fread(buf, 1, sizeof(buf), f);
	fclose(f);
	for (; mnl_nlmsg_ok(m, rest); m = mnl_nlmsg_next(m, &rest))
		if (nft_watch_take(&s, m)) {
			*ret_change = s.change;
			is_told = true;
		}
	return is_told;
}

static void what_a_kernel_says_is_understood(void **state)
{
	static const struct {
		const char *name, *text;
	} cases[] = {
		{"create", "changed (the table, chains)"},
		{"rule", "changed (rules)"},
		{"set", "changed (sets, elements)"},
		{"object", "changed (counters or limits)"},
		{"dormant", "changed (the table)"},
		{"flush", "removed"},
	};
	struct nft_foreign_change c;
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(replay(cases[i].name, &c));
		assert_string_equal(nft_change_describe(&c, text, sizeof(text)),
				    cases[i].text);
		assert_string_equal(c.process, "nft");
		assert_int_not_equal(c.pid, 0);
	}
	assert_false(replay("foreign", &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_of_our_table_is_told_with_its_culprit),
		cmocka_unit_test(what_is_not_about_us_is_not_told),
		cmocka_unit_test(our_own_transactions_are_not_told),
		cmocka_unit_test(
			a_quota_that_the_kernel_says_is_used_up_is_no_tampering),
		cmocka_unit_test(the_end_of_another_transaction_names_nobody),
		cmocka_unit_test(what_a_kernel_says_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
