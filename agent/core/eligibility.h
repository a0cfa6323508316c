/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Would this machine be promoted? From what could be seen of it to an answer, and to
 * what the answer rests on. Pure.
 *
 * A network promotes those that strangers reach, and whose clients let it; some clients
 * need not even be reached. What could not be seen counts as not being so, for a client
 * that does not run; one that runs is given the benefit of no doubt.
 */
#ifndef CORE_ELIGIBILITY_H
#define CORE_ELIGIBILITY_H

#include "base/addr.h"
#include "core/stun.h"
#include <stdbool.h>
#include <stddef.h>

enum address_scope {
	ADDRESS_LOOPBACK,
	ADDRESS_LINK_LOCAL,
	ADDRESS_PRIVATE, /* RFC 1918, and fc00::/7 */
	ADDRESS_CARRIER, /* RFC 6598: the provider's NAT is between */
	ADDRESS_PUBLIC,
};

enum address_scope address_scope_of(const struct addr *a);
/* "public", "private", "carrier NAT", ... */
const char *address_scope_name(enum address_scope s);

enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

/* A known client, by whatever says that it is here. */
struct eligibility_client {
	bool is_running;
	bool needs_inbound;
	bool is_forbidden; /* by its own setting, or by the policy in force */
};

struct eligibility_facts {
	unsigned int promoted; /* applications that are */
	bool has_public_address;
	enum answer is_refused;	      /* a firewall refuses what is not asked for */
	enum nat_behaviour filtering; /* of all that is between, as a server found it */
	enum answer maps_ports;	      /* the gateway does, for whoever asks */
	unsigned int callers; /* strangers that called programs not made for that */
	const struct eligibility_client *clients;
	size_t client_count;
	unsigned int listeners; /* programs of people, unknown, on any address */
};

enum eligibility_verdict {
	ELIGIBILITY_SAFE,
	ELIGIBILITY_POSSIBLE, /* it could be promoted */
	ELIGIBILITY_PROMOTED, /* it is */
};

struct eligibility {
	enum eligibility_verdict verdict;
	enum answer is_reachable; /* whether strangers reach this machine */
	unsigned int clients;	  /* that could be promoted */
	unsigned int listeners;	  /* that could be a client's */
};

struct eligibility eligibility_judge(const struct eligibility_facts *f);

/* "safe", "possible", "promoted": for programs. */
const char *eligibility_verdict_name(enum eligibility_verdict v);

#endif
