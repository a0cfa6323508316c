/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../nft_rule_text.h"
#include <endian.h>
#include <libnftnl/chain.h>
#include <libnftnl/table.h>

/* --- rules -------------------------------------------------------------------- */

static void both_chains_have_their_rules_in_order(void **state)
{
	static const char *const names[] = {
		"meta cmp immediate",
		"ct bitwise cmp immediate",
		"ct bitwise cmp ct byteorder cmp ct bitwise ct",
		"ct bitwise objref",
		"meta cmp payload lookup immediate",
		"meta cmp payload lookup immediate",
		"immediate",
		"immediate",
		"ct bitwise objref immediate",
		"ct bitwise objref immediate",
		"",
	};
	struct encoded e = encode_create(0xfff00000);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct rule_text in = rule_of(&e, "input", i);
		struct rule_text out = rule_of(&e, "output", i);

		assert_string_equal(in.names, names[i]);
		assert_string_equal(out.names, names[i]);
		rule_done(&in);
		rule_done(&out);
	}
	encoded_done(&e);
}

/* What nft(8) 1.0.6 sends for "ct mark & 0xff0fffff == 0 jump mark_in". */
static const uint8_t golden_rule[] = {
	0x00, 0x01, 0x00, 0x00, 0x06, 0x0a, 0x01, 0x0c, 0x4d, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x06, 0x00, 0x01, 0x00, 0x74, 0x00,
	0x00, 0x00, 0x0a, 0x00, 0x02, 0x00, 0x69, 0x6e, 0x70, 0x75, 0x74, 0x00, 0x00,
	0x00, 0xd8, 0x00, 0x04, 0x80, 0x20, 0x00, 0x01, 0x80, 0x07, 0x00, 0x01, 0x00,
	0x63, 0x74, 0x00, 0x00, 0x14, 0x00, 0x02, 0x80, 0x08, 0x00, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x03, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x4c, 0x00,
	0x01, 0x80, 0x0c, 0x00, 0x01, 0x00, 0x62, 0x69, 0x74, 0x77, 0x69, 0x73, 0x65,
	0x00, 0x3c, 0x00, 0x02, 0x80, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01,
	0x08, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x06, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x08, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x04, 0x0c, 0x00,
	0x04, 0x80, 0x08, 0x00, 0x01, 0x00, 0xff, 0xff, 0x0f, 0xff, 0x0c, 0x00, 0x05,
	0x80, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x01, 0x80,
	0x08, 0x00, 0x01, 0x00, 0x63, 0x6d, 0x70, 0x00, 0x20, 0x00, 0x02, 0x80, 0x08,
	0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x0c, 0x00, 0x03, 0x80, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x3c, 0x00, 0x01, 0x80, 0x0e, 0x00, 0x01, 0x00, 0x69, 0x6d, 0x6d, 0x65,
	0x64, 0x69, 0x61, 0x74, 0x65, 0x00, 0x00, 0x00, 0x28, 0x00, 0x02, 0x80, 0x08,
	0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1c, 0x00, 0x02, 0x80, 0x18, 0x00,
	0x02, 0x80, 0x08, 0x00, 0x01, 0x00, 0xff, 0xff, 0xff, 0xfd, 0x0c, 0x00, 0x02,
	0x00, 0x6d, 0x61, 0x72, 0x6b, 0x5f, 0x69, 0x6e, 0x00,
};

static void the_marking_jump_is_what_nft_sends_byte_for_byte(void **state)
{
	struct encoded e = encode_create(0xfff00000);
	size_t rules = 0, i;

	(void)state;
	if (htobe16(1) == 1) {
		encoded_done(&e);
		skip(); /* netlink is in host order; the bytes are little-endian's */
	}
	for (i = 0; i < e.count; i++)
		if (type_of(&e, i) == NFT_MSG_NEWRULE && rules++ == 1)
			break;
	assert_true(i < e.count);
	assert_int_equal(e.message[i]->nlmsg_len, sizeof(golden_rule));
	assert_memory_equal(e.message[i], golden_rule, sizeof(golden_rule));
	encoded_done(&e);
}

static void every_rule_keeps_to_the_mask_of_the_layout(void **state)
{
	/* app 0x000ff000, HEAVY 0x800, LEG 0x400; foreign bits 0xfff000ff */
	struct encoded e = encode_create(0x000fff00);
	struct rule_text mark = rule_of(&e, "input", 1);
	struct rule_text heavy = rule_of(&e, "input", 2);
	struct rule_text count = rule_of(&e, "input", 3);
	struct rule_text rate = rule_of(&e, "input", 8);
	struct rule_text relay = rule_of(&e, "input", 9);

	(void)state;
	assert_int_equal(data_u32(mark.expr[1], NFTNL_EXPR_BITWISE_MASK), 0xfffff0ff);
	assert_int_equal(data_u32(heavy.expr[1], NFTNL_EXPR_BITWISE_MASK), 0xfff008ff);
	assert_int_equal(data_u32(heavy.expr[7], NFTNL_EXPR_BITWISE_MASK), 0xfffff7ff);
	assert_int_equal(data_u32(heavy.expr[7], NFTNL_EXPR_BITWISE_XOR), 0x00000800);
	assert_int_equal(data_u32(count.expr[1], NFTNL_EXPR_BITWISE_MASK), 0x000ff000);
	assert_int_equal(data_u32(rate.expr[1], NFTNL_EXPR_BITWISE_MASK), 0x000ff000);
	assert_int_equal(data_u32(relay.expr[1], NFTNL_EXPR_BITWISE_MASK), 0x000ff400);
	rule_done(&mark);
	rule_done(&heavy);
	rule_done(&count);
	rule_done(&rate);
	rule_done(&relay);
	encoded_done(&e);
}

static void the_peer_is_source_of_input_and_destination_of_output(void **state)
{
	static const struct {
		const char *chain;
		size_t rule;
		uint32_t offset, length;
		const char *set;
	} expected[] = {
		{"input", 4, 12, 4, "trusted4"},
		{"input", 5, 8, 16, "trusted6"},
		{"output", 4, 16, 4, "trusted4"},
		{"output", 5, 24, 16, "trusted6"},
	};
	struct encoded e = encode_create(0xfff00000);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct rule_text t = rule_of(&e, expected[i].chain, expected[i].rule);

		assert_int_equal(
			nftnl_expr_get_u32(t.expr[2], NFTNL_EXPR_PAYLOAD_OFFSET),
			expected[i].offset);
		assert_int_equal(nftnl_expr_get_u32(t.expr[2], NFTNL_EXPR_PAYLOAD_LEN),
				 expected[i].length);
		assert_string_equal(
			nftnl_expr_get_str(t.expr[3], NFTNL_EXPR_LOOKUP_SET),
			expected[i].set);
		rule_done(&t);
	}
	encoded_done(&e);
}

static void a_limit_drops_what_is_above_it(void **state)
{
	struct encoded e = encode_create(0xfff00000);
	struct rule_text t = rule_of(&e, "output", 9);

	(void)state;
	assert_string_equal(nftnl_expr_get_str(t.expr[2], NFTNL_EXPR_OBJREF_SET_NAME),
			    "relay_out");
	assert_int_equal(nftnl_expr_get_u32(t.expr[3], NFTNL_EXPR_IMM_VERDICT),
			 NF_DROP);
	rule_done(&t);
	encoded_done(&e);
}

static void marking_looks_at_the_deepest_level_in_use_first(void **state)
{
	struct plan p = plan_new();
	struct encoded e;
	struct rule_text t;

	(void)state;
	assert_int_equal(plan_set_cgroup(&p, 1, 2, 7), 0);
	assert_int_equal(plan_set_cgroup(&p, 2, 5, 7), 0);
	e = encode(&all_features, &p, (struct plan_step){.kind = STEP_LEVELS_SET});
	assert_int_equal(type_of(&e, 0), NFT_MSG_DELRULE);
	t = rule_of(&e, "mark_in", 0);
	assert_string_equal(t.names, "socket lookup ct immediate");
	assert_int_equal(nftnl_expr_get_u32(t.expr[0], NFTNL_EXPR_SOCKET_LEVEL), 5);
	assert_string_equal(nftnl_expr_get_str(t.expr[1], NFTNL_EXPR_LOOKUP_SET),
			    "cgroups_5");
	rule_done(&t);
	t = rule_of(&e, "mark_in", 1);
	assert_int_equal(nftnl_expr_get_u32(t.expr[0], NFTNL_EXPR_SOCKET_LEVEL), 2);
	rule_done(&t);
	t = rule_of(&e, "mark_in", 2);
	assert_string_equal(t.names, "meta payload lookup ct");
	assert_int_equal(nftnl_expr_get_u32(t.expr[1], NFTNL_EXPR_PAYLOAD_OFFSET), 2);
	rule_done(&t);
	t = rule_of(&e, "mark_out", 2);
	assert_int_equal(nftnl_expr_get_u32(t.expr[1], NFTNL_EXPR_PAYLOAD_OFFSET), 0);
	rule_done(&t);
	encoded_done(&e);
	plan_done(&p);
}

static void without_socket_cgroup_only_ports_mark(void **state)
{
	const struct nft_features old = {.has_object_maps = true};
	struct plan p = plan_new();
	struct encoded e;
	struct rule_text t;

	(void)state;
	assert_int_equal(plan_set_cgroup(&p, 1, 2, 7), 0);
	e = encode(&old, &p, (struct plan_step){.kind = STEP_LEVELS_SET});
	t = rule_of(&e, "mark_out", 0);
	assert_string_equal(t.names, "meta payload lookup ct");
	rule_done(&t);
	encoded_done(&e);
	plan_done(&p);
}

/* --- what is queued ----------------------------------------------------------- */

static void packets_for_an_uplink_get_the_priority_of_their_mark(void **state)
{
	struct plan p = plan_new();
	struct encoded e;
	struct rule_text t;

	(void)state;
	p.uplinks[p.uplink_count++] = 3;
	e = encode(&all_features, &p, (struct plan_step){.kind = STEP_SHAPING_SET});
	expect_rule(&e, "shape_in", 0, "");
	t = rule_of(&e, "shape_out", 0);
	assert_string_equal(t.names, "meta lookup ct bitwise lookup meta immediate");
	assert_int_equal(nftnl_expr_get_u32(t.expr[0], NFTNL_EXPR_META_KEY),
			 NFT_META_OIF);
	assert_int_equal(data_u32(t.expr[3], NFTNL_EXPR_BITWISE_MASK), 0xff400000);
	assert_int_equal(nftnl_expr_get_u32(t.expr[5], NFTNL_EXPR_META_KEY),
			 NFT_META_PRIORITY);
	/* So that no limit is asked as well. */
	assert_int_equal(nftnl_expr_get_u32(t.expr[6], NFTNL_EXPR_IMM_VERDICT),
			 NF_ACCEPT);
	rule_done(&t);
	encoded_done(&e);
	p.uplink_count = 0;
	e = encode(&all_features, &p, (struct plan_step){.kind = STEP_SHAPING_SET});
	expect_rule(&e, "shape_in", 0, "");
	expect_rule(&e, "shape_out", 0, "");
	encoded_done(&e);
}

/* Before a class is chosen, after which nothing else is asked. */
static void what_is_guarded_is_counted_before_it_waits(void **state)
{
	struct plan p = plan_new();
	struct encoded e;
	struct rule_text t;

	(void)state;
	p.uplinks[p.uplink_count++] = 3;
	p.apps[7] = (struct plan_app){.is_present = true, .is_guarded = true};
	e = encode(&all_features, &p, (struct plan_step){.kind = STEP_SHAPING_SET});
	expect_rule(&e, "shape_in", 0, "ct bitwise objref");
	expect_rule(&e, "shape_in", 1, "");
	t = rule_of(&e, "shape_out", 0);
	assert_string_equal(t.names, "ct bitwise objref");
	assert_int_equal(data_u32(t.expr[1], NFTNL_EXPR_BITWISE_MASK), 0xff400000);
	assert_string_equal(nftnl_expr_get_str(t.expr[2], NFTNL_EXPR_OBJREF_SET_NAME),
			    "guarded_out");
	rule_done(&t);
	expect_rule(&e, "shape_out", 1, "meta lookup ct bitwise lookup meta immediate");
	encoded_done(&e);
}

/* --- table -------------------------------------------------------------------- */

static uint32_t table_flags(const struct nlmsghdr *message)
{
	struct nftnl_table *t = nftnl_table_alloc();
	uint32_t flags;

	assert_int_equal(nftnl_table_nlmsg_parse(message, t), 0);
	assert_string_equal(nftnl_table_get_str(t, NFTNL_TABLE_NAME), TABLE);
	flags = nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS);
	nftnl_table_free(t);
	return flags;
}

static void creation_clears_a_leftover_and_then_owns(void **state)
{
	struct encoded e = encode_create(0xfff00000);

	(void)state;
	assert_int_equal(type_of(&e, 0), NFT_MSG_NEWTABLE);
	assert_int_equal(table_flags(e.message[0]), 0);
	assert_int_equal(type_of(&e, 1), NFT_MSG_DELTABLE);
	assert_int_equal(type_of(&e, 2), NFT_MSG_NEWTABLE);
	assert_int_equal(table_flags(e.message[2]), NFT_TABLE_F_OWNER);
	encoded_done(&e);
}

static void the_owner_flag_needs_the_kernel_and_the_wish(void **state)
{
	const struct nft_features old = {.has_object_maps = true};
	struct plan p = plan_new();
	struct encoded e;

	(void)state;
	e = encode(&old, &p, (struct plan_step){.kind = STEP_CREATE});
	assert_int_equal(table_flags(e.message[2]), 0);
	encoded_done(&e);
	p.is_owned = false;
	e = encode(&all_features, &p, (struct plan_step){.kind = STEP_CREATE});
	assert_int_equal(table_flags(e.message[2]), 0);
	encoded_done(&e);
}

static void base_chains_come_after_the_common_filters(void **state)
{
	struct encoded e = encode_create(0xfff00000);
	size_t base_chains = 0;

	(void)state;
	for (size_t i = 0; i < e.count; i++) {
		struct nftnl_chain *c = nftnl_chain_alloc();

		if (type_of(&e, i) == NFT_MSG_NEWCHAIN) {
			assert_int_equal(nftnl_chain_nlmsg_parse(e.message[i], c), 0);
			if (nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM)) {
				base_chains++;
				assert_int_equal(
					nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO), 10);
			}
		}
		nftnl_chain_free(c);
	}
	assert_int_equal(base_chains, DIRECTION_COUNT);
	encoded_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_chains_have_their_rules_in_order),
		cmocka_unit_test(the_marking_jump_is_what_nft_sends_byte_for_byte),
		cmocka_unit_test(every_rule_keeps_to_the_mask_of_the_layout),
		cmocka_unit_test(the_peer_is_source_of_input_and_destination_of_output),
		cmocka_unit_test(a_limit_drops_what_is_above_it),
		cmocka_unit_test(marking_looks_at_the_deepest_level_in_use_first),
		cmocka_unit_test(without_socket_cgroup_only_ports_mark),
		cmocka_unit_test(what_is_guarded_is_counted_before_it_waits),
		cmocka_unit_test(packets_for_an_uplink_get_the_priority_of_their_mark),
		cmocka_unit_test(creation_clears_a_leftover_and_then_owns),
		cmocka_unit_test(the_owner_flag_needs_the_kernel_and_the_wish),
		cmocka_unit_test(base_chains_come_after_the_common_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
