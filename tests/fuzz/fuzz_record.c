/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording somebody else wrote: through the decoder in pieces (the first byte says
 * of which size) into an engine, as `agentctl replay` does.
 */
#include "core/engine.h"
#include "core/policy_ini.h"
#include "core/record.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct player {
	struct record_decoder *decoder;
	struct engine *engine;
};

static void take(struct player *p, const struct record *r)
{
	if (r->kind == RECORD_OBSERVATION)
		engine_observe(p->engine, &r->observation);
	else if (r->kind == RECORD_LINE && strlen(r->line.line) >= RECORD_LINE_MAX)
		abort();
}

/* Feeds data[at..end) as a heap block of its own; how much was used, or -errno. */
static int feed(struct player *p, const uint8_t *data, size_t size, size_t *ret_used)
{
	uint8_t *piece = malloc(size + 1);
	struct record record;
	int r;

	if (!piece)
		return -1;
	memcpy(piece, data, size);
	r = record_decode(p->decoder, piece, size, ret_used, &record);
	if (*ret_used > size || (r < 0 && !*record_decoder_error(p->decoder)))
		abort();
	if (r == 0 && size - *ret_used >= RECORD_MAX)
		abort();
	free(piece);
	if (r == 1)
		take(p, &record);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	static struct catalogue catalogue;
	struct player p = {0};
	size_t at = 0, end = 0, chunk;
	int r = 0;

	if (size < 1)
		return 0;
	if (!policy)
		policy = policy_new_default();
	if (!policy || record_decoder_new(&p.decoder) < 0 ||
	    engine_new(policy, &catalogue, &p.engine) < 0)
		abort();
	chunk = 1 + (size_t)data[0] * 64;
	data++;
	size--;
	while (r >= 0 && end < size) {
		end = size - end > chunk ? end + chunk : size;
		do {
			size_t used = 0;

			r = feed(&p, data + at, end - at, &used);
			at += used;
		} while (r == 1);
	}
	if (r >= 0)
		record_decoder_finish(p.decoder, size - at);
	engine_free(p.engine);
	record_decoder_free(p.decoder);
	return 0;
}
