/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rings.h"
#include <stdbool.h>

#define MANTISSA_BITS 11
#define HIDDEN (1u << MANTISSA_BITS)
#define BYTES_MAX ((uint64_t)(2 * HIDDEN - 1) << 30)

static uint64_t unpack(uint16_t packed)
{
	unsigned int exponent = packed >> MANTISSA_BITS;
	uint64_t mantissa = packed & (HIDDEN - 1);

	return exponent ? (HIDDEN | mantissa) << (exponent - 1) : mantissa;
}

static uint16_t pack(double bytes)
{
	unsigned int shift = 0;
	uint64_t value;

	if (!(bytes > 0))
		return 0;
	value = bytes < (double)BYTES_MAX ? (uint64_t)(bytes + 0.5) : BYTES_MAX;
	while (value >> shift >= 2 * HIDDEN)
		shift++;
	if (shift)
		value += (uint64_t)1 << (shift - 1);
	/* Rounding up may have made it one bit longer. */
	if (value >> shift >= 2 * HIDDEN)
		shift++;
	if (shift > 30)
		return UINT16_MAX;
	value >>= shift;
	return value < HIDDEN ? (uint16_t)value
			      : (uint16_t)((shift + 1) << MANTISSA_BITS |
					   (value & (HIDDEN - 1)));
}

static void begin(struct rings *r, uint32_t second)
{
	r->end = second;
	r->count = 0;
}

void rings_push(struct rings *r, uint32_t second, double in, double out)
{
	uint32_t at = second % RINGS_SECONDS;

	/* Two readings may fall into one second. */
	if (r->count && second == r->end - 1) {
		r->in[at] = pack((double)unpack(r->in[at]) + in);
		r->out[at] = pack((double)unpack(r->out[at]) + out);
		return;
	}
	if (!r->count || second - r->end >= RINGS_SECONDS)
		begin(r, second);
	for (; r->end != second; r->end++) {
		r->in[r->end % RINGS_SECONDS] = r->out[r->end % RINGS_SECONDS] = 0;
		r->count += r->count < RINGS_SECONDS;
	}
	r->in[at] = pack(in);
	r->out[at] = pack(out);
	r->end++;
	r->count += r->count < RINGS_SECONDS;
}

static bool is_kept(const struct rings *r, uint32_t second)
{
	uint32_t age = r->end - second; /* 1 is the newest */

	return age >= 1 && age <= r->count;
}

void rings_copy(const struct rings *r, uint32_t end, size_t length, float *ret_in,
		float *ret_out)
{
	for (size_t i = 0; i < length; i++) {
		uint32_t second = end - (uint32_t)length + (uint32_t)i;
		uint32_t at = second % RINGS_SECONDS;
		bool has = is_kept(r, second);

		if (ret_in)
			ret_in[i] = has ? (float)unpack(r->in[at]) : 0;
		if (ret_out)
			ret_out[i] = has ? (float)unpack(r->out[at]) : 0;
	}
}
