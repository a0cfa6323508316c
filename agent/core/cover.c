/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cover.h"
#include <math.h>

#define VARIATION_MAX 0.05 /* of the mean, second by second */
#define DIFFERENCE_MAX 0.02
#define SECONDS_MIN 8
#define RATE_MIN 300.0

/* Of one direction of a flow: its mean rate, 0 where it varies. */
static double flat_rate(const float *samples, size_t length, size_t per_second)
{
	size_t seconds = length / per_second;
	double sum = 0, square = 0, mean;

	if (seconds < SECONDS_MIN)
		return 0;
	for (size_t s = 0; s < seconds; s++) {
		double second = 0;

		for (size_t i = 0; i < per_second; i++)
			second += (double)samples[s * per_second + i] /
				  (double)per_second;
		sum += second;
		square += second * second;
	}
	mean = sum / (double)seconds;
	if (mean < RATE_MIN || square / (double)seconds - mean * mean >
				       VARIATION_MAX * VARIATION_MAX * mean * mean)
		return 0;
	return mean;
}

static bool is_same_rate(double a, double b)
{
	return a > 0 && b > 0 && fabs(a - b) <= DIFFERENCE_MAX * fmax(a, b);
}

double cover_share(const struct pairs_input *inputs, size_t count, uint32_t end,
		   size_t length, size_t per_second)
{
	float in[SERIES_LENGTH], out[SERIES_LENGTH];
	double flat_in[PAIRS_FLOWS_MAX], flat_out[PAIRS_FLOWS_MAX];
	double received = 0, covered = 0;

	if (count > PAIRS_FLOWS_MAX || length > SERIES_LENGTH || per_second == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		series_copy(inputs[i].series, end, length, in, out);
		flat_in[i] = flat_rate(in, length, per_second);
		flat_out[i] = flat_rate(out, length, per_second);
		for (size_t k = 0; k < length; k++)
			received += (double)in[k] / (double)length;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (is_same_rate(flat_in[i], flat_out[j]) &&
			    !addr_equal(&inputs[i].remote, &inputs[j].remote)) {
				covered += flat_in[i];
				break;
			}
	return received > 0 ? fmin(1, covered / received) : 0;
}
