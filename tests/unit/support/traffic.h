/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made-up traffic for an engine: flows of one application whose rates a test sets
 * sample by sample. Deterministic: the noise comes from a seed.
 */
#ifndef SUPPORT_TRAFFIC_H
#define SUPPORT_TRAFFIC_H

#include "core/engine.h"

#define TRAFFIC_FLOWS_MAX 1024

struct traffic_flow {
	struct observation record; /* OBS_FLOW with its counters so far */
};

struct traffic {
	struct engine *engine;
	struct policy *policy;
	struct catalogue *catalogue;
	uint64_t now_ns;
	uint32_t seed;
	size_t flow_count;
	struct traffic_flow flows[TRAFFIC_FLOWS_MAX];
	uint64_t read_bytes, written_bytes; /* storage of application 1 */
};

/* An engine that knows application 1, "program", and has an empty policy. */
void traffic_begin(struct traffic *t, uint32_t seed);
void traffic_end(struct traffic *t);

/* A number in 0..1, another one each time. */
double traffic_noise(struct traffic *t);

/* A new UDP flow with stranger number `peer`; its index. */
size_t traffic_flow(struct traffic *t, unsigned int peer, bool is_inbound);
/* The flow carried so much payload (bytes) since the last sample. */
void traffic_carry(struct traffic *t, size_t flow, double in, double out);

/* Lets time pass to the end of the sample (200 ms) and reports every flow. */
void traffic_sample(struct traffic *t);
/* The same for storage of application 1, with what was read and written in all. */
void traffic_storage(struct traffic *t, double read, double written);
/* Only lets time pass: what a suspended machine does. */
void traffic_sleep(struct traffic *t, double seconds);

/* A look at packets begins, sees one, ends: what the engine says to it. */
int traffic_look(struct traffic *t, uint16_t app);
int traffic_look_end(struct traffic *t);
void traffic_packet(struct traffic *t, size_t flow, uint64_t time_ns, bool is_inbound,
		    uint32_t length);

/* Flows 0 and 1 carry as much as ever: bins of bytes show nothing. */
void traffic_flat(struct traffic *t);
/* An engine with these two, which wants to look at their packets. */
void traffic_begin_candidate(struct traffic *t);
/* Reports one flow alone, as it stands; what the engine says. */
int traffic_tell_flow(struct traffic *t, size_t flow, enum observation_kind kind);
/* Flows 0 and 1 relay for each other for some seconds. */
void traffic_relay(struct traffic *t, unsigned int seconds);
/* The engine's policy is now `text`. */
void traffic_change_policy(struct traffic *t, const char *text);

const struct app *traffic_app(const struct traffic *t);
/* As the engine has it; NULL where it has not. */
const struct flow *traffic_flow_of(const struct traffic *t, size_t flow);

#endif
