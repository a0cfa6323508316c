/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Table `inet relaywarden`: plan steps to netlink bytes (nft_encode.c, nft_rules.c) and
 * their atomic commit and read-back (nft_commit.c). Source:
 * linux/netfilter/nf_tables.h, libnftnl.
 *
 * Owns: the one netlink socket that owns the table. Knows nothing of policy.
 */
#ifndef KERNEL_NFT_H
#define KERNEL_NFT_H

#include "core/plan.h"
#include <stdint.h>

#define NFT_TABLE_NAME "relaywarden"
/* Bytes of both directions after which a flow is HEAVY, polled often. */
#define NFT_HEAVY_BYTES 16384
/* Calls to sockets that the kernel does not know, which it asks about: a second, and at
 * once. Beyond, they pass as if nobody could be asked. */
#define NFT_HOLD_RATE 200
#define NFT_HOLD_BURST 64

struct nft;

/* What the running kernel can do; probed at open, for doctor. */
struct nft_features {
	bool has_owner_flag;	  /* NFT_TABLE_F_OWNER, 5.12 */
	bool has_socket_cgroupv2; /* 5.13 */
	bool has_object_maps;
	bool has_quota;	 /* nft_quota; without it quotas are not counted */
	bool has_reject; /* nft_reject_inet; without it what is cut is dropped */
	/* To hold a packet until the agent has answered: nft_queue, or else the target
	 * of xtables. */
	bool has_queue, has_queue_target;
	bool has_masquerade; /* nft_masq and chains of type nat in family inet, 5.2 */
};

/* 0 or -errno: -EPERM without CAP_NET_ADMIN, -EPROTONOSUPPORT without nf_tables,
 * -EINVAL for a table name that is empty or too long. */
int nft_open(const char *table, struct nft **ret_nft);
void nft_close(struct nft *n); /* an owned table vanishes here */
const struct nft_features *nft_features(const struct nft *n);

/*
 * Sends `steps` (made by plan_diff against what is installed) as one transaction; all
 * or nothing. `wanted` gives the details of steps that stand for whole sets. Returns 0,
 * or -errno with `ret_what` (size bytes) naming the step the kernel refused.
 */
int nft_commit(struct nft *n, const struct plan *wanted, const struct plan_steps *steps,
	       char *ret_what, size_t size);

/* Removes the table, if it is ours. 1; 0 when there was none; -EEXIST when another
 * agent owns it; or -errno. */
int nft_remove(struct nft *n);

struct nft_counter {
	uint64_t packets, bytes;
};

/* Per application number and direction; what has no counter is zero. */
struct nft_counters {
	struct nft_counter app[APP_NUMBER_COUNT][DIRECTION_COUNT];
	struct nft_counter refused[APP_NUMBER_COUNT][DIRECTION_COUNT];
	struct nft_counter unasked;  /* calls beyond NFT_HOLD_RATE */
	struct nft_counter unlisted; /* refused of callers beyond CALLERS_MAX */
	struct nft_counter guarded[APP_NUMBER_COUNT][DIRECTION_COUNT];
};

/* 0; -EAGAIN when the rules kept changing under the dump; or -errno. */
int nft_read_counters(struct nft *n, struct nft_counters *ret_counters);

struct nft_quota {
	bool is_there;
	uint64_t consumed; /* never more than its quota */
	char comment[128];
};

struct nft_quotas {
	struct nft_quota app[APP_NUMBER_COUNT];
};

/* Of the table of that name, also one that an earlier agent has left. Like
 * nft_read_counters(). */
int nft_read_quotas(struct nft *n, struct nft_quotas *ret_quotas);

/* --- nft_encode.c, in the open for the byte tests ----------------------------- */

struct nft_buffer {
	uint8_t *data;
	size_t size, used;
	uint32_t seq; /* of every message of the next step */
};

/* No message is longer; with less than this left a buffer counts as full. */
#define NFT_MESSAGE_ROOM 8192

/* Appends the netlink messages of one step to `buf` and counts `seq` up. 0; -ENOBUFS
 * when it is full, -ENOMEM, or -EINVAL for a step that has no meaning, all of which
 * leave `buf` as it was. */
int nft_encode_step(struct nft_buffer *buf, const char *table,
		    const struct nft_features *features, const struct plan *wanted,
		    const struct plan_step *step);

#endif
