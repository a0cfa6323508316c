/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../nft_encoded.h"
#include <endian.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

/* --- rules -------------------------------------------------------------------- */

#define EXPRESSIONS_MAX 16

struct rule_text {
	char names[256]; /* of its expressions, separated by spaces */
	struct nftnl_rule *rule;
	struct nftnl_expr *expr[EXPRESSIONS_MAX];
	size_t count;
};

static int rule_add_name(struct nftnl_expr *e, void *context)
{
	struct rule_text *t = context;

	assert_true(t->count < EXPRESSIONS_MAX);
	if (t->count)
		strcat(t->names, " ");
	strcat(t->names, nftnl_expr_get_str(e, NFTNL_EXPR_NAME));
	t->expr[t->count++] = e;
	return 0;
}

/* The rule number `at`, from 0, of a chain. */
static struct rule_text rule_of(const struct encoded *e, const char *chain, size_t at)
{
	struct rule_text t = {.names = ""};

	for (size_t i = 0; i < e->count; i++) {
		if (type_of(e, i) != NFT_MSG_NEWRULE)
			continue;
		t.rule = nftnl_rule_alloc();
		assert_int_equal(nftnl_rule_nlmsg_parse(e->message[i], t.rule), 0);
		if (strcmp(nftnl_rule_get_str(t.rule, NFTNL_RULE_CHAIN), chain) == 0 &&
		    at-- == 0) {
			assert_string_equal(
				nftnl_rule_get_str(t.rule, NFTNL_RULE_TABLE), TABLE);
			nftnl_expr_foreach(t.rule, rule_add_name, &t);
			return t;
		}
		nftnl_rule_free(t.rule);
		t.rule = NULL;
	}
	return t;
}

static void rule_done(struct rule_text *t)
{
	if (t->rule)
		nftnl_rule_free(t->rule);
}

static uint32_t data_u32(const struct nftnl_expr *e, uint16_t attribute)
{
	uint32_t length = 0, value = 0;
	const void *data = nftnl_expr_get(e, attribute, &length);

	assert_non_null(data);
	assert_int_equal(length, sizeof(value));
	memcpy(&value, data, sizeof(value));
	return value;
}

static struct encoded encode_create(uint32_t mask)
{
	struct plan p = plan_new();

	assert_int_equal(mark_layout_init(mask, &p.layout), 0);
	return encode(&all_features, &p, (struct plan_step){.kind = STEP_CREATE});
}

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

static void expect_rule(const struct encoded *e, const char *chain, size_t at,
			const char *names)
{
	struct rule_text t = rule_of(e, chain, at);

	assert_string_equal(t.names, names);
	rule_done(&t);
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

/* --- what is cut -------------------------------------------------------------- */

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
		cmocka_unit_test(while_nothing_is_cut_the_cutting_chains_are_empty),
		cmocka_unit_test(only_new_flows_without_a_mark_are_held),
		cmocka_unit_test(
			a_held_call_may_pass_where_nobody_answers_unless_closed),
		cmocka_unit_test(without_nft_queue_the_target_of_xtables_holds),
		cmocka_unit_test(a_cut_looks_at_the_mark_and_calls_at_the_state),
		cmocka_unit_test(a_quota_counts_after_the_trusted_and_acts_beyond),
		cmocka_unit_test(what_is_refused_is_counted_and_answered),
		cmocka_unit_test(without_reject_what_is_refused_is_dropped),
		cmocka_unit_test(creation_clears_a_leftover_and_then_owns),
		cmocka_unit_test(the_owner_flag_needs_the_kernel_and_the_wish),
		cmocka_unit_test(base_chains_come_after_the_common_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
