/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tape.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

uint32_t tape_noise(struct tape *t, uint32_t below)
{
	t->seed = t->seed * 1664525u + 1013904223u;
	return (t->seed >> 8) % below;
}

void tape_append(struct tape *t, const uint8_t *data, size_t size)
{
	t->data = realloc(t->data, t->size + size);
	assert_non_null(t->data);
	memcpy(t->data + t->size, data, size);
	t->size += size;
}

void tape_begin(struct tape *t, uint32_t seed)
{
	uint8_t buf[RECORD_MAX];
	size_t size;

	*t = (struct tape){.seed = seed};
	assert_int_equal(record_encoder_new(START_NS, EPOCH_NS, &t->encoder), 0);
	assert_int_equal(record_encode_header(t->encoder, buf, &size), 0);
	assert_int_equal(size, HEADER_SIZE);
	tape_append(t, buf, size);
}

size_t tape_put(struct tape *t, const struct observation *o)
{
	uint8_t buf[RECORD_MAX];
	size_t size;

	assert_int_equal(record_encode(t->encoder, o, buf, &size), 0);
	tape_append(t, buf, size);
	return size;
}

void tape_end(struct tape *t)
{
	uint8_t buf[RECORD_MAX];

	tape_append(t, buf, record_encode_end(false, buf));
}

void tape_done(struct tape *t)
{
	record_encoder_free(t->encoder);
	free(t->data);
}

char *tape_play(const uint8_t *data, size_t size, size_t chunk, on_record *f,
		void *context)
{
	struct record_decoder *d;
	size_t at = 0, end = 0;
	char *error = NULL;
	struct record record;
	int r = 0;

	assert_int_equal(record_decoder_new(&d), 0);
	while (r >= 0 && end < size) {
		end = size - end > chunk ? end + chunk : size;
		do {
			/* A copy as large as it may be: reading on is found. */
			uint8_t *piece = malloc(end - at + 1);
			size_t used;

			memcpy(piece, data + at, end - at);
			r = record_decode(d, piece, end - at, &used, &record);
			free(piece);
			assert_true(used <= end - at);
			assert_true(r != 0 || end - at - used < RECORD_MAX);
			at += used;
			if (r == 1 && f)
				f(context, &record);
		} while (r == 1);
	}
	if (r < 0 || record_decoder_finish(d, size - at) < 0)
		error = strdup(record_decoder_error(d));
	record_decoder_free(d);
	return error;
}

void tape_assert_plays(const uint8_t *data, size_t size, on_record *f, void *context)
{
	char *error = tape_play(data, size, 4096, f, context);

	if (error)
		fail_msg("%s", error);
}

void tape_assert_refused(const uint8_t *data, size_t size, const char *expected)
{
	char *error = tape_play(data, size, 4096, NULL, NULL);

	if (!error || strcmp(error, expected) != 0)
		fail_msg("'%s', not '%s'", error ? error : "accepted", expected);
	free(error);
}

struct observation tape_flow(uint32_t number, uint64_t time_ns, uint64_t bytes)
{
	struct observation o = {.kind = OBS_FLOW, .time_ns = time_ns};

	o.flow.key.local = addr_from_ipv4(htonl(0xc6120001));
	o.flow.key.remote = addr_from_ipv4(htonl(0xc6130000 + number));
	o.flow.key.local_port = 4000;
	o.flow.key.proto = IPPROTO_UDP;
	o.flow.app = 1;
	o.flow.bytes_in = o.flow.bytes_out = bytes;
	o.flow.packets_in = o.flow.packets_out = bytes / 1000;
	return o;
}
