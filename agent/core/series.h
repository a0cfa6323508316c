/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short time series of a flow or an application, and the statistics detection needs of
 * them. One sample a tick; two series are aligned by tick number. Pure.
 */
#ifndef CORE_SERIES_H
#define CORE_SERIES_H

#include <stddef.h>
#include <stdint.h>

#define SERIES_LENGTH 128

struct series {
	float in[SERIES_LENGTH], out[SERIES_LENGTH]; /* payload bytes per second */
	uint32_t start; /* tick number of the oldest sample kept */
	uint32_t end;	/* tick number after the newest; end - start <= SERIES_LENGTH */
};

#endif
