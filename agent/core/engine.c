/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/engine.h"
#include "core/detect.h"
#include "core/zoom_session.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define APP_ID_WORDS ((APP_ID_MAX + 64) / 64)

struct engine {
	const struct policy *policy;
	const struct catalogue *catalogue;
	struct flow_table table;
	struct app *apps[APP_ID_MAX + 1]; /* by id; 0 always exists */
	uint64_t ids[APP_ID_WORDS];	  /* one bit each: those that exist */
	struct detect_tools tools;
	struct zoom_session zoom;
	uint64_t now_ns;
	uint32_t tick;
	struct engine_stats stats;
};

/* --- applications ---------------------------------------------------------------- */

/* The one with the least id from `id` on. */
static struct app *app_from(const struct engine *e, size_t id)
{
	uint64_t rest = id <= APP_ID_MAX ? e->ids[id / 64] & ~0ull << id % 64 : 0;
	size_t word = id / 64;

	while (!rest && ++word < APP_ID_WORDS)
		rest = e->ids[word];
	return rest ? e->apps[word * 64 + (size_t)__builtin_ctzll(rest)] : NULL;
}

static struct app *app_new(struct engine *e, uint16_t id,
			   const struct app_identity *identity, uint64_t time_ns)
{
	struct app *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->detect = detect_state_new();
	if (!a->detect) {
		free(a);
		return NULL;
	}
	a->id = id;
	a->identity = *identity;
	a->client = catalogue_find(e->catalogue, identity);
	a->log_odds = detect_prior(a);
	a->first_ns = a->role_since_ns = time_ns;
	e->apps[id] = a;
	e->ids[id / 64] |= 1ull << id % 64;
	e->stats.apps++;
	return a;
}

static void app_free(struct engine *e, struct app *a)
{
	struct peer *peer, *next;

	if (!a)
		return;
	DL_FOREACH_SAFE(a->peer_list, peer, next)
	peer_remove(&e->table, peer);
	e->apps[a->id] = NULL;
	e->ids[a->id / 64] &= ~(1ull << a->id % 64);
	e->stats.apps--;
	detect_state_free(a->detect);
	free(a);
}

/* --- peers: who of them counts ---------------------------------------------------- */

static void app_count_peer(struct app *a, const struct peer *p, unsigned int step)
{
	if (!p->is_stranger)
		return;
	a->peers += step;
	if (p->alive_in)
		a->peers_in += step;
	if (p->alive_out)
		a->peers_out += step;
}

/* Changes a peer's counts and, through them, its application's. */
static void peer_change(struct app *a, struct peer *p, const struct flow *f,
			bool is_added)
{
	unsigned int step = is_added ? 1u : -1u;

	app_count_peer(a, p, -1u);
	if (f->is_two_way)
		*(f->is_inbound ? &p->alive_in : &p->alive_out) += step;
	app_count_peer(a, p, 1);
}

static bool is_stranger(const struct engine *e, const struct addr *a)
{
	return !addr_is_local_scope(a) && !policy_is_trusted(e->policy, a);
}

static int flow_attach(struct engine *e, struct flow *f, struct app *a)
{
	bool is_new;
	struct peer *p = peer_get(&e->table, a->id, &f->key.remote, &is_new);

	if (!p)
		return -ENOMEM;
	if (is_new) {
		p->is_stranger = is_stranger(e, &f->key.remote);
		DL_APPEND(a->peer_list, p);
		app_count_peer(a, p, 1);
	}
	p->flows++;
	peer_change(a, p, f, true);
	f->peer = p;
	f->app = a->id;
	f->is_stranger = p->is_stranger;
	DL_APPEND(a->flows, f);
	a->flow_count++;
	transport_attach(&a->transport, f);
	sampling_note(a, f);
	return 0;
}

/* It is no longer looked at for what it relays. */
static void flow_clear(struct engine *e, struct app *a, struct flow *f)
{
	sampling_drop(&e->tools.sampling, a, f);
	if (f->is_leg)
		a->leg_count--;
	f->is_leg = false;
	f->matches = 0;
	f->zoom_index = ZOOM_NONE;
}

static void flow_detach(struct engine *e, struct flow *f)
{
	struct app *a = e->apps[f->app];
	struct peer *p = f->peer;

	transport_detach(&a->transport, f);
	flow_clear(e, a, f);
	DL_DELETE(a->flows, f);
	a->flow_count--;
	peer_change(a, p, f, false);
	if (--p->flows)
		return;
	app_count_peer(a, p, -1u);
	transport_forget_peer(&a->transport, p);
	DL_DELETE(a->peer_list, p);
	peer_remove(&e->table, p);
}

static void flow_remove(struct engine *e, struct flow *f)
{
	flow_detach(e, f);
	flow_table_remove(&e->table, f);
}

/* To another application; with `restart` as another flow. It is removed on failure. */
static int flow_move(struct engine *e, struct flow *f, struct app *to,
		     const struct observation *restart)
{
	flow_detach(e, f);
	if (restart)
		flow_restart(f, restart);
	if (flow_attach(e, f, to) == 0)
		return 0;
	flow_table_remove(&e->table, f);
	return -ENOMEM;
}

/* --- observations ----------------------------------------------------------------- */

static int observe_app(struct engine *e, const struct observation *o)
{
	struct app *a;

	if (o->app.id == APP_UNATTRIBUTED || o->app.id > APP_ID_MAX ||
	    !o->app.identity || o->app.pid_count > APP_PIDS_MAX)
		return -EINVAL;
	a = e->apps[o->app.id];
	if (a && strcmp(a->identity.key, o->app.identity->key) != 0)
		return -EINVAL;
	if (!a)
		a = app_new(e, o->app.id, o->app.identity, o->time_ns);
	if (!a)
		return -ENOMEM;
	a->has_wildcard_listener = o->app.has_wildcard_listener;
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
	DL_FOREACH_SAFE(a->flows, f, next)
	{
		flow_move(e, f, e->apps[APP_UNATTRIBUTED], NULL);
	}
	app_free(e, a);
	return 0;
}

static int observe_app_io(struct engine *e, const struct observation *o)
{
	if (o->app_io.id > APP_ID_MAX || !e->apps[o->app_io.id])
		return -EINVAL;
	detect_add_io(e->apps[o->app_io.id]->detect, o->time_ns, o->app_io.read_bytes,
		      o->app_io.written_bytes);
	return 0;
}

/* What flows without counters carried shows in the sum of all. */
static int observe_app_traffic(struct engine *e, const struct observation *o)
{
	struct app *a =
		o->app_traffic.id <= APP_ID_MAX ? e->apps[o->app_traffic.id] : NULL;

	if (!a)
		return -EINVAL;
	detect_add_traffic(a->detect, o);
	return 0;
}

/* What it carried before it was first seen is not counted. */
static int flow_begin(struct engine *e, const struct observation *o)
{
	struct flow *victim = flow_table_victim(&e->table), *f;

	if (victim) {
		flow_remove(e, victim);
		e->table.evicted++;
	}
	f = flow_table_add(&e->table, &o->flow.key);
	if (!f)
		return -ENOMEM;
	f->is_inbound = o->flow.is_inbound;
	f->zoom_index = ZOOM_NONE;
	f->first_ns = f->last_ns = f->seen_ns = o->time_ns;
	f->bytes_in = o->flow.bytes_in;
	f->bytes_out = o->flow.bytes_out;
	f->packets_in = o->flow.packets_in;
	f->packets_out = o->flow.packets_out;
	f->is_two_way = f->packets_in && f->packets_out;
	if (flow_attach(e, f, e->apps[o->flow.app]) < 0) {
		flow_table_remove(&e->table, f);
		return -ENOMEM;
	}
	return 0;
}

static void flow_account(struct engine *e, struct flow *f, const struct observation *o)
{
	struct flow_delta delta = flow_update(f, o);
	struct app *a = e->apps[f->app];

	detect_add_counted(a->detect, delta.bytes_in, delta.bytes_out);
	if (!f->is_two_way && f->packets_in && f->packets_out) {
		f->is_two_way = true;
		peer_change(a, f->peer, f, true);
	}
	if (!f->is_stranger)
		return;
	if (!delta.bytes_in && !delta.bytes_out)
		return;
	transport_account(&a->transport, f, &delta);
	sampling_note(a, f);
	f->pending_in += (float)delta.payload_in;
	f->pending_out += (float)delta.payload_out;
	detect_add_bytes(a->detect, o->time_ns, delta.payload_in, delta.payload_out);
	a->totals.bytes_in += delta.bytes_in;
	a->totals.bytes_out += delta.bytes_out;
	if (f->is_leg) {
		a->totals.relayed_in += delta.bytes_in;
		a->totals.relayed_out += delta.bytes_out;
	}
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
	/* The tuple is used again, perhaps by somebody else; or its owner is known. */
	if (flow_is_replaced(f, o))
		r = flow_move(e, f, e->apps[o->flow.app], o);
	else if (o->flow.app != APP_UNATTRIBUTED && o->flow.app != f->app)
		r = flow_move(e, f, e->apps[o->flow.app], NULL);
	if (r < 0)
		return r;
	flow_account(e, f, o);
	if (o->kind == OBS_FLOW_END)
		flow_remove(e, f);
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
			flow_remove(e, f);
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
	if (!e->zoom.app)
		return -EINVAL;
	zoom_session_end(&e->zoom, e->apps[e->zoom.app], o->time_ns);
	return 0;
}

static void observe_tick(struct engine *e, double seconds)
{
	e->stats.ticks++;
	e->stats.candidates = 0;
	for (struct app *a = app_from(e, 1); a; a = app_from(e, a->id + 1u)) {
		if (a->is_candidate && seconds > 0)
			sampling_tick(a, e->tick, seconds);
		detect_evaluate(a, &e->tools, e->now_ns, e->tick + 1);
		e->stats.candidates += a->is_candidate;
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
	if (zoom_session_init(&e->zoom) < 0 || !e->tools.work ||
	    !app_new(e, APP_UNATTRIBUTED, &unattributed, 0)) {
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
		app_free(e, e->apps[id]);
	flow_table_done(&e->table);
	sampling_done(&e->tools.sampling);
	pairs_work_free(e->tools.work);
	zoom_session_done(&e->zoom);
	free(e);
}

static void judge_peers(struct engine *e, struct app *a)
{
	struct peer *p;
	struct flow *f;

	a->peers = a->peers_in = a->peers_out = 0;
	DL_FOREACH (a->peer_list, p) {
		p->is_stranger = is_stranger(e, &p->key.remote);
		app_count_peer(a, p, 1);
	}
	DL_FOREACH (a->flows, f) {
		f->is_stranger = f->peer->is_stranger;
		if (!f->is_stranger)
			flow_clear(e, a, f);
		else
			sampling_note(a, f);
	}
	transport_recount(&a->transport, a->flows, a->peer_list);
}

void engine_set_policy(struct engine *e, const struct policy *policy,
		       const struct catalogue *catalogue)
{
	e->policy = policy;
	e->catalogue = catalogue;
	for (struct app *a = app_from(e, 0); a; a = app_from(e, a->id + 1u)) {
		a->client = catalogue_find(catalogue, &a->identity);
		judge_peers(e, a);
	}
}

bool engine_wants_fast_ticks(const struct engine *e)
{
	return e->stats.candidates > 0;
}

uint16_t engine_wants_zoom(const struct engine *e)
{
	const struct app *a = e->stats.candidates ? app_from(e, 1) : NULL;

	for (; a; a = app_from(e, a->id + 1u))
		if (zoom_session_is_due(&e->zoom, a, e->now_ns))
			return a->id;
	return APP_UNATTRIBUTED;
}

size_t engine_zoom_flows(const struct engine *e, const struct flow_key **ret_keys)
{
	*ret_keys = e->zoom.keys;
	return e->zoom.app ? e->zoom.flow_count : 0;
}

bool engine_zoom_is_full(const struct engine *e)
{
	return e->zoom.is_full;
}

const struct app *engine_next_app(const struct engine *e, const struct app *previous)
{
	return app_from(e, previous ? previous->id + 1u : 0);
}

const struct app *engine_find_app(const struct engine *e, uint16_t id)
{
	return id <= APP_ID_MAX ? e->apps[id] : NULL;
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
