/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named terms of a verdict. A verdict is their sum in log-odds, each term capped,
 * so that it can be read line by line. Weights: weigh.c.
 */
#ifndef CORE_EVIDENCE_H
#define CORE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

enum evidence_kind {
	EVIDENCE_PRIOR,	    /* unknown program, or a known promotable client */
	EVIDENCE_MATCHED,   /* M: share of what came in that left to another peer */
	EVIDENCE_COUPLING,  /* leave-one-out: one flow against all the others */
	EVIDENCE_BATCHES,   /* the same over minutes: held back, and sent on later */
	EVIDENCE_PACKETS,   /* zoom: packets sent on to another peer at once */
	EVIDENCE_CIRCUITS,  /* short flows that open and carry alike, in pairs */
	EVIDENCE_HUB,	    /* strangers that lean on it, strangers it goes to */
	EVIDENCE_REACHABLE, /* it listens to all, and strangers get through */
	EVIDENCE_COVER,	    /* comes and goes at one unvarying rate */
	EVIDENCE_GAIN,	    /* G = out / in, beside other positive terms */
	EVIDENCE_NO_DISK,   /* neither stores what comes in nor reads what goes out */
	EVIDENCE_DISK,	    /* does one of the two */
	EVIDENCE_DEVICE,    /* sound or camera in use, and one heavy peer at most */
	EVIDENCE_LOCAL,	    /* the other end is in a trusted network */
	EVIDENCE_TRANSPORT, /* too little of it could have been passed on */
	EVIDENCE_COUNT
};

/* Terms that may be wrong for the same reason are of one family. */
enum evidence_family {
	EVIDENCE_FAMILY_NONE,	      /* no observation of what it does */
	EVIDENCE_FAMILY_SERIES,	      /* how flows rise and fall */
	EVIDENCE_FAMILY_PACKETS,      /* packets */
	EVIDENCE_FAMILY_OPENINGS,     /* when short flows begin, and what they carry */
	EVIDENCE_FAMILY_PEERS,	      /* who leans on it */
	EVIDENCE_FAMILY_CONSERVATION, /* what comes in goes out, and nothing stays */
	EVIDENCE_FAMILY_COUNT
};

struct evidence {
	bool is_measured; /* false: not enough data yet, weight 0 */
	double value;	  /* in the unit of evidence_unit() */
	double weight;	  /* what it adds to the log-odds now */
};

const char *evidence_name(enum evidence_kind k);
enum evidence_family evidence_family(enum evidence_kind k);
/* "series", "packets", ...; "" for none. And what it looks at, in plain words. */
const char *evidence_family_name(enum evidence_family f);
const char *evidence_family_meaning(enum evidence_family f);
const char *evidence_unit(enum evidence_kind k); /* "share", "peers", ..., or "" */

/* One plain sentence for a person, with the measured value in it. Returns `buf`. */
const char *evidence_sentence(enum evidence_kind k, const struct evidence *e, char *buf,
			      size_t size);

#endif
