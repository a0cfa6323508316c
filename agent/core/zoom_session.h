/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look at the packets of one application at a time: whose turn it is, which flows,
 * and what it showed. The agent captures, the engine judges. Pure.
 *
 * Budget: a candidate is looked at once when it becomes one, again after 6 s while that
 * showed nothing conclusive, and every 30 s afterwards; never two at once, and at most
 * ZOOM_PER_MINUTE in all.
 */
#ifndef CORE_ZOOM_SESSION_H
#define CORE_ZOOM_SESSION_H

#include "core/app.h"
#include "core/zoom.h"

#define ZOOM_PER_MINUTE 12
#define ZOOM_NONE UINT8_MAX /* flow->zoom_index of a flow that is not looked at */

struct zoom_session {
	struct zoom *zoom;
	uint16_t app; /* 0: none is running */
	size_t flow_count;
	struct flow_key keys[ZOOM_FLOWS_MAX];
	uint64_t minute_ns; /* when the budget's minute began */
	unsigned int in_minute;
	bool is_full;
};

int zoom_session_init(struct zoom_session *s);
void zoom_session_done(struct zoom_session *s);

/* Whether this application should be looked at now. */
bool zoom_session_is_due(const struct zoom_session *s, const struct app *a,
			 uint64_t now_ns);

/* Begins with a candidate's heaviest flows. False if it has none, or one runs. */
bool zoom_session_begin(struct zoom_session *s, struct app *a, uint64_t now_ns);
void zoom_session_add(struct zoom_session *s, const struct flow *f,
		      const struct observation *o);
/* Ends it, and lets the application know what it showed. `a` may be NULL: it is gone.
 */
void zoom_session_end(struct zoom_session *s, struct app *a, uint64_t now_ns);

#endif
