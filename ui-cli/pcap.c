/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pcap.h"
#include "base/hash.h"
#include "core/engine.h"
#include "core/flow.h"
#include "core/packet.h"
#include "core/zoom.h"
#include <errno.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
#define TICK_NS (200 * UINT64_C(1000000))
/* Silence longer than this is passed over in one step, as a suspended computer does. */
#define SILENCE_NS (60 * SECOND_NS)
#define SWEEP_NS (10 * SECOND_NS)
/* When conntrack would have given a flow up, about. */
#define IDLE_TCP_NS (3600 * SECOND_NS)
#define IDLE_OTHER_NS (180 * SECOND_NS)
#define FLOWS_MAX FLOW_TABLE_MAX
#define FRAGMENTS 256
#define APP_ID 1
/* The year 2242; what is later is no time. */
#define TIME_MAX_S (INT64_C(1) << 33)

struct capture_flow {
	struct flow_key key;
	struct observation record; /* with its counters so far */
	bool is_changed, is_looked_at;
	struct capture_flow *next_changed;
	UT_hash_handle hh;
};

/* A datagram whose first fragment, the one with the ports, has been seen. */
struct fragment {
	struct addr source, destination;
	uint32_t id;
	uint16_t source_port, destination_port;
	uint8_t proto;
	bool is_used;
};

struct reader {
	const struct context *context;
	const char *path;
	struct progress *progress;
	pcap_t *pcap;
	enum packet_link link;
	struct addr hosts[WORD_LIST_MAX];
	size_t host_count;
	struct replay *replay;
	struct app_identity identity;
	uint64_t now_ns, tick_ns, sweep_ns; /* the last packet; the next of each */
	struct capture_flow *flows, *changed;
	struct fragment fragments[FRAGMENTS];
	uint64_t look_ns; /* when the running look at packets began, 0: none */
	uint64_t packets, others, unreadable, lost; /* not of the host; ...; no room */
};

bool pcap_is_capture(const uint8_t *data, size_t size)
{
	static const uint32_t magics[] = {0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d,
					  0x4d3cb2a1, 0x0a0d0d0a};
	uint32_t magic;

	if (size < sizeof(magic))
		return false;
	memcpy(&magic, data, sizeof(magic));
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (magic == magics[i])
			return true;
	return false;
}

/* --- packets to flows --------------------------------------------------------------
 */

static bool is_host(const struct reader *r, const struct addr *a)
{
	for (size_t i = 0; i < r->host_count; i++)
		if (addr_equal(&r->hosts[i], a))
			return true;
	return false;
}

static struct fragment *fragment_place(struct reader *r, const struct packet *p)
{
	uint32_t hash = p->fragment_id * UINT32_C(2654435761);

	for (size_t i = 0; i < sizeof(p->source.b); i++)
		hash = hash * 31 + p->source.b[i] + p->destination.b[i];
	return &r->fragments[(hash >> 16) % FRAGMENTS];
}

/* Later fragments have no ports: they get those of the first one. */
static void follow_fragment(struct reader *r, struct packet *p)
{
	struct fragment *f = fragment_place(r, p);

	if (p->has_ports) {
		*f = (struct fragment){p->source,
				       p->destination,
				       p->fragment_id,
				       p->source_port,
				       p->destination_port,
				       p->proto,
				       true};
	} else if (f->is_used && f->id == p->fragment_id && f->proto == p->proto &&
		   addr_equal(&f->source, &p->source) &&
		   addr_equal(&f->destination, &p->destination)) {
		p->source_port = f->source_port;
		p->destination_port = f->destination_port;
	}
}

static struct capture_flow *add_flow(struct reader *r, const struct flow_key *key,
				     bool is_inbound)
{
	struct capture_flow *f;

	if (HASH_COUNT(r->flows) >= FLOWS_MAX)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->key = *key;
	f->record.kind = OBS_FLOW;
	f->record.flow.key = *key;
	f->record.flow.app = APP_ID;
	f->record.flow.is_inbound = is_inbound;
	HASH_ADD(hh, r->flows, key, sizeof(f->key), f);
	if (f->hh.tbl)
		return f;
	free(f);
	return NULL;
}

static void count_packet(struct capture_flow *f, bool is_received, uint32_t bytes)
{
	*(is_received ? &f->record.flow.bytes_in : &f->record.flow.bytes_out) += bytes;
	*(is_received ? &f->record.flow.packets_in : &f->record.flow.packets_out) += 1;
}

static enum exit_code report_flow(struct reader *r, struct capture_flow *f)
{
	f->record.time_ns = r->now_ns;
	return replay_observe(r->replay, &f->record);
}

/* What the agent would have captured of it. */
static enum exit_code look_at(struct reader *r, const struct capture_flow *f,
			      const struct packet *p, bool is_received)
{
	struct observation o = {
		.kind = OBS_PACKET,
		.time_ns = r->now_ns,
		.packet.key = f->key,
		.packet.is_inbound = is_received,
		.packet.length = p->payload,
	};

	if (!r->look_ns || !f->is_looked_at)
		return EXIT_OK;
	return replay_observe(r->replay, &o);
}

static enum exit_code take_packet(struct reader *r, struct packet *p)
{
	bool is_received = is_host(r, &p->destination);
	enum exit_code code = EXIT_OK;
	struct flow_key key = {.proto = p->proto};
	struct capture_flow *f;

	if (p->is_fragment)
		follow_fragment(r, p);
	key.local = is_received ? p->destination : p->source;
	key.remote = is_received ? p->source : p->destination;
	key.local_port = is_received ? p->destination_port : p->source_port;
	key.remote_port = is_received ? p->source_port : p->destination_port;
	HASH_FIND(hh, r->flows, &key, sizeof(key), f);
	if (!f) {
		f = add_flow(r, &key, is_received != p->is_answer);
		/* The engine counts from what it is told first: that is nothing yet. */
		if (f)
			code = report_flow(r, f);
	}
	if (!f) {
		r->lost++;
		return EXIT_OK;
	}
	count_packet(f, is_received, p->bytes);
	if (!f->is_changed) {
		f->is_changed = true;
		f->next_changed = r->changed;
		r->changed = f;
	}
	return code == EXIT_OK ? look_at(r, f, p, is_received) : code;
}

/* --- time ------------------------------------------------------------------------- */

static uint64_t idle_limit(const struct capture_flow *f)
{
	return f->key.proto == IPPROTO_TCP ? IDLE_TCP_NS : IDLE_OTHER_NS;
}

static enum exit_code sweep(struct reader *r)
{
	struct capture_flow *f, *next;
	enum exit_code code = EXIT_OK;

	HASH_ITER (hh, r->flows, f, next) {
		if (r->now_ns - f->record.time_ns < idle_limit(f))
			continue;
		f->record.kind = OBS_FLOW_END;
		if (code == EXIT_OK)
			code = report_flow(r, f);
		HASH_DELETE(hh, r->flows, f);
		free(f);
	}
	return code;
}

/* Marks the flows whose packets are wanted, or none. */
static void choose_flows(struct reader *r, bool is_wanted)
{
	const struct flow_key *keys;
	struct capture_flow *f, *next;
	size_t count = engine_zoom_flows(replay_engine(r->replay), &keys);

	HASH_ITER (hh, r->flows, f, next)
		f->is_looked_at = false;
	for (size_t i = 0; is_wanted && i < count; i++) {
		HASH_FIND(hh, r->flows, &keys[i], sizeof(keys[i]), f);
		if (f)
			f->is_looked_at = true;
	}
}

/* Begins and ends looks at packets, as the agent does after each tick. */
static enum exit_code update_look(struct reader *r)
{
	const struct engine *engine = replay_engine(r->replay);
	struct observation o = {.time_ns = r->now_ns};
	enum exit_code code;

	if (r->look_ns) {
		if (r->now_ns - r->look_ns < (uint64_t)(ZOOM_SECONDS * 1e9) &&
		    !engine_zoom_is_full(engine))
			return EXIT_OK;
		r->look_ns = 0;
		choose_flows(r, false);
		o.kind = OBS_ZOOM_END;
		return replay_observe(r->replay, &o);
	}
	o.kind = OBS_ZOOM_BEGIN;
	o.zoom.app = engine_wants_zoom(engine);
	if (!o.zoom.app)
		return EXIT_OK;
	code = replay_observe(r->replay, &o);
	r->look_ns = r->now_ns;
	choose_flows(r, true);
	return code;
}

/* What moved since the last tick, then the tick. */
static enum exit_code tick(struct reader *r)
{
	struct observation o = {.kind = OBS_TICK, .time_ns = r->now_ns};
	enum exit_code code = EXIT_OK;

	while (r->changed) {
		struct capture_flow *f = r->changed;

		r->changed = f->next_changed;
		f->is_changed = false;
		if (code == EXIT_OK)
			code = report_flow(r, f);
	}
	if (code == EXIT_OK && r->now_ns >= r->sweep_ns) {
		r->sweep_ns = r->now_ns + SWEEP_NS;
		code = sweep(r);
	}
	if (code == EXIT_OK)
		code = replay_observe(r->replay, &o);
	return code == EXIT_OK ? update_look(r) : code;
}

/* Ticks up to the time of the next packet. One that is late counts as of now. */
static enum exit_code advance(struct reader *r, uint64_t time_ns)
{
	enum exit_code code = EXIT_OK;

	while (code == EXIT_OK && r->tick_ns <= time_ns) {
		r->now_ns = r->tick_ns;
		code = tick(r);
		r->tick_ns += TICK_NS;
		if (time_ns > r->tick_ns && time_ns - r->tick_ns > SILENCE_NS)
			r->tick_ns = time_ns;
	}
	if (time_ns > r->now_ns)
		r->now_ns = time_ns;
	return code;
}

/* --- the file ----------------------------------------------------------------------
 */

static enum exit_code begin(struct reader *r, uint64_t time_ns)
{
	struct observation o = {.kind = OBS_APP, .time_ns = time_ns};
	enum exit_code code;

	code = replay_new(r->context, time_ns, time_ns, false, &r->replay);
	if (code != EXIT_OK)
		return code;
	r->now_ns = time_ns;
	r->tick_ns = time_ns + TICK_NS;
	r->sweep_ns = time_ns + SWEEP_NS;
	r->identity.kind = APP_KIND_EXE;
	r->identity.uid = UINT32_MAX;
	snprintf(r->identity.name, sizeof(r->identity.name), "host %s",
		 r->context->hosts.items[0]);
	snprintf(r->identity.key, sizeof(r->identity.key), "host:%s",
		 r->context->hosts.items[0]);
	o.app.id = APP_ID;
	o.app.identity = &r->identity;
	return replay_observe(r->replay, &o);
}

static enum exit_code take(struct reader *r, const struct pcap_pkthdr *head,
			   const uint8_t *data)
{
	enum exit_code code = EXIT_OK;
	struct packet packet;
	uint64_t time_ns;
	int result;

	r->packets++;
	if (head->ts.tv_sec < 0 || head->ts.tv_sec >= TIME_MAX_S ||
	    head->ts.tv_usec < 0 || head->ts.tv_usec >= (int64_t)SECOND_NS)
		return complain(EXIT_FAILED, "%s: packet %llu: a time out of range",
				r->path, (unsigned long long)r->packets);
	/* pcap was asked for nanoseconds. */
	time_ns = (uint64_t)head->ts.tv_sec * SECOND_NS + (uint64_t)head->ts.tv_usec;
	result = packet_parse(r->link, data, head->caplen, head->len, &packet);
	r->unreadable += result == -EBADMSG;
	if (result < 0)
		return EXIT_OK;
	if (is_host(r, &packet.source) == is_host(r, &packet.destination)) {
		r->others++;
		return EXIT_OK;
	}
	if (!r->replay)
		code = begin(r, time_ns);
	if (code == EXIT_OK)
		code = advance(r, time_ns);
	return code == EXIT_OK ? take_packet(r, &packet) : code;
}

static enum exit_code read_packets(struct reader *r)
{
	enum exit_code code = EXIT_OK;
	struct pcap_pkthdr *head;
	const u_char *data;
	int result = 1;

	while (code == EXIT_OK && (result = pcap_next_ex(r->pcap, &head, &data)) == 1) {
		code = take(r, head, data);
		if (r->packets % 1024 == 0 && progress_is_due(r->progress))
			progress_show(r->progress, "%s: %llu packets", r->path,
				      (unsigned long long)r->packets);
	}
	progress_end(r->progress);
	if (code == EXIT_OK && result == PCAP_ERROR)
		code = complain(EXIT_FAILED, "%s: damaged behind packet %llu: %s",
				r->path, (unsigned long long)r->packets,
				pcap_geterr(r->pcap));
	return code;
}

static void report_losses(const struct reader *r)
{
	if (r->unreadable)
		complain(EXIT_OK,
			 "%s: %llu of %llu packets are cut off or broken and "
			 "were left out; capture with a snap length of 96 or "
			 "more",
			 r->path, (unsigned long long)r->unreadable,
			 (unsigned long long)r->packets);
	if (r->lost)
		complain(EXIT_OK,
			 "%s: %llu packets of more than %d flows at once were "
			 "left out",
			 r->path, (unsigned long long)r->lost, FLOWS_MAX);
}

static enum exit_code read_all(struct reader *r)
{
	enum exit_code code = read_packets(r);

	if (code == EXIT_USAGE || (code != EXIT_OK && !r->replay))
		return code;
	report_losses(r);
	if (!r->replay)
		return complain(
			EXIT_FAILED,
			"%s: none of its %llu packets is from or to %s; see who "
			"is in it: tcpdump -nr %s | head",
			r->path, (unsigned long long)r->packets,
			r->context->hosts.items[0], r->path);
	/* The last packets count too. */
	if (code == EXIT_OK)
		code = advance(r, r->now_ns + TICK_NS);
	return code;
}

static enum exit_code parse_hosts(struct reader *r)
{
	const struct word_list *hosts = &r->context->hosts;

	if (!hosts->count)
		return complain(EXIT_USAGE,
				"%s is a capture: whose traffic is to be judged? "
				"--host ADDRESS",
				r->path);
	for (size_t i = 0; i < hosts->count; i++)
		if (addr_parse(hosts->items[i], &r->hosts[i]) < 0)
			return complain(EXIT_USAGE,
					"--host '%s'; expected an address, e.g. "
					"192.0.2.7 or 2001:db8::7",
					hosts->items[i]);
	r->host_count = hosts->count;
	return EXIT_OK;
}

/* Takes the file. */
static enum exit_code open_capture(struct reader *r, FILE *file)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	int link;

	r->pcap = pcap_fopen_offline_with_tstamp_precision(
		file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!r->pcap) {
		fclose(file);
		return complain(EXIT_FAILED, "%s: %s", r->path, error);
	}
	link = pcap_datalink(r->pcap);
	if (!packet_link_is_known(link))
		return complain(
			EXIT_FAILED,
			"%s: packets of link type %d cannot be read; capture on "
			"an Ethernet interface or on 'any'",
			r->path, link);
	r->link = (enum packet_link)link;
	return EXIT_OK;
}

enum exit_code pcap_replay(const struct context *c, FILE *file, const char *path,
			   struct progress *progress, struct replay **ret_replay)
{
	struct reader r = {.context = c, .path = path, .progress = progress};
	struct capture_flow *f, *next;
	enum exit_code code = parse_hosts(&r);

	if (code != EXIT_OK)
		fclose(file);
	else
		code = open_capture(&r, file);
	if (code == EXIT_OK)
		code = read_all(&r);
	HASH_ITER (hh, r.flows, f, next) {
		HASH_DELETE(hh, r.flows, f);
		free(f);
	}
	if (r.pcap)
		pcap_close(r.pcap);
	*ret_replay = r.replay;
	return code;
}
