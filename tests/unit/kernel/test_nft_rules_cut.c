/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is cut, held, refused, or over its quota. */
#include "../nft_rule_text.h"

static void while_nothing_is_cut_the_cutting_chains_are_empty(void **state)
{
	struct plan p = plan_new();
	struct encoded e =
		encode(&all_features, &p, (struct plan_step){.kind = STEP_CUTTING_SET});

	(void)state;
	/* Those of each direction, and that of calls that are held. */
	assert_int_equal(e.count, 3);
	for (size_t i = 0; i < e.count; i++)
		assert_int_equal(type_of(&e, i), NFT_MSG_DELRULE);
	encoded_done(&e);
	e = encode_create(0xfff00000);
	expect_rule(&e, "cut_in", 0, "");
	expect_rule(&e, "cut_out", 0, "");
	encoded_done(&e);
}

/* A plan that refuses calls and may ask, by queue 9. */
static struct plan holding_plan(bool is_closed)
{
	struct plan p = plan_new();

	p.apps[7] = (struct plan_app){.is_present = true, .cuts[CUT_CALLS] = true};
	p.hold = (struct plan_hold){
		.is_possible = true, .is_closed = is_closed, .queue = 9};
	return p;
}

static void only_new_flows_without_a_mark_are_held(void **state)
{
	struct plan p = holding_plan(false);
	struct encoded e =
		encode(&all_features, &p, (struct plan_step){.kind = STEP_CUTTING_SET});
	struct rule_text t;

	(void)state;
	/* What comes back with its answer is LEG and ASKED, of no application. */
	t = rule_of(&e, "cut_in", 0);
	assert_string_equal(t.names, "ct bitwise cmp ct bitwise cmp meta bitwise ct "
				     "meta bitwise meta");
	assert_int_equal(data_u32(t.expr[4], NFTNL_EXPR_BITWISE_MASK), 0xff500000);
	assert_int_equal(data_u32(t.expr[5], NFTNL_EXPR_CMP_DATA), 0x00500000);
	/* The application's number out of the packet's mark, and ASKED for good. */
	assert_int_equal(data_u32(t.expr[7], NFTNL_EXPR_BITWISE_MASK), 0xff000000);
	assert_int_equal(data_u32(t.expr[7], NFTNL_EXPR_BITWISE_XOR), 0x00100000);
	/* The packet's mark as it was. */
	assert_int_equal(data_u32(t.expr[10], NFTNL_EXPR_BITWISE_MASK), 0x000fffff);
	rule_done(&t);
	for (size_t i = 1; i <= 2; i++) {
		t = rule_of(&e, "cut_in", i);
		assert_string_equal(t.names,
				    "ct bitwise cmp ct bitwise cmp meta cmp immediate");
		/* application, ASKED, and everybody else's bits */
		assert_int_equal(data_u32(t.expr[4], NFTNL_EXPR_BITWISE_MASK),
				 0xff1fffff);
		rule_done(&t);
	}
	expect_rule(&e, "cut_in", 3, "ct bitwise lookup immediate");
	encoded_done(&e);
	plan_done(&p);
}

static void a_held_call_may_pass_where_nobody_answers_unless_closed(void **state)
{
	(void)state;
	for (int is_closed = 0; is_closed < 2; is_closed++) {
		struct plan p = holding_plan(is_closed);
		struct nft_features f = all_features;
		struct encoded e;
		struct rule_text t;

		f.has_queue = true;
		e = encode(&f, &p, (struct plan_step){.kind = STEP_CUTTING_SET});
		expect_rule(&e, "hold_in", 0, "meta cmp payload lookup immediate");
		expect_rule(&e, "hold_in", 1, "meta cmp payload lookup immediate");
		expect_rule(&e, "hold_in", 2, "meta cmp immediate");
		expect_rule(&e, "hold_in", 3, "meta bitwise cmp immediate");
		t = rule_of(&e, "hold_in", 4);
		assert_string_equal(t.names, "limit objref immediate");
		assert_int_equal(nftnl_expr_get_u32(t.expr[2], NFTNL_EXPR_IMM_VERDICT),
				 is_closed ? NF_DROP : (uint32_t)NFT_RETURN);
		rule_done(&t);
		t = rule_of(&e, "hold_in", 5);
		assert_string_equal(t.names, "ct bitwise ct queue");
		assert_int_equal(nftnl_expr_get_u16(t.expr[3], NFTNL_EXPR_QUEUE_NUM),
				 9);
		assert_int_equal(nftnl_expr_get_u16(t.expr[3], NFTNL_EXPR_QUEUE_FLAGS),
				 is_closed ? 0 : NFT_QUEUE_FLAG_BYPASS);
		rule_done(&t);
		expect_rule(&e, "hold_in", 6, "");
		encoded_done(&e);
		plan_done(&p);
	}
}

static void without_nft_queue_the_target_of_xtables_holds(void **state)
{
	struct plan p = holding_plan(false);
	struct encoded e =
		encode(&all_features, &p, (struct plan_step){.kind = STEP_CUTTING_SET});
	struct rule_text t = rule_of(&e, "hold_in", 5);
	/* struct xt_NFQ_info_v3: number, how many, bypass; eight bytes for the kernel.
	 */
	const uint16_t wanted[4] = {9, 1, 1, 0};
	const void *info;
	uint32_t size = 0;

	(void)state;
	assert_string_equal(t.names, "ct bitwise ct target");
	assert_string_equal(nftnl_expr_get_str(t.expr[3], NFTNL_EXPR_TG_NAME),
			    "NFQUEUE");
	assert_int_equal(nftnl_expr_get_u32(t.expr[3], NFTNL_EXPR_TG_REV), 3);
	info = nftnl_expr_get(t.expr[3], NFTNL_EXPR_TG_INFO, &size);
	assert_int_equal(size, sizeof(wanted));
	assert_memory_equal(info, wanted, size);
	rule_done(&t);
	encoded_done(&e);
	plan_done(&p);
}

static void a_cut_looks_at_the_mark_and_calls_at_the_state(void **state)
{
	struct plan p = plan_new();
	struct encoded e;
	struct rule_text t;

	(void)state;
	p.apps[7] = (struct plan_app){.is_present = true, .cuts[CUT_CALLS] = true};
	e = encode(&all_features, &p, (struct plan_step){.kind = STEP_CUTTING_SET});
	t = rule_of(&e, "cut_in", 0);
	assert_string_equal(t.names, "ct bitwise lookup immediate");
	/* application and BLOCKED, no other flag */
	assert_int_equal(data_u32(t.expr[1], NFTNL_EXPR_BITWISE_MASK), 0xff200000);
	assert_string_equal(nftnl_expr_get_str(t.expr[3], NFTNL_EXPR_IMM_CHAIN),
			    "refuse_in");
	rule_done(&t);
	expect_rule(&e, "cut_in", 1, "ct bitwise cmp ct bitwise lookup immediate");
	t = rule_of(&e, "cut_in", 2);
	assert_string_equal(t.names, "ct bitwise cmp ct bitwise lookup immediate");
	assert_int_equal(nftnl_expr_get_u32(t.expr[0], NFTNL_EXPR_CT_KEY),
			 NFT_CT_STATE);
	assert_int_equal(data_u32(t.expr[1], NFTNL_EXPR_BITWISE_MASK), 8); /* NEW */
	assert_int_equal(data_u32(t.expr[4], NFTNL_EXPR_BITWISE_MASK), 0xff000000);
	assert_string_equal(nftnl_expr_get_str(t.expr[5], NFTNL_EXPR_LOOKUP_SET),
			    "calls");
	rule_done(&t);
	/* What it begins itself goes out, unless it has as many peers as it may. */
	expect_rule(&e, "cut_out", 0, "ct bitwise lookup immediate");
	expect_rule(&e, "cut_out", 1, "ct bitwise cmp ct bitwise lookup immediate");
	expect_rule(&e, "cut_out", 2, "");
	encoded_done(&e);
}

static void a_quota_counts_after_the_trusted_and_acts_beyond(void **state)
{
	struct plan p = plan_new();
	struct encoded e;
	struct rule_text t;

	(void)state;
	p.apps[7] = (struct plan_app){.is_present = true, .quota.bytes = 1000};
	e = encode(&all_features, &p, (struct plan_step){.kind = STEP_QUOTAS_SET});
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		const char *quota = d == DIRECTION_IN ? "quota_in" : "quota_out";
		const char *over = d == DIRECTION_IN ? "over_in" : "over_out";

		expect_rule(&e, d == DIRECTION_IN ? "quota_input" : "quota_output", 0,
			    "meta cmp immediate"); /* loopback */
		expect_rule(&e, quota, 0, "meta cmp payload lookup immediate");
		expect_rule(&e, quota, 1, "meta cmp payload lookup immediate");
		t = rule_of(&e, quota, 2);
		assert_string_equal(t.names, "ct bitwise objref immediate");
		assert_string_equal(
			nftnl_expr_get_str(t.expr[2], NFTNL_EXPR_OBJREF_SET_NAME),
			"quotas");
		assert_string_equal(nftnl_expr_get_str(t.expr[3], NFTNL_EXPR_IMM_CHAIN),
				    over);
		rule_done(&t);
		expect_rule(&e, quota, 3, "");
		expect_rule(&e, over, 0, "ct bitwise lookup immediate");
		expect_rule(&e, over, 1, "ct bitwise objref immediate");
		expect_rule(&e, over, 2, "");
	}
	for (size_t i = 0; i < 4; i++) /* guests' */
		expect_rule(&e, "quota_forward", i,
			    "meta cmp payload lookup immediate");
	encoded_done(&e);
	/* Nothing of it where nobody has a quota. */
	e = encode_create(0xfff00000);
	expect_rule(&e, "quota_in", 0, "");
	encoded_done(&e);
}

static void what_is_refused_is_counted_and_answered(void **state)
{
	static const char *const names[] = {
		"meta cmp payload lookup immediate",	  /* near4 */
		"meta cmp payload lookup immediate",	  /* near6 */
		"ct bitwise cmp immediate",		  /* errors pass */
		"meta cmp payload bitwise cmp immediate", /* resets pass */
		"ct bitwise objref",
		"meta cmp reject",
		"reject",
		"",
	};
	struct encoded e = encode_create(0xfff00000);
	struct rule_text t;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* Who calls is counted by address, of each family. */
		expect_rule(&e, "refuse_in", i > 4 ? i + 2 : i, names[i]);
		expect_rule(&e, "refuse_out", i, names[i]);
	}
	for (size_t i = 5; i < 7; i++)
		expect_rule(&e, "refuse_in", i,
			    "meta cmp ct bitwise payload dynset objref");
	t = rule_of(&e, "refuse_out", 5);
	assert_int_equal(nftnl_expr_get_u32(t.expr[2], NFTNL_EXPR_REJECT_TYPE),
			 NFT_REJECT_TCP_RST);
	rule_done(&t);
	t = rule_of(&e, "refuse_out", 3);
	assert_int_equal(nftnl_expr_get_u32(t.expr[2], NFTNL_EXPR_PAYLOAD_OFFSET), 13);
	assert_int_equal(nftnl_expr_get_u32(t.expr[5], NFTNL_EXPR_IMM_VERDICT),
			 (uint32_t)NFT_RETURN);
	rule_done(&t);
	t = rule_of(&e, "refuse_out", 6);
	assert_int_equal(nftnl_expr_get_u32(t.expr[0], NFTNL_EXPR_REJECT_TYPE),
			 NFT_REJECT_ICMPX_UNREACH);
	assert_int_equal(nftnl_expr_get_u8(t.expr[0], NFTNL_EXPR_REJECT_CODE),
			 NFT_REJECT_ICMPX_PORT_UNREACH);
	rule_done(&t);
	encoded_done(&e);
}

static void without_reject_what_is_refused_is_dropped(void **state)
{
	const struct nft_features old = {.has_object_maps = true};
	struct plan p = plan_new();
	struct encoded e = encode(&old, &p, (struct plan_step){.kind = STEP_CREATE});
	struct rule_text t = rule_of(&e, "refuse_in", 7);

	(void)state;
	assert_string_equal(t.names, "immediate");
	assert_int_equal(nftnl_expr_get_u32(t.expr[0], NFTNL_EXPR_IMM_VERDICT),
			 NF_DROP);
	rule_done(&t);
	encoded_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(while_nothing_is_cut_the_cutting_chains_are_empty),
		cmocka_unit_test(only_new_flows_without_a_mark_are_held),
		cmocka_unit_test(
			a_held_call_may_pass_where_nobody_answers_unless_closed),
		cmocka_unit_test(without_nft_queue_the_target_of_xtables_holds),
		cmocka_unit_test(a_cut_looks_at_the_mark_and_calls_at_the_state),
		cmocka_unit_test(a_quota_counts_after_the_trusted_and_acts_beyond),
		cmocka_unit_test(what_is_refused_is_counted_and_answered),
		cmocka_unit_test(without_reject_what_is_refused_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
