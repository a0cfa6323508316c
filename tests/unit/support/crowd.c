/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crowd.h"
#include "core/policy_ini.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET 1000u
#define HEADERS 28u /* IPv4 and UDP */

static void must(int r)
{
	if (r < 0)
		abort();
}

static uint32_t noise(struct crowd *c)
{
	c->seed = c->seed * 1664525u + 1013904223u;
	return c->seed >> 8;
}

static void add_app(struct crowd *c, uint16_t id)
{
	struct app_identity identity = {.kind = APP_KIND_EXE, .uid = 1000};
	struct observation app = {.kind = OBS_APP, .time_ns = c->now_ns};

	snprintf(identity.key, sizeof(identity.key), "exe:/opt/%u@1000", id);
	snprintf(identity.name, sizeof(identity.name), "program%u", id);
	app.app.id = id;
	app.app.identity = &identity;
	must(engine_observe(c->engine, &app));
}

static void make_flow(struct crowd *c, size_t i)
{
	struct observation *o = &c->flows[i];

	*o = (struct observation){.kind = OBS_FLOW};
	o->flow.key.local = addr_from_ipv4(htonl(0xc6120001)); /* 198.18.0.1 */
	o->flow.key.remote = addr_from_ipv4(htonl(0xc6130000 + (uint32_t)i));
	o->flow.key.local_port = 4000;
	o->flow.key.remote_port = 5000;
	o->flow.key.proto = IPPROTO_UDP;
	o->flow.app = (uint16_t)(1 + i % c->app_count);
	o->flow.is_inbound = i % 2;
}

void crowd_begin(struct crowd *c, size_t app_count, size_t flow_count)
{
	struct policy_error ignored;

	*c = (struct crowd){
		.now_ns = 1000000000u,
		.seed = 1,
		.app_count = app_count,
		.flow_count = flow_count,
		.flows = calloc(flow_count, sizeof(*c->flows)),
	};
	if (!c->flows)
		abort();
	c->policy = policy_new_default();
	must(catalogue_parse(NULL, 0, &c->catalogue, &ignored));
	must(engine_new(c->policy, c->catalogue, &c->engine));
	for (size_t id = 1; id <= app_count; id++)
		add_app(c, (uint16_t)id);
	for (size_t i = 0; i < flow_count; i++)
		make_flow(c, i);
	crowd_report(c, 0, flow_count);
}

void crowd_end(struct crowd *c)
{
	engine_free(c->engine);
	policy_free(c->policy);
	catalogue_free(c->catalogue);
	free(c->flows);
}

void crowd_carry(struct crowd *c, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		struct observation *o = &c->flows[i];
		uint32_t in = 1 + noise(c) % 8, out = 1 + noise(c) % 8;

		o->flow.packets_in += in;
		o->flow.packets_out += out;
		o->flow.bytes_in += in * (PACKET + HEADERS);
		o->flow.bytes_out += out * ((c->is_one_way ? 0 : PACKET) + HEADERS);
	}
}

void crowd_report(struct crowd *c, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		c->flows[i].time_ns = c->now_ns;
		must(engine_observe(c->engine, &c->flows[i]));
	}
}

void crowd_renew(struct crowd *c, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		c->flows[i].kind = OBS_FLOW_END;
		crowd_report(c, i, 1);
		make_flow(c, i);
		crowd_report(c, i, 1);
	}
}

void crowd_tick(struct crowd *c, uint64_t step_ns)
{
	struct observation tick = {.kind = OBS_TICK};

	c->now_ns += step_ns;
	tick.time_ns = c->now_ns;
	must(engine_observe(c->engine, &tick));
}
