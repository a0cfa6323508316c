/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The heaviest flows of an application, without walking all of them: weights are
 * scaled rates (decay.h), which only grow while a flow lives, so who is not among the
 * heaviest can come in only when it carries something. A few more are kept than are
 * asked for; only when so many of them have ended is everything walked again. Exact.
 * Pure; allocates nothing.
 */
#ifndef CORE_HEAVIEST_H
#define CORE_HEAVIEST_H

#include "core/flow.h"

#define HEAVIEST_LISTED 64
#define HEAVIEST_KEPT 128 /* after the lightest were let go */
#define HEAVIEST_MAX 256

/* A bounded set of the heaviest of what it is shown, at constant cost for each. */
struct weighed {
	double weight;
	struct flow *flow;
	size_t place; /* of equal weights the earlier one is the heavier */
};

struct selection {
	struct weighed items[HEAVIEST_MAX];
	size_t count, places;
	double floor; /* what was let go is not heavier; below 0: nothing was */
};

void selection_init(struct selection *s);
void selection_add(struct selection *s, struct flow *f, double weight);
/* Lets the lightest go. */
void selection_reduce(struct selection *s, size_t keep);
/* Lists the heaviest, in order. Their number, at most HEAVIEST_LISTED. */
size_t selection_list(struct selection *s, struct flow *ret_flows[HEAVIEST_LISTED]);

/* The same of the flows of an application to strangers, kept up to date. */
struct heaviest {
	bool is_kept; /* somebody asks for it */
	uint32_t epoch;
	size_t count;
	double floor;
	struct flow *flows[HEAVIEST_MAX];
};

/* Up to HEAVIEST_LISTED, heaviest first; from now on it is kept up to date, as long as
 * the others are called. `flows` are all of the application's. */
size_t heaviest_list(struct heaviest *h, struct flow *flows,
		     struct flow *ret_flows[HEAVIEST_LISTED]);
/* A flow was added or has grown. */
void heaviest_note(struct heaviest *h, struct flow *f);
/* It leaves the application, or is none to a stranger any more. */
void heaviest_drop(struct heaviest *h, struct flow *f);
/* Nobody asks any more. */
void heaviest_stop(struct heaviest *h);

/* What a flow carried lately, both ways, scaled as of an epoch. */
double heaviest_weight(const struct flow *f, uint32_t epoch);

#endif
