/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy says for one application in its role now, and why. Pure.
 */
#ifndef CORE_DECISION_H
#define CORE_DECISION_H

#include "core/app.h"
#include "core/guard.h"
#include "core/plan.h"
#include "core/policy.h"

struct decision {
	enum promotion_action action; /* of the rule, promoted or not */
	bool is_enforced;	      /* false in monitor mode and a pause */
	bool is_paused;
	uint64_t rate[DIRECTION_COUNT];	      /* bytes per second, 0 = none */
	uint64_t relay_rate[DIRECTION_COUNT]; /* set only while promoted */
	bool relay_legs_only;
	bool is_guarded; /* takes what others leave: core/guard.h */
	bool cuts[CUT_COUNT];
	uint64_t quota; /* bytes; 0: none */
	enum quota_unit quota_unit;
	enum quota_action quota_action;
	uint64_t quota_rate[DIRECTION_COUNT]; /* when it is used up, with QUOTA_SHAPE */
	bool is_over_quota;
	uint32_t peers_max; /* 0: any */
	bool symmetric_nat;
	bool lacks_evidence; /* it would cut, but for one family of evidence alone */
	bool spares_login;   /* it would cut what people log in through: never */
	const char *rule;    /* section name, "" for the built-in default; borrowed */
	struct policy_origin why; /* the line that set what is in force */
};

/* `now` is for schedules; NULL: all of them apply. */
void decide(const struct policy *policy, const struct app *app,
	    const struct wall_time *now, struct decision *ret_decision);

/* Somebody has suspended enforcement: it decides and reports, as in monitor mode. */
void decision_pause(struct decision *d);

/* The relay rates of what is guarded, as far as the guard allows less. */
void decision_guard(struct decision *d, const struct guard *guard);

/* Whether any limit is in force (never in monitor mode). */
bool decision_is_limiting(const struct decision *d);
/* Whether all of it is refused because its quota is used up. */
bool decision_is_blocked(const struct decision *d);
/* Whether any cut is; `cut` CUT_COUNT asks for all of them. */
bool decision_is_cutting(const struct decision *d, enum plan_cut cut);

#endif
