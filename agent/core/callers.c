/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/callers.h"
#include <stdlib.h>
#include <string.h>

#define MINUTE_NS 60000000000.0

static int compare(const void *a, const void *b)
{
	const struct caller *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

void callers_update_take(struct callers *c, struct caller *items, size_t count)
{
	const struct caller *old = c->items, *end = c->items + c->count;

	if (count)
		qsort(items, count, sizeof(*items), compare);
	for (size_t i = 0; i < count; i++) {
		while (old < end && compare(old, &items[i]) < 0)
			old++;
		/* One with fewer calls than before was forgotten meanwhile. */
		items[i].first_ns = old < end && compare(old, &items[i]) == 0 &&
						    old->calls <= items[i].calls
					    ? old->first_ns
					    : items[i].last_ns;
	}
	free(c->items);
	*c = (struct callers){items, count};
}

void callers_done(struct callers *c)
{
	free(c->items);
	*c = (struct callers){0};
}

double caller_per_minute(const struct caller *caller, uint64_t now_ns)
{
	double minutes = (double)(now_ns - caller->first_ns) / MINUTE_NS;

	return (double)caller->calls / (minutes > 1 ? minutes : 1);
}

const struct caller *callers_next(const struct callers *c,
				  const struct caller *previous, uint8_t number,
				  uint64_t since_ns, uint64_t now_ns)
{
	const struct caller *end = c->items + c->count;

	for (const struct caller *i = previous ? previous + 1 : c->items; i < end; i++)
		if (i->number == number && i->last_ns >= since_ns &&
		    now_ns - i->last_ns < CALLERS_KEPT_NS)
			return i;
	return NULL;
}

struct callers_sum callers_sum(const struct callers *c, uint8_t number,
			       uint64_t since_ns, uint64_t now_ns)
{
	struct callers_sum s = {0};
	const struct caller *i = NULL;

	while ((i = callers_next(c, i, number, since_ns, now_ns))) {
		s.count++;
		s.calls += i->calls;
		s.per_minute += caller_per_minute(i, now_ns);
		if (!s.first_ns || i->first_ns < s.first_ns)
			s.first_ns = i->first_ns;
	}
	return s;
}
