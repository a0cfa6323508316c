/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pace.h"

bool pace_may_begin(const struct pace *p, uint64_t now_ns)
{
	return !p->begun_ns || now_ns + p->slack_ns >= p->paid_until_ns ||
	       now_ns + p->slack_ns >= p->begun_ns + p->wait_max_ns;
}

void pace_begin(struct pace *p, uint64_t now_ns)
{
	p->over += now_ns + p->slack_ns < p->paid_until_ns;
	p->begun_ns = now_ns;
	if (p->paid_until_ns + p->slack_ns < now_ns)
		p->paid_until_ns = now_ns - p->slack_ns;
}

void pace_spend(struct pace *p, uint64_t cost_ns)
{
	uint64_t wait = cost_ns * p->factor;

	p->paid_until_ns += wait;
	/* What could not be waited off is forgotten: a debt of one wait at most. */
	if (p->paid_until_ns > p->begun_ns + p->wait_max_ns + wait)
		p->paid_until_ns = p->begun_ns + p->wait_max_ns + wait;
}
