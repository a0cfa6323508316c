/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nft_commit.c and nft_counters.c share: the socket that owns the table.
 */
#ifndef KERNEL_NFT_HANDLE_H
#define KERNEL_NFT_HANDLE_H

#include "kernel/nft.h"
#include <libmnl/libmnl.h>

#define NFT_TABLE_NAME_MAX 64
/* The largest piece of a dump that the kernel makes. */
#define NFT_ANSWER_SIZE (32 * 1024)

struct nft {
	struct mnl_socket *socket;
	uint32_t seq; /* of the next message */
	char table[NFT_TABLE_NAME_MAX];
	struct nft_features features;
	struct nft_buffer buffer; /* kept from one transaction to the next */
	int send_size;		  /* what the socket takes in one piece */
	_Alignas(struct nlmsghdr) uint8_t answer[NFT_ANSWER_SIZE];
};

/* Takes one object of a dump into what is read. */
typedef void nft_object_taker(const struct nlmsghdr *message, void *result);

/* Reads all objects of a type into a result of `size` bytes, zeroed before. 0, -EAGAIN
 * when the rules kept changing under the dump, -ENOMEM or -errno: untouched. */
int nft_dump_objects(struct nft *n, uint32_t type, nft_object_taker *take,
		     void *ret_result, size_t size);

#endif
