/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/series.h"
#include <math.h>
#include <stdlib.h>

/* Differences below a few packets are noise: bytes per second that count as one step.
 */
#define SCALE 200.0f
#define AUTOREGRESSION_MAX 0.95f
/* Closer values (of a logarithm, so 1 %) share a rank. A tick is never exactly as long
 * as it should be, and its length is in the rates of all flows alike: among flat flows
 * that tremble, and rounding, would be all there is to compare. */
#define TIE 0.01f

void series_push(struct series *s, uint32_t tick, float in, float out)
{
	uint32_t gap = tick - s->end;

	/* A tick that was missed is a sample of nothing. */
	if (s->count && gap < SERIES_LENGTH)
		for (uint32_t i = 0; i < gap; i++) {
			s->in[(s->end + i) % SERIES_LENGTH] = 0;
			s->out[(s->end + i) % SERIES_LENGTH] = 0;
			s->count += s->count < SERIES_LENGTH;
		}
	else
		s->count = 0;
	s->in[tick % SERIES_LENGTH] = in;
	s->out[tick % SERIES_LENGTH] = out;
	s->end = tick + 1;
	s->count += s->count < SERIES_LENGTH;
}

void series_copy(const struct series *s, uint32_t end, size_t length, float *ret_in,
		 float *ret_out)
{
	for (size_t i = 0; i < length; i++) {
		uint32_t tick = end - (uint32_t)length + (uint32_t)i;
		uint32_t age = s->end - tick; /* 1 is the newest */
		bool is_kept = age >= 1 && age <= s->count;

		ret_in[i] = is_kept ? s->in[tick % SERIES_LENGTH] : 0;
		ret_out[i] = is_kept ? s->out[tick % SERIES_LENGTH] : 0;
	}
}

void series_prewhiten(float *x, size_t length)
{
	float mean = 0, cross = 0, square = 0, phi = 0, last = 0;

	if (!length)
		return;
	for (size_t i = 0; i < length; i++) {
		x[i] = log1pf(x[i] / SCALE);
		mean += x[i];
	}
	mean /= (float)length;
	for (size_t i = 0; i < length; i++) {
		x[i] -= mean;
		cross += x[i] * last;
		square += x[i] * x[i];
		last = x[i];
	}
	if (square > 0)
		phi = fmaxf(0, fminf(cross / square, AUTOREGRESSION_MAX));
	last = 0;
	for (size_t i = 0; i < length; i++) {
		float now = x[i];

		x[i] = now - phi * last;
		last = now;
	}
}

static int compare_values(const void *a, const void *b, void *values)
{
	const float *x = values;
	float left = x[*(const uint16_t *)a], right = x[*(const uint16_t *)b];

	return (left > right) - (left < right);
}

size_t series_rank(float *x, size_t length, uint16_t *order)
{
	float mean = ((float)length - 1) / 2, square = 0, scale;
	float rank[SERIES_LENGTH];
	size_t most_ties = 0;

	if (length > SERIES_LENGTH)
		return 0;
	for (size_t i = 0; i < length; i++)
		order[i] = (uint16_t)i;
	qsort_r(order, length, sizeof(*order), compare_values, x);
	for (size_t i = 0; i < length;) {
		size_t ties = 1;

		while (i + ties < length && x[order[i + ties]] - x[order[i]] <= TIE)
			ties++;
		for (size_t k = i; k < i + ties; k++)
			rank[order[k]] = (float)i + ((float)ties - 1) / 2 - mean;
		if (ties > most_ties)
			most_ties = ties;
		i += ties;
	}
	for (size_t i = 0; i < length; i++)
		square += rank[i] * rank[i];
	if (square <= 0)
		return 0;
	scale = 1 / sqrtf(square / (float)length);
	for (size_t i = 0; i < length; i++)
		x[i] = rank[i] * scale;
	return length - most_ties;
}

float series_correlation(const float *x, const float *y, size_t length, size_t shift)
{
	float sum = 0;

	for (size_t i = 0; i + shift < length; i++)
		sum += x[i] * y[i + shift];
	for (size_t i = length - shift; i < length; i++)
		sum += x[i] * y[i + shift - length];
	return sum / (float)length;
}

double normal_tail_z(double p)
{
	double low = 0, high = 40;

	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (0.5 * erfc(middle / M_SQRT2) > p)
			low = middle;
		else
			high = middle;
	}
	return low;
}
