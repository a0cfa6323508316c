/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/usage.h"
#include <string.h>

#define MINUTE_S 60
#define HOUR_S 3600

static const char *const span_names[USAGE_SPAN_COUNT] = {[USAGE_MINUTE] = "minute",
							 [USAGE_HOUR] = "hour",
							 [USAGE_DAY] = "day",
							 [USAGE_MONTH] = "month"};

const char *usage_span_name(enum usage_span span)
{
	return span_names[span];
}

bool usage_span_parse(const char *name, enum usage_span *ret_span)
{
	for (enum usage_span s = 0; s < USAGE_SPAN_COUNT; s++)
		if (strcmp(span_names[s], name) == 0) {
			*ret_span = s;
			return true;
		}
	return false;
}

bool usage_is_empty(const struct usage_bytes *b)
{
	return !(b->in | b->out | b->relayed_in | b->relayed_out);
}

void usage_add(struct usage_bytes *sum, const struct usage_bytes *b)
{
	sum->in += b->in;
	sum->out += b->out;
	sum->relayed_in += b->relayed_in;
	sum->relayed_out += b->relayed_out;
	if (b->peers > sum->peers)
		sum->peers = b->peers;
}

/* A total that is corrected downwards has to make up for it before it counts again. */
static uint64_t advance(uint64_t *seen, uint64_t now)
{
	uint64_t by = now > *seen ? now - *seen : 0;

	*seen += by;
	return by;
}

struct usage_bytes usage_meter_read(struct usage_meter *m, const struct app *app)
{
	/* The id was another's, or this one's before it went and came. */
	if (m->first_ns != app->first_ns)
		*m = (struct usage_meter){.first_ns = app->first_ns};
	return (struct usage_bytes){
		.in = advance(&m->seen.in, app->totals.bytes_in),
		.out = advance(&m->seen.out, app->totals.bytes_out),
		.relayed_in = advance(&m->seen.relayed_in, app->totals.relayed_in),
		.relayed_out = advance(&m->seen.relayed_out, app->totals.relayed_out),
		.peers = app->peers,
	};
}

/* --- buckets --------------------------------------------------------------------- */

static int64_t floor_to(int64_t epoch, int64_t step)
{
	int64_t rest = epoch % step;

	return epoch - rest - (rest < 0 ? step : 0);
}

static int64_t first_of_month(int64_t day)
{
	unsigned int month, of_month;
	int year;

	wall_date((int32_t)day, &year, &month, &of_month);
	return day - of_month + 1;
}

int64_t usage_bucket(enum usage_span span, int64_t epoch, const struct wall_time *wall)
{
	int64_t minute = floor_to(epoch, MINUTE_S);

	switch (span) {
	case USAGE_MINUTE:
		return minute;
	case USAGE_HOUR:
		/* As the clock shows it: there are zones at half hours. */
		return minute - wall->minute % 60 * MINUTE_S;
	case USAGE_DAY:
		return wall->day;
	default:
		return first_of_month(wall->day);
	}
}

int64_t usage_bucket_before(enum usage_span span, int64_t bucket, unsigned int count)
{
	switch (span) {
	case USAGE_MINUTE:
		return bucket - (int64_t)count * MINUTE_S;
	case USAGE_HOUR:
		return bucket - (int64_t)count * HOUR_S;
	case USAGE_DAY:
		return bucket - (int64_t)count;
	default:
		for (bucket = first_of_month(bucket); count > 0; count--)
			bucket = first_of_month(bucket - 1);
		return bucket;
	}
}

int64_t usage_bucket_epoch(enum usage_span span, int64_t bucket)
{
	if (span == USAGE_MINUTE || span == USAGE_HOUR)
		return bucket;
	return wall_epoch((int32_t)bucket, 0);
}
