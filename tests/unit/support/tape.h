/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording in memory: written record by record, played back in pieces. */
#ifndef SUPPORT_TAPE_H
#define SUPPORT_TAPE_H

#include "core/record.h"
#include <stdint.h>

#define START_NS UINT64_C(5000000000)
#define EPOCH_NS UINT64_C(1790000000000000000)
#define HEADER_SIZE 32
#define SECOND_NS UINT64_C(1000000000)

struct tape {
	struct record_encoder *encoder;
	uint8_t *data;
	size_t size;
	uint32_t seed;
};

typedef void on_record(void *context, const struct record *r);

/* With its header; `seed` is for tape_noise. */
void tape_begin(struct tape *t, uint32_t seed);
void tape_done(struct tape *t);

/* 0 <= x < below, another one each time. */
uint32_t tape_noise(struct tape *t, uint32_t below);

void tape_append(struct tape *t, const uint8_t *data, size_t size);
/* One of UDP to stranger number `number`, which brought so many bytes. */
struct observation tape_flow(uint32_t number, uint64_t time_ns, uint64_t bytes);

/* The bytes it took. */
size_t tape_put(struct tape *t, const struct observation *o);
void tape_end(struct tape *t);

/* Decodes all of it in pieces of `chunk` bytes; what went wrong, or NULL. The caller
 * frees the text. */
char *tape_play(const uint8_t *data, size_t size, size_t chunk, on_record *f,
		void *context);
void tape_assert_plays(const uint8_t *data, size_t size, on_record *f, void *context);
void tape_assert_refused(const uint8_t *data, size_t size, const char *expected);

#endif
