/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From observations to roles: feeds the flow and application tables and evaluates each
 * application at every tick. No sockets, files, clock or logging: the same observations
 * give the same roles.
 */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include "core/app.h"
#include "core/catalogue.h"
#include "core/observation.h"
#include "core/policy.h"

struct engine;

struct engine_stats {
	uint64_t observations, ticks;
	uint64_t flows, flows_evicted; /* now; given up at the bound */
	uint64_t apps, candidates;     /* now */
	uint64_t role_changes;	       /* so far */
	uint64_t samples_refused;      /* by the bound of sampling.h */
	uint64_t zoom_left_out;	       /* flows that began during looks, without room */
};

/* `catalogue` and `policy` are borrowed and must outlive the engine or be replaced. */
int engine_new(const struct policy *policy, const struct catalogue *catalogue,
	       struct engine **ret_engine);
void engine_free(struct engine *e);
/* Re-judges who is a stranger and which client each application is. */
void engine_set_policy(struct engine *e, const struct policy *policy,
		       const struct catalogue *catalogue);

/* 0, -EINVAL for a record that contradicts itself, -ENOMEM. */
int engine_observe(struct engine *e, const struct observation *o);

/* True while an application deserves samples every 200 ms instead of every second. */
bool engine_wants_fast_ticks(const struct engine *e);

/*
 * Stage 3, a look at packets. The application whose turn it is now, or 0. The agent
 * then sends OBS_ZOOM_BEGIN, captures the flows of engine_zoom_flows as OBS_PACKET
 * until engine_zoom_is_over, and sends OBS_ZOOM_END. Whenever engine_zoom_changes has
 * changed the flows to capture are others.
 */
uint16_t engine_wants_zoom(const struct engine *e);
size_t engine_zoom_flows(const struct engine *e, const struct flow_key **ret_keys);
unsigned int engine_zoom_changes(const struct engine *e);
bool engine_zoom_is_full(const struct engine *e);
bool engine_zoom_is_over(const struct engine *e, uint64_t now_ns);

/* Applications in order of id; NULL starts and ends. */
const struct app *engine_next_app(const struct engine *e, const struct app *previous);
const struct app *engine_find_app(const struct engine *e, uint16_t id);

/*
 * The application in whose lists the flows and peers of this one are, and whose verdict
 * is its verdict: itself, or another of the same group (group.h).
 */
const struct app *engine_judge_of(const struct engine *e, const struct app *a);

/* Whether the kernel should carry the LEG flag on a flow, and whose it is. */
const struct flow *engine_find_flow(const struct engine *e, const struct flow_key *key);

/* Tells the engine that a relay limit is in force on an application. */
void engine_set_limited(struct engine *e, uint16_t app, bool is_limited);

/* Likewise that its legs or all of it are refused, and whether those that are refused
 * keep calling, which holds its role. For all of them, in order of id. */
void engine_set_cut(struct engine *e, uint16_t app, bool is_cut, bool is_called);

/* Likewise that it has used up its quota, or not. */
void engine_set_over_quota(struct engine *e, uint16_t app, bool is_over);

/*
 * Holds an application to `max` strangers at once, 0: any. Those it has two-way flows
 * with count; beyond `max` the newest are marked (struct peer: is_over). It is full
 * from `max` on, until there is room again for a few. 0 or -ENOMEM.
 */
int engine_bound_peers(struct engine *e, uint16_t app, uint32_t max);

/* Time of the last tick. */
uint64_t engine_now(const struct engine *e);
const struct engine_stats *engine_stats(struct engine *e);

#endif
