/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many strangers lean on an application: called it, and keep talking, both ways,
 * again and again. Passers-by (a query of a distributed hash table, a page fetched, a
 * peer of a swarm with nothing to say) do not count. Pure.
 *
 * A flow remembers in which slots of 20 s payload came and went; one that did both in
 * two of the last four slots, and began a minute ago, keeps talking. So upkeep must
 * come once a minute at least: supernodes were seen to have it every 10 to 60 s,
 * BitTorrent every 120 s.
 */
#ifndef CORE_HUB_H
#define CORE_HUB_H

#include <stdbool.h>
#include <stdint.h>

struct app;

/* Of a flow: a bit a slot, the newest lowest. */
struct hub_talk {
	uint32_t slot;
	uint8_t in, out;
};

void hub_note(struct hub_talk *t, uint64_t time_ns, bool has_in, bool has_out);
bool hub_is_talking(const struct hub_talk *t, uint64_t time_ns);

/* Strangers that keep talking: they called the application, or it called them. */
struct hub_counts {
	unsigned int callers, called;
};

/* Walks the flows of the application. */
struct hub_counts hub_count(struct app *a, uint64_t time_ns);

#endif
