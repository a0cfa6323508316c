/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which flow of an application carries on what another one brought: correlation of the
 * ranks of prewhitened series (DETECTION, stage 1 leave-one-out and stage 2 pairs).
 * Pure; scratch memory is made once.
 *
 * Samples are of 200 ms rather than 1 s: on real relays the per-second series is flat
 * and its correlation lies anywhere from .3 to .95, at 200 ms it was .95 to 1.
 */
#ifndef CORE_RELAY_PAIRS_H
#define CORE_RELAY_PAIRS_H

#include "base/addr.h"
#include "core/series.h"
#include <stdbool.h>
#include <stddef.h>

#define PAIRS_FLOWS_MAX 64   /* the heaviest flows of an application */
#define PAIRS_SAMPLES_MIN 40 /* 8 s */
#define PAIRS_MATCHES_MAX 256
#define PAIRS_COUPLED_FLOWS 8 /* leave-one-out is tried on these many */

/*
 * Bytes that went out may be 0.6 to 1.6 times those that came in; with a correlation of
 * at least .8 also 0.45 to 2.2 times: who pads by up to 100 %, or takes such padding
 * off, sends on the same shape. On made-up traffic (40 runs of 17 kinds of look-alikes,
 * 240 windows of each) 6 of 352 false pairs in that wider range were above .8, and
 * 1,790 of 1,791 true ones; no window more than before had a false match.
 */
struct pairs_work; /* scratch */

struct pairs_input {
	const struct series *series;
	struct addr remote;
	float packet_in, packet_out; /* mean payload of a packet, bytes */
};

/* What `from` brought in, `to` took out `lag` samples later. Indices of the inputs. */
struct pairs_match {
	uint16_t from, to, lag;
	float correlation;
};

struct pairs_result {
	double received;      /* payload bytes/s of all inputs, mean of the window */
	double matched_share; /* M: part of it that was matched to another peer */
	bool is_coupled;      /* leave-one-out found one flow against the others */
	size_t count;
	struct pairs_match matches[PAIRS_MATCHES_MAX];
};

struct pairs_work *pairs_work_new(void);
void pairs_work_free(struct pairs_work *w);

/*
 * A series that hardly varies proves nothing: what is left of it is the count of whole
 * packets and the machine's own hiccups, which all flows share. It is not matched.
 *
 * Evaluates `count` flows (heaviest first, at most PAIRS_FLOWS_MAX) over the `length`
 * samples (PAIRS_SAMPLES_MIN..SERIES_LENGTH) that end before tick `end`,
 * each of `seconds` in the mean.
 */
void pairs_evaluate(struct pairs_work *w, const struct pairs_input *inputs,
		    size_t count, uint32_t end, size_t length, double seconds,
		    struct pairs_result *ret_result);

#endif
