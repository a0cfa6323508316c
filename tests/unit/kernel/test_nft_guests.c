/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the encoder makes of guests: elements, and the chain that is there for them. */
#include "../nft_encoded.h"
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

static void assert_chain(const struct nlmsghdr *m, const char *name, bool is_forward)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	assert_int_equal(nftnl_chain_nlmsg_parse(m, c), 0);
	assert_string_equal(nftnl_chain_get_str(c, NFTNL_CHAIN_NAME), name);
	if (is_forward)
		assert_int_equal(nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM),
				 NF_INET_FORWARD);
	nftnl_chain_free(c);
}

/* Where the first payload of a rule begins, and the chain it jumps to. */
struct rule_facts {
	char chain[32], target[32];
	uint32_t offset, size;
};

static int take_expression(struct nftnl_expr *e, void *context)
{
	struct rule_facts *f = context;
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);

	if (strcmp(name, "payload") == 0) {
		f->offset = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET);
		f->size = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_LEN);
	} else if (strcmp(name, "immediate") == 0 &&
		   nftnl_expr_is_set(e, NFTNL_EXPR_IMM_CHAIN)) {
		strcpy(f->target, nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN));
	}
	return 0;
}

static struct rule_facts facts_of(const struct nlmsghdr *m)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	struct rule_facts f = {.offset = UINT32_MAX};

	assert_int_equal(nftnl_rule_nlmsg_parse(m, r), 0);
	strcpy(f.chain, nftnl_rule_get_str(r, NFTNL_RULE_CHAIN));
	nftnl_expr_foreach(r, take_expression, &f);
	nftnl_rule_free(r);
	return f;
}

static void what_a_guest_sends_is_out_and_what_it_gets_is_in(void **state)
{
	static const struct rule_facts wanted[] = {
		{"forward", "guest_in", offsetof(struct iphdr, daddr), 4},
		{"forward", "guest_in", offsetof(struct ip6_hdr, ip6_dst), 16},
		{"forward", "guest_out", offsetof(struct iphdr, saddr), 4},
		{"forward", "guest_out", offsetof(struct ip6_hdr, ip6_src), 16},
	};
	struct plan p = plan_new();
	struct encoded e =
		encode(&all_features, &p, (struct plan_step){.kind = STEP_FORWARD_ADD});

	(void)state;
	assert_int_equal(e.count, 5);
	assert_int_equal(type_of(&e, 0), NFT_MSG_NEWCHAIN);
	assert_chain(e.message[0], "forward", true);
	for (size_t i = 0; i < 4; i++) {
		struct rule_facts f = facts_of(e.message[i + 1]);

		assert_int_equal(type_of(&e, i + 1), NFT_MSG_NEWRULE);
		assert_string_equal(f.chain, wanted[i].chain);
		assert_string_equal(f.target, wanted[i].target);
		assert_int_equal(f.offset, wanted[i].offset);
		assert_int_equal(f.size, wanted[i].size);
	}
	encoded_done(&e);
}

static void the_chain_goes_with_its_rules(void **state)
{
	struct plan p = plan_new();
	struct encoded e = encode(&all_features, &p,
				  (struct plan_step){.kind = STEP_FORWARD_REMOVE});

	(void)state;
	assert_int_equal(e.count, 2);
	assert_int_equal(type_of(&e, 0), NFT_MSG_DELRULE);
	assert_string_equal(facts_of(e.message[0]).chain, "forward");
	assert_int_equal(type_of(&e, 1), NFT_MSG_DELCHAIN);
	assert_chain(e.message[1], "forward", false);
	encoded_done(&e);
}

static size_t count_rules(const struct encoded *e, const char *chain)
{
	size_t count = 0;

	for (size_t i = 0; i < e->count; i++)
		count += type_of(e, i) == NFT_MSG_NEWRULE &&
			 strcmp(facts_of(e->message[i]).chain, chain) == 0;
	return count;
}

static void guests_get_what_the_office_gets(void **state)
{
	struct plan p = plan_new();
	struct encoded e =
		encode(&all_features, &p, (struct plan_step){.kind = STEP_CREATE});

	(void)state;
	/* Without loopback and one marking jump; with two marks and two exceptions. */
	assert_int_equal(count_rules(&e, "guest_in"), count_rules(&e, "input") + 2);
	assert_int_equal(count_rules(&e, "guest_out"), count_rules(&e, "output") + 2);
	assert_int_equal(count_rules(&e, "forward"), 0);
	encoded_done(&e);
}

static const struct nftnl_set_elem *only_element(const struct nlmsghdr *m,
						 struct nftnl_set *s)
{
	struct nftnl_set_elems_iter *iter;
	const struct nftnl_set_elem *element;

	assert_int_equal(nftnl_set_elems_nlmsg_parse(m, s), 0);
	iter = nftnl_set_elems_iter_create(s);
	element = nftnl_set_elems_iter_next(iter);
	nftnl_set_elems_iter_destroy(iter);
	return element;
}

/* That `m` puts an address in that set, with a mark where it is a map. */
static void assert_element(const struct nlmsghdr *m, const char *name, const void *key,
			   uint32_t key_size, bool has_mark)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_set_elem *element = (void *)(uintptr_t)only_element(m, s);
	const void *data;
	uint32_t size, mark;

	assert_string_equal(nftnl_set_get_str(s, NFTNL_SET_NAME), name);
	data = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size);
	assert_int_equal(size, key_size);
	assert_memory_equal(data, key, key_size);
	data = nftnl_set_elem_get(element, NFTNL_SET_ELEM_DATA, &size);
	assert_int_equal(data != NULL, has_mark);
	if (has_mark) {
		memcpy(&mark, data, sizeof(mark));
		assert_int_equal(mark, 7u << 24);
	}
	nftnl_set_free(s);
}

static void assert_guest(const char *address, const char *set, const char *map,
			 uint32_t key_size)
{
	struct plan p = plan_new();
	struct plan_step step = {.kind = STEP_GUEST_ADD, .guest.number = 7};
	struct encoded e;

	assert_int_equal(addr_parse(address, &step.guest.addr), 0);
	e = encode(&all_features, &p, step);
	assert_int_equal(e.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(type_of(&e, i), NFT_MSG_NEWSETELEM);
	assert_element(e.message[0], set, step.guest.addr.b + 16 - key_size, key_size,
		       false);
	assert_element(e.message[1], map, step.guest.addr.b + 16 - key_size, key_size,
		       true);
	encoded_done(&e);
}

static void an_address_leads_to_the_mark_of_its_application(void **state)
{
	(void)state;
	assert_guest("172.17.0.2", "guests4", "guest_marks4", 4);
	assert_guest("fd17::2", "guests6", "guest_marks6", 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_guest_sends_is_out_and_what_it_gets_is_in),
		cmocka_unit_test(the_chain_goes_with_its_rules),
		cmocka_unit_test(guests_get_what_the_office_gets),
		cmocka_unit_test(an_address_leads_to_the_mark_of_its_application),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
