/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking a gateway whether it maps ports for whoever asks, as bytes: NAT-PMP's request
 * for the external address (RFC 6886 3.2) and PCP's ANNOUNCE (RFC 6887 14.1). Neither
 * makes a mapping. A gateway of both protocols answers either; one that speaks PCP
 * alone answers the first with "version not supported". Pure.
 */
#ifndef CORE_PORTMAP_H
#define CORE_PORTMAP_H

#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORTMAP_PORT 5351
#define PORTMAP_REQUEST_SIZE 24
#define PORTMAP_ANSWER_MAX 1100 /* of PCP; more is none */

enum portmap_protocol { PORTMAP_NAT_PMP, PORTMAP_PCP };

struct portmap_answer {
	enum portmap_protocol protocol;
	unsigned int result; /* 0: it maps; else why not, in the protocol's numbers */
	bool has_external;
	struct addr external; /* NAT-PMP alone tells it */
};

/* `client`: the address it is sent from. Returns the number of bytes. */
size_t portmap_encode(enum portmap_protocol protocol, const struct addr *client,
		      uint8_t buf[static PORTMAP_REQUEST_SIZE]);

/* 0; -EBADMSG: no answer to either request. */
int portmap_decode(const void *data, size_t size, struct portmap_answer *ret_answer);

/* Why it does not, in plain words; "" for 0. */
const char *portmap_result_text(const struct portmap_answer *answer);

#endif
