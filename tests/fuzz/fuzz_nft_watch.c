/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_watch_take on a datagram of any bytes. The seeds are what a real kernel said of
 * changes of a table of our name, and of another.
 */
#include "kernel/nft_watch.h"
#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct nft_foreign_change *c)
{
	char text[128];

	if (!c->parts || !c->changes ||
	    strnlen(c->process, sizeof(c->process)) == sizeof(c->process))
		abort();
	if (strlen(nft_change_describe(c, text, sizeof(text))) >= sizeof(text) - 1)
		abort();
}

/* mnl_nlmsg_ok takes a length of 2 GiB and more for a negative one, which fits. */
static bool is_whole(const struct nlmsghdr *m, int rest)
{
	return rest >= (int)sizeof(*m) && m->nlmsg_len <= (uint32_t)rest &&
	       mnl_nlmsg_ok(m, rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nft_watch_state s = {.table = "relaywarden", .own_port = 1};
	struct nlmsghdr *datagram = malloc(size ? size : 1); /* beyond it is seen */
	const struct nlmsghdr *m = datagram;
	int rest = (int)size;

	if (!datagram)
		abort();
	memcpy(datagram, data, size);
	while (is_whole(m, rest)) {
		if (nft_watch_take(&s, m)) {
			check(&s.change);
			s.change = (struct nft_foreign_change){0};
		}
		m = mnl_nlmsg_next(m, &rest);
	}
	free(datagram);
	return 0;
}
