/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/zoom_session.h"
#include "core/sampling.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <utlist.h>

#define SECOND_NS 1000000000u
#define AGAIN_NS (6 * (uint64_t)SECOND_NS)
#define REFRESH_NS (30 * (uint64_t)SECOND_NS)

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

static bool has_budget(const struct zoom_session *s, uint64_t now_ns)
{
	return s->in_minute < ZOOM_PER_MINUTE ||
	       now_ns - s->minute_ns >= 60 * (uint64_t)SECOND_NS;
}

bool zoom_session_is_due(const struct zoom_session *s, const struct app *a,
			 uint64_t now_ns)
{
	const struct zoom_view *v = &a->zoom;

	if (s->app || !a->is_candidate || !has_budget(s, now_ns))
		return false;
	return !v->time_ns ||
	       now_ns - v->time_ns >= (v->result.is_conclusive ? REFRESH_NS : AGAIN_NS);
}

bool zoom_session_begin(struct zoom_session *s, struct app *a, uint64_t now_ns)
{
	struct flow *flows[PAIRS_FLOWS_MAX];
	struct addr remotes[ZOOM_FLOWS_MAX];
	size_t count =
		s->app || !a->is_candidate ? 0 : sampling_list_alive(a, now_ns, flows);

	_Static_assert(PAIRS_FLOWS_MAX <= ZOOM_FLOWS_MAX,
		       "every sampled flow has room");
	if (!count)
		return false;
	if (now_ns - s->minute_ns >= 60 * (uint64_t)SECOND_NS) {
		s->minute_ns = now_ns;
		s->in_minute = 0;
	}
	s->in_minute++;
	s->app = a->id;
	s->flow_count = count;
	s->is_full = false;
	for (size_t i = 0; i < count; i++) {
		flows[i]->zoom_index = (uint8_t)i;
		s->keys[i] = flows[i]->key;
		remotes[i] = flows[i]->key.remote;
	}
	zoom_begin(s->zoom, remotes, count);
	return true;
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

	if (s->app && f->peer->key.app == s->app && f->zoom_index < s->flow_count &&
	    !zoom_add(s->zoom, &packet))
		s->is_full = true;
}

/* Names what each flow was matched with, as the comparison of bins does. */
static void note_partners(const struct zoom_session *s, struct app *a)
{
	struct flow *f;

	DL_FOREACH (a->flows, f) {
		float best = 0;

		for (size_t k = 0; f->zoom_index < s->flow_count && k < s->flow_count;
		     k++) {
			float share = fmaxf(zoom_pair_share(s->zoom, f->zoom_index, k),
					    zoom_pair_share(s->zoom, k, f->zoom_index));

			if (share <= best)
				continue;
			best = share;
			f->partner = s->keys[k].remote;
		}
		if (best <= 0)
			continue;
		f->match = best;
		if (f->matches < FLOW_LEG_MATCHES)
			f->matches = FLOW_LEG_MATCHES;
	}
}

void zoom_session_end(struct zoom_session *s, struct app *a, uint64_t now_ns)
{
	struct flow *f;

	s->app = APP_UNATTRIBUTED;
	if (!a)
		return;
	zoom_evaluate(s->zoom, &a->zoom.result);
	if (a->zoom.result.is_conclusive && a->zoom.result.matched_share > 0)
		note_partners(s, a);
	DL_FOREACH (a->flows, f)
		f->zoom_index = ZOOM_NONE;
	a->zoom.time_ns = now_ns;
}
