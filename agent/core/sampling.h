/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which flows of a candidate are sampled: its heaviest ones. Pure.
 *
 * Costs by the flows that are sampled, not by those there are. All flows of the
 * application are walked by sampling_list_alive, a few times a minute (zoom_session),
 * and where half of the heaviest have ended (heaviest.h).
 */
#ifndef CORE_SAMPLING_H
#define CORE_SAMPLING_H

#include "core/app.h"
#include "core/relay_pairs.h"
#include "core/rings.h"

/* What is kept of a sampled flow: 25 s by the sample, ten minutes by the second. */
struct samples {
	struct series series;
	struct rings rings;
};

/*
 * Flows that may be sampled at once: all of 8 candidates; 2 MB. Each is read singly,
 * five times a second, which costs; one that is not read would show what all dumps
 * share, bursts at the same time. So what is beyond is not sampled, and counted: it is
 * left to looks at packets, and has its turn when others stop.
 */
#define SAMPLING_FLOWS_MAX (8 * PAIRS_FLOWS_MAX)

struct sampling {
	struct slab slab;
	unsigned int in_use;
	uint64_t refused; /* times a flow was to have one and got none */
};

void sampling_init(struct sampling *s);
void sampling_done(struct sampling *s);

/* Samples the heaviest flows to strangers, and no others any more. */
void sampling_choose(struct sampling *s, struct app *a);
/* Samples none: the application is no candidate any more. */
void sampling_stop(struct sampling *s, struct app *a);
/* The flow leaves the application, or is none to a stranger any more. */
void sampling_drop(struct sampling *s, struct app *a, struct flow *f);
/* The flow was added to the application or carried something. */
void sampling_note(struct app *a, struct flow *f);

/* Closes one sample of `seconds`, which ends at `time_ns`. */
void sampling_tick(struct app *a, uint32_t tick, uint64_t time_ns, double seconds);

/* The sampled flows, heaviest first. Their number, at most PAIRS_FLOWS_MAX. */
size_t sampling_list(const struct app *a, struct flow *ret_flows[PAIRS_FLOWS_MAX]);

/* The heaviest flows to strangers that carried something lately, sampled or not: what
 * ended a while ago may still be sampled, and what has just begun not yet. */
size_t sampling_list_alive(const struct app *a, uint64_t now_ns,
			   struct flow *ret_flows[PAIRS_FLOWS_MAX]);

#endif
