/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct addr addr_from_ipv4(uint32_t network_order)
{
	struct addr a;

	memcpy(a.b, v4_prefix, sizeof(v4_prefix));
	memcpy(a.b + 12, &network_order, 4);
	return a;
}

struct addr addr_from_ipv6(const void *bytes16)
{
	struct addr a;

	memcpy(a.b, bytes16, sizeof(a.b));
	return a;
}

bool addr_is_ipv4(const struct addr *a)
{
	return memcmp(a->b, v4_prefix, sizeof(v4_prefix)) == 0;
}

uint32_t addr_ipv4(const struct addr *a)
{
	uint32_t v;

	memcpy(&v, a->b + 12, 4);
	return v;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

const char *addr_format(const struct addr *a, char buf[static ADDR_STRLEN])
{
	if (addr_is_ipv4(a))
		inet_ntop(AF_INET, a->b + 12, buf, ADDR_STRLEN);
	else
		inet_ntop(AF_INET6, a->b, buf, ADDR_STRLEN);
	return buf;
}

int addr_parse(const char *text, struct addr *ret_addr)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret_addr = addr_from_ipv4(v4.s_addr);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		*ret_addr = addr_from_ipv6(&v6);
		return 0;
	}
	return -EINVAL;
}

static bool matches(const struct addr *a, const char *prefix)
{
	struct prefix p;

	return prefix_parse(prefix, &p) == 0 && prefix_contains(&p, a);
}

bool addr_is_loopback(const struct addr *a)
{
	static const struct addr v6 = {{[15] = 1}};

	return addr_is_ipv4(a) ? a->b[12] == 127 : addr_equal(a, &v6);
}

bool addr_is_local_scope(const struct addr *a)
{
	if (addr_is_ipv4(a)) {
		uint8_t first = a->b[12];

		return first == 127 || first == 0 || first >= 224 ||
		       (first == 169 && a->b[13] == 254);
	}
	return a->b[0] == 0xff || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80) ||
	       matches(a, "::1") || matches(a, "::");
}

bool addr_is_private(const struct addr *a)
{
	const uint8_t *v4 = a->b + 12;

	if (addr_is_ipv4(a))
		return v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) ||
		       (v4[0] == 192 && v4[1] == 168) ||
		       (v4[0] == 100 && (v4[1] & 0xc0) == 64);
	return (a->b[0] & 0xfe) == 0xfc;
}

bool prefix_contains(const struct prefix *p, const struct addr *a)
{
	size_t whole = p->bits / 8u;
	unsigned int rest = p->bits % 8u;

	if (memcmp(p->addr.b, a->b, whole) != 0)
		return false;
	return !rest || (p->addr.b[whole] >> (8 - rest)) == (a->b[whole] >> (8 - rest));
}

static bool has_host_bits(const struct prefix *p)
{
	for (unsigned int bit = p->bits; bit < 128; bit++)
		if (p->addr.b[bit / 8] & (0x80u >> (bit % 8)))
			return true;
	return false;
}

int prefix_parse(const char *text, struct prefix *ret_prefix)
{
	char copy[ADDR_STRLEN];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix p;
	unsigned long bits, max;
	char *end;

	if (length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (addr_parse(copy, &p.addr) < 0)
		return -EINVAL;
	/* "::ffff:0:0/96" written as IPv6 keeps its own prefix length. */
	max = strchr(copy, ':') ? 128 : 32;
	bits = max;
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return -EINVAL;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > max)
			return -EINVAL;
	}
	p.bits = (uint8_t)(bits + (128 - max));
	if (has_host_bits(&p))
		return -EINVAL;
	*ret_prefix = p;
	return 0;
}

const char *prefix_format(const struct prefix *p, char buf[static PREFIX_STRLEN])
{
	char text[ADDR_STRLEN];
	bool is_ipv4 = addr_is_ipv4(&p->addr) && p->bits >= 96;

	snprintf(buf, PREFIX_STRLEN, "%s/%d", addr_format(&p->addr, text),
		 is_ipv4 ? p->bits - 96 : p->bits);
	return buf;
}
