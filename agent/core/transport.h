/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport share: of what came in, the largest part that can have gone out to
 * *other* peers, over the larger of both directions. For per-peer rates in[] and out[]
 * this small transport problem has a closed form (its minimum cuts are: everything in,
 * everything out, or all but one peer). Near 0 for seeding, downloads, calls with one
 * peer; near 1 for relays and for mesh calls: necessary, not a proof.
 *
 * It is kept as flows are accounted, at constant cost for each and for every question.
 * The sums are scaled (decay.h). Of the peers only one that has more than half of
 * everything can matter, because in + out - worst < min(in, out) means worst > max(in,
 * out). So it is enough to know the heaviest one so far, and a bound on all others:
 * while only flows grow, both are exact; when the heaviest has lost flows, peers are
 * counted anew, but only if that bound leaves room for another one above the half. That
 * takes the loss of about half of what the application carried lately.
 */
#ifndef CORE_TRANSPORT_H
#define CORE_TRANSPORT_H

#include "core/flow.h"

struct transport {
	double in, out;	   /* sums */
	double worst_peer; /* largest in[p] + out[p] */
};
double transport_share(const struct transport *t);

/* One sum over the flows of an application to strangers, scaled. */
struct transport_sum {
	struct rates rates;
	const struct peer *top; /* the heaviest known, or NULL */
	double others;		/* no other peer is heavier than this */
};

/* By enum peer_part: over all flows, and over those that are no legs. */
struct transport_sums {
	uint32_t epoch;
	unsigned int flows; /* that are counted */
	struct transport_sum parts[PEER_PARTS];
};

/*
 * The flow, to a stranger, comes to the application of these sums with all it carried
 * lately, or leaves it. It has its peer; whoever changes is_stranger, is_leg, the
 * application or the peer of a flow calls these around it. Others are not counted.
 */
void transport_attach(struct transport_sums *s, const struct flow *f);
void transport_detach(struct transport_sums *s, const struct flow *f);
/* It carried this, which it has been given already (flow_update). */
void transport_account(struct transport_sums *s, const struct flow *f,
		       const struct flow_delta *delta);
/* Changes whether a flow is a leg. */
void transport_set_leg(struct transport_sums *s, struct flow *f, bool is_leg);
/* The peer, which has no flows any more, is going. */
void transport_forget_peer(struct transport_sums *s, const struct peer *p);
/* From the flows and peers of an application alone: for what changes many at once. */
void transport_recount(struct transport_sums *s, const struct flow *flows,
		       struct peer *peers);

/* Rates at `time_ns`, of an application's peers: a question for transport_share.
 * worst_peer is exact wherever it matters. */
struct transport transport_measure(struct transport_sums *s, const struct peer *peers,
				   enum peer_part part, uint64_t time_ns);

#endif
