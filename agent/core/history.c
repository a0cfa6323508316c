/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/history.h"
#include "base/units.h"
#include <math.h>

#define HEADER_BYTES 52.0 /* IPv4, TCP with timestamps: the larger of the usual two */
#define IO_SPACING_NS (2 * SECOND_NS)
#define IO_SPAN_NS (4 * SECOND_NS)

static struct history_second *second_at(struct history *h, uint64_t time_ns)
{
	uint64_t second = time_ns / SECOND_NS;
	struct history_second *s = &h->seconds[second % HISTORY_SECONDS];

	if (s->second != second)
		*s = (struct history_second){.second = second};
	return s;
}

void history_add(struct history *h, uint64_t time_ns, double in, double out)
{
	struct history_second *s = second_at(h, time_ns);

	s->in += in;
	s->out += out;
	h->total_in += in;
	h->total_out += out;
}

void history_add_local(struct history *h, uint64_t time_ns, double in, double out)
{
	struct history_second *s = second_at(h, time_ns);

	s->local_in += in;
	s->local_out += out;
}

void history_add_counted(struct history *h, uint64_t in, uint64_t out)
{
	h->rest.in -= (double)in;
	h->rest.out -= (double)out;
}

static uint64_t advance(uint64_t *counter, uint64_t now)
{
	uint64_t step = now > *counter ? now - *counter : 0;

	*counter = now;
	return step;
}

static double payload_part(uint64_t bytes, uint64_t packets)
{
	double payload = (double)bytes - (double)packets * HEADER_BYTES;

	return bytes ? fmax(0, payload) / (double)bytes : 0;
}

struct history_payload history_add_traffic(struct history *h,
					   const struct observation *o)
{
	struct history_rest *r = &h->rest;
	uint64_t in = advance(&r->bytes_in, o->app_traffic.bytes_in);
	uint64_t out = advance(&r->bytes_out, o->app_traffic.bytes_out);
	uint64_t packets_in = advance(&r->packets_in, o->app_traffic.packets_in);
	uint64_t packets_out = advance(&r->packets_out, o->app_traffic.packets_out);
	struct history_payload added = {0};

	if (!r->has_begun) {
		r->has_begun = true;
		r->in = r->out = 0;
		return added;
	}
	r->in += (double)in;
	r->out += (double)out;
	added.in = fmax(0, r->in) * payload_part(in, packets_in);
	added.out = fmax(0, r->out) * payload_part(out, packets_out);
	history_add(h, o->time_ns, added.in, added.out);
	r->in = fmin(0, r->in);
	r->out = fmin(0, r->out);
	return added;
}

void history_add_io(struct history *h, const struct observation *o)
{
	const struct history_io *last =
		&h->io[(h->io_count + HISTORY_IO_SAMPLES - 1) % HISTORY_IO_SAMPLES];
	bool went_back = h->io_count && (o->app_io.read_bytes < last->read_bytes ||
					 o->app_io.written_bytes < last->written_bytes);

	/* A process of several ended and took its counts along: begin anew. */
	if (went_back)
		h->io_count = 0;
	else if (h->io_count && o->time_ns < last->time_ns + IO_SPACING_NS)
		return;
	h->io[h->io_count++ % HISTORY_IO_SAMPLES] =
		(struct history_io){o->time_ns, o->app_io.read_bytes,
				    o->app_io.written_bytes, h->total_in, h->total_out};
}

struct history_rates history_rates(const struct history *h, uint64_t time_ns,
				   unsigned int seconds)
{
	struct history_rates r = {0};
	uint64_t now = time_ns / SECOND_NS;

	for (size_t i = 0; i < HISTORY_SECONDS; i++) {
		const struct history_second *s = &h->seconds[i];

		if (s->second >= now || s->second + seconds < now)
			continue;
		r.in += s->in / seconds;
		r.out += s->out / seconds;
		r.local_in += s->local_in / seconds;
		r.local_out += s->local_out / seconds;
	}
	return r;
}

bool history_is_flowing(const struct history *h, uint64_t time_ns, unsigned int seconds,
			double rate)
{
	uint64_t now = time_ns / SECOND_NS;
	double in = 0, out = 0;

	for (size_t i = 0; i < HISTORY_SECONDS; i++) {
		const struct history_second *s = &h->seconds[i];

		if (s->second > now || s->second + seconds <= now)
			continue;
		in += s->in / seconds;
		out += s->out / seconds;
	}
	return in >= rate && out >= rate;
}

bool history_storage(const struct history *h, double *ret_stored, double *ret_served)
{
	const struct history_io *first, *last;

	if (h->io_count < 2)
		return false;
	last = &h->io[(h->io_count - 1) % HISTORY_IO_SAMPLES];
	first = h->io_count > HISTORY_IO_SAMPLES
			? &h->io[h->io_count % HISTORY_IO_SAMPLES]
			: &h->io[0];
	if (last->time_ns - first->time_ns < IO_SPAN_NS || last->in <= first->in ||
	    last->out <= first->out)
		return false;
	*ret_stored = (double)(last->written_bytes - first->written_bytes) /
		      (last->in - first->in);
	*ret_served = (double)(last->read_bytes - first->read_bytes) /
		      (last->out - first->out);
	return true;
}
