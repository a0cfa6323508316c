/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Made-up packets for a look: put in any order, sorted by time, judged. */
#ifndef SUPPORT_PACKETS_H
#define SUPPORT_PACKETS_H

#include "core/zoom.h"

#define MS ((uint64_t)1000000) /* ns */

struct packets {
	struct zoom *zoom;
	struct addr remotes[ZOOM_FLOWS_MAX];
	struct zoom_packet packets[2 * ZOOM_PACKETS_MAX];
	size_t count;
	uint64_t seed;
	struct zoom_result result;
};

/* For cmocka. */
int packets_setup(void **state);
int packets_teardown(void **state);

/* 0 <= x < limit, another one each time. */
uint64_t packets_draw(struct packets *p, uint64_t limit);
void packets_put(struct packets *p, uint64_t time_ns, unsigned int flow,
		 bool is_inbound, uint32_t length);
/* Gives them to the look in the order of their time, and ends it. */
void packets_evaluate(struct packets *p, size_t flows);

#endif
