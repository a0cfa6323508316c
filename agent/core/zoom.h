/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 3 of detection: the packet headers of one candidate for ZOOM_SECONDS, or for
 * ZOOM_SECONDS_LONGER where that told nothing. A relay sends on, to somebody else,
 * within milliseconds and with nearly the same length, what it just received; a mesh
 * call, a seeder, a swarm do not. Pure; payload-blind.
 *
 * Source: DETECTION, stage 3; Elices and Perez-Gonzalez 2013 (tens of packets suffice).
 */
#ifndef CORE_ZOOM_H
#define CORE_ZOOM_H

#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZOOM_PACKETS_MAX 20000
#define ZOOM_FLOWS_MAX 64
#define ZOOM_SECONDS 2.0
#define ZOOM_SECONDS_LONGER 10.0

struct zoom;

/* Both directions matter; lengths are of layer 4 payload, pure ACKs are left out. */
struct zoom_packet {
	uint64_t time_ns;
	uint32_t length;
	uint8_t flow; /* index of the flow */
	bool is_inbound;
};

struct zoom_result {
	size_t packets;
	double seconds;	      /* between the first and the last packet */
	double received;      /* bytes */
	double matched_share; /* of these, sent on to another peer, beyond chance */
	double chance_share;  /* what the same test finds with flows and times permuted
			       */
	bool is_conclusive;   /* enough packets, and not strictly periodic */
	bool needs_longer;    /* so few bursts, or a period: a longer look may tell */
};

struct zoom *zoom_new(void);
void zoom_free(struct zoom *z);

/* Forgets what was there; `remotes[i]` is the peer of flow i. */
void zoom_begin(struct zoom *z, const struct addr *remotes, size_t flow_count);
/* One that began meanwhile: its index, perhaps that of one nothing was seen of, or -1
 * when there is no room. */
int zoom_add_flow(struct zoom *z, const struct addr *remote);
/* The payload a flow that began during the look carried from its first byte on: until
 * it is captured some milliseconds pass. */
void zoom_set_totals(struct zoom *z, size_t flow, double bytes_in, double bytes_out);
/* Whether it was left out because there were too many packets a second. */
bool zoom_is_dropped(const struct zoom *z, size_t flow);
unsigned int zoom_count_dropped(const struct zoom *z);
/* False when it is full: stop capturing. */
bool zoom_add(struct zoom *z, const struct zoom_packet *packet);
void zoom_evaluate(struct zoom *z, struct zoom_result *ret_result);

/* After zoom_evaluate: the share of the lighter of the two that what flow `from`
 * brought and what flow `to` took on have in common; 0 where they were not found to
 * match. */
float zoom_pair_share(const struct zoom *z, size_t from, size_t to);
/* The same of a flow that matches many others together, whichever they are. */
float zoom_leg_share(const struct zoom *z, size_t flow);

#endif
