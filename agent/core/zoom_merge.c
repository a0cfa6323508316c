/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection that carries the circuits of many: compared with any one of them it
 * carries too much, and what it brings is always there by chance. So the heaviest flow
 * is compared with all flows of other peers together, as if these were one: once what
 * it sends with what they bring, once what it brings with what they send.
 */
#include "core/zoom_internal.h"
#include <math.h>
#include <string.h>

#define MERGED_PEERS_MIN 3 /* fewer are a matter of pairs */
#define BURSTS_MIN 20	   /* pieces of a swarm: up to 10 */
#define EXCESS_MIN 0.5	   /* of the lighter side's bytes, above chance */
#define EXPLAINED_MIN 0.5  /* of the heavier side's bytes: requests are less */
#define REVERSED_MAX 0.5   /* of the matched bytes, found in what left before */
#define NAMED_SUM 0.9	   /* of all the sum carried, so that its flows are named, */
#define NAMED_FLOW 0.8	   /* and of what each of them carried */

static const struct zoom_side *side_of(const struct zoom *z, size_t flow,
				       bool is_inbound)
{
	return is_inbound ? zoom_side_in(z, flow) : zoom_side_out(z, flow);
}

static bool is_in_sum(const struct zoom *z, const struct merge *m, size_t flow)
{
	return side_of(z, flow, m->is_source)->bytes > 0 &&
	       !addr_equal(&z->remotes[flow], &z->remotes[m->flow]);
}

static size_t heaviest_of(const struct zoom *z, bool is_inbound)
{
	size_t best = 0;

	for (size_t i = 1; i < z->flow_count; i++)
		if (side_of(z, i, is_inbound)->bytes >
		    side_of(z, best, is_inbound)->bytes)
			best = i;
	return best;
}

static bool is_first_of_peer(const struct zoom *z, const struct merge *m, size_t flow)
{
	for (size_t k = 0; k < flow; k++)
		if (is_in_sum(z, m, k) && addr_equal(&z->remotes[k], &z->remotes[flow]))
			return false;
	return true;
}

static size_t count_peers(const struct zoom *z, const struct merge *m)
{
	size_t count = 0;

	for (size_t i = 0; i < z->flow_count; i++)
		count += is_in_sum(z, m, i) && is_first_of_peer(z, m, i);
	return count;
}

/* Writes the events of all its flows as those of one side, from `at` on. */
static void put_sum(struct zoom *z, struct merge *m, size_t at)
{
	size_t next[ZOOM_FLOWS_MAX];

	m->sum = (struct zoom_side){.begin = at, .end = at};
	for (size_t i = 0; i < z->flow_count; i++)
		next[i] = side_of(z, i, m->is_source)->begin;
	for (size_t k = 0; k < z->packet_count; k++) {
		const struct zoom_packet *p = &z->packets[k];
		size_t event;

		if (p->is_inbound != m->is_source)
			continue;
		event = next[p->flow]++;
		if (!is_in_sum(z, m, p->flow))
			continue;
		z->origins[m->sum.end - z->sums_at] = (uint32_t)event;
		z->matcher.events[m->sum.end++] = z->matcher.events[event];
		m->sum.bytes += (double)p->length;
	}
}

static const struct zoom_side *from_of(const struct zoom *z, const struct merge *m)
{
	return m->is_source ? &m->sum : zoom_side_in(z, m->flow);
}

static const struct zoom_side *to_of(const struct zoom *z, const struct merge *m)
{
	return m->is_source ? zoom_side_out(z, m->flow) : &m->sum;
}

static double match(struct zoom *z, const struct merge *m, const struct zoom_side *to,
		    int64_t displacement)
{
	double taken[ZOOM_DELAYS];

	z->matcher.is_counting = false;
	zoom_match(&z->matcher, from_of(z, m), to, m->pair.base + displacement,
		   (size_t)m->pair.delay + 1, taken);
	return taken[m->pair.delay];
}

void zoom_forward_merge(struct zoom *z, const struct merge *m, int64_t displacement)
{
	double *forwarded = z->matcher.forwarded;

	if (m->pair.state != PAIR_ACCEPTED)
		return;
	match(z, m, to_of(z, m), displacement);
	for (size_t k = m->sum.begin; m->is_source && k < m->sum.end; k++) {
		forwarded[z->origins[k - z->sums_at]] += forwarded[k];
		forwarded[k] = 0;
	}
}

static float forwarded_share(const struct zoom *z, const struct zoom_side *s)
{
	double sum = 0;

	for (size_t k = s->begin; k < s->end; k++)
		sum += z->matcher.forwarded[k];
	return (float)fmin(1, sum / s->bytes);
}

/* How much of what each flow of the sum carried is found in the single one. */
static void note_shares(struct zoom *z, struct merge *m)
{
	memset(z->matcher.forwarded, 0, sizeof(z->matcher.forwarded));
	zoom_forward_merge(z, m, 0);
	for (size_t i = 0; i < z->flow_count; i++) {
		const struct zoom_side *s = side_of(z, i, m->is_source);

		if (!is_in_sum(z, m, i))
			continue;
		m->shares[i] = m->is_source ? forwarded_share(z, s)
					    : (float)(match(z, m, s, 0) / s->bytes);
	}
}

/*
 * Whether what came in is found as well in what had left before: then both sides are
 * busy at the same times, and neither follows the other.
 */
static bool is_reversible(struct zoom *z, const struct merge *m)
{
	double forth = match(z, m, to_of(z, m), 0), back[ZOOM_DELAYS];

	zoom_match(&z->matcher, to_of(z, m), from_of(z, m), -m->pair.base,
		   (size_t)m->pair.delay + 1, back);
	return back[m->pair.delay] > REVERSED_MAX * forth;
}

static void judge_merge(struct zoom *z, struct merge *m)
{
	const struct zoom_side *from = from_of(z, m), *to = to_of(z, m);
	double lighter = fmin(from->bytes, to->bytes), excess;
	double heavier = fmax(from->bytes, to->bytes);
	int64_t seeming;

	if (lighter < EXPLAINED_MIN * heavier || lighter <= 0 ||
	    count_peers(z, m) < MERGED_PEERS_MIN)
		return;
	seeming = zoom_find_delay(&z->matcher, from, to, &excess);
	m->pair = zoom_judge_sides(z, from, to, PAIR_BY_BYTES, seeming);
	if (m->pair.state != PAIR_ACCEPTED || m->pair.excess < EXCESS_MIN ||
	    m->pair.share * lighter < EXPLAINED_MIN * heavier || is_reversible(z, m))
		m->pair.state = PAIR_NONE;
	else if (m->pair.bursts < BURSTS_MIN)
		m->pair.state = PAIR_FEW;
	if (m->pair.state != PAIR_ACCEPTED)
		return;
	m->covered = (float)(m->pair.share * lighter / m->sum.bytes);
	note_shares(z, m);
}

void zoom_judge_merges(struct zoom *z)
{
	size_t at = z->sums_at;

	for (size_t k = 0; k < 2; k++) {
		struct merge *m = &z->merges[k];

		*m = (struct merge){.is_source = k == 0};
		if (z->flow_count == 0)
			continue;
		m->flow = heaviest_of(z, !m->is_source);
		put_sum(z, m, at);
		at = m->sum.end;
		judge_merge(z, m);
	}
}

/* Whether it is a flow of which the comparison says what becomes of its bytes. */
static bool is_judged(const struct zoom *z, const struct merge *m, size_t flow)
{
	if (!m->is_source)
		return m->flow == flow;
	return m->pair.state == PAIR_ACCEPTED ? m->shares[flow] >= EXPLAINED_MIN
					      : is_in_sum(z, m, flow);
}

enum pair_state zoom_merged_state(const struct zoom *z, size_t flow)
{
	enum pair_state best = PAIR_NONE;

	for (size_t k = 0; k < 2; k++) {
		const struct merge *m = &z->merges[k];

		if (m->pair.state > best && is_judged(z, m, flow))
			best = m->pair.state;
	}
	return best;
}

float zoom_merged_share(const struct zoom *z, size_t from, size_t to)
{
	for (size_t k = 0; k < 2; k++) {
		const struct merge *m = &z->merges[k];
		size_t one = m->is_source ? to : from, other = m->is_source ? from : to;

		if (m->pair.state == PAIR_ACCEPTED && m->flow == one &&
		    m->covered >= NAMED_SUM && m->shares[other] >= NAMED_FLOW)
			return m->shares[other];
	}
	return 0;
}

float zoom_leg_share(const struct zoom *z, size_t flow)
{
	float share = 0;

	for (size_t k = 0; k < 2; k++)
		if (z->merges[k].pair.state == PAIR_ACCEPTED &&
		    z->merges[k].flow == flow)
			share = fmaxf(share, z->merges[k].pair.share);
	return share;
}
