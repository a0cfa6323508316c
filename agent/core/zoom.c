/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet that comes in is a credit of bytes that lives for some milliseconds; a
 * packet that goes out to another peer takes the newest credits. A relay's packets
 * find nearly all their bytes there, at a short delay, and hardly any once the arrivals
 * are displaced in time. Streams with a period find them then, too; of those a relay is
 * told by jitter: it departs late what arrived late. Bytes rather than packets are
 * matched, so that segmentation offloads and re-framing do not matter.
 *
 * Measured on 76 recordings of four windows of 2 s each, in namespaces of one machine,
 * offloads on and off. The rules were made on these same recordings; 12 of them, other
 * runs of the same programs, came after the thresholds but before the search for a
 * delay. So this is a fit, and no forecast for other programs.
 *
 *   matched share .84 to 1: n2n, coturn (also steady), nebula, haproxy
 *   .74 to 1: throttled downloads by SOCKS, a fan-out; .47 to .98: a star
 *   .25 to .86: SOCKS and haproxy near the limit of the machine, many streams alike
 *   0 in 192 windows of mesh calls, 1:1 calls, swarms, seeding, web, downloads and DHT,
 *   64 of them inconclusive, most of these steady mesh calls
 *
 * Altered recordings show the limits. With 3 ms added to all that is sent, n2n, coturn
 * and most of nebula are still found, TCP proxies by .37 to .8, steady stars and
 * fan-outs not. With 0 to 4 ms at random, steady streams are not found, and some of
 * them are wrongly conclusive. With one packet in twenty lost, TCP proxies fall to .18.
 */
#include "core/zoom.h"
#include "core/zoom_match.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDES_MAX (2 * ZOOM_FLOWS_MAX)
#define SPAN_MAX_NS 10000000000U /* no capture is longer */
#define PACKETS_MIN 20		 /* fewer tell nothing */
#define SECONDS_MIN 0.5
#define PAIR_BYTES_MIN 0.002 /* of all received; lighter pairs are not tried */
#define CANDIDATES 3	     /* pairs of a flow that are looked at closely */
#define EXCESS_MIN 0.2	     /* of the lighter side's bytes, above chance */
#define PERIODIC_SHARE 0.5   /* of the matched bytes, at a displacement: a period */
#define BURSTS_SOME 20	     /* up to these, more must be matched */
#define EXCESS_SOME 0.5
#define BURSTS_FEW 4 /* then the bytes must agree, too */
#define BURSTS_COVERED 0.85
#define BURSTS_BALANCE 0.95
#define BURSTS_BYTES_MIN 4096
#define BURST_BALANCE 0.98 /* with a single one */
#define BURST_SLACK 100	   /* bytes of a greeting */
#define EXPLAINED_MIN 0.3  /* of what a flow sends must have been received */
#define JITTER_SAMPLES_MIN 8
#define JITTER_SAMPLES 20
#define JITTER_RATIO_FEW 0.2
#define JITTER_RATIO 0.35
#define JITTER_RATIO_OTHER 0.7 /* beyond: not copied */
#define JITTER_LEAST 100e3     /* ns: a relay adds tens of microseconds of its own */
#define RARE 0.02	       /* the probability that two beginnings coincide */
#define RARE_ALONE 0.1	       /* so of one flow of several that do */
#define TOGETHER_FLOWS 3       /* at least, */
#define TOGETHER_SHARE 0.75    /* of the bytes that nothing else decides */
#define UNDECIDED_MAX 0.3      /* of the bytes received */
#define BURSTS_TOGETHER 8      /* of all accepted pairs: fewer may be chance */
#define CHANCE_PASSES 2

/* Displacements of the arrivals, ns: far from 0, of no common period; the first three
 * fall into different parts of 20 ms, the period of voice. */
static const int64_t displacements[] = {61377000,  113541000, -171717000, 71083000,
					-97131000, -37219000, 43893000,	  -61947000};
#define DISPLACEMENTS (sizeof(displacements) / sizeof(*displacements))
#define DISPLACEMENTS_FEW 3

enum pair_state {
	PAIR_NONE,
	PAIR_UNDECIDED, /* a period in common, and no jitter to copy */
	PAIR_TOGETHER,	/* so, but so close together that it is rarely chance */
	PAIR_ACCEPTED,
};

struct pair {
	float score; /* how much one delay stands out, bytes */
	float share; /* matched, of the lighter side */
	uint8_t state;
	uint8_t delay;
	uint16_t bursts;
	int64_t seeming; /* delay most bytes have, ns */
	int64_t base;	 /* delay that was matched */
};

struct zoom {
	struct zoom_packet packets[ZOOM_PACKETS_MAX];
	size_t packet_count, flow_count;
	struct addr remotes[ZOOM_FLOWS_MAX];
	struct zoom_matcher matcher;
	struct zoom_side sides[SIDES_MAX];
	struct pair pairs[ZOOM_FLOWS_MAX][ZOOM_FLOWS_MAX];
	double explained[ZOOM_FLOWS_MAX]; /* bytes a flow sent that had come in */
};

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
	z->flow_count = flow_count < ZOOM_FLOWS_MAX ? flow_count : ZOOM_FLOWS_MAX;
	if (z->flow_count > 0)
		memcpy(z->remotes, remotes, z->flow_count * sizeof(*remotes));
}

bool zoom_add(struct zoom *z, const struct zoom_packet *packet)
{
	struct zoom_packet *p;

	if (z->packet_count == ZOOM_PACKETS_MAX)
		return false;
	if (packet->flow >= z->flow_count || packet->length == 0)
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
	return true;
}

static size_t side_of(size_t flow, bool is_inbound)
{
	return 2 * flow + !is_inbound;
}

static const struct zoom_side *side_in(const struct zoom *z, size_t flow)
{
	return &z->sides[side_of(flow, true)];
}

static const struct zoom_side *side_out(const struct zoom *z, size_t flow)
{
	return &z->sides[side_of(flow, false)];
}

/* Sorts the packets by side; they stay in time within each. */
static void sort_events(struct zoom *z)
{
	size_t counts[SIDES_MAX] = {0}, begin = 0;

	for (size_t i = 0; i < z->packet_count; i++)
		counts[side_of(z->packets[i].flow, z->packets[i].is_inbound)]++;
	for (size_t s = 0; s < SIDES_MAX; s++) {
		z->sides[s] = (struct zoom_side){.begin = begin, .end = begin};
		begin += counts[s];
	}
	for (size_t i = 0; i < z->packet_count; i++) {
		const struct zoom_packet *p = &z->packets[i];
		struct zoom_side *s = &z->sides[side_of(p->flow, p->is_inbound)];
		uint64_t time = p->time_ns - z->packets[0].time_ns;

		z->matcher.events[s->end++] =
			(struct zoom_event){(int64_t)time, p->length};
		s->bytes += (double)p->length;
	}
}

/* The delay with the largest excess; a longer one must be worth it. */
static size_t best_delay(const double matched[ZOOM_DELAYS],
			 const double chance[ZOOM_DELAYS])
{
	size_t best = 0;

	for (size_t d = 1; d < ZOOM_DELAYS; d++)
		if (matched[d] - chance[d] > 1.05 * (matched[best] - chance[best]))
			best = d;
	return best;
}

/* The delay most bytes have, and by how much: cheap, to choose who is worth a look. */
static void score_pair(struct zoom *z, size_t i, size_t j, double received)
{
	const struct zoom_side *from = side_in(z, i), *to = side_out(z, j);
	struct pair *p = &z->pairs[i][j];
	double excess;

	*p = (struct pair){0};
	if (fmin(from->bytes, to->bytes) <= PAIR_BYTES_MIN * received ||
	    addr_equal(&z->remotes[i], &z->remotes[j]))
		return;
	p->seeming = zoom_find_delay(&z->matcher, from, to, &excess);
	p->score = (float)excess;
}

/* Whether the pair is among the best of the flow it comes from, or goes to. */
static bool is_candidate(const struct zoom *z, size_t i, size_t j)
{
	float score = z->pairs[i][j].score;
	size_t better_to = 0, better_from = 0;

	if (score <= 0)
		return false;
	/* Of equal ones the first are enough. */
	for (size_t k = 0; k < z->flow_count; k++) {
		float to = z->pairs[i][k].score, from = z->pairs[k][j].score;

		better_to += to > score || (to >= score && k < j);
		better_from += from > score || (from >= score && k < i);
	}
	return better_to < CANDIDATES || better_from < CANDIDATES;
}

/*
 * The most that is matched some periods away: the first two beyond reach of `delay`.
 * Half a delay to each side allows for drift.
 */
static double match_periods_away(struct zoom *z, const struct zoom_side *from,
				 const struct zoom_side *to, int64_t base,
				 double period, size_t delay)
{
	int64_t reach = (int64_t)ZOOM_DELAY_LEAST << delay;
	int64_t least = period > 0 ? (int64_t)ceil(2 * (double)reach / period) : 0;
	double most = 0, taken[ZOOM_DELAYS];

	if (period <= 0)
		return 0;
	for (int k = 0; k < 4; k++)
		for (int step = -1; step <= 1; step++) {
			int64_t periods = k < 2 ? least + k : -least - (k - 2);
			int64_t away = (int64_t)((double)periods * period);

			zoom_match(&z->matcher, from, to,
				   base + away + step * reach / 2, ZOOM_DELAYS, taken);
			most = fmax(most, taken[delay]);
		}
	return most;
}

/* A handful of bursts may coincide: then their bytes must agree as well. */
static bool bursts_agree(const struct zoom_side *from, const struct zoom_side *to,
			 double matched, size_t bursts)
{
	double lighter = fmin(from->bytes, to->bytes);
	double heavier = fmax(from->bytes, to->bytes);

	if (bursts > BURSTS_FEW)
		return true;
	if (lighter < BURSTS_BYTES_MIN || matched < BURSTS_COVERED * lighter)
		return false;
	if (bursts > 1)
		return lighter >= BURSTS_BALANCE * heavier;
	return lighter + BURST_SLACK >= BURST_BALANCE * heavier;
}

static double excess_needed(const struct zoom_jitter *j)
{
	return j->bursts > BURSTS_SOME ? EXCESS_MIN : EXCESS_SOME;
}

static enum pair_state judge_jitter(const struct zoom_jitter *j)
{
	/* Of a few that were matched out of many, those alike are no wonder. */
	if (j->samples < JITTER_SAMPLES_MIN || 2 * j->samples < j->bursts)
		return PAIR_UNDECIDED;
	if (j->ratio <= JITTER_RATIO_FEW)
		return PAIR_ACCEPTED;
	if (j->samples < JITTER_SAMPLES || j->spread < JITTER_LEAST)
		return PAIR_UNDECIDED;
	if (j->ratio <= JITTER_RATIO)
		return PAIR_ACCEPTED;
	return j->ratio <= JITTER_RATIO_OTHER ? PAIR_UNDECIDED : PAIR_NONE;
}

static size_t count_senders(const struct zoom *z)
{
	size_t count = 0;

	for (size_t j = 0; j < z->flow_count; j++)
		count += side_out(z, j)->bytes > 0;
	return count;
}

/* Of two sides with a period in common. */
static enum pair_state judge_period(const struct zoom *z, const struct zoom_side *from,
				    const struct zoom_side *to,
				    const struct zoom_jitter *j)
{
	double rivals = (double)count_senders(z);
	double gap = (double)zoom_mean_gap(&z->matcher, to);
	bool is_seldom = j->bursts <= BURSTS_SOME;
	double reach = is_seldom ? RARE * j->period : RARE_ALONE * gap;
	enum pair_state state = judge_jitter(j);

	if (state != PAIR_ACCEPTED && (is_seldom || state == PAIR_UNDECIDED) &&
	    zoom_begin_together(&z->matcher, from, to,
				is_seldom ? (int64_t)(gap / 2) : 0, reach / rivals))
		return PAIR_TOGETHER;
	return state;
}

/* Whether `j` sends on what `i` brought, each byte `base` ns later or a bit more. */
static void judge_pair_at(struct zoom *z, size_t i, size_t j, int64_t base)
{
	const struct zoom_side *from = side_in(z, i), *to = side_out(z, j);
	double lighter = fmin(from->bytes, to->bytes);
	double matched[ZOOM_DELAYS], taken[ZOOM_DELAYS], mean[ZOOM_DELAYS];
	double least[ZOOM_DELAYS], sum[ZOOM_DELAYS] = {0}, most[ZOOM_DELAYS] = {0};
	struct pair *p = &z->pairs[i][j];
	enum pair_state state = PAIR_ACCEPTED;
	struct zoom_jitter jitter;
	size_t d;

	*p = (struct pair){.score = p->score, .seeming = p->seeming, .base = base};
	zoom_match(&z->matcher, from, to, base, ZOOM_DELAYS, matched);
	for (size_t k = 0; k < DISPLACEMENTS; k++) {
		zoom_match(&z->matcher, from, to, base + displacements[k], ZOOM_DELAYS,
			   taken);
		for (d = 0; d < ZOOM_DELAYS; d++) {
			sum[d] += taken[d];
			mean[d] = sum[d] / (double)(k + 1);
			most[d] = fmax(most[d], taken[d]);
			least[d] = k == 0 ? taken[d] : fmin(least[d], taken[d]);
		}
		/* A few are enough to see that most pairs have nothing in common. */
		d = best_delay(matched, least);
		if (k + 1 >= DISPLACEMENTS_FEW &&
		    matched[d] - least[d] < EXCESS_MIN * lighter)
			return;
	}
	d = best_delay(matched, mean);
	p->delay = (uint8_t)d;
	zoom_compare_jitter(&z->matcher, from, to, base, (int64_t)ZOOM_DELAY_LEAST << d,
			    &jitter);
	if (matched[d] - mean[d] < excess_needed(&jitter) * lighter ||
	    !bursts_agree(from, to, matched[d], jitter.bursts))
		return;
	p->bursts = (uint16_t)jitter.bursts;
	p->share = (float)fmin(1, matched[d] / lighter);
	most[d] =
		fmax(most[d], match_periods_away(z, from, to, base, jitter.period, d));
	if (most[d] > PERIODIC_SHARE * matched[d])
		state = base == 0 ? judge_period(z, from, to, &jitter)
				  : judge_jitter(&jitter);
	p->state = (uint8_t)state;
}

/* A second look for those that take their time, at the delay they seem to have. */
static void judge_pair(struct zoom *z, size_t i, size_t j)
{
	struct pair first;

	judge_pair_at(z, i, j, 0);
	first = z->pairs[i][j];
	if (first.state >= PAIR_TOGETHER)
		return;
	if (first.seeming == 0)
		return;
	judge_pair_at(z, i, j, first.seeming);
	if (z->pairs[i][j].state != PAIR_ACCEPTED)
		z->pairs[i][j] = first;
}

/* Matches the accepted pairs again, with displaced arrivals, and adds up. */
static double forwarded_bytes(struct zoom *z, int64_t displacement)
{
	double sum = 0, taken[ZOOM_DELAYS];

	memset(z->matcher.forwarded, 0, sizeof(z->matcher.forwarded));
	memset(z->explained, 0, sizeof(z->explained));
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t j = 0; j < z->flow_count; j++) {
			const struct pair *p = &z->pairs[i][j];

			if (p->state != PAIR_ACCEPTED)
				continue;
			zoom_match(&z->matcher, side_in(z, i), side_out(z, j),
				   p->base + displacement, (size_t)p->delay + 1, taken);
			z->explained[j] += taken[p->delay];
		}
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t k = side_in(z, i)->begin; k < side_in(z, i)->end; k++)
			sum += fmin(z->matcher.forwarded[k],
				    (double)z->matcher.events[k].length);
	return sum;
}

/* Requests that come in explain little of the data that goes out. */
static void drop_unexplained(struct zoom *z)
{
	for (size_t j = 0; j < z->flow_count; j++) {
		if (z->explained[j] >= EXPLAINED_MIN * side_out(z, j)->bytes)
			continue;
		for (size_t i = 0; i < z->flow_count; i++)
			z->pairs[i][j].state = PAIR_NONE;
	}
}

static enum pair_state best_state(const struct zoom *z, size_t i)
{
	enum pair_state best = PAIR_NONE;

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
		together += best == PAIR_TOGETHER ? side_in(z, i)->bytes : 0;
		undecided += best == PAIR_UNDECIDED ? side_in(z, i)->bytes : 0;
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
	return sum;
}

static void judge_pairs(struct zoom *z, double received)
{
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t j = 0; j < z->flow_count; j++)
			score_pair(z, i, j, received);
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t j = 0; j < z->flow_count; j++)
			if (is_candidate(z, i, j))
				judge_pair(z, i, j);
}

static void fill_shares(struct zoom *z, struct zoom_result *r)
{
	double matched, chance = 0;

	forwarded_bytes(z, 0);
	drop_unexplained(z);
	matched = forwarded_bytes(z, 0) / r->received;
	for (size_t k = 0; k < CHANCE_PASSES; k++)
		chance += forwarded_bytes(z, displacements[k]) / CHANCE_PASSES;
	r->chance_share = chance / r->received;
	if (matched > r->chance_share)
		r->matched_share = (matched - r->chance_share) / (1 - r->chance_share);
}

void zoom_evaluate(struct zoom *z, struct zoom_result *ret_result)
{
	struct zoom_result r = {.packets = z->packet_count};
	double undecided;
	size_t bursts;

	sort_events(z);
	for (size_t i = 0; i < z->flow_count; i++)
		r.received += side_in(z, i)->bytes;
	if (z->packet_count > 0)
		r.seconds = (double)(z->packets[z->packet_count - 1].time_ns -
				     z->packets[0].time_ns) /
			    1e9;
	if (r.received > 0) {
		judge_pairs(z, r.received);
		undecided = settle_undecided(z);
		fill_shares(z, &r);
		bursts = accepted_bursts(z);
		r.is_conclusive = r.packets >= PACKETS_MIN &&
				  r.seconds >= SECONDS_MIN &&
				  undecided <= UNDECIDED_MAX * r.received &&
				  (bursts == 0 || bursts >= BURSTS_TOGETHER);
		if (bursts < BURSTS_TOGETHER)
			r.matched_share = 0;
	}
	*ret_result = r;
}

float zoom_pair_share(const struct zoom *z, size_t from, size_t to)
{
	const struct pair *p = &z->pairs[from][to];

	return p->state == PAIR_ACCEPTED ? p->share : 0;
}
