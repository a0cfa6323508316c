/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of one packet to its flow and length. Pure: every byte is a stranger's.
 * Source: RFC 791, RFC 8200, RFC 2675 (jumbograms), RFC 4302 (AH).
 */
#include "kernel/capture_internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define EXTENSIONS_MAX 8
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define FRAGMENT_OFFSET 0x1fff	    /* IPv4 */
#define FRAGMENT_OFFSET_IPV6 0xfff8 /* behind it: reserved, "more" */

/* Where the parser is: `at` never passes `size`. */
struct cursor {
	const uint8_t *data;
	size_t size, total; /* captured; of the whole packet, by its IP header */
	size_t at;	    /* of the next header */
	uint8_t proto;	    /* of the next header */
};

static uint16_t read_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

bool capture_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_UDPLITE || proto == IPPROTO_SCTP;
}

static void set_addrs(struct flow_key *key, bool is_inbound, struct addr source,
		      struct addr destination)
{
	key->local = is_inbound ? destination : source;
	key->remote = is_inbound ? source : destination;
}

/* --- layer 3 --------------------------------------------------------------------- */

static int parse_ipv4(struct cursor *c, size_t wire_size, bool is_inbound,
		      struct flow_key *key)
{
	uint32_t source, destination;

	if (c->size < IPV4_HEADER)
		return -EINVAL;
	c->at = (size_t)(c->data[0] & 0xf) * 4;
	c->total = read_be16(c->data + 2);
	if (c->total == 0) /* an offload beyond 64 KiB (BIG TCP) */
		c->total = wire_size;
	if (c->at < IPV4_HEADER || c->at > c->size || c->at > c->total)
		return -EINVAL;
	if (read_be16(c->data + 6) & FRAGMENT_OFFSET)
		return -EINVAL;
	c->proto = c->data[9];
	memcpy(&source, c->data + 12, sizeof(source));
	memcpy(&destination, c->data + 16, sizeof(destination));
	set_addrs(key, is_inbound, addr_from_ipv4(source), addr_from_ipv4(destination));
	return 0;
}

static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
	       proto == IPPROTO_FRAGMENT || proto == IPPROTO_AH ||
	       proto == IPPROTO_DSTOPTS;
}

static size_t extension_length(uint8_t proto, const uint8_t *header)
{
	switch (proto) {
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return ((size_t)header[1] + 2) * 4;
	default:
		return ((size_t)header[1] + 1) * 8;
	}
}

static int skip_extensions(struct cursor *c)
{
	for (int i = 0; i < EXTENSIONS_MAX && is_extension(c->proto); i++) {
		const uint8_t *header = c->data + c->at;
		size_t length, left = c->size - c->at;

		if (left < 8) /* the shortest of them */
			return -EINVAL;
		length = extension_length(c->proto, header);
		if (length > left)
			return -EINVAL;
		if (c->proto == IPPROTO_FRAGMENT &&
		    read_be16(header + 2) & FRAGMENT_OFFSET_IPV6)
			return -EINVAL;
		c->proto = header[0];
		c->at += length;
	}
	return is_extension(c->proto) ? -EINVAL : 0;
}

static int parse_ipv6(struct cursor *c, size_t wire_size, bool is_inbound,
		      struct flow_key *key)
{
	struct addr source, destination;
	uint16_t payload;

	if (c->size < IPV6_HEADER)
		return -EINVAL;
	payload = read_be16(c->data + 4);
	/* 0 is a jumbogram, or an offload beyond 64 KiB. */
	c->total = payload ? IPV6_HEADER + (size_t)payload : wire_size;
	c->at = IPV6_HEADER;
	c->proto = c->data[6];
	source = addr_from_ipv6(c->data + 8);
	destination = addr_from_ipv6(c->data + 24);
	/* Never on a wire: it would pass for an IPv4 flow. */
	if (addr_is_ipv4(&source) || addr_is_ipv4(&destination))
		return -EINVAL;
	set_addrs(key, is_inbound, source, destination);
	return skip_extensions(c);
}

/* --- layer 4 --------------------------------------------------------------------- */

/* Length of the header at the cursor; 0 where it is cut short. */
static size_t transport_length(const struct cursor *c)
{
	size_t left = c->size - c->at;

	switch (c->proto) {
	case IPPROTO_TCP:
		return left > 12 ? (size_t)(c->data[c->at + 12] >> 4) * 4 : 0;
	case IPPROTO_SCTP:
		return left >= 4 ? 12 : 0;
	default:
		return left >= 4 ? 8 : 0;
	}
}

static int parse_transport(const struct cursor *c, struct capture_packet *p)
{
	size_t length = 0, left = c->total - c->at;
	const uint8_t *header = c->data + c->at;
	uint16_t source, destination;

	if (capture_has_ports(c->proto)) {
		length = transport_length(c);
		if (length < 8 || (c->proto == IPPROTO_TCP && length < 20))
			return -EINVAL;
		source = read_be16(header);
		destination = read_be16(header + 2);
		p->key.local_port = p->is_inbound ? destination : source;
		p->key.remote_port = p->is_inbound ? source : destination;
	}
	if (length > left)
		return -EINVAL;
	p->key.proto = c->proto;
	p->length = (uint32_t)(left - length);
	return 0;
}

int capture_parse(const uint8_t *data, size_t size, size_t wire_size, bool is_inbound,
		  struct capture_packet *ret_packet)
{
	struct cursor c = {.data = data, .size = size};
	struct capture_packet p = {.is_inbound = is_inbound};
	int r = -EINVAL;

	if (size == 0 || size > wire_size || wire_size > UINT32_MAX)
		return -EINVAL;
	if (data[0] >> 4 == 4)
		r = parse_ipv4(&c, wire_size, is_inbound, &p.key);
	else if (data[0] >> 4 == 6)
		r = parse_ipv6(&c, wire_size, is_inbound, &p.key);
	if (r < 0 || c.total > wire_size)
		return -EINVAL;
	/* A frame may be padded behind the packet. */
	if (c.size > c.total)
		c.size = c.total;
	r = c.at > c.size ? -EINVAL : parse_transport(&c, &p);
	if (r == 0)
		*ret_packet = p;
	return r;
}
