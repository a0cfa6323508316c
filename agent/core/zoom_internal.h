/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of zoom share: zoom.c keeps the packets and adds up, zoom_pair.c
 * judges one pair of flows, zoom_merge.c one flow and all others, zoom_whole.c short
 * connections as a whole; zoom_thin.c leaves flows out when there are too many packets.
 * Pure.
 */
#ifndef CORE_ZOOM_INTERNAL_H
#define CORE_ZOOM_INTERNAL_H

#include "core/zoom.h"
#include "core/zoom_match.h"

#define ZOOM_LONGER_NS 3000000000 /* a look of more is a longer one */
#define ZOOM_SIDES_MAX (2 * ZOOM_FLOWS_MAX)

/* Displacements of the arrivals, ns: far from 0, of no common period; the first three
 * fall into different parts of 20 ms, the period of voice. */
#define ZOOM_DISPLACEMENTS 8
extern const int64_t zoom_displacements[ZOOM_DISPLACEMENTS];

enum pair_state {
	PAIR_NONE,
	PAIR_DENSE,	/* at any time as much would agree */
	PAIR_FEW,	/* it would be accepted if it had more bursts */
	PAIR_UNDECIDED, /* a period in common, and no jitter to copy */
	PAIR_TOGETHER,	/* so, but so close together that it is rarely chance */
	PAIR_ACCEPTED,
};

/* What of two flows is compared. */
enum pair_by {
	PAIR_BY_BYTES,
	PAIR_BY_BURSTS, /* one to one, whatever their lengths: frames, or packets */
};

struct pair {
	float score;  /* how much one delay stands out, bytes */
	float share;  /* matched, of the lighter side */
	float excess; /* of it, beyond chance */
	uint8_t state;
	uint8_t delay;
	uint8_t by;    /* enum pair_by */
	bool is_whole; /* they begin and end together */
	uint16_t bursts;
	int64_t seeming; /* delay most bytes have, ns */
	int64_t base;	 /* delay that was matched */
};

/* One flow, and all those of other peers as if they were one. */
struct merge {
	struct pair pair;
	bool is_source; /* the sum is what is sent on, by the one flow */
	size_t flow;	/* the one */
	struct zoom_side sum;
	float covered;		      /* of the sum's bytes, matched */
	float shares[ZOOM_FLOWS_MAX]; /* of each flow's in the sum */
};

struct zoom {
	struct zoom_packet packets[ZOOM_PACKETS_MAX];
	size_t packet_count, flow_count;
	size_t thin_at; /* packets at which the rate is looked at next */
	int64_t span;	/* between the first and the last packet, ns */
	struct addr remotes[ZOOM_FLOWS_MAX];
	uint32_t carried[ZOOM_FLOWS_MAX]; /* packets of each flow */
	uint32_t given[ZOOM_FLOWS_MAX];	  /* when its place was given: a count */
	uint32_t turn;
	bool is_dropped[ZOOM_FLOWS_MAX];
	unsigned int dropped;
	struct zoom_matcher matcher;
	struct zoom_side sides[ZOOM_SIDES_MAX];
	struct zoom_side bursts[ZOOM_SIDES_MAX]; /* of the sides: also events */
	struct pair pairs[ZOOM_FLOWS_MAX][ZOOM_FLOWS_MAX];
	struct merge merges[2];
	size_t sums_at;			    /* the sums' events begin there */
	uint32_t origins[ZOOM_PACKETS_MAX]; /* the packet each of them is */
	struct {
		bool is_known;
		double in, out;
	} totals[ZOOM_FLOWS_MAX];
	size_t whole_count;		  /* pairs that were matched as a whole */
	double whole_chance;		  /* what part of them would be by chance */
	double explained[ZOOM_FLOWS_MAX]; /* bytes a flow sent that had come in */
};

const struct zoom_side *zoom_side_in(const struct zoom *z, size_t flow);
const struct zoom_side *zoom_side_out(const struct zoom *z, size_t flow);

/* The events of one flow that are compared so. */
const struct zoom_side *zoom_from(const struct zoom *z, size_t flow, enum pair_by by);
const struct zoom_side *zoom_to(const struct zoom *z, size_t flow, enum pair_by by);

/* Sorts the packets by side; they stay in time within each. */
void zoom_sort_events(struct zoom *z);

/* Scores every pair: cheap, to choose who is worth a close look. */
void zoom_score_pairs(struct zoom *z);
/* Looks closely at the best of them. */
void zoom_judge_pairs(struct zoom *z);

/* Looks closely at two sides; `seeming`: the delay most bytes seem to have, ns. */
struct pair zoom_judge_sides(struct zoom *z, const struct zoom_side *from,
			     const struct zoom_side *to, enum pair_by by,
			     int64_t seeming);

/* Compares the heaviest flow with all others together. */
void zoom_judge_merges(struct zoom *z);
/* Notes in `forwarded` what it sends on, with displaced arrivals. */
void zoom_forward_merge(struct zoom *z, const struct merge *m, int64_t displacement);
/* What that says of what this flow brought: accepted, too few bursts, or none. */
enum pair_state zoom_merged_state(const struct zoom *z, size_t flow);
/* As zoom_pair_share, where nearly the whole sum was found. */
float zoom_merged_share(const struct zoom *z, size_t from, size_t to);

/* Matches connections that begin and end during the look as a whole. */
void zoom_judge_whole(struct zoom *z);
bool zoom_is_whole(const struct zoom *z, const struct zoom_side *s);

/* Leaves out flows, pair by pair, until the rest lasts long enough. */
void zoom_thin(struct zoom *z);

#endif
