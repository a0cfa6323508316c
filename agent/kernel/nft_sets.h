/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets and maps of the table, and their elements.
 */
#ifndef KERNEL_NFT_SETS_H
#define KERNEL_NFT_SETS_H

#include "kernel/nft_encode.h"

/* Every set and map, empty. */
void nft_sets_create(struct nft_encoder *e);

/* NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM: a key, and what it maps to: an object's
 * name, or a mark, neither when deleting. */
void nft_put_element(struct nft_encoder *e, uint16_t type, const char *map,
		     const void *key, uint32_t key_size, const char *object,
		     const uint32_t *mark);

/* An address of a guest, and its application's mark, likewise. */
void nft_put_guest(struct nft_encoder *e, uint16_t type,
		   const struct plan_guest *guest);
/* All elements of a set go. */
void nft_clear_set(struct nft_encoder *e, const char *set);

/* The trusted networks of `wanted` instead of those there. */
void nft_sets_trust(struct nft_encoder *e);

#endif
