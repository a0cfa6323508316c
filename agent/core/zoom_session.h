/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look at the packets of one application at a time: whose turn it is, which flows,
 * and what it showed. The agent captures, the engine judges. Pure.
 *
 * Flows that begin during a look join it. Those without counters, of which nobody can
 * tell which are busy, take the places that are left, others of them each time.
 *
 * Budget: a candidate is looked at once when it becomes one, again after 6 s while that
 * showed nothing conclusive (after 1 s, and longer, where more time may tell), and
 * every 30 s afterwards; where nothing moves now, 1 s later; never two at once, and at
 * most ZOOM_PER_MINUTE in all. A longer look has room for no more packets than any
 * other, and gives way to somebody's first look.
 */
#ifndef CORE_ZOOM_SESSION_H
#define CORE_ZOOM_SESSION_H

#include "core/app.h"
#include "core/zoom.h"

#define ZOOM_PER_MINUTE 12
#define ZOOM_JOINS_MAX 256  /* flows that join one look */
#define ZOOM_NONE UINT8_MAX /* flow->zoom_index of a flow that is not looked at */

struct zoom_session {
	struct zoom *zoom;
	uint16_t app; /* 0: none is running */
	size_t flow_count;
	struct flow_key keys[ZOOM_FLOWS_MAX];
	struct flow_key watched[ZOOM_FLOWS_MAX]; /* these, less what was dropped */
	size_t watched_count;
	unsigned int changes;  /* of what is watched, ever */
	unsigned int joined;   /* flows that began during this look, */
	unsigned int left_out; /* and others for which there was no room */
	unsigned int turn;     /* whose, of the flows without counters */
	uint64_t begin_ns;
	double seconds;	    /* it is to last */
	uint64_t minute_ns; /* when the budget's minute began */
	unsigned int in_minute;
	bool is_full;
	bool has_glanced; /* at this look, half-way */
	bool is_decided;  /* and that sufficed: its end will come as a record */
	bool is_void;	  /* its application is gone; another may have the id by now */
};

int zoom_session_init(struct zoom_session *s);
void zoom_session_done(struct zoom_session *s);

/* Whether this application should be looked at now. */
bool zoom_session_is_due(const struct zoom_session *s, const struct app *a,
			 uint64_t now_ns);

/* Whether nothing at all was seen of its packets yet, though there are some. */
bool zoom_session_is_first(const struct app *a, uint64_t now_ns);

/* Begins with a candidate's heaviest flows. False if it has none, or one runs. */
bool zoom_session_begin(struct zoom_session *s, struct app *a, uint64_t now_ns);
/* A flow that has just become known is looked at too, if it is this application's. */
void zoom_session_join(struct zoom_session *s, struct flow *f);
/* An application is gone: what was seen of it is nobody's, until the look ends. */
void zoom_session_leave(struct zoom_session *s, const struct app *a);
/* Whether it is full, or has lasted long enough; a longer one sooner if others wait. */
bool zoom_session_is_over(const struct zoom_session *s, bool others_wait,
			  uint64_t now_ns);
void zoom_session_add(struct zoom_session *s, const struct flow *f,
		      const struct observation *o);
/*
 * After a second: if what is there already shows that nearly all of it is passed on,
 * that is enough, and the look ends. True if it did.
 */
bool zoom_session_glance(struct zoom_session *s, struct app *a, uint64_t now_ns);
/* Ends it, and lets the application know what it showed. `a` may be NULL: it is gone.
 */
void zoom_session_end(struct zoom_session *s, struct app *a, uint64_t now_ns);

#endif
