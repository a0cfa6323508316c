/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parsers of rtnetlink messages that lead to guests. The first byte chooses the
 * parser, the rest is the message; only its length is put right.
 */
#include "kernel/neighbours.h"
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_port(const struct neighbours_port *port)
{
	if (port->kind == LINK_OTHER || port->index == 0 ||
	    !memchr(port->name, '\0', sizeof(port->name)) ||
	    (port->kind == LINK_NAMESPACE && port->namespace_id < 0))
		abort();
}

static void parse(uint8_t parser, const struct nlmsghdr *m)
{
	struct neighbours_entry entry;
	struct neighbours_port port;
	uint32_t index;
	int32_t id;

	switch (parser % 5) {
	case 0:
		if (neighbours_parse_link(m, &port) == 0)
			check_port(&port);
		break;
	case 1:
		if (neighbours_parse_entry(m, &entry) == 0 &&
		    (entry.index == 0 || addr_is_local_scope(&entry.addr)))
			abort();
		break;
	case 2:
		if (neighbours_parse_bridged(m, &entry) == 0 && entry.index == 0)
			abort();
		break;
	case 3:
		neighbours_parse_route(m, &index);
		break;
	default:
		if (neighbours_parse_namespace(m, &id) == 0 && id < 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *message;

	if (size < 1 + sizeof(*message) || size > UINT16_MAX)
		return 0;
	message = malloc(size - 1); /* of that size: a read beyond it is seen */
	if (!message)
		abort();
	memcpy(message, data + 1, size - 1);
	message->nlmsg_len = (uint32_t)(size - 1);
	parse(data[0], message);
	free(message);
	return 0;
}
