/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From facts about one application to evidence: how much each measured value speaks for
 * its working for strangers, in log-odds, capped term by term. All weights are here.
 * Pure. Source: DETECTION, "Verdict"; where a weight differs, what was measured is said
 * beside it.
 */
#ifndef CORE_WEIGH_H
#define CORE_WEIGH_H

#include "core/evidence.h"
#include <stdbool.h>
#include <stdint.h>

#define FACTS_RATE_MIN 300.0	/* bytes per second each way that are worth a look */
#define FACTS_TRANSPORT_MIN .35 /* less can't be a relay: no closer look */

/* Everything known of an application at one moment. */
struct facts {
	bool is_known_client; /* the catalogue knows it as one that gets promoted */
	bool is_set_to_relay; /* and its own configuration has it do what they do */
	bool has_processes;   /* some are known: else nobody could look into them */

	double in, out;	      /* bytes per second with strangers, over some seconds */
	double in_60, out_60; /* over a minute */
	bool is_flowing;      /* both directions carry FACTS_RATE_MIN */
	bool is_trickling;    /* so over the minute: in bursts, perhaps */
	bool has_transport;   /* most of it is counted peer by peer */
	double transport;     /* share that can have been passed on */

	bool has_matched; /* series of 200 ms were compared */
	double matched;
	int coupled_windows; /* of the last three */
	bool has_batches;    /* series of seconds were, over minutes */
	double batches;
	bool has_packets; /* packets were looked at, and said something */
	double packets;
	bool has_circuits; /* enough short flows began */
	double circuits;

	unsigned int callers; /* strangers that called it and keep talking */
	unsigned int called;  /* strangers it called, likewise */
	double hub_seconds;   /* weigh_is_hub for so long */
	bool is_reachable;    /* it listens to all, and strangers get through */

	double cover; /* share that comes and goes at one unvarying rate, if flowing */
	double cover_seconds; /* so for so long */

	bool has_storage;
	double stored, served; /* written over received, read over sent */
	bool has_device;       /* sound or camera */
	bool is_with_one;      /* one peer has nearly all of it */

	double local; /* share that went on to, or came from, trusted networks */
};

/* Many strangers lean on it, or some while it calls others (`calls` of them). */
bool weigh_is_hub(const struct facts *f, unsigned int calls);

void weigh(const struct facts *f, struct evidence ret_evidence[EVIDENCE_COUNT]);

double weigh_sum(const struct evidence evidence[EVIDENCE_COUNT]);

/*
 * How many independent families of evidence say that it works for strangers: how flows
 * rise and fall; packets; openings of short flows; who leans on it; what is conserved.
 * What cuts needs two (DETECTION, "Verdict").
 */
unsigned int weigh_families(const struct evidence evidence[EVIDENCE_COUNT]);
/* Which: 1 << enum evidence_family. */
unsigned int weigh_family_bits(const struct evidence evidence[EVIDENCE_COUNT]);

/* Whether payload was seen to be passed on, by any of the ways to see it. */
bool weigh_forwards(const struct evidence evidence[EVIDENCE_COUNT]);

/* The log-odds of an application of which nothing else is known. What configuration
 * says counts for known clients alone: of another nobody knows what it means. */
double weigh_prior(bool is_known_client, bool is_set_to_relay);

#endif
