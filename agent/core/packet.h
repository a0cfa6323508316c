/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of a captured packet, down to its ports. Everything in it was chosen by a
 * stranger; nothing is read beyond what was captured. Pure.
 *
 * Sources: RFC 791, RFC 8200, IEEE 802.1Q, https://www.tcpdump.org/linktypes.html.
 */
#ifndef CORE_PACKET_H
#define CORE_PACKET_H

#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>

/* Values of LINKTYPE_ in a capture. */
enum packet_link {
	PACKET_LINK_NULL = 0,
	PACKET_LINK_ETHERNET = 1,
	PACKET_LINK_RAW_OPENBSD = 12,
	PACKET_LINK_RAW = 101,
	PACKET_LINK_LOOP = 108,
	PACKET_LINK_SLL = 113, /* "Linux cooked" */
	PACKET_LINK_IPV4 = 228,
	PACKET_LINK_IPV6 = 229,
	PACKET_LINK_SLL2 = 276,
};

struct packet {
	struct addr source, destination;
	uint16_t source_port, destination_port; /* host order; 0 without ports */
	uint8_t proto;
	uint32_t bytes;	      /* of layer 3, as the IP header says */
	uint32_t payload;     /* of these, behind the header of layer 4 */
	bool is_fragment;     /* one of several */
	bool has_ports;	      /* false: a later fragment, or no ports at all */
	uint32_t fragment_id; /* with the addresses, of which datagram */
	bool is_answer;	      /* TCP, SYN and ACK: the receiver began */
};

bool packet_link_is_known(int link);
/* Whether layer 4 begins with two ports. */
bool packet_proto_has_ports(uint8_t proto);

/*
 * Reads the `size` bytes that were captured of `wire_size`. 0; -EAFNOSUPPORT for what
 * is neither IPv4 nor IPv6; -EBADMSG for what is cut off before its ports (of TCP, its
 * length) or contradicts itself.
 */
int packet_parse(enum packet_link link, const uint8_t *data, size_t size,
		 size_t wire_size, struct packet *ret_packet);

#endif
