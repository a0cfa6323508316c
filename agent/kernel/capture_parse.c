/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers of one packet to its flow and length, turned to the workstation's view. */
#include "core/packet.h"
#include "kernel/capture_internal.h"
#include <errno.h>
#include <netinet/in.h>

bool capture_has_ports(uint8_t proto)
{
	return packet_proto_has_ports(proto);
}

int capture_parse(const uint8_t *data, size_t size, size_t wire_size, bool is_inbound,
		  struct capture_packet *ret_packet)
{
	struct packet p;

	if (packet_parse(PACKET_LINK_RAW, data, size, wire_size, &p) < 0 ||
	    p.bytes > wire_size || (p.is_fragment && !p.has_ports))
		return -EINVAL;
	*ret_packet = (struct capture_packet){
		.is_inbound = is_inbound,
		.length = p.payload,
		.key = {.local = is_inbound ? p.destination : p.source,
			.remote = is_inbound ? p.source : p.destination,
			.local_port = is_inbound ? p.destination_port : p.source_port,
			.remote_port = is_inbound ? p.source_port : p.destination_port,
			.proto = p.proto},
	};
	return 0;
}
