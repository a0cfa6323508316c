/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"
#include "base/slab.h"
#include "core/record.h"
#include "core/record_wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLOWS_PER_CHUNK 256

struct known_flow {
	struct flow_key key;
	uint32_t number;
	uint16_t app;
	uint64_t counters[WIRE_COUNTERS];
	UT_hash_handle hh;
};

struct known_app {
	struct app_identity *identity; /* as last written; NULL: not yet */
	uint64_t read_bytes, written_bytes;
	uint64_t traffic[WIRE_COUNTERS];
};

struct record_encoder {
	struct record_header header;
	uint64_t time_ns; /* of the last record */
	struct known_app apps[APP_ID_MAX + 1];
	struct known_flow *flows;
	struct slab slab;
	struct known_flow *by_number[RECORD_FLOWS_MAX];
	uint32_t free_numbers[RECORD_FLOWS_MAX];
	uint32_t free_count, used_count; /* numbers given back; ever given */
	uint32_t victim;		 /* next to give way at the bound */
};

int record_encoder_new(uint64_t start_ns, uint64_t epoch_ns,
		       struct record_encoder **ret_encoder)
{
	struct record_encoder *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->header =
		(struct record_header){RECORD_MAJOR, RECORD_MINOR, start_ns, epoch_ns};
	e->time_ns = start_ns;
	slab_init(&e->slab, sizeof(struct known_flow), FLOWS_PER_CHUNK);
	*ret_encoder = e;
	return 0;
}

void record_encoder_free(struct record_encoder *e)
{
	if (!e)
		return;
	HASH_CLEAR(hh, e->flows);
	slab_done(&e->slab);
	for (size_t id = 0; id <= APP_ID_MAX; id++)
		free(e->apps[id].identity);
	free(e);
}

/* --- the dictionary of flows ---------------------------------------------------- */

static struct known_flow *find_flow(struct record_encoder *e,
				    const struct flow_key *key)
{
	struct known_flow *f;

	HASH_FIND(hh, e->flows, key, sizeof(*key), f);
	return f;
}

static void forget_flow(struct record_encoder *e, struct known_flow *f)
{
	e->by_number[f->number] = NULL;
	e->free_numbers[e->free_count++] = f->number;
	HASH_DELETE(hh, e->flows, f);
	slab_give(&e->slab, f);
}

/* A number nobody has; at the bound each flow gives way in turn, and is written in full
 * when it is met again. */
static uint32_t take_number(struct record_encoder *e)
{
	if (!e->free_count && e->used_count < RECORD_FLOWS_MAX)
		return e->used_count++;
	if (!e->free_count) {
		forget_flow(e, e->by_number[e->victim]);
		e->victim = (e->victim + 1) % RECORD_FLOWS_MAX;
	}
	return e->free_numbers[--e->free_count];
}

static struct known_flow *add_flow(struct record_encoder *e, const struct flow_key *key)
{
	struct known_flow *f = slab_take(&e->slab);

	if (!f)
		return NULL;
	f->key = *key;
	HASH_ADD(hh, e->flows, key, sizeof(f->key), f);
	if (!f->hh.tbl) {
		slab_give(&e->slab, f);
		return NULL;
	}
	f->number = take_number(e);
	e->by_number[f->number] = f;
	return f;
}

/* --- payloads ------------------------------------------------------------------- */

static bool is_same_identity(const struct app_identity *a, const struct app_identity *b)
{
	return a && a->kind == b->kind && a->uid == b->uid &&
	       a->is_users_own == b->is_users_own &&
	       a->is_in_userns == b->is_in_userns &&
	       a->is_exe_loose == b->is_exe_loose && strcmp(a->key, b->key) == 0 &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->exe, b->exe) == 0 &&
	       strcmp(a->unit, b->unit) == 0 && strcmp(a->user, b->user) == 0 &&
	       strcmp(a->container, b->container) == 0;
}

static void put_identity(struct wire_out *w, const struct app_identity *identity)
{
	wire_put_byte(w, (uint8_t)identity->kind);
	wire_put_number(w, identity->uid);
	wire_put_text(w, identity->key);
	wire_put_text(w, identity->name);
	wire_put_text(w, identity->exe);
	wire_put_text(w, identity->unit);
	wire_put_text(w, identity->user);
	wire_put_text(w, identity->container);
}

static uint8_t identity_flags(const struct app_identity *identity)
{
	return (uint8_t)(WIRE_APP_IDENTITY |
			 (identity->is_users_own ? WIRE_APP_USERS_OWN : 0) |
			 (identity->is_in_userns ? WIRE_APP_USERNS : 0) |
			 (identity->is_exe_loose ? WIRE_APP_EXE_LOOSE : 0));
}

static int put_app(struct record_encoder *e, const struct observation *o,
		   struct wire_out *w)
{
	const struct app_identity *identity = o->app.identity;
	struct known_app *known = &e->apps[o->app.id];
	bool is_new;

	if (!identity || o->app.pid_count > APP_PIDS_MAX)
		return -EINVAL;
	is_new = !is_same_identity(known->identity, identity);
	if (!known->identity)
		known->identity = malloc(sizeof(*known->identity));
	if (!known->identity)
		return -ENOMEM;
	*known->identity = *identity;
	wire_put_byte(w,
		      (uint8_t)((o->app.has_wildcard_listener ? WIRE_APP_WILDCARD : 0) |
				(o->app.is_set_to_relay ? WIRE_APP_SET_TO_RELAY : 0) |
				(is_new ? identity_flags(identity) : 0)));
	wire_put_number(w, o->app.id);
	if (is_new)
		put_identity(w, identity);
	wire_put_number(w, o->app.pid_count);
	for (uint16_t i = 0; i < o->app.pid_count; i++)
		wire_put_number(w, (uint32_t)o->app.pids[i]);
	return 0;
}

static void put_app_gone(struct record_encoder *e, const struct observation *o,
			 struct wire_out *w)
{
	struct known_app *known = &e->apps[o->app.id];

	free(known->identity);
	*known = (struct known_app){0};
	wire_put_number(w, o->app.id);
}

static void put_app_io(struct record_encoder *e, const struct observation *o,
		       struct wire_out *w)
{
	struct known_app *known = &e->apps[o->app_io.id];

	wire_put_number(w, o->app_io.id);
	wire_put_step(w, known->read_bytes, o->app_io.read_bytes);
	wire_put_step(w, known->written_bytes, o->app_io.written_bytes);
	known->read_bytes = o->app_io.read_bytes;
	known->written_bytes = o->app_io.written_bytes;
	wire_put_byte(w, (uint8_t)((o->app_io.has_sound ? WIRE_APP_IO_SOUND : 0) |
				   (o->app_io.has_camera ? WIRE_APP_IO_CAMERA : 0)));
}

static void put_counters(struct wire_out *w, uint64_t last[WIRE_COUNTERS],
			 const uint64_t now[WIRE_COUNTERS])
{
	for (size_t i = 0; i < WIRE_COUNTERS; i++) {
		wire_put_step(w, last[i], now[i]);
		last[i] = now[i];
	}
}

static void put_app_traffic(struct record_encoder *e, const struct observation *o,
			    struct wire_out *w)
{
	const uint64_t now[WIRE_COUNTERS] = {
		[WIRE_BYTES_IN] = o->app_traffic.bytes_in,
		[WIRE_BYTES_OUT] = o->app_traffic.bytes_out,
		[WIRE_PACKETS_IN] = o->app_traffic.packets_in,
		[WIRE_PACKETS_OUT] = o->app_traffic.packets_out,
	};

	wire_put_number(w, o->app_traffic.id);
	put_counters(w, e->apps[o->app_traffic.id].traffic, now);
}

static void put_key(struct wire_out *w, const struct flow_key *key, bool is_ipv4)
{
	size_t skip = is_ipv4 ? sizeof(key->local.b) - 4 : 0;

	wire_put_byte(w, key->proto);
	wire_put_bytes(w, key->local.b + skip, sizeof(key->local.b) - skip);
	wire_put_bytes(w, key->remote.b + skip, sizeof(key->remote.b) - skip);
	wire_put_fixed(w, key->local_port, 2);
	wire_put_fixed(w, key->remote_port, 2);
}

static void put_flow_counters(struct wire_out *w, struct known_flow *f,
			      const struct observation *o)
{
	const uint64_t now[WIRE_COUNTERS] = {
		[WIRE_BYTES_IN] = o->flow.bytes_in,
		[WIRE_BYTES_OUT] = o->flow.bytes_out,
		[WIRE_PACKETS_IN] = o->flow.packets_in,
		[WIRE_PACKETS_OUT] = o->flow.packets_out,
	};

	put_counters(w, f->counters, now);
}

/* Flags, number, key the first time, application (not NULL) where it has changed. NULL
 * without memory. */
static struct known_flow *put_reference(struct record_encoder *e,
					const struct flow_key *key, uint8_t flags,
					const uint16_t *app, struct wire_out *w)
{
	struct known_flow *f = find_flow(e, key);

	if (!f) {
		f = add_flow(e, key);
		flags |= WIRE_FLOW_DEFINES;
		if (addr_is_ipv4(&key->local) && addr_is_ipv4(&key->remote))
			flags |= WIRE_FLOW_IPV4;
	}
	if (!f)
		return NULL;
	if (app && f->app != *app)
		flags |= WIRE_FLOW_APP;
	wire_put_byte(w, flags);
	wire_put_number(w, f->number);
	if (flags & WIRE_FLOW_DEFINES)
		put_key(w, key, flags & WIRE_FLOW_IPV4);
	if (flags & WIRE_FLOW_APP)
		wire_put_number(w, *app);
	if (app)
		f->app = *app;
	return f;
}

static int put_flow(struct record_encoder *e, const struct observation *o,
		    struct wire_out *w)
{
	uint8_t flags = (uint8_t)((o->flow.is_inbound ? WIRE_FLOW_INBOUND : 0) |
				  (o->flow.peer_app ? WIRE_FLOW_PEER_APP : 0) |
				  (o->flow.is_uncounted ? WIRE_FLOW_UNCOUNTED : 0));
	struct known_flow *f;

	f = put_reference(e, &o->flow.key, flags, &o->flow.app, w);
	if (!f)
		return -ENOMEM;
	put_flow_counters(w, f, o);
	if (o->flow.peer_app)
		wire_put_number(w, o->flow.peer_app);
	if (o->kind == OBS_FLOW_END)
		forget_flow(e, f);
	return 0;
}

static int put_packet(struct record_encoder *e, const struct observation *o,
		      struct wire_out *w)
{
	uint8_t flags = o->packet.is_inbound ? WIRE_FLOW_INBOUND : 0;

	if (!put_reference(e, &o->packet.key, flags, NULL, w))
		return -ENOMEM;
	wire_put_number(w, o->packet.length);
	return 0;
}

/* --- records -------------------------------------------------------------------- */

static void finish(enum wire_kind kind, const struct wire_out *payload, uint8_t *buf,
		   size_t *ret_size)
{
	struct wire_out w = {.data = buf};

	wire_put_byte(&w, (uint8_t)kind);
	wire_put_number(&w, payload->used);
	wire_put_bytes(&w, payload->data, payload->used);
	*ret_size = w.used;
}

int record_encode_header(struct record_encoder *e, uint8_t buf[static RECORD_MAX],
			 size_t *ret_size)
{
	struct wire_out w = {.data = buf};

	wire_put_bytes(&w, WIRE_MAGIC, WIRE_MAGIC_SIZE);
	wire_put_byte(&w, e->header.major);
	wire_put_byte(&w, e->header.minor);
	wire_put_fixed(&w, WIRE_HEADER_SIZE, 2);
	wire_put_fixed(&w, 0, 4);
	wire_put_fixed(&w, e->header.start_ns, 8);
	wire_put_fixed(&w, e->header.epoch_ns, 8);
	*ret_size = w.used;
	return 0;
}

static int put_observation(struct record_encoder *e, const struct observation *o,
			   struct wire_out *w, enum wire_kind *ret_kind)
{
	switch (o->kind) {
	case OBS_APP:
		*ret_kind = WIRE_APP;
		return put_app(e, o, w);
	case OBS_APP_GONE:
		*ret_kind = WIRE_APP_GONE;
		put_app_gone(e, o, w);
		return 0;
	case OBS_APP_IO:
		*ret_kind = WIRE_APP_IO;
		put_app_io(e, o, w);
		return 0;
	case OBS_APP_TRAFFIC:
		*ret_kind = WIRE_APP_TRAFFIC;
		put_app_traffic(e, o, w);
		return 0;
	case OBS_FLOW:
	case OBS_FLOW_END:
		*ret_kind = o->kind == OBS_FLOW ? WIRE_FLOW : WIRE_FLOW_END;
		return put_flow(e, o, w);
	case OBS_SWEPT:
		*ret_kind = WIRE_SWEPT;
		wire_put_step(w, o->swept.since_ns, o->time_ns);
		return 0;
	case OBS_ZOOM_BEGIN:
		*ret_kind = WIRE_ZOOM_BEGIN;
		wire_put_number(w, o->zoom.app);
		return 0;
	case OBS_PACKET:
		*ret_kind = WIRE_PACKET;
		return put_packet(e, o, w);
	case OBS_ZOOM_END:
		*ret_kind = WIRE_ZOOM_END;
		return 0;
	case OBS_TICK:
		*ret_kind = WIRE_TICK;
		return 0;
	}
	return -EINVAL;
}

static uint16_t app_of(const struct observation *o)
{
	switch (o->kind) {
	case OBS_APP:
	case OBS_APP_GONE:
		return o->app.id;
	case OBS_APP_IO:
		return o->app_io.id;
	case OBS_APP_TRAFFIC:
		return o->app_traffic.id;
	case OBS_FLOW:
	case OBS_FLOW_END:
		return o->flow.app;
	case OBS_ZOOM_BEGIN:
		return o->zoom.app;
	default:
		return APP_UNATTRIBUTED;
	}
}

int record_encode(struct record_encoder *e, const struct observation *o,
		  uint8_t buf[static RECORD_MAX], size_t *ret_size)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_out w = {.data = payload};
	enum wire_kind kind = WIRE_END;
	int r;

	if (app_of(o) > APP_ID_MAX || o->time_ns > INT64_MAX)
		return -EINVAL;
	wire_put_step(&w, e->time_ns, o->time_ns);
	r = put_observation(e, o, &w, &kind);
	if (r < 0)
		return r;
	e->time_ns = o->time_ns;
	finish(kind, &w, buf, ret_size);
	return 0;
}

int record_encode_line(struct record_encoder *e, enum record_text text, bool begins,
		       const char *line, uint8_t buf[static RECORD_MAX],
		       size_t *ret_size)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_out w = {.data = payload};

	if (text >= RECORD_TEXT_COUNT || strlen(line) >= RECORD_LINE_MAX)
		return -EINVAL;
	wire_put_step(&w, e->time_ns, e->time_ns);
	wire_put_byte(&w, begins ? WIRE_LINE_BEGINS : 0);
	wire_put_number(&w, text);
	wire_put_text(&w, line);
	finish(WIRE_LINE, &w, buf, ret_size);
	return 0;
}

size_t record_encode_end(bool is_full, uint8_t buf[static RECORD_MAX])
{
	uint8_t payload[16];
	struct wire_out w = {.data = payload};
	size_t size;

	wire_put_step(&w, 0, 0);
	wire_put_byte(&w, is_full ? WIRE_END_FULL : 0);
	finish(WIRE_END, &w, buf, &size);
	return size;
}
