/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From facts about one application to evidence and log-odds. Payload-blind; counts
 * strangers only. Source: DETECTION; Suh et al. 2006, Guha et al. 2006.
 *
 * Cost: constant per application and second, but for who leans on it (hub.h), which
 * walks its flows every 5 s. Only a candidate (it takes in and gives out, at once or
 * over a minute, and the transport share says that it could be relaying) has the closer
 * looks of looks.h, leave-one-out coupling among them: what these could add to any
 * other application is outweighed by the transport share.
 */
#ifndef CORE_DETECT_H
#define CORE_DETECT_H

#include "core/app.h"
#include "core/batches.h"
#include "core/sampling.h"

struct detect_state *detect_state_new(void);
void detect_state_free(struct detect_state *d);

/* The log-odds of an application of which nothing else is known. */
double detect_prior(const struct app *a);

/* Shared by all applications of an engine. */
struct detect_tools {
	struct sampling sampling;
	struct pairs_work *work;
	struct pairs_result result;
	struct batches_work *batches;
	struct batches_result batches_result;
	struct circuits_work *circuits;
};

/* If due (once a second, and after a look at its packets): new evidence, log-odds and
 * role. True if the role changed. */
bool detect_evaluate(struct app *a, struct detect_tools *tools, uint64_t time_ns,
		     uint32_t tick);

#endif
