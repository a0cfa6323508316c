/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How well what one flow sends matches what another one received: bytes within a delay,
 * and the jitter both have. Pure; the part of zoom that measures and does not judge.
 */
#ifndef CORE_ZOOM_MATCH_H
#define CORE_ZOOM_MATCH_H

#include "core/zoom.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZOOM_DELAYS 10	       /* delays tried, each twice the one before */
#define ZOOM_DELAY_LEAST 62500 /* ns; the longest is 32 ms */
#define ZOOM_EVENTS_MAX (3 * ZOOM_PACKETS_MAX) /* packets, their bursts, sums */
#define ZOOM_GAPS_MAX 512		       /* gaps that are compared */

struct zoom_event {
	int64_t time; /* ns since the first packet */
	uint32_t length;
};

/* One direction of a flow: its events, in time. */
struct zoom_side {
	size_t begin, end;
	double bytes;
};

struct zoom_credit {
	int64_t time;
	uint32_t left;
	uint32_t event;
};

/* How far two sides share the jitter of their bursts. */
struct zoom_jitter {
	size_t bursts, samples; /* a burst follows half a mean gap of silence */
	double period; /* median gap between bursts of the side with fewer events, ns */
	double spread; /* of these gaps: median deviation, ns */
	double ratio;  /* what the other side does not share, over the spread */
};

struct zoom_matcher {
	struct zoom_event events[ZOOM_EVENTS_MAX];
	double forwarded[ZOOM_EVENTS_MAX]; /* bytes of each event; zoom_match adds */
	bool is_counting; /* every event counts for one, and is forwarded wholly */
	/* Scratch. */
	struct zoom_credit credits[ZOOM_PACKETS_MAX];
	double gaps[ZOOM_GAPS_MAX], errors[ZOOM_GAPS_MAX];
};

/*
 * The bytes (or events) of `to` that are found among those of `from`, whose arrivals
 * are displaced by some ns, within each of the first `delays` delays.
 */
void zoom_match(struct zoom_matcher *m, const struct zoom_side *from,
		const struct zoom_side *to, int64_t displacement, size_t delays,
		double ret_taken[ZOOM_DELAYS]);

/* `base` and `delay`: the shortest time between the two, and how much longer, ns. */
void zoom_compare_jitter(struct zoom_matcher *m, const struct zoom_side *from,
			 const struct zoom_side *to, int64_t base, int64_t delay,
			 struct zoom_jitter *ret_jitter);

/* The delay most bytes of `to` have after some of `from`, rounded down, ns. */
int64_t zoom_find_delay(const struct zoom_matcher *m, const struct zoom_side *from,
			const struct zoom_side *to, double *ret_excess);

/*
 * Whether nearly all bursts of `from` are followed, within `reach` ns, by an event of
 * `to` that comes after `silence_to` ns of silence.
 */
bool zoom_begin_together(const struct zoom_matcher *m, const struct zoom_side *from,
			 const struct zoom_side *to, int64_t silence_to, double reach);

/* Writes the bursts of a side as events from `at` on, each at the time of its first
 * packet; returns where they end. */
size_t zoom_put_bursts(struct zoom_matcher *m, const struct zoom_side *s, size_t at);
/* Says of the packets of `s` what was noted of their bursts. */
void zoom_forward_bursts(struct zoom_matcher *m, const struct zoom_side *s,
			 const struct zoom_side *bursts);

int64_t zoom_mean_gap(const struct zoom_matcher *m, const struct zoom_side *s);

#endif
