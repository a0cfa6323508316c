/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many events of one kind and application are told: a few at once, then one now and
 * then, so that what flaps fills neither the journal nor the history. Pure.
 *
 * Source of the arithmetic: the generic cell rate algorithm, ITU-T I.371.
 */
#ifndef CORE_EVENT_LIMIT_H
#define CORE_EVENT_LIMIT_H

#include "core/event.h"

/* Of one application: */
#define EVENT_LIMIT_APP_BURST 8
#define EVENT_LIMIT_APP_NS UINT64_C(600000000000) /* then one in 10 minutes */
/* Of the agent itself, where an admin may be at work: */
#define EVENT_LIMIT_AGENT_BURST 60
#define EVENT_LIMIT_AGENT_NS UINT64_C(60000000000) /* then one a minute */
/* Kinds and applications watched at once; beyond, the calmest is forgotten. */
#define EVENT_LIMIT_SLOTS 256

struct event_limit_slot {
	enum event_kind kind;
	uint32_t app;		/* hash of its key; 0: the agent itself */
	uint64_t busy_until_ns; /* when all it has said will have been paid for; 0: free
				 */
	unsigned int left_out;
};

struct event_limit {
	struct event_limit_slot slots[EVENT_LIMIT_SLOTS];
	uint64_t left_out; /* in all */
};

/* Whether it may be told; then *ret_left_out is how many like it were not since the
 * last one. `key` of the application, or NULL. */
bool event_limit_admit(struct event_limit *l, enum event_kind kind, const char *key,
		       uint64_t now_ns, unsigned int *ret_left_out);

#endif
