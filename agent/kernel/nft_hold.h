/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules that hold a stranger's first packet until the agent has said whose socket
 * it calls (kernel/queue.h): only while calls are refused, only where the kernel does
 * not know by itself, only once a flow, and only so many a second.
 */
#ifndef KERNEL_NFT_HOLD_H
#define KERNEL_NFT_HOLD_H

#include "kernel/nft_rules.h"

/* Of calls that could not be asked about for want of room. */
#define NFT_UNASKED_COUNTER "unasked"

/* The chain, and the counter: always there, and nothing leads to them unless held. */
void nft_hold_create(struct nft_encoder *e);
/* The rules of that chain and those that lead to it, for `wanted`; for the chain of
 * what comes in and is cut. */
void nft_rules_hold(struct nft_encoder *e);
/* The one rule that queues, for probing. */
void nft_rule_queue(struct nft_encoder *e, const char *chain);

#endif
