/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bursty.h"
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TICK 0.1
#define TICKS BURSTY_TICKS

const char *const stream_names[STREAM_KINDS] = {"voice", "video", "web", "files"};
const char *const look_alike_names[LOOK_COUNT] = {
	"swarm",      "pieces",	    "timers",	"cameras", "sync",   "web",
	"mesh voice", "mesh video", "backup",	"chat",	   "broker", "dht",
	"stalls",     "live",	    "activity", "clicks",  "chunks", "mix",
};

struct bursty *bursty_new(void)
{
	return calloc(1, sizeof(struct bursty));
}

void bursty_free(struct bursty *t)
{
	free(t);
}

double bursty_random(struct bursty *t)
{
	/* xorshift64* (Vigna 2016) */
	t->seed ^= t->seed >> 12;
	t->seed ^= t->seed << 25;
	t->seed ^= t->seed >> 27;
	return (double)((t->seed * 2685821657736338717u) >> 11) / 9007199254740992.0;
}

static double between(struct bursty *t, double least, double most)
{
	return least + (most - least) * bursty_random(t);
}

static double exponential(struct bursty *t, double mean)
{
	return -mean * log(1 - bursty_random(t));
}

static double normal(struct bursty *t)
{
	return sqrt(-2 * log(1 - bursty_random(t))) *
	       cos(6.283185307 * bursty_random(t));
}

static double lognormal(struct bursty *t, double median, double sigma)
{
	return median * exp(sigma * normal(t));
}

void bursty_clear(struct bursty *t, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->seed = (seed + 1) * 0x9e3779b97f4a7c15u;
	for (int i = 0; i < 8; i++)
		bursty_random(t);
}

static size_t add_flow(struct bursty *t)
{
	size_t i = t->count++;

	t->remotes[i] = addr_from_ipv4(htonl(0xc6130001 + (uint32_t)i));
	/* Keep-alives of its own. */
	for (size_t at = (size_t)between(t, 0, 150); at < TICKS; at += 150)
		t->in[i][at] = t->out[i][at] = 40;
	return i;
}

/* Spreads `bytes` from tick `at` at `rate` bytes per second; where it ends. */
static size_t put(struct bursty *t, float *s, size_t at, double bytes, double rate)
{
	while (bytes > 0 && at < TICKS) {
		double now = fmin(bytes, rate * TICK * between(t, 0.8, 1.2));

		s[at++] += (float)now;
		bytes -= now;
	}
	return at;
}

static void make_voice(struct bursty *t, float *s)
{
	double rate = between(t, 3000, 10000);

	for (double at = exponential(t, 2); at < BURSTY_SECONDS;) {
		double spurt = exponential(t, 1.5);

		put(t, s, (size_t)(at / TICK), rate * spurt, rate);
		at += spurt + exponential(t, 2);
	}
}

static void make_video(struct bursty *t, float *s)
{
	double rate = between(t, 30000, 150000), scene = 0;

	for (size_t i = 0; i < TICKS; i++) {
		/* A scene lasts some 8 s. */
		scene = 0.9875 * scene + 0.05 * normal(t);
		s[i] += (float)(rate * TICK * exp(scene) * between(t, 0.7, 1.3));
	}
}

static void make_web(struct bursty *t, float *s)
{
	for (double at = exponential(t, 8); at < BURSTY_SECONDS;
	     at += exponential(t, 8))
		put(t, s, (size_t)(at / TICK), lognormal(t, 60000, 1), 300000);
}

static void make_files(struct bursty *t, float *s)
{
	for (size_t at = (size_t)exponential(t, 50); at < TICKS;)
		at = put(t, s, at, lognormal(t, 2e6, 1), between(t, 1e5, 4e5)) +
		     (size_t)exponential(t, 100);
}

static void make_stream(struct bursty *t, enum stream_kind kind, float *s)
{
	static void (*const make[STREAM_KINDS])(struct bursty *, float *) = {
		make_voice, make_video, make_web, make_files};

	memset(s, 0, TICKS * sizeof(*s));
	make[kind](t, s);
}

/* --- relays ------------------------------------------------------------------------
 */

/* When batches leave. */
static void make_timer(struct bursty *t, const struct batching *b, bool *due)
{
	double at = between(t, 0, b->period);

	memset(due, 0, TICKS * sizeof(*due));
	while (b->period > 0 && at < BURSTY_SECONDS) {
		due[(size_t)(at / TICK)] = true;
		at += b->period * (1 + b->jitter * between(t, -1, 1));
	}
}

/* Sends `s` on in batches; adds to `out`. */
static void hold_back(struct bursty *t, const struct batching *b, const bool *due,
		      const float *s, float *out)
{
	double held = 0;

	for (size_t i = 0; i < TICKS; i++) {
		double padded =
			(double)s[i] * (1 + b->packet_padding * bursty_random(t));

		held += padded;
		if (b->period > 0 && !due[i])
			continue;
		held *= 1 + b->batch_padding * bursty_random(t);
		/* In parts, where the link gets stuck now and then. */
		for (size_t part = 0, at = i; part < (b->has_pauses ? 4 : 1); part++)
			at = put(t, out, at, b->has_pauses ? held / 4 : held,
				 b->rate > 0 ? b->rate : 1e8) +
			     (bursty_random(t) < 0.3 ? 25 : 0);
		held = 0;
	}
}

/* One stream, from the flow that brings it to the one that takes it on. */
static void relay(struct bursty *t, enum stream_kind kind, const struct batching *b,
		  const bool *common, size_t from, size_t to)
{
	static float s[TICKS], held[TICKS];
	static bool due[TICKS];
	struct batching before = {.period = b->period, .jitter = 0.2};

	make_stream(t, kind, s);
	if (b->is_input) {
		make_timer(t, &before, due);
		memset(held, 0, sizeof(held));
		hold_back(t, &before, due, s, held);
		memcpy(s, held, sizeof(s));
	}
	for (size_t k = 0; k < TICKS; k++)
		t->in[from][k] += s[k];
	make_timer(t, b, due);
	hold_back(t, b, b->together ? common : due, s, t->out[to]);
}

void bursty_add_relay(struct bursty *t, enum stream_kind kind, enum hub_kind hub,
		      size_t streams, const struct batching *b)
{
	static bool common[TICKS];
	bool is_star = hub == HUB_ONE_SOURCE || hub == HUB_ONE_SINK;
	size_t shared = is_star ? add_flow(t) : 0;

	make_timer(t, b, common);
	for (size_t i = 0; i < streams; i++) {
		size_t from = hub == HUB_ONE_SOURCE ? shared : add_flow(t);
		size_t to = hub == HUB_ONE_SINK ? shared : add_flow(t);

		relay(t, kind, b, common, from, to);
		if (hub == HUB_CALLS)
			relay(t, kind, b, common, to, from);
	}
}

void bursty_add_own_call(struct bursty *t, enum stream_kind kind)
{
	size_t i = add_flow(t);

	make_stream(t, kind, t->in[i]);
	make_stream(t, kind, t->out[i]);
}

/* --- look-alikes -------------------------------------------------------------------
 */

/* Level both directions share: what the link or the owner does. */
static void make_common(struct bursty *t, float *level)
{
	double slow = 0, fast = 0;

	for (size_t i = 0; i < TICKS; i++) {
		slow = 0.9995 * slow + 0.012 * normal(t);
		fast = 0.98 * fast + 0.04 * normal(t);
		level[i] = (float)exp(slow + fast);
	}
}

static void choked(struct bursty *t, float *s, const float *common, double on,
		   double off)
{
	double rate = lognormal(t, 20000, 0.8);

	for (double at = exponential(t, off); at < BURSTY_SECONDS;) {
		/* Choking is decided every 10 s, for all peers at once. */
		double begin = ceil(at / 10) * 10,
		       end = begin + 10 * ceil(exponential(t, on) / 10);

		for (size_t i = (size_t)(begin / TICK);
		     i < (size_t)(end / TICK) && i < TICKS; i++)
			s[i] += (float)(rate * TICK * (double)common[i] *
					between(t, 0.5, 1.5));
		at = end + exponential(t, off);
	}
}

static void make_swarm(struct bursty *t)
{
	static float common[TICKS];

	make_common(t, common);
	for (size_t p = 0; p < 40; p++) {
		size_t i = add_flow(t);

		choked(t, t->in[i], common, 30, 30);
		choked(t, t->out[i], common, 20, 40);
	}
}

/* A piece comes from one peer; some others ask for it soon. */
static void make_pieces(struct bursty *t)
{
	size_t peers = 20, first = t->count;

	for (size_t p = 0; p < peers; p++)
		add_flow(t);
	for (double at = 0; at < BURSTY_SECONDS; at += exponential(t, 1)) {
		size_t from = (size_t)between(t, 0, (double)peers);

		put(t, t->in[first + from], (size_t)(at / TICK), 262144, 200000);
		for (size_t p = 0; p < peers; p++)
			if (p != from && bursty_random(t) < 0.04)
				put(t, t->out[first + p],
				    (size_t)((at + 1 + exponential(t, 15)) / TICK),
				    262144, 200000);
	}
}

static void make_timers(struct bursty *t)
{
	for (size_t p = 0; p < 20; p++) {
		size_t i = add_flow(t);
		double period = p % 2 ? 30 : 60, at = between(t, 0, 1);

		for (; at < BURSTY_SECONDS; at += period) {
			put(t, t->out[i], (size_t)(at / TICK), lognormal(t, 3000, 0.3),
			    1e5);
			put(t, t->in[i], (size_t)(at / TICK), lognormal(t, 3000, 0.3),
			    1e5);
		}
	}
}

static void make_cameras(struct bursty *t)
{
	for (size_t p = 0; p < 8; p++) {
		size_t i = add_flow(t);
		double period = p < 4 ? 10 : 30, level = 0;

		for (double at = between(t, 0, 2); at < BURSTY_SECONDS; at += period) {
			/* Light changes slowly. */
			level = 0.95 * level + 0.1 * normal(t);
			put(t, p % 2 ? t->in[i] : t->out[i], (size_t)(at / TICK),
			    lognormal(t, 80000, 0.05) * exp(level), 1e6);
		}
	}
}

/* Works on one file after another, of four storage servers; a chunk at a time. */
static void make_sync(struct bursty *t)
{
	size_t first = t->count;

	for (size_t p = 0; p < 8; p++)
		add_flow(t);
	for (double at = 0; at < BURSTY_SECONDS;) {
		/* The owner works, then does not. */
		double end = at + exponential(t, 40);

		for (; at < end; at += exponential(t, 3)) {
			size_t down = first + (size_t)between(t, 0, 4);
			size_t up = first + 4 + (size_t)between(t, 0, 4);

			put(t, t->in[down], (size_t)(at / TICK),
			    fmin(lognormal(t, 1e6, 1.2), 4e6), 1e6);
			put(t, t->out[up], (size_t)(at / TICK),
			    fmin(lognormal(t, 1e6, 1.2), 4e6), 1e6);
		}
		at += exponential(t, 40);
	}
}

static void make_browsing(struct bursty *t)
{
	size_t first = t->count;

	for (size_t p = 0; p < 30; p++)
		add_flow(t);
	for (double at = 0; at < BURSTY_SECONDS; at += exponential(t, 12)) {
		size_t servers = 1 + (size_t)exponential(t, 8);
		/* A long page asks more of all. */
		double weight = lognormal(t, 1, 0.7);

		for (size_t k = 0; k < servers; k++) {
			size_t i = first + (size_t)between(t, 0, 30);
			size_t when = (size_t)((at + exponential(t, 1)) / TICK);

			put(t, t->out[i], when, weight * lognormal(t, 2000, 0.7), 1e5);
			put(t, t->in[i], when + 1, weight * lognormal(t, 20000, 1.2),
			    1e6);
		}
	}
}

/* One of four talks at a time, mostly; everyone gets what the owner says. */
static void make_mesh_voice(struct bursty *t)
{
	size_t first = t->count;

	for (size_t p = 0; p < 3; p++)
		add_flow(t);
	for (double at = 0; at < BURSTY_SECONDS;) {
		size_t speaker = (size_t)between(t, 0, 4), when = (size_t)(at / TICK);
		double spurt = exponential(t, 4);

		if (speaker < 3)
			put(t, t->in[first + speaker], when, 6000 * spurt, 6000);
		else
			for (size_t p = 0; p < 3; p++)
				put(t, t->out[first + p], when, 6000 * spurt, 6000);
		at += bursty_random(t) < 0.2 ? spurt / 2 : spurt + exponential(t, 1);
	}
}

static void make_mesh_video(struct bursty *t)
{
	static float own[TICKS];

	make_stream(t, STREAM_VIDEO, own);
	for (size_t p = 0; p < 5; p++) {
		size_t i = add_flow(t);

		make_stream(t, STREAM_VIDEO, t->in[i]);
		memcpy(t->out[i], own, sizeof(own));
	}
}

static void make_backup(struct bursty *t)
{
	size_t out = add_flow(t), in = add_flow(t), update = add_flow(t);
	double at = 0;

	make_stream(t, STREAM_FILES, t->in[in]);
	make_stream(t, STREAM_WEB, t->in[update]);
	while (at < BURSTY_SECONDS) {
		double bytes = lognormal(t, 4e6, 0.8);

		put(t, t->out[out], (size_t)(at / TICK), bytes, 1e6);
		at += bytes / 1e6 + exponential(t, 15);
	}
}

static void make_chat(struct bursty *t)
{
	for (size_t p = 0; p < 12; p++) {
		size_t i = add_flow(t);

		for (double at = exponential(t, 10); at < BURSTY_SECONDS;
		     at += exponential(t, 10))
			put(t, t->in[i], (size_t)(at / TICK), between(t, 60, 400), 1e5);
		for (double at = exponential(t, 20); at < BURSTY_SECONDS;
		     at += exponential(t, 20))
			put(t, t->out[i], (size_t)(at / TICK), between(t, 60, 400),
			    1e5);
	}
}

static void make_broker(struct bursty *t)
{
	for (size_t p = 0; p < 3; p++) {
		size_t i = add_flow(t);

		for (double at = 0; at < BURSTY_SECONDS; at += exponential(t, 7)) {
			double bytes = lognormal(t, 8000, 0.8);

			put(t, t->in[i], (size_t)(at / TICK), bytes, 1e5);
			put(t, t->out[i], (size_t)(at / TICK) + 3,
			    bytes * between(t, 0.5, 1.5), 1e5);
		}
	}
}

static void make_dht(struct bursty *t)
{
	for (size_t p = 0; p < 60; p++) {
		size_t i = add_flow(t);

		for (double at = exponential(t, 20); at < BURSTY_SECONDS;
		     at += exponential(t, 20)) {
			bool is_ours = bursty_random(t) < 0.4;
			size_t when = (size_t)(at / TICK);

			put(t, is_ours ? t->out[i] : t->in[i], when,
			    between(t, 90, 120), 1e5);
			put(t, is_ours ? t->in[i] : t->out[i], when + 1,
			    between(t, 250, 550), 1e5);
		}
	}
}

static void make_stalls(struct bursty *t)
{
	double held_in[6] = {0}, held_out[6] = {0}, next = exponential(t, 20), end = 0;
	size_t first = t->count;

	for (size_t p = 0; p < 6; p++) {
		size_t i = add_flow(t);

		make_stream(t, p % 2 ? STREAM_VIDEO : STREAM_FILES,
			    p < 3 ? t->in[i] : t->out[i]);
	}
	for (size_t k = 0; k < TICKS; k++) {
		double now = (double)k * TICK;
		bool is_stalled = now >= next && now < end;

		if (now >= next && now >= end) {
			end = now + between(t, 2, 20);
			is_stalled = true;
		}
		for (size_t p = 0; p < 6; p++) {
			held_in[p] += (double)t->in[first + p][k];
			held_out[p] += (double)t->out[first + p][k];
			t->in[first + p][k] = is_stalled ? 0 : (float)held_in[p];
			t->out[first + p][k] = is_stalled ? 0 : (float)held_out[p];
			if (!is_stalled)
				held_in[p] = held_out[p] = 0;
		}
		if (is_stalled && now + TICK >= end)
			next = now + exponential(t, 20);
	}
}

static void make_live(struct bursty *t)
{
	static float s[TICKS];
	struct batching segments = {.period = 6, .rate = 4e5};
	static bool due[TICKS];

	for (size_t p = 0; p < 4; p++) {
		size_t i = add_flow(t);

		make_stream(t, STREAM_VIDEO, s);
		make_timer(t, &segments, due);
		hold_back(t, &segments, due, s, p < 2 ? t->in[i] : t->out[i]);
	}
}

static void act(struct bursty *t, double mean_seconds)
{
	size_t first = t->count;

	for (size_t p = 0; p < 6; p++)
		add_flow(t);
	for (double at = 0; at < BURSTY_SECONDS; at += exponential(t, 12)) {
		double seconds = 0.1 + exponential(t, mean_seconds);
		size_t when = (size_t)(at / TICK);

		for (size_t p = 0; p < 6; p++)
			put(t, p < 3 ? t->in[first + p] : t->out[first + p],
			    when + (size_t)between(t, 0, 3),
			    50000 * seconds * lognormal(t, 1, 0.2), 50000);
		at += seconds;
	}
}

static void make_activity(struct bursty *t)
{
	act(t, 6);
}

static void make_clicks(struct bursty *t)
{
	act(t, 0.5);
}

static void make_chunks(struct bursty *t)
{
	double size = exp(between(t, log(60e3), log(4e6))), every = between(t, 8, 50);

	for (size_t p = 0; p < 4; p++) {
		size_t i = add_flow(t);

		for (double at = exponential(t, every); at < BURSTY_SECONDS;
		     at += exponential(t, every))
			put(t, p < 2 ? t->in[i] : t->out[i], (size_t)(at / TICK),
			    size * between(t, 1, 1.01), 1e6);
	}
}

static void make_mix(struct bursty *t)
{
	make_mesh_voice(t);
	make_mesh_video(t);
	make_backup(t);
	make_live(t);
	make_browsing(t);
}

void bursty_add_look_alike(struct bursty *t, enum look_alike kind)
{
	static void (*const make[LOOK_COUNT])(struct bursty *) = {
		[LOOK_SWARM] = make_swarm,
		[LOOK_PIECES] = make_pieces,
		[LOOK_TIMERS] = make_timers,
		[LOOK_CAMERAS] = make_cameras,
		[LOOK_SYNC] = make_sync,
		[LOOK_WEB] = make_browsing,
		[LOOK_MESH_VOICE] = make_mesh_voice,
		[LOOK_MESH_VIDEO] = make_mesh_video,
		[LOOK_BACKUP] = make_backup,
		[LOOK_CHAT] = make_chat,
		[LOOK_BROKER] = make_broker,
		[LOOK_DHT] = make_dht,
		[LOOK_STALLS] = make_stalls,
		[LOOK_LIVE] = make_live,
		[LOOK_ACTIVITY] = make_activity,
		[LOOK_CLICKS] = make_clicks,
		[LOOK_CHUNKS] = make_chunks,
		[LOOK_MIX] = make_mix,
	};

	make[kind](t);
}

void bursty_ring(struct bursty *t, uint32_t second)
{
	for (size_t i = 0; i < t->count; i++)
		for (size_t s = 0; s < BURSTY_SECONDS; s++) {
			double in = 0, out = 0;

			for (size_t k = 10 * s; k < 10 * s + 10; k++) {
				in += (double)t->in[i][k];
				out += (double)t->out[i][k];
			}
			rings_push(&t->rings[i], second + (uint32_t)s, in, out);
		}
}
