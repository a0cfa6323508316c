/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers that were refused and keep calling: how often, and since when. The kernel
 * counts them by application and address and forgets who has been silent for
 * CALLERS_KEPT_NS; this remembers in addition when each was met first. Pure.
 */
#ifndef CORE_CALLERS_H
#define CORE_CALLERS_H

#include "base/addr.h"
#include <stddef.h>
#include <stdint.h>

#define CALLERS_KEPT_NS 600000000000u
#define CALLERS_MAX 4096 /* of each family; beyond, new ones are not told apart */

struct caller {
	uint8_t number; /* of the application */
	struct addr addr;
	uint64_t calls;		    /* packets of it that were refused */
	uint64_t first_ns, last_ns; /* the first is late by one reading at most */
};

struct callers {
	struct caller *items; /* sorted by number and address */
	size_t count;
};

/* Takes what the kernel has now, `items` allocated, in any order, without first_ns. */
void callers_update_take(struct callers *c, struct caller *items, size_t count);
void callers_done(struct callers *c);

/* Of one application, and of those only who called after `since_ns` and has not been
 * forgotten at `now_ns`. */
struct callers_sum {
	size_t count;
	uint64_t calls;
	double per_minute; /* on the average since each one's first */
	uint64_t first_ns; /* of all; 0: nobody */
};
struct callers_sum callers_sum(const struct callers *c, uint8_t number,
			       uint64_t since_ns, uint64_t now_ns);
/* The next one likewise, or NULL; `previous` NULL: the first. */
const struct caller *callers_next(const struct callers *c,
				  const struct caller *previous, uint8_t number,
				  uint64_t since_ns, uint64_t now_ns);
double caller_per_minute(const struct caller *caller, uint64_t now_ns);

#endif
