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
#include "core/observation.h"
#include "core/series.h"
#include <stdbool.h>
#include <stdint.h>

#define FLOW_TABLE_MAX 131072
/* Evaluations that must agree before a flow is a leg. */
#define FLOW_LEG_MATCHES 2
/* Time constant of the decayed rates, seconds. */
#define FLOW_RECENT_SECONDS 16.0

/* A remote address as one application meets it. */
struct peer_key {
	struct addr remote;
	uint16_t app;
	uint8_t pad[6]; /* zero: the key is hashed as bytes */
};

struct peer {
	struct peer_key key;
	bool is_stranger;
	unsigned int flows;
	unsigned int alive_in, alive_out; /* two-way flows, by who began */
	double recent_in, recent_out;	  /* scratch of detect.c: all its flows, */
	double rest_in, rest_out;	  /* and those that are not legs */
	struct peer *next, *prev;	  /* of the same application (utlist) */
	UT_hash_handle hh;
};

struct flow {
	struct flow_key key;
	uint16_t app;
	bool is_inbound;    /* the peer sent the first packet */
	bool is_stranger;   /* remote is neither local in scope nor trusted */
	bool is_uncounted;  /* older than accounting: its counters stay zero */
	bool is_two_way;    /* counted as alive in its peer */
	uint8_t zoom_index; /* in the running zoom_session, or ZOOM_NONE */
	bool is_leg;	 /* carries relayed traffic; stays until the role is cleared */
	uint8_t matches; /* evaluations in which it was matched, up to 255 */
	uint64_t first_ns, last_ns; /* first seen; last time bytes moved */
	uint64_t seen_ns;	    /* last time the kernel reported it */
	uint64_t bytes_in, bytes_out, packets_in,
		packets_out;	      /* as the kernel counts */
	double recent_in, recent_out; /* payload, bytes per second, decayed */
	uint64_t recent_ns;	      /* when the two were brought up to date */
	struct series *series;	      /* samples while its application is a candidate */
	double pending_in, pending_out; /* payload since the last sample */
	float match;			/* correlation with its best partner */
	struct addr partner;		/* the peer it was matched with */
	struct peer *peer;
	struct flow *next, *prev; /* of the same application (utlist) */
	UT_hash_handle hh;
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

/* Brings the decayed rates to `now_ns`. */
void flow_decay(struct flow *f, uint64_t now_ns);

#endif
