/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short connections through a fast proxy are too dense for their packets to tell, and a
 * full queue delays them by more than they last. But they begin and end together, and
 * carry the same number of bytes: each is compared as a whole. Where sizes are few,
 * some of those that happen to overlap agree by chance: how many is reckoned from how
 * often the size occurs among all the others.
 */
#include "core/zoom_internal.h"
#include <math.h>
#include <stdlib.h>

#define EDGE_NS 20000000   /* silence at either end of the look: it is whole */
#define BYTES_MIN 4096	   /* of a whole flow */
#define BYTES_DIFFER 0.02  /* of them, and */
#define BYTES_GREETING 100 /* what a proxy is told, and tells, itself */
#define BYTES_REQUEST 300  /* the other way */
#define PAIRS_MIN 8
#define CHANCE_MAX 0.7	   /* of the bytes */
#define BEYOND_CHANCE 0.5  /* of what chance leaves */
#define DEVIATIONS_MIN 4.0 /* of the number that agrees */

/*
 * How far apart a connection and its other half may begin (a proxy answers before it
 * asks), and how much later it may end, ns. The closest that shows a relay is taken:
 * where many have one size, others agree by chance the more, the more time they have.
 */
static const struct tolerance {
	int64_t begin, end;
} tolerances[] = {{1000000, 2000000},
		  {2000000, 100000000},
		  {10000000, 100000000},
		  {50000000, 100000000},
		  {250000000, 400000000}};
#define TOLERANCES (sizeof(tolerances) / sizeof(*tolerances))

struct whole {
	const struct zoom *zoom;
	const struct tolerance *tolerance;
	size_t receiver[ZOOM_FLOWS_MAX]; /* of what a flow brought; or the same flow */
	bool is_taken[ZOOM_FLOWS_MAX];
	size_t count;	 /* that were matched, */
	double bytes;	 /* what they brought, */
	double eligible; /* and all that are whole */
	/* By chance. */
	double expected, variance, chance_bytes;
};

static int64_t first_of(const struct zoom *z, const struct zoom_side *s)
{
	return z->matcher.events[s->begin].time;
}

static int64_t last_of(const struct zoom *z, const struct zoom_side *s)
{
	return z->matcher.events[s->end - 1].time;
}

bool zoom_is_whole(const struct zoom *z, const struct zoom_side *s)
{
	return s->end > s->begin && first_of(z, s) >= EDGE_NS &&
	       last_of(z, s) <= z->span - EDGE_NS;
}

static bool is_near(double a, double b, double slack)
{
	return fabs(a - b) <= slack + BYTES_DIFFER * fmax(a, b);
}

/* What it carried from its first byte on, where that is known. */
static double bytes_in(const struct zoom *z, size_t flow)
{
	return z->totals[flow].is_known ? z->totals[flow].in
					: zoom_side_in(z, flow)->bytes;
}

static double bytes_out(const struct zoom *z, size_t flow)
{
	return z->totals[flow].is_known ? z->totals[flow].out
					: zoom_side_out(z, flow)->bytes;
}

/* Whether `j` could be the other half as far as sizes go. */
static bool sizes_agree(const struct zoom *z, size_t i, size_t j)
{
	return is_near(bytes_in(z, i), bytes_out(z, j), BYTES_GREETING) &&
	       is_near(bytes_in(z, j), bytes_out(z, i), BYTES_REQUEST);
}

static bool is_receiver(const struct zoom *z, size_t i, size_t j)
{
	return bytes_out(z, j) >= BYTES_MIN &&
	       !addr_equal(&z->remotes[i], &z->remotes[j]) &&
	       zoom_is_whole(z, zoom_side_out(z, j));
}

/* How late `j` sends what `i` brought, in all, ns; -1 when that can't be. */
static int64_t lateness(const struct whole *w, size_t i, size_t j, int64_t displacement)
{
	const struct zoom *z = w->zoom;
	const struct zoom_side *from = zoom_side_in(z, i), *to = zoom_side_out(z, j);
	int64_t begin = llabs(first_of(z, to) - first_of(z, from) - displacement);
	int64_t end = last_of(z, to) - last_of(z, from) - displacement;

	if (begin > w->tolerance->begin || end < 0 || end > w->tolerance->end)
		return -1;
	return begin + end;
}

/* The one that is least late of those nobody has. */
static void match_one(struct whole *w, size_t i)
{
	int64_t best = -1, late;

	for (size_t j = 0; j < w->zoom->flow_count; j++) {
		if (w->is_taken[j] || !is_receiver(w->zoom, i, j) ||
		    !sizes_agree(w->zoom, i, j))
			continue;
		late = lateness(w, i, j, 0);
		if (late < 0 || (best >= 0 && late >= best))
			continue;
		best = late;
		w->receiver[i] = j;
	}
	if (best < 0)
		return;
	w->is_taken[w->receiver[i]] = true;
	w->count++;
	w->bytes += zoom_side_in(w->zoom, i)->bytes;
}

/* How many others begin and end with it if it is displaced, of any size. */
static double count_in_time(const struct whole *w, size_t i)
{
	size_t count = 0;

	for (size_t k = 0; k < ZOOM_DISPLACEMENTS; k++)
		for (size_t j = 0; j < w->zoom->flow_count; j++)
			count += is_receiver(w->zoom, i, j) &&
				 lateness(w, i, j, zoom_displacements[k]) >= 0;
	return (double)count / ZOOM_DISPLACEMENTS;
}

/* How likely one of those has the right size, too, as often as it is found at other
 * times. */
static void add_chance(struct whole *w, size_t i)
{
	double others = 0, agree = 0, chance;

	for (size_t j = 0; j < w->zoom->flow_count; j++) {
		if (!is_receiver(w->zoom, i, j) || lateness(w, i, j, 0) >= 0)
			continue;
		others++;
		agree += sizes_agree(w->zoom, i, j);
	}
	chance = 1 - pow(1 - (agree + 0.5) / (others + 1), count_in_time(w, i));
	w->expected += chance;
	w->variance += chance * (1 - chance);
	w->chance_bytes += chance * zoom_side_in(w->zoom, i)->bytes;
}

static void match_all(struct whole *w, const struct tolerance *tolerance)
{
	const struct zoom *z = w->zoom;

	*w = (struct whole){.zoom = z, .tolerance = tolerance};
	for (size_t i = 0; i < z->flow_count; i++)
		w->receiver[i] = i;
	for (size_t i = 0; i < z->flow_count; i++) {
		const struct zoom_side *from = zoom_side_in(z, i);

		if (bytes_in(z, i) < BYTES_MIN || !zoom_is_whole(z, from))
			continue;
		w->eligible += from->bytes;
		match_one(w, i);
		add_chance(w, i);
	}
}

/* The bytes that agree beyond chance; 0 where that is not beyond doubt. */
static double weigh(const struct whole *w)
{
	double deviations =
		((double)w->count - w->expected) / sqrt(fmax(w->variance, 0.25));

	if (w->count < PAIRS_MIN || deviations < DEVIATIONS_MIN ||
	    w->chance_bytes > CHANCE_MAX * w->eligible ||
	    w->bytes - w->chance_bytes <
		    BEYOND_CHANCE * (w->eligible - w->chance_bytes))
		return 0;
	return w->bytes - w->chance_bytes;
}

static void note_pair(struct zoom *z, size_t i, size_t j, enum pair_state state)
{
	struct pair *p = &z->pairs[i][j];

	if (p->state == PAIR_ACCEPTED)
		return;
	p->state = (uint8_t)state;
	p->is_whole = true;
	p->by = PAIR_BY_BYTES;
	p->bursts = 1;
	p->share = 1;
}

static void note_pairs(struct zoom *z, const struct whole *w, enum pair_state state)
{
	for (size_t i = 0; i < z->flow_count; i++) {
		size_t j = w->receiver[i];

		if (j == i)
			continue;
		note_pair(z, i, j, state);
		if (zoom_side_in(z, j)->bytes > 0 && zoom_side_out(z, i)->bytes > 0)
			note_pair(z, j, i, state);
	}
}

void zoom_judge_whole(struct zoom *z)
{
	struct whole w = {.zoom = z}, best = {.zoom = z};
	double most = 0, weight;

	for (size_t k = 0; k < TOLERANCES; k++) {
		match_all(&w, &tolerances[k]);
		weight = weigh(&w);
		if (weight > most || (most <= 0 && w.count >= PAIRS_MIN))
			best = w;
		most = fmax(most, weight);
	}
	z->whole_count = most > 0 ? best.count : 0;
	z->whole_chance = most > 0 ? best.chance_bytes / best.eligible : 0;
	if (best.count >= PAIRS_MIN)
		note_pairs(z, &best, most > 0 ? PAIR_ACCEPTED : PAIR_UNDECIDED);
}
