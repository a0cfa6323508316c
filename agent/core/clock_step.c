/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/clock_step.h"

int64_t clock_step_look(struct clock_step *c, int64_t wall_ns, uint64_t boot_ns)
{
	int64_t offset = wall_ns - (int64_t)boot_ns;
	int64_t step = c->has_begun ? offset - c->offset_ns : 0;

	*c = (struct clock_step){true, offset};
	return step > -CLOCK_STEP_MIN_NS && step < CLOCK_STEP_MIN_NS ? 0 : step;
}
