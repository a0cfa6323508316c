/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "traffic.h"
#include "core/policy_ini.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_NS 200000000u
#define PACKET 1200.0
#define HEADERS 28.0 /* IPv4 and UDP */

static void must(int r)
{
	if (r < 0)
		abort();
}

void traffic_begin(struct traffic *t, uint32_t seed)
{
	static const struct app_identity identity = {
		.kind = APP_KIND_EXE,
		.uid = 1000,
		.key = "exe:/opt/program@1000",
		.name = "program",
		.exe = "/opt/program",
		.user = "owner",
	};
	struct observation app = {.kind = OBS_APP, .time_ns = 1000000000u};
	struct policy_error ignored;

	memset(t, 0, sizeof(*t));
	t->seed = seed;
	t->now_ns = 1000000000u;
	t->policy = policy_new_default();
	must(catalogue_parse(NULL, 0, &t->catalogue, &ignored));
	must(engine_new(t->policy, t->catalogue, &t->engine));
	app.app.id = 1;
	app.app.pid_count = 1;
	app.app.pids[0] = 42;
	app.app.identity = &identity;
	must(engine_observe(t->engine, &app));
}

void traffic_end(struct traffic *t)
{
	engine_free(t->engine);
	policy_free(t->policy);
	catalogue_free(t->catalogue);
}

double traffic_noise(struct traffic *t)
{
	t->seed = t->seed * 1664525u + 1013904223u;
	return (t->seed >> 8) / (double)(1u << 24);
}

size_t traffic_flow(struct traffic *t, unsigned int peer, bool is_inbound)
{
	struct observation *o = &t->flows[t->flow_count].record;

	if (t->flow_count == TRAFFIC_FLOWS_MAX)
		abort();
	o->kind = OBS_FLOW;
	o->flow.key.local = addr_from_ipv4(htonl(0xc6120001)); /* 198.18.0.1 */
	o->flow.key.remote = addr_from_ipv4(htonl(0xc6130000 + peer));
	o->flow.key.local_port = 4000;
	o->flow.key.remote_port = (uint16_t)(20000 + t->flow_count);
	o->flow.key.proto = IPPROTO_UDP;
	o->flow.app = 1;
	o->flow.is_inbound = is_inbound;
	return t->flow_count++;
}

void traffic_carry(struct traffic *t, size_t flow, double in, double out)
{
	struct observation *o = &t->flows[flow].record;
	uint64_t packets_in = (uint64_t)(in / PACKET) + (in > 0);
	uint64_t packets_out = (uint64_t)(out / PACKET) + (out > 0);

	o->flow.bytes_in += (uint64_t)(in + (double)packets_in * HEADERS);
	o->flow.bytes_out += (uint64_t)(out + (double)packets_out * HEADERS);
	o->flow.packets_in += packets_in;
	o->flow.packets_out += packets_out;
}

void traffic_sample(struct traffic *t)
{
	struct observation tick = {.kind = OBS_TICK};

	t->now_ns += SAMPLE_NS;
	for (size_t i = 0; i < t->flow_count; i++) {
		t->flows[i].record.time_ns = t->now_ns;
		must(engine_observe(t->engine, &t->flows[i].record));
	}
	tick.time_ns = t->now_ns;
	must(engine_observe(t->engine, &tick));
}

void traffic_storage(struct traffic *t, double read, double written)
{
	struct observation o = {.kind = OBS_APP_IO, .time_ns = t->now_ns};

	t->read_bytes += (uint64_t)read;
	t->written_bytes += (uint64_t)written;
	o.app_io.id = 1;
	o.app_io.read_bytes = t->read_bytes;
	o.app_io.written_bytes = t->written_bytes;
	must(engine_observe(t->engine, &o));
}

void traffic_sleep(struct traffic *t, double seconds)
{
	t->now_ns += (uint64_t)(seconds * 1e9);
}

int traffic_look(struct traffic *t, uint16_t app)
{
	struct observation o = {
		.kind = OBS_ZOOM_BEGIN, .time_ns = t->now_ns, .zoom.app = app};

	return engine_observe(t->engine, &o);
}

int traffic_look_end(struct traffic *t)
{
	struct observation o = {.kind = OBS_ZOOM_END, .time_ns = t->now_ns};

	return engine_observe(t->engine, &o);
}

void traffic_packet(struct traffic *t, size_t flow, uint64_t time_ns, bool is_inbound,
		    uint32_t length)
{
	struct observation o = {.kind = OBS_PACKET, .time_ns = time_ns};

	o.packet.key = t->flows[flow].record.flow.key;
	o.packet.is_inbound = is_inbound;
	o.packet.length = length;
	must(engine_observe(t->engine, &o));
}

const struct app *traffic_app(const struct traffic *t)
{
	return engine_find_app(t->engine, 1);
}

const struct flow *traffic_flow_of(const struct traffic *t, size_t flow)
{
	return engine_find_flow(t->engine, &t->flows[flow].record.flow.key);
}

void traffic_change_policy(struct traffic *t, const char *text)
{
	const struct policy_source source = {"test.ini", text, strlen(text)};
	struct policy *old = t->policy;
	struct policy_error error;

	must(policy_parse(&source, 1, &t->policy, &error));
	engine_set_policy(t->engine, t->policy, t->catalogue);
	policy_free(old);
}

void traffic_relay(struct traffic *t, unsigned int seconds)
{
	for (unsigned int i = 0; i < 5 * seconds; i++) {
		double x = traffic_noise(t), y = traffic_noise(t);

		x = 2000 + 40000 * x * x;
		y = 2000 + 40000 * y * y;
		traffic_carry(t, 0, x, y);
		traffic_carry(t, 1, y, x);
		traffic_sample(t);
	}
}

int traffic_tell_flow(struct traffic *t, size_t flow, enum observation_kind kind)
{
	struct observation o = t->flows[flow].record;

	o.kind = kind;
	o.time_ns = t->now_ns;
	return engine_observe(t->engine, &o);
}

void traffic_flat(struct traffic *t)
{
	traffic_carry(t, 0, 20000, 20000);
	traffic_carry(t, 1, 20000, 20000);
	traffic_sample(t);
}

void traffic_begin_candidate(struct traffic *t)
{
	traffic_begin(t, 1);
	traffic_flow(t, 1, true);
	traffic_flow(t, 2, true);
	for (int i = 0; i < 15 && !engine_wants_zoom(t->engine); i++)
		traffic_flat(t);
}
