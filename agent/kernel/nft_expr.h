/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small builders for nftables expressions, composed into rules by nft_rules.c. Each
 * appends one expression; values pass through 32-bit registers, the first of which is
 * used unless a builder says otherwise. After a failed allocation they do nothing and
 * `has_failed` tells.
 */
#ifndef KERNEL_NFT_EXPR_H
#define KERNEL_NFT_EXPR_H

#include <libnftnl/rule.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stdint.h>

struct nft_rule_builder {
	struct nftnl_rule *rule;
	bool has_failed;
};

/* Loads. The register that holds a value after the first four bytes is given. */
void expr_ct_mark(struct nft_rule_builder *b);
void expr_ct_mark_masked(struct nft_rule_builder *b, uint32_t mask);
void expr_ct_state(struct nft_rule_builder *b,
		   enum ip_conntrack_info state); /* matches, too */
void expr_ct_bytes(struct nft_rule_builder *b);	  /* both directions, network order */
void expr_meta(struct nft_rule_builder *b, enum nft_meta_keys key);
void expr_socket_cgroup(struct nft_rule_builder *b, unsigned int level);
void expr_payload(struct nft_rule_builder *b, enum nft_payload_bases base,
		  uint32_t offset, uint32_t size, enum nft_registers to);

/* Matches: the rule goes on only if they hold. */
void expr_compare(struct nft_rule_builder *b, enum nft_cmp_ops op, const void *data,
		  uint32_t size);
void expr_compare_u32(struct nft_rule_builder *b, enum nft_cmp_ops op, uint32_t data);
void expr_in_set(struct nft_rule_builder *b, const char *set);
/* The key is replaced by what the map has for it; the rule ends if it has nothing. */
void expr_map(struct nft_rule_builder *b, const char *map);
/* The counter or limit that the map has; the rule ends if none, or below the limit. */
void expr_object(struct nft_rule_builder *b, const char *map);

/* Counts the packet with the element that is the key, made when it is new and kept for
 * so long after the last; goes on only where the set has no room for it. */
void expr_count_in_set(struct nft_rule_builder *b, const char *set, uint64_t kept_ms);

/* Statements. */
void expr_set_ct_mark(struct nft_rule_builder *b);
void expr_set_priority(struct nft_rule_builder *b); /* of the packet */
void expr_set_mark(struct nft_rule_builder *b);	    /* of the packet */
void expr_bitwise(struct nft_rule_builder *b, uint32_t mask, uint32_t xor);
/* Goes on only above `rate` packets a second, after `burst` of them at once. */
void expr_over_limit(struct nft_rule_builder *b, uint64_t rate, uint32_t burst);
void expr_count(struct nft_rule_builder *b, const char *counter); /* by its name */
/* Ends in the queue, by nft_queue or the target of xtables; `passes`: nobody reads it,
 * then the packet goes on after the hook. */
void expr_queue(struct nft_rule_builder *b, uint16_t number, bool passes);
void expr_queue_target(struct nft_rule_builder *b, uint16_t number, bool passes);
/* The flow leaves by the address of its interface, from a port by chance. */
void expr_masquerade(struct nft_rule_builder *b);
/* Ends in a drop and an answer: a TCP reset, or "port unreachable". */
void expr_reject(struct nft_rule_builder *b, bool with_reset);
/* NF_DROP, NFT_RETURN, or NFT_JUMP with the name of a chain. */
void expr_verdict(struct nft_rule_builder *b, int verdict, const char *chain);

#endif
