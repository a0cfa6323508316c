/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/role.h"

/* Remembers when a condition began to hold; forgets when it stops. */
static void note(uint64_t *since_ns, bool holds, uint64_t time_ns)
{
	if (!holds)
		*since_ns = 0;
	else if (!*since_ns)
		*since_ns = time_ns;
}

static bool has_lasted(uint64_t since_ns, uint64_t time_ns, uint64_t needed_ns)
{
	return since_ns && time_ns - since_ns >= needed_ns;
}

/* Packets decide at once what bins of bytes take longer to show. */
static uint64_t promoted_after(const struct app *a)
{
	return a->evidence[EVIDENCE_PACKETS].weight > 0 ? ROLE_PROMOTED_AFTER_ZOOM_NS
							: ROLE_PROMOTED_AFTER_NS;
}

static enum app_role promoted_role(bool is_carrying)
{
	return is_carrying ? ROLE_RELAY : ROLE_SUPERNODE;
}

static enum app_role next_role(const struct app *a, const struct role_clock *clock,
			       bool is_above, bool is_carrying, uint64_t time_ns)
{
	if (is_above && has_lasted(clock->above_ns, time_ns, promoted_after(a)))
		return promoted_role(is_carrying || a->role == ROLE_RELAY);
	if (app_role_is_promoted(a->role)) {
		bool is_over =
			has_lasted(clock->below_ns, time_ns, ROLE_CLEARED_AFTER_NS) &&
			time_ns - a->role_since_ns >= ROLE_KEPT_AT_LEAST_NS;

		return is_over ? ROLE_CLIENT : a->role;
	}
	return a->log_odds >= ROLE_SUSPECT_AT ? ROLE_SUSPECT : ROLE_CLIENT;
}

bool role_update(struct app *a, struct role_clock *clock, bool is_carrying,
		 uint64_t time_ns)
{
	bool is_above = a->log_odds >= ROLE_PROMOTED_AT;
	enum app_role role;

	note(&clock->above_ns,
	     is_above || (clock->above_ns && a->log_odds >= ROLE_SUSPECT_AT), time_ns);
	note(&clock->below_ns, a->log_odds <= ROLE_CLEARED_AT && !a->is_held, time_ns);
	role = next_role(a, clock, is_above, is_carrying, time_ns);
	if (role == a->role)
		return false;
	/* A supernode that begins to carry payload was promoted when it became one. */
	if (!(app_role_is_promoted(a->role) && app_role_is_promoted(role)))
		a->role_since_ns = time_ns;
	a->role = role;
	return true;
}
