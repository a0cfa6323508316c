/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/detect.h"
#include "base/units.h"
#include "core/looks.h"
#include "core/role.h"
#include "core/weigh.h"
#include <math.h>
#include <stdlib.h>

#define RATE_SECONDS 8 /* over which the gate and the shown rates look */
#define GAIN_SECONDS 60
#define CARRYING_RATE 2000.0 /* more each way is a relay, less a supernode */
#define CALLERS_EVERY_NS (5 * SECOND_NS)
#define ZOOM_SPEAKS_NS (75 * SECOND_NS)
#define COVER_MIN 0.5	     /* share from which it lasts */
#define ONE_PEER_SHARE 0.8   /* of all that moves: the others hardly matter */
#define COUNTED_MIN 0.5	     /* of what moves must be counted flow by flow */
#define LEGS_SUFFICE_TURNS 3 /* likewise before the scope of a limit changes */
#define LEGS_REST_SHARE 0.2
#define FAMILIES_TO_CUT 2

/* What passes traffic on by trade is no client that anybody promotes. */
static bool is_promotable(const struct app *a)
{
	return a->client && !a->client->trade;
}

double detect_prior(const struct app *a)
{
	return weigh_prior(is_promotable(a), a->is_set_to_relay);
}

struct detect_state *detect_state_new(void)
{
	return calloc(1, sizeof(struct detect_state));
}

void detect_state_free(struct detect_state *d)
{
	free(d);
}

/* --- facts ------------------------------------------------------------------------ */

/* Since when a condition holds; 0 while it does not. */
static double note_since(uint64_t *since_ns, bool holds, uint64_t time_ns)
{
	if (!holds)
		*since_ns = 0;
	else if (!*since_ns)
		*since_ns = time_ns;
	return holds ? (double)(time_ns - *since_ns) / SECOND_NS : 0;
}

/* Whether the legs leave nothing that could be relayed. */
static void judge_rest(struct app *a, const struct transport *all, uint64_t time_ns)
{
	struct transport rest =
		transport_measure(&a->transport, a->peer_list, PEER_REST, time_ns);
	struct detect_state *d = a->detect;
	/* Of severed legs nothing moves any more, which says nothing of the rest. */
	bool suffice = a->leg_count &&
		       ((a->is_cut && a->legs_suffice) ||
			rest.in + rest.out < LEGS_REST_SHARE * (all->in + all->out) ||
			transport_share(&rest) < 0.5);

	d->suffice_turns = suffice == a->legs_suffice ? 0 : d->suffice_turns + 1;
	if (d->suffice_turns >= LEGS_SUFFICE_TURNS) {
		a->legs_suffice = suffice;
		d->suffice_turns = 0;
	}
}

static void measure_rates(const struct app *a, uint64_t time_ns, struct facts *f)
{
	struct history_rates now = history_rates(&a->history, time_ns, RATE_SECONDS);
	struct history_rates minute = history_rates(&a->history, time_ns, GAIN_SECONDS);

	f->in = now.in;
	f->out = now.out;
	f->in_60 = minute.in;
	f->out_60 = minute.out;
	f->is_flowing =
		history_is_flowing(&a->history, time_ns, RATE_SECONDS, FACTS_RATE_MIN);
	f->is_trickling = f->in_60 >= FACTS_RATE_MIN && f->out_60 >= FACTS_RATE_MIN;
	if (minute.in > 0 && minute.out > 0)
		f->local = fmin(fmin(1, minute.local_out / minute.in),
				fmin(1, minute.local_in / minute.out));
}

/* What moves without being counted flow by flow can't be told apart by peer. */
static void measure_peers(struct app *a, uint64_t time_ns, struct facts *f)
{
	struct transport all =
		transport_measure(&a->transport, a->peer_list, PEER_ALL, time_ns);
	double sum = all.in + all.out;

	judge_rest(a, &all, time_ns);
	f->has_transport = sum > 0 && sum >= COUNTED_MIN * (f->in + f->out);
	f->transport = transport_share(&all);
	f->is_with_one = sum > 0 && all.worst_peer > ONE_PEER_SHARE * sum;
}

static void measure_hub(struct app *a, uint64_t time_ns, struct facts *f)
{
	struct detect_state *d = a->detect;

	if (time_ns - d->callers_ns >= CALLERS_EVERY_NS) {
		d->callers_ns = time_ns;
		d->hub = hub_count(a, time_ns);
	}
	f->callers = d->hub.callers;
	f->called = d->hub.called;
	f->hub_seconds =
		note_since(&d->hub_since_ns, weigh_is_hub(f, a->peers_out), time_ns);
	f->is_reachable = a->has_wildcard_listener && a->peers_in > 0;
}

/* What the closer looks have shown; packets speak for a while. */
static void recall_looks(struct app *a, uint64_t time_ns, struct facts *f)
{
	struct detect_state *d = a->detect;
	const struct zoom_view *v = &a->zoom;

	f->has_matched = d->has_matched;
	f->matched = d->matched;
	f->coupled_windows = __builtin_popcount(d->coupled_windows);
	f->has_batches = d->has_batches;
	f->batches = d->batches;
	f->has_circuits = d->has_circuits;
	f->circuits = d->circuits;
	f->cover = d->cover;
	f->cover_seconds =
		note_since(&d->cover_since_ns, d->cover >= COVER_MIN, time_ns);
	f->has_packets = v->time_ns && v->result.is_conclusive &&
			 time_ns - v->time_ns < ZOOM_SPEAKS_NS;
	f->packets = v->result.matched_share;
}

static struct facts measure(struct app *a, uint64_t time_ns)
{
	struct facts f = {.is_known_client = is_promotable(a),
			  .is_set_to_relay = a->is_set_to_relay,
			  .has_processes = a->pid_count > 0,
			  .has_device = a->has_device};

	measure_rates(a, time_ns, &f);
	if (f.is_flowing || f.is_trickling)
		measure_peers(a, time_ns, &f);
	measure_hub(a, time_ns, &f);
	f.has_storage = history_storage(&a->history, &f.stored, &f.served);
	a->rate_in = f.in;
	a->rate_out = f.out;
	return f;
}

/* --- the verdict ------------------------------------------------------------------ */

/* A hub is a supernode until it is seen to pass payload on, and not just a little. */
static bool is_carrying(const struct app *a, const struct facts *f)
{
	return a->evidence[EVIDENCE_HUB].weight <= 0 ||
	       (weigh_forwards(a->evidence) && fmin(f->in, f->out) >= CARRYING_RATE);
}

bool detect_evaluate(struct app *a, struct detect_tools *tools, uint64_t time_ns,
		     uint32_t tick)
{
	struct detect_state *d = a->detect;
	struct facts f;
	bool changed;

	/* What a look showed is weighed at once. */
	if (a->zoom.time_ns <= d->evaluated_ns &&
	    time_ns - d->evaluated_ns < SECOND_NS - SECOND_NS / 20)
		return false;
	d->evaluated_ns = time_ns;
	f = measure(a, time_ns);
	looks_update_candidate(a, tools, &f, time_ns, tick);
	if (a->is_candidate)
		looks_take(a, tools, time_ns, tick);
	recall_looks(a, time_ns, &f);
	weigh(&f, a->evidence);
	a->log_odds = weigh_sum(a->evidence);
	a->families = weigh_families(a->evidence);
	if (a->is_candidate)
		looks_name_legs(a);
	/* Under our own limit the evidence fades; what still pushes against it does
	 * not. */
	a->is_held = app_role_is_promoted(a->role) &&
		     ((a->is_limited && f.is_flowing && f.transport >= 0.5) ||
		      (a->is_cut && a->is_called));
	changed = role_update(a, &d->clock, is_carrying(a, &f), time_ns);
	a->may_be_cut = app_role_is_promoted(a->role) &&
			(a->may_be_cut || a->families >= FAMILIES_TO_CUT);
	if (changed && a->role == ROLE_CLIENT)
		looks_forget_legs(a);
	return changed;
}
