/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symmetric_nat: the UDP flows that an application begins with strangers leave from
 * another port for every peer, as behind a symmetric NAT, so that what one peer learns
 * of its address is of no use to another.
 */
#ifndef KERNEL_NFT_NAT_H
#define KERNEL_NFT_NAT_H

#include "kernel/nft_rules.h"

#define NFT_SYMMETRIC "symmetric_nat" /* the set of the applications' marks */

/* The chain of type nat with its rules, or its end. */
void nft_put_nat(struct nft_encoder *e, bool is_wanted);
/* One application into the set, or out of it. */
void nft_put_nat_app(struct nft_encoder *e, const struct plan_step *step);

#endif
