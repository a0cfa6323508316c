/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/hub.h"
#include "core/app.h"
#include <utlist.h>

#define SLOT_NS 20000000000u
#define SLOTS_LOOKED_AT 0xfu
#define SLOTS_TALKING 2
#define OLD_ENOUGH_NS 60000000000u

static uint8_t aged(uint8_t slots, uint32_t by)
{
	return (uint8_t)(by < 8 ? slots << by : 0);
}

static uint32_t slot_at(uint64_t time_ns)
{
	return (uint32_t)(time_ns / SLOT_NS);
}

void hub_note(struct hub_talk *t, uint64_t time_ns, bool has_in, bool has_out)
{
	uint32_t now = slot_at(time_ns);

	t->in = aged(t->in, now - t->slot) | has_in;
	t->out = aged(t->out, now - t->slot) | has_out;
	t->slot = now;
}

bool hub_is_talking(const struct hub_talk *t, uint64_t time_ns)
{
	uint32_t age = slot_at(time_ns) - t->slot;
	unsigned int both = aged(t->in, age) & aged(t->out, age) & SLOTS_LOOKED_AT;

	return __builtin_popcount(both) >= SLOTS_TALKING;
}

struct hub_counts hub_count(struct app *a, uint64_t time_ns)
{
	struct hub_counts c = {0};
	struct peer *p;
	struct flow *f;

	DL_FOREACH (a->peer_list, p)
		p->is_caller = p->is_called = false;
	DL_FOREACH (a->flows, f) {
		if (!f->is_stranger || time_ns - f->first_ns < OLD_ENOUGH_NS ||
		    !hub_is_talking(&f->talk, time_ns))
			continue;
		if (f->is_inbound && !f->peer->is_caller) {
			f->peer->is_caller = true;
			c.callers++;
		} else if (!f->is_inbound && !f->peer->is_called) {
			f->peer->is_called = true;
			c.called++;
		}
	}
	return c;
}
