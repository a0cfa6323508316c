/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers and layout that record_encode.c and record_decode.c share; see
 * relaywarden-record(5). Private to the two.
 *
 * Every record is its kind, the length of its payload and the payload, which begins
 * with the time since the record before it: so that a kind of a newer minor version can
 * be passed over.
 */
#ifndef CORE_RECORD_WIRE_H
#define CORE_RECORD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_MAGIC "RWRECORD"
#define WIRE_MAGIC_SIZE 8
#define WIRE_HEADER_SIZE 32
#define WIRE_PAYLOAD_MAX 6144
#define WIRE_KIND_MAX 127 /* one byte */

enum wire_kind {
	WIRE_END = 0,
	WIRE_APP = 1,
	WIRE_APP_GONE = 2,
	WIRE_APP_IO = 3,
	WIRE_FLOW = 4,
	WIRE_FLOW_END = 5,
	WIRE_SWEPT = 6,
	WIRE_TICK = 7,
	WIRE_LINE = 8,
	WIRE_ZOOM_BEGIN = 9,
	WIRE_PACKET = 10,
	WIRE_ZOOM_END = 11,
	WIRE_APP_TRAFFIC = 12,
	WIRE_KINDS,
};

/* Flags; a bit that is not known is passed over. */
enum { WIRE_END_FULL = 1 };
enum { WIRE_APP_IO_SOUND = 1, WIRE_APP_IO_CAMERA = 2 };
enum {
	WIRE_APP_WILDCARD = 1,
	WIRE_APP_IDENTITY = 2,
	/* With an identity, what it does not prove: */
	WIRE_APP_USERS_OWN = 4,
	WIRE_APP_USERNS = 8,
	WIRE_APP_EXE_LOOSE = 16,
	/* Of it as it runs: */
	WIRE_APP_SET_TO_RELAY = 32
};
enum {
	WIRE_FLOW_DEFINES = 1,
	WIRE_FLOW_IPV4 = 2,
	WIRE_FLOW_INBOUND = 4,
	/* Not of a packet: */
	WIRE_FLOW_APP = 8,
	WIRE_FLOW_PEER_APP = 16,
	WIRE_FLOW_UNCOUNTED = 32
};
enum { WIRE_LINE_BEGINS = 1 };

/* Counters of a flow, or of an application, in the order they are written. */
enum {
	WIRE_BYTES_IN,
	WIRE_BYTES_OUT,
	WIRE_PACKETS_IN,
	WIRE_PACKETS_OUT,
	WIRE_COUNTERS
};

/* Writing: the room is the caller's, and enough. */
struct wire_out {
	uint8_t *data;
	size_t used;
};

void wire_put_byte(struct wire_out *w, uint8_t value);
void wire_put_bytes(struct wire_out *w, const void *data, size_t size);
void wire_put_fixed(struct wire_out *w, uint64_t value, unsigned int bytes);
void wire_put_number(struct wire_out *w, uint64_t value);
/* The difference of two numbers, which wraps: small both ways is short. */
void wire_put_step(struct wire_out *w, uint64_t from, uint64_t to);
void wire_put_text(struct wire_out *w, const char *text);

/* Reading: what is not there reads as 0, and is_bad stays set. */
struct wire_in {
	const uint8_t *data;
	size_t size, at;
	bool is_bad;
};

uint8_t wire_get_byte(struct wire_in *w);
void wire_get_bytes(struct wire_in *w, void *ret_data, size_t size);
uint64_t wire_get_fixed(struct wire_in *w, unsigned int bytes);
uint64_t wire_get_number(struct wire_in *w);
uint64_t wire_get_step(struct wire_in *w, uint64_t from);
/* NUL-terminated in `buf`; a text that does not fit or holds a NUL is bad. */
void wire_get_text(struct wire_in *w, char *buf, size_t size);

#endif
