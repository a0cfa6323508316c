/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of table `inet relaywarden`, the same few however many applications there
 * are: what differs between applications is in maps.
 */
#ifndef KERNEL_NFT_RULES_H
#define KERNEL_NFT_RULES_H

#include "core/plan.h"
#include "kernel/nft_encode.h"
#include "kernel/nft_expr.h"

/* Names that differ between the directions; `input` counts what comes in. */
struct nft_side {
	const char *chain;		     /* base chain */
	const char *mark_chain;		     /* gives a flow its application mark */
	const char *counters, *rate, *relay; /* object maps */
	const char *cut_chain, *refuse_chain;
	const char *refused;	 /* object map */
	const char *guest_chain; /* for the guests' own */
	const char *shape_chain; /* what comes before the limits: nft_shape.h */
	const char *guarded;	 /* object map */
	const char *quota_hook;	 /* base chain */
	const char *quota_chain, *over_chain; /* there with it alone */
	const char *over_rate;		      /* object map */
};

/* For files that write rules of their own: an empty rule at the end of a chain. */
struct nft_rule_builder nft_rule_begin(struct nft_encoder *e, const char *chain);
void nft_rule_end(struct nft_encoder *e, struct nft_rule_builder *b);
/* A rule that jumps from the base chain. */
void nft_rule_jump(struct nft_encoder *e, const char *chain, const char *to);
/* Rules that return where the peer is in a set. */
void nft_rules_except(struct nft_encoder *e, enum direction direction,
		      const char *chain, const char *set4, const char *set6);

const struct nft_side *nft_side_of(enum direction direction);
/* The base chain for what is forwarded. */
#define NFT_FORWARD_CHAIN "forward"
#define NFT_QUOTA_FORWARD_CHAIN "quota_forward"
/* The map from the cgroups of a level to marks. Returns `buf`. */
const char *nft_cgroups_name(unsigned int level, char buf[static NFT_NAME_SIZE]);

/* Appends the rules of the base chain. */
void nft_rules_base(struct nft_encoder *e, enum direction direction);
/* Appends the rules that find what is cut, if `wanted` cuts anything, and those that
 * refuse what was found. */
void nft_rules_cut(struct nft_encoder *e, enum direction direction);
void nft_rules_refuse(struct nft_encoder *e, enum direction direction);
/* Appends the rules for what guests get or send, and those that lead there. */
void nft_rules_guest(struct nft_encoder *e, enum direction direction);
void nft_rules_forward(struct nft_encoder *e);
/* Appends the rules of the chains for quotas: one that counts, and what is done with
 * what is beyond. */
void nft_rules_quota(struct nft_encoder *e, enum direction direction);
void nft_rules_quota_forward(struct nft_encoder *e);
void nft_rules_over(struct nft_encoder *e, enum direction direction);
/* Appends the rules that mark, for the cgroup levels that `wanted` has. */
void nft_rules_mark(struct nft_encoder *e, enum direction direction);

#endif
