/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The observations of a recording as text, one a line, for tests to count:
 *
 *   app ID NAME KEY
 *   gone ID
 *   io ID sound|- camera|-
 *   traffic ID BYTES_IN BYTES_OUT
 *   flow|end PROTO LOCAL LPORT REMOTE RPORT in|out ID PEER_ID counted|uncounted BYTES
 */
#include "core/record.h"
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void print_flow(const struct observation *o)
{
	const struct flow_key *k = &o->flow.key;
	char local[ADDR_STRLEN], remote[ADDR_STRLEN];

	printf("%s %s %s %u %s %u %s %u %u %s %" PRIu64 "\n",
	       o->kind == OBS_FLOW ? "flow" : "end",
	       k->proto == IPPROTO_TCP	 ? "tcp"
	       : k->proto == IPPROTO_UDP ? "udp"
					 : "other",
	       addr_format(&k->local, local), k->local_port,
	       addr_format(&k->remote, remote), k->remote_port,
	       o->flow.is_inbound ? "in" : "out", o->flow.app, o->flow.peer_app,
	       o->flow.is_uncounted ? "uncounted" : "counted",
	       o->flow.bytes_in + o->flow.bytes_out);
}

static void print_observation(const struct observation *o)
{
	switch (o->kind) {
	case OBS_APP:
		printf("app %u %s %s\n", o->app.id, o->app.identity->name,
		       o->app.identity->key);
		break;
	case OBS_APP_GONE:
		printf("gone %u\n", o->app.id);
		break;
	case OBS_APP_IO:
		printf("io %u %s %s\n", o->app_io.id,
		       o->app_io.has_sound ? "sound" : "-",
		       o->app_io.has_camera ? "camera" : "-");
		break;
	case OBS_APP_TRAFFIC:
		printf("traffic %u %" PRIu64 " %" PRIu64 "\n", o->app_traffic.id,
		       o->app_traffic.bytes_in, o->app_traffic.bytes_out);
		break;
	case OBS_FLOW:
	case OBS_FLOW_END:
		print_flow(o);
		break;
	default:
		break;
	}
}

/* Until the end, or what a recording that is still written has. */
static int print_records(struct record_decoder *d, FILE *file)
{
	static uint8_t buf[4 * RECORD_MAX];
	size_t filled = 0, n;

	while ((n = fread(buf + filled, 1, sizeof(buf) - filled, file)) > 0) {
		struct record record;
		size_t at = 0, used;
		int r;

		filled += n;
		while ((r = record_decode(d, buf + at, filled - at, &used, &record)) >
		       0) {
			at += used;
			if (record.kind == RECORD_OBSERVATION)
				print_observation(&record.observation);
		}
		if (r < 0)
			return r;
		at += used;
		memmove(buf, buf + at, filled - at);
		filled -= at;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct record_decoder *d;
	FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
	int r;

	if (!file || record_decoder_new(&d) < 0) {
		fprintf(stderr, "helper_record: can't read a recording\n");
		return 1;
	}
	r = print_records(d, file);
	if (r < 0)
		fprintf(stderr, "helper_record: %s\n", record_decoder_error(d));
	record_decoder_free(d);
	fclose(file);
	return r < 0;
}
