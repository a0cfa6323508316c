/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conntrack_parse on any bytes in a message of well-formed length. The seeds are
 * messages of a real kernel, header included; only its length is put right.
 */
#include "kernel/conntrack.h"
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct link *new_link(void)
{
	struct addr own[2];
	struct link *l;

	if (addr_parse("10.77.0.1", &own[0]) < 0 ||
	    addr_parse("fd77::1", &own[1]) < 0 || link_new_fixed(own, 2, &l) < 0)
		abort();
	return l;
}

static void check(const struct conntrack_entry *e, const struct link *l)
{
	static const uint8_t zero[sizeof(e->key.pad)];

	if (!link_is_local(l, &e->key.local) || memcmp(e->key.pad, zero, sizeof(zero)))
		abort();
	if (e->is_loopback &&
	    (!link_is_local(l, &e->key.remote) || !link_is_local(l, &e->client.local) ||
	     !link_is_local(l, &e->server.local) || e->is_inbound))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conntrack_entry entry;
	static struct link *l; /* made once: it takes longer than a parse */
	struct nlmsghdr *message;

	if (size < sizeof(*message) || size > UINT16_MAX)
		return 0;
	message = malloc(size); /* of that size: a read beyond it is seen */
	if (!message)
		abort();
	memcpy(message, data, size);
	message->nlmsg_len = (uint32_t)size;
	if (!l)
		l = new_link();
	if (conntrack_parse(message, l, &entry) == 0)
		check(&entry, l);
	free(message);
	return 0;
}
