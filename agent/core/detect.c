/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/detect.h"
#include "core/role.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SECOND_NS 1000000000u
#define BUCKETS 64     /* seconds remembered of an application's own totals */
#define RATE_SECONDS 8 /* over which the gate and the shown rates look */
#define GAIN_SECONDS 60
#define GATE_RATE 300.0	     /* bytes per second each way that are worth a look */
#define CARRYING_RATE 2000.0 /* more each way is a relay, less a supernode */
#define CANDIDATE_NS                                                                   \
	(30 * (uint64_t)SECOND_NS) /* stays one this long after the last sign */
#define PAIRS_EVERY_NS (2 * (uint64_t)SECOND_NS)
#define HUB_AFTER_NS (60 * (uint64_t)SECOND_NS)
#define HUB_IN 8
#define HUB_OUT 4
#define HUB_IN_MANY 20
#define PACKETS_WHOLE 0.8 /* share sent on at once that has the full weight */
#define ZOOM_SPEAKS_NS (75 * (uint64_t)SECOND_NS)
#define HEADER_BYTES 52.0 /* IPv4, TCP with timestamps: the larger of the usual two */
#define IO_SAMPLES 32
#define IO_SPACING_NS (2 * (uint64_t)SECOND_NS)
#define IO_SPAN_NS (4 * (uint64_t)SECOND_NS)
#define LEGS_SUFFICE_TURNS 3 /* likewise before the scope of a limit changes */
#define LEGS_REST_SHARE 0.2

struct bucket {
	uint64_t second;
	double in, out;
};

struct io_sample {
	uint64_t time_ns, read_bytes, written_bytes;
	double in, out; /* totals of the network at the same time */
};

/* Traffic of flows without counters: all of it less what flows explain. */
struct unexplained {
	bool has_begun;
	uint64_t bytes_in, bytes_out, packets_in, packets_out; /* as last told */
	double in, out; /* not yet accounted; below 0 while flows are read earlier */
};

struct detect_state {
	struct bucket buckets[BUCKETS];
	struct io_sample io[IO_SAMPLES]; /* ring; io_count samples were ever added */
	size_t io_count;
	double total_in, total_out;
	struct unexplained unexplained;
	uint64_t evaluated_ns, paired_ns, candidate_until_ns, hub_since_ns;
	uint32_t sampled_since; /* tick */
	uint64_t sampled_since_ns;
	double matched; /* M, smoothed over evaluations */
	bool has_matched;
	unsigned int coupled_windows; /* one bit a window, newest lowest */
	int suffice_turns;
	struct role_clock clock;
};

/* What one evaluation works with. */
struct facts {
	double in, out;	      /* bytes per second over RATE_SECONDS */
	double in_60, out_60; /* over GAIN_SECONDS */
	bool is_flowing;      /* the gate: both directions, over RATE_SECONDS */
	double transport;     /* share; 0 where nothing flows */
};

double detect_prior(const struct app *a)
{
	return a->client && !a->client->trade ? -4 : -6;
}

struct detect_state *detect_state_new(void)
{
	return calloc(1, sizeof(struct detect_state));
}

void detect_state_free(struct detect_state *d)
{
	free(d);
}

void detect_add_bytes(struct detect_state *d, uint64_t time_ns, double in, double out)
{
	uint64_t second = time_ns / SECOND_NS;
	struct bucket *b = &d->buckets[second % BUCKETS];

	if (b->second != second)
		*b = (struct bucket){.second = second};
	b->in += in;
	b->out += out;
	d->total_in += in;
	d->total_out += out;
}

void detect_add_counted(struct detect_state *d, uint64_t in, uint64_t out)
{
	d->unexplained.in -= (double)in;
	d->unexplained.out -= (double)out;
}

static uint64_t advance(uint64_t *counter, uint64_t now)
{
	uint64_t step = now > *counter ? now - *counter : 0;

	*counter = now;
	return step;
}

static double payload_part(uint64_t bytes, uint64_t packets)
{
	double payload = (double)bytes - (double)packets * HEADER_BYTES;

	return bytes ? fmax(0, payload) / (double)bytes : 0;
}

void detect_add_traffic(struct detect_state *d, const struct observation *o)
{
	struct unexplained *u = &d->unexplained;
	uint64_t in = advance(&u->bytes_in, o->app_traffic.bytes_in);
	uint64_t out = advance(&u->bytes_out, o->app_traffic.bytes_out);
	uint64_t packets_in = advance(&u->packets_in, o->app_traffic.packets_in);
	uint64_t packets_out = advance(&u->packets_out, o->app_traffic.packets_out);

	if (!u->has_begun) {
		u->has_begun = true;
		u->in = u->out = 0;
		return;
	}
	u->in += (double)in;
	u->out += (double)out;
	detect_add_bytes(d, o->time_ns, fmax(0, u->in) * payload_part(in, packets_in),
			 fmax(0, u->out) * payload_part(out, packets_out));
	u->in = fmin(0, u->in);
	u->out = fmin(0, u->out);
}

void detect_add_io(struct detect_state *d, uint64_t time_ns, uint64_t read_bytes,
		   uint64_t written_bytes)
{
	struct io_sample *last = &d->io[(d->io_count + IO_SAMPLES - 1) % IO_SAMPLES];
	bool went_back = d->io_count && (read_bytes < last->read_bytes ||
					 written_bytes < last->written_bytes);

	/* A process of several ended and took its counts along: begin anew. */
	if (went_back)
		d->io_count = 0;
	else if (d->io_count && time_ns < last->time_ns + IO_SPACING_NS)
		return;
	d->io[d->io_count++ % IO_SAMPLES] = (struct io_sample){
		time_ns, read_bytes, written_bytes, d->total_in, d->total_out};
}

/* Mean rates over the whole seconds before the one that is still filling. */
static void mean_rates(const struct detect_state *d, uint64_t time_ns,
		       unsigned int seconds, double *ret_in, double *ret_out)
{
	uint64_t now = time_ns / SECOND_NS;
	double in = 0, out = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		const struct bucket *b = &d->buckets[i];

		if (b->second < now && b->second + seconds >= now) {
			in += b->in;
			out += b->out;
		}
	}
	*ret_in = in / seconds;
	*ret_out = out / seconds;
}

static void sum_peers(struct app *a, uint64_t time_ns)
{
	struct peer *p;
	struct flow *f;

	DL_FOREACH (a->peer_list, p)
		p->recent_in = p->recent_out = p->rest_in = p->rest_out = 0;
	DL_FOREACH (a->flows, f) {
		if (!f->is_stranger)
			continue;
		flow_decay(f, time_ns);
		f->peer->recent_in += f->recent_in;
		f->peer->recent_out += f->recent_out;
		if (f->is_leg)
			continue;
		f->peer->rest_in += f->recent_in;
		f->peer->rest_out += f->recent_out;
	}
}

/* The transport share, and whether the legs leave nothing that could be relayed. */
static double measure_transport(struct app *a, uint64_t time_ns)
{
	struct transport all = {0}, rest = {0};
	struct detect_state *d = a->detect;
	bool suffice;
	struct peer *p;

	sum_peers(a, time_ns);
	DL_FOREACH (a->peer_list, p) {
		transport_add(&all, p->recent_in, p->recent_out);
		transport_add(&rest, p->rest_in, p->rest_out);
	}
	suffice = a->leg_count &&
		  (rest.in + rest.out < LEGS_REST_SHARE * (all.in + all.out) ||
		   transport_share(&rest) < 0.5);
	d->suffice_turns = suffice == a->legs_suffice ? 0 : d->suffice_turns + 1;
	if (d->suffice_turns >= LEGS_SUFFICE_TURNS) {
		a->legs_suffice = suffice;
		d->suffice_turns = 0;
	}
	return transport_share(&all);
}

static struct facts measure(struct app *a, uint64_t time_ns)
{
	struct facts f = {0};

	mean_rates(a->detect, time_ns, RATE_SECONDS, &f.in, &f.out);
	mean_rates(a->detect, time_ns, GAIN_SECONDS, &f.in_60, &f.out_60);
	f.is_flowing = f.in >= GATE_RATE && f.out >= GATE_RATE;
	if (f.is_flowing)
		f.transport = measure_transport(a, time_ns);
	a->rate_in = f.in;
	a->rate_out = f.out;
	return f;
}

/* Starts, keeps or ends the close look. */
static void update_candidate(struct app *a, struct detect_tools *tools,
			     const struct facts *f, uint64_t time_ns, uint32_t tick)
{
	struct detect_state *d = a->detect;
	bool is_worth =
		(f->is_flowing && f->transport >= 0.5) || a->role != ROLE_CLIENT;

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
		d->matched = 0;
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
			f->is_leg = true;
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

static void set(struct app *a, enum evidence_kind k, double value, double weight)
{
	a->evidence[k] = (struct evidence){true, value, weight};
}

static void weigh_flows(struct app *a)
{
	const struct detect_state *d = a->detect;
	int windows = __builtin_popcount(d->coupled_windows);

	if (!d->has_matched)
		return;
	set(a, EVIDENCE_MATCHED, d->matched, 8 * fmin(1, d->matched / 0.5));
	set(a, EVIDENCE_COUPLING, windows, windows >= 2 ? 3.5 : 0);
}

/*
 * Packets that were looked at speak for a while, as long as it is a candidate. In the
 * middle of a swarm half of what came in leaves at once, to those who wait for just
 * that piece; a relay passes on nearly all of it.
 */
static void weigh_packets(struct app *a, uint64_t time_ns)
{
	const struct zoom_view *v = &a->zoom;

	if (!v->time_ns || !v->result.is_conclusive ||
	    time_ns - v->time_ns >= ZOOM_SPEAKS_NS)
		return;
	set(a, EVIDENCE_PACKETS, v->result.matched_share,
	    8 * fmin(1, v->result.matched_share / PACKETS_WHOLE));
}

static void weigh_hub(struct app *a, uint64_t time_ns)
{
	struct detect_state *d = a->detect;
	bool is_hub = a->peers_in >= HUB_IN && a->peers_out >= HUB_OUT;
	double weight = 0;

	if (!is_hub)
		d->hub_since_ns = 0;
	else if (!d->hub_since_ns)
		d->hub_since_ns = time_ns;
	if (is_hub && time_ns - d->hub_since_ns >= HUB_AFTER_NS)
		weight = a->peers_in >= HUB_IN_MANY ? 4 : 2.5;
	set(a, EVIDENCE_HUB, a->peers_in, weight);
}

static bool is_near_one(double x)
{
	return x > 0.7 && x < 1.4;
}

/* Storing or serving files conserves their bytes; a talkative log is no storage, though
 * it may come to half of the traffic. */
static double disk_weight(double share)
{
	return -5 * fmax(0, fmin(1, (share - 0.5) / 0.35));
}

/* Storage against the network over the span of the samples kept. */
static void weigh_disk(struct app *a, double gain)
{
	const struct detect_state *d = a->detect;
	const struct io_sample *first, *last;
	double stored, served;

	if (d->io_count < 2)
		return;
	last = &d->io[(d->io_count - 1) % IO_SAMPLES];
	first = d->io_count > IO_SAMPLES ? &d->io[d->io_count % IO_SAMPLES] : &d->io[0];
	if (last->time_ns - first->time_ns < IO_SPAN_NS || last->in <= first->in ||
	    last->out <= first->out)
		return;
	stored = (double)(last->written_bytes - first->written_bytes) /
		 (last->in - first->in);
	served = (double)(last->read_bytes - first->read_bytes) /
		 (last->out - first->out);
	set(a, EVIDENCE_NO_DISK, fmax(stored, served),
	    stored < 0.05 && served < 0.05 ? 1.5 : 0);
	/* Through the disk and out again is what a store-and-forward relay does. */
	if (is_near_one(stored) && is_near_one(served) && is_near_one(gain))
		set(a, EVIDENCE_DISK, fmax(stored, served), 0);
	else
		set(a, EVIDENCE_DISK, fmax(stored, served),
		    disk_weight(fmax(stored, served)));
}

static bool has_positive_head(const struct app *a)
{
	return a->evidence[EVIDENCE_MATCHED].weight > 0 ||
	       a->evidence[EVIDENCE_COUPLING].weight > 0 ||
	       a->evidence[EVIDENCE_PACKETS].weight > 0 ||
	       a->evidence[EVIDENCE_HUB].weight > 0;
}

static void weigh(struct app *a, const struct facts *f, uint64_t time_ns)
{
	double gain = f->in_60 > 0 ? f->out_60 / f->in_60 : 0;

	memset(a->evidence, 0, sizeof(a->evidence));
	set(a, EVIDENCE_PRIOR, a->client && !a->client->trade, detect_prior(a));
	weigh_flows(a);
	weigh_packets(a, time_ns);
	weigh_hub(a, time_ns);
	if (f->is_flowing) {
		bool is_conserved = gain >= 0.8 && gain <= 1.25;

		set(a, EVIDENCE_GAIN, gain,
		    is_conserved && has_positive_head(a) ? 1 : 0);
		set(a, EVIDENCE_TRANSPORT, f->transport, f->transport < 0.5 ? -3 : 0);
		weigh_disk(a, gain);
	}
	a->log_odds = 0;
	for (int k = 0; k < EVIDENCE_COUNT; k++)
		a->log_odds += a->evidence[k].weight;
}

static void forget_legs(struct app *a)
{
	struct flow *f;

	DL_FOREACH (a->flows, f) {
		f->is_leg = false;
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
	weigh(a, &f, time_ns);
	if (a->is_candidate)
		name_legs(a);
	/* Under our own limit the evidence fades; what still pushes against it does
	 * not. */
	a->is_held = a->is_limited && app_role_is_promoted(a->role) && f.is_flowing &&
		     f.transport >= 0.5;
	changed =
		role_update(a, &d->clock, fmin(f.in, f.out) >= CARRYING_RATE, time_ns);
	if (changed && a->role == ROLE_CLIENT)
		forget_legs(a);
	return changed;
}
