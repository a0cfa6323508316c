/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sampling.h"
#include <string.h>
#include <utlist.h>

#define SERIES_PER_CHUNK 64
#define ALIVE_NS 3000000000u

void sampling_init(struct sampling *s)
{
	*s = (struct sampling){0};
	slab_init(&s->series_slab, sizeof(struct series), SERIES_PER_CHUNK);
}

void sampling_done(struct sampling *s)
{
	slab_done(&s->series_slab);
}

static double weight_of(const struct flow *f)
{
	return f->recent_in + f->recent_out;
}

/* Keeps the heaviest in descending order: an insertion costs only where a flow belongs.
 */
static size_t insert(struct flow **flows, size_t count, struct flow *f)
{
	size_t at = count;

	if (count == PAIRS_FLOWS_MAX) {
		if (weight_of(f) <= weight_of(flows[count - 1]))
			return count;
		at = count - 1;
	} else {
		count++;
	}
	while (at > 0 && weight_of(f) > weight_of(flows[at - 1])) {
		flows[at] = flows[at - 1];
		at--;
	}
	flows[at] = f;
	return count;
}

static size_t heaviest(const struct app *a, struct flow **flows, bool only_sampled,
		       uint64_t alive_since_ns)
{
	size_t count = 0;
	struct flow *f;

	DL_FOREACH (a->flows, f)
		if (f->is_stranger && f->last_ns >= alive_since_ns &&
		    (f->series || !only_sampled))
			count = insert(flows, count, f);
	return count;
}

size_t sampling_list(const struct app *a, struct flow *ret_flows[PAIRS_FLOWS_MAX])
{
	return heaviest(a, ret_flows, true, 0);
}

size_t sampling_list_alive(const struct app *a, uint64_t now_ns,
			   struct flow *ret_flows[PAIRS_FLOWS_MAX])
{
	return heaviest(a, ret_flows, false, now_ns > ALIVE_NS ? now_ns - ALIVE_NS : 0);
}

void sampling_drop(struct sampling *s, struct flow *f)
{
	if (!f->series)
		return;
	slab_give(&s->series_slab, f->series);
	f->series = NULL;
	s->in_use--;
}

static bool is_among(struct flow *const *flows, size_t count, const struct flow *f)
{
	for (size_t i = 0; i < count; i++)
		if (flows[i] == f)
			return true;
	return false;
}

void sampling_choose(struct sampling *s, struct app *a)
{
	struct flow *flows[PAIRS_FLOWS_MAX];
	size_t count = heaviest(a, flows, false, 0);
	struct flow *f;

	DL_FOREACH (a->flows, f)
		if (f->series && !is_among(flows, count, f))
			sampling_drop(s, f);
	for (size_t i = 0; i < count; i++) {
		if (flows[i]->series || s->in_use >= SAMPLING_SERIES_MAX)
			continue;
		flows[i]->series = slab_take(&s->series_slab);
		if (!flows[i]->series)
			continue;
		flows[i]->pending_in = flows[i]->pending_out = 0;
		s->in_use++;
	}
}

void sampling_stop(struct sampling *s, struct app *a)
{
	struct flow *f;

	DL_FOREACH (a->flows, f)
		sampling_drop(s, f);
}

void sampling_tick(struct app *a, uint32_t tick, double seconds)
{
	struct flow *f;

	DL_FOREACH (a->flows, f) {
		if (!f->series)
			continue;
		series_push(f->series, tick, (float)(f->pending_in / seconds),
			    (float)(f->pending_out / seconds));
		f->pending_in = f->pending_out = 0;
	}
}
