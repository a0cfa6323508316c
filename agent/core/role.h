/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From log-odds to a role, with hysteresis (DETECTION, "Verdict"). Pure.
 */
#ifndef CORE_ROLE_H
#define CORE_ROLE_H

#include "core/app.h"

#define ROLE_SUSPECT_AT 0.0
#define ROLE_PROMOTED_AT 2.9 /* p = .95 */
#define ROLE_CLEARED_AT -1.0
#define ROLE_PROMOTED_AFTER_NS 5000000000u     /* above, and no client since */
#define ROLE_PROMOTED_AFTER_ZOOM_NS 900000000u /* where packets have spoken */
#define ROLE_CLEARED_AFTER_NS 60000000000u     /* below all that time */
#define ROLE_KEPT_AT_LEAST_NS 300000000000u    /* once promoted */

/* When the log-odds first were above, and not below 0 since; since when below. 0: no.
 */
struct role_clock {
	uint64_t above_ns, below_ns;
};

/*
 * Moves a->role according to a->log_odds; `is_carrying` tells a relay from a supernode.
 * True if the role changed.
 */
bool role_update(struct app *a, struct role_clock *clock, bool is_carrying,
		 uint64_t time_ns);

#endif
