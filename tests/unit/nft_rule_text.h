/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of nft_rules.c: the rules among a step's messages, taken apart. Inline,
 * because not every test needs all of it.
 */
#ifndef TESTS_NFT_RULE_TEXT_H
#define TESTS_NFT_RULE_TEXT_H

#include "nft_encoded.h"
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#define EXPRESSIONS_MAX 16

struct rule_text {
	char names[256]; /* of its expressions, separated by spaces */
	struct nftnl_rule *rule;
	struct nftnl_expr *expr[EXPRESSIONS_MAX];
	size_t count;
};

static inline int rule_add_name(struct nftnl_expr *e, void *context)
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
static inline struct rule_text rule_of(const struct encoded *e, const char *chain,
				       size_t at)
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

static inline void rule_done(struct rule_text *t)
{
	if (t->rule)
		nftnl_rule_free(t->rule);
}

static inline uint32_t data_u32(const struct nftnl_expr *e, uint16_t attribute)
{
	uint32_t length = 0, value = 0;
	const void *data = nftnl_expr_get(e, attribute, &length);

	assert_non_null(data);
	assert_int_equal(length, sizeof(value));
	memcpy(&value, data, sizeof(value));
	return value;
}

static inline struct encoded encode_create(uint32_t mask)
{
	struct plan p = plan_new();

	assert_int_equal(mark_layout_init(mask, &p.layout), 0);
	return encode(&all_features, &p, (struct plan_step){.kind = STEP_CREATE});
}

static inline void expect_rule(const struct encoded *e, const char *chain, size_t at,
			       const char *names)
{
	struct rule_text t = rule_of(e, chain, at);

	assert_string_equal(t.names, names);
	rule_done(&t);
}

#endif
