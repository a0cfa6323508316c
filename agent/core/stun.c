/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/stun.h"
#include <errno.h>
#include <string.h>

#define COOKIE 0x2112A442u
#define HEADER_SIZE 20
#define BINDING_REQUEST 0x0001
#define BINDING_SUCCESS 0x0101
#define BINDING_ERROR 0x0111
#define FAMILY_IPV4 1
#define FAMILY_IPV6 2

/* Attributes; one below OPTIONAL that is not known makes an answer useless. */
enum {
	MAPPED_ADDRESS = 0x0001,
	CHANGE_REQUEST = 0x0003,
	CHANGED_ADDRESS = 0x0005, /* RFC 3489 */
	ERROR_CODE = 0x0009,
	UNKNOWN_ATTRIBUTES = 0x000A,
	XOR_MAPPED_ADDRESS = 0x0020,
	OPTIONAL = 0x8000,
	OTHER_ADDRESS = 0x802C,
};

/* Known, and of no use here: RFC 3489's that servers of both still send, and proofs
 * that nobody was asked for. */
enum {
	SOURCE_ADDRESS = 0x0004,
	USERNAME = 0x0006,
	MESSAGE_INTEGRITY = 0x0008,
	REFLECTED_FROM = 0x000B,
	REALM = 0x0014,
	NONCE = 0x0015,
	MESSAGE_INTEGRITY_SHA256 = 0x001C,
};

enum { CHANGE_PORT = 2, CHANGE_ADDR = 4 };

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

size_t stun_encode(const struct stun_request *request,
		   uint8_t buf[static STUN_REQUEST_SIZE])
{
	unsigned int change = (request->from_other_addr ? CHANGE_ADDR : 0) |
			      (request->from_other_port ? CHANGE_PORT : 0);

	put16(buf, BINDING_REQUEST);
	put16(buf + 2, change ? 8 : 0);
	put32(buf + 4, COOKIE);
	memcpy(buf + 8, request->id, STUN_ID_SIZE);
	if (!change)
		return HEADER_SIZE;
	put16(buf + HEADER_SIZE, CHANGE_REQUEST);
	put16(buf + HEADER_SIZE + 2, 4);
	put32(buf + HEADER_SIZE + 4, change);
	return STUN_REQUEST_SIZE;
}

/* An address attribute; `key` is what it is combined with: the cookie and the id, or
 * zeroes. */
static int take_endpoint(const uint8_t *value, size_t size, const uint8_t key[16],
			 struct stun_endpoint *ret_endpoint)
{
	uint8_t bytes[16];
	size_t length;

	if (size < 4)
		return -EBADMSG;
	length = value[1] == FAMILY_IPV4 ? 4 : value[1] == FAMILY_IPV6 ? 16 : 0;
	if (!length || size != 4 + length)
		return -EBADMSG;
	for (size_t i = 0; i < length; i++)
		bytes[i] = value[4 + i] ^ key[i];
	ret_endpoint->port = (uint16_t)(get16(value + 2) ^ get16(key));
	if (length == 4) {
		uint32_t v4;

		memcpy(&v4, bytes, sizeof(v4));
		ret_endpoint->addr = addr_from_ipv4(v4);
	} else {
		ret_endpoint->addr = addr_from_ipv6(bytes);
	}
	return 0;
}

static int take_error(const uint8_t *value, size_t size, struct stun_answer *answer)
{
	if (size < 4 || (value[2] & 7) < 3 || value[3] > 99)
		return -EBADMSG;
	answer->error = (value[2] & 7u) * 100 + value[3];
	return 0;
}

static int take_attribute(unsigned int type, const uint8_t *value, size_t size,
			  const uint8_t key[16], struct stun_answer *answer)
{
	static const uint8_t plain[16];
	struct stun_endpoint mapped;
	int r;

	switch (type) {
	case XOR_MAPPED_ADDRESS:
		answer->has_mapped = true;
		return take_endpoint(value, size, key, &answer->mapped);
	case MAPPED_ADDRESS:
		/* A NAT may have rewritten it: the other one is better. */
		r = take_endpoint(value, size, plain, &mapped);
		if (r == 0 && !answer->has_mapped) {
			answer->has_mapped = true;
			answer->mapped = mapped;
		}
		return r;
	case OTHER_ADDRESS:
	case CHANGED_ADDRESS:
		answer->has_other = true;
		return take_endpoint(value, size, plain, &answer->other);
	case ERROR_CODE:
		return take_error(value, size, answer);
	case SOURCE_ADDRESS:
	case USERNAME:
	case MESSAGE_INTEGRITY:
	case REFLECTED_FROM:
	case REALM:
	case NONCE:
	case MESSAGE_INTEGRITY_SHA256:
	case UNKNOWN_ATTRIBUTES:
		return 0;
	default:
		return type < OPTIONAL ? -EBADMSG : 0;
	}
}

static int take_attributes(const uint8_t *at, size_t left, const uint8_t key[16],
			   struct stun_answer *answer)
{
	while (left) {
		size_t size, padded;
		int r;

		if (left < 4)
			return -EBADMSG;
		size = get16(at + 2);
		padded = (size + 3) & ~(size_t)3;
		if (padded > left - 4)
			return -EBADMSG;
		r = take_attribute(get16(at), at + 4, size, key, answer);
		if (r < 0)
			return r;
		at += 4 + padded;
		left -= 4 + padded;
	}
	return 0;
}

int stun_decode(const void *data, size_t size, const uint8_t id[static STUN_ID_SIZE],
		struct stun_answer *ret_answer)
{
	struct stun_answer answer = {0};
	const uint8_t *p = data;
	unsigned int type;
	int r;

	if (size < HEADER_SIZE || get32(p + 4) != COOKIE ||
	    get16(p + 2) != size - HEADER_SIZE)
		return -EBADMSG;
	type = get16(p);
	if ((type != BINDING_SUCCESS && type != BINDING_ERROR) ||
	    memcmp(p + 8, id, STUN_ID_SIZE) != 0)
		return -ENOENT;
	r = take_attributes(p + HEADER_SIZE, size - HEADER_SIZE, p + 4, &answer);
	if (r < 0)
		return r;
	if ((type == BINDING_ERROR) != (answer.error != 0))
		return -EBADMSG;
	*ret_answer = answer;
	return 0;
}

/* --- what it tells ---------------------------------------------------------------- */

const char *nat_behaviour_name(enum nat_behaviour b)
{
	static const char *const names[] = {
		[NAT_NOT_KNOWN] = "unknown",
		[NAT_NONE] = "none",
		[NAT_ENDPOINT_INDEPENDENT] = "endpoint-independent",
		[NAT_ADDRESS_DEPENDENT] = "address-dependent",
		[NAT_ADDRESS_AND_PORT_DEPENDENT] = "address-and-port-dependent",
	};

	return names[b];
}

static bool is_same(const struct stun_endpoint *a, const struct stun_endpoint *b)
{
	return addr_equal(&a->addr, &b->addr) && a->port == b->port;
}

enum nat_behaviour nat_mapping(const struct stun_endpoint *local,
			       const struct stun_endpoint *first,
			       const struct stun_endpoint *other_addr,
			       const struct stun_endpoint *other_port)
{
	if (!first)
		return NAT_NOT_KNOWN;
	if (is_same(local, first))
		return NAT_NONE;
	if (!other_addr)
		return NAT_NOT_KNOWN;
	if (is_same(first, other_addr))
		return NAT_ENDPOINT_INDEPENDENT;
	if (!other_port)
		return NAT_NOT_KNOWN;
	return is_same(other_addr, other_port) ? NAT_ADDRESS_DEPENDENT
					       : NAT_ADDRESS_AND_PORT_DEPENDENT;
}
