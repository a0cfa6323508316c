/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prefixes as the kernel wants them in an interval set: sorted, disjoint, half open.
 * Pure.
 */
#ifndef KERNEL_NFT_INTERVALS_H
#define KERNEL_NFT_INTERVALS_H

#include "base/addr.h"

struct nft_interval {
	struct addr first;
	struct addr end; /* the address after the last, unless it is open */
	bool is_open;	 /* up to the last address of the family */
};

/*
 * The addresses of one family that `prefixes` hold, in the sense of prefix_contains():
 * "::/0" holds every IPv4 address too. Overlapping and adjacent ones are joined.
 * `ret_intervals` has room for `count`. Returns how many there are.
 */
size_t nft_intervals(const struct prefix *prefixes, size_t count, bool is_ipv4,
		     struct nft_interval *ret_intervals);

#endif
