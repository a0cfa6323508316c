/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends of the prober's socketpair. Private to kernel/prober*.c. */
#ifndef KERNEL_PROBER_INTERNAL_H
#define KERNEL_PROBER_INTERNAL_H

#include "core/probe.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define PROBER_RESOLVERS_MAX 3 /* MAXNS of resolv.conf(5) */
#define PROBER_QUERY_MAX 280   /* a header, the longest name, type and class */
#define PROBER_TIMEOUT_MS 1000

/* One socket address, of either family. */
union prober_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct prober_request {
	uint32_t round;
	uint8_t index;
	uint8_t kind; /* enum probe_kind */
	uint16_t query_size;
	uint32_t address_count; /* dns: resolvers; else 1 */
	union prober_address addresses[PROBER_RESOLVERS_MAX];
	uint8_t query[PROBER_QUERY_MAX];
};

struct prober_reply {
	uint32_t round;
	uint8_t index;
	uint8_t works;
	uint8_t pad[2];
};

/* The child's whole life; returns when the daemon is gone. */
void prober_run(int fd);

#endif
