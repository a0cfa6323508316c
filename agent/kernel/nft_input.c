/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_input.h"
#include "kernel/nlread.h"
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ATTEMPTS 3
#define REQUEST_SIZE 512

/* --- chains ----------------------------------------------------------------------- */

static bool is_filter_of_input(const struct nftnl_chain *c)
{
	uint32_t family = nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY);

	return nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM) &&
	       nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM) == NF_INET_LOCAL_IN &&
	       (family == NFPROTO_IPV4 || family == NFPROTO_IPV6 ||
		family == NFPROTO_INET);
}

static void add_chain(struct nft_input *input, const struct nftnl_chain *c)
{
	struct nft_input_chain *to = &input->chains[input->count];

	if (input->count == NFT_INPUT_CHAINS_MAX)
		return;
	*to = (struct nft_input_chain){
		.family = (uint8_t)nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY),
		.refuses = nftnl_chain_is_set(c, NFTNL_CHAIN_POLICY) &&
			   nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_DROP,
	};
	snprintf(to->table, sizeof(to->table), "%s",
		 nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE));
	snprintf(to->name, sizeof(to->name), "%s",
		 nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	input->count++;
}

void nft_input_take_chain(struct nft_input *input, const char *own,
			  const struct nlmsghdr *message)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (c && nftnl_chain_nlmsg_parse(message, c) == 0 &&
	    nftnl_chain_is_set(c, NFTNL_CHAIN_TABLE) &&
	    nftnl_chain_is_set(c, NFTNL_CHAIN_NAME) && is_filter_of_input(c) &&
	    strcmp(nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE), own) != 0)
		add_chain(input, c);
	nftnl_chain_free(c);
}

/* --- the last rule ---------------------------------------------------------------- */

/* What a rule does, if it does it to every packet. */
struct effect {
	bool is_conditional, refuses;
};

static bool is_named(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static int take_expr(struct nftnl_expr *e, void *context)
{
	static const char *const harmless[] = {"counter", "log", NULL};
	static const char *const refusing[] = {"DROP", "REJECT", NULL};
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
	struct effect *effect = context;

	if (strcmp(name, "reject") == 0)
		effect->refuses = true;
	else if (strcmp(name, "immediate") == 0 &&
		 nftnl_expr_is_set(e, NFTNL_EXPR_IMM_VERDICT))
		effect->refuses =
			nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT) == NF_DROP;
	else if (strcmp(name, "target") == 0)
		effect->refuses =
			is_named(nftnl_expr_get_str(e, NFTNL_EXPR_TG_NAME), refusing);
	else if (!is_named(name, harmless))
		effect->is_conditional = true;
	return 0;
}

void nft_input_take_rule(struct nft_input_chain *chain, const struct nlmsghdr *message)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct effect effect = {0};

	if (rule && nftnl_rule_nlmsg_parse(message, rule) == 0) {
		nftnl_expr_foreach(rule, take_expr, &effect);
		if (effect.refuses && !effect.is_conditional)
			chain->refuses = true;
	}
	nftnl_rule_free(rule);
}

/* --- reading ---------------------------------------------------------------------- */

struct reading {
	struct mnl_socket *socket;
	uint32_t seq;
	const char *own;
	struct nft_input input;
	struct nft_input_chain *chain; /* whose rules are read */
	uint32_t buf[NLREAD_SIZE / sizeof(uint32_t)];
};

static int dump(struct reading *r, struct nlmsghdr *request, nlread_callback *callback)
{
	struct nlread d = {.seq = request->nlmsg_seq};
	size_t length;
	int status;

	if (mnl_socket_sendto(r->socket, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		status = nlread_receive(r->socket, r->buf, sizeof(r->buf), &length);
		if (status == 0)
			status = nlread_walk(&d, r->buf, length, callback, r);
	} while (status == 0);
	return status < 0 ? status : 0;
}

static void on_chain(void *context, const struct nlmsghdr *message)
{
	struct reading *r = context;

	nft_input_take_chain(&r->input, r->own, message);
}

static void on_rule(void *context, const struct nlmsghdr *message)
{
	struct reading *r = context;

	nft_input_take_rule(r->chain, message);
}

static int read_rules(struct reading *r, struct nft_input_chain *chain)
{
	char request[REQUEST_SIZE];
	struct nlmsghdr *m = nftnl_nlmsg_build_hdr(request, NFT_MSG_GETRULE,
						   chain->family, NLM_F_DUMP, ++r->seq);

	mnl_attr_put_strz(m, NFTA_RULE_TABLE, chain->table);
	mnl_attr_put_strz(m, NFTA_RULE_CHAIN, chain->name);
	r->chain = chain;
	return dump(r, m, on_rule);
}

/* The tables it has made; "filter" is the one that refuses. */
static bool has_legacy(const char *path)
{
	char line[64];
	bool found = false;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		found |= strcmp(line, "filter\n") == 0;
	if (f)
		fclose(f);
	return found;
}

static int read_once(struct reading *r)
{
	char request[REQUEST_SIZE];
	int status;

	r->input.count = 0;
	status = dump(r,
		      nftnl_nlmsg_build_hdr(request, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC,
					    NLM_F_DUMP, ++r->seq),
		      on_chain);
	for (size_t i = 0; status == 0 && i < r->input.count; i++)
		if (!r->input.chains[i].refuses)
			status = read_rules(r, &r->input.chains[i]);
	return status;
}

int nft_input_read(const char *own, struct nft_input *ret_input)
{
	struct reading *r = calloc(1, sizeof(*r));
	int status = -EINTR;

	if (!r)
		return -ENOMEM;
	r->own = own;
	r->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!r->socket || mnl_socket_bind(r->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		status = -errno;
	for (int i = 0; i < ATTEMPTS && status == -EINTR; i++)
		status = read_once(r);
	r->input.has_legacy = has_legacy("/proc/net/ip_tables_names") ||
			      has_legacy("/proc/net/ip6_tables_names");
	if (status == 0)
		*ret_input = r->input;
	if (r->socket)
		mnl_socket_close(r->socket);
	free(r);
	return status == -EINTR ? -EAGAIN : status;
}

const struct nft_input_chain *nft_input_refuses(const struct nft_input *input,
						bool is_ipv6)
{
	uint8_t family = is_ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

	for (size_t i = 0; i < input->count; i++) {
		const struct nft_input_chain *c = &input->chains[i];

		if (c->refuses && (c->family == family || c->family == NFPROTO_INET))
			return c;
	}
	return NULL;
}

const char *nft_input_describe(const struct nft_input_chain *chain, char *buf,
			       size_t size)
{
	const char *family = chain->family == NFPROTO_IPV4   ? "ip"
			     : chain->family == NFPROTO_IPV6 ? "ip6"
							     : "inet";

	snprintf(buf, size, "%s %s %s", family, chain->table, chain->name);
	return buf;
}
