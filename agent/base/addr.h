/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Internet addresses and prefixes, one shape for both families: 16 bytes in network
 * order, IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). Pure.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_STRLEN 46 /* INET6_ADDRSTRLEN */
#define PREFIX_STRLEN (ADDR_STRLEN + 4)

struct addr {
	uint8_t b[16];
};

/* `bits` counts in the 128-bit form: 10.0.0.0/8 is stored with bits = 104. */
struct prefix {
	struct addr addr;
	uint8_t bits;
};

struct addr addr_from_ipv4(uint32_t network_order);
struct addr addr_from_ipv6(const void *bytes16);
bool addr_is_ipv4(const struct addr *a);
/* The IPv4 address in network order; only meaningful where addr_is_ipv4(). */
uint32_t addr_ipv4(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);

/* The text of an address: dotted quad for IPv4. Returns `buf`. */
const char *addr_format(const struct addr *a, char buf[static ADDR_STRLEN]);

/* 0, or -EINVAL when `text` is neither an IPv4 nor an IPv6 address. */
int addr_parse(const char *text, struct addr *ret_addr);

/* Loopback, link-local, unspecified, multicast or broadcast: never a stranger. */
bool addr_is_local_scope(const struct addr *a);

/* 127.0.0.0/8 and ::1. */
bool addr_is_loopback(const struct addr *a);

/* RFC 1918, RFC 6598 and RFC 4193 space. */
bool addr_is_private(const struct addr *a);

/*
 * "10.0.0.0/8", "fd00::/8", or a bare address (a full-length prefix). Returns 0, or
 * -EINVAL on syntax, a length out of range, or host bits set.
 */
int prefix_parse(const char *text, struct prefix *ret_prefix);
bool prefix_contains(const struct prefix *p, const struct addr *a);
const char *prefix_format(const struct prefix *p, char buf[static PREFIX_STRLEN]);

#endif
