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

static struct guests *new_guests(void)
{
	struct guests *g;
	struct addr a[2];

	if (addr_parse("10.77.0.2", &a[0]) < 0 || addr_parse("fd77::2", &a[1]) < 0 ||
	    guests_new(&g) < 0 || guests_note(g, &a[0], 1, 1, 1) < 0 ||
	    guests_note(g, &a[1], 1, 1, 1) < 0)
		abort();
	return g;
}

static void check(const struct conntrack_entry *e, const struct link *l,
		  const struct guests *g)
{
	static const uint8_t zero[sizeof(e->key.pad)];

	if (!(e->guest ? guests_find(g, &e->key.local) == e->guest
		       : link_is_local(l, &e->key.local)) ||
	    (e->guest && e->is_loopback) || memcmp(e->key.pad, zero, sizeof(zero)))
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
	static struct guests *g;
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
	if (!g)
		g = new_guests();
	if (conntrack_parse(message, l, g, &entry) == 0)
		check(&entry, l, g);
	free(message);
	return 0;
}
