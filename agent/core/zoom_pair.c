/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether one flow sends on what another one brought, beyond chance. */
#include "core/zoom_internal.h"
#include <math.h>

#define PAIR_BYTES_MIN 0.002 /* of all received; lighter pairs are not tried */
#define CANDIDATES 3	     /* pairs of a flow that are looked at closely */
#define EXCESS_MIN 0.2	     /* of the lighter side's bytes, above chance */
#define PERIODIC_SHARE 0.5   /* of the matched bytes, at a displacement: a period */
#define BURSTS_SOME 20	     /* up to these, more must be matched */
#define EXCESS_SOME 0.5
#define BURSTS_FEW 4 /* then the bytes must agree, too */
#define BURSTS_COVERED 0.85
#define BURSTS_PIECES 12 /* of a swarm: up to 10 were seen */
#define PIECES_BALANCE 0.8
#define BURSTS_BALANCE 0.95
#define BURSTS_BYTES_MIN 4096
#define BURST_BALANCE 0.98 /* with a single one */
#define BURST_SLACK 100	   /* bytes of a greeting */
#define JITTER_SAMPLES_MIN 8
#define JITTER_SAMPLES 20
#define JITTER_RATIO_FEW 0.2
#define JITTER_RATIO 0.35
#define JITTER_RATIO_OTHER 0.7	/* beyond: not copied */
#define JITTER_LEAST 100e3	/* ns: a relay adds tens of microseconds of its own */
#define RARE 0.02		/* the probability that two beginnings coincide */
#define RARE_ALONE 0.1		/* so of one flow of several that do */
#define COUNT_MIN 20		/* bursts of each, to be matched one to one */
#define COUNT_BALANCE 0.85	/* one side's bursts to the other's, */
#define COUNT_MATCHED 0.85	/* of these, one after the other in time, */
#define COUNT_BYTES 4.0		/* and how far their bytes may differ, */
#define COUNT_BYTES_PADDED 16.0 /* so where one side is padded to a constant */

const int64_t zoom_displacements[ZOOM_DISPLACEMENTS] = {61377000, 113541000, -171717000,
							71083000, -97131000, -37219000,
							43893000, -61947000};
#define DISPLACEMENTS_FEW 3
#define EXCESS_LONGER 0.8
#define BEGIN_NS 2000000 /* so close, and with the same bytes, it is rarely chance */
#define SHORT_LIFE_NS 600000000
#define DENSE 0.5	  /* of the bytes agree within the shortest delay by chance */
#define DISPLACED_MIN 0.5 /* of the span must remain */

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
	const struct zoom_side *from = zoom_side_in(z, i), *to = zoom_side_out(z, j);
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

/*
 * A handful of bursts may coincide: then their bytes must agree as well. Some more may
 * be pieces of a swarm that several wait for: each then gets another part of them.
 */
static bool bursts_agree(const struct zoom_side *from, const struct zoom_side *to,
			 double matched, size_t bursts)
{
	double lighter = fmin(from->bytes, to->bytes);
	double heavier = fmax(from->bytes, to->bytes);

	if (bursts > BURSTS_PIECES)
		return true;
	if (bursts > BURSTS_FEW)
		return lighter >= PIECES_BALANCE * heavier;
	if (lighter < BURSTS_BYTES_MIN || matched < BURSTS_COVERED * lighter)
		return false;
	if (bursts > 1)
		return lighter >= BURSTS_BALANCE * heavier;
	return lighter + BURST_SLACK >= BURST_BALANCE * heavier;
}

/*
 * In a swarm some pieces leave at once for those who wait for just these. In a longer
 * look there are enough of them to be more than chance: a relay passes on nearly all.
 */
static double excess_needed(const struct zoom *z, const struct zoom_jitter *j)
{
	if (z->span > ZOOM_LONGER_NS)
		return EXCESS_LONGER;
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

/* Who sends as much, about, that he might be taken for the other half. */
static size_t count_rivals(const struct zoom *z, const struct zoom_side *from)
{
	size_t count = 0;

	for (size_t j = 0; j < z->flow_count; j++)
		count += 2 * zoom_side_out(z, j)->bytes >= from->bytes;
	return count > 0 ? count : 1;
}

/* Of two sides with a period in common. */
static enum pair_state judge_period(const struct zoom *z, const struct zoom_side *from,
				    const struct zoom_side *to,
				    const struct zoom_jitter *j)
{
	double rivals = (double)count_rivals(z, from);
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

/* What every pair that is tried is measured against. */
struct trial {
	const struct zoom_side *from, *to;
	int64_t base;
	enum pair_by by;
	double lighter; /* bytes, or packets, of the side that has fewer */
	int64_t life;	/* of the shorter of them, ns */
	bool is_short;	/* they may overlap by chance */
	double matched[ZOOM_DELAYS];
	/* With displaced arrivals. */
	size_t tried;
	double sum[ZOOM_DELAYS], mean[ZOOM_DELAYS];
	double least[ZOOM_DELAYS], most[ZOOM_DELAYS];
	size_t delay; /* the best */
};

static double amount(const struct zoom_side *s, enum pair_by by)
{
	return by == PAIR_BY_BYTES ? s->bytes : (double)(s->end - s->begin);
}

static int64_t life_of(const struct zoom_matcher *m, const struct zoom_side *s)
{
	return m->events[s->end - 1].time - m->events[s->begin].time;
}

/* Short connections that neither begin together nor agree in their bytes. */
static bool may_overlap(const struct zoom *z, const struct trial *t)
{
	int64_t begin = z->matcher.events[t->to->begin].time -
			z->matcher.events[t->from->begin].time;

	if (t->life >= SHORT_LIFE_NS)
		return false;
	return begin < 0 || begin > BEGIN_NS ||
	       fmin(t->from->bytes, t->to->bytes) <
		       BURST_BALANCE * fmax(t->from->bytes, t->to->bytes);
}

/*
 * A displacement beyond the life of a short connection finds nothing, whatever it
 * carried: it is displaced by a part of its life.
 */
static int64_t displacement_of(const struct trial *t, size_t k)
{
	if (!t->is_short)
		return zoom_displacements[k];
	return t->life * (int64_t)(k + 1) / (2 * ZOOM_DISPLACEMENTS);
}

/* One displacement more. False where too little of the two would remain. */
static bool add_chance(struct zoom *z, struct trial *t, int64_t away)
{
	double taken[ZOOM_DELAYS];
	double span = (double)(t->is_short ? t->life : z->span);
	/* The rest stands for all. */
	double part = 1 - fabs((double)away) / span;

	if (!(part >= DISPLACED_MIN))
		return false;
	zoom_match(&z->matcher, t->from, t->to, t->base + away, ZOOM_DELAYS, taken);
	t->tried++;
	for (size_t d = 0; d < ZOOM_DELAYS; d++) {
		taken[d] = fmin(taken[d] / part, t->lighter);
		t->sum[d] += taken[d];
		t->most[d] = fmax(t->most[d], taken[d]);
		if (t->tried == 1 || taken[d] < t->least[d])
			t->least[d] = taken[d];
	}
	return true;
}

/*
 * What the same finds with displaced arrivals. PAIR_NONE when that is just as much, or
 * PAIR_DENSE where it could not be less: packets follow each other so closely that the
 * shortest delay tells nothing.
 */
static enum pair_state measure_chance(struct zoom *z, struct trial *t)
{
	size_t d;

	for (size_t k = 0; k < ZOOM_DISPLACEMENTS; k++) {
		if (!add_chance(z, t, displacement_of(t, k)))
			continue;
		/* A few are enough to see that most pairs have nothing in common. */
		d = best_delay(t->matched, t->least);
		if (t->tried >= DISPLACEMENTS_FEW &&
		    t->matched[d] - t->least[d] < EXCESS_MIN * t->lighter)
			return t->least[0] > DENSE * t->lighter ? PAIR_DENSE
								: PAIR_NONE;
	}
	if (t->tried < DISPLACEMENTS_FEW)
		return PAIR_NONE;
	for (d = 0; d < ZOOM_DELAYS; d++)
		t->mean[d] = t->sum[d] / (double)t->tried;
	t->delay = best_delay(t->matched, t->mean);
	return PAIR_ACCEPTED;
}

/* Enough beyond chance, for so many bursts. */
static enum pair_state judge_excess(const struct zoom *z, const struct trial *t,
				    const struct zoom_jitter *j)
{
	double matched = t->matched[t->delay];
	double excess = matched - t->mean[t->delay];

	if (t->by != PAIR_BY_BYTES) {
		if (matched < COUNT_MATCHED * t->lighter ||
		    excess < EXCESS_SOME * t->lighter)
			return PAIR_NONE;
		return j->bursts > BURSTS_FEW ? PAIR_ACCEPTED : PAIR_FEW;
	}
	if (excess < excess_needed(z, j) * t->lighter)
		return z->span > ZOOM_LONGER_NS && excess >= EXCESS_MIN * t->lighter
			       ? PAIR_FEW
			       : PAIR_NONE;
	return bursts_agree(t->from, t->to, matched, j->bursts) ? PAIR_ACCEPTED
								: PAIR_FEW;
}

/*
 * Whether `to` is what `from` brought, each byte `base` ns later or a bit more; or each
 * packet, whatever its length.
 */
static struct pair judge_sides_at(struct zoom *z, const struct zoom_side *from,
				  const struct zoom_side *to, int64_t base,
				  enum pair_by by)
{
	struct pair p = {.base = base, .by = (uint8_t)by};
	struct trial t = {.from = from, .to = to, .base = base, .by = by};
	struct zoom_jitter jitter;
	double away;

	t.lighter = fmin(amount(t.from, by), amount(t.to, by));
	t.life = life_of(&z->matcher, t.from);
	if (life_of(&z->matcher, t.to) < t.life)
		t.life = life_of(&z->matcher, t.to);
	t.is_short = may_overlap(z, &t);
	z->matcher.is_counting = by != PAIR_BY_BYTES;
	zoom_match(&z->matcher, t.from, t.to, base, ZOOM_DELAYS, t.matched);
	p.state = (uint8_t)measure_chance(z, &t);
	if (p.state != PAIR_ACCEPTED)
		return p;
	zoom_compare_jitter(&z->matcher, t.from, t.to, base,
			    (int64_t)ZOOM_DELAY_LEAST << t.delay, &jitter);
	p.state = (uint8_t)judge_excess(z, &t, &jitter);
	if (p.state != PAIR_ACCEPTED)
		return p;
	p.delay = (uint8_t)t.delay;
	p.bursts = (uint16_t)fmin((double)jitter.bursts, UINT16_MAX);
	p.share = (float)fmin(1, t.matched[t.delay] / t.lighter);
	p.excess = (float)((t.matched[t.delay] - t.mean[t.delay]) / t.lighter);
	away = match_periods_away(z, t.from, t.to, base, jitter.period, t.delay);
	if (fmax(t.most[t.delay], away) > PERIODIC_SHARE * t.matched[t.delay])
		p.state = (uint8_t)(base == 0 ? judge_period(z, t.from, t.to, &jitter)
					      : judge_jitter(&jitter));
	return p;
}

/* A second look for those that take their time, at the delay they seem to have. */
struct pair zoom_judge_sides(struct zoom *z, const struct zoom_side *from,
			     const struct zoom_side *to, enum pair_by by,
			     int64_t seeming)
{
	struct pair first = judge_sides_at(z, from, to, 0, by), second;

	if (first.state >= PAIR_TOGETHER || seeming == 0)
		return first;
	second = judge_sides_at(z, from, to, seeming, by);
	return second.state == PAIR_ACCEPTED ? second : first;
}

static struct pair judge_pair_by(struct zoom *z, size_t i, size_t j, enum pair_by by)
{
	const struct pair *scored = &z->pairs[i][j];
	struct pair p = zoom_judge_sides(z, zoom_from(z, i, by), zoom_to(z, j, by), by,
					 scored->seeming);

	p.score = scored->score;
	p.seeming = scored->seeming;
	return p;
}

/* Whether nearly all packets of a side have one length. */
static bool is_padded(const struct zoom_matcher *m, const struct zoom_side *s)
{
	uint32_t length = m->events[s->begin + (s->end - s->begin) / 2].length;
	size_t same = 0;

	for (size_t k = s->begin; k < s->end; k++)
		same += m->events[k].length == length;
	return 20 * same >= 19 * (s->end - s->begin);
}

/*
 * Whether one side may be the other in another encoding, burst by burst. What is
 * announced to everybody when a piece is complete is much shorter than the piece.
 */
static bool may_be_recoded(const struct zoom *z, const struct zoom_side *from,
			   const struct zoom_side *to)
{
	double few = fmin(amount(from, PAIR_BY_BURSTS), amount(to, PAIR_BY_BURSTS));
	double many = fmax(amount(from, PAIR_BY_BURSTS), amount(to, PAIR_BY_BURSTS));
	double ratio = fmax(from->bytes, to->bytes) / fmin(from->bytes, to->bytes);

	if (few < COUNT_MIN || few < COUNT_BALANCE * many)
		return false;
	return ratio <= COUNT_BYTES ||
	       (ratio <= COUNT_BYTES_PADDED &&
		(is_padded(&z->matcher, from) || is_padded(&z->matcher, to)));
}

static void judge_pair(struct zoom *z, size_t i, size_t j)
{
	struct pair by_bytes = judge_pair_by(z, i, j, PAIR_BY_BYTES), by_bursts;

	z->pairs[i][j] = by_bytes;
	if (!may_be_recoded(z, zoom_from(z, i, PAIR_BY_BURSTS),
			    zoom_to(z, j, PAIR_BY_BURSTS)))
		return;
	by_bursts = judge_pair_by(z, i, j, PAIR_BY_BURSTS);
	if (by_bursts.state >= by_bytes.state)
		z->pairs[i][j] = by_bursts;
}

void zoom_score_pairs(struct zoom *z)
{
	double received = 0;

	for (size_t i = 0; i < z->flow_count; i++)
		received += zoom_side_in(z, i)->bytes;
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t j = 0; j < z->flow_count; j++)
			score_pair(z, i, j, received);
}

void zoom_judge_pairs(struct zoom *z)
{
	zoom_score_pairs(z);
	for (size_t i = 0; i < z->flow_count; i++)
		for (size_t j = 0; j < z->flow_count; j++)
			if (is_candidate(z, i, j))
				judge_pair(z, i, j);
	z->matcher.is_counting = false;
}
