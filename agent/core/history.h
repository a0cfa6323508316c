/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one application carried in the last minute, second by second, and what it read
 * from and wrote to storage meanwhile. Strangers' payload unless said otherwise. Pure.
 */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include "core/observation.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_SECONDS 64
#define HISTORY_IO_SAMPLES 32

struct history_second {
	uint64_t second;
	double in, out;
	double local_in, local_out; /* with addresses that are no strangers' */
};

struct history_io {
	uint64_t time_ns, read_bytes, written_bytes;
	double in, out; /* totals of the network at the same time */
};

/* Traffic of flows without counters: all of it less what flows explain. */
struct history_rest {
	bool has_begun;
	uint64_t bytes_in, bytes_out, packets_in, packets_out; /* as last told */
	double in, out; /* not yet accounted; below 0 while flows are read earlier */
};

struct history {
	struct history_second seconds[HISTORY_SECONDS]; /* ring, by second */
	struct history_io io[HISTORY_IO_SAMPLES]; /* ring; io_count were ever added */
	size_t io_count;
	double total_in, total_out;
	struct history_rest rest;
};

struct history_rates {
	double in, out, local_in, local_out; /* bytes per second */
};

/* Payload that moved between the application and strangers. */
void history_add(struct history *h, uint64_t time_ns, double in, double out);
/* The same with trusted networks, link-local and loopback addresses. */
void history_add_local(struct history *h, uint64_t time_ns, double in, double out);

/* Layer 3 bytes the kernel counted for single flows, strangers or not. */
void history_add_counted(struct history *h, uint64_t in, uint64_t out);
struct history_payload {
	double in, out;
};

/* OBS_APP_TRAFFIC: what no single flow explains was carried by those without counters.
 * Returns that. */
struct history_payload history_add_traffic(struct history *h,
					   const struct observation *o);

/* Storage counters, cumulative (OBS_APP_IO). */
void history_add_io(struct history *h, const struct observation *o);

/* Means over the whole seconds before the one that is still filling. */
struct history_rates history_rates(const struct history *h, uint64_t time_ns,
				   unsigned int seconds);

/* Whether both directions came to `rate` over the last `seconds`, the one that is still
 * filling among them: never too late, and too early by a second at most. */
bool history_is_flowing(const struct history *h, uint64_t time_ns, unsigned int seconds,
			double rate);

/* Written over received and read over sent, over the span of the samples kept. False
 * until that is some seconds long and both directions carried something. */
bool history_storage(const struct history *h, double *ret_stored, double *ret_served);

#endif
