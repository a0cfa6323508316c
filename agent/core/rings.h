/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a flow carried in each of the last ten minutes' seconds, in and out. Pure.
 *
 * One ring of fine bins instead of several of coarser ones: who batches betrays himself
 * by what he sends between two bursts, and bins of 8 or 64 s hide where a burst begins.
 * Numbers of 16 bits make that affordable: 11 bits of mantissa below a hidden one, so
 * that a value is off by at most 1 in 4096, and 5 of exponent. 2.6 KB a flow.
 */
#ifndef CORE_RINGS_H
#define CORE_RINGS_H

#include <stddef.h>
#include <stdint.h>

#define RINGS_SECONDS 640

struct rings {
	uint16_t in[RINGS_SECONDS], out[RINGS_SECONDS]; /* payload bytes, packed */
	uint32_t end;	/* the second after the newest bin */
	uint32_t count; /* bins kept, at most RINGS_SECONDS */
};

/*
 * Adds the bytes that moved in `second`. Seconds that were left out are bins of
 * nothing; a clock that went back, or forward by more than the ring, begins anew.
 */
void rings_push(struct rings *r, uint32_t second, double in, double out);

/*
 * Copies the `length` seconds before `end` to `ret_in` and `ret_out` (either may be
 * NULL), zeroes where the ring had not begun or has not come to.
 */
void rings_copy(const struct rings *r, uint32_t end, size_t length, float *ret_in,
		float *ret_out);

#endif
