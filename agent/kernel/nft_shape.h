/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets wait in which class of an uplink (core/queue.h): one rule, by a map of
 * the application mark with its LEG flag to the packet's priority.
 */
#ifndef KERNEL_NFT_SHAPE_H
#define KERNEL_NFT_SHAPE_H

#include "kernel/nft_encode.h"

/* Appends the rule to the chain shape_out, if `wanted` has uplinks. What it chooses a
 * class for ends there; the rest goes on to the limits. */
void nft_shape_rules(struct nft_encoder *e);
/* STEP_CLASS_* and STEP_UPLINKS_SET. */
void nft_shape_class(struct nft_encoder *e, const struct plan_step *step);
void nft_shape_uplinks(struct nft_encoder *e);

#endif
