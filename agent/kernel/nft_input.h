/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the packet filters of others refuse what comes in and no rule of theirs
 * admits: base chains at the input hook whose policy is to drop, or that end in a rule
 * that drops or rejects whatever is left. Which ports their rules admit is not read.
 * The tables of the older iptables ("legacy") are not nftables', and are not seen here.
 * Source: linux/netfilter/nf_tables.h, libnftnl.
 */
#ifndef KERNEL_NFT_INPUT_H
#define KERNEL_NFT_INPUT_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFT_INPUT_CHAINS_MAX 32 /* at that hook; those beyond it are not looked at */
#define NFT_INPUT_NAME_MAX 128

struct nft_input_chain {
	uint8_t family; /* NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_INET */
	char table[NFT_INPUT_NAME_MAX], name[NFT_INPUT_NAME_MAX];
	bool refuses;
};

struct nft_input {
	struct nft_input_chain chains[NFT_INPUT_CHAINS_MAX];
	size_t count;
	bool has_legacy; /* the older iptables has rules that nobody here can read */
};

/* Reads them anew, but for those of the table `own`. A few milliseconds. 0; -EAGAIN
 * when the rules kept changing; -errno. */
int nft_input_read(const char *own, struct nft_input *ret_input);

/* By which chain they refuse IPv4, or IPv6; NULL: they do not. */
const struct nft_input_chain *nft_input_refuses(const struct nft_input *input,
						bool is_ipv6);
/* "inet filter input", as nft names it. Returns `buf`. */
const char *nft_input_describe(const struct nft_input_chain *chain, char *buf,
			       size_t size);

/* --- in the open for the tests ---------------------------------------------------- */

/* Takes a chain of a dump, or the policy of one; then, rule by rule, what the last one
 * says. */
void nft_input_take_chain(struct nft_input *input, const char *own,
			  const struct nlmsghdr *message);
void nft_input_take_rule(struct nft_input_chain *chain, const struct nlmsghdr *message);

#endif
