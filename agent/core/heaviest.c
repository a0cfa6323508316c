/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/heaviest.h"
#include <math.h>
#include <utlist.h>

double heaviest_weight(const struct flow *f, uint32_t epoch)
{
	return (f->rates.in + f->rates.out) * decay_carry(f->epoch, epoch);
}

/* --- selection -------------------------------------------------------------------- */

static bool is_heavier(const struct weighed *a, const struct weighed *b)
{
	if (a->weight > b->weight)
		return true;
	return !(a->weight < b->weight) && a->place < b->place;
}

static void swap(struct weighed *a, struct weighed *b)
{
	struct weighed c = *a;

	*a = *b;
	*b = c;
}

/* Hoare's partition of [from, to) by its middle; where the second part begins. */
static size_t partition(struct weighed *x, size_t from, size_t to)
{
	struct weighed pivot = x[from + (to - from - 1) / 2];
	size_t i = from, j = to - 1;

	for (;;) {
		while (is_heavier(&x[i], &pivot))
			i++;
		while (is_heavier(&pivot, &x[j]))
			j--;
		if (i >= j)
			return j + 1;
		swap(&x[i++], &x[j--]);
	}
}

/* Moves the `keep` heaviest to the front (Hoare's FIND). */
static void select_front(struct weighed *x, size_t count, size_t keep)
{
	size_t from = 0, to = count;

	while (to - from > 1) {
		size_t middle = partition(x, from, to);

		if (keep < middle)
			to = middle;
		else
			from = middle;
	}
}

static void sort(struct weighed *x, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct weighed w = x[i];
		size_t at = i;

		for (; at > 0 && is_heavier(&w, &x[at - 1]); at--)
			x[at] = x[at - 1];
		x[at] = w;
	}
}

void selection_init(struct selection *s)
{
	s->count = s->places = 0;
	s->floor = -1;
}

void selection_reduce(struct selection *s, size_t keep)
{
	if (s->count <= keep)
		return;
	select_front(s->items, s->count, keep);
	for (size_t i = keep; i < s->count; i++)
		s->floor = fmax(s->floor, s->items[i].weight);
	s->count = keep;
}

void selection_add(struct selection *s, struct flow *f, double weight)
{
	if (weight <= s->floor)
		return;
	if (s->count == HEAVIEST_MAX)
		selection_reduce(s, HEAVIEST_KEPT);
	s->items[s->count++] = (struct weighed){weight, f, s->places++};
}

size_t selection_list(struct selection *s, struct flow *ret_flows[HEAVIEST_LISTED])
{
	selection_reduce(s, HEAVIEST_LISTED);
	sort(s->items, s->count);
	for (size_t i = 0; i < s->count; i++)
		ret_flows[i] = s->items[i].flow;
	return s->count;
}

/* --- kept for an application ------------------------------------------------------ */

static void move_to(struct heaviest *h, uint32_t epoch)
{
	if (h->epoch >= epoch)
		return;
	if (h->floor > 0)
		h->floor *= decay_carry(h->epoch, epoch);
	h->epoch = epoch;
}

static void load(const struct heaviest *h, struct selection *s)
{
	selection_init(s);
	for (size_t i = 0; i < h->count; i++)
		s->items[i] = (struct weighed){heaviest_weight(h->flows[i], h->epoch),
					       h->flows[i], i};
	s->count = s->places = h->count;
}

static void forget(struct heaviest *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->flows[i]->is_heavy = false;
	h->count = 0;
	h->floor = -1;
}

static void store(struct heaviest *h, const struct selection *s)
{
	double floor = fmax(h->floor, s->floor);

	forget(h);
	for (size_t i = 0; i < s->count; i++) {
		h->flows[i] = s->items[i].flow;
		h->flows[i]->is_heavy = true;
	}
	h->count = s->count;
	h->floor = floor;
}

static void let_go(struct heaviest *h)
{
	struct selection s;

	load(h, &s);
	selection_reduce(&s, HEAVIEST_KEPT);
	store(h, &s);
}

void heaviest_note(struct heaviest *h, struct flow *f)
{
	if (!h->is_kept || !f->is_stranger)
		return;
	move_to(h, f->epoch);
	if (f->is_heavy || heaviest_weight(f, h->epoch) <= h->floor)
		return;
	if (h->count == HEAVIEST_MAX)
		let_go(h);
	/* It may be lighter than what was just let go: the floor is a bound only. */
	h->flows[h->count++] = f;
	f->is_heavy = true;
}

void heaviest_drop(struct heaviest *h, struct flow *f)
{
	if (!f->is_heavy)
		return;
	f->is_heavy = false;
	for (size_t i = 0; i < h->count; i++)
		if (h->flows[i] == f) {
			h->flows[i] = h->flows[--h->count];
			return;
		}
}

static void walk(struct heaviest *h, struct flow *flows)
{
	struct selection s;
	struct flow *f;

	forget(h);
	DL_FOREACH (flows, f)
		move_to(h, f->epoch);
	selection_init(&s);
	DL_FOREACH (flows, f)
		if (f->is_stranger)
			selection_add(&s, f, heaviest_weight(f, h->epoch));
	selection_reduce(&s, HEAVIEST_KEPT);
	store(h, &s);
	h->is_kept = true;
}

/* Whether nobody outside can be heavier than those that will be listed. */
static bool is_enough(const struct heaviest *h)
{
	size_t sure = 0;

	for (size_t i = 0; i < h->count; i++)
		sure += heaviest_weight(h->flows[i], h->epoch) >= h->floor;
	return h->floor < 0 || sure >= HEAVIEST_LISTED;
}

size_t heaviest_list(struct heaviest *h, struct flow *flows,
		     struct flow *ret_flows[HEAVIEST_LISTED])
{
	struct selection s;

	if (!h->is_kept || !is_enough(h))
		walk(h, flows);
	load(h, &s);
	return selection_list(&s, ret_flows);
}

void heaviest_stop(struct heaviest *h)
{
	forget(h);
	h->is_kept = false;
}
