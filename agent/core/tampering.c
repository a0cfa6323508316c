/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/tampering.h"

#define TOLERANCE_NS ((TAMPERING_REPAIRS_MAX - 1) * (uint64_t)TAMPERING_REFILL_NS)

/* A token bucket of TAMPERING_REPAIRS_MAX, kept as the time when it is full. */
uint64_t tampering_repair_at(const struct tampering *t, uint64_t now_ns)
{
	return t->full_ns > now_ns + TOLERANCE_NS ? t->full_ns - TOLERANCE_NS : now_ns;
}

void tampering_repaired(struct tampering *t, uint64_t now_ns)
{
	if (t->full_ns < now_ns)
		t->full_ns = now_ns;
	t->full_ns += TAMPERING_REFILL_NS;
}

bool tampering_is_fight(const struct tampering *t, uint64_t now_ns)
{
	return t->full_ns > now_ns + 2 * (uint64_t)TAMPERING_REFILL_NS;
}
