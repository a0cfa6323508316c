/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of ctnetlink as libnetfilter_conntrack builds them, an encoder that shares
 * nothing with our decoder; it leaves counters out, so these are put by hand.
 */
#ifndef SUPPORT_CT_MESSAGE_H
#define SUPPORT_CT_MESSAGE_H

#include "base/addr.h"
#include "kernel/link.h"
#include <libmnl/libmnl.h>
#include <stdint.h>

#define SUBSYS_CTNETLINK 1
#define HERE "192.0.2.1"
#define HERE6 "2001:db8::1"
#define THERE "203.0.113.9"
#define THERE6 "2001:db8:9::9"

/* Both tuples as the kernel prints them: where packets of that direction come from and
 * go to. */
struct ct_side {
	const char *src;
	uint16_t src_port;
	const char *dst;
	uint16_t dst_port;
};

struct ct_message {
	uint32_t buf[256];
	struct nlmsghdr *header;
};

struct addr ct_addr(const char *text);
/* A machine whose own addresses are HERE and HERE6. */
struct link *ct_link(void);

/* The header alone, with what netfilter adds to it. */
struct nlmsghdr *ct_message_start(struct ct_message *m, uint8_t family);
void ct_message_build(struct ct_message *m, uint8_t proto, struct ct_side original,
		      struct ct_side reply);
void ct_message_outbound(struct ct_message *m); /* TCP, HERE to THERE */
void ct_message_inbound(struct ct_message *m);
void ct_message_counter(struct ct_message *m, uint16_t type, uint64_t packets,
			uint64_t bytes);
void ct_message_tcp_flags(struct ct_message *m, uint8_t original, uint8_t reply);

#endif
