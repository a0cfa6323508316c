/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxies whose clients are slow or go away, so that what comes in is more than what is
 * taken out, and what looks like them: large flows that open together.
 */
#include "../support/short_flows.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MIB (1024 * KIB)
/* CIRCUITS_TABLE=1 prints what the header says; CIRCUITS_SEED is where seeds begin. */
#ifdef RELAYWARDEN_SANITIZED
#define SEEDS 8u
#else
#define SEEDS 20u
#endif

static unsigned int first_seed(void)
{
	const char *s = getenv("CIRCUITS_SEED");

	return s ? (unsigned int)strtoul(s, NULL, 10) : 1;
}

/* --- relays ------------------------------------------------------------------------
 */

struct relay {
	const char *name;
	double rate, delay; /* as of test_circuits_classes.c */
	double sigma;	    /* of what is taken out; 0: of 8 MiB, any part */
	double part_lost;   /* of what comes in, at most */
	double waits;	    /* bytes that come in besides, at most */
	double unseen, own;
	bool is_upload;
	enum arrivals arrivals;
	double recall, share, found; /* the least that is asked; seconds, the most */
};

static void circuit(struct world *w, const struct relay *r, double t)
{
	double out =
		r->sigma > 0 ? lognormal(w, 2 * MIB, r->sigma) : 8 * MIB * uniform(w);
	double in = out / (1 - r->part_lost * uniform(w)) + r->waits * uniform(w);
	double lasts = 1 + 3 * exponential(w), asked = 200 + 300 * uniform(w);
	double delay = r->delay * (0.5 + uniform(w));
	struct generated *a, *b;

	a = flow(w, t, true, someone(w, 30), r->is_upload ? in : asked,
		 r->is_upload ? asked : out * 1.005, lasts);
	b = flow(w, t + delay, false, 100 + someone(w, 30), r->is_upload ? asked : in,
		 r->is_upload ? out * 1.005 : asked / 2, lasts);
	a->is_unseen = uniform(w) < r->unseen;
	b->is_unseen = uniform(w) < r->unseen;
}

static void own_traffic(struct world *w, double rate, enum arrivals a)
{
	for (double t = 0; (t = arrival(w, t, rate, a)) < w->seconds;) {
		double big = lognormal(w, 2 * MIB, 1);
		bool is_inbound = uniform(w) < 0.5;

		flow(w, t, is_inbound, 500 + someone(w, 100), is_inbound ? 700 : big,
		     is_inbound ? big : 700, 1 + 3 * exponential(w));
	}
}

static void relay(struct world *w, const struct relay *r)
{
	w->seconds = 60;
	for (double t = 0; (t = arrival(w, t, r->rate, r->arrivals)) < w->seconds;)
		circuit(w, r, t);
	if (r->own > 0)
		own_traffic(w, 2 * r->rate * r->own / (1 - r->own), r->arrivals);
	run(w);
}

/* Without a recall: what is known to be found seldom. */
static const struct relay relays[] = {
	{"1/s, half", 1, 0.002, 1, 0.5, .recall = 1, .share = 0.8, .found = 30},
	{"1.2/s, megabytes wait", 1.2, 0.002, 1, 0, 4 * MIB, .recall = 0.8,
	 .share = 0.8, .found = 30},
	{"2/s, half", 2, 0.002, 1, 0.5, .recall = 1, .share = 0.8, .found = 20},
	{"2/s, half, 50 ms", 2, 0.05, 1, 0.5, .recall = 1, .share = 0.8, .found = 25},
	{"2/s, half, 300 ms", 2, 0.3, 1, 0.5, .recall = 0.5, .share = 0.3, .found = 45},
	{"2/s, half, uploads", 2, 0.002, 1, 0.5, .is_upload = true, .recall = 1,
	 .share = 0.8, .found = 20},
	{"2/s, half of any part", 2, 0.002, 0, 0.5, .recall = 1, .share = 0.8,
	 .found = 20},
	{"5/s, half", 5, 0.002, 1, 0.5, .recall = 1, .share = 0.8, .found = 15},
	{"5/s, half, 50 ms", 5, 0.05, 1, 0.5, .recall = 1, .share = 0.8, .found = 15},
	{"5/s, megabytes wait", 5, 0.002, 1, 0, 4 * MIB, .recall = 0.8, .share = 0.8,
	 .found = 20},
	{"2/s, half, a third its own", 2, 0.01, 1, 0.5, .own = 0.33, .recall = 0.7,
	 .share = 0.4, .found = 30},
	{"2/s, half, 15 % missed", 2, 0.01, 1, 0.5, .unseen = 0.15, .recall = 0.9,
	 .share = 0.5, .found = 30},
	{"3/s, half, bursty", 3, 0.002, 1, 0.5, .arrivals = BURSTY, .recall = 0.5,
	 .share = 0.3, .found = 45},
};

/* --- look-alikes -------------------------------------------------------------------
 */

/* A page for each request, with what was fetched for it from a stranger. */
struct pages {
	const char *name;
	double sigma;	    /* of either's size */
	double page, fetch; /* bytes, about */
	double included;    /* part of the fetched that is in the page */
	bool is_as_long;    /* both last as long, as much a second */
	bool is_drifting;   /* sizes change by the minute */
	double large;	    /* the part of requests where both are ten times as large */
	double found; /* the part of evaluations that is not told apart, at most */
};

static const struct pages look_alikes[] = {
	{"page, and fetches as much", 0.3, MIB, MIB, .included = 0},
	{"page, and fetches as much, varied", 1, MIB, MIB, .included = 0},
	{"page, and fetches twice as much", 0.3, MIB, 2 * MIB, .included = 0},
	{"page, and fetches twice as much, varied", 1, MIB, 2 * MIB, .included = 0},
	{"page with what it fetched", 1, MIB, MIB, .included = 1},
	{"page with half of what it fetched", 1, MIB, MIB, .included = 0.5},
	{"streams that last as long", 0.3, MIB, 2 * MIB, .is_as_long = true},
	{"sizes that drift", 0.3, MIB, 2 * MIB, .is_drifting = true},
	{"films among pages", 0.3, MIB, 2 * MIB, .large = 0.2, .found = 0.08},
	{"as many films as pages", 0.3, MIB, 2 * MIB, .large = 0.5, .found = 0.08},
};

static void page(struct world *w, const struct pages *p, double t)
{
	double lasts = 1 + 3 * exponential(w);
	double times = p->is_as_long ? lasts / 2 : 1;
	double fetch, out;

	if (p->is_drifting)
		times *= exp(sin(t / 8));
	if (uniform(w) < p->large)
		times *= 10;
	fetch = times * lognormal(w, p->fetch, p->sigma);
	out = times * lognormal(w, p->page, p->sigma) + p->included * fetch;
	flow(w, t, true, someone(w, 3000), 700, out, lasts);
	flow(w, t + 0.001 + 0.02 * uniform(w), false, 5000 + someone(w, 30), fetch, 700,
	     p->is_as_long ? lasts : 1 + 3 * exponential(w));
}

static void pages(struct world *w, const struct pages *p, double rate, enum arrivals a)
{
	for (double t = 0; (t = arrival(w, t, rate, a)) < w->seconds;)
		page(w, p, t);
	if (a == OUTAGE)
		defer(w);
	run(w);
}

/* --- tests -------------------------------------------------------------------------
 */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void slow_clients_are_found(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(relays) / sizeof(*relays); i++) {
		const struct relay *r = &relays[i];
		unsigned int found = 0;
		double share = 0, part = 0, when[SEEDS];

		for (unsigned int n = 0; n < SEEDS; n++) {
			begin(w, first_seed() + n);
			relay(w, r);
			found += w->conclusive > 0;
			when[n] = w->conclusive ? w->found : w->seconds;
			share += w->share / SEEDS;
			part += (double)w->conclusive / w->evaluations / SEEDS;
		}
		qsort(when, SEEDS, sizeof(*when), by_value);
		if (getenv("CIRCUITS_TABLE"))
			print_message("%-28s %u of %u, %.2f, share %.2f, %.0f s\n",
				      r->name, found, SEEDS, part, share,
				      when[SEEDS / 2]);
		if (found < r->recall * SEEDS || share < r->share ||
		    when[SEEDS / 2] > r->found)
			fail_msg("%s: %u of %u, share %.2f, %.0f s", r->name, found,
				 SEEDS, share, when[SEEDS / 2]);
	}
}

static double false_alarms(struct world *w, const struct pages *p, double rate,
			   enum arrivals a)
{
	unsigned int n = 0, of = 0;

	for (unsigned int i = 0; i < SEEDS; i++) {
		begin(w, first_seed() + i);
		pages(w, p, rate, a);
		n += w->conclusive;
		of += w->evaluations;
	}
	if (getenv("CIRCUITS_TABLE"))
		print_message("%-40s %.0f/s, %d: %u of %u\n", p->name, rate, (int)a, n,
			      of);
	return (double)n / of;
}

static void pages_that_need_a_fetch_are_not(void **state)
{
	static const double rates[] = {1, 3, 10};

	for (size_t i = 0; i < sizeof(look_alikes) / sizeof(*look_alikes); i++)
		for (size_t k = 0; k < sizeof(rates) / sizeof(*rates); k++)
			for (enum arrivals a = POISSON; a <= OUTAGE; a++)
				if (false_alarms(*state, &look_alikes[i], rates[k], a) >
				    look_alikes[i].found)
					fail_msg("%s, %.0f/s, arrivals %d",
						 look_alikes[i].name, rates[k], a);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(slow_clients_are_found),
		CASE(pages_that_need_a_fetch_are_not),
	};

	return cmocka_run_group_tests_name("circuits_loose", tests, NULL, NULL);
}
