/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is looked at before and after a policy changes: does the network still work?
 * Pure; kernel/prober.h looks.
 */
#ifndef CORE_PROBE_H
#define CORE_PROBE_H

#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum probe_kind {
	PROBE_ROUTE, /* the kernel knows a way to the address; nothing is sent */
	PROBE_DNS,   /* a resolver of resolv.conf answers, whatever it says */
	PROBE_TCP,   /* a connection can be made */
	PROBE_KIND_COUNT
};

#define PROBES_OF_KIND_MAX 8
#define PROBES_MAX (PROBES_OF_KIND_MAX * PROBE_KIND_COUNT)
#define PROBE_NAME_MAX 254 /* of a name in the DNS, with its NUL */
#define PROBE_STRLEN (PROBE_NAME_MAX + 16)

struct probe {
	enum probe_kind kind;
	struct addr addr; /* route, tcp */
	uint16_t port;	  /* tcp, host order */
	const char *name; /* dns; owned by the policy */
};

/* "192.0.2.1:443" or "[2001:db8::1]:443". 0 or -EINVAL. */
int probe_parse_endpoint(const char *text, struct addr *ret_addr, uint16_t *ret_port);

/* Whether a name can be asked for: labels of letters, digits, - and _, or "." alone. */
bool probe_is_name(const char *text);

/* Whether a datagram answers a query (RFC 1035 4.1.1: the same id, and QR set). What it
 * says does not matter. */
bool probe_is_answer(const void *query, size_t query_size, const void *datagram,
		     size_t size);

/* "route to 192.0.2.1", "dns example.org", "tcp 192.0.2.1:443". Returns `buf`. */
const char *probe_describe(const struct probe *p, char buf[static PROBE_STRLEN]);

#endif
