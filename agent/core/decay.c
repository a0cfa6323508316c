/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/decay.h"
#include <math.h>

#define EPOCH_BITS 40
#define EPOCH_NS (1ull << EPOCH_BITS)
#define CONSTANT_NS (DECAY_SECONDS * 1e9)

uint32_t decay_epoch(uint64_t time_ns)
{
	return (uint32_t)(time_ns >> EPOCH_BITS);
}

double decay_scale(uint64_t time_ns)
{
	return exp((double)(time_ns & (EPOCH_NS - 1)) / CONSTANT_NS);
}

double decay_carry(uint32_t from, uint32_t to)
{
	if (from == to)
		return 1;
	return exp(((double)from - (double)to) * (double)EPOCH_NS / CONSTANT_NS);
}

void rates_move(struct rates *r, uint32_t from, uint32_t to)
{
	double factor = decay_carry(from, to);

	r->in *= factor;
	r->out *= factor;
}

struct rates rates_at(const struct rates *scaled, uint32_t epoch, uint64_t time_ns)
{
	double factor = decay_carry(epoch, decay_epoch(time_ns)) / decay_scale(time_ns);

	return (struct rates){scaled->in * factor, scaled->out * factor};
}
