/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that the kernel holds until it is told whose socket they call: one queue of
 * NFQUEUE. Their headers are read, down to the ports, and nothing behind them. The
 * answer is a packet mark, with which the rules that held the packet see it again
 * (nft_hold.c): to answer with a conntrack mark, the kernel would have to have
 * CONFIG_NETFILTER_NETLINK_GLUE_CT. Source: linux/netfilter/nfnetlink_queue.h,
 * libnetfilter_queue.
 *
 * Owns: one netlink socket. A batch of packets is answered with as many verdicts, and
 * nothing is kept.
 *
 * At most QUEUE_LENGTH_MAX packets wait, be this process busy, stopped or hung. What
 * comes then passes at once, unless the queue was told to be closed: then it is lost.
 * When the process ends, so does the queue, and what waits in it is lost: who called
 * calls again.
 */
#ifndef KERNEL_QUEUE_H
#define KERNEL_QUEUE_H

#include "core/observation.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_NUMBER_DEFAULT 21079 /* "RW"; each network namespace has its own */
#define QUEUE_LENGTH_MAX 64

struct queue;

/* Returns the bits to add to the packet's mark. `key` is as the socket here has it;
 * NULL: it can't be told from the headers. Must not block. */
typedef uint32_t queue_callback(void *context, const struct flow_key *key);

struct queue_stats {
	uint64_t packets; /* that were held */
	uint64_t lost;	  /* times the socket had no room */
};

/* 0 or -errno; -EBUSY: the number is another program's; -EPROTONOSUPPORT: the kernel
 * has no such queues. */
int queue_open(uint16_t number, queue_callback *callback, void *context,
	       struct queue **ret_queue);
void queue_close(struct queue *q);
int queue_fd(const struct queue *q);
/* Whether what finds no room is lost (true) or passes, as after opening. 0 or -errno.
 */
int queue_set_closed(struct queue *q, bool is_closed);
/* Answers a bounded batch. */
void queue_handle(struct queue *q);
const struct queue_stats *queue_stats(const struct queue *q);

/* --- pure part, for tests and the fuzzer: one netlink message to a packet ------- */

struct nlmsghdr;

struct queue_packet {
	uint32_t id;   /* for its verdict, in host order */
	uint32_t mark; /* of the packet */
	bool has_key;
	struct flow_key key;
};

/* 0; -ENOMSG when it is no packet; -EINVAL when it has no id and can't be answered. */
int queue_parse(const struct nlmsghdr *message, struct queue_packet *ret_packet);
/* Writes the verdict, "once more with this mark", into `buf` (QUEUE_VERDICT_SIZE,
 * aligned) and returns it. */
#define QUEUE_VERDICT_SIZE 64
struct nlmsghdr *queue_put_verdict(char *buf, uint16_t number, uint32_t id,
				   uint32_t mark);

#endif
