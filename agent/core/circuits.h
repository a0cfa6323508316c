/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relays of short flows, of which no single one lasts long enough to prove anything:
 * the last flows of an application, and how many of them opened together with another
 * one, to someone else, that took out the bytes they brought in. Pure.
 */
#ifndef CORE_CIRCUITS_H
#define CORE_CIRCUITS_H

#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIRCUITS_MAX 1024    /* flows remembered of one application */
#define CIRCUITS_PAIRS_MAX 4 /* pairs named in a result */
#define CIRCUITS_BYTES_MIN                                                             \
	2048 /* a flow that carried less in both directions, payload,                  \
	      * is not paired: its size says nothing */

/*
 * Flows are remembered in runs: a flow stays until its bytes can be known, and while
 * there is no room what opens is refused, and counted, instead of overwriting it. At
 * 400 flows a second a run is 2.5 s in every 20.
 */
struct circuits;
struct circuits_work; /* scratch of an evaluation, one for all applications */

struct circuits *circuits_new(void);
void circuits_free(struct circuits *c);
struct circuits_work *circuits_work_new(void);
void circuits_work_free(struct circuits_work *w);

/*
 * A flow whose first packet was seen, at `first_ns`. Returns its handle, or 0 where
 * there was no room. A handle outlives its flow: once that is forgotten, what is done
 * with it has no effect.
 */
uint32_t circuits_open(struct circuits *c, uint64_t first_ns, const struct addr *remote,
		       bool is_inbound);
/* All the payload of the flow so far, and when bytes last moved. */
void circuits_update(struct circuits *c, uint32_t handle, uint64_t in, uint64_t out,
		     uint64_t moved_ns);
/* The last update was the last word. Others count as ended after 7 s of silence. */
void circuits_close(struct circuits *c, uint32_t handle);
/* Flows refused for want of room. */
uint64_t circuits_refused(const struct circuits *c);

enum circuits_kind {
	CIRCUITS_NONE,
	CIRCUITS_ANSWERED, /* an outbound flow opened shortly after an inbound one */
	CIRCUITS_TOGETHER, /* two of one direction opened together */
	CIRCUITS_ENDED,	   /* two flows, opened at any time, last moved together */
};

struct circuits_pair {
	struct addr from, to; /* `from` came first */
	uint64_t lag_ns;
	uint32_t in, out; /* of `from`, bytes */
};

struct circuits_result {
	unsigned int flows; /* short ones that ended, of the last three minutes */
	enum circuits_kind kind;
	unsigned int pairs;   /* of that kind, some of them by chance */
	unsigned int peers;   /* remote addresses in these pairs, about */
	double matched_share; /* bytes in of what is matched beyond chance */
	double chance_share;  /* ...and by chance, of those of `flows` */
	double z;	      /* of the pairs against chance, best of all lags tried */
	double crossed_share; /* of what opened together beyond chance, what crosses */
	bool is_conclusive;
	bool is_loose;			 /* bytes were lost on the way */
	uint64_t lag_min_ns, lag_max_ns; /* where the pairs are */
	size_t strongest_count;
	struct circuits_pair strongest[CIRCUITS_PAIRS_MAX]; /* the largest first */
};

/*
 * Two flows of different remote addresses cross when what either brought in the other
 * took out, within 5 % and 200 B. Crossing pairs are counted by how far apart they
 * opened. Circuits give a lag at which there are more of them than at lags before and
 * after, in the other order, and than the application's own burstiness explains; and
 * most of what opened at that lag beyond chance must cross. One burst is no evidence:
 * without the two fullest sixteenths of the time it must still hold.
 *
 * Where a client is slow or goes away, what waits for it is lost, and nothing crosses.
 * Then flows of 64 KiB or more are compared loosely, ended or not: up to 4 times as
 * much may come in as is taken out. An outbound flow must follow an inbound one at a
 * lag as above; 70 % of what opened at that lag must cross; and what comes in must
 * agree with what is taken out, over all pairs at that lag: a correlation of the
 * logarithms of .7 and z of 5 after what the durations and the four pairs before and
 * after explain, and still .6 and 4 within the large and within the small ones. That
 * takes some 14 pairs.
 *
 * Against the times of the last bytes only the sizes are evidence: readings of flows
 * come in sweeps, so that all seem to end together.
 *
 * Call it at most every few seconds: at CIRCUITS_MAX flows it costs .3 to .8 ms of one
 * core, and .9 to 1.3 ms where all are large and nothing crosses but loosely. Where
 * runs have gaps the same flows are seen by up to four evaluations: two that agree are
 * not two observations.
 *
 * Measured on generated traffic read as the agent reads it (every 5 s, ends never
 * told), 60 seeds that nothing was tuned on, 60 to 120 s each. "Spoilt": a quarter
 * aborted, 30 % of outbound openings and 15 % of inbound ones missed, another 15 %
 * learned up to 3 s late, and half of all flows unrelated. Sizes equal (128 KiB) where
 * not log-normal.
 *
 *   circuits/s, delay of setting up         found   evaluations   share
 *   2, 10 to 450 ms, equal or log-normal     1.00   .77 to .89     .98 to 1
 *   2, 100 ms, log-normal, spoilt            1.00   .80             .36
 *   20, 1 to 300 ms, equal or log-normal     1.00   .84 to .95     .99 to 1
 *   20, 50 to 100 ms, spoilt                 1.00   .68 to .89      .34 to .39
 *   20, in bursts, equal; log-normal      1; .98   .39; .35       1.00; .38
 *   200, 1 to 30 ms, equal                   1.00   .57 to .70     .98 to 1
 *   200, 270 to 330 ms, equal                 .12   .01
 *   200, 100 to 300 ms, log-normal           1.00   .62 to .67     .62 to .78
 *   200, 20 ms, equal, spoilt                 .45   .11             .14
 *   200, 50 ms, log-normal, spoilt            .90   .27             .17
 *   2 to 20, dials both ends                  .95 to 1   .25 to .88  .93 to 1
 *   20, the same, log-normal, spoilt         1.00   .76             .32
 *   2, is dialed by both, log-normal          .98   .44             .97
 *   2, the same, spoilt                       .67   .16             .19
 *   20, or equal, is dialed by both             0   0
 *
 *   Loosely, of 2 MiB, log-normal; as much is lost:  found   evaluations   first after
 *   1/s, up to half of what comes in               1.00   .69   20 s
 *   2; 5/s, the same                               1.00   .80; .87   15; 10 s
 *   2; 5/s, the same, 50 ms                        1.00   .69; .71   20; 15 s
 *   2/s, the same, 300 ms                           .75   .29   35 s
 *   2/s, the same, 15 % of openings missed          .98   .58   20 s
 *   2/s, the same, a third of all flows unrelated   .90   .35   20 s
 *   3/s, the same, in bursts                       1.00   .72   15 s
 *   1.2; 5/s, up to 4 MiB besides             .95; .98   .38; .53   30; 20 s
 *
 * Look-alikes (web server that fetches, browser, DHT nodes, swarm, crawler, mail
 * server, payment or query for each request, chunks of one size in and out at 40 and
 * 400/s, chat; Poisson, in bursts, after an outage): 1 of 41,760 evaluations
 * (of the chunks at 400/s). Loosely (a page of a megabyte for each request, and a fetch
 * from another stranger for it, of one or two, of its own size or in part in the page;
 * streams that last as long; sizes that drift; 1 to 10/s): 1 of 86,400 (of the drift).
 * Where both are ten times as large for a fifth or half of the requests, 83 of 21,600;
 * more than two kinds of request were not tried.
 * Not told apart: two timers of one period and phase whose answers have one size, which
 * `peers` shows.
 */
void circuits_evaluate(const struct circuits *c, struct circuits_work *w,
		       uint64_t now_ns, struct circuits_result *ret_result);

#endif
