/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short time series of a flow, and the statistics detection needs of them. One sample a
 * tick; two series are aligned by tick number. Pure.
 */
#ifndef CORE_SERIES_H
#define CORE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIES_LENGTH 128

struct series {
	float in[SERIES_LENGTH], out[SERIES_LENGTH]; /* payload bytes per second */
	uint32_t end;	/* tick number after the newest sample */
	uint32_t count; /* samples kept, at most SERIES_LENGTH */
};

void series_push(struct series *s, uint32_t tick, float in, float out);

/*
 * Copies the `length` samples that end before tick `end` to `ret_in` and `ret_out`,
 * zeroes where the series had not begun.
 */
void series_copy(const struct series *s, uint32_t end, size_t length, float *ret_in,
		 float *ret_out);

/*
 * log1p(x / 200), then the residual of a first-order autoregression: takes out trend
 * and level so that what is left of two unrelated flows does not correlate. In place.
 */
void series_prewhiten(float *x, size_t length);

/*
 * Replaces prewhitened values by their ranks, scaled to mean 0 and variance 1. Values
 * within .01 of the least of them are ties and share their mean rank. Returns how many
 * samples tell something: all but the largest group of ties; 0 leaves `x` as it is.
 * `order` is scratch for `length` entries.
 */
size_t series_rank(float *x, size_t length, uint16_t *order);

/* Correlation of two ranked series with `y` later by `shift`, wrapping around. */
float series_correlation(const float *x, const float *y, size_t length, size_t shift);

/* The z of a one-sided normal tail `p` (0 < p < .5). */
double normal_tail_z(double p);

#endif
