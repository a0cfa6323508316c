/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/zoom_session.h"
#include "base/units.h"
#include "core/sampling.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <utlist.h>

#define GLANCE_NS SECOND_NS
#define GLANCE_SHARE 0.8 /* has the full weight; no look-alike came near it */
#define LONGER_NS SECOND_NS
#define AGAIN_NS (6 * SECOND_NS)
#define IDLE_NS SECOND_NS
#define REFRESH_NS (30 * SECOND_NS)

int zoom_session_init(struct zoom_session *s)
{
	memset(s, 0, sizeof(*s));
	s->zoom = zoom_new();
	return s->zoom ? 0 : -ENOMEM;
}

void zoom_session_done(struct zoom_session *s)
{
	zoom_free(s->zoom);
}

/* Looks begin and end between two ticks: it may be later than the last one. */
static uint64_t elapsed(uint64_t since_ns, uint64_t now_ns)
{
	return now_ns > since_ns ? now_ns - since_ns : 0;
}

static bool has_budget(const struct zoom_session *s, uint64_t now_ns)
{
	return s->in_minute < ZOOM_PER_MINUTE ||
	       elapsed(s->minute_ns, now_ns) >= 60 * SECOND_NS;
}

/* How long after a look that showed this the next one may be. */
static uint64_t pause_after(const struct zoom_view *v)
{
	if (v->result.is_conclusive)
		return REFRESH_NS;
	if (!v->result.needs_longer)
		return AGAIN_NS;
	return v->was_longer ? REFRESH_NS : LONGER_NS;
}

/* Without flows of its own, as a member of a group, or between two bursts there is
 * nothing to look at: others must not wait for it. */
static bool is_idle(const struct app *a, uint64_t now_ns)
{
	const struct zoom_view *v = &a->zoom;

	return !a->flow_count || (v->idle_ns && elapsed(v->idle_ns, now_ns) < IDLE_NS);
}

bool zoom_session_is_first(const struct app *a, uint64_t now_ns)
{
	return a->is_candidate && !a->zoom.time_ns && !is_idle(a, now_ns);
}

bool zoom_session_is_due(const struct zoom_session *s, const struct app *a,
			 uint64_t now_ns)
{
	const struct zoom_view *v = &a->zoom;

	if (s->app || !a->is_candidate || is_idle(a, now_ns) || !has_budget(s, now_ns))
		return false;
	return !v->time_ns || elapsed(v->time_ns, now_ns) >= pause_after(v);
}

static bool is_watched(const struct zoom_session *s, const struct flow *f)
{
	return f->zoom_index < s->flow_count &&
	       memcmp(&s->keys[f->zoom_index], &f->key, sizeof(f->key)) == 0;
}

/* Whether it is in the lists of the application that is looked at. */
static bool is_looked_at(const struct zoom_session *s, const struct flow *f)
{
	return s->app && !s->is_void && f->peer->key.app == s->app;
}

static void update_watched(struct zoom_session *s)
{
	s->watched_count = 0;
	for (size_t i = 0; i < s->flow_count; i++)
		if (!zoom_is_dropped(s->zoom, i))
			s->watched[s->watched_count++] = s->keys[i];
	s->changes++;
}

static void put_flow(struct zoom_session *s, size_t place, struct flow *f)
{
	f->zoom_index = (uint8_t)place;
	s->keys[place] = f->key;
}

/*
 * Of flows without counters nobody knows which carry something, so each look takes
 * others: the newest first, and then on from where the last look ended.
 */
static size_t list_uncounted(struct zoom_session *s, const struct app *a,
			     struct flow **flows, size_t count)
{
	size_t uncounted = 0, places = ZOOM_FLOWS_MAX - count, skip, at = 0;
	struct flow *f;

	DL_FOREACH (a->flows, f)
		uncounted += f->is_uncounted && f->is_stranger;
	if (uncounted == 0 || places == 0)
		return count;
	skip = s->turn * places % uncounted;
	if (uncounted <= places)
		skip = 0;
	s->turn++;
	/* A list's head knows its tail: from there the newest come first. */
	for (f = a->flows->prev; count < ZOOM_FLOWS_MAX; f = f->prev) {
		if (f->is_uncounted && f->is_stranger && at++ >= skip)
			flows[count++] = f;
		if (f == a->flows)
			break;
	}
	return count;
}

static size_t list_flows(struct zoom_session *s, struct app *a, uint64_t now_ns,
			 struct flow *flows[ZOOM_FLOWS_MAX])
{
	size_t count = sampling_list_alive(a, now_ns, flows), counted = 0;

	/* What has no counters comes by its turn alone. */
	for (size_t i = 0; i < count; i++)
		if (!flows[i]->is_uncounted)
			flows[counted++] = flows[i];
	return list_uncounted(s, a, flows, counted);
}

static void count_look(struct zoom_session *s, uint64_t now_ns)
{
	if (elapsed(s->minute_ns, now_ns) >= 60 * SECOND_NS) {
		s->minute_ns = now_ns;
		s->in_minute = 0;
	}
	s->in_minute++;
}

bool zoom_session_begin(struct zoom_session *s, struct app *a, uint64_t now_ns)
{
	struct flow *flows[ZOOM_FLOWS_MAX];
	struct addr remotes[ZOOM_FLOWS_MAX];
	size_t count;

	_Static_assert(PAIRS_FLOWS_MAX <= ZOOM_FLOWS_MAX,
		       "every sampled flow has room");
	if (s->app || !a->is_candidate)
		return false;
	count = list_flows(s, a, now_ns, flows);
	if (!count) {
		a->zoom.idle_ns = now_ns;
		return false;
	}
	count_look(s, now_ns);
	s->app = a->id;
	s->flow_count = count;
	s->is_full = s->is_void = s->has_glanced = s->is_decided = false;
	s->joined = s->left_out = 0;
	s->begin_ns = now_ns;
	s->seconds = a->zoom.time_ns && a->zoom.result.needs_longer
			     ? ZOOM_SECONDS_LONGER
			     : ZOOM_SECONDS;
	for (size_t i = 0; i < count; i++) {
		put_flow(s, i, flows[i]);
		remotes[i] = flows[i]->key.remote;
	}
	zoom_begin(s->zoom, remotes, count);
	update_watched(s);
	return true;
}

void zoom_session_join(struct zoom_session *s, struct flow *f)
{
	int place;

	if (!is_looked_at(s, f) || !f->is_stranger || is_watched(s, f))
		return;
	place = s->joined < ZOOM_JOINS_MAX ? zoom_add_flow(s->zoom, &f->key.remote)
					   : -1;
	if (place < 0) {
		s->left_out++;
		return;
	}
	s->joined++;
	if ((size_t)place == s->flow_count)
		s->flow_count++;
	put_flow(s, (size_t)place, f);
	update_watched(s);
}

void zoom_session_leave(struct zoom_session *s, const struct app *a)
{
	s->is_void |= s->app == a->id;
}

bool zoom_session_is_over(const struct zoom_session *s, bool others_wait,
			  uint64_t now_ns)
{
	double seconds = others_wait ? ZOOM_SECONDS : s->seconds;

	return !s->app || s->is_full ||
	       elapsed(s->begin_ns, now_ns) >= (uint64_t)(seconds * SECOND_NS);
}

void zoom_session_add(struct zoom_session *s, const struct flow *f,
		      const struct observation *o)
{
	struct zoom_packet packet = {
		.time_ns = o->time_ns,
		.length = o->packet.length,
		.flow = f->zoom_index,
		.is_inbound = o->packet.is_inbound,
	};
	unsigned int thinned;

	if (!is_looked_at(s, f) || !is_watched(s, f))
		return;
	thinned = zoom_count_dropped(s->zoom);
	if (!zoom_add(s->zoom, &packet))
		s->is_full = true;
	if (zoom_count_dropped(s->zoom) != thinned)
		update_watched(s);
}

/* Names what each flow was matched with, as the comparison of bins does. */
static void note_partners(const struct zoom_session *s, struct app *a)
{
	struct flow *f;

	DL_FOREACH (a->flows, f) {
		float best = 0;

		for (size_t k = 0; is_watched(s, f) && k < s->flow_count; k++) {
			float share = fmaxf(zoom_pair_share(s->zoom, f->zoom_index, k),
					    zoom_pair_share(s->zoom, k, f->zoom_index));

			if (share <= best)
				continue;
			best = share;
			f->partner = s->keys[k].remote;
		}
		/* It surely is a leg, though nobody can tell of whom. */
		if (best <= 0 && is_watched(s, f))
			best = zoom_leg_share(s->zoom, f->zoom_index);
		if (best <= 0)
			continue;
		f->match = best;
		app_note_matches(a, f,
				 f->matches < FLOW_LEG_MATCHES ? FLOW_LEG_MATCHES
							       : f->matches);
	}
}

/* The kernel counted those that joined from their first byte on. */
static void take_totals(struct zoom_session *s, const struct app *a)
{
	const struct flow *f;
	double in, out;

	DL_FOREACH (a->flows, f)
		if (is_watched(s, f) && f->first_ns >= s->begin_ns &&
		    f->bytes_in + f->bytes_out > 0) {
			flow_payload(f, &in, &out);
			zoom_set_totals(s->zoom, f->zoom_index, in, out);
		}
}

bool zoom_session_glance(struct zoom_session *s, struct app *a, uint64_t now_ns)
{
	struct zoom_result r;

	if (!s->app || s->is_void || s->has_glanced ||
	    elapsed(s->begin_ns, now_ns) < GLANCE_NS)
		return false;
	s->has_glanced = true;
	take_totals(s, a);
	zoom_evaluate(s->zoom, &r);
	s->is_decided = r.is_conclusive && r.matched_share >= GLANCE_SHARE;
	if (s->is_decided)
		zoom_session_end(s, a, now_ns);
	return s->is_decided;
}

void zoom_session_end(struct zoom_session *s, struct app *a, uint64_t now_ns)
{
	struct flow *f;

	s->app = APP_UNATTRIBUTED;
	if (!a || s->is_void)
		return;
	take_totals(s, a);
	zoom_evaluate(s->zoom, &a->zoom.result);
	if (a->zoom.result.is_conclusive && a->zoom.result.matched_share > 0)
		note_partners(s, a);
	DL_FOREACH (a->flows, f)
		f->zoom_index = ZOOM_NONE;
	a->zoom.was_longer = s->seconds > ZOOM_SECONDS;
	a->zoom.time_ns = now_ns;
}
