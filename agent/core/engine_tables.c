/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/engine_tables.h"
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

/* --- applications ---------------------------------------------------------------- */

struct app *tables_from(const struct engine *e, size_t id)
{
	uint64_t rest = id <= APP_ID_MAX ? e->ids[id / 64] & ~0ull << id % 64 : 0;
	size_t word = id / 64;

	while (!rest && ++word < APP_ID_WORDS)
		rest = e->ids[word];
	return rest ? e->apps[word * 64 + (size_t)__builtin_ctzll(rest)] : NULL;
}

void tables_identify(const struct engine *e, struct app *a,
		     const struct app_identity *identity)
{
	struct catalogue_match m = catalogue_find(e->catalogue, identity);

	a->identity.is_users_own = identity->is_users_own;
	a->identity.is_in_userns = identity->is_in_userns;
	a->identity.is_exe_loose = identity->is_exe_loose;
	a->client = m.client;
	a->unproved_trade = m.unproved;
	a->trade_doubt = m.doubt;
}

struct app *tables_add_app(struct engine *e, uint16_t id,
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
	a->id = a->judge = id;
	a->identity = *identity;
	tables_identify(e, a, identity);
	a->first_ns = a->role_since_ns = time_ns;
	a->log_odds = detect_prior(a);
	e->apps[id] = a;
	e->ids[id / 64] |= 1ull << id % 64;
	e->stats.apps++;
	return a;
}

void tables_remove_app(struct engine *e, struct app *a)
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
	circuits_free(a->circuits);
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

void tables_change_peer(struct app *a, struct peer *p, const struct flow *f,
			bool is_added)
{
	unsigned int step = is_added ? 1u : -1u;

	app_count_peer(a, p, -1u);
	if (f->is_two_way)
		*(f->is_inbound ? &p->alive_in : &p->alive_out) += step;
	app_count_peer(a, p, 1);
}

static bool is_stranger(const struct engine *e, const struct peer *p)
{
	const struct addr *a = &p->key.remote;

	return !p->is_self && !addr_is_local_scope(a) &&
	       !policy_is_trusted(e->policy, a);
}

int tables_attach(struct engine *e, struct flow *f, const struct app *owner)
{
	bool is_new;
	struct app *a = e->apps[owner->judge];
	struct peer *p = peer_get(&e->table, a->id, &f->key.remote, &is_new);

	if (!p)
		return -ENOMEM;
	if (is_new) {
		p->is_self = addr_is_loopback(&f->key.remote) ||
			     addr_equal(&f->key.remote, &f->key.local);
		p->is_stranger = is_stranger(e, p);
		DL_APPEND(a->peer_list, p);
		app_count_peer(a, p, 1);
	}
	p->flows++;
	tables_change_peer(a, p, f, true);
	f->peer = p;
	f->app = owner->id;
	f->is_stranger = p->is_stranger;
	DL_APPEND(a->flows, f);
	a->flow_count++;
	transport_attach(&a->transport, f);
	sampling_note(a, f);
	zoom_session_join(&e->zoom, f);
	if (a->circuits && f->is_stranger && f->is_watched)
		f->circuit = circuits_open(a->circuits, f->first_ns, &f->key.remote,
					   f->is_inbound);
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

struct app *tables_judge_of(const struct engine *e, const struct flow *f)
{
	return e->apps[f->peer->key.app];
}

static void flow_detach(struct engine *e, struct flow *f)
{
	struct app *a = tables_judge_of(e, f);
	struct peer *p = f->peer;

	if (a->circuits && f->circuit)
		circuits_close(a->circuits, f->circuit);
	f->circuit = 0;
	transport_detach(&a->transport, f);
	flow_clear(e, a, f);
	DL_DELETE(a->flows, f);
	a->flow_count--;
	tables_change_peer(a, p, f, false);
	if (--p->flows)
		return;
	app_count_peer(a, p, -1u);
	transport_forget_peer(&a->transport, p);
	DL_DELETE(a->peer_list, p);
	peer_remove(&e->table, p);
}

void tables_remove(struct engine *e, struct flow *f)
{
	flow_detach(e, f);
	flow_table_remove(&e->table, f);
}

int tables_move(struct engine *e, struct flow *f, struct app *to,
		const struct observation *restart)
{
	flow_detach(e, f);
	if (restart)
		flow_restart(f, restart);
	if (tables_attach(e, f, to) == 0)
		return 0;
	flow_table_remove(&e->table, f);
	return -ENOMEM;
}

void tables_judge_peers(struct engine *e, struct app *a)
{
	struct peer *p;
	struct flow *f;

	a->peers = a->peers_in = a->peers_out = 0;
	DL_FOREACH (a->peer_list, p) {
		p->is_stranger = is_stranger(e, p);
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

int tables_set_judge(struct engine *e, struct app *a, uint16_t judge)
{
	struct app *from = e->apps[a->judge];
	struct flow *f, *next;
	int r = 0;

	a->judge = judge;
	DL_FOREACH_SAFE(from->flows, f, next)
	{
		if (f->app == a->id && tables_move(e, f, a, NULL) < 0)
			r = -ENOMEM;
	}
	return r;
}
