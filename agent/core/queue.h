/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Egress that waits in a queue instead of being dropped: the HTB classes that a plan
 * wants on its uplinks, and the difference to those that are there. Pure.
 *
 * All that nothing limits goes through one class without a limit, which is also where
 * everything goes once our rules are gone. An application has an inner class, its whole
 * limit, and below it a leaf for its own traffic and one for its legs, as far as either
 * is limited:
 *
 *     5257:               whatever a rule chose no class for: QUEUE_DEFAULT
 *       |- 5257:1         no limit
 *       `- 5257:N*4       application N: its rate; no limit, if only its legs have one
 *            |- N*4+1     its own, and legs where both share one limit
 *            `- N*4+2     legs
 */
#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include "core/plan.h"

#define QUEUE_MAJOR 0x5257u /* "RW" */
#define QUEUE_DEFAULT 1u
#define QUEUE_UNLIMITED (UINT64_C(1) << 36) /* bytes per second: half a terabit */

struct queue_class {
	uint16_t minor, parent; /* parent 0: the qdisc itself */
	uint64_t rate, ceil;	/* bytes per second: its own, and what it may borrow */
	bool is_leaf;		/* has a qdisc of ours */
};

#define QUEUE_CLASSES_MAX (3 * APP_NUMBER_COUNT)

struct queue_classes {
	size_t count;
	struct queue_class items[QUEUE_CLASSES_MAX]; /* by minor, unique */
};

/* The class that a flow of application `number` is to wait in, as a packet's priority
 * names it; 0: in none. */
uint32_t queue_priority(const struct plan_app *a, uint8_t number, bool is_leg);

/* The classes that the plan wants: none at all where nothing is to wait. */
void queue_plan(const struct plan *p, struct queue_classes *ret_classes);

struct queue_change {
	bool is_removal;
	struct queue_class class;
};

struct queue_changes {
	size_t count;
	size_t removals_at; /* index of the first removal: they come last */
	struct queue_change items[2 * QUEUE_CLASSES_MAX];
};

/* What turns `seen` into `wanted`, parents before their children and removed after
 * them. A class that is there with another rate is changed in place. */
void queue_diff(const struct queue_classes *seen, const struct queue_classes *wanted,
		struct queue_changes *ret_changes);

#endif
