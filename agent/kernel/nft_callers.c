/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_callers.h"
#include "kernel/nft_handle.h"
#include "kernel/nlread.h"
#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define MILLISECOND_NS 1000000u

/* --- counting ------------------------------------------------------------------ */

static void rule_callers(struct nft_encoder *e, uint8_t family, uint32_t offset,
			 uint32_t size, const char *set)
{
	struct nft_rule_builder b =
		nft_rule_begin(e, nft_side_of(DIRECTION_IN)->refuse_chain);

	expr_meta(&b, NFT_META_NFPROTO);
	expr_compare(&b, NFT_CMP_EQ, &family, sizeof(family));
	expr_ct_mark_masked(&b, e->wanted->layout.app);
	expr_payload(&b, NFT_PAYLOAD_NETWORK_HEADER, offset, size, NFT_REG32_01);
	expr_count_in_set(&b, set, CALLERS_KEPT_NS / MILLISECOND_NS);
	expr_count(&b, NFT_UNLISTED_COUNTER);
	nft_rule_end(e, &b);
}

void nft_rules_callers(struct nft_encoder *e)
{
	rule_callers(e, NFPROTO_IPV4, offsetof(struct iphdr, saddr),
		     sizeof(struct in_addr), NFT_CALLERS4);
	rule_callers(e, NFPROTO_IPV6, offsetof(struct ip6_hdr, ip6_src),
		     sizeof(struct in6_addr), NFT_CALLERS6);
}

/* --- reading ------------------------------------------------------------------- */

struct reading {
	const struct mark_layout *layout;
	uint64_t now_ns;
	struct caller *items; /* room for all of both sets */
	size_t count;
};

#define READING_MAX (2 * CALLERS_MAX)

static uint64_t last_of(struct nftnl_set_elem *e, uint64_t now_ns)
{
	uint64_t left = nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_EXPIRATION)
				? nftnl_set_elem_get_u64(e, NFTNL_SET_ELEM_EXPIRATION)
				: 0;
	uint64_t silent = CALLERS_KEPT_NS / MILLISECOND_NS;

	silent = left < silent ? silent - left : 0;
	return now_ns -
	       (silent * MILLISECOND_NS < now_ns ? silent * MILLISECOND_NS : 0);
}

/* The key is a mark and an address. */
static int take_element(struct nftnl_set_elem *e, void *context)
{
	struct reading *r = context;
	struct caller c = {.last_ns = last_of(e, r->now_ns)};
	const struct nftnl_expr *counter;
	uint32_t size = 0, mark, ipv4;
	const uint8_t *key = nftnl_set_elem_get(e, NFTNL_SET_ELEM_KEY, &size);

	if (!key || r->count == READING_MAX ||
	    (size != sizeof(mark) + sizeof(ipv4) &&
	     size != sizeof(mark) + sizeof(c.addr)))
		return 0;
	memcpy(&mark, key, sizeof(mark));
	c.number = (uint8_t)((mark & r->layout->app) >> r->layout->app_shift);
	if (size == sizeof(mark) + sizeof(ipv4)) {
		memcpy(&ipv4, key + sizeof(mark), sizeof(ipv4));
		c.addr = addr_from_ipv4(ipv4);
	} else {
		memcpy(&c.addr, key + sizeof(mark), sizeof(c.addr));
	}
	counter = nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_EXPR)
			  ? nftnl_set_elem_get(e, NFTNL_SET_ELEM_EXPR, NULL)
			  : NULL;
	if (counter && nftnl_expr_is_set(counter, NFTNL_EXPR_CTR_PACKETS))
		c.calls = nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_PACKETS);
	r->items[r->count++] = c;
	return 0;
}

static void take_message(void *context, const struct nlmsghdr *message)
{
	struct nftnl_set *s = nftnl_set_alloc();

	if (s && nftnl_set_elems_nlmsg_parse(message, s) == 0)
		nftnl_set_elem_foreach(s, take_element, context);
	if (s)
		nftnl_set_free(s);
}

static int read_set(struct nft *n, const char *name, struct reading *r)
{
	_Alignas(struct nlmsghdr) char buf[512]; /* a header and two short names */
	struct nlread answers = {.seq = n->seq++};
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(
		buf, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP, answers.seq);
	size_t length;
	int err;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, n->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, name);
	if (mnl_socket_sendto(n->socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		err = nlread_receive(n->socket, n->answer, sizeof(n->answer), &length);
		if (err == 0)
			err = nlread_walk(&answers, n->answer, length, take_message, r);
	} while (err == 0);
	return err < 0 ? err : 0;
}

int nft_read_callers(struct nft *n, const struct mark_layout *layout, uint64_t now_ns,
		     struct caller **ret_callers, size_t *ret_count)
{
	struct reading r = {.layout = layout, .now_ns = now_ns};
	int err;

	r.items = calloc(READING_MAX, sizeof(*r.items));
	if (!r.items)
		return -ENOMEM;
	err = read_set(n, NFT_CALLERS4, &r);
	if (err == 0)
		err = read_set(n, NFT_CALLERS6, &r);
	if (err < 0) {
		free(r.items);
		return err;
	}
	*ret_callers = r.items;
	*ret_count = r.count;
	return 0;
}
