/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/looks.h"
#include "base/units.h"
#include "core/cover.h"
#include <math.h>
#include <utlist.h>

#define CANDIDATE_NS (30 * SECOND_NS) /* stays one this long after the last sign */
#define CANDIDATE_BURSTS_NS (90 * SECOND_NS)
#define PAIRS_EVERY_NS (2 * SECOND_NS)
#define CIRCUITS_EVERY_NS (5 * SECOND_NS)
#define CIRCUITS_PEERS_MIN 8
#define CIRCUITS_SPEAK_NS (30 * SECOND_NS) /* runs have gaps */
#define CIRCUITS_KEPT_NS (600 * SECOND_NS)
#define BATCHES_EVERY_NS (10 * SECOND_NS)

/* What is sent once a minute is balanced with what comes for half of it. */
static uint64_t patience(const struct facts *f)
{
	return f->is_trickling ? CANDIDATE_BURSTS_NS : CANDIDATE_NS;
}

/* They take 48 KB, and most that were candidates once never are again. A handle must
 * not outlive what it is of. */
static void forget_circuits(struct app *a)
{
	struct flow *f;

	DL_FOREACH (a->flows, f)
		f->circuit = 0;
	circuits_free(a->circuits);
	a->circuits = NULL;
}

void looks_update_candidate(struct app *a, struct detect_tools *tools,
			    const struct facts *f, uint64_t time_ns, uint32_t tick)
{
	struct detect_state *d = a->detect;
	bool is_worth = (f->is_flowing || f->is_trickling) &&
			(!f->has_transport || f->transport >= FACTS_TRANSPORT_MIN ||
			 a->role != ROLE_CLIENT);

	if (is_worth)
		d->worth_ns = time_ns;
	if (!a->is_candidate && is_worth) {
		a->is_candidate = true;
		a->zoom.time_ns = 0;
		d->sampled_since = tick;
		d->sampled_since_ns = time_ns;
		d->paired_ns = d->burst_ns = time_ns;
		sampling_choose(&tools->sampling, a);
		/* Without memory short flows are not compared. */
		if (!a->circuits)
			a->circuits = circuits_new();
	} else if (a->is_candidate && time_ns - d->worth_ns >= patience(f)) {
		a->is_candidate = false;
		sampling_stop(&tools->sampling, a);
		d->has_batches = d->has_circuits = false;
		d->batches = d->circuits = 0;
	}
	if (a->circuits && !a->is_candidate &&
	    time_ns - d->worth_ns >= CIRCUITS_KEPT_NS)
		forget_circuits(a);
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
static void note_match(struct app *a, struct flow *f, const struct flow *partner,
		       float correlation)
{
	f->match = correlation;
	f->partner = partner->key.remote;
	app_note_matches(
		a, f, f->matches < UINT8_MAX ? (uint8_t)(f->matches + 1) : UINT8_MAX);
}

void looks_name_legs(struct app *a)
{
	struct flow *f;

	if (!a->has_unnamed || a->log_odds < ROLE_SUSPECT_AT)
		return;
	a->has_unnamed = false;
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
		.series = &f->samples->series,
		.remote = f->key.remote,
		.packet_in = mean_packet(f->bytes_in, f->packets_in),
		.packet_out = mean_packet(f->bytes_out, f->packets_out),
	};
}

static size_t samples_a_second(double seconds)
{
	return seconds > 0 && seconds < 1 ? (size_t)lround(1 / seconds) : 1;
}

/* One evaluation alone counts half: from nothing, and as it fades. */
static double smooth(double before, double now)
{
	return (before + now) / 2;
}

static void note_pairs(struct app *a, struct flow **flows, size_t count,
		       const struct pairs_result *r)
{
	for (size_t i = 0; i < count; i++) {
		const struct pairs_match *m = best_match(r, i);

		if (m)
			note_match(a, flows[i], flows[m->from == i ? m->to : m->from],
				   m->correlation);
	}
}

/* By the sample. */
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
	d->matched = smooth(d->matched, r->matched_share);
	d->has_matched = true;
	d->coupled_windows = (d->coupled_windows << 1 | r->is_coupled) & 7;
	note_pairs(a, flows, count, r);
	sampling_choose(&tools->sampling, a);
}

/* Partners of a sum are not named: the sum is no flow. */
static void note_batches(struct app *a, struct flow **flows,
			 const struct batches_result *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct batches_match *m = &r->matches[i];

		if (m->from == BATCHES_OTHERS || m->to == BATCHES_OTHERS)
			continue;
		note_match(a, flows[m->from], flows[m->to], m->correlation);
		note_match(a, flows[m->to], flows[m->from], m->correlation);
	}
}

/* By the burst, over minutes. */
static void compare_bursts(struct app *a, struct detect_tools *tools, uint64_t time_ns)
{
	struct detect_state *d = a->detect;
	struct flow *flows[PAIRS_FLOWS_MAX];
	struct batches_input inputs[PAIRS_FLOWS_MAX];
	struct batches_result *r = &tools->batches_result;
	size_t count;

	_Static_assert(PAIRS_FLOWS_MAX <= BATCHES_FLOWS_MAX, "all sampled flows fit");
	if (time_ns - d->burst_ns < BATCHES_EVERY_NS)
		return;
	d->burst_ns = time_ns;
	count = sampling_list(a, flows);
	for (size_t i = 0; i < count; i++)
		inputs[i] = (struct batches_input){.rings = &flows[i]->samples->rings,
						   .remote = flows[i]->key.remote};
	batches_evaluate(tools->batches, inputs, count, (uint32_t)(time_ns / SECOND_NS),
			 r);
	d->has_batches = r->is_conclusive;
	d->batches = smooth(d->batches, r->matched_share);
	note_batches(a, flows, r);
}

/* Of short flows it is known how many carry on, not which: of what no leg carried, that
 * share was relayed. */
static void meter_circuits(struct app *a)
{
	struct detect_state *d = a->detect;
	const struct app_totals *last = &d->counted;
	struct app_totals *t = &a->totals;
	uint64_t in = t->bytes_in - last->bytes_in - (t->relayed_in - last->relayed_in);
	uint64_t out =
		t->bytes_out - last->bytes_out - (t->relayed_out - last->relayed_out);

	if (app_role_is_promoted(a->role)) {
		t->relayed_in += (uint64_t)(d->circuits * (double)in);
		t->relayed_out += (uint64_t)(d->circuits * (double)out);
	}
	d->counted = *t;
}

/* By what opens together: most of such flows are gone before they could be legs. */
static void compare_openings(struct app *a, struct detect_tools *tools,
			     uint64_t time_ns)
{
	struct detect_state *d = a->detect;
	struct circuits_result r;

	if (!a->circuits || time_ns - d->circuits_ns < CIRCUITS_EVERY_NS)
		return;
	d->circuits_ns = time_ns;
	circuits_evaluate(a->circuits, tools->circuits, time_ns, &r);
	/* Two timers of one period may agree in everything but in number. */
	if (r.is_conclusive && r.matched_share > 0 && r.peers >= CIRCUITS_PEERS_MIN) {
		d->crossed_ns = time_ns;
		d->has_circuits = true;
		d->circuits = r.matched_share;
	} else if (time_ns - d->crossed_ns >= CIRCUITS_SPEAK_NS) {
		d->has_circuits = r.is_conclusive;
		d->circuits = 0;
	}
	meter_circuits(a);
}

void looks_take(struct app *a, struct detect_tools *tools, uint64_t time_ns,
		uint32_t tick)
{
	compare_flows(a, tools, time_ns, tick);
	compare_bursts(a, tools, time_ns);
	compare_openings(a, tools, time_ns);
}

void looks_forget_legs(struct app *a)
{
	struct flow *f;

	/* Roles may change each second, and applications have many flows. */
	if (a->has_matches)
		DL_FOREACH (a->flows, f) {
			transport_set_leg(&a->transport, f, false);
			f->matches = 0;
		}
	a->has_matches = a->has_unnamed = false;
	a->leg_count = 0;
	a->legs_suffice = false;
}
