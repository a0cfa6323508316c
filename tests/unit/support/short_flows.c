/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "short_flows.h"
#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull
#define START (1000 * SECOND)
#define FLOWS_MAX 60000

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->flows = calloc(FLOWS_MAX, sizeof(*w->flows));
	w->work = circuits_work_new();
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	circuits_free(w->circuits);
	circuits_work_free(w->work);
	free(w->flows);
	free(w);
	return 0;
}

void begin(struct world *w, unsigned int seed)
{
	circuits_free(w->circuits);
	w->circuits = circuits_new();
	w->count = 0;
	w->random = seed * 0x9e3779b97f4a7c15u + 12345;
	w->seconds = 100;
	w->sweep = 5;
	w->evaluations = w->conclusive = 0;
	w->share = w->found = 0;
}

/* --- chance ------------------------------------------------------------------------
 */

double uniform(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)(w->random >> 11) * 0x1p-53;
}

double exponential(struct world *w)
{
	return -log(1 - uniform(w));
}

static double normal(struct world *w)
{
	return sqrt(2 * exponential(w)) * cos(2 * 3.14159265358979 * uniform(w));
}

double lognormal(struct world *w, double median, double sigma)
{
	return median * exp(sigma * normal(w));
}

uint32_t someone(struct world *w, uint32_t of)
{
	return (uint32_t)(uniform(w) * of);
}

/* A fifth of a second in ten, the same for all arrivals. */
static bool is_busy(double t)
{
	uint64_t fifth = (uint64_t)(t * 5) * 0x9e3779b97f4a7c15u;

	return (fifth >> 40) % 10 == 0;
}

double arrival(struct world *w, double t, double rate, enum arrivals a)
{
	if (a != BURSTY)
		return t + exponential(w) / rate;
	do
		t += exponential(w) / (10 * rate);
	while (!is_busy(t));
	return t;
}

void defer(struct world *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct generated *f = &w->flows[i];

		if (f->open < 30 || f->open > 50)
			continue;
		f->open = 50 + 0.5 * exponential(w);
		f->known = f->open + 0.05;
	}
}

struct generated *flow(struct world *w, double open, bool is_inbound, uint32_t remote,
		       double in, double out, double lasts)
{
	struct generated *f = &w->flows[w->count];

	assert_true(w->count < FLOWS_MAX - 1);
	w->count++;
	*f = (struct generated){.open = open,
				.known = open + 0.05,
				.lasts = lasts,
				.in = in,
				.out = out,
				.remote = remote + (is_inbound ? 0u : 1u << 20),
				.is_inbound = is_inbound};
	return f;
}

/* --- reading as the agent does -----------------------------------------------------
 */

static int by_known(const void *a, const void *b)
{
	const struct generated *x = a, *y = b;

	return (x->known > y->known) - (x->known < y->known);
}

static uint64_t ns(double seconds)
{
	return START + (uint64_t)(seconds * 1e9);
}

static void read_flow(struct world *w, struct generated *f, double now)
{
	double part = f->lasts > 0 ? fmin(1, (now - f->open) / f->lasts) : 1;
	double end = f->open + f->lasts;

	if (!f->handle || f->is_last)
		return;
	/* When bytes last moved is known to the second, and never before it was read.
	 */
	circuits_update(w->circuits, f->handle, (uint64_t)(f->in * part),
			(uint64_t)(f->out * part), ns(ceil(fmin(now, end))));
	f->is_last = now > end;
}

static void evaluate(struct world *w, double now)
{
	struct circuits_result *r = &w->last;

	circuits_evaluate(w->circuits, w->work, ns(now), r);
	w->evaluations++;
	if (!r->is_conclusive)
		return;
	if (!w->conclusive++)
		w->found = now;
	w->share = fmax(w->share, r->matched_share);
}

void run(struct world *w)
{
	size_t known = 0;

	qsort(w->flows, w->count, sizeof(*w->flows), by_known);
	for (double now = 1; now <= w->seconds; now++) {
		for (; known < w->count && w->flows[known].known < now; known++) {
			struct generated *f = &w->flows[known];
			struct addr a = addr_from_ipv4(htonl(0x0b000000 + f->remote));

			if (!f->is_unseen)
				f->handle = circuits_open(w->circuits, ns(f->open), &a,
							  f->is_inbound);
		}
		for (size_t i = 0; i < known; i++)
			if (i % (size_t)w->sweep == (size_t)now % (size_t)w->sweep)
				read_flow(w, &w->flows[i], now);
		if ((size_t)now % 5 == 0)
			evaluate(w, now);
	}
}
