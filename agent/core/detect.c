/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/detect.h"
#include "core/cover.h"
#include "core/role.h"
#include "core/weigh.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SECOND_NS 1000000000u
#define RATE_SECONDS 8 /* over which the gate and the shown rates look */
#define GAIN_SECONDS 60
#define CARRYING_RATE 2000.0 /* more each way is a relay, less a supernode */
#define CANDIDATE_NS                                                                   \
	(30 * (uint64_t)SECOND_NS) /* stays one this long after the last sign */
#define PAIRS_EVERY_NS (2 * (uint64_t)SECOND_NS)
#define CALLERS_EVERY_NS (5 * (uint64_t)SECOND_NS)
#define ZOOM_SPEAKS_NS (75 * (uint64_t)SECOND_NS)
#define COVER_MIN 0.5	     /* share from which it lasts */
#define ONE_PEER_SHARE 0.8   /* of all that moves: the others hardly matter */
#define COUNTED_MIN 0.5	     /* of what moves must be counted flow by flow */
#define LEGS_SUFFICE_TURNS 3 /* likewise before the scope of a limit changes */
#define LEGS_REST_SHARE 0.2

struct detect_state {
	uint64_t evaluated_ns, paired_ns, candidate_until_ns;
	uint32_t sampled_since; /* tick */
	uint64_t sampled_since_ns;
	double matched; /* M, smoothed over evaluations */
	bool has_matched;
	unsigned int coupled_windows; /* one bit a window, newest lowest */
	double cover;
	uint64_t cover_since_ns, hub_since_ns, callers_ns;
	unsigned int callers;
	int suffice_turns;
	struct role_clock clock;
};

double detect_prior(const struct app *a)
{
	return weigh_prior(a->client != NULL);
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
	bool suffice = a->leg_count &&
		       (rest.in + rest.out < LEGS_REST_SHARE * (all->in + all->out) ||
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
	f->is_flowing = f->in >= FACTS_RATE_MIN && f->out >= FACTS_RATE_MIN;
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
	f->has_transport = sum >= COUNTED_MIN * (f->in + f->out);
	f->transport = transport_share(&all);
	f->is_with_one = sum > 0 && all.worst_peer > ONE_PEER_SHARE * sum;
}

static void measure_hub(struct app *a, uint64_t time_ns, struct facts *f)
{
	struct detect_state *d = a->detect;

	if (time_ns - d->callers_ns >= CALLERS_EVERY_NS) {
		d->callers_ns = time_ns;
		d->callers = hub_count_callers(a, time_ns);
	}
	f->callers = d->callers;
	f->hub_seconds = note_since(&d->hub_since_ns,
				    weigh_is_hub(d->callers, a->peers_out), time_ns);
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
	f->cover = d->cover;
	f->cover_seconds =
		note_since(&d->cover_since_ns, d->cover >= COVER_MIN, time_ns);
	f->has_packets = v->time_ns && v->result.is_conclusive &&
			 time_ns - v->time_ns < ZOOM_SPEAKS_NS;
	f->packets = v->result.matched_share;
}

static struct facts measure(struct app *a, uint64_t time_ns)
{
	struct facts f = {.is_known_client = a->client != NULL,
			  .has_device = a->has_device};

	measure_rates(a, time_ns, &f);
	if (f.is_flowing)
		measure_peers(a, time_ns, &f);
	measure_hub(a, time_ns, &f);
	f.has_storage = history_storage(&a->history, &f.stored, &f.served);
	a->rate_in = f.in;
	a->rate_out = f.out;
	return f;
}

/* --- closer looks ----------------------------------------------------------------- */

/* Starts, keeps or ends the close look. */
static void update_candidate(struct app *a, struct detect_tools *tools,
			     const struct facts *f, uint64_t time_ns, uint32_t tick)
{
	struct detect_state *d = a->detect;
	bool is_worth = f->is_flowing &&
			(!f->has_transport || f->transport >= FACTS_TRANSPORT_MIN ||
			 a->role != ROLE_CLIENT);

	if (is_worth)
		d->candidate_until_ns = time_ns + CANDIDATE_NS;
	if (!a->is_candidate && is_worth) {
		a->is_candidate = true;
		a->zoom.time_ns = 0;
		d->sampled_since = tick;
		d->sampled_since_ns = time_ns;
		d->paired_ns = time_ns;
		sampling_choose(&tools->sampling, a);
	} else if (a->is_candidate && time_ns >= d->candidate_until_ns) {
		a->is_candidate = false;
		sampling_stop(&tools->sampling, a);
	}
	if (!a->is_candidate || !f->is_flowing) {
		d->matched = d->cover = 0;
		d->has_matched = false;
		d->coupled_windows = 0;
	}
}

/* The best match of flow number `flow`, or NULL. */
static const struct pairs_match *best_match(const struct pairs_result *r, size_t flow)
{
	const struct pairs_match *best = NULL;

	for (size_t i = 0; i < r->count; i++) {
		const struct pairs_match *m = &r->matches[i];

		if ((m->from == flow || m->to == flow) &&
		    (!best || m->correlation > best->correlation))
			best = m;
	}
	return best;
}

/* Once an evaluation, however many partners there are. */
static void note_match(struct flow *f, const struct flow *partner, float correlation)
{
	f->match = correlation;
	f->partner = partner->key.remote;
	if (f->matches < UINT8_MAX)
		f->matches++;
}

/* Flows that were matched, by bins or by packets, once there is a suspicion. */
static void name_legs(struct app *a)
{
	struct flow *f;

	if (a->log_odds < ROLE_SUSPECT_AT)
		return;
	DL_FOREACH (a->flows, f)
		if (!f->is_leg && f->is_stranger && f->matches >= FLOW_LEG_MATCHES) {
			transport_set_leg(&a->transport, f, true);
			a->leg_count++;
		}
}

static float mean_packet(uint64_t bytes, uint64_t packets)
{
	return packets ? (float)bytes / (float)packets : 0;
}

static struct pairs_input input_of(const struct flow *f)
{
	return (struct pairs_input){
		.series = f->series,
		.remote = f->key.remote,
		.packet_in = mean_packet(f->bytes_in, f->packets_in),
		.packet_out = mean_packet(f->bytes_out, f->packets_out),
	};
}

static size_t samples_a_second(double seconds)
{
	return seconds > 0 && seconds < 1 ? (size_t)lround(1 / seconds) : 1;
}

static void compare_flows(struct app *a, struct detect_tools *tools, uint64_t time_ns,
			  uint32_t tick)
{
	struct detect_state *d = a->detect;
	struct flow *flows[PAIRS_FLOWS_MAX];
	struct pairs_input inputs[PAIRS_FLOWS_MAX];
	struct pairs_result *r = &tools->result;
	size_t length = tick - d->sampled_since, count;
	double seconds;

	if (length < PAIRS_SAMPLES_MIN || time_ns - d->paired_ns < PAIRS_EVERY_NS)
		return;
	d->paired_ns = time_ns;
	seconds = (double)(time_ns - d->sampled_since_ns) / 1e9 / (double)length;
	if (length > SERIES_LENGTH)
		length = SERIES_LENGTH;
	count = sampling_list(a, flows);
	for (size_t i = 0; i < count; i++)
		inputs[i] = input_of(flows[i]);
	d->cover = cover_share(inputs, count, tick, length, samples_a_second(seconds));
	pairs_evaluate(tools->work, inputs, count, tick, length, seconds, r);
	/* From nothing: one evaluation alone counts half. */
	d->matched = (d->matched + r->matched_share) / 2;
	d->has_matched = true;
	d->coupled_windows = (d->coupled_windows << 1 | r->is_coupled) & 7;
	for (size_t i = 0; i < count; i++) {
		const struct pairs_match *m = best_match(r, i);

		if (m)
			note_match(flows[i], flows[m->from == i ? m->to : m->from],
				   m->correlation);
	}
	sampling_choose(&tools->sampling, a);
}

/* --- the verdict ------------------------------------------------------------------ */

/* A hub is a supernode until it is seen to pass payload on, and not just a little. */
static bool is_carrying(const struct app *a, const struct facts *f)
{
	return a->evidence[EVIDENCE_HUB].weight <= 0 ||
	       (weigh_forwards(a->evidence) && fmin(f->in, f->out) >= CARRYING_RATE);
}

static void forget_legs(struct app *a)
{
	struct flow *f;

	DL_FOREACH (a->flows, f) {
		transport_set_leg(&a->transport, f, false);
		f->matches = 0;
	}
	a->leg_count = 0;
	a->legs_suffice = false;
}

bool detect_evaluate(struct app *a, struct detect_tools *tools, uint64_t time_ns,
		     uint32_t tick)
{
	struct detect_state *d = a->detect;
	struct facts f;
	bool changed;

	if (time_ns - d->evaluated_ns < SECOND_NS - SECOND_NS / 20)
		return false;
	d->evaluated_ns = time_ns;
	f = measure(a, time_ns);
	update_candidate(a, tools, &f, time_ns, tick);
	if (a->is_candidate)
		compare_flows(a, tools, time_ns, tick);
	recall_looks(a, time_ns, &f);
	weigh(&f, a->evidence);
	a->log_odds = weigh_sum(a->evidence);
	a->families = weigh_families(a->evidence);
	if (a->is_candidate)
		name_legs(a);
	/* Under our own limit the evidence fades; what still pushes against it does
	 * not. */
	a->is_held = a->is_limited && app_role_is_promoted(a->role) && f.is_flowing &&
		     f.transport >= 0.5;
	changed = role_update(a, &d->clock, is_carrying(a, &f), time_ns);
	if (changed && a->role == ROLE_CLIENT)
		forget_legs(a);
	return changed;
}
