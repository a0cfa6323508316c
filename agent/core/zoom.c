/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CLAIM
 *
 * How: a packet that comes in is a credit of bytes that lives for some milliseconds; a
 * packet that goes out to another peer takes the newest credits. A relay's packets
 * find nearly all their bytes there, at a short delay, and hardly any once the arrivals
 * are displaced in time. Streams with a period find them then, too; of those a relay is
 * told by jitter: it departs late what arrived late. Bytes rather than packets are
 * matched, so that segmentation offloads and re-framing do not matter.
 */
#include "core/zoom.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDES_MAX (2 * ZOOM_FLOWS_MAX)
#define NS_PER_MS 1000000
#define DELAYS 10	  /* delays tried: 62.5 us, doubled up to 32 ms */
#define DELAY_LEAST 62500 /* ns */
#define PACKETS_MIN 20	  /* fewer tell nothing */
#define SECONDS_MIN 0.5
#define PAIR_BYTES_MIN 0.002 /* of all received; lighter pairs are not tried */
#define CANDIDATES 4	     /* pairs of a flow that are looked at closely */
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
#define TOGETHER_MATCHED 0.75  /* of the bursts begin together */
#define TOGETHER_FLOWS 3       /* at least, */
#define TOGETHER_SHARE 0.75    /* of the bytes that nothing else decides */
#define UNDECIDED_MAX 0.3      /* of the bytes received */
#define BURSTS_TOGETHER 8      /* of all accepted pairs: fewer may be chance */
#define CHANCE_PASSES 2

/* Displacements of the arrivals, ns: far from 0, of no common period. */
static const int64_t displacements[] = {61377000, -97131000,  -37219000, 113541000,
					43893000, -171717000, 71083000,	 -61947000};
#define DISPLACEMENTS (sizeof(displacements) / sizeof(*displacements))

struct event {
	int64_t time;
	uint32_t length;
};

/* One direction of a flow: its events, in time. Even sides are inbound. */
struct side {
	size_t begin, end;
	double bytes;
};

struct credit {
	int64_t time;
	uint32_t left;
	uint32_t event;
};

enum pair_state {
	PAIR_NONE,
	PAIR_UNDECIDED, /* a period in common, and no jitter to copy */
	PAIR_TOGETHER,	/* so, but so close together that it is rarely chance */
	PAIR_ACCEPTED,
};

struct pair {
	float score; /* bytes matched beyond chance, the sooner the better */
	uint8_t state;
	uint8_t delay;
	uint16_t bursts;
};

/* How far two sides share the jitter of their bursts. */
struct jitter {
	size_t bursts, samples;
	double period; /* median gap between bursts of the lighter side, ns */
	double spread; /* of these gaps, ns */
	double ratio;  /* what the other side does not share, over the spread */
};

struct zoom {
	struct zoom_packet packets[ZOOM_PACKETS_MAX];
	size_t packet_count, flow_count;
	struct addr remotes[ZOOM_FLOWS_MAX];
	struct event events[ZOOM_PACKETS_MAX];
	struct side sides[SIDES_MAX];
	struct pair pairs[ZOOM_FLOWS_MAX][ZOOM_FLOWS_MAX];
	/* Scratch. */
	struct credit credits[ZOOM_PACKETS_MAX];
	double forwarded[ZOOM_PACKETS_MAX]; /* bytes of each event */
	double explained[ZOOM_FLOWS_MAX];   /* bytes a flow sent that had come in */
	double gaps[ZOOM_PACKETS_MAX], errors[ZOOM_PACKETS_MAX];
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

static const struct side *side_in(const struct zoom *z, size_t flow)
{
	return &z->sides[side_of(flow, true)];
}

static const struct side *side_out(const struct zoom *z, size_t flow)
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
		z->sides[s] = (struct side){.begin = begin, .end = begin};
		begin += counts[s];
	}
	for (size_t i = 0; i < z->packet_count; i++) {
		const struct zoom_packet *p = &z->packets[i];
		struct side *s = &z->sides[side_of(p->flow, p->is_inbound)];
		uint64_t time = p->time_ns - z->packets[0].time_ns;

		z->events[s->end++] = (struct event){(int64_t)time, p->length};
		s->bytes += (double)p->length;
	}
}

/* Takes up to `wanted` bytes of the newest credits; too old ones are forgotten. */
static void take_credits(struct zoom *z, size_t *count, int64_t now, uint32_t wanted,
			 int64_t delay_max, double taken[DELAYS])
{
	while (wanted > 0 && *count > 0) {
		struct credit *c = &z->credits[*count - 1];
		int64_t delay = now - c->time;
		uint32_t bytes = wanted < c->left ? wanted : c->left;
		size_t bin = 0;

		if (delay >= delay_max) {
			*count = 0;
			return;
		}
		while (delay >= (int64_t)DELAY_LEAST << bin)
			bin++;
		taken[bin] += (double)bytes;
		z->forwarded[c->event] += (double)bytes;
		wanted -= bytes;
		c->left -= bytes;
		*count -= c->left == 0;
	}
}

/*
 * The bytes of `to` that find credits of `from`, whose arrivals are displaced, in time
 * less than each of the delays. Each credit is pushed and popped once.
 */
static void match_sides(struct zoom *z, const struct side *from, const struct side *to,
			int64_t displacement, size_t delays, double ret_taken[DELAYS])
{
	int64_t delay_max = (int64_t)DELAY_LEAST << (delays - 1);
	size_t next = from->begin, count = 0;

	memset(ret_taken, 0, DELAYS * sizeof(*ret_taken));
	for (size_t i = to->begin; i < to->end; i++) {
		int64_t now = z->events[i].time;

		for (; next < from->end; next++) {
			int64_t arrival = z->events[next].time + displacement;

			if (arrival > now)
				break;
			z->credits[count++] = (struct credit){
				arrival, z->events[next].length, (uint32_t)next};
		}
		take_credits(z, &count, now, z->events[i].length, delay_max, ret_taken);
	}
	for (size_t d = 1; d < DELAYS; d++)
		ret_taken[d] += ret_taken[d - 1];
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return values[count / 2];
}

/* The event of `other` next to `time` on the causal side, within `delay`; -1: none. */
static int64_t counterpart(const struct zoom *z, const struct side *other, size_t *next,
			   int64_t time, bool is_later, int64_t delay)
{
	int64_t found;

	while (*next < other->end && (is_later ? z->events[*next].time < time
					       : z->events[*next].time <= time))
		++*next;
	if (is_later) {
		if (*next == other->end)
			return -1;
		found = z->events[*next].time;
		return found - time <= delay ? found : -1;
	}
	if (*next == other->begin)
		return -1;
	found = z->events[*next - 1].time;
	return time - found <= delay ? found : -1;
}

/*
 * Gaps between the beginnings of bursts on the side with fewer events, and how much the
 * same gaps differ on the other. Only neighbours count that were both matched: a burst
 * left out would lend both gaps a common length.
 */
static size_t collect_gaps(struct zoom *z, const struct side *few,
			   const struct side *other, bool is_later, int64_t delay,
			   struct jitter *j)
{
	size_t span = few->end - few->begin, next = other->begin, gaps = 0, samples = 0;
	int64_t first = z->events[few->begin].time, last = z->events[few->end - 1].time;
	int64_t silence = (last - first) / (int64_t)(2 * (span - 1));
	int64_t begun = -1, before = -1;

	for (size_t i = few->begin + 1; i < few->end; i++) {
		int64_t time = z->events[i].time, match;

		if (time - z->events[i - 1].time < silence)
			continue;
		j->bursts++;
		match = counterpart(z, other, &next, time, is_later, delay);
		if (begun >= 0)
			z->gaps[gaps++] = (double)(time - begun);
		if (begun >= 0 && before >= 0 && match >= 0)
			z->errors[samples++] =
				fabs((double)((time - begun) - (match - before)));
		begun = time;
		before = match;
	}
	j->samples = samples;
	return gaps;
}

static void compare_jitter(struct zoom *z, const struct side *from,
			   const struct side *to, int64_t delay, struct jitter *ret)
{
	bool to_is_few = to->end - to->begin <= from->end - from->begin;
	const struct side *few = to_is_few ? to : from;
	size_t gaps;

	*ret = (struct jitter){.bursts = 1, .ratio = INFINITY};
	if (few->end - few->begin < 3)
		return;
	gaps = collect_gaps(z, few, to_is_few ? from : to, !to_is_few, delay, ret);
	if (gaps == 0)
		return;
	ret->period = median(z->gaps, gaps);
	for (size_t i = 0; i < gaps; i++)
		z->gaps[i] = fabs(z->gaps[i] - ret->period);
	ret->spread = median(z->gaps, gaps);
	if (ret->samples > 0 && ret->spread > 0)
		ret->ratio = median(z->errors, ret->samples) / ret->spread;
}

/* The delay with the largest excess; a longer one must be worth it. */
static size_t best_delay(const double matched[DELAYS], const double chance[DELAYS])
{
	size_t best = 0;

	for (size_t d = 1; d < DELAYS; d++)
		if (matched[d] - chance[d] > 1.05 * (matched[best] - chance[best]))
			best = d;
	return best;
}

/* One displacement instead of all: cheap, to choose who is worth a closer look. */
static void score_pair(struct zoom *z, size_t i, size_t j, double received)
{
	const struct side *from = side_in(z, i), *to = side_out(z, j);
	double lighter = fmin(from->bytes, to->bytes), matched[DELAYS], chance[DELAYS];
	struct pair *p = &z->pairs[i][j];
	size_t d;

	*p = (struct pair){0};
	if (lighter <= PAIR_BYTES_MIN * received ||
	    addr_equal(&z->remotes[i], &z->remotes[j]))
		return;
	match_sides(z, from, to, 0, DELAYS, matched);
	if (matched[DELAYS - 1] < EXCESS_MIN * lighter)
		return;
	match_sides(z, from, to, displacements[0], DELAYS, chance);
	d = best_delay(matched, chance);
	if (matched[d] - chance[d] <= EXCESS_MIN / 2 * lighter)
		return;
	/* The area under the curve: of two that match, the quicker one is better. */
	for (d = 0; d < DELAYS; d++)
		p->score += (float)(matched[d] - chance[d]);
}

/* Whether the pair is among the best of the flow it comes from, or goes to. */
static bool is_candidate(const struct zoom *z, size_t i, size_t j)
{
	float score = z->pairs[i][j].score;
	size_t better_to = 0, better_from = 0;

	if (score <= 0)
		return false;
	for (size_t k = 0; k < z->flow_count; k++) {
		better_to += z->pairs[i][k].score > score;
		better_from += z->pairs[k][j].score > score;
	}
	return better_to < CANDIDATES || better_from < CANDIDATES;
}

/*
 * The most that is matched some periods away: the first two beyond reach of `delay`.
 * Half a delay to each side allows for drift.
 */
static double match_periods_away(struct zoom *z, const struct side *from,
				 const struct side *to, double period, size_t delay)
{
	int64_t reach = (int64_t)DELAY_LEAST << delay;
	int64_t least = period > 0 ? (int64_t)ceil(2 * (double)reach / period) : 0;
	double most = 0, taken[DELAYS];

	if (period <= 0)
		return 0;
	for (int k = 0; k < 4; k++)
		for (int step = -1; step <= 1; step++) {
			int64_t periods = k < 2 ? least + k : -least - (k - 2);
			int64_t away = (int64_t)((double)periods * period);

			match_sides(z, from, to, away + step * reach / 2, DELAYS,
				    taken);
			most = fmax(most, taken[delay]);
		}
	return most;
}

/* A handful of bursts may coincide: then their bytes must agree as well. */
static bool bursts_agree(const struct side *from, const struct side *to, double matched,
			 size_t bursts)
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

static double excess_needed(const struct jitter *j)
{
	return j->bursts > BURSTS_SOME ? EXCESS_MIN : EXCESS_SOME;
}

static enum pair_state judge_jitter(const struct jitter *j)
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

static int64_t mean_gap(const struct zoom *z, const struct side *s)
{
	int64_t span = z->events[s->end - 1].time - z->events[s->begin].time;

	return span / (int64_t)(s->end - s->begin);
}

/* The next event of a side from *at on that follows a silence; -1 past the last. */
static int64_t next_burst(const struct zoom *z, const struct side *s, int64_t silence,
			  size_t *at)
{
	for (; *at < s->end; ++*at)
		if (*at == s->begin ||
		    z->events[*at].time - z->events[*at - 1].time >= silence)
			return z->events[(*at)++].time;
	return -1;
}

/*
 * Whether two sides begin together so closely that a period in common is no excuse:
 * `reach` is short enough that few streams have just this phase.
 */
static bool begin_together(const struct zoom *z, const struct side *from,
			   const struct side *to, int64_t silence_to, double reach)
{
	int64_t silence = mean_gap(z, from) / 2, time, to_time;
	size_t from_at = from->begin, to_at = to->begin, bursts = 0, matched = 0;

	to_time = next_burst(z, to, silence_to, &to_at);
	while ((time = next_burst(z, from, silence, &from_at)) >= 0) {
		while (to_time >= 0 && to_time < time)
			to_time = next_burst(z, to, silence_to, &to_at);
		bursts++;
		matched += to_time >= 0 && (double)(to_time - time) <= reach;
	}
	return (double)matched >= TOGETHER_MATCHED * (double)bursts;
}

/* Of two sides with a period in common. */
static enum pair_state judge_period(const struct zoom *z, const struct side *from,
				    const struct side *to, const struct jitter *j)
{
	double rivals = (double)z->flow_count, gap = (double)mean_gap(z, to);
	enum pair_state state;

	if (j->bursts <= BURSTS_SOME &&
	    begin_together(z, from, to, (int64_t)(gap / 2), RARE * j->period / rivals))
		return PAIR_ACCEPTED;
	state = judge_jitter(j);
	if (state == PAIR_UNDECIDED && j->bursts > BURSTS_SOME &&
	    begin_together(z, from, to, 0, RARE_ALONE * gap / rivals))
		return PAIR_TOGETHER;
	return state;
}

static void judge_pair(struct zoom *z, size_t i, size_t j)
{
	const struct side *from = side_in(z, i), *to = side_out(z, j);
	double lighter = fmin(from->bytes, to->bytes);
	double matched[DELAYS], mean[DELAYS] = {0}, most[DELAYS] = {0}, taken[DELAYS];
	struct pair *p = &z->pairs[i][j];
	enum pair_state state = PAIR_ACCEPTED;
	struct jitter jitter;
	size_t d;

	match_sides(z, from, to, 0, DELAYS, matched);
	for (size_t k = 0; k < DISPLACEMENTS; k++) {
		match_sides(z, from, to, displacements[k], DELAYS, taken);
		for (d = 0; d < DELAYS; d++) {
			mean[d] += taken[d] / (double)DISPLACEMENTS;
			most[d] = fmax(most[d], taken[d]);
		}
	}
	d = best_delay(matched, mean);
	p->delay = (uint8_t)d;
	p->state = PAIR_NONE;
	compare_jitter(z, from, to, (int64_t)DELAY_LEAST << d, &jitter);
	if (matched[d] - mean[d] < excess_needed(&jitter) * lighter ||
	    !bursts_agree(from, to, matched[d], jitter.bursts))
		return;
	p->bursts = (uint16_t)jitter.bursts;
	most[d] = fmax(most[d], match_periods_away(z, from, to, jitter.period, d));
	if (most[d] > PERIODIC_SHARE * matched[d])
		state = judge_period(z, from, to, &jitter);
	p->state = (uint8_t)state;
#ifdef ZOOM_DEBUG
	ZOOM_DEBUG("   %2zu>%2zu in %7.0f out %7.0f C0 %.2f mean %.2f max %.2f d "
		   "%6.2fms bursts %zu n %zu T %.1f mad %.3f rho %.2f -> %d\n",
		   i, j, from->bytes, to->bytes, matched[d] / lighter,
		   mean[d] / lighter, most[d] / lighter, (DELAY_LEAST << d) / 1e6,
		   jitter.bursts, jitter.samples, jitter.period / 1e6,
		   jitter.spread / 1e6, jitter.ratio, p->state);
#endif
}

/* Matches the accepted pairs again, with displaced arrivals, and adds up. */
static double forwarded_bytes(struct zoom *z, int64_t displacement)
{
	double sum = 0, taken[DELAYS];

	memset(z->forwarded, 0, sizeof(z->forwarded));
	memset(z->explained, 0, sizeof(z->explained));
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t j = 0; j < z->flow_count; j++) {
			const struct pair *p = &z->pairs[i][j];

			if (p->state != PAIR_ACCEPTED)
				continue;
			match_sides(z, side_in(z, i), side_out(z, j), displacement,
				    (size_t)p->delay + 1, taken);
			z->explained[j] += taken[p->delay];
		}
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t k = side_in(z, i)->begin; k < side_in(z, i)->end; k++)
			sum += fmin(z->forwarded[k], (double)z->events[k].length);
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

		flows += best == PAIR_TOGETHER;
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
	}
	*ret_result = r;
}
