/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named terms of a verdict. A verdict is their sum in log-odds, each term capped,
 * so that it can be read line by line. Weights: DETECTION, "Verdict"; here in
 * evidence.c in one table.
 */
#ifndef CORE_EVIDENCE_H
#define CORE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

enum evidence_kind {
	EVIDENCE_PRIOR,	    /* unknown program, or a known promotable client */
	EVIDENCE_MATCHED,   /* M: share of what came in that left to another peer */
	EVIDENCE_COUPLING,  /* leave-one-out: one flow against all the others */
	EVIDENCE_PACKETS,   /* zoom: packets sent on to another peer at once */
	EVIDENCE_HUB,	    /* strangers that lean on it, strangers it goes to */
	EVIDENCE_GAIN,	    /* G = out / in, beside other positive terms */
	EVIDENCE_NO_DISK,   /* neither stores what comes in nor reads what goes out */
	EVIDENCE_DISK,	    /* does one of the two */
	EVIDENCE_TRANSPORT, /* too little of it could have been passed on */
	EVIDENCE_COUNT
};

struct evidence {
	bool is_measured; /* false: not enough data yet, weight 0 */
	double value;	  /* in the unit of evidence_unit() */
	double weight;	  /* what it adds to the log-odds now */
};

const char *evidence_name(enum evidence_kind k);
const char *evidence_unit(enum evidence_kind k); /* "share", "peers", ..., or "" */

/* One plain sentence for a person, with the measured value in it. Returns `buf`. */
const char *evidence_sentence(enum evidence_kind k, const struct evidence *e, char *buf,
			      size_t size);

#endif
