/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/packet.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define VLANS_MAX 4
#define EXTENSIONS_MAX 8
#define PROTO_SCTP 132
#define PROTO_UDPLITE 136
#define TCP_SYN_ACK 0x12

/* What is left of a packet. */
struct bytes {
	const uint8_t *data;
	size_t size; /* captured */
	size_t wire; /* on the wire, at least as many */
};

static bool skip(struct bytes *b, size_t count)
{
	if (b->size < count)
		return false;
	b->data += count;
	b->size -= count;
	b->wire -= count;
	return true;
}

static uint16_t get16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static uint32_t get32(const uint8_t *data)
{
	return (uint32_t)get16(data) << 16 | get16(data + 2);
}

bool packet_link_is_known(int link)
{
	switch (link) {
	case PACKET_LINK_NULL:
	case PACKET_LINK_ETHERNET:
	case PACKET_LINK_RAW_OPENBSD:
	case PACKET_LINK_RAW:
	case PACKET_LINK_LOOP:
	case PACKET_LINK_SLL:
	case PACKET_LINK_IPV4:
	case PACKET_LINK_IPV6:
	case PACKET_LINK_SLL2:
		return true;
	default:
		return false;
	}
}

/* --- what is before IP ------------------------------------------------------------ */

/* Past an Ethernet type and the VLAN tags it may announce. */
static int skip_ethertype(struct bytes *b, uint16_t type)
{
	for (int i = 0; i < VLANS_MAX; i++) {
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ)
			break;
		if (b->size < 4)
			return -EBADMSG;
		type = get16(b->data + 2);
		skip(b, 4);
	}
	return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6 ? 0 : -EAFNOSUPPORT;
}

/* A link header of `size` bytes with an Ethernet type at `at`. */
static int skip_link_header(struct bytes *b, size_t size, size_t at)
{
	uint16_t type;

	if (b->size < size)
		return -EBADMSG;
	type = get16(b->data + at);
	skip(b, size);
	return skip_ethertype(b, type);
}

static int skip_link(struct bytes *b, enum packet_link link)
{
	switch (link) {
	case PACKET_LINK_ETHERNET:
		return skip_link_header(b, 14, 12);
	case PACKET_LINK_SLL:
		return skip_link_header(b, 16, 14);
	case PACKET_LINK_SLL2:
		return skip_link_header(b, 20, 0);
	case PACKET_LINK_NULL:
	case PACKET_LINK_LOOP:
		/* An address family in whose byte order, nobody knows: see what
		 * follows.
		 */
		return skip(b, 4) ? 0 : -EBADMSG;
	case PACKET_LINK_RAW:
	case PACKET_LINK_RAW_OPENBSD:
	case PACKET_LINK_IPV4:
	case PACKET_LINK_IPV6:
		return 0;
	}
	return -EAFNOSUPPORT;
}

/* --- what is behind IP ------------------------------------------------------------ */

bool packet_proto_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == PROTO_SCTP ||
	       proto == PROTO_UDPLITE;
}

/* The header of layer 4; 0 where it cannot be told. */
static size_t transport_size(uint8_t proto, const struct bytes *b)
{
	switch (proto) {
	case IPPROTO_TCP:
		return b->size > 12 ? (size_t)(b->data[12] >> 4) * 4 : 0;
	case IPPROTO_UDP:
	case PROTO_UDPLITE:
		return 8;
	case PROTO_SCTP:
		return 12;
	default:
		return 0;
	}
}

/* `left`: bytes of the packet from here on. */
static int take_transport(const struct bytes *b, size_t left, bool has_header,
			  struct packet *p)
{
	size_t header = has_header ? transport_size(p->proto, b) : 0;
	size_t least = p->proto == IPPROTO_TCP ? 20 : 8;

	p->payload = (uint32_t)(left > header ? left - header : 0);
	if (!has_header || !packet_proto_has_ports(p->proto))
		return 0;
	if (b->size < 4 || header < least || header > left)
		return -EBADMSG;
	p->source_port = get16(b->data);
	p->destination_port = get16(b->data + 2);
	p->has_ports = true;
	p->is_answer = p->proto == IPPROTO_TCP && b->size > 13 &&
		       (b->data[13] & TCP_SYN_ACK) == TCP_SYN_ACK;
	return 0;
}

static int take_ipv4(struct bytes *b, struct packet *p)
{
	size_t header;
	uint16_t fragment;
	uint32_t address;

	if (b->size < 20)
		return -EBADMSG;
	header = (size_t)(b->data[0] & 15) * 4;
	p->bytes = get16(b->data + 2);
	/* An offload beyond 64 KiB. */
	if (p->bytes == 0)
		p->bytes = (uint32_t)b->wire;
	if (header < 20 || b->size < header || p->bytes < header)
		return -EBADMSG;
	p->fragment_id = get16(b->data + 4);
	fragment = get16(b->data + 6);
	p->is_fragment = fragment & 0x3fff;
	p->proto = b->data[9];
	memcpy(&address, b->data + 12, 4);
	p->source = addr_from_ipv4(address);
	memcpy(&address, b->data + 16, 4);
	p->destination = addr_from_ipv4(address);
	skip(b, header);
	return take_transport(b, p->bytes - header, !(fragment & 0x1fff), p);
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_DSTOPTS || next == IPPROTO_FRAGMENT ||
	       next == IPPROTO_AH;
}

/* The bytes of the extension header `kind`, of which at least 8 are there. */
static size_t extension_size(uint8_t kind, const uint8_t *data)
{
	if (kind == IPPROTO_FRAGMENT)
		return 8;
	if (kind == IPPROTO_AH)
		return ((size_t)data[1] + 2) * 4;
	return ((size_t)data[1] + 1) * 8;
}

/* Past the extension headers; *ret_offset is that of a fragment. */
static int skip_extensions(struct bytes *b, uint8_t next, struct packet *p,
			   uint16_t *ret_offset)
{
	uint16_t offset = 0;

	for (int i = 0; i < EXTENSIONS_MAX && is_extension(next) && !offset; i++) {
		uint8_t kind = next;

		if (b->size < 8)
			return -EBADMSG;
		if (kind == IPPROTO_FRAGMENT) {
			offset = get16(b->data + 2) & 0xfff8;
			p->is_fragment = get16(b->data + 2) & 0xfff9;
			p->fragment_id = get32(b->data + 4);
		}
		next = b->data[0];
		if (!skip(b, extension_size(kind, b->data)))
			return -EBADMSG;
	}
	if (is_extension(next) && !offset)
		return -EBADMSG;
	p->proto = next;
	*ret_offset = offset;
	return 0;
}

static int take_ipv6(struct bytes *b, struct packet *p)
{
	size_t begin = b->wire, left;
	uint16_t offset, payload;
	uint8_t next;
	int r;

	if (b->size < 40)
		return -EBADMSG;
	payload = get16(b->data + 4);
	/* 0 is a jumbogram, or an offload beyond 64 KiB. */
	p->bytes = payload ? 40 + (uint32_t)payload : (uint32_t)b->wire;
	p->source = addr_from_ipv6(b->data + 8);
	p->destination = addr_from_ipv6(b->data + 24);
	/* Never on a wire: it would pass for an IPv4 flow. */
	if (addr_is_ipv4(&p->source) || addr_is_ipv4(&p->destination))
		return -EBADMSG;
	next = b->data[6];
	skip(b, 40);
	r = skip_extensions(b, next, p, &offset);
	if (r < 0)
		return r;
	left = begin - b->wire;
	return take_transport(b, p->bytes > left ? p->bytes - left : 0, !offset, p);
}

int packet_parse(enum packet_link link, const uint8_t *data, size_t size,
		 size_t wire_size, struct packet *ret_packet)
{
	struct bytes b = {data, size, wire_size};
	struct packet p = {0};
	int r;

	if (size > wire_size || wire_size > UINT32_MAX)
		return -EBADMSG;
	r = skip_link(&b, link);
	if (r < 0)
		return r;
	if (b.size == 0)
		return -EBADMSG;
	switch (b.data[0] >> 4) {
	case 4:
		r = take_ipv4(&b, &p);
		break;
	case 6:
		r = take_ipv6(&b, &p);
		break;
	default:
		return -EAFNOSUPPORT;
	}
	if (r == 0)
		*ret_packet = p;
	return r;
}
