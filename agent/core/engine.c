/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/engine_tables.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* --- observations ----------------------------------------------------------------- */

static int observe_app(struct engine *e, const struct observation *o)
{
	struct app *a;
	bool is_new;

	if (o->app.id == APP_UNATTRIBUTED || o->app.id > APP_ID_MAX ||
	    !o->app.identity || o->app.pid_count > APP_PIDS_MAX)
		return -EINVAL;
	a = e->apps[o->app.id];
	if (a && strcmp(a->identity.key, o->app.identity->key) != 0)
		return -EINVAL;
	is_new = !a;
	if (is_new)
		a = tables_add_app(e, o->app.id, o->app.identity, o->time_ns);
	if (!a)
		return -ENOMEM;
	/* Its key is the same; what proves it may not be. */
	tables_identify(e, a, o->app.identity);
	a->has_wildcard_listener = o->app.has_wildcard_listener;
	a->is_set_to_relay = o->app.is_set_to_relay;
	if (is_new)
		a->log_odds = detect_prior(a); /* now that its configuration is known */
	a->pid_count = o->app.pid_count;
	memcpy(a->pids, o->app.pids, sizeof(a->pids));
	return 0;
}

/* Flows it still has become unattributed. */
static int observe_app_gone(struct engine *e, const struct observation *o)
{
	struct flow *f, *next;
	struct app *a;

	if (o->app.id == APP_UNATTRIBUTED || o->app.id > APP_ID_MAX ||
	    !e->apps[o->app.id])
		return -EINVAL;
	a = e->apps[o->app.id];
	zoom_session_leave(&e->zoom, a);
	groups_leave(e, a);
	DL_FOREACH_SAFE(a->flows, f, next)
	{
		tables_move(e, f, e->apps[APP_UNATTRIBUTED], NULL);
	}
	tables_remove_app(e, a);
	return 0;
}

static int observe_app_io(struct engine *e, const struct observation *o)
{
	if (o->app_io.id > APP_ID_MAX || !e->apps[o->app_io.id])
		return -EINVAL;
	history_add_io(&e->apps[o->app_io.id]->history, o);
	e->apps[o->app_io.id]->has_device = o->app_io.has_sound || o->app_io.has_camera;
	return 0;
}

/* What flows without counters carried shows in the sum of all. */
static int observe_app_traffic(struct engine *e, const struct observation *o)
{
	struct app *a =
		o->app_traffic.id <= APP_ID_MAX ? e->apps[o->app_traffic.id] : NULL;
	struct history_payload added;

	if (!a)
		return -EINVAL;
	added = history_add_traffic(&a->history, o);
	if (a->judge != a->id)
		history_add(&e->apps[a->judge]->history, o->time_ns, added.in,
			    added.out);
	return 0;
}

/* What it carried before it was first seen is not counted. */
static int flow_begin(struct engine *e, const struct observation *o)
{
	struct flow *victim = flow_table_victim(&e->table), *f;

	if (victim) {
		tables_remove(e, victim);
		e->table.evicted++;
	}
	f = flow_table_add(&e->table, &o->flow.key);
	if (!f)
		return -ENOMEM;
	f->is_inbound = o->flow.is_inbound;
	f->is_uncounted = o->flow.is_uncounted;
	f->zoom_index = ZOOM_NONE;
	f->first_ns = f->last_ns = f->seen_ns = o->time_ns;
	f->bytes_in = o->flow.bytes_in;
	f->bytes_out = o->flow.bytes_out;
	f->packets_in = o->flow.packets_in;
	f->packets_out = o->flow.packets_out;
	f->is_two_way = f->packets_in && f->packets_out;
	f->is_watched = f->packets_in + f->packets_out <= FLOW_FIRST_PACKETS;
	if (tables_attach(e, f, e->apps[o->flow.app]) < 0) {
		flow_table_remove(&e->table, f);
		return -ENOMEM;
	}
	return 0;
}

/* What it metered as, and what the application that is judged for it is judged by. */
static void account_stranger(struct app *owner, struct app *judge, struct flow *f,
			     const struct flow_delta *d, uint64_t time_ns)
{
	double in, out;

	transport_account(&judge->transport, f, d);
	sampling_note(judge, f);
	f->pending_in += (float)d->payload_in;
	f->pending_out += (float)d->payload_out;
	if (judge->circuits && f->circuit) {
		flow_payload(f, &in, &out);
		circuits_update(judge->circuits, f->circuit, (uint64_t)in,
				(uint64_t)out, time_ns);
	}
	history_add(&owner->history, time_ns, d->payload_in, d->payload_out);
	if (judge != owner)
		history_add(&judge->history, time_ns, d->payload_in, d->payload_out);
	owner->totals.bytes_in += d->bytes_in;
	owner->totals.bytes_out += d->bytes_out;
	if (f->is_leg) {
		owner->totals.relayed_in += d->bytes_in;
		owner->totals.relayed_out += d->bytes_out;
	}
}

/* Between programs of this machine, or with somebody who is trusted. */
static void account_local(struct engine *e, struct app *owner, struct app *judge,
			  const struct flow_delta *d, const struct observation *o)
{
	uint16_t other = o->flow.peer_app;
	struct app *peer = other && other <= APP_ID_MAX ? e->apps[other] : NULL;

	if (!peer || peer == owner || owner->id == APP_UNATTRIBUTED) {
		history_add_local(&owner->history, o->time_ns, d->payload_in,
				  d->payload_out);
		if (judge != owner)
			history_add_local(&judge->history, o->time_ns, d->payload_in,
					  d->payload_out);
		return;
	}
	group_note(owner, other, o->time_ns, d->payload_in, d->payload_out);
	group_note(peer, owner->id, o->time_ns, d->payload_out, d->payload_in);
}

static void flow_account(struct engine *e, struct flow *f, const struct observation *o)
{
	struct flow_delta delta = flow_update(f, o);
	struct app *owner = e->apps[f->app], *judge = tables_judge_of(e, f);

	/* Our rules, and so the counters of all packets, pass loopback over. */
	if (!f->peer->is_self)
		history_add_counted(&owner->history, delta.bytes_in, delta.bytes_out);
	if (!f->is_two_way && f->packets_in && f->packets_out) {
		f->is_two_way = true;
		tables_change_peer(judge, f->peer, f, true);
	}
	if (!delta.bytes_in && !delta.bytes_out)
		return;
	if (delta.payload_in > 0 || delta.payload_out > 0)
		hub_note(&f->talk, o->time_ns, delta.payload_in > 0,
			 delta.payload_out > 0);
	if (f->is_stranger)
		account_stranger(owner, judge, f, &delta, o->time_ns);
	else
		account_local(e, owner, judge, &delta, o);
}

static int observe_flow(struct engine *e, const struct observation *o)
{
	struct flow *f = flow_table_find(&e->table, &o->flow.key);
	int r = 0;

	if (o->flow.app > APP_ID_MAX || !e->apps[o->flow.app])
		return -EINVAL;
	if (!f)
		return o->kind == OBS_FLOW_END ? 0 : flow_begin(e, o);
	f->seen_ns = o->time_ns;
	f->is_uncounted = o->flow.is_uncounted;
	/* The tuple is used again, perhaps by somebody else; or its owner is known. */
	if (flow_is_replaced(f, o))
		r = tables_move(e, f, e->apps[o->flow.app], o);
	else if (o->flow.app != APP_UNATTRIBUTED && o->flow.app != f->app)
		r = tables_move(e, f, e->apps[o->flow.app], NULL);
	if (r < 0)
		return r;
	flow_account(e, f, o);
	if (o->kind == OBS_FLOW_END)
		tables_remove(e, f);
	return 0;
}

/* The kernel does not tell of the end of flows that are older than its listener. */
static int observe_swept(struct engine *e, const struct observation *o)
{
	struct flow *f, *next;

	if (o->swept.since_ns > o->time_ns)
		return -EINVAL;
	HASH_ITER (hh, e->table.flows, f, next)
		if (f->seen_ns < o->swept.since_ns)
			tables_remove(e, f);
	return 0;
}

static int observe_zoom_begin(struct engine *e, const struct observation *o)
{
	struct app *a =
		o->zoom.app && o->zoom.app <= APP_ID_MAX ? e->apps[o->zoom.app] : NULL;

	return a && zoom_session_begin(&e->zoom, a, o->time_ns) ? 0 : -EINVAL;
}

static int observe_packet(struct engine *e, const struct observation *o)
{
	const struct flow *f = flow_table_find(&e->table, &o->packet.key);

	if (f)
		zoom_session_add(&e->zoom, f, o);
	return 0;
}

static int observe_zoom_end(struct engine *e, const struct observation *o)
{
	if (!e->zoom.app && !e->zoom.is_decided)
		return -EINVAL;
	e->stats.zoom_left_out += e->zoom.left_out;
	if (e->zoom.app)
		zoom_session_end(&e->zoom, e->apps[e->zoom.app], o->time_ns);
	e->zoom.is_decided = false;
	return 0;
}

static void observe_tick(struct engine *e, double seconds)
{
	e->stats.ticks++;
	e->stats.candidates = 0;
	groups_update(e);
	if (e->zoom.app && e->apps[e->zoom.app])
		zoom_session_glance(&e->zoom, e->apps[e->zoom.app], e->now_ns);
	/* A member comes after the one it is judged as, whose id is less. */
	for (struct app *a = tables_from(e, 1); a; a = tables_from(e, a->id + 1u)) {
		if (a->is_candidate && seconds > 0)
			sampling_tick(a, e->tick, e->now_ns, seconds);
		e->stats.role_changes +=
			detect_evaluate(a, &e->tools, e->now_ns, e->tick + 1);
		e->stats.candidates += a->is_candidate;
		if (a->judge != a->id)
			groups_take_verdict(e, a);
	}
	e->tick++;
}

int engine_observe(struct engine *e, const struct observation *o)
{
	uint64_t before = e->now_ns;

	/* Packets carry the time they passed; their ring is read a little later. */
	if (o->time_ns < e->now_ns && o->kind != OBS_PACKET)
		return -EINVAL;
	e->stats.observations++;
	switch (o->kind) {
	case OBS_APP:
		return observe_app(e, o);
	case OBS_APP_GONE:
		return observe_app_gone(e, o);
	case OBS_APP_IO:
		return observe_app_io(e, o);
	case OBS_APP_TRAFFIC:
		return observe_app_traffic(e, o);
	case OBS_FLOW:
	case OBS_FLOW_END:
		return observe_flow(e, o);
	case OBS_SWEPT:
		return observe_swept(e, o);
	case OBS_ZOOM_BEGIN:
		return observe_zoom_begin(e, o);
	case OBS_PACKET:
		return observe_packet(e, o);
	case OBS_ZOOM_END:
		return observe_zoom_end(e, o);
	case OBS_TICK:
		e->now_ns = o->time_ns;
		observe_tick(e, before ? (double)(o->time_ns - before) / 1e9 : 0);
		return 0;
	}
	return -EINVAL;
}

/* --- life and questions ----------------------------------------------------------- */

int engine_new(const struct policy *policy, const struct catalogue *catalogue,
	       struct engine **ret_engine)
{
	static const struct app_identity unattributed = {
		.kind = APP_KIND_UNATTRIBUTED,
		.uid = UINT32_MAX,
		.key = "unattributed",
		.name = "unattributed",
	};
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->policy = policy;
	e->catalogue = catalogue;
	flow_table_init(&e->table, FLOW_TABLE_MAX);
	sampling_init(&e->tools.sampling);
	e->tools.work = pairs_work_new();
	e->tools.batches = batches_work_new();
	e->tools.circuits = circuits_work_new();
	if (zoom_session_init(&e->zoom) < 0 || !e->tools.work || !e->tools.batches ||
	    !e->tools.circuits ||
	    !tables_add_app(e, APP_UNATTRIBUTED, &unattributed, 0)) {
		engine_free(e);
		return -ENOMEM;
	}
	*ret_engine = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	for (size_t id = 0; id <= APP_ID_MAX; id++)
		tables_remove_app(e, e->apps[id]);
	flow_table_done(&e->table);
	sampling_done(&e->tools.sampling);
	pairs_work_free(e->tools.work);
	batches_work_free(e->tools.batches);
	circuits_work_free(e->tools.circuits);
	zoom_session_done(&e->zoom);
	free(e);
}

void engine_set_policy(struct engine *e, const struct policy *policy,
		       const struct catalogue *catalogue)
{
	e->policy = policy;
	e->catalogue = catalogue;
	for (struct app *a = tables_from(e, 0); a; a = tables_from(e, a->id + 1u)) {
		tables_identify(e, a, &a->identity);
		tables_judge_peers(e, a);
	}
}

bool engine_wants_fast_ticks(const struct engine *e)
{
	return e->stats.candidates > 0;
}

/* Whoever was never looked at comes first, then who was not for longest: a few that
 * never tell anything must not use up the budget. */
uint16_t engine_wants_zoom(const struct engine *e)
{
	const struct app *a = e->stats.candidates ? tables_from(e, 1) : NULL;
	const struct app *due = NULL;

	for (; a; a = tables_from(e, a->id + 1u)) {
		if (!zoom_session_is_due(&e->zoom, a, e->now_ns))
			continue;
		if (zoom_session_is_first(a, e->now_ns))
			return a->id;
		if (!due || a->zoom.time_ns < due->zoom.time_ns)
			due = a;
	}
	return due ? due->id : APP_UNATTRIBUTED;
}

size_t engine_zoom_flows(const struct engine *e, const struct flow_key **ret_keys)
{
	*ret_keys = e->zoom.watched;
	return e->zoom.app ? e->zoom.watched_count : 0;
}

unsigned int engine_zoom_changes(const struct engine *e)
{
	return e->zoom.changes;
}

bool engine_zoom_is_full(const struct engine *e)
{
	return e->zoom.is_full;
}

bool engine_zoom_is_over(const struct engine *e, uint64_t now_ns)
{
	const struct app *a = e->stats.candidates ? tables_from(e, 1) : NULL;
	bool others_wait = false;

	for (; a && !others_wait; a = tables_from(e, a->id + 1u))
		others_wait =
			zoom_session_is_first(a, e->now_ns) && a->id != e->zoom.app;
	return zoom_session_is_over(&e->zoom, others_wait, now_ns);
}

const struct app *engine_next_app(const struct engine *e, const struct app *previous)
{
	return tables_from(e, previous ? previous->id + 1u : 0);
}

const struct app *engine_find_app(const struct engine *e, uint16_t id)
{
	return id <= APP_ID_MAX ? e->apps[id] : NULL;
}

const struct app *engine_judge_of(const struct engine *e, const struct app *a)
{
	return e->apps[a->judge];
}

const struct flow *engine_find_flow(const struct engine *e, const struct flow_key *key)
{
	return flow_table_find(&e->table, key);
}

void engine_set_limited(struct engine *e, uint16_t app, bool is_limited)
{
	if (app <= APP_ID_MAX && e->apps[app])
		e->apps[app]->is_limited = is_limited;
}

void engine_set_cut(struct engine *e, uint16_t app, bool is_cut, bool is_called)
{
	struct app *judge;

	if (app > APP_ID_MAX || !e->apps[app])
		return;
	e->apps[app]->is_cut = is_cut;
	e->apps[app]->is_called = is_called;
	/* A cut of one of a group holds the verdict on all; its judge's id is less, so
	 * that it has been told of already. */
	judge = e->apps[e->apps[app]->judge];
	judge->is_cut |= is_cut;
	judge->is_called |= is_cut && is_called;
}

void engine_set_over_quota(struct engine *e, uint16_t app, bool is_over)
{
	if (app <= APP_ID_MAX && e->apps[app])
		e->apps[app]->is_over_quota = is_over;
}

uint64_t engine_now(const struct engine *e)
{
	return e->now_ns;
}

const struct engine_stats *engine_stats(struct engine *e)
{
	e->stats.flows = HASH_COUNT(e->table.flows);
	e->stats.flows_evicted = e->table.evicted;
	e->stats.samples_refused = e->tools.sampling.refused;
	return &e->stats;
}
