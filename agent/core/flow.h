/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about flows and peers: the conntrack entries that belong to applications, with
 * what each carried lately. Bounded: at the bound, of the eight oldest entries the one
 * that was idle longest gives way, and is counted.
 *
 * Payload is what the kernel counted at layer 3 less the headers of its packets (IP and
 * UDP, or TCP with timestamps), so that pure ACKs count as nothing.
 */
#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include "base/hash.h"
#include "base/slab.h"
#include "core/decay.h"
#include "core/hub.h"
#include "core/observation.h"
#include <stdbool.h>
#include <stdint.h>

#define FLOW_TABLE_MAX 131072
/* Evaluations that must agree before a flow is a leg. */
#define FLOW_LEG_MATCHES 2
/* A flow that is first reported with more began before it was watched. */
#define FLOW_FIRST_PACKETS 3

/* A remote address as one application meets it. */
struct peer_key {
	struct addr remote;
	uint16_t app;
	uint8_t pad[6]; /* zero: the key is hashed as bytes */
};

/* What is summed of a peer's flows: all of them, and those that are not legs. */
enum peer_part { PEER_ALL, PEER_REST, PEER_PARTS };

struct peer {
	UT_hash_handle hh;
	struct peer_key key;
	unsigned int flows : 27;
	bool is_over : 1; /* of more than policy grants: engine_bound_peers() */
	bool is_self : 1; /* this machine: flows with it are loopback */
	bool is_stranger : 1;
	bool is_caller : 1, is_called : 1; /* scratch of hub.c */
	unsigned int alive_in, alive_out;  /* two-way flows, by who began */
	uint32_t epoch;			   /* of its rates */
	uint32_t met;			   /* scratch of engine_peers.c */
	struct rates rates[PEER_PARTS];	   /* kept by transport.c */
	struct peer *next, *prev;	   /* of the same application (utlist) */
};

/* In the order in which a report that says nothing new touches it. */
struct flow {
	UT_hash_handle hh;
	struct flow_key key;
	uint64_t bytes_in, bytes_out, packets_in,
		packets_out; /* as the kernel counts */
	uint64_t seen_ns;    /* last time the kernel reported it */
	uint64_t last_ns;    /* last time bytes moved */
	uint64_t first_ns;   /* first seen */
	uint32_t epoch;	     /* of its rates */
	uint16_t app;
	bool is_inbound : 1;   /* the peer sent the first packet */
	bool is_stranger : 1;  /* remote is neither local in scope nor trusted */
	bool is_two_way : 1;   /* counted as alive in its peer */
	bool is_uncounted : 1; /* older than accounting: its counters stay zero */
	bool is_leg : 1;       /* carries relayed traffic; until the role is cleared */
	bool is_watched : 1;   /* since its first packet */
	bool is_heavy : 1;     /* in its application's struct heaviest */
	uint8_t matches;       /* evaluations in which it was matched, up to 255 */
	uint8_t zoom_index;    /* in the running zoom_session, or ZOOM_NONE */
	uint32_t circuit;      /* handle of circuits.h, or 0 */
	float pending_in, pending_out; /* payload since the last sample */
	float match;		       /* correlation with its best partner */
	struct rates rates;	       /* of payload, decayed */
	struct hub_talk talk;
	struct peer *peer;
	struct samples *samples;  /* while it is among the heaviest (sampling.h) */
	struct flow *next, *prev; /* of the same application (utlist) */
	struct addr partner;	  /* the peer it was matched with */
};

struct flow_table {
	struct flow *flows;
	struct peer *peers;
	struct slab flow_slab, peer_slab;
	size_t max;
	uint64_t evicted;
};

/* What moved between two readings of a flow. */
struct flow_delta {
	uint64_t bytes_in, bytes_out;	/* layer 3 */
	double payload_in, payload_out; /* bytes */
	struct rates rates; /* what it added to the rates of the flow, scaled */
};

void flow_table_init(struct flow_table *t, size_t max);
void flow_table_done(struct flow_table *t);

struct flow *flow_table_find(const struct flow_table *t, const struct flow_key *key);
/* A new flow without an application's lists; NULL when memory is out. The caller makes
 * room first (flow_table_victim). */
struct flow *flow_table_add(struct flow_table *t, const struct flow_key *key);
/* The flow that should give way, or NULL while there is room. */
struct flow *flow_table_victim(const struct flow_table *t);
void flow_table_remove(struct flow_table *t, struct flow *f);

/* The peer of (application, remote), made on demand; NULL when memory is out. */
struct peer *peer_get(struct flow_table *t, uint16_t app, const struct addr *remote,
		      bool *ret_is_new);
void peer_remove(struct flow_table *t, struct peer *p);

/* Counters that went back mean a new flow with the old tuple. */
bool flow_is_replaced(const struct flow *f, const struct observation *o);
/* Makes the flow, which is in no application's lists, that new one from its first byte.
 */
void flow_restart(struct flow *f, const struct observation *o);

/* Takes new counters, none of which went back, into the flow and returns what moved. */
struct flow_delta flow_update(struct flow *f, const struct observation *o);

/* Payload since the flow began, as far as the kernel counted it. */
void flow_payload(const struct flow *f, double *ret_in, double *ret_out);

/* Its payload, bytes per second, decayed to `now_ns`. */
struct rates flow_rates(const struct flow *f, uint64_t now_ns);

#endif
