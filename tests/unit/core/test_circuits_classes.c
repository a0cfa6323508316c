/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications made of short flows, relays and look-alikes, read as the agent reads
 * them: openings at once, bytes seconds later, ends two minutes later.
 */
#include "../support/short_flows.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* CIRCUITS_TABLE=1 prints what the header says. */
#ifdef RELAYWARDEN_SANITIZED
#define SEEDS 8u
#else
#define SEEDS 20u
#endif

/* --- relays ------------------------------------------------------------------------
 */

struct relay {
	const char *name;
	double rate;		     /* circuits a second */
	double delay, jitter;	     /* of setting one up, seconds; part of it */
	double sigma;		     /* of the sizes */
	double aborted, unseen, own; /* parts */
	enum arrivals arrivals;
	enum { DIALS, DIALS_BOTH, IS_DIALED } role;
	bool is_download;     /* all of them */
	double recall, share; /* the least that is asked */
};

static void circuit(struct world *w, const struct relay *r, double t)
{
	double big = r->sigma > 0 ? lognormal(w, 64 * KIB, r->sigma) : 128 * KIB;
	double small = 700 + 300 * uniform(w), lasts = 0.3 + exponential(w);
	double delay = r->delay * (1 + r->jitter * (2 * uniform(w) - 1));
	bool is_upload = !r->is_download && uniform(w) < 0.5;
	double in = is_upload ? big : small, out = is_upload ? small : big;
	double sent_in = in * (1 + 0.01 * uniform(w)) + 60;
	double sent_out = out * (1 + 0.01 * uniform(w)) + 90;
	struct generated *a, *b;

	if (r->role == IS_DIALED)
		delay = 5 * uniform(w);
	if (uniform(w) < r->aborted) {
		double part = uniform(w);

		in *= part;
		sent_out *= part;
		sent_in = in * (0.3 + 0.7 * uniform(w));
		out = sent_out * (0.3 + 0.7 * uniform(w));
	}
	a = flow(w, t, r->role != DIALS_BOTH, someone(w, 100000), in, out,
		 lasts + delay);
	b = flow(w, t + delay, r->role == IS_DIALED, 200000 + someone(w, 100000),
		 sent_out, sent_in, lasts);
	a->is_unseen = uniform(w) < r->unseen;
	b->is_unseen = uniform(w) < r->unseen;
	/* Half of what was missed is found late. */
	if (a->is_unseen && uniform(w) < 0.5) {
		a->is_unseen = false;
		a->known += 3 * uniform(w);
	}
}

/* Unrelated traffic. */
static void own_traffic(struct world *w, double rate, enum arrivals a)
{
	for (double t = 0; (t = arrival(w, t, rate, a)) < w->seconds;) {
		double big = lognormal(w, 40 * KIB, 1.2),
		       small = 500 + 500 * uniform(w);
		bool is_inbound = uniform(w) < 0.5, is_upload = uniform(w) < 0.3;

		flow(w, t, is_inbound, 500000 + someone(w, 1000),
		     is_upload == is_inbound ? big : small,
		     is_upload == is_inbound ? small : big, exponential(w));
	}
}

static void relay(struct world *w, const struct relay *r)
{
	w->seconds = r->rate < 10 ? 120 : r->rate > 100 ? 60 : 100;
	for (double t = 0; (t = arrival(w, t, r->rate, r->arrivals)) < w->seconds;)
		circuit(w, r, t);
	if (r->own > 0)
		own_traffic(w, 2 * r->rate * r->own / (1 - r->own), r->arrivals);
	run(w);
}

/* Without a recall: what is known not to be found, or seldom. */
static const struct relay relays[] = {
	{"2/s", 2, 0.02, 0.5, 0, 0, 0, 0, POISSON, DIALS, .recall = 1, .share = 0.85},
	{"2/s, 300 ms", 2, 0.3, 0.5, 0, 0, 0, 0, POISSON, DIALS, .recall = 1,
	 .share = 0.85},
	{"2/s, log-normal", 2, 0.3, 0.5, 1, 0, 0, 0, POISSON, DIALS, .recall = 1,
	 .share = 0.85},
	{"2/s, all spoilt", 2, 0.1, 0.5, 1, 0.25, 0.3, 0.5, POISSON, DIALS, .recall = 1,
	 .share = 0.25},
	{"20/s, 1 ms", 20, 0.001, 0.5, 0, 0, 0, 0, POISSON, DIALS, .recall = 1,
	 .share = 0.85},
	{"20/s", 20, 0.03, 0.5, 0, 0, 0, 0, POISSON, DIALS, .recall = 1, .share = 0.85},
	{"20/s, 300 ms", 20, 0.3, 0.3, 0, 0, 0, 0, POISSON, DIALS, .recall = 1,
	 .share = 0.85},
	{"20/s, log-normal", 20, 0.3, 0.5, 1, 0, 0, 0, POISSON, DIALS, .recall = 1,
	 .share = 0.85},
	{"20/s, all spoilt, equal", 20, 0.05, 0.5, 0, 0.25, 0.3, 0.5, POISSON, DIALS,
	 .recall = 0.9, .share = 0.25},
	{"20/s, all spoilt", 20, 0.1, 0.5, 1, 0.25, 0.3, 0.5, POISSON, DIALS,
	 .recall = 1, .share = 0.25},
	{"20/s, bursty", 20, 0.03, 0.5, 0, 0, 0, 0, BURSTY, DIALS, .recall = 0.8,
	 .share = 0.7},
	{"20/s, bursty, log-normal", 20, 0.1, 0.5, 1, 0, 0, 0, BURSTY, DIALS,
	 .recall = 0.8, .share = 0.2},
	{"20/s, downloads", 20, 0.03, 0.5, 0, 0, 0, 0, POISSON, DIALS,
	 .is_download = true, .recall = 1, .share = 0.85},
	{"200/s, 1 ms", 200, 0.001, 0.5, 0, 0, 0, 0, POISSON, DIALS, .recall = 1,
	 .share = 0.85},
	{"200/s, 30 ms", 200, 0.03, 0.3, 0, 0, 0, 0, POISSON, DIALS, .recall = 1,
	 .share = 0.85},
	{"200/s, 300 ms", 200, 0.3, 0.1, 0, 0, 0, 0, POISSON, DIALS, .recall = 0},
	{"200/s, log-normal", 200, 0.1, 0.5, 1, 0, 0, 0, POISSON, DIALS, .recall = 1,
	 .share = 0.6},
	{"200/s, 300 ms, log-normal", 200, 0.3, 0.3, 1, 0, 0, 0, POISSON, DIALS,
	 .recall = 1, .share = 0.4},
	{"200/s, all spoilt, equal", 200, 0.02, 0.5, 0, 0.25, 0.3, 0.5, POISSON, DIALS,
	 .recall = 0.25, .share = 0.05},
	{"200/s, all spoilt", 200, 0.05, 0.5, 1, 0.25, 0.3, 0.5, POISSON, DIALS,
	 .recall = 0.5, .share = 0.08},
	{"2/s, dials both", 2, 0.1, 0.5, 1, 0, 0, 0, POISSON, DIALS_BOTH, .recall = 1,
	 .share = 0.85},
	{"20/s, dials both, equal", 20, 0.03, 0.5, 0, 0, 0, 0, POISSON, DIALS_BOTH,
	 .recall = 0.7, .share = 0.6},
	{"20/s, dials both, spoilt", 20, 0.1, 0.5, 1, 0.25, 0.3, 0.5, POISSON,
	 DIALS_BOTH, .recall = 0.9, .share = 0.2},
	{"2/s, is dialed", 2, 0, 0, 1, 0, 0, 0, POISSON, IS_DIALED, .recall = 0.9,
	 .share = 0.8},
	{"20/s, is dialed", 20, 0, 0, 1, 0, 0, 0, POISSON, IS_DIALED, .recall = 0},
	{"2/s, is dialed, spoilt", 2, 0, 0, 1, 0.25, 0.3, 0.5, POISSON, IS_DIALED,
	 .recall = 0.5, .share = 0.12},
	{"2/s, is dialed, equal", 2, 0, 0, 0, 0, 0, 0, POISSON, IS_DIALED, .recall = 0},
};

/* --- look-alikes -------------------------------------------------------------------
 */

static void web_server(struct world *w, enum arrivals a)
{
	for (double t = 0; (t = arrival(w, t, 30, a)) < w->seconds;) {
		double size = lognormal(w, 20 * KIB, 1);
		bool is_upload = uniform(w) < 0.2;

		flow(w, t, true, someone(w, 3000), is_upload ? size : 700,
		     is_upload ? 700 : size, exponential(w));
	}
	for (double t = 0; (t = arrival(w, t, 8, a)) < w->seconds;)
		flow(w, t, false, someone(w, 20), lognormal(w, 20 * KIB, 1), 700,
		     exponential(w));
}

static void browser(struct world *w, enum arrivals a)
{
	for (double page = 0; (page = arrival(w, page, 0.3, a)) < w->seconds;)
		for (int i = 0; i < 25; i++)
			flow(w, page + exponential(w) / 3, false, someone(w, 12),
			     lognormal(w, 15 * KIB, 1.3), lognormal(w, 1200, 0.7),
			     exponential(w));
}

/* Exchanges of one size with whoever asks, and walks of a few questions at once. */
static void dht_of(struct world *w, enum arrivals a, double question, double answer)
{
	for (double t = 0; (t = arrival(w, t, 20, a)) < w->seconds;)
		flow(w, t, true, someone(w, 400), question, answer, 0.1);
	for (double t = 0; (t = arrival(w, t, 4, a)) < w->seconds;)
		for (int i = 0; i < 5; i++)
			flow(w, t + 0.2 * uniform(w), false, someone(w, 400), answer,
			     question, 0.1);
}

static void dht(struct world *w, enum arrivals a)
{
	dht_of(w, a, 120, 400);
}

static void dht_of_large_values(struct world *w, enum arrivals a)
{
	dht_of(w, a, 400, 4000);
}

/* Most only exchange what they have; after an outage all of them do. */
static void swarm(struct world *w, enum arrivals a)
{
	for (int way = 0; way < 2; way++)
		for (double t = 0; (t = arrival(w, t, 10, a)) < w->seconds;) {
			bool is_idle = uniform(w) < 0.6;
			double bitfield = 6000;
			double pieces = 16 * KIB * floor(8 * uniform(w));

			flow(w, t, way, someone(w, 500),
			     bitfield + (is_idle ? 0 : pieces),
			     bitfield +
				     (is_idle ? 0 : 16 * KIB * floor(8 * uniform(w))),
			     5 * exponential(w));
		}
}

static void crawler(struct world *w, enum arrivals a)
{
	for (double t = 0; (t = arrival(w, t, 50, a)) < w->seconds;)
		flow(w, t, false, someone(w, 5000), lognormal(w, 20 * KIB, 1),
		     500 + 300 * uniform(w), exponential(w));
}

static void mail_server(struct world *w, enum arrivals a)
{
	for (int way = 0; way < 2; way++)
		for (double t = 0; (t = arrival(w, t, 3, a)) < w->seconds;) {
			double size = lognormal(w, 12 * KIB, 1.5);

			flow(w, t, way, someone(w, 300), way ? size : 900,
			     way ? 900 : size, 2 * exponential(w));
		}
}

static void payments_of(struct world *w, enum arrivals a, double sigma)
{
	for (double t = 0; (t = arrival(w, t, 20, a)) < w->seconds;) {
		flow(w, t, true, someone(w, 3000), lognormal(w, 2000, sigma),
		     lognormal(w, 20 * KIB, sigma), 0.5 + exponential(w));
		flow(w, t + 0.01 + 0.03 * uniform(w), false, someone(w, 3),
		     lognormal(w, 3000, sigma), lognormal(w, 2500, sigma), 0.3);
	}
}

static void payments(struct world *w, enum arrivals a)
{
	payments_of(w, a, 0.7);
}

/* What is asked of the service is about as large as what was asked of us. */
static void queries(struct world *w, enum arrivals a)
{
	for (double t = 0; (t = arrival(w, t, 20, a)) < w->seconds;) {
		flow(w, t, true, someone(w, 3000), lognormal(w, 3000, 0.3),
		     lognormal(w, 3000, 0.3), 0.5 + exponential(w));
		flow(w, t + 0.01 + 0.03 * uniform(w), false, someone(w, 3),
		     lognormal(w, 3000, 0.3), lognormal(w, 3000, 0.3), 0.3);
	}
}

/* Takes chunks in and gives other chunks out, to and from whoever, all of one size. */
static void chunk_store(struct world *w, enum arrivals a)
{
	for (int way = 0; way < 2; way++)
		for (double t = 0; (t = arrival(w, t, 20, a)) < w->seconds;) {
			bool is_in = uniform(w) < 0.5;

			flow(w, t, way, someone(w, 2000), is_in ? 128 * KIB : 800,
			     is_in ? 800 : 128 * KIB, exponential(w));
		}
}

static void busy_chunk_store(struct world *w, enum arrivals a)
{
	w->seconds = 60;
	for (int way = 0; way < 2; way++)
		for (double t = 0; (t = arrival(w, t, 200, a)) < w->seconds;) {
			bool is_in = uniform(w) < 0.5;

			flow(w, t, way, someone(w, 2000), is_in ? 128 * KIB : 800,
			     is_in ? 800 : 128 * KIB, exponential(w));
		}
}

/* Connections for a message or two, and a picture sometimes. */
static void chat(struct world *w, enum arrivals a)
{
	for (int way = 0; way < 2; way++)
		for (double t = 0; (t = arrival(w, t, 4, a)) < w->seconds;) {
			bool is_picture = uniform(w) < 0.1;

			flow(w, t, way, someone(w, 50),
			     is_picture ? lognormal(w, 80 * KIB, 0.8)
					: lognormal(w, 1200, 0.8),
			     lognormal(w, 1200, 0.8), 3 * exponential(w));
		}
}

static const struct {
	const char *name;
	void (*make)(struct world *w, enum arrivals a);
} look_alikes[] = {
	{"web server that fetches", web_server},
	{"browser", browser},
	{"DHT node", dht},
	{"DHT node, large values", dht_of_large_values},
	{"swarm", swarm},
	{"crawler", crawler},
	{"mail server", mail_server},
	{"payment for each request", payments},
	{"query for each request", queries},
	{"chunks of one size", chunk_store},
	{"chunks of one size, 400/s", busy_chunk_store},
	{"chat", chat},
};

static void relays_of_short_circuits_are_found(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(relays) / sizeof(*relays); i++) {
		const struct relay *r = &relays[i];
		unsigned int found = 0;
		double share = 0, part = 0;

		for (unsigned int seed = 1; seed <= SEEDS; seed++) {
			begin(w, seed);
			relay(w, r);
			found += w->conclusive > 0;
			share += w->share / SEEDS;
			part += (double)w->conclusive / w->evaluations / SEEDS;
		}
		if (getenv("CIRCUITS_TABLE"))
			print_message("%-28s %u of %u, %.2f, share %.2f\n", r->name,
				      found, SEEDS, part, share);
		if (found < r->recall * SEEDS || share < r->share)
			fail_msg("%s: %u of %u, share %.2f", r->name, found, SEEDS,
				 share);
	}
}

static unsigned int false_alarms(struct world *w, size_t look_alike, enum arrivals a)
{
	unsigned int n = 0, of = 0;

	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		begin(w, seed);
		look_alikes[look_alike].make(w, a);
		if (a == OUTAGE)
			defer(w);
		run(w);
		n += w->conclusive;
		of += w->evaluations;
	}
	if (getenv("CIRCUITS_TABLE"))
		print_message("%-28s %u of %u\n", look_alikes[look_alike].name, n, of);
	return n;
}

static void look_alikes_are_not(void **state)
{
	for (size_t i = 0; i < sizeof(look_alikes) / sizeof(*look_alikes); i++)
		for (enum arrivals a = POISSON; a <= OUTAGE; a++)
			if (false_alarms(*state, i, a))
				fail_msg("%s, arrivals %d", look_alikes[i].name, a);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(relays_of_short_circuits_are_found),
		CASE(look_alikes_are_not),
	};

	return cmocka_run_group_tests_name("circuits_classes", tests, NULL, NULL);
}
