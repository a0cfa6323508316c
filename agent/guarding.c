/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the link and the counters of guarded applications to the guard: core/guard.h. */
#include "agent_private.h"

uint64_t guarding_capacity(const struct agent *a, enum direction d)
{
	uint64_t given = policy_store_policy(a->policies)->capacity[d];
	struct link_uplink uplink;

	if (given)
		return given;
	link_get_uplink(a->link, &uplink);
	return uplink.capacity;
}

static void set_lines(struct agent *a)
{
	const struct policy *p = policy_store_policy(a->policies);

	for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
		uint64_t capacity = guarding_capacity(a, d);
		uint64_t reserve = p->reserve_percent
					   ? capacity / 100 * p->reserve_percent
					   : p->reserve_rate;

		guard_set_line(&a->guard, d, (struct guard_line){capacity, reserve});
	}
}

static void add_app(struct agent *a, const struct app *app,
		    const struct wall_time *wall, struct guard_sample *sample)
{
	uint8_t number = app_number(app->id);
	struct decision d;

	if (app->id == APP_UNATTRIBUTED || number == APP_NUMBER_SHARED)
		return;
	decide(policy_store_policy(a->policies), app, wall, &d);
	if (!d.is_guarded || !enforce_is_on(a))
		return;
	sample->apps[number].is_guarded = true;
	for (int i = 0; i < DIRECTION_COUNT; i++) {
		sample->apps[number].bytes[i] =
			a->enforce.counters.guarded[number][i].bytes;
		sample->apps[number].rate[i] = d.relay_rate[i];
	}
}

void guarding_update(struct agent *a, uint64_t now_ns)
{
	struct guard_sample *sample = &a->guard_sample;
	const struct app *app = NULL;
	struct wall_time wall;

	if (!policy_is_guarding(policy_store_policy(a->policies))) {
		guard_init(&a->guard);
		return;
	}
	set_lines(a);
	*sample = (struct guard_sample){.time_ns = now_ns};
	/* Both at one moment. Without either there is nothing to judge by. */
	if (link_read_bytes(a->link, sample->link) < 0 || !a->nft ||
	    nft_read_counters(a->nft, &a->enforce.counters) < 0)
		return;
	agent_wall(&wall);
	while ((app = engine_next_app(a->engine, app)))
		add_app(a, app, &wall, sample);
	guard_update(&a->guard, sample);
}
