/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STUN binding requests and their answers, as bytes. Source: RFC 8489, and RFC 5780 for
 * how a NAT behaves: a server of two addresses tells the other one, and may be asked to
 * answer from there. RFC 3489's CHANGED-ADDRESS is taken for OTHER-ADDRESS. Pure; what
 * answers is a stranger.
 */
#ifndef CORE_STUN_H
#define CORE_STUN_H

#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STUN_PORT 3478
#define STUN_ID_SIZE 12
#define STUN_REQUEST_SIZE 28

struct stun_endpoint {
	struct addr addr;
	uint16_t port; /* host order */
};

struct stun_request {
	uint8_t id[STUN_ID_SIZE];	       /* random: an answer has the same */
	bool from_other_addr, from_other_port; /* where the answer is to come from */
};

struct stun_answer {
	unsigned int error; /* 0: success, else e.g. 420: what was asked is not known */
	bool has_mapped, has_other;
	struct stun_endpoint mapped; /* as the server saw the asker */
	struct stun_endpoint other;  /* the server's other address */
};

/* Returns the number of bytes, at most STUN_REQUEST_SIZE. */
size_t stun_encode(const struct stun_request *request,
		   uint8_t buf[static STUN_REQUEST_SIZE]);

/*
 * 0; -ENOENT: well formed, but no answer to that request; -EBADMSG: no STUN, cut off,
 * or with an attribute that has to be understood and is not.
 */
int stun_decode(const void *data, size_t size, const uint8_t id[static STUN_ID_SIZE],
		struct stun_answer *ret_answer);

/*
 * How a NAT maps, or filters, by what it tells peers apart (RFC 4787). A socket that
 * has one port for all can be found and called by strangers' help; one that has another
 * for every peer ("symmetric") can't.
 */
enum nat_behaviour {
	NAT_NOT_KNOWN,
	NAT_NONE, /* nothing is between: mapped to itself, all may call */
	NAT_ENDPOINT_INDEPENDENT,
	NAT_ADDRESS_DEPENDENT,
	NAT_ADDRESS_AND_PORT_DEPENDENT,
};

/* "endpoint-independent", ... */
const char *nat_behaviour_name(enum nat_behaviour b);

/*
 * The mapping of one socket, by how it looked from the server's address, from its other
 * address, and from another port of that (RFC 5780 4.3). NULL: no answer came.
 */
enum nat_behaviour nat_mapping(const struct stun_endpoint *local,
			       const struct stun_endpoint *first,
			       const struct stun_endpoint *other_addr,
			       const struct stun_endpoint *other_port);

#endif
