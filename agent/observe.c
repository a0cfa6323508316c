/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the kernel to the engine: flows with their owners, processes, storage. */
#include "agent_private.h"
#include "core/sampling.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

/*
 * Dumps of the kernel's table cost in proportion to the flows, and together they may
 * take one percent of a core (core/pace.h): whatever a dump has cost, of our processor
 * time with the kernel's part, a hundred times that has to pass before the next; a
 * second at least, as ticks come.
 *
 * But never longer than DUMP_WAIT_MAX_NS. Rates are looked at over the last 8 s
 * (detect.c), and without a dump in every 8 s an application would seem to pause. So
 * dumps that cost more than 70 ms, of some 30,000 heavy flows, take more than their
 * percent. What waiting costs in detection: an application is noticed up to 7 s later;
 * from then on its heaviest flows are read singly, five times a second, as ever. Flows
 * that end tell their last counters by themselves.
 */
#define DUMP_COST_FACTOR 100
#define DUMP_WAIT_MAX_NS (7 * SECOND_NS)
#define DUMP_SLACK_NS (500 * MILLISECOND_NS) /* half of what ticks come in */
/* Up to this many entries everything is read every time. */
#define FULL_ENTRIES_CHEAP 2000
#define FULL_INTERVAL_NS (5 * SECOND_NS)
/* Full dumps may take half of the budget. */
#define FULL_COST_FACTOR (2 * DUMP_COST_FACTOR)
/* A flow nobody owned when it was young is asked about again only if it carries. */
#define OWNER_PATIENCE_NS (10 * SECOND_NS)
/* Even if nothing moves everything is read this often. */
#define QUIET_NS (60 * SECOND_NS)
#define REFRESH_NS (5 * SECOND_NS)
#define IO_NS (2 * SECOND_NS)

void observe_init(struct agent *a)
{
	a->poll.dumps = (struct pace){.factor = DUMP_COST_FACTOR,
				      .wait_max_ns = DUMP_WAIT_MAX_NS,
				      .slack_ns = DUMP_SLACK_NS};
}

/* Flows that begin during a look are captured from now on. */
static void look_follow(struct agent *a)
{
	static struct log_limit limit;
	const struct flow_key *flows;
	size_t count = engine_zoom_flows(a->engine, &flows);
	int r = 0;

	a->zoom_changes = engine_zoom_changes(a->engine);
	if (count)
		r = capture_change(a->capture, flows, count);
	if (r < 0)
		log_limited(&limit, LOG_WARNING, "zoom", "flows are not followed: %s",
			    strerror(-r));
}

void observe_record(void *context, const struct observation *o)
{
	static struct log_limit limit;
	struct agent *a = context;
	struct observation app;
	int r;

	if (o->kind == OBS_APP) {
		app = *o;
		app.app.is_set_to_relay = relaying_is_set(a, o);
		o = &app;
	}
	if (o->kind == OBS_APP_GONE) {
		relaying_forget(a, o->app.id);
		changes_app_gone(a, o->app.id);
		history_app_gone(a, o->app.id);
	}
	recording_observe(a, o);
	r = engine_observe(a->engine, o);
	if (r < 0)
		log_limited(&limit, LOG_WARNING, "observe", "a record was refused: %s",
			    strerror(-r));
	if (a->zoom_is_captured && engine_zoom_changes(a->engine) != a->zoom_changes)
		look_follow(a);
}

/* The application the kernel marked a flow with, by our own maps. */
static uint16_t owner_by_mark(const struct agent *a, uint32_t mark)
{
	const struct mark_layout *layout = &a->enforce.installed.layout;
	uint16_t number = (uint16_t)((mark & layout->app) >> layout->app_shift);

	if (!a->enforce.is_installed || !a->poll.marks_are_ours ||
	    number == APP_NUMBER_SHARED || (mark & ~layout->mask) ||
	    !engine_find_app(a->engine, number))
		return APP_UNATTRIBUTED;
	return number;
}

static bool is_worth_asking(const struct flow *f, const struct conntrack_entry *entry,
			    uint64_t now_ns)
{
	if (entry->key.proto != IPPROTO_TCP && entry->key.proto != IPPROTO_UDP)
		return false;
	return !f || now_ns - f->first_ns < OWNER_PATIENCE_NS ||
	       entry->bytes_in != f->bytes_in || entry->bytes_out != f->bytes_out;
}

/* Whose a socket is, by a flow of it that began, goes on or has ended. */
static uint16_t ask_owner(struct agent *a, enum conntrack_event event,
			  const struct flow_key *key, bool is_inbound, uint64_t now_ns)
{
	uint16_t app = APP_UNATTRIBUTED;
	int r;

	if (!a->attribution)
		return APP_UNATTRIBUTED;
	if (event == CONNTRACK_NEW)
		attribution_flow_began(a->attribution, key);
	r = event == CONNTRACK_DESTROYED
		    ? attribution_flow_ended(a->attribution, key, &app)
		    : attribution_find(a->attribution, key, is_inbound, now_ns, &app);
	return r == 0 ? app : APP_UNATTRIBUTED;
}

/*
 * Of a connection met midway the peer was the one that began it where somebody listens
 * on our port, and nowhere else: a caller's port is its own, but for the few programs
 * that call from where they listen.
 */
static bool is_inbound(const struct agent *a, const struct conntrack_entry *entry)
{
	if (entry->is_midway && !entry->is_loopback && !entry->guest && a->attribution)
		return attribution_is_listening(a->attribution, &entry->key);
	return entry->is_inbound;
}

static uint16_t owner_of(struct agent *a, enum conntrack_event event,
			 const struct flow *f, const struct conntrack_entry *entry,
			 uint64_t now_ns)
{
	uint16_t app;

	if (entry->guest)
		return entry->guest;
	/* A new flow may have the tuple of one whose end was lost. */
	if (f && f->app && event != CONNTRACK_NEW)
		return f->app;
	app = entry->is_loopback || event == CONNTRACK_DESTROYED
		      ? APP_UNATTRIBUTED
		      : owner_by_mark(a, entry->mark);
	if (app || !is_worth_asking(f, entry, now_ns))
		return app;
	return ask_owner(a, event, entry->is_loopback ? &entry->client : &entry->key,
			 is_inbound(a, entry), now_ns);
}

/* The other end of a loopback flow. Asked each time: mostly it listens, and then its
 * port tells. */
static uint16_t peer_of(struct agent *a, enum conntrack_event event,
			const struct flow *f, const struct conntrack_entry *entry,
			uint64_t now_ns)
{
	if (!entry->is_loopback || !is_worth_asking(f, entry, now_ns))
		return APP_UNATTRIBUTED;
	return ask_owner(a, event, &entry->server, true, now_ns);
}

void observe_entry(void *context, enum conntrack_event event,
		   const struct conntrack_entry *entry)
{
	struct agent *a = context;
	uint64_t now = agent_now();
	const struct flow *f = engine_find_flow(a->engine, &entry->key);
	struct observation o = {
		.kind = event == CONNTRACK_DESTROYED ? OBS_FLOW_END : OBS_FLOW,
		.time_ns = now,
		.flow.key = entry->key,
		.flow.app = owner_of(a, event, f, entry, now),
		.flow.peer_app = peer_of(a, event, f, entry, now),
		.flow.is_inbound = is_inbound(a, entry),
		.flow.is_uncounted = event != CONNTRACK_NEW && !entry->has_counters,
		.flow.bytes_in = entry->bytes_in,
		.flow.bytes_out = entry->bytes_out,
		.flow.packets_in = entry->packets_in,
		.flow.packets_out = entry->packets_out,
	};

	if (event == CONNTRACK_DUMPED) {
		a->poll.entries++;
		a->poll.entries_uncounted += !entry->has_counters;
	}
	observe_record(a, &o);
	if (event == CONNTRACK_DESTROYED)
		return;
	f = engine_find_flow(a->engine, &entry->key);
	if (f && o.flow.is_uncounted && !entry->is_loopback &&
	    a->poll.running == POLL_FULL)
		a->poll.app_uncounted_now[f->app]++;
	/* Loopback is never limited, so it needs no mark. */
	if (f && !entry->is_loopback)
		enforce_mark(a, entry, f);
}

/* Processor time this process has used. */
static uint64_t used_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static bool is_full_due(const struct agent *a, uint64_t now_ns)
{
	const struct polling *p = &a->poll;
	uint64_t interval = SECOND_NS - 50 * MILLISECOND_NS;

	if (p->full_entries > FULL_ENTRIES_CHEAP) {
		interval = p->full_cost_ns * FULL_COST_FACTOR;
		if (interval < FULL_INTERVAL_NS)
			interval = FULL_INTERVAL_NS;
	}
	return p->wants_full || !p->last_full_ns ||
	       now_ns - p->last_full_ns >= interval;
}

/* What applications with flows older than accounting carried, as our rules counted it.
 * A number that several share tells of none of them. */
static void observe_traffic(struct agent *a, uint64_t now_ns)
{
	struct observation o = {.kind = OBS_APP_TRAFFIC, .time_ns = now_ns};

	for (uint16_t id = 1; id < APP_NUMBER_SHARED; id++) {
		const struct nft_counter *c = a->enforce.counters.app[app_number(id)];

		if (!a->poll.app_uncounted[id] || !engine_find_app(a->engine, id))
			continue;
		o.app_traffic.id = id;
		o.app_traffic.bytes_in = c[DIRECTION_IN].bytes;
		o.app_traffic.bytes_out = c[DIRECTION_OUT].bytes;
		o.app_traffic.packets_in = c[DIRECTION_IN].packets;
		o.app_traffic.packets_out = c[DIRECTION_OUT].packets;
		observe_record(a, &o);
	}
}

/*
 * Whether no packet of any application was counted since the last poll. A dump walks
 * the whole hash table even when it is empty (10 ms for 262,144 buckets); this is what
 * makes an idle agent idle. What ends meanwhile is told by events.
 */
static bool is_quiet(struct agent *a, uint64_t now_ns)
{
	struct polling *p = &a->poll;
	uint64_t counted = 0;

	if (!a->nft || !a->enforce.is_installed || counters_read(a) < 0)
		return false;
	observe_traffic(a, now_ns);
	for (int i = 0; i < APP_NUMBER_COUNT; i++)
		for (int d = 0; d < DIRECTION_COUNT; d++)
			counted += a->enforce.counters.app[i][d].packets;
	if (counted != p->counted || p->wants_full || !p->marks_are_ours ||
	    now_ns - p->last_full_ns >= QUIET_NS) {
		p->counted = counted;
		return false;
	}
	return true;
}

/* Flows to be read one by one: collected first, for what is read may change the lists.
 */
struct reading {
	struct {
		struct flow_key key;
		bool is_inbound;
	} flows[SAMPLING_FLOWS_MAX];
	size_t count;
};

static void reading_add(struct reading *r, const struct flow *f)
{
	if (r->count == SAMPLING_FLOWS_MAX)
		return;
	r->flows[r->count].key = f->key;
	r->flows[r->count++].is_inbound = f->is_inbound;
}

static void reading_do(struct agent *a, const struct reading *r)
{
	for (size_t i = 0; i < r->count; i++)
		conntrack_read(a->conntrack, &r->flows[i].key, r->flows[i].is_inbound);
}

void observe_sampled(struct agent *a)
{
	struct reading r = {0};
	const struct app *app = NULL;

	if (!a->conntrack || !engine_wants_fast_ticks(a->engine))
		return;
	while ((app = engine_next_app(a->engine, app)))
		for (size_t i = 0; i < app->sampled_count; i++)
			reading_add(&r, app->sampled[i]);
	reading_do(a, &r);
}

void observe_legs(struct agent *a, const struct app *app)
{
	struct reading r = {0};

	if (!a->conntrack)
		return;
	for (const struct flow *f = engine_judge_of(a->engine, app)->flows; f;
	     f = f->next)
		if (f->is_leg)
			reading_add(&r, f);
	reading_do(a, &r);
}

bool observe_poll_start(struct agent *a, uint64_t now_ns)
{
	struct polling *p = &a->poll;
	bool is_full = !a->enforce.is_installed || is_full_due(a, now_ns);
	uint32_t heavy = is_full ? 0 : a->enforce.installed.layout.heavy;
	uint64_t used = used_ns();

	if (!a->conntrack || p->running != POLL_NONE ||
	    !pace_may_begin(&p->dumps, now_ns) || is_quiet(a, now_ns) ||
	    conntrack_dump_start(a->conntrack, heavy, heavy) < 0)
		return false;
	p->running = is_full ? POLL_FULL : POLL_HEAVY;
	p->started_ns = now_ns;
	p->started_used_ns = used;
	pace_begin(&p->dumps, now_ns);
	p->entries = p->entries_uncounted = 0;
	memset(p->app_uncounted_now, 0, sizeof(p->app_uncounted_now));
	if (is_full)
		p->last_full_ns = now_ns;
	return true;
}

static void full_poll_done(struct agent *a, uint64_t now_ns, uint64_t cost_ns)
{
	struct polling *p = &a->poll;
	struct observation o = {
		.kind = OBS_SWEPT, .time_ns = now_ns, .swept.since_ns = p->started_ns};

	p->full_cost_ns = cost_ns;
	p->full_entries = p->entries;
	p->uncounted = p->entries_uncounted;
	memcpy(p->app_uncounted, p->app_uncounted_now, sizeof(p->app_uncounted));
	p->wants_full = false;
	if (a->enforce.is_installed)
		p->marks_are_ours = true;
	observe_record(a, &o);
}

void observe_poll_end(struct agent *a, int result, uint64_t now_ns)
{
	struct observation tick = {.kind = OBS_TICK, .time_ns = now_ns};
	enum poll_kind kind = a->poll.running;
	uint64_t cost_ns = used_ns() - a->poll.started_used_ns;

	a->poll.running = POLL_NONE;
	if (kind != POLL_NONE)
		pace_spend(&a->poll.dumps, cost_ns);
	if (kind == POLL_FULL && result == 1)
		full_poll_done(a, now_ns, cost_ns);
	/* One that was inconsistent (-EINTR) is repeated with the next tick. */
	else if (kind == POLL_FULL)
		a->poll.wants_full = true;
	observe_record(a, &tick);
}

void observe_packet(void *context, const struct capture_packet *p)
{
	struct agent *a = context;
	struct observation o = {
		.kind = OBS_PACKET,
		.time_ns = p->time_ns,
		.packet.key = p->key,
		.packet.is_inbound = p->is_inbound,
		.packet.length = p->length,
	};

	observe_record(a, &o);
}

static void look_begin(struct agent *a, uint16_t app, uint64_t now_ns)
{
	struct observation o = {
		.kind = OBS_ZOOM_BEGIN, .time_ns = now_ns, .zoom.app = app};
	const struct flow_key *flows;
	size_t count;

	observe_record(a, &o);
	count = engine_zoom_flows(a->engine, &flows);
	a->zoom_ns = now_ns;
	a->zoom_app = app;
	a->zoom_changes = engine_zoom_changes(a->engine);
	/* What can't be captured ends as a look that showed nothing. */
	a->zoom_is_captured =
		a->capture && capture_start(a->capture, flows, count) == 0;
	if (!a->zoom_is_captured)
		log_debug("zoom", "no packets of application %u", app);
}

/* What flows that began meanwhile carried in all, the first milliseconds too. */
static void read_joined(struct agent *a)
{
	struct flow_key keys[ZOOM_FLOWS_MAX];
	const struct flow_key *flows;
	size_t count = engine_zoom_flows(a->engine, &flows);

	/* Copied: what is read may change them. */
	if (count)
		memcpy(keys, flows, count * sizeof(*keys));
	for (size_t i = 0; i < count && a->conntrack; i++) {
		const struct flow *f = engine_find_flow(a->engine, &keys[i]);

		if (f && f->first_ns >= a->zoom_ns)
			conntrack_read(a->conntrack, &keys[i], f->is_inbound);
	}
}

static void log_look(struct agent *a)
{
	const struct app *app = engine_find_app(a->engine, a->zoom_app);
	struct capture_stats stats = {0};

	if (a->capture)
		capture_read_stats(a->capture, &stats);
	if (app)
		log_debug("zoom",
			  "%s: %zu packets in %.2f s, %llu dropped, matched %.2f, by "
			  "chance "
			  "%.2f%s",
			  app->identity.name, app->zoom.result.packets,
			  app->zoom.result.seconds, (unsigned long long)stats.dropped,
			  app->zoom.result.matched_share, app->zoom.result.chance_share,
			  app->zoom.result.is_conclusive ? "" : ", inconclusive");
}

static void look_end(struct agent *a)
{
	struct observation o = {.kind = OBS_ZOOM_END};

	if (a->capture) {
		capture_read(a->capture);
		capture_stop(a->capture);
	}
	a->zoom_is_captured = false;
	read_joined(a);
	a->zoom_ns = 0;
	o.time_ns = agent_now();
	observe_record(a, &o);
	log_look(a);
}

void observe_zoom(struct agent *a, uint64_t now_ns)
{
	uint16_t app;

	if (a->zoom_ns) {
		if (engine_zoom_is_over(a->engine, now_ns))
			look_end(a);
		return;
	}
	app = a->capture ? engine_wants_zoom(a->engine) : APP_UNATTRIBUTED;
	if (app)
		look_begin(a, app, now_ns);
}

static bool has_flows(void *context, uint16_t app)
{
	struct agent *a = context;
	const struct app *known = engine_find_app(a->engine, app);

	return known && known->flow_count;
}

/* What is forwarded for new guests was passed over: it is read now. */
static void observe_guests(struct agent *a, uint64_t now_ns)
{
	struct link_uplink uplink;

	if (!a->conntrack)
		return;
	link_get_uplink(a->link, &uplink);
	if (attribution_find_guests(a->attribution,
				    conntrack_stats(a->conntrack)->forwarded,
				    uplink.name, now_ns) == 1)
		a->poll.wants_full = true;
}

void observe_processes(struct agent *a, uint64_t now_ns)
{
	const struct app *app = NULL;

	if (!a->attribution)
		return;
	attribution_scan(a->attribution, now_ns);
	observe_guests(a, now_ns);
	if (now_ns - a->refresh_ns >= REFRESH_NS) {
		a->refresh_ns = now_ns;
		attribution_refresh(a->attribution, now_ns, has_flows, a);
	}
	if (now_ns - a->io_ns < IO_NS)
		return;
	a->io_ns = now_ns;
	while ((app = engine_next_app(a->engine, app)))
		if (app->is_candidate)
			attribution_read_io(a->attribution, app->id, now_ns);
}
