/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the wall clock was set: it and the one that counts from the boot, which goes
 * on while a computer sleeps, then move by different amounts. Pure.
 */
#ifndef CORE_CLOCK_STEP_H
#define CORE_CLOCK_STEP_H

#include <stdbool.h>
#include <stdint.h>

/* More than slewing, at 500 ppm, does in an hour. */
#define CLOCK_STEP_MIN_NS INT64_C(2000000000)

/* Zero: it was never looked at. */
struct clock_step {
	bool has_begun;
	int64_t offset_ns; /* of the wall clock from the other, at the last look */
};

/* By how much it was set since the last look, below 0 for back; 0: it was not. */
int64_t clock_step_look(struct clock_step *c, int64_t wall_ns, uint64_t boot_ns);

#endif
