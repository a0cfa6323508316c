/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sampling.h"
#include "base/units.h"
#include <utlist.h>

#define SAMPLES_PER_CHUNK 64
#define ALIVE_NS 3000000000u

void sampling_init(struct sampling *s)
{
	*s = (struct sampling){0};
	slab_init(&s->slab, sizeof(struct samples), SAMPLES_PER_CHUNK);
}

void sampling_done(struct sampling *s)
{
	slab_done(&s->slab);
}

size_t sampling_list(const struct app *a, struct flow *ret_flows[PAIRS_FLOWS_MAX])
{
	struct selection s;

	selection_init(&s);
	for (size_t i = 0; i < a->sampled_count; i++)
		selection_add(&s, a->sampled[i],
			      heaviest_weight(a->sampled[i], a->heaviest.epoch));
	return selection_list(&s, ret_flows);
}

size_t sampling_list_alive(const struct app *a, uint64_t now_ns,
			   struct flow *ret_flows[PAIRS_FLOWS_MAX])
{
	uint64_t since_ns = now_ns > ALIVE_NS ? now_ns - ALIVE_NS : 0;
	uint32_t epoch = decay_epoch(now_ns);
	struct selection s;
	struct flow *f;

	selection_init(&s);
	DL_FOREACH (a->flows, f)
		if (f->is_stranger && f->last_ns >= since_ns)
			selection_add(&s, f, heaviest_weight(f, epoch));
	return selection_list(&s, ret_flows);
}

/* Takes the samples of sampled flow number `i`. */
static void release(struct sampling *s, struct app *a, size_t i)
{
	slab_give(&s->slab, a->sampled[i]->samples);
	a->sampled[i]->samples = NULL;
	a->sampled[i] = a->sampled[--a->sampled_count];
	s->in_use--;
}

void sampling_drop(struct sampling *s, struct app *a, struct flow *f)
{
	heaviest_drop(&a->heaviest, f);
	for (size_t i = 0; f->samples && i < a->sampled_count; i++)
		if (a->sampled[i] == f)
			release(s, a, i);
}

void sampling_note(struct app *a, struct flow *f)
{
	heaviest_note(&a->heaviest, f);
}

static bool is_among(struct flow *const *flows, size_t count, const struct flow *f)
{
	for (size_t i = 0; i < count; i++)
		if (flows[i] == f)
			return true;
	return false;
}

static void sample(struct sampling *s, struct app *a, struct flow *f)
{
	if (f->samples)
		return;
	if (s->in_use < SAMPLING_FLOWS_MAX)
		f->samples = slab_take(&s->slab);
	if (!f->samples) {
		s->refused++;
		return;
	}
	f->pending_in = f->pending_out = 0;
	a->sampled[a->sampled_count++] = f;
	s->in_use++;
}

void sampling_choose(struct sampling *s, struct app *a)
{
	struct flow *flows[HEAVIEST_LISTED];
	size_t count = heaviest_list(&a->heaviest, a->flows, flows);

	_Static_assert(HEAVIEST_LISTED == PAIRS_FLOWS_MAX, "all of them are sampled");
	for (size_t i = a->sampled_count; i-- > 0;)
		if (!is_among(flows, count, a->sampled[i]))
			release(s, a, i);
	for (size_t i = 0; i < count; i++)
		sample(s, a, flows[i]);
}

void sampling_stop(struct sampling *s, struct app *a)
{
	heaviest_stop(&a->heaviest);
	while (a->sampled_count)
		release(s, a, a->sampled_count - 1);
}

void sampling_tick(struct app *a, uint32_t tick, uint64_t time_ns, double seconds)
{
	uint32_t second = (uint32_t)((time_ns - 1) / SECOND_NS);

	for (size_t i = 0; i < a->sampled_count; i++) {
		struct flow *f = a->sampled[i];

		rings_push(&f->samples->rings, second, (double)f->pending_in,
			   (double)f->pending_out);
		series_push(&f->samples->series, tick,
			    (float)((double)f->pending_in / seconds),
			    (float)((double)f->pending_out / seconds));
		f->pending_in = f->pending_out = 0;
	}
}
