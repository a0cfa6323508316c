/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/group.h"
#include "core/app.h"
#include <math.h>

#define TAU_S 16.0
#define RATE_MIN 300.0 /* bytes per second that are worth a look */
#define SHARE_MIN 0.5  /* of what the one with less has with strangers */
#define RATE_SECONDS 30

static double faded(const struct group_link *l, uint64_t now_ns)
{
	return now_ns > l->time_ns ? exp(-(double)(now_ns - l->time_ns) / 1e9 / TAU_S)
				   : 1;
}

static struct group_link *find(struct app *a, uint16_t other)
{
	for (int i = 0; i < GROUP_LINKS_MAX; i++)
		if (a->links[i].other == other)
			return &a->links[i];
	return NULL;
}

/* The place of the one least talked to gives way. */
static struct group_link *find_place(struct app *a, uint64_t now_ns)
{
	struct group_link *least = &a->links[0];

	for (int i = 0; i < GROUP_LINKS_MAX; i++) {
		struct group_link *l = &a->links[i];

		if (!l->other)
			return l;
		if ((l->in + l->out) * faded(l, now_ns) <
		    (least->in + least->out) * faded(least, now_ns))
			least = l;
	}
	return least;
}

void group_note(struct app *a, uint16_t other, uint64_t time_ns, double in, double out)
{
	struct group_link *l = find(a, other);
	double factor;

	if (!l) {
		l = find_place(a, time_ns);
		*l = (struct group_link){.other = other, .time_ns = time_ns};
	}
	factor = faded(l, time_ns);
	l->in = l->in * factor + in / TAU_S;
	l->out = l->out * factor + out / TAU_S;
	l->time_ns = time_ns;
}

void group_forget(struct app *a, uint16_t other)
{
	struct group_link *l = find(a, other);

	if (l)
		l->in = l->out = 0;
}

static double strangers_rate(const struct app *a, uint64_t now_ns)
{
	struct history_rates r = history_rates(&a->history, now_ns, RATE_SECONDS);

	return r.in + r.out;
}

bool group_is_linked(const struct app *a, const struct app *b, uint64_t now_ns)
{
	const struct group_link *l = NULL;
	double less = fmin(strangers_rate(a, now_ns), strangers_rate(b, now_ns));

	for (int i = 0; i < GROUP_LINKS_MAX; i++)
		if (a->links[i].other == b->id)
			l = &a->links[i];
	return l && less >= RATE_MIN &&
	       (l->in + l->out) * faded(l, now_ns) >= fmax(RATE_MIN, SHARE_MIN * less);
}
