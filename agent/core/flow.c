/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow.h"
#include <netinet/in.h>

#define FLOWS_PER_CHUNK 512
#define VICTIMS_LOOKED_AT 8

void flow_table_init(struct flow_table *t, size_t max)
{
	*t = (struct flow_table){.max = max};
	slab_init(&t->flow_slab, sizeof(struct flow), FLOWS_PER_CHUNK);
	slab_init(&t->peer_slab, sizeof(struct peer), FLOWS_PER_CHUNK);
}

void flow_table_done(struct flow_table *t)
{
	HASH_CLEAR(hh, t->flows);
	HASH_CLEAR(hh, t->peers);
	slab_done(&t->flow_slab);
	slab_done(&t->peer_slab);
}

struct flow *flow_table_find(const struct flow_table *t, const struct flow_key *key)
{
	struct flow *f;

	HASH_FIND(hh, t->flows, key, sizeof(*key), f);
	return f;
}

struct flow *flow_table_add(struct flow_table *t, const struct flow_key *key)
{
	struct flow *f = slab_take(&t->flow_slab);

	if (!f)
		return NULL;
	f->key = *key;
	HASH_ADD(hh, t->flows, key, sizeof(f->key), f);
	if (!f->hh.tbl) {
		slab_give(&t->flow_slab, f);
		return NULL;
	}
	return f;
}

struct flow *flow_table_victim(const struct flow_table *t)
{
	struct flow *victim = t->flows, *f = t->flows;

	if (HASH_COUNT(t->flows) < t->max)
		return NULL;
	/* uthash walks in order of insertion: these are the oldest entries. */
	for (int i = 0; f && i < VICTIMS_LOOKED_AT; i++, f = f->hh.next)
		if (f->last_ns < victim->last_ns)
			victim = f;
	return victim;
}

void flow_table_remove(struct flow_table *t, struct flow *f)
{
	HASH_DELETE(hh, t->flows, f);
	slab_give(&t->flow_slab, f);
}

struct peer *peer_get(struct flow_table *t, uint16_t app, const struct addr *remote,
		      bool *ret_is_new)
{
	struct peer_key key = {.remote = *remote, .app = app};
	struct peer *p;

	*ret_is_new = false;
	HASH_FIND(hh, t->peers, &key, sizeof(key), p);
	if (p)
		return p;
	p = slab_take(&t->peer_slab);
	if (!p)
		return NULL;
	p->key = key;
	HASH_ADD(hh, t->peers, key, sizeof(p->key), p);
	if (!p->hh.tbl) {
		slab_give(&t->peer_slab, p);
		return NULL;
	}
	*ret_is_new = true;
	return p;
}

void peer_remove(struct flow_table *t, struct peer *p)
{
	HASH_DELETE(hh, t->peers, p);
	slab_give(&t->peer_slab, p);
}

/* Bytes of headers in a packet: IPv4 20, IPv6 40; UDP 8, TCP 20 and 12 of timestamps.
 */
static unsigned int header_bytes(const struct flow_key *key)
{
	unsigned int network = addr_is_ipv4(&key->remote) ? 20 : 40;

	switch (key->proto) {
	case IPPROTO_TCP:
		return network + 32;
	case IPPROTO_UDP:
		return network + 8;
	default:
		return network;
	}
}

static double payload_of(uint64_t bytes, uint64_t packets, unsigned int header)
{
	double payload = (double)bytes - (double)packets * header;

	return payload > 0 ? payload : 0;
}

void flow_payload(const struct flow *f, double *ret_in, double *ret_out)
{
	unsigned int header = header_bytes(&f->key);

	*ret_in = payload_of(f->bytes_in, f->packets_in, header);
	*ret_out = payload_of(f->bytes_out, f->packets_out, header);
}

bool flow_is_replaced(const struct flow *f, const struct observation *o)
{
	return o->flow.bytes_in < f->bytes_in || o->flow.bytes_out < f->bytes_out ||
	       o->flow.packets_in < f->packets_in ||
	       o->flow.packets_out < f->packets_out;
}

void flow_restart(struct flow *f, const struct observation *o)
{
	f->is_inbound = o->flow.is_inbound;
	f->is_two_way = false;
	f->is_watched = o->flow.packets_in + o->flow.packets_out <= FLOW_FIRST_PACKETS;
	f->first_ns = f->last_ns = o->time_ns;
	f->bytes_in = f->bytes_out = f->packets_in = f->packets_out = 0;
	f->rates = (struct rates){0};
	f->pending_in = f->pending_out = 0;
	f->match = 0;
	f->talk = (struct hub_talk){0};
	f->partner = (struct addr){{0}};
}

static uint64_t moved(uint64_t *counter, uint64_t now)
{
	uint64_t delta = now - *counter;

	*counter = now;
	return delta;
}

/* Adds payload to the rates; what it added. */
static struct rates rate(struct flow *f, uint64_t time_ns, double in, double out)
{
	uint32_t epoch = decay_epoch(time_ns);
	double scale = decay_scale(time_ns) / DECAY_SECONDS;
	struct rates added = {in * scale, out * scale};

	if (f->epoch != epoch)
		rates_move(&f->rates, f->epoch, epoch);
	f->epoch = epoch;
	f->rates.in += added.in;
	f->rates.out += added.out;
	return added;
}

struct flow_delta flow_update(struct flow *f, const struct observation *o)
{
	unsigned int header = header_bytes(&f->key);
	struct flow_delta d = {0};
	uint64_t packets_in, packets_out;

	d.bytes_in = moved(&f->bytes_in, o->flow.bytes_in);
	d.bytes_out = moved(&f->bytes_out, o->flow.bytes_out);
	packets_in = moved(&f->packets_in, o->flow.packets_in);
	packets_out = moved(&f->packets_out, o->flow.packets_out);
	if (!d.bytes_in && !d.bytes_out)
		return d;
	f->last_ns = o->time_ns;
	d.payload_in = payload_of(d.bytes_in, packets_in, header);
	d.payload_out = payload_of(d.bytes_out, packets_out, header);
	if (d.payload_in > 0 || d.payload_out > 0)
		d.rates = rate(f, o->time_ns, d.payload_in, d.payload_out);
	return d;
}

struct rates flow_rates(const struct flow *f, uint64_t now_ns)
{
	return rates_at(&f->rates, f->epoch, now_ns);
}
