/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packets.h"
#include <arpa/inet.h>
#include <stdlib.h>

int packets_setup(void **state)
{
	struct packets *p = calloc(1, sizeof(*p));

	p->zoom = zoom_new();
	p->seed = 88172645463325252U;
	for (unsigned int i = 0; i < ZOOM_FLOWS_MAX; i++)
		p->remotes[i] = addr_from_ipv4(htonl(0xc6130001 + i));
	*state = p;
	return 0;
}

int packets_teardown(void **state)
{
	struct packets *p = *state;

	zoom_free(p->zoom);
	free(p);
	return 0;
}

/* xorshift64 (Marsaglia 2003). */
uint64_t packets_draw(struct packets *p, uint64_t limit)
{
	p->seed ^= p->seed << 13;
	p->seed ^= p->seed >> 7;
	p->seed ^= p->seed << 17;
	return p->seed % limit;
}

void packets_put(struct packets *p, uint64_t time_ns, unsigned int flow,
		 bool is_inbound, uint32_t length)
{
	p->packets[p->count++] =
		(struct zoom_packet){time_ns, length, (uint8_t)flow, is_inbound};
}

static int compare_times(const void *a, const void *b)
{
	const struct zoom_packet *x = a, *y = b;

	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

void packets_evaluate(struct packets *p, size_t flows)
{
	qsort(p->packets, p->count, sizeof(*p->packets), compare_times);
	zoom_begin(p->zoom, p->remotes, flows);
	for (size_t i = 0; i < p->count; i++)
		if (!zoom_add(p->zoom, &p->packets[i]))
			break;
	zoom_evaluate(p->zoom, &p->result);
}
