/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is between this machine and strangers, as a STUN server sees it: the address it
 * has out there, how the NAT maps, and what is filtered on the way in. Source: RFC
 * 8489, RFC 5780 4.3 and 4.4.
 *
 * Filtering is asked for by a socket of its own, before the other one has called any
 * other address: what was called may answer. It is the sum of all that is between, this
 * machine's own firewall too.
 */
#ifndef UI_CLI_NAT_PROBE_H
#define UI_CLI_NAT_PROBE_H

#include "core/stun.h"

#define NAT_PROBE_TEXT 160

struct nat_probe {
	char error[NAT_PROBE_TEXT]; /* "" when the server answered */
	struct stun_endpoint local, mapped;
	bool has_other; /* else neither of these can be told */
	enum nat_behaviour mapping, filtering;
};

/* `server`: "HOST", "HOST:PORT", "[IPv6]:PORT". Takes two seconds or more, as what is
 * filtered does not come. */
void nat_probe(const char *server, struct nat_probe *ret_probe);

#endif
