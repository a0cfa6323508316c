/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pure parts of capture: the filter for the kernel and the parser of what it lets
 * through. For capture.c, tests and the fuzzer.
 */
#ifndef KERNEL_CAPTURE_INTERNAL_H
#define KERNEL_CAPTURE_INTERNAL_H

#include "kernel/capture.h"
#include <linux/filter.h>

/* Bytes of a packet that are looked at, from its IP header on. */
#define CAPTURE_SNAP 128

/* What 64 flows take is about 330. */
#define CAPTURE_FILTER_MAX 512

struct capture_filter {
	struct sock_filter code[CAPTURE_FILTER_MAX];
	unsigned short length;
};

/*
 * A classic BPF program for a SOCK_DGRAM packet socket: it returns CAPTURE_SNAP for
 * every packet of these flows, both ways, and 0 for nearly everything else. With no
 * flow it drops everything. At most CAPTURE_FLOWS_MAX are looked at.
 */
void capture_filter_build(const struct flow_key *flows, size_t count,
			  struct capture_filter *ret_filter);

/* Protocols whose first four bytes are two ports; others have none. */
bool capture_has_ports(uint8_t proto);

/*
 * The first `size` bytes of an IPv4 or IPv6 packet that was `wire_size` bytes long:
 * everything but the time. 0, or -EINVAL where the headers are malformed, cut short, or
 * not there because it is a later fragment.
 */
int capture_parse(const uint8_t *data, size_t size, size_t wire_size, bool is_inbound,
		  struct capture_packet *ret_packet);

#endif
