/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relays that hold back what they forward, for some seconds or a minute, and send it in
 * bursts: nothing of that correlates by the second. But bytes are conserved. Where a
 * flow is silent and then bursts, its bursts cut time into pieces, and what came in by
 * another flow in each piece is what the next burst sends, whatever the timer and the
 * padding of packets. One flow against the sum of the others finds hubs that carry
 * everything over one connection on one of their sides. Pure; scratch is made once.
 *
 * A match needs all of: 7 bursts or more; 0.45 to 2.2 times the bytes; input that
 * varies (a constant stream proves nothing) and does not come in the very second of the
 * burst (then nothing is held back, and relay_pairs looks at it); a correlation, of
 * logarithms and without what the time between bursts explains, beyond chance at 1e-4
 * for all tests of an evaluation together (Fisher's z, for as many bursts as there are
 * different amounts, less for drift after Bartlett), above .8, or .9 for a sum; no
 * single burst that carries it (jackknife); a residue of at most half of what the
 * bursts leave in the best of all wrong orders; and no pattern that repeats.
 *
 * Measured on made-up traffic (BATCHES_TABLE=50 test_batches_table: 50 runs of 10
 * minutes for each of voice with pauses, video, web pages and files), part of runs with
 * a matched share of .25 or more, of the worst and the best kind of stream:
 *
 *                       one stream   ten and a call   five of one source, and a call
 *   every 5 s           1            1                1
 *   5 s, +- 30 %        1            1                video .16, else 1
 *   20 s, or +- 30 %    1            1                1
 *   every 60 s          1            1                .92 to 1
 *   55 s, +- 10 %       .98 to 1     1                .78 to .98
 *   60 s, gets stuck    .98 to 1     1                .96 to 1
 *   60 s, input too     .86 to .90   1                .66 to .74
 *   packets + 0..100 %: as without for 5 and 20 s
 *     60 s              .90 to 1     1                .74 to 1
 *   batches + 0..100 %: hides what varies less than the padding does
 *     5 s               video .38,   video .78,       video 0,
 *                       else .96     else 1           else .92 to 1
 *     20 s              video .16,   video 0,         voice .08, video 0,
 *                       else .84     else 1           else .84 to 1
 *     60 s              .04 at most  0                .02 at most
 *   one source whose streams leave by timers of their own: .4 at most at 5 s, .1 at
 *   20 s, 0 at 60 s
 *
 * One stream is found after 70 s (every 5 s; nine of ten by 130 s), 180 s (every 20 s;
 * 220 s), 480 s (every 60 s; 540 s). Of 18 look-alikes (swarms, timers, cameras, sync,
 * web, mesh calls, backup, chat, broker, DHT, a stalling link, live video both ways,
 * chunks, ...) 1000 runs each had no match at all, nor had 3450 windows of each taken
 * at any time. 40 flows of a swarm take about 1 ms, 64 that relay every 5 s about 5.
 */
#ifndef CORE_BATCHES_H
#define CORE_BATCHES_H

#include "base/addr.h"
#include "core/rings.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BATCHES_FLOWS_MAX 64
#define BATCHES_MATCHES_MAX 256
#define BATCHES_OTHERS UINT16_MAX /* a flow's partner: all other peers together */

struct batches_work; /* scratch, 600 KB */

struct batches_input {
	const struct rings *rings;
	struct addr remote;
};

/* What `from` brought, `to` sent in bursts, `lag` seconds later. Indices of the inputs,
 * one of them BATCHES_OTHERS where it took all other peers to make the sum. */
struct batches_match {
	uint16_t from, to, lag, bursts;
	float correlation;
};

struct batches_result {
	double received;      /* payload bytes/s of all inputs, mean of the window */
	double matched_share; /* M: part of it that was matched to another peer */
	bool is_conclusive;   /* something could have been found */
	size_t bursts;	      /* most that were compared at once */
	size_t count;	      /* the share counts on where the list is full */
	struct batches_match matches[BATCHES_MATCHES_MAX];
};

struct batches_work *batches_work_new(void);
void batches_work_free(struct batches_work *w);

/*
 * Evaluates `count` flows, heaviest first, at most BATCHES_FLOWS_MAX, over the
 * RINGS_SECONDS before `now_second`, which is not over yet. A flow that a sum was
 * matched with counts its bytes; where the sum is the source, all flows of it do that
 * are no dialogue of the owner's.
 */
void batches_evaluate(struct batches_work *w, const struct batches_input *inputs,
		      size_t count, uint32_t now_second,
		      struct batches_result *ret_result);

#endif
