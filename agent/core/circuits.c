/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/circuits.h"
#include "base/units.h"
#include "core/circuits_match.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SETTLED (7 * SECOND_NS)	   /* a reading of every flow comes within 5 s */
#define HOLD (20 * SECOND_NS)	   /* a flow is kept for some evaluations... */
#define HOLD_BUSY (60 * SECOND_NS) /* ...longer while it moves, not for ever */
#define WINDOW (180 * SECOND_NS)
#define SHORT (120 * SECOND_NS)
#define SLICES 16 /* of the time recorded */
#define SLICES_LEFT_OUT 2
#define PEER_WORDS 16

#define Z_MIN 6.0	 /* some thousand windows are tried */
#define Z_ENDED_MIN 8.0	 /* where only sizes tell */
#define Z_SPREAD_MIN 4.0 /* without the two fullest slices */
#define PAIRS_MIN 8.0	 /* beyond chance */
#define SHARE_MIN 0.1

/* Where bytes are lost on the way. */
#define LOOSE_BYTES_MIN 65536	  /* less hardly waits anywhere */
#define LOOSE_AGE (2 * SECOND_NS) /* of what has not ended */
#define LOOSE_CROSSED_MIN 0.7	  /* of what opened together */
#define LOOSE_CORRELATION_MIN 0.7
#define LOOSE_Z_MIN 5.0	     /* of it */
#define LOOSE_WITHIN_MIN 0.6 /* among large ones, and among small ones */
#define LOOSE_Z_WITHIN_MIN 4.0

struct entry {
	uint64_t first_ns;
	struct addr remote;
	uint32_t handle;   /* 0: none */
	uint32_t moved_ms; /* after the first packet */
	uint32_t in, out;
	uint16_t run;
	bool is_inbound, is_closed;
};

struct circuits {
	uint32_t next; /* handle */
	uint16_t run;
	bool is_gap; /* something was refused since */
	uint64_t refused;
	struct entry entries[CIRCUITS_MAX];
};

struct circuits *circuits_new(void)
{
	struct circuits *c = calloc(1, sizeof(*c));

	if (c)
		c->next = 1;
	return c;
}

void circuits_free(struct circuits *c)
{
	free(c);
}

struct circuits_work *circuits_work_new(void)
{
	return calloc(1, sizeof(struct circuits_work));
}

void circuits_work_free(struct circuits_work *w)
{
	free(w);
}

static uint64_t moved_ns(const struct entry *e)
{
	return e->first_ns + (uint64_t)e->moved_ms * (SECOND_NS / 1000);
}

static bool is_settled(const struct entry *e, uint64_t now_ns)
{
	return e->is_closed || moved_ns(e) + SETTLED <= now_ns;
}

static bool may_go(const struct entry *e, uint64_t now_ns)
{
	if (!e->handle || e->first_ns + HOLD_BUSY <= now_ns)
		return true;
	return e->first_ns + HOLD <= now_ns && is_settled(e, now_ns);
}

uint32_t circuits_open(struct circuits *c, uint64_t first_ns, const struct addr *remote,
		       bool is_inbound)
{
	struct entry *e = &c->entries[c->next % CIRCUITS_MAX];

	/* A gap lasts until there is room for half a run: many short ones tell less. */
	if (!may_go(e, first_ns) ||
	    (c->is_gap &&
	     !may_go(&c->entries[(c->next + CIRCUITS_MAX / 2) % CIRCUITS_MAX],
		     first_ns))) {
		c->refused++;
		c->is_gap = true;
		return 0;
	}
	c->run = (uint16_t)(c->run + c->is_gap);
	c->is_gap = false;
	*e = (struct entry){
		.first_ns = first_ns,
		.remote = *remote,
		.handle = c->next,
		.run = c->run,
		.is_inbound = is_inbound,
	};
	/* CIRCUITS_MAX divides 2^32; no flow has handle 0, its slot is left out once.
	 */
	if (++c->next == 0)
		c->next = CIRCUITS_MAX;
	return e->handle;
}

static struct entry *find(struct circuits *c, uint32_t handle)
{
	struct entry *e = &c->entries[handle % CIRCUITS_MAX];

	return handle && e->handle == handle ? e : NULL;
}

static uint32_t capped(uint64_t x)
{
	return x < UINT32_MAX ? (uint32_t)x : UINT32_MAX;
}

void circuits_update(struct circuits *c, uint32_t handle, uint64_t in, uint64_t out,
		     uint64_t moved_ns)
{
	struct entry *e = find(c, handle);

	if (!e)
		return;
	e->in = capped(in);
	e->out = capped(out);
	if (moved_ns > e->first_ns)
		e->moved_ms = capped((moved_ns - e->first_ns) / (SECOND_NS / 1000));
}

void circuits_close(struct circuits *c, uint32_t handle)
{
	struct entry *e = find(c, handle);

	if (e)
		e->is_closed = true;
}

uint64_t circuits_refused(const struct circuits *c)
{
	return c->refused;
}

/* --- evaluation --------------------------------------------------------------------
 */

static uint64_t hash_of(const struct addr *a)
{
	uint64_t high, low;

	memcpy(&high, a->b, sizeof(high));
	memcpy(&low, a->b + sizeof(high), sizeof(low));
	return (high * 0x9e3779b97f4a7c15u) ^ low;
}

static bool is_short(const struct entry *e, uint64_t now_ns)
{
	return e->handle && e->first_ns + SETTLED <= now_ns &&
	       e->first_ns + WINDOW >= now_ns &&
	       (uint64_t)e->moved_ms * (SECOND_NS / 1000) <= SHORT &&
	       is_settled(e, now_ns) && (e->in || e->out);
}

static void fill(struct circuits_flow *f, const struct circuits *c, uint16_t slot)
{
	const struct entry *e = &c->entries[slot];

	*f = (struct circuits_flow){.time = e->first_ns,
				    .remote = &e->remote,
				    .hash = hash_of(&e->remote),
				    .lasted_ms = e->moved_ms,
				    .slot = slot,
				    /* In order also where it wraps. */
				    .run = (uint16_t)(e->run - c->run - 1),
				    .is_inbound = e->is_inbound};
}

/* Takes up what can be paired. Returns the bytes in of all short flows. */
static double load(const struct circuits *c, struct circuits_work *w, uint64_t now_ns,
		   unsigned int *ret_flows)
{
	double in = 0;

	w->count = 0;
	*ret_flows = 0;
	for (uint16_t i = 0; i < CIRCUITS_MAX; i++) {
		const struct entry *e = &c->entries[i];
		struct circuits_flow *f = &w->flows[w->count];

		if (!is_short(e, now_ns))
			continue;
		in += e->in;
		++*ret_flows;
		if (e->in < CIRCUITS_BYTES_MIN && e->out < CIRCUITS_BYTES_MIN)
			continue;
		fill(f, c, i);
		circuits_flow_size(f, e->in, e->out);
		w->count++;
	}
	return in;
}

static bool is_loose(const struct entry *e, uint64_t now_ns)
{
	return e->handle && e->first_ns + LOOSE_AGE <= now_ns &&
	       e->first_ns + WINDOW >= now_ns &&
	       (uint64_t)e->moved_ms * (SECOND_NS / 1000) <= SHORT;
}

/* Large flows, ended or not: they may last longer than it should take to find them.
 * Returns the bytes in of all short flows so far. */
static double reload_loosely(const struct circuits *c, struct circuits_work *w,
			     uint64_t now_ns)
{
	double in = 0;

	w->count = 0;
	for (uint16_t i = 0; i < CIRCUITS_MAX; i++) {
		const struct entry *e = &c->entries[i];
		struct circuits_flow *f = &w->flows[w->count];

		if (!is_loose(e, now_ns))
			continue;
		in += e->in;
		if (e->in < LOOSE_BYTES_MIN && e->out < LOOSE_BYTES_MIN)
			continue;
		fill(f, c, i);
		circuits_flow_size_loosely(f, e->in, e->out);
		w->count++;
	}
	return in;
}

/*
 * By the last bytes. A flow that brought as much as it took crosses with every flow of
 * its size, so that two peers that exchanged the same look like a relay: it must do
 * without the times of opening, and is left out.
 */
static void reload_by_end(const struct circuits *c, struct circuits_work *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++) {
		struct circuits_flow f = w->flows[i];

		if (circuits_cross(&f, &f))
			continue;
		f.time = moved_ns(&c->entries[f.slot]);
		w->flows[kept++] = f;
	}
	w->count = kept;
}

static uint32_t size_of(const struct circuits_pair *p)
{
	return p->in > p->out ? p->in : p->out;
}

static void name_pair(const struct circuits *c, const struct circuits_flow *a,
		      const struct circuits_flow *b, struct circuits_result *r)
{
	struct circuits_pair p = {
		.from = c->entries[a->slot].remote,
		.to = c->entries[b->slot].remote,
		.lag_ns = b->time - a->time,
		.in = a->in,
		.out = a->out,
	};
	size_t i = r->strongest_count;

	if (i < CIRCUITS_PAIRS_MAX)
		r->strongest_count++;
	else if (size_of(&p) <= size_of(&r->strongest[--i]))
		return;
	for (; i > 0 && size_of(&p) > size_of(&r->strongest[i - 1]); i--)
		r->strongest[i] = r->strongest[i - 1];
	r->strongest[i] = p;
}

struct slice {
	double opened, crossed; /* pairs */
};

/* Addresses by a hash of ten bits: exact enough to tell few from many. */
static void count_peer(uint64_t seen[PEER_WORDS], uint64_t of_remote,
		       struct circuits_result *r)
{
	uint64_t hash = (of_remote * 0xff51afd7ed558ccdu) >> 54;
	uint64_t bit = 1ull << (hash % 64);

	r->peers += !(seen[hash / 64] & bit);
	seen[hash / 64] |= bit;
}

/* The pairs at the lag found, by slices of the time recorded. Returns the bytes in of
 * those that cross. */
static double walk_pairs(const struct circuits *c, const struct circuits_work *w,
			 const struct circuits_found *f, struct slice slices[SLICES],
			 struct circuits_result *r)
{
	uint64_t whole = w->flows[w->count - 1].recorded / SLICES + 1;
	uint64_t seen[PEER_WORDS] = {0};
	double in = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct circuits_flow *a = &w->flows[i];
		struct slice *s = &slices[a->recorded / whole];
		size_t end = circuits_reach(w, i, (uint64_t)f->end << f->shift);

		for (size_t j = i + 1; j < end; j++) {
			if (!circuits_is_at_lag(w, f, i, j))
				continue;
			s->opened++;
			if (!circuits_cross(a, &w->flows[j]))
				continue;
			s->crossed++;
			in += (double)a->in + (double)w->flows[j].in;
			r->pairs++;
			count_peer(seen, a->hash, r);
			count_peer(seen, w->flows[j].hash, r);
			name_pair(c, a, &w->flows[j], r);
		}
	}
	return in;
}

static struct slice sum_of(const struct slice slices[SLICES])
{
	struct slice sum = {0};

	for (size_t i = 0; i < SLICES; i++) {
		sum.opened += slices[i].opened;
		sum.crossed += slices[i].crossed;
	}
	return sum;
}

static void empty_fullest(struct slice slices[SLICES])
{
	struct slice *fullest = slices;

	for (size_t i = 1; i < SLICES; i++)
		if (slices[i].crossed > fullest->crossed)
			fullest = &slices[i];
	*fullest = (struct slice){0};
}

/* Whether it still holds without the fullest slices. */
static bool is_spread(struct slice slices[SLICES], const struct circuits_found *f)
{
	struct slice all = sum_of(slices), left;
	double expected;

	for (size_t i = 0; i < SLICES_LEFT_OUT; i++)
		empty_fullest(slices);
	left = sum_of(slices);
	if (all.opened <= 0)
		return false;
	expected = f->expected * left.opened / all.opened;
	return circuits_z(left.crossed, expected, f->spread) >= Z_SPREAD_MIN;
}

static void judge(const struct circuits *c, const struct circuits_work *w,
		  const struct circuits_found *f, double received,
		  struct circuits_result *r)
{
	struct slice slices[SLICES] = {{0}};
	double by_chance = fmin(1, f->expected / f->crossed), in;
	bool is_ended = f->kind == CIRCUITS_ENDED;

	r->kind = f->kind;
	r->z = f->z;
	r->crossed_share = f->crossed_share;
	r->lag_min_ns = (uint64_t)f->begin << f->shift;
	r->lag_max_ns = (uint64_t)f->end << f->shift;
	in = walk_pairs(c, w, f, slices, r);
	if (received > 0) {
		r->matched_share = fmin(1, in * (1 - by_chance) / received);
		r->chance_share = fmin(1, in * by_chance / received);
	}
	if (is_ended && (f->z < Z_ENDED_MIN || f->crossed < 3 * f->expected))
		return;
	r->is_conclusive = f->crossed - f->expected >= PAIRS_MIN &&
			   r->matched_share >= SHARE_MIN && is_spread(slices, f);
}

/* By the opening, and sizes that agree with each other more than they are alike. */
static void evaluate_loosely(const struct circuits *c, struct circuits_work *w,
			     uint64_t now_ns, struct circuits_result *ret_result)
{
	struct circuits_result r = {.flows = ret_result->flows, .is_loose = true};
	double received = reload_loosely(c, w, now_ns);
	struct circuits_found f = circuits_find_answered(w);
	struct circuits_agreement a;

	if (f.kind == CIRCUITS_NONE || f.z < Z_MIN ||
	    f.crossed_share < LOOSE_CROSSED_MIN)
		return;
	a = circuits_agree(w, &f);
	if (a.correlation < LOOSE_CORRELATION_MIN || a.z < LOOSE_Z_MIN ||
	    a.within < LOOSE_WITHIN_MIN || a.z_within < LOOSE_Z_WITHIN_MIN)
		return;
	judge(c, w, &f, received, &r);
	if (r.is_conclusive)
		*ret_result = r;
}

void circuits_evaluate(const struct circuits *c, struct circuits_work *w,
		       uint64_t now_ns, struct circuits_result *ret_result)
{
	struct circuits_result r = {0};
	double received = load(c, w, now_ns, &r.flows);
	struct circuits_found f = circuits_find_opened(w);

	if (f.kind == CIRCUITS_NONE || f.z < Z_MIN) {
		reload_by_end(c, w);
		f = circuits_find_ended(w);
	}
	if (f.kind != CIRCUITS_NONE && f.z >= Z_MIN)
		judge(c, w, &f, received, &r);
	if (!r.is_conclusive)
		evaluate_loosely(c, w, now_ns, &r);
	*ret_result = r;
}
