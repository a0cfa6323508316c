/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about flows: the table of conntrack entries that belong to applications, with
 * what each carried lately. Bounded: at the bound the flow that was idle longest among
 * a few looked at gives way, and is counted.
 */
#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include "core/observation.h"
#include "core/series.h"
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#define FLOW_TABLE_MAX 131072

struct flow {
	struct flow_key key;
	uint16_t app;
	bool is_inbound;  /* the peer sent the first packet */
	bool is_stranger; /* remote is neither local in scope nor trusted */
	bool is_leg;	  /* carries relayed traffic; stays until the role is cleared */
	uint64_t first_ns, last_ns; /* first seen; last time bytes moved */
	uint64_t bytes_in, bytes_out, packets_in,
		packets_out;	      /* as the kernel counts */
	double recent_in, recent_out; /* payload, bytes per second, decayed over 16 s */
	uint64_t recent_ns;	      /* when the two were brought up to date */
	struct series *series;	      /* samples while its application is a candidate */
	double pending_in, pending_out; /* payload since the last sample */
	float match;	     /* correlation with its best partner, when a leg */
	struct addr partner; /* the peer it was matched with */
	struct flow *next, *previous; /* of the same application */
	UT_hash_handle hh;
};

#endif
