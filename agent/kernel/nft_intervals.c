/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_intervals.h"
#include <stdlib.h>
#include <string.h>

/* The address `bits` bits of which are given and the rest ones, plus one. False when
 * there is none behind it. */
static bool addr_after(const struct prefix *p, struct addr *ret_addr)
{
	struct addr a = p->addr;
	int at = p->bits ? (p->bits - 1) / 8 : -1;
	uint8_t step = (uint8_t)(0x80u >> ((p->bits + 7u) % 8));

	/* Add one to the prefix at its last bit, with carry; host bits are zero. */
	for (; at >= 0; at--, step = 1) {
		a.b[at] = (uint8_t)(a.b[at] + step);
		if (a.b[at] >= step) {
			*ret_addr = a;
			return true;
		}
	}
	return false;
}

static struct nft_interval interval_of(const struct prefix *p, bool is_ipv4)
{
	struct nft_interval i = {.first = p->addr};

	i.is_open = !addr_after(p, &i.end) || (is_ipv4 && !addr_is_ipv4(&i.end));
	return i;
}

/* Whether `p` has addresses of the family, and which. */
static bool select_family(const struct prefix *p, bool is_ipv4,
			  struct prefix *ret_prefix)
{
	struct prefix all_ipv4 = {.addr = addr_from_ipv4(0), .bits = 96};
	bool is_within_ipv4 = p->bits >= 96 && addr_is_ipv4(&p->addr);

	if (is_within_ipv4 != is_ipv4) {
		if (!is_ipv4 || !prefix_contains(p, &all_ipv4.addr))
			return false;
		*ret_prefix = all_ipv4;
		return true;
	}
	*ret_prefix = *p;
	return true;
}

static int interval_compare(const void *a, const void *b)
{
	const struct nft_interval *x = a, *y = b;

	return memcmp(&x->first, &y->first, sizeof(x->first));
}

/* Joins `next`, which does not begin before `last`, if there is no gap between. */
static bool interval_join(struct nft_interval *last, const struct nft_interval *next)
{
	if (last->is_open)
		return true;
	if (memcmp(&next->first, &last->end, sizeof(next->first)) > 0)
		return false;
	if (next->is_open || memcmp(&next->end, &last->end, sizeof(next->end)) > 0) {
		last->end = next->end;
		last->is_open = next->is_open;
	}
	return true;
}

size_t nft_intervals(const struct prefix *prefixes, size_t count, bool is_ipv4,
		     struct nft_interval *ret_intervals)
{
	size_t found = 0, kept = 0;
	struct prefix p;

	for (size_t i = 0; i < count; i++)
		if (select_family(&prefixes[i], is_ipv4, &p))
			ret_intervals[found++] = interval_of(&p, is_ipv4);
	if (!found)
		return 0;
	qsort(ret_intervals, found, sizeof(*ret_intervals), interval_compare);
	for (size_t i = 1; i < found; i++)
		if (!interval_join(&ret_intervals[kept], &ret_intervals[i]))
			ret_intervals[++kept] = ret_intervals[i];
	return kept + 1;
}
