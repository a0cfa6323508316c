/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/record.h"
#include "core/record_wire.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOWS_FIRST 256

struct known_flow {
	bool is_defined;
	uint16_t app;
	struct flow_key key;
	uint64_t counters[WIRE_COUNTERS];
};

struct known_app {
	struct app_identity *identity;
	uint64_t read_bytes, written_bytes;
	uint64_t traffic[WIRE_COUNTERS];
};

struct record_decoder {
	struct record_header header;
	bool has_header, has_ended;
	uint64_t offset; /* in the file, of the next record */
	uint64_t time_ns;
	struct known_app apps[APP_ID_MAX + 1];
	struct known_flow *flows; /* by number; grows with what the file defines */
	size_t flow_count, flow_size;
	char line[RECORD_LINE_MAX];
	char error[RECORD_ERROR_MAX];
};

int record_decoder_new(struct record_decoder **ret_decoder)
{
	struct record_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	*ret_decoder = d;
	return 0;
}

void record_decoder_free(struct record_decoder *d)
{
	if (!d)
		return;
	for (size_t id = 0; id <= APP_ID_MAX; id++)
		free(d->apps[id].identity);
	free(d->flows);
	free(d);
}

const struct record_header *record_decoder_header(const struct record_decoder *d)
{
	return d->has_header ? &d->header : NULL;
}

const char *record_decoder_error(const struct record_decoder *d)
{
	return d->error;
}

static int fail(struct record_decoder *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct record_decoder *d, const char *format, ...)
{
	va_list args;
	int used = snprintf(d->error, sizeof(d->error),
			    "byte %llu: ", (unsigned long long)d->offset);

	va_start(args, format);
	vsnprintf(d->error + used, sizeof(d->error) - (size_t)used, format, args);
	va_end(args);
	return -EBADMSG;
}

/* --- the header ----------------------------------------------------------------- */

/* 0, with *ret_used left alone where more bytes are needed; -EBADMSG. */
static int take_header(struct record_decoder *d, const uint8_t *data, size_t size,
		       size_t *ret_used)
{
	struct wire_in w = {.data = data, .size = size, .at = WIRE_MAGIC_SIZE};
	size_t known = size < WIRE_MAGIC_SIZE ? size : WIRE_MAGIC_SIZE, length;

	if (memcmp(data, WIRE_MAGIC, known) != 0)
		return fail(d, "not a recording of relaywarden");
	if (size < WIRE_HEADER_SIZE)
		return 0;
	d->header.major = wire_get_byte(&w);
	d->header.minor = wire_get_byte(&w);
	length = wire_get_fixed(&w, 2);
	wire_get_fixed(&w, 4);
	d->header.start_ns = wire_get_fixed(&w, 8);
	d->header.epoch_ns = wire_get_fixed(&w, 8);
	if (d->header.major != RECORD_MAJOR)
		return fail(d, "version %u.%u; this program reads %u.x",
			    d->header.major, d->header.minor, RECORD_MAJOR);
	if (length < WIRE_HEADER_SIZE || length > RECORD_MAX)
		return fail(d, "a header of %zu bytes", length);
	if (d->header.start_ns > INT64_MAX || d->header.epoch_ns > INT64_MAX)
		return fail(d, "a time out of range");
	if (size < length)
		return 0;
	d->time_ns = d->header.start_ns;
	d->has_header = true;
	*ret_used = length;
	return 0;
}

/* --- payloads: 0, or -errno after fail() ----------------------------------------- */

static uint16_t get_app_id(struct record_decoder *d, struct wire_in *w, int *ret_result)
{
	uint64_t id = wire_get_number(w);

	if (id <= APP_ID_MAX)
		return (uint16_t)id;
	*ret_result = fail(d, "application number %llu; at most %u are known",
			   (unsigned long long)id, APP_ID_MAX);
	return 0;
}

static int get_identity(struct record_decoder *d, struct wire_in *w, uint8_t flags,
			struct known_app *known)
{
	struct app_identity *i = known->identity;
	uint8_t kind = wire_get_byte(w);
	uint64_t uid = wire_get_number(w);

	if (!i)
		i = known->identity = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	if (kind > APP_KIND_EXE || uid > UINT32_MAX)
		return fail(d, "an application of no known kind or user");
	i->kind = (enum app_kind)kind;
	i->uid = (uint32_t)uid;
	i->is_users_own = flags & WIRE_APP_USERS_OWN;
	i->is_in_userns = flags & WIRE_APP_USERNS;
	i->is_exe_loose = flags & WIRE_APP_EXE_LOOSE;
	wire_get_text(w, i->key, sizeof(i->key));
	wire_get_text(w, i->name, sizeof(i->name));
	wire_get_text(w, i->exe, sizeof(i->exe));
	wire_get_text(w, i->unit, sizeof(i->unit));
	wire_get_text(w, i->user, sizeof(i->user));
	wire_get_text(w, i->container, sizeof(i->container));
	return 0;
}

static int get_pids(struct record_decoder *d, struct wire_in *w, struct observation *o)
{
	uint64_t count = wire_get_number(w);

	if (count > APP_PIDS_MAX)
		return fail(d, "an application of %llu processes; at most %u are named",
			    (unsigned long long)count, APP_PIDS_MAX);
	o->app.pid_count = (uint16_t)count;
	for (uint16_t i = 0; i < o->app.pid_count; i++)
		o->app.pids[i] = (int32_t)(uint32_t)wire_get_number(w);
	return 0;
}

static int get_app(struct record_decoder *d, struct wire_in *w, struct observation *o)
{
	uint8_t flags = wire_get_byte(w);
	struct known_app *known;
	int r = 0;

	o->app.id = get_app_id(d, w, &r);
	known = &d->apps[o->app.id];
	if (r == 0 && flags & WIRE_APP_IDENTITY)
		r = get_identity(d, w, flags, known);
	if (r == 0 && !known->identity)
		r = fail(d, "application %u is used before it is introduced",
			 o->app.id);
	if (r == 0)
		r = get_pids(d, w, o);
	o->app.has_wildcard_listener = flags & WIRE_APP_WILDCARD;
	o->app.is_set_to_relay = flags & WIRE_APP_SET_TO_RELAY;
	o->app.identity = known->identity;
	return r;
}

static int get_app_gone(struct record_decoder *d, struct wire_in *w,
			struct observation *o)
{
	int r = 0;

	o->app.id = get_app_id(d, w, &r);
	if (r < 0)
		return r;
	free(d->apps[o->app.id].identity);
	d->apps[o->app.id] = (struct known_app){0};
	return 0;
}

static int get_app_io(struct record_decoder *d, struct wire_in *w,
		      struct observation *o)
{
	struct known_app *known;
	uint8_t flags;
	int r = 0;

	o->app_io.id = get_app_id(d, w, &r);
	known = &d->apps[o->app_io.id];
	known->read_bytes = wire_get_step(w, known->read_bytes);
	known->written_bytes = wire_get_step(w, known->written_bytes);
	o->app_io.read_bytes = known->read_bytes;
	o->app_io.written_bytes = known->written_bytes;
	/* Version 1.0 ended here. */
	flags = w->at < w->size ? wire_get_byte(w) : 0;
	o->app_io.has_sound = flags & WIRE_APP_IO_SOUND;
	o->app_io.has_camera = flags & WIRE_APP_IO_CAMERA;
	return r;
}

static int get_app_traffic(struct record_decoder *d, struct wire_in *w,
			   struct observation *o)
{
	struct known_app *known;
	int r = 0;

	o->app_traffic.id = get_app_id(d, w, &r);
	known = &d->apps[o->app_traffic.id];
	for (size_t i = 0; i < WIRE_COUNTERS; i++)
		known->traffic[i] = wire_get_step(w, known->traffic[i]);
	o->app_traffic.bytes_in = known->traffic[WIRE_BYTES_IN];
	o->app_traffic.bytes_out = known->traffic[WIRE_BYTES_OUT];
	o->app_traffic.packets_in = known->traffic[WIRE_PACKETS_IN];
	o->app_traffic.packets_out = known->traffic[WIRE_PACKETS_OUT];
	return r;
}

/* Room for number `number`, which is at most the next one: a file that claims many
 * flows must describe them all. */
static int make_room(struct record_decoder *d, uint64_t number)
{
	size_t size = d->flow_size ? d->flow_size * 2 : FLOWS_FIRST;
	struct known_flow *flows;

	if (number > d->flow_count || number >= RECORD_FLOWS_MAX)
		return fail(d, "flow number %llu is given out of turn",
			    (unsigned long long)number);
	if (number < d->flow_count)
		return 0;
	if (d->flow_count == d->flow_size) {
		flows = reallocarray(d->flows, size, sizeof(*flows));
		if (!flows)
			return -ENOMEM;
		d->flows = flows;
		d->flow_size = size;
	}
	d->flow_count++;
	return 0;
}

static void get_addr(struct wire_in *w, bool is_ipv4, struct addr *ret_addr)
{
	uint32_t ipv4 = 0;

	if (is_ipv4) {
		wire_get_bytes(w, &ipv4, sizeof(ipv4));
		*ret_addr = addr_from_ipv4(ipv4);
	} else {
		wire_get_bytes(w, ret_addr->b, sizeof(ret_addr->b));
	}
}

static int define_flow(struct record_decoder *d, struct wire_in *w, uint64_t number,
		       bool is_ipv4)
{
	struct known_flow f = {.is_defined = true};
	int r = make_room(d, number);

	if (r < 0)
		return r;
	f.key.proto = wire_get_byte(w);
	get_addr(w, is_ipv4, &f.key.local);
	get_addr(w, is_ipv4, &f.key.remote);
	f.key.local_port = (uint16_t)wire_get_fixed(w, 2);
	f.key.remote_port = (uint16_t)wire_get_fixed(w, 2);
	d->flows[number] = f;
	return 0;
}

static void fill_flow(struct wire_in *w, struct known_flow *f, struct observation *o)
{
	for (size_t i = 0; i < WIRE_COUNTERS; i++)
		f->counters[i] = wire_get_step(w, f->counters[i]);
	o->flow.key = f->key;
	o->flow.app = f->app;
	o->flow.bytes_in = f->counters[WIRE_BYTES_IN];
	o->flow.bytes_out = f->counters[WIRE_BYTES_OUT];
	o->flow.packets_in = f->counters[WIRE_PACKETS_IN];
	o->flow.packets_out = f->counters[WIRE_PACKETS_OUT];
}

/* The flow that flags and number mean, and the key that may follow them. */
static int get_reference(struct record_decoder *d, struct wire_in *w,
			 uint8_t *ret_flags, struct known_flow **ret_flow)
{
	uint8_t flags = wire_get_byte(w);
	uint64_t number = wire_get_number(w);
	int r = 0;

	if (flags & WIRE_FLOW_DEFINES)
		r = define_flow(d, w, number, flags & WIRE_FLOW_IPV4);
	else if (number >= d->flow_count || !d->flows[number].is_defined)
		r = fail(d, "flow number %llu is used before it is introduced",
			 (unsigned long long)number);
	if (r < 0)
		return r;
	*ret_flags = flags;
	*ret_flow = &d->flows[number];
	return 0;
}

static int get_flow(struct record_decoder *d, struct wire_in *w, struct observation *o)
{
	struct known_flow *f;
	uint8_t flags;
	int r = get_reference(d, w, &flags, &f);

	if (r < 0)
		return r;
	if (flags & WIRE_FLOW_APP)
		f->app = get_app_id(d, w, &r);
	o->flow.is_inbound = flags & WIRE_FLOW_INBOUND;
	o->flow.is_uncounted = flags & WIRE_FLOW_UNCOUNTED;
	fill_flow(w, f, o);
	if (flags & WIRE_FLOW_PEER_APP)
		o->flow.peer_app = get_app_id(d, w, &r);
	if (o->kind == OBS_FLOW_END)
		f->is_defined = false;
	return r;
}

static int get_packet(struct record_decoder *d, struct wire_in *w,
		      struct observation *o)
{
	struct known_flow *f;
	uint64_t length;
	uint8_t flags;
	int r = get_reference(d, w, &flags, &f);

	if (r < 0)
		return r;
	length = wire_get_number(w);
	if (length > UINT32_MAX)
		return fail(d, "a packet of %llu bytes", (unsigned long long)length);
	o->packet.key = f->key;
	o->packet.is_inbound = flags & WIRE_FLOW_INBOUND;
	o->packet.length = (uint32_t)length;
	return 0;
}

static int get_zoom(struct record_decoder *d, struct wire_in *w, struct observation *o)
{
	int r = 0;

	o->zoom.app = get_app_id(d, w, &r);
	return r;
}

static int get_line(struct record_decoder *d, struct wire_in *w, struct record *ret)
{
	uint8_t flags = wire_get_byte(w);
	uint64_t text = wire_get_number(w);

	wire_get_text(w, d->line, sizeof(d->line));
	if (text >= RECORD_TEXT_COUNT)
		return fail(d, "a line of a text that is not known");
	ret->kind = RECORD_LINE;
	ret->line.text = (enum record_text)text;
	ret->line.begins = flags & WIRE_LINE_BEGINS;
	ret->line.line = d->line;
	return 0;
}

/* --- records -------------------------------------------------------------------- */

static int get_observation(struct record_decoder *d, enum wire_kind kind,
			   struct wire_in *w, struct observation *o)
{
	switch (kind) {
	case WIRE_APP:
		o->kind = OBS_APP;
		return get_app(d, w, o);
	case WIRE_APP_GONE:
		o->kind = OBS_APP_GONE;
		return get_app_gone(d, w, o);
	case WIRE_APP_IO:
		o->kind = OBS_APP_IO;
		return get_app_io(d, w, o);
	case WIRE_APP_TRAFFIC:
		o->kind = OBS_APP_TRAFFIC;
		return get_app_traffic(d, w, o);
	case WIRE_FLOW:
	case WIRE_FLOW_END:
		o->kind = kind == WIRE_FLOW ? OBS_FLOW : OBS_FLOW_END;
		return get_flow(d, w, o);
	case WIRE_SWEPT:
		o->kind = OBS_SWEPT;
		/* Written as the step from then to now. */
		o->swept.since_ns = o->time_ns - wire_get_step(w, 0);
		return 0;
	case WIRE_ZOOM_BEGIN:
		o->kind = OBS_ZOOM_BEGIN;
		return get_zoom(d, w, o);
	case WIRE_PACKET:
		o->kind = OBS_PACKET;
		return get_packet(d, w, o);
	case WIRE_ZOOM_END:
		o->kind = OBS_ZOOM_END;
		return 0;
	default:
		o->kind = OBS_TICK;
		return 0;
	}
}

/* 1 with a record, 0 for one of a kind that is not known, or -errno. */
static int take_payload(struct record_decoder *d, uint8_t kind, struct wire_in *w,
			struct record *ret)
{
	int r = 0;

	*ret = (struct record){.kind = RECORD_OBSERVATION};
	d->time_ns = wire_get_step(w, d->time_ns);
	if (d->time_ns > INT64_MAX)
		return fail(d, "a time out of range");
	if (kind >= WIRE_KINDS)
		return w->is_bad ? fail(d, "a record without a time") : 0;
	ret->time_ns = ret->observation.time_ns = d->time_ns;
	if (kind == WIRE_LINE)
		r = get_line(d, w, ret);
	else if (kind != WIRE_END)
		r = get_observation(d, (enum wire_kind)kind, w, &ret->observation);
	if (kind == WIRE_END) {
		ret->kind = RECORD_END;
		ret->is_full = wire_get_byte(w) & WIRE_END_FULL;
		d->has_ended = true;
	}
	if (r == 0 && w->is_bad)
		r = fail(d, "a record of kind %u whose %zu bytes do not fit it", kind,
			 w->size);
	return r < 0 ? r : 1;
}

/* One record of any kind, as take_payload() says; *ret_used stays 0 for want of bytes.
 */
static int take_record(struct record_decoder *d, const uint8_t *data, size_t size,
		       size_t *ret_used, struct record *ret)
{
	struct wire_in head = {.data = data, .size = size};
	struct wire_in payload;
	uint8_t kind = wire_get_byte(&head);
	uint64_t length = wire_get_number(&head);

	if (kind > WIRE_KIND_MAX)
		return fail(d, "a record of kind %u", kind);
	if (head.is_bad && head.at < size)
		return fail(d, "a length that is no number");
	if (head.is_bad)
		return 0;
	if (length > WIRE_PAYLOAD_MAX)
		return fail(d, "a record of %llu bytes; at most %u are allowed",
			    (unsigned long long)length, WIRE_PAYLOAD_MAX);
	if (size - head.at < length)
		return 0;
	payload = (struct wire_in){.data = data + head.at, .size = (size_t)length};
	*ret_used = head.at + (size_t)length;
	return take_payload(d, kind, &payload, ret);
}

int record_decode(struct record_decoder *d, const void *data, size_t size,
		  size_t *ret_used, struct record *ret_record)
{
	const uint8_t *bytes = data;
	size_t used = 1, taken = 0;
	int r = *d->error ? -EBADMSG : 0;

	while (r == 0 && used && taken < size) {
		used = 0;
		if (d->has_ended)
			r = fail(d, "data behind the end mark");
		else if (!d->has_header)
			r = take_header(d, bytes + taken, size - taken, &used);
		else
			r = take_record(d, bytes + taken, size - taken, &used,
					ret_record);
		/* An error is where the record begins. */
		if (r < 0)
			break;
		taken += used;
		d->offset += used;
	}
	*ret_used = taken;
	return r;
}

int record_decoder_finish(struct record_decoder *d, size_t left)
{
	if (*d->error)
		return -EBADMSG;
	if (!d->has_header)
		return fail(d, "cut off in its header");
	if (left)
		return fail(d, "cut off within a record");
	if (!d->has_ended)
		return fail(d, "cut off: there is no end mark");
	return 0;
}
