/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose packets are refused, counted by the kernel: sets of (application, address) with
 * a counter an element, which only the rules that refuse update.
 */
#ifndef KERNEL_NFT_CALLERS_H
#define KERNEL_NFT_CALLERS_H

#include "core/callers.h"
#include "kernel/nft_rules.h"

#define NFT_CALLERS4 "callers4"
#define NFT_CALLERS6 "callers6"
/* Of packets whose sender found no room in them. */
#define NFT_UNLISTED_COUNTER "unlisted"

/* Appends the rules that count, to the chain that refuses what comes in. */
void nft_rules_callers(struct nft_encoder *e);

/* Those in the kernel now, without first_ns; to be freed. `now_ns`: when it is. 0 or
 * -errno; -EINTR: the sets changed meanwhile. */
int nft_read_callers(struct nft *n, const struct mark_layout *layout, uint64_t now_ns,
		     struct caller **ret_callers, size_t *ret_count);

#endif
