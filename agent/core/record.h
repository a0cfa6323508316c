/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Observations as bytes, and back: the file that `agentctl record` and `relaywardend
 * --record` write and `agentctl replay` reads. Format: relaywarden-record(5).
 *
 * What was recorded is what is decoded, to the nanosecond. Both ends keep a dictionary
 * of flows and applications, so that a flow's addresses and an application's identity
 * are in the file once. The decoder trusts nothing: what it allocates is bounded by
 * what it has read, and never more than the tables below. Pure.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/observation.h"
#include <stddef.h>

#define RECORD_MAJOR 1
#define RECORD_MINOR 3
#define RECORD_MAX 8192	       /* bytes of the largest record or header */
#define RECORD_LINE_MAX 4096   /* of a line of text, its NUL included */
#define RECORD_FLOWS_MAX 65536 /* in the dictionary at once */
#define RECORD_ERROR_MAX 160

/* Begins every file. Unix time = epoch_ns + (time - start_ns). */
struct record_header {
	uint8_t major, minor;
	uint64_t start_ns; /* CLOCK_BOOTTIME */
	uint64_t epoch_ns; /* Unix time then */
};

enum record_kind {
	RECORD_OBSERVATION,
	RECORD_LINE, /* of the policy or catalogue that is in force from here on */
	RECORD_END,  /* nothing follows: the recording ended as it should */
};

enum record_text { RECORD_POLICY, RECORD_CATALOGUE, RECORD_TEXT_COUNT };

/* Pointers are borrowed from the decoder until its next call. */
struct record {
	enum record_kind kind;
	uint64_t time_ns;
	struct observation observation;
	struct {
		enum record_text text;
		bool begins; /* what was there of this text before is void */
		const char *line;
	} line;
	bool is_full; /* RECORD_END: it had reached its largest size */
};

/* --- to bytes ------------------------------------------------------------------ */

struct record_encoder;

/* 0 or -ENOMEM. */
int record_encoder_new(uint64_t start_ns, uint64_t epoch_ns,
		       struct record_encoder **ret_encoder);
void record_encoder_free(struct record_encoder *e);

/*
 * Each writes at most RECORD_MAX bytes to `buf`. 0 with how many there are; -EINVAL for
 * what cannot be written (an application or kind out of range, a text too long),
 * -ENOMEM; then nothing is written, and the next call stands on its own.
 */
int record_encode_header(struct record_encoder *e, uint8_t buf[static RECORD_MAX],
			 size_t *ret_size);
int record_encode(struct record_encoder *e, const struct observation *o,
		  uint8_t buf[static RECORD_MAX], size_t *ret_size);
/* `line` without its end; `begins` with the first one of a text. */
int record_encode_line(struct record_encoder *e, enum record_text text, bool begins,
		       const char *line, uint8_t buf[static RECORD_MAX],
		       size_t *ret_size);

/* The end mark, the same for every recording: who copies records may add it himself. */
size_t record_encode_end(bool is_full, uint8_t buf[static RECORD_MAX]);

/* --- from bytes ---------------------------------------------------------------- */

struct record_decoder;

/* 0 or -ENOMEM. */
int record_decoder_new(struct record_decoder **ret_decoder);
void record_decoder_free(struct record_decoder *d);

/*
 * Takes the next record from `data`, which begins behind what was used so far. 1 with a
 * record; 0 when more bytes are needed (RECORD_MAX always suffice); -EBADMSG with
 * record_decoder_error() saying what and where; -ENOMEM. *ret_used bytes are done with,
 * also when 0 is returned. After an error, only the same error.
 */
int record_decode(struct record_decoder *d, const void *data, size_t size,
		  size_t *ret_used, struct record *ret_record);

/* Nothing follows the `left` bytes that were not used. 0, or -EBADMSG: cut off. */
int record_decoder_finish(struct record_decoder *d, size_t left);

/* NULL until it has been read. */
const struct record_header *record_decoder_header(const struct record_decoder *d);
/* "byte 4711: what is wrong"; "" when nothing is. */
const char *record_decoder_error(const struct record_decoder *d);

#endif
