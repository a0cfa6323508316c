/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/transport.h"
#include <math.h>
#include <utlist.h>

double transport_share(const struct transport *t)
{
	double larger = fmax(t->in, t->out);
	double others = t->in + t->out - t->worst_peer;

	if (larger <= 0)
		return 0;
	return fmax(0, fmin(fmin(t->in, t->out), others)) / larger;
}

/* What a peer counts for now; NULL counts for nothing. */
static double weight_of(const struct transport_sums *s, const struct peer *p,
			enum peer_part part)
{
	if (!p)
		return 0;
	return (p->rates[part].in + p->rates[part].out) *
	       decay_carry(p->epoch, s->epoch);
}

static void move_sums(struct transport_sums *s, uint32_t epoch)
{
	if (s->epoch >= epoch)
		return;
	for (int part = 0; part < PEER_PARTS; part++) {
		rates_move(&s->parts[part].rates, s->epoch, epoch);
		s->parts[part].others *= decay_carry(s->epoch, epoch);
	}
	s->epoch = epoch;
}

static void move_peer(struct peer *p, uint32_t epoch)
{
	for (int part = 0; part < PEER_PARTS && p->epoch != epoch; part++)
		rates_move(&p->rates[part], p->epoch, epoch);
	p->epoch = epoch;
}

/* The peer has grown. */
static void rank_peer(struct transport_sums *s, const struct peer *p,
		      enum peer_part part)
{
	struct transport_sum *sum = &s->parts[part];
	double weight = weight_of(s, p, part), top;

	if (p == sum->top)
		return;
	top = weight_of(s, sum->top, part);
	if (weight > top) {
		sum->top = p;
		weight = top;
	}
	sum->others = fmax(sum->others, weight);
}

/* Rates of the epoch of the sums. */
static void grow(struct transport_sums *s, struct peer *p, enum peer_part part,
		 const struct rates *by)
{
	s->parts[part].rates.in += by->in;
	s->parts[part].rates.out += by->out;
	p->rates[part].in += by->in;
	p->rates[part].out += by->out;
	rank_peer(s, p, part);
}

/* What is left of a sum when all of it was taken away may be rounding. */
static void shrink(struct transport_sums *s, struct peer *p, enum peer_part part,
		   const struct rates *by)
{
	struct rates *sum = &s->parts[part].rates, *of_peer = &p->rates[part];

	sum->in = fmax(0, sum->in - by->in);
	sum->out = fmax(0, sum->out - by->out);
	of_peer->in = fmax(0, of_peer->in - by->in);
	of_peer->out = fmax(0, of_peer->out - by->out);
}

/* Brings all to one epoch; the rates of the flow in it. */
static struct rates meet(struct transport_sums *s, const struct flow *f)
{
	struct rates r = f->rates;

	move_sums(s, f->epoch);
	move_peer(f->peer, s->epoch);
	rates_move(&r, f->epoch, s->epoch);
	return r;
}

void transport_attach(struct transport_sums *s, const struct flow *f)
{
	struct rates r;

	if (!f->is_stranger)
		return;
	r = meet(s, f);
	s->flows++;
	grow(s, f->peer, PEER_ALL, &r);
	if (!f->is_leg)
		grow(s, f->peer, PEER_REST, &r);
}

void transport_detach(struct transport_sums *s, const struct flow *f)
{
	struct rates r;

	if (!f->is_stranger)
		return;
	if (--s->flows == 0) {
		*s = (struct transport_sums){.epoch = s->epoch};
		move_peer(f->peer, s->epoch);
		f->peer->rates[PEER_ALL] = f->peer->rates[PEER_REST] =
			(struct rates){0};
		return;
	}
	r = meet(s, f);
	shrink(s, f->peer, PEER_ALL, &r);
	if (!f->is_leg)
		shrink(s, f->peer, PEER_REST, &r);
}

void transport_account(struct transport_sums *s, const struct flow *f,
		       const struct flow_delta *delta)
{
	if (!f->is_stranger || (delta->rates.in <= 0 && delta->rates.out <= 0))
		return;
	move_sums(s, f->epoch);
	move_peer(f->peer, s->epoch);
	grow(s, f->peer, PEER_ALL, &delta->rates);
	if (!f->is_leg)
		grow(s, f->peer, PEER_REST, &delta->rates);
}

void transport_set_leg(struct transport_sums *s, struct flow *f, bool is_leg)
{
	struct rates r;

	if (f->is_leg == is_leg)
		return;
	f->is_leg = is_leg;
	if (!f->is_stranger)
		return;
	r = meet(s, f);
	if (is_leg)
		shrink(s, f->peer, PEER_REST, &r);
	else
		grow(s, f->peer, PEER_REST, &r);
}

void transport_forget_peer(struct transport_sums *s, const struct peer *p)
{
	for (int part = 0; part < PEER_PARTS; part++)
		if (s->parts[part].top == p)
			s->parts[part].top = NULL;
}

void transport_recount(struct transport_sums *s, const struct flow *flows,
		       struct peer *peers)
{
	const struct flow *f;
	struct peer *p;

	*s = (struct transport_sums){.epoch = s->epoch};
	DL_FOREACH (peers, p)
		p->rates[PEER_ALL] = p->rates[PEER_REST] = (struct rates){0};
	DL_FOREACH (flows, f)
		transport_attach(s, f);
}

/* The heaviest peer, and the next one as the bound on the others. */
static void find_top(struct transport_sums *s, const struct peer *peers,
		     enum peer_part part)
{
	const struct peer *p;

	s->parts[part].top = NULL;
	s->parts[part].others = 0;
	DL_FOREACH (peers, p)
		rank_peer(s, p, part);
}

struct transport transport_measure(struct transport_sums *s, const struct peer *peers,
				   enum peer_part part, uint64_t time_ns)
{
	struct transport_sum *sum = &s->parts[part];
	double half = fmax(sum->rates.in, sum->rates.out), scale;

	if (sum->others > weight_of(s, sum->top, part) && sum->others > half)
		find_top(s, peers, part);
	scale = decay_carry(s->epoch, decay_epoch(time_ns)) / decay_scale(time_ns);
	return (struct transport){
		.in = sum->rates.in * scale,
		.out = sum->rates.out * scale,
		.worst_peer = weight_of(s, sum->top, part) * scale,
	};
}
