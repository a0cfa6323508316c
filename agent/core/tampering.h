/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often our rules may be put back when somebody else changes them: at once, but not
 * without end. A few in a row are put back as they come; in a fight with a program that
 * does it again and again only one in TAMPERING_REFILL_NS is, so that neither the agent
 * nor the kernel is kept busy. Pure.
 */
#ifndef CORE_TAMPERING_H
#define CORE_TAMPERING_H

#include <stdbool.h>
#include <stdint.h>

#define TAMPERING_REPAIRS_MAX 5 /* in a row */
#define TAMPERING_REFILL_NS 10000000000u

struct tampering {
	uint64_t full_ns; /* when as many as at the start may be done in a row again */
};

/* When the next repair may be done: `now_ns`, or later. */
uint64_t tampering_repair_at(const struct tampering *t, uint64_t now_ns);
void tampering_repaired(struct tampering *t, uint64_t now_ns);
/* More than two repairs lately: somebody does not give up. */
bool tampering_is_fight(const struct tampering *t, uint64_t now_ns);

#endif
