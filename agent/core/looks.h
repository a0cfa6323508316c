/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The closer looks at a candidate: its heaviest flows are sampled and compared, by the
 * sample (relay_pairs.h) and over minutes (batches.h), and its short ones by when they
 * open (circuits.h); packets are zoom_session's. What is matched is named as legs. What
 * the looks have shown is kept here; detect.c weighs it. Pure.
 */
#ifndef CORE_LOOKS_H
#define CORE_LOOKS_H

#include "core/detect.h"
#include "core/role.h"
#include "core/weigh.h"

struct detect_state {
	uint64_t evaluated_ns, paired_ns, burst_ns, circuits_ns, crossed_ns, worth_ns;
	uint32_t sampled_since; /* tick */
	uint64_t sampled_since_ns;
	double matched; /* M, smoothed over evaluations */
	bool has_matched;
	unsigned int coupled_windows; /* one bit a window, newest lowest */
	bool has_batches;
	double batches; /* the same of bursts */
	bool has_circuits;
	double circuits;	   /* the same of short flows */
	struct app_totals counted; /* up to the last look at them */
	double cover;
	uint64_t cover_since_ns, hub_since_ns, callers_ns;
	struct hub_counts hub;
	int suffice_turns;
	struct role_clock clock;
};

/* Starts, keeps or ends the closer looks. */
void looks_update_candidate(struct app *a, struct detect_tools *tools,
			    const struct facts *f, uint64_t time_ns, uint32_t tick);
/* Those that are due, at a candidate. */
void looks_take(struct app *a, struct detect_tools *tools, uint64_t time_ns,
		uint32_t tick);

/* Flows that were matched, by bins or by packets, once there is a suspicion. */
void looks_name_legs(struct app *a);
void looks_forget_legs(struct app *a);

#endif
