/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nft_encode.c and nft_rules.c share: one step on its way into a buffer.
 */
#ifndef KERNEL_NFT_ENCODE_H
#define KERNEL_NFT_ENCODE_H

#include "kernel/nft.h"
#include <libmnl/libmnl.h>
#include <libnftnl/object.h>

/* After an error nothing more is written; the step is taken back at its end. */
struct nft_encoder {
	struct nft_buffer *buf;
	const char *table;
	const struct nft_features *features;
	const struct plan *wanted;
	int error;
};

/* A message of nf_tables in family inet, or NULL after an error. */
struct nlmsghdr *nft_message_begin(struct nft_encoder *e, uint16_t type,
				   uint16_t flags);
void nft_message_end(struct nft_encoder *e, const struct nlmsghdr *message);
void nft_fail_without_memory(struct nft_encoder *e);

/* The table itself: netlink flags, then enum nft_table_flags. */
void nft_put_table(struct nft_encoder *e, uint16_t type, uint16_t netlink_flags,
		   uint32_t table_flags);
/* A chain that packets enter at one of the hooks of enum nf_inet_hooks. */
void nft_put_base_chain(struct nft_encoder *e, const char *name, uint32_t hook,
			int32_t priority);
/* A chain that is only jumped to. */
void nft_put_chain(struct nft_encoder *e, const char *name);
/* A counter of no application. */
void nft_put_counter(struct nft_encoder *e, const char *name);
/* Its rules, or the chain itself once it has none. */
void nft_flush_chain(struct nft_encoder *e, const char *name);
void nft_delete_chain(struct nft_encoder *e, const char *name);

/* A new object, NULL after an error; what it is made of; NFT_MSG_NEWOBJ or
 * NFT_MSG_DELOBJ of it. */
struct nftnl_obj *nft_object_new(struct nft_encoder *e, uint32_t type,
				 const char *name);
void nft_object_set_comment(struct nft_encoder *e, struct nftnl_obj *o,
			    const char *comment);
void nft_object_set_limit(struct nftnl_obj *o, uint64_t rate);
void nft_put_object_take(struct nft_encoder *e, uint16_t type, struct nftnl_obj *o);

/* Longest name of an object, chain, set or map of ours. */
#define NFT_NAME_SIZE 24

/* Return `buf`. */
const char *nft_counter_name(enum direction direction, uint8_t number,
			     char buf[static NFT_NAME_SIZE]);
const char *nft_refused_name(enum direction direction, uint8_t number,
			     char buf[static NFT_NAME_SIZE]);
const char *nft_guarded_name(enum direction direction, uint8_t number,
			     char buf[static NFT_NAME_SIZE]);
const char *nft_limit_name(const struct plan_step *step,
			   char buf[static NFT_NAME_SIZE]);

const char *nft_quota_name(uint8_t number, char buf[static NFT_NAME_SIZE]);

/* --- nft_quotas.c -------------------------------------------------------------- */

/* The chains for quotas, if `wanted` has any; likewise where they are there, or not, as
 * it had none or some before. */
void nft_quotas_create(struct nft_encoder *e);
void nft_quotas_set(struct nft_encoder *e);
void nft_encode_quota(struct nft_encoder *e, const struct plan_step *step);

#endif
