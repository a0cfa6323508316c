/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Too many packets a second: of some flows all of them rather than of all flows some.
 * What was received is chosen by weight, never by how well it matches, and each flow
 * together with the ones it matches best: so the share that is matched stays fair.
 */
#include "core/zoom_internal.h"
#include <math.h>

#define LASTS_NS 1e9   /* a look of this length is long enough */
#define FULL_AIM 0.9   /* of the room, by then */
#define CHECKS_APART 4 /* in a full look */

struct thinning {
	const struct zoom *zoom;
	double allowed, used; /* packets up to now */
	bool is_kept[ZOOM_FLOWS_MAX];
};

static double packets_of(const struct zoom *z, size_t flow)
{
	return (double)z->carried[flow];
}

static size_t best_receiver(const struct zoom *z, size_t i)
{
	size_t best = i;

	for (size_t j = 0; j < z->flow_count; j++)
		if (z->pairs[i][j].score > z->pairs[i][best].score)
			best = j;
	return best;
}

static size_t best_source(const struct zoom *z, size_t j)
{
	size_t best = j;

	for (size_t i = 0; i < z->flow_count; i++)
		if (z->pairs[i][j].score > z->pairs[best][j].score)
			best = i;
	return best;
}

/* What keeping flow `i` and those it matches best would add. */
static double cost_of(const struct thinning *t, size_t i, size_t to, size_t from)
{
	double cost = packets_of(t->zoom, i);

	if (to != i && !t->is_kept[to])
		cost += packets_of(t->zoom, to);
	if (from != i && from != to && !t->is_kept[from])
		cost += packets_of(t->zoom, from);
	return cost;
}

static void keep(struct thinning *t, size_t i)
{
	size_t to = best_receiver(t->zoom, i), from = best_source(t->zoom, i);

	t->used += cost_of(t, i, to, from);
	t->is_kept[i] = t->is_kept[to] = t->is_kept[from] = true;
}

/* By weight, as they came; what would fit alone comes before nothing at all. */
static void choose(struct thinning *t)
{
	const struct zoom *z = t->zoom;
	size_t lightest = ZOOM_FLOWS_MAX;
	double least = INFINITY;

	for (size_t i = 0; i < z->flow_count; i++) {
		double cost;

		if (t->is_kept[i] || !z->carried[i] || z->is_dropped[i])
			continue;
		cost = cost_of(t, i, best_receiver(z, i), best_source(z, i));
		if (t->used + cost <= t->allowed)
			keep(t, i);
		if (cost < least && zoom_side_in(z, i)->bytes > 0) {
			least = cost;
			lightest = i;
		}
	}
	if (t->used == 0 && lightest < ZOOM_FLOWS_MAX)
		keep(t, lightest);
}

static void forget(struct zoom *z, const struct thinning *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < z->flow_count; i++)
		if (z->carried[i] && !t->is_kept[i] && !z->is_dropped[i]) {
			z->is_dropped[i] = true;
			z->dropped++;
		}
	for (size_t k = 0; k < z->packet_count; k++)
		if (!z->is_dropped[z->packets[k].flow])
			z->packets[kept++] = z->packets[k];
	z->packet_count = kept;
}

void zoom_thin(struct zoom *z)
{
	struct thinning t = {.zoom = z};
	double lasts;

	z->thin_at += ZOOM_PACKETS_MAX / CHECKS_APART;
	lasts = (double)z->span * ZOOM_PACKETS_MAX / (double)z->packet_count;
	if (lasts >= LASTS_NS || z->span <= 0)
		return;
	zoom_sort_events(z);
	zoom_score_pairs(z);
	t.allowed = FULL_AIM * ZOOM_PACKETS_MAX * (double)z->span / LASTS_NS;
	choose(&t);
	forget(z, &t);
	z->thin_at = z->packet_count + ZOOM_PACKETS_MAX / CHECKS_APART;
}
