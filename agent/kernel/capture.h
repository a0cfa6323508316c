/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of packets of a few flows, for a short time: an AF_PACKET ring with a filter
 * in the kernel, bound only while it is wanted. Opened as root (CAP_NET_RAW), used
 * without. Source: packet(7), linux/if_packet.h (TPACKET_V3), bpf classic.
 *
 * Cost: none while stopped. While running, the filter drops everything but the flows
 * asked for, and only the first 128 bytes of a packet are seen.
 */
#ifndef KERNEL_CAPTURE_H
#define KERNEL_CAPTURE_H

#include "core/observation.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_FLOWS_MAX 64

struct capture;

struct capture_packet {
	uint64_t time_ns;    /* CLOCK_BOOTTIME */
	struct flow_key key; /* turned so that `local` is the workstation */
	bool is_inbound;     /* this packet, not the flow */
	uint32_t length;     /* layer 4 payload; of an offload, all of it */
};

typedef void capture_callback(void *context, const struct capture_packet *packet);

struct capture_stats {
	uint64_t packets, dropped, unparsable;
};

/* 0 or -errno; -EPERM without CAP_NET_RAW. */
int capture_open(capture_callback *callback, void *context,
		 struct capture **ret_capture);
void capture_close(struct capture *c);

/* Only these flows, from now on. 0, -E2BIG, -errno. */
int capture_start(struct capture *c, const struct flow_key *flows, size_t count);
void capture_stop(struct capture *c);

int capture_fd(const struct capture *c); /* readable when a block is full */
/* Hands over what is there, at most one block of the ring. 0 or -errno. */
int capture_read(struct capture *c);
/* The kernel's own counts, since the last call. */
void capture_read_stats(struct capture *c, struct capture_stats *ret_stats);

#endif
