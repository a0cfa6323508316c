/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet that comes in is a credit of bytes that lives for some milliseconds; a
 * packet that goes out to another peer takes the newest credits. A relay's packets
 * find nearly all their bytes there, at a short delay, and hardly any once the arrivals
 * are displaced in time. Streams with a period find them then, too; of those a relay is
 * told by jitter: it departs late what arrived late. Bytes rather than packets are
 * matched, so that segmentation offloads and re-framing do not matter; packets or
 * frames one to one where lengths changed on the way (another encoding, padding);
 * short connections as a whole, where they are too dense for anything else.
 *
 * First measured on 76 recordings of four windows of 2 s each, in namespaces of one
 * machine, offloads on and off; the thresholds are a fit to these, and no forecast for
 * other programs:
 *
 *   matched share .84 to 1: n2n, coturn (also steady), nebula, haproxy
 *   .74 to 1: throttled downloads by SOCKS, a fan-out; .47 to .98: a star
 *   0 in 192 windows of mesh calls, 1:1 calls, swarms, seeding, web, downloads and DHT,
 *   64 of them inconclusive, most of these steady mesh calls
 *
 * Then on 59 recordings of 13 s, two to four windows each, with flows that join 2 ms
 * after their first packet. Before, of fast proxies nearly all places were held by
 * connections that had ended, and hardly a packet was seen.
 *
 *   .79 to 1: SOCKS and CONNECT proxies on a full link, pages of many sizes; .76 to 1
 *   with three sizes, and mostly inconclusive with one
 *   .97 to 1: video in another encoding, .3 to 2 times the bytes, frames cut anew; .83
 *   to 1: padded up to double or to a constant
 *   .92 and 1 in a look of 10 s: one burst a second, which 2 s leave open
 *   0 to .11: five swarms, two seeds, mesh calls, many short downloads beside as many
 *   uploads; in 10 s 0 wherever it is conclusive
 *
 * What it does not see: streams of more than some 100 Mbit/s between two flows, whose
 * packets always find some credit; proxies that wait for slow receivers with megabytes
 * in their sockets' buffers (0 to .28); steady streams delayed by 0 to 4 ms at random,
 * jittered ones by 0 to 10 or 20 ms.
 *
 * One connection that carries the circuits of many is compared with all of them
 * together (zoom_merge.c), on one more recording: .99 in 2 s and in 10 s, both
 * inconclusive without. In 306 windows of 22 recordings of what is no relay, none more
 * was matched for it. What a swarm sends on at once made up to 10 bursts in 2 s, the
 * circuits 39.
 *
 * So nothing is to be concluded from a share of 0. A random delay of 20 ms makes a
 * conclusive 0 of speech (19 of 19 windows) and of TURN (21 of 21). Only where arrivals
 * are more irregular than any delay would it speak against a relay, and of what looks
 * like one nearly nothing is: 14 of 1,228 windows, all of one made-up game.
 */
#include "core/zoom.h"
#include "core/zoom_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPAN_MAX_NS 12000000000 /* no look is longer */
#define PACKETS_MIN 20		/* fewer tell nothing */
#define SECONDS_MIN 0.5
#define SECONDS_FULL 0.15 /* if it is full by then: for a relay, not for none */
#define SHARE_FULL 0.5
#define SHARE_LONGER 0.6    /* less of a longer look proves nothing */
#define EXPLAINED_MIN 0.3   /* of what a flow sends must have been received */
#define TOGETHER_FLOWS 3    /* at least, */
#define TOGETHER_SHARE 0.75 /* of the bytes that nothing else decides */
#define UNDECIDED_MAX 0.3   /* of the bytes received */
#define BURSTS_TOGETHER 8   /* of all accepted pairs: fewer may be chance */
#define CHANCE_PASSES 2
#define THIN_FIRST 5000 /* packets after which the rate is looked at */

struct zoom *zoom_new(void)
{
	return calloc(1, sizeof(struct zoom));
}

void zoom_free(struct zoom *z)
{
	free(z);
}

void zoom_begin(struct zoom *z, const struct addr *remotes, size_t flow_count)
{
	z->packet_count = 0;
	z->span = 0;
	z->thin_at = THIN_FIRST;
	z->turn = 0;
	z->dropped = 0;
	z->flow_count = flow_count < ZOOM_FLOWS_MAX ? flow_count : ZOOM_FLOWS_MAX;
	memset(z->carried, 0, sizeof(z->carried));
	memset(z->given, 0, sizeof(z->given));
	memset(z->totals, 0, sizeof(z->totals));
	memset(z->merges, 0, sizeof(z->merges));
	memset(z->is_dropped, 0, sizeof(z->is_dropped));
	if (z->flow_count > 0)
		memcpy(z->remotes, remotes, z->flow_count * sizeof(*remotes));
}

/* Of the places nobody used the one that was given first; of those, the lightest's. */
static size_t silent_place(const struct zoom *z)
{
	size_t best = ZOOM_FLOWS_MAX;

	for (size_t i = 0; i < z->flow_count; i++)
		if (!z->carried[i] &&
		    (best == ZOOM_FLOWS_MAX || z->given[i] <= z->given[best]))
			best = i;
	return best;
}

int zoom_add_flow(struct zoom *z, const struct addr *remote)
{
	size_t place;

	/* Its other half may be one that was left out. */
	if (z->dropped)
		return -1;
	place = z->flow_count < ZOOM_FLOWS_MAX ? z->flow_count++ : silent_place(z);
	if (place == ZOOM_FLOWS_MAX)
		return -1;
	z->given[place] = ++z->turn;
	z->remotes[place] = *remote;
	return (int)place;
}

void zoom_set_totals(struct zoom *z, size_t flow, double bytes_in, double bytes_out)
{
	z->totals[flow].is_known = true;
	z->totals[flow].in = bytes_in;
	z->totals[flow].out = bytes_out;
}

bool zoom_is_dropped(const struct zoom *z, size_t flow)
{
	return z->is_dropped[flow];
}

unsigned int zoom_count_dropped(const struct zoom *z)
{
	return z->dropped;
}

bool zoom_add(struct zoom *z, const struct zoom_packet *packet)
{
	struct zoom_packet *p;

	if (z->packet_count == ZOOM_PACKETS_MAX)
		return false;
	if (packet->flow >= z->flow_count || packet->length == 0 ||
	    z->is_dropped[packet->flow])
		return true;
	if (z->packet_count > 0 &&
	    packet->time_ns > z->packets[0].time_ns + SPAN_MAX_NS)
		return false;
	p = &z->packets[z->packet_count];
	*p = *packet;
	/* Two processors may report in the other order, by microseconds. */
	if (z->packet_count > 0 && p->time_ns < p[-1].time_ns)
		p->time_ns = p[-1].time_ns;
	z->packet_count++;
	z->carried[p->flow]++;
	z->span = (int64_t)(p->time_ns - z->packets[0].time_ns);
	if (z->packet_count == z->thin_at)
		zoom_thin(z);
	return true;
}

const struct zoom_side *zoom_side_in(const struct zoom *z, size_t flow)
{
	return &z->sides[2 * flow];
}

const struct zoom_side *zoom_side_out(const struct zoom *z, size_t flow)
{
	return &z->sides[2 * flow + 1];
}

static const struct zoom_side *side_by(const struct zoom *z, size_t side,
				       enum pair_by by)
{
	return by == PAIR_BY_BURSTS ? &z->bursts[side] : &z->sides[side];
}

const struct zoom_side *zoom_from(const struct zoom *z, size_t flow, enum pair_by by)
{
	return side_by(z, 2 * flow, by);
}

const struct zoom_side *zoom_to(const struct zoom *z, size_t flow, enum pair_by by)
{
	return side_by(z, 2 * flow + 1, by);
}

static size_t side_of(const struct zoom_packet *p)
{
	return 2 * (size_t)p->flow + !p->is_inbound;
}

static void sort_bursts(struct zoom *z)
{
	size_t at = z->packet_count;

	for (size_t s = 0; s < ZOOM_SIDES_MAX; s++) {
		z->bursts[s] =
			(struct zoom_side){.begin = at, .bytes = z->sides[s].bytes};
		at = zoom_put_bursts(&z->matcher, &z->sides[s], at);
		z->bursts[s].end = at;
	}
	z->sums_at = at;
}

void zoom_sort_events(struct zoom *z)
{
	size_t counts[ZOOM_SIDES_MAX] = {0}, begin = 0;

	for (size_t i = 0; i < z->packet_count; i++)
		counts[side_of(&z->packets[i])]++;
	for (size_t s = 0; s < ZOOM_SIDES_MAX; s++) {
		z->sides[s] = (struct zoom_side){.begin = begin, .end = begin};
		begin += counts[s];
	}
	for (size_t i = 0; i < z->packet_count; i++) {
		const struct zoom_packet *p = &z->packets[i];
		struct zoom_side *s = &z->sides[side_of(p)];
		uint64_t time = p->time_ns - z->packets[0].time_ns;

		z->matcher.events[s->end++] =
			(struct zoom_event){(int64_t)time, p->length};
		s->bytes += (double)p->length;
	}
	sort_bursts(z);
}

/* What one pair sends on, with displaced arrivals, is noted in `forwarded`. */
static void forward_pair(struct zoom *z, size_t i, size_t j, int64_t displacement)
{
	const struct pair *p = &z->pairs[i][j];
	const struct zoom_side *from = zoom_side_in(z, i), *to;
	double part = displacement ? z->whole_chance : 1, taken[ZOOM_DELAYS];

	if (p->is_whole) {
		for (size_t k = from->begin; k < from->end; k++)
			z->matcher.forwarded[k] +=
				part * (double)z->matcher.events[k].length;
		z->explained[j] += part * zoom_side_out(z, j)->bytes;
		return;
	}
	z->matcher.is_counting = p->by != PAIR_BY_BYTES;
	to = zoom_to(z, j, p->by);
	zoom_match(&z->matcher, zoom_from(z, i, p->by), to, p->base + displacement,
		   (size_t)p->delay + 1, taken);
	if (p->by == PAIR_BY_BURSTS)
		zoom_forward_bursts(&z->matcher, from, zoom_from(z, i, p->by));
	z->explained[j] +=
		taken[p->delay] * (z->matcher.is_counting
					   ? to->bytes / (double)(to->end - to->begin)
					   : 1);
}

/* Matches the accepted pairs again, with displaced arrivals, and adds up. */
static double forwarded_bytes(struct zoom *z, int64_t displacement)
{
	double sum = 0;

	memset(z->matcher.forwarded, 0, sizeof(z->matcher.forwarded));
	memset(z->explained, 0, sizeof(z->explained));
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t j = 0; j < z->flow_count; j++)
			if (z->pairs[i][j].state == PAIR_ACCEPTED)
				forward_pair(z, i, j, displacement);
	for (size_t k = 0; k < 2; k++)
		zoom_forward_merge(z, &z->merges[k], displacement);
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t k = zoom_side_in(z, i)->begin; k < zoom_side_in(z, i)->end;
		     k++)
			sum += fmin(z->matcher.forwarded[k],
				    (double)z->matcher.events[k].length);
	return sum;
}

/* Requests that come in explain little of the data that goes out. */
static void drop_unexplained(struct zoom *z)
{
	for (size_t j = 0; j < z->flow_count; j++) {
		if (z->explained[j] >= EXPLAINED_MIN * zoom_side_out(z, j)->bytes)
			continue;
		for (size_t i = 0; i < z->flow_count; i++)
			z->pairs[i][j].state = PAIR_NONE;
	}
}

static enum pair_state best_state(const struct zoom *z, size_t i)
{
	enum pair_state best = zoom_merged_state(z, i);

	for (size_t j = 0; j < z->flow_count; j++)
		if (z->pairs[i][j].state > best)
			best = z->pairs[i][j].state;
	return best;
}

/*
 * One stream may depart by chance just when another arrives; that nearly all of several
 * do is a relay. Returns the bytes of flows that stay undecided.
 */
static double settle_undecided(struct zoom *z)
{
	double together = 0, undecided = 0;
	size_t flows = 0;
	bool is_relay;

	for (size_t i = 0; i < z->flow_count; i++) {
		enum pair_state best = best_state(z, i);

		flows += best >= PAIR_TOGETHER;
		together += best == PAIR_TOGETHER ? zoom_side_in(z, i)->bytes : 0;
		undecided += best == PAIR_UNDECIDED || best == PAIR_FEW
				     ? zoom_side_in(z, i)->bytes
				     : 0;
	}
	is_relay = flows >= TOGETHER_FLOWS &&
		   together >= TOGETHER_SHARE * (together + undecided);
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t j = 0; j < z->flow_count; j++)
			if (z->pairs[i][j].state == PAIR_TOGETHER)
				z->pairs[i][j].state =
					is_relay ? PAIR_ACCEPTED : PAIR_UNDECIDED;
	return is_relay ? undecided : undecided + together;
}

/* Of pairs that were accepted; a pair is as good as its lighter side. */
static size_t accepted_bursts(const struct zoom *z)
{
	size_t sum = 0;

	for (size_t i = 0; i < z->flow_count; i++) {
		size_t most = 0;

		for (size_t j = 0; j < z->flow_count; j++)
			if (z->pairs[i][j].state == PAIR_ACCEPTED &&
			    z->pairs[i][j].bursts > most)
				most = z->pairs[i][j].bursts;
		sum += most;
	}
	for (size_t k = 0; k < 2; k++)
		if (z->merges[k].pair.state == PAIR_ACCEPTED)
			sum += z->merges[k].pair.bursts;
	return sum;
}

/*
 * Where connections are matched as a whole, nothing can be said of those that began
 * before the look or end after it.
 */
static double cut_bytes(const struct zoom *z)
{
	double sum = 0;

	for (size_t i = 0; i < z->flow_count && z->whole_count; i++)
		if (best_state(z, i) < PAIR_ACCEPTED &&
		    !zoom_is_whole(z, zoom_side_in(z, i)))
			sum += zoom_side_in(z, i)->bytes;
	return sum;
}

static void fill_shares(struct zoom *z, struct zoom_result *r)
{
	double matched, chance = 0, judged;

	forwarded_bytes(z, 0);
	drop_unexplained(z);
	judged = r->received - cut_bytes(z);
	if (judged <= 0)
		return;
	matched = forwarded_bytes(z, 0) / judged;
	for (size_t k = 0; k < CHANCE_PASSES; k++)
		chance += forwarded_bytes(z, zoom_displacements[k]) / CHANCE_PASSES;
	r->chance_share = chance / judged;
	if (matched > r->chance_share)
		r->matched_share = (matched - r->chance_share) / (1 - r->chance_share);
}

/* Whether the look lasted long enough for what it shows. */
static bool is_long_enough(const struct zoom_result *r)
{
	if (r->packets < PACKETS_MIN)
		return false;
	return r->seconds >= SECONDS_MIN ||
	       (r->seconds >= SECONDS_FULL && r->matched_share >= SHARE_FULL);
}

/* In a longer look even a swarm has some pairs that pass on all they have in common. */
static bool is_partial(const struct zoom *z, const struct zoom_result *r)
{
	return z->span > ZOOM_LONGER_NS && r->matched_share > 0 &&
	       r->matched_share < SHARE_LONGER;
}

static void judge(struct zoom *z, struct zoom_result *r)
{
	double undecided;
	size_t bursts;
	bool is_settled;

	zoom_judge_pairs(z);
	zoom_judge_whole(z);
	zoom_judge_merges(z);
	undecided = settle_undecided(z);
	fill_shares(z, r);
	bursts = accepted_bursts(z);
	if (bursts < BURSTS_TOGETHER)
		r->matched_share = 0;
	is_settled = undecided <= UNDECIDED_MAX * r->received &&
		     (bursts == 0 || bursts >= BURSTS_TOGETHER) && !is_partial(z, r);
	if (is_partial(z, r))
		r->matched_share = 0;
	r->is_conclusive = is_settled && is_long_enough(r);
	r->needs_longer = !is_settled || r->packets < PACKETS_MIN;
}

void zoom_evaluate(struct zoom *z, struct zoom_result *ret_result)
{
	struct zoom_result r = {.packets = z->packet_count,
				.seconds = (double)z->span / 1e9};

	zoom_sort_events(z);
	for (size_t i = 0; i < z->flow_count; i++)
		r.received += zoom_side_in(z, i)->bytes;
	if (r.received > 0)
		judge(z, &r);
	*ret_result = r;
}

float zoom_pair_share(const struct zoom *z, size_t from, size_t to)
{
	const struct pair *p = &z->pairs[from][to];

	if (p->state == PAIR_ACCEPTED)
		return p->share;
	return zoom_merged_share(z, from, to);
}
