/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made-up traffic of one application for tests: relays that hold back, pad and burst,
 * and what only looks like them. The same seed makes the same traffic.
 */
#ifndef TEST_SUPPORT_BURSTY_H
#define TEST_SUPPORT_BURSTY_H

#include "base/addr.h"
#include "core/rings.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BURSTY_FLOWS 64
#define BURSTY_SECONDS 600
#define BURSTY_TICKS (BURSTY_SECONDS * 10) /* of 100 ms */

struct bursty {
	uint64_t seed;
	size_t count;
	struct addr remotes[BURSTY_FLOWS];
	/* Bytes of each tick. */
	float in[BURSTY_FLOWS][BURSTY_TICKS], out[BURSTY_FLOWS][BURSTY_TICKS];
	struct rings rings[BURSTY_FLOWS];
};

enum stream_kind {
	STREAM_VOICE, /* talk spurts */
	STREAM_VIDEO, /* variable rate, never silent */
	STREAM_WEB,   /* pages */
	STREAM_FILES, /* transfers of many sizes */
	STREAM_KINDS
};

enum hub_kind {
	HUB_CALLS,	/* two flows carry a stream each way */
	HUB_PAIRS,	/* each stream has flows of its own */
	HUB_ONE_SOURCE, /* one flow brings all streams */
	HUB_ONE_SINK,	/* one flow takes them all on */
};

struct batching {
	double period; /* seconds; 0 sends on at once */
	double jitter; /* part of the period by which a batch may be early or late */
	double packet_padding, batch_padding; /* at most, random; 1 is 100 % */
	double rate;	 /* bytes per second of a burst; 0: at once */
	bool has_pauses; /* within a burst, of some seconds */
	bool together;	 /* one timer for all flows */
	bool is_input;	 /* what comes in is batched already, on other timers */
};

enum look_alike {
	LOOK_SWARM,	 /* in the middle of a swarm, with choking */
	LOOK_PIECES,	 /* and with pieces that go on to those who wait for them */
	LOOK_TIMERS,	 /* keep-alives and reports of one period with many peers */
	LOOK_CAMERAS,	 /* pictures in, other pictures out, every few seconds */
	LOOK_SYNC,	 /* downloads and uploads in chunks, held up together */
	LOOK_WEB,	 /* many servers, requests and answers */
	LOOK_MESH_VOICE, /* talk in turn */
	LOOK_MESH_VIDEO,
	LOOK_BACKUP, /* bursts out, a restore or an update in */
	LOOK_CHAT,
	LOOK_BROKER, /* a message broker's client: answers what it is told */
	LOOK_DHT,
	LOOK_STALLS,   /* transfers both ways over a link that stalls and catches up */
	LOOK_LIVE,     /* watches one stream in segments, sends another one */
	LOOK_ACTIVITY, /* what the owner does makes traffic with several servers */
	LOOK_CLICKS,   /* the same, within a second */
	LOOK_CHUNKS,   /* few connections, chunks of one size but for headers */
	LOOK_MIX,      /* calls, backup, web, and live video at once */
	LOOK_COUNT
};

extern const char *const look_alike_names[LOOK_COUNT];
extern const char *const stream_names[STREAM_KINDS];

struct bursty *bursty_new(void);
void bursty_free(struct bursty *t);

void bursty_clear(struct bursty *t, uint64_t seed);
/* A relay of `streams` one-way streams, in the flows it adds. */
void bursty_add_relay(struct bursty *t, enum stream_kind kind, enum hub_kind hub,
		      size_t streams, const struct batching *b);
/* The owner's own call with a peer, both ways. */
void bursty_add_own_call(struct bursty *t, enum stream_kind kind);
void bursty_add_look_alike(struct bursty *t, enum look_alike kind);
/* Fills the rings, the first second being `second`. */
void bursty_ring(struct bursty *t, uint32_t second);

double bursty_random(struct bursty *t); /* 0 to 1 */

#endif
