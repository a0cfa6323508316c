/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/probe.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DNS_HEADER 12
#define DNS_FLAG_RESPONSE 0x80 /* of the third byte */
#define LABEL_MAX 63

static int parse_port(const char *text, uint16_t *ret_port)
{
	unsigned long port;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	port = strtoul(text, &end, 10);
	if (*end || port < 1 || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

int probe_parse_endpoint(const char *text, struct addr *ret_addr, uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	bool has_brackets = *text == '[';
	char host[ADDR_STRLEN];
	struct addr addr;
	uint16_t port;

	if (has_brackets && (length < 2 || text[length - 1] != ']'))
		return -EINVAL;
	if (has_brackets) {
		text++;
		length -= 2;
	}
	if (!length || length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	if (addr_parse(host, &addr) < 0 || addr_is_ipv4(&addr) == has_brackets ||
	    parse_port(colon + 1, &port) < 0)
		return -EINVAL;
	*ret_addr = addr;
	*ret_port = port;
	return 0;
}

bool probe_is_name(const char *text)
{
	size_t label = 0, i;

	if (strcmp(text, ".") == 0)
		return true;
	for (i = 0; text[i]; i++) {
		bool is_plain = (text[i] >= 'a' && text[i] <= 'z') ||
				(text[i] >= 'A' && text[i] <= 'Z') ||
				(text[i] >= '0' && text[i] <= '9') || text[i] == '-' ||
				text[i] == '_';

		if (text[i] == '.' ? label == 0 : !is_plain)
			return false;
		label = text[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX || i >= PROBE_NAME_MAX - 1)
			return false;
	}
	return i > 0;
}

bool probe_is_answer(const void *query, size_t query_size, const void *datagram,
		     size_t size)
{
	const uint8_t *answer = datagram;

	return query_size >= DNS_HEADER && size >= DNS_HEADER &&
	       memcmp(query, datagram, 2) == 0 && (answer[2] & DNS_FLAG_RESPONSE);
}

const char *probe_describe(const struct probe *p, char buf[static PROBE_STRLEN])
{
	char addr[ADDR_STRLEN];

	switch (p->kind) {
	case PROBE_ROUTE:
		snprintf(buf, PROBE_STRLEN, "route to %s", addr_format(&p->addr, addr));
		break;
	case PROBE_DNS:
		snprintf(buf, PROBE_STRLEN, "dns %s", p->name);
		break;
	case PROBE_TCP:
		snprintf(buf, PROBE_STRLEN,
			 addr_is_ipv4(&p->addr) ? "tcp %s:%u" : "tcp [%s]:%u",
			 addr_format(&p->addr, addr), p->port);
		break;
	case PROBE_KIND_COUNT:
		*buf = '\0';
	}
	return buf;
}
