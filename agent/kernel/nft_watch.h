/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else changes our table: the notifications of nf_tables, of which each transaction
 * sends one for every change, and then its generation with the process that made it.
 * An owned table can't be changed by others; one that is not owned can, by any root.
 * Source: linux/netfilter/nf_tables.h.
 *
 * Owns: one netlink socket. Tells; repairs nothing.
 */
#ifndef KERNEL_NFT_WATCH_H
#define KERNEL_NFT_WATCH_H

#include "kernel/nft.h"
#include <stdbool.h>
#include <stdint.h>

/* What of our table was changed, added or removed: bits. */
enum nft_part {
	NFT_PART_TABLE = 1 << 0, /* its flags, or all of it */
	NFT_PART_CHAIN = 1 << 1,
	NFT_PART_RULE = 1 << 2,
	NFT_PART_SET = 1 << 3,
	NFT_PART_ELEMENT = 1 << 4,
	NFT_PART_OBJECT = 1 << 5, /* a counter, a limit */
};

#define NFT_PROCESS_SIZE 16 /* TASK_COMM_LEN */

/* One transaction of somebody else that changed our table. */
struct nft_foreign_change {
	unsigned int parts;
	bool is_removed; /* the whole table */
	uint32_t changes;
	uint32_t pid; /* 0: the kernel does not tell */
	/* As it calls itself, "" when not known: to be escaped. */
	char process[NFT_PROCESS_SIZE];
};

struct nft_watch;
typedef void nft_watch_callback(void *context, const struct nft_foreign_change *change);

/* Tells of changes of the table of `n` that were not made through `n`. 0 or -errno. */
int nft_watch_open(const struct nft *n, nft_watch_callback *callback, void *context,
		   struct nft_watch **ret_watch);
void nft_watch_close(struct nft_watch *w);
int nft_watch_fd(const struct nft_watch *w);
/* Takes a bounded batch. 0; -ENOBUFS: some were lost, what they said is not known;
 * -errno. */
int nft_watch_read(struct nft_watch *w);

/* --- pure part, for tests and the fuzzer ------------------------------------------ */

struct nft_watch_state {
	const char *table;
	uint32_t own_port;		  /* of our own transactions */
	uint32_t port;			  /* of the transaction that `change` is of */
	struct nft_foreign_change change; /* so far */
};

struct nlmsghdr;
/* Takes one message. True when it ends a transaction that changed our table: `change`
 * says how, and begins anew with the next message. */
bool nft_watch_take(struct nft_watch_state *s, const struct nlmsghdr *m);

/* "its rules and chains", what was changed in words. Returns `buf`. */
const char *nft_change_describe(const struct nft_foreign_change *c, char *buf,
				size_t size);

#endif
