/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates that fade with one time constant, kept so that nothing has to be done as time
 * passes: b bytes at time t count as b / tau * e^((t - epoch) / tau), and what is rated
 * at a time is the sum over e^((time - epoch) / tau). So sums of rates are sums, and of
 * two rates of one epoch the larger stays the larger until something moves. Pure.
 *
 * An epoch is 2^40 ns, 18 minutes or 69 time constants: far from the bounds of a
 * double. What is of an older epoch is brought to a newer one when it is touched.
 */
#ifndef CORE_DECAY_H
#define CORE_DECAY_H

#include <stdint.h>

#define DECAY_SECONDS 16.0 /* the time constant */

/* Bytes per second, scaled. Which epoch they are of is kept beside them. */
struct rates {
	double in, out;
};

uint32_t decay_epoch(uint64_t time_ns);
/* What a rate of 1 byte a second at this time is, scaled, in its own epoch. */
double decay_scale(uint64_t time_ns);
/* What brings scaled values of one epoch to another. */
double decay_carry(uint32_t from, uint32_t to);

/* Brings rates from their epoch to another. */
void rates_move(struct rates *r, uint32_t from, uint32_t to);
/* Bytes per second at a time. */
struct rates rates_at(const struct rates *scaled, uint32_t epoch, uint64_t time_ns);

#endif
