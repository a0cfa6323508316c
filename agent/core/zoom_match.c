/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/zoom_match.h"
#include <math.h>
#include <string.h>

#define LAGS 128
#define LAG_NS 250000
#define LAG_EVENTS 32	      /* that are tried for each that comes in */
#define TOGETHER_MATCHED 0.75 /* of the bursts */

/* Takes up to `wanted` bytes of the newest credits; too old ones are forgotten. */
static void take_credits(struct zoom_matcher *m, size_t *count, int64_t now,
			 uint32_t wanted, int64_t delay_max, double taken[ZOOM_DELAYS])
{
	while (wanted > 0 && *count > 0) {
		struct zoom_credit *c = &m->credits[*count - 1];
		int64_t delay = now - c->time;
		uint32_t bytes = wanted < c->left ? wanted : c->left;
		size_t bin = 0;

		if (delay >= delay_max) {
			*count = 0;
			return;
		}
		while (delay >= (int64_t)ZOOM_DELAY_LEAST << bin)
			bin++;
		taken[bin] += (double)bytes;
		m->forwarded[c->event] += m->is_counting
						  ? (double)m->events[c->event].length
						  : (double)bytes;
		wanted -= bytes;
		c->left -= bytes;
		*count -= c->left == 0;
	}
}

static uint32_t amount_of(const struct zoom_matcher *m, size_t event)
{
	return m->is_counting ? 1 : m->events[event].length;
}

/*
 * The bytes of `to` that find credits of `from`, whose arrivals are displaced, in time
 * less than each of the delays. Each credit is pushed and popped once.
 */
void zoom_match(struct zoom_matcher *m, const struct zoom_side *from,
		const struct zoom_side *to, int64_t displacement, size_t delays,
		double ret_taken[ZOOM_DELAYS])
{
	int64_t delay_max = (int64_t)ZOOM_DELAY_LEAST << (delays - 1);
	size_t next = from->begin, count = 0;

	memset(ret_taken, 0, ZOOM_DELAYS * sizeof(*ret_taken));
	for (size_t i = to->begin; i < to->end; i++) {
		int64_t now = m->events[i].time;

		for (; next < from->end; next++) {
			int64_t arrival = m->events[next].time + displacement;

			if (arrival > now)
				break;
			m->credits[count++] = (struct zoom_credit){
				arrival, amount_of(m, next), (uint32_t)next};
		}
		take_credits(m, &count, now, amount_of(m, i), delay_max, ret_taken);
	}
	for (size_t d = 1; d < ZOOM_DELAYS; d++)
		ret_taken[d] += ret_taken[d - 1];
}

/* The value that would be in the middle if they were sorted (Hoare 1961). */
static double median(double *values, size_t count)
{
	size_t low = 0, high = count - 1, middle = count / 2;

	while (low < high) {
		double pivot = values[(low + high) / 2];
		size_t i = low, j = high;

		for (;; i++, j--) {
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i >= j)
				break;
			double swapped = values[i];

			values[i] = values[j];
			values[j] = swapped;
		}
		if (middle <= j)
			high = j;
		else
			low = j + 1;
	}
	return values[middle];
}

/* The event of `other` next to `time` on the causal side, within `delay`; -1: none. */
static int64_t counterpart(const struct zoom_matcher *m, const struct zoom_side *other,
			   size_t *next, int64_t time, bool is_later, int64_t delay)
{
	int64_t found;

	while (*next < other->end && (is_later ? m->events[*next].time < time
					       : m->events[*next].time <= time))
		++*next;
	if (is_later) {
		if (*next == other->end)
			return -1;
		found = m->events[*next].time;
		return found - time <= delay ? found : -1;
	}
	if (*next == other->begin)
		return -1;
	found = m->events[*next - 1].time;
	return time - found <= delay ? found : -1;
}

/*
 * Gaps between the beginnings of bursts on the side with fewer events, and how much the
 * same gaps differ on the other. Only neighbours count that were both matched: a burst
 * left out would lend both gaps a common length.
 */
static size_t collect_gaps(struct zoom_matcher *m, const struct zoom_side *few,
			   const struct zoom_side *other, bool is_later, int64_t base,
			   int64_t delay, struct zoom_jitter *j)
{
	size_t span = few->end - few->begin, next = other->begin, gaps = 0, samples = 0;
	int64_t first = m->events[few->begin].time, last = m->events[few->end - 1].time;
	int64_t silence = (last - first) / (int64_t)(2 * (span - 1));
	int64_t begun = -1, before = -1;

	for (size_t i = few->begin + 1; i < few->end && gaps < ZOOM_GAPS_MAX; i++) {
		int64_t time = m->events[i].time, match;

		if (time - m->events[i - 1].time < silence)
			continue;
		j->bursts++;
		match = counterpart(m, other, &next,
				    is_later ? time + base : time - base, is_later,
				    delay);
		if (begun >= 0)
			m->gaps[gaps++] = (double)(time - begun);
		if (begun >= 0 && before >= 0 && match >= 0)
			m->errors[samples++] =
				fabs((double)((time - begun) - (match - before)));
		begun = time;
		before = match;
	}
	j->samples = samples;
	return gaps;
}

void zoom_compare_jitter(struct zoom_matcher *m, const struct zoom_side *from,
			 const struct zoom_side *to, int64_t base, int64_t delay,
			 struct zoom_jitter *ret_jitter)
{
	bool to_is_few = to->end - to->begin <= from->end - from->begin;
	const struct zoom_side *few = to_is_few ? to : from;
	size_t gaps;

	*ret_jitter = (struct zoom_jitter){.bursts = 1, .ratio = INFINITY};
	if (few->end - few->begin < 3)
		return;
	gaps = collect_gaps(m, few, to_is_few ? from : to, !to_is_few, base, delay,
			    ret_jitter);
	if (gaps == 0)
		return;
	ret_jitter->period = median(m->gaps, gaps);
	for (size_t i = 0; i < gaps; i++)
		m->gaps[i] = fabs(m->gaps[i] - ret_jitter->period);
	ret_jitter->spread = median(m->gaps, gaps);
	if (ret_jitter->samples > 0 && ret_jitter->spread > 0)
		ret_jitter->ratio =
			median(m->errors, ret_jitter->samples) / ret_jitter->spread;
}

int64_t zoom_find_delay(const struct zoom_matcher *m, const struct zoom_side *from,
			const struct zoom_side *to, double *ret_excess)
{
	double bins[LAGS + 1] = {0}, sum = 0;
	size_t next = to->begin, best = 0;

	for (size_t i = from->begin; i < from->end; i++) {
		const struct zoom_event *e = &m->events[i];

		while (next < to->end && m->events[next].time < e->time)
			next++;
		for (size_t k = next; k < to->end && k < next + LAG_EVENTS; k++) {
			size_t bin = (size_t)(m->events[k].time - e->time) / LAG_NS;

			if (bin >= LAGS)
				break;
			bins[bin] +=
				fmin((double)e->length, (double)m->events[k].length);
		}
	}
	for (size_t bin = 0; bin < LAGS; bin++) {
		sum += bins[bin];
		if (bins[bin] + bins[bin + 1] > bins[best] + bins[best + 1])
			best = bin;
	}
	*ret_excess = bins[best] + bins[best + 1] - 2 * sum / LAGS;
	return best > 0 ? (int64_t)(best - 1) * LAG_NS : 0;
}

int64_t zoom_mean_gap(const struct zoom_matcher *m, const struct zoom_side *s)
{
	int64_t span = m->events[s->end - 1].time - m->events[s->begin].time;

	return span / (int64_t)(s->end - s->begin);
}

/* The next event of a side from *at on that follows a silence; -1 past the last. */
static int64_t next_burst(const struct zoom_matcher *m, const struct zoom_side *s,
			  int64_t silence, size_t *at)
{
	for (; *at < s->end; ++*at)
		if (*at == s->begin ||
		    m->events[*at].time - m->events[*at - 1].time >= silence)
			return m->events[(*at)++].time;
	return -1;
}

/*
 * Whether two sides begin together so closely that a period in common is no excuse:
 * `reach` is short enough that few streams have just this phase.
 */
bool zoom_begin_together(const struct zoom_matcher *m, const struct zoom_side *from,
			 const struct zoom_side *to, int64_t silence_to, double reach)
{
	int64_t silence = zoom_mean_gap(m, from) / 2, time, to_time;
	size_t from_at = from->begin, to_at = to->begin, bursts = 0, matched = 0;

	to_time = next_burst(m, to, silence_to, &to_at);
	while ((time = next_burst(m, from, silence, &from_at)) >= 0) {
		while (to_time >= 0 && to_time < time)
			to_time = next_burst(m, to, silence_to, &to_at);
		bursts++;
		matched += to_time >= 0 && (double)(to_time - time) <= reach;
	}
	return (double)matched >= TOGETHER_MATCHED * (double)bursts;
}

size_t zoom_put_bursts(struct zoom_matcher *m, const struct zoom_side *s, size_t at)
{
	int64_t silence = s->end > s->begin ? zoom_mean_gap(m, s) / 2 : 0;

	for (size_t k = s->begin; k < s->end; k++) {
		const struct zoom_event *e = &m->events[k];

		if (k == s->begin || e->time - e[-1].time >= silence)
			m->events[at++] = (struct zoom_event){e->time, 0};
		m->events[at - 1].length += e->length;
	}
	return at;
}

void zoom_forward_bursts(struct zoom_matcher *m, const struct zoom_side *s,
			 const struct zoom_side *bursts)
{
	size_t b = bursts->begin;

	for (size_t k = s->begin; k < s->end; k++) {
		while (b + 1 < bursts->end &&
		       m->events[b + 1].time <= m->events[k].time)
			b++;
		if (m->forwarded[b] > 0)
			m->forwarded[k] += (double)m->events[k].length;
	}
	for (b = bursts->begin; b < bursts->end; b++)
		m->forwarded[b] = 0;
}
