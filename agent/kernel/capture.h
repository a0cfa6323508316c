/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of packets of a few flows, for a short time: an AF_PACKET ring with a filter
 * in the kernel, bound only while it is wanted. Opened as root (CAP_NET_RAW), used
 * without. Source: packet(7), linux/if_packet.h (TPACKET_V3), bpf classic.
 *
 * Cost: none while stopped: no packet meets it, and it has no ring. While running, the
 * filter drops nearly everything but the flows asked for, and only the first 128 bytes
 * of a packet are seen; any packet of the machine then costs some 0.2 us more, a sent
 * one 0.3 us. To start or to stop takes some 20 ms: the kernel waits until no processor
 * is in its receive path.
 *
 * Packets are seen as they are on the wire: of a flow of our own that this machine
 * translates (NAT) nothing is found under its key; a guest's is seen on the guest's
 * side of that. Loopback is not seen.
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
	/* CLOCK_BOOTTIME, exact to a microsecond until somebody sets the clock. */
	uint64_t time_ns;
	struct flow_key key; /* turned as the flow that was asked for */
	bool is_inbound;     /* this packet, as seen from `local` */
	uint32_t length;     /* layer 4 payload; of an offload, all of it; never 0 */
};

/* It may stop, start or change the capture, and once it stopped or started it is not
 * called for what was there; it must not close it. */
typedef void capture_callback(void *context, const struct capture_packet *packet);

struct capture_stats {
	uint64_t packets;    /* let through by the filter, the dropped ones too */
	uint64_t dropped;    /* no room in the ring */
	uint64_t unparsable; /* malformed, or a later fragment: it has no ports */
};

/* 0 or -errno; -EPERM without CAP_NET_RAW. */
int capture_open(capture_callback *callback, void *context,
		 struct capture **ret_capture);
void capture_close(struct capture *c);

/* Only these flows, from now on. 0, -EINVAL for none, -E2BIG, -errno: then it is
 * stopped, unless there were none or too many. */
int capture_start(struct capture *c, const struct flow_key *flows, size_t count);
/*
 * From now on these, without a gap: the kernel exchanges the filter whole, and nothing
 * is waited for. What waits in the ring is handed over if it is of these. 0, -EINVAL
 * for none or when it is stopped, -E2BIG, -errno; then nothing has changed.
 */
int capture_change(struct capture *c, const struct flow_key *flows, size_t count);
void capture_stop(struct capture *c);

int capture_fd(const struct capture *c); /* readable when a block is full */
/* Hands over what is there, at most one block of the ring. 0 or -errno. */
int capture_read(struct capture *c);
/* Since the last call; a stop in between loses nothing. */
void capture_read_stats(struct capture *c, struct capture_stats *ret_stats);

#endif
