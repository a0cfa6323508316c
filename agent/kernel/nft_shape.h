/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes before the limits: which packets wait in which class of an uplink
 * (core/queue.h), by a map of the application mark with its LEG flag to the packet's
 * priority; and what guarded applications take (core/guard.h), counted. One rule each.
 */
#ifndef KERNEL_NFT_SHAPE_H
#define KERNEL_NFT_SHAPE_H

#include "kernel/nft_encode.h"

/* STEP_CLASS_*. */
void nft_shape_class(struct nft_encoder *e, const struct plan_step *step);
/* STEP_SHAPING_SET: the rules as far as `wanted` needs them. What one chooses a class
 * for ends there; the rest goes on to the limits. */
void nft_shape_set(struct nft_encoder *e);
/* The elements of STEP_GUARD_*, whose counter is `name`. */
void nft_shape_guard(struct nft_encoder *e, const struct plan_step *step,
		     enum direction d, const char *name);

#endif
