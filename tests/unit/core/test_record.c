/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/tape.h"
#include "core/engine.h"
#include "core/policy_ini.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- anything the engine may be told -------------------------------------------- */

#define IDENTITIES 8
#define FLOWS 40

struct world {
	struct app_identity identities[IDENTITIES];
	struct observation *said;
	struct app_identity *who; /* of each OBS_APP */
	size_t count, heard;
	uint64_t now_ns;
	bool is_known[IDENTITIES];
};

static void random_text(struct tape *t, char *buf, size_t size)
{
	size_t length =
		tape_noise(t, 4) ? tape_noise(t, 20) : tape_noise(t, (uint32_t)size);

	for (size_t i = 0; i < length; i++)
		buf[i] = (char)(1 + tape_noise(t, 255));
	buf[length] = '\0';
}

static void random_identity(struct tape *t, struct app_identity *i)
{
	memset(i, 0, sizeof(*i));
	i->kind = (enum app_kind)tape_noise(t, APP_KIND_EXE + 1);
	i->uid = tape_noise(t, 3) ? tape_noise(t, 70000) : UINT32_MAX;
	i->is_users_own = tape_noise(t, 2);
	i->is_in_userns = tape_noise(t, 2);
	i->is_exe_loose = tape_noise(t, 2);
	random_text(t, i->key, sizeof(i->key));
	random_text(t, i->name, sizeof(i->name));
	random_text(t, i->exe, sizeof(i->exe));
	random_text(t, i->unit, sizeof(i->unit));
	random_text(t, i->user, sizeof(i->user));
	random_text(t, i->container, sizeof(i->container));
}

static uint64_t random_counter(struct tape *t)
{
	switch (tape_noise(t, 8)) {
	case 0:
		return UINT64_MAX - tape_noise(t, 3);
	case 1:
		return 0;
	default:
		return (uint64_t)tape_noise(t, 1u << 23) << tape_noise(t, 20);
	}
}

static struct flow_key random_key(struct tape *t)
{
	struct flow_key key = {.proto = tape_noise(t, 2) ? IPPROTO_UDP : IPPROTO_TCP};
	uint32_t n = tape_noise(t, FLOWS);

	key.local = addr_from_ipv4(htonl(0xc6120001));
	key.remote = addr_from_ipv4(htonl(0xc6130000 + n));
	if (n % 3 == 0)
		key.remote.b[0] = 0x20; /* not IPv4 any more */
	key.local_port = 4000;
	key.remote_port = (uint16_t)(n * 1621);
	return key;
}

static void random_flow(struct tape *t, struct observation *o)
{
	o->flow.key = random_key(t);
	o->flow.app = (uint16_t)(tape_noise(t, 5) ? tape_noise(t, 9) : APP_ID_MAX);
	o->flow.is_inbound = tape_noise(t, 2);
	o->flow.is_uncounted = !tape_noise(t, 9);
	o->flow.peer_app =
		(uint16_t)(tape_noise(t, 5) ? 0 : tape_noise(t, APP_ID_MAX + 1));
	o->flow.bytes_in = random_counter(t);
	o->flow.bytes_out = random_counter(t);
	o->flow.packets_in = random_counter(t);
	o->flow.packets_out = random_counter(t);
}

static void random_observation(struct tape *t, struct world *w, struct observation *o)
{
	memset(o, 0, sizeof(*o));
	o->kind = (enum observation_kind)tape_noise(t, OBS_TICK + 1);
	/* Now and then a little back: the engine judges that, not the file. */
	w->now_ns += tape_noise(t, 10) ? tape_noise(t, 1u << 20) : 0;
	o->time_ns = w->now_ns - (tape_noise(t, 10) ? 0 : tape_noise(t, 1000));
	switch (o->kind) {
	case OBS_APP:
		o->app.id = (uint16_t)tape_noise(t, IDENTITIES);
		if (!tape_noise(t, 4))
			random_identity(t, &w->identities[o->app.id]);
		o->app.identity = &w->identities[o->app.id];
		o->app.has_wildcard_listener = tape_noise(t, 2);
		o->app.is_set_to_relay = tape_noise(t, 2);
		o->app.pid_count = (uint16_t)tape_noise(t, APP_PIDS_MAX + 1);
		for (uint16_t i = 0; i < o->app.pid_count; i++)
			o->app.pids[i] = (int32_t)tape_noise(t, 1u << 22);
		break;
	case OBS_APP_GONE:
		o->app.id = (uint16_t)tape_noise(t, IDENTITIES);
		break;
	case OBS_APP_TRAFFIC:
		o->app_traffic.id = (uint16_t)tape_noise(t, IDENTITIES);
		o->app_traffic.bytes_in = random_counter(t);
		o->app_traffic.bytes_out = random_counter(t);
		o->app_traffic.packets_in = random_counter(t);
		o->app_traffic.packets_out = random_counter(t);
		break;
	case OBS_APP_IO:
		o->app_io.id = (uint16_t)tape_noise(t, IDENTITIES);
		o->app_io.read_bytes = random_counter(t);
		o->app_io.written_bytes = random_counter(t);
		o->app_io.has_sound = tape_noise(t, 2);
		o->app_io.has_camera = tape_noise(t, 2);
		break;
	case OBS_FLOW:
	case OBS_FLOW_END:
		random_flow(t, o);
		break;
	case OBS_SWEPT:
		o->swept.since_ns = o->time_ns - tape_noise(t, 1u << 20);
		break;
	case OBS_ZOOM_BEGIN:
		o->zoom.app = (uint16_t)tape_noise(t, APP_ID_MAX + 1);
		break;
	case OBS_PACKET:
		o->packet.key = random_key(t);
		o->packet.is_inbound = tape_noise(t, 2);
		o->packet.length = tape_noise(t, 9) ? tape_noise(t, 1500) : UINT32_MAX;
		break;
	case OBS_ZOOM_END:
	case OBS_TICK:
		break;
	}
}

static void assert_same_identity(const struct app_identity *a,
				 const struct app_identity *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->uid, b->uid);
	assert_string_equal(a->key, b->key);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->exe, b->exe);
	assert_string_equal(a->unit, b->unit);
	assert_string_equal(a->user, b->user);
	assert_string_equal(a->container, b->container);
}

static void assert_same_app(const struct observation *a, const struct observation *b)
{
	assert_int_equal(a->app.id, b->app.id);
	if (a->kind == OBS_APP_GONE)
		return;
	assert_int_equal(a->app.has_wildcard_listener, b->app.has_wildcard_listener);
	assert_int_equal(a->app.is_set_to_relay, b->app.is_set_to_relay);
	assert_int_equal(a->app.pid_count, b->app.pid_count);
	assert_memory_equal(a->app.pids, b->app.pids, sizeof(a->app.pids));
}

static void assert_same(const struct observation *a, const struct observation *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_true(a->time_ns == b->time_ns);
	switch (a->kind) {
	case OBS_APP:
	case OBS_APP_GONE:
		assert_same_app(a, b);
		break;
	case OBS_APP_TRAFFIC:
		assert_int_equal(a->app_traffic.id, b->app_traffic.id);
		assert_true(a->app_traffic.bytes_in == b->app_traffic.bytes_in);
		assert_true(a->app_traffic.bytes_out == b->app_traffic.bytes_out);
		assert_true(a->app_traffic.packets_in == b->app_traffic.packets_in);
		assert_true(a->app_traffic.packets_out == b->app_traffic.packets_out);
		break;
	case OBS_APP_IO:
		assert_int_equal(a->app_io.id, b->app_io.id);
		assert_true(a->app_io.read_bytes == b->app_io.read_bytes);
		assert_true(a->app_io.written_bytes == b->app_io.written_bytes);
		assert_int_equal(a->app_io.has_sound, b->app_io.has_sound);
		assert_int_equal(a->app_io.has_camera, b->app_io.has_camera);
		break;
	case OBS_FLOW:
	case OBS_FLOW_END:
		assert_memory_equal(&a->flow.key, &b->flow.key, sizeof(a->flow.key));
		assert_int_equal(a->flow.app, b->flow.app);
		assert_int_equal(a->flow.is_inbound, b->flow.is_inbound);
		assert_int_equal(a->flow.is_uncounted, b->flow.is_uncounted);
		assert_int_equal(a->flow.peer_app, b->flow.peer_app);
		assert_true(a->flow.bytes_in == b->flow.bytes_in);
		assert_true(a->flow.bytes_out == b->flow.bytes_out);
		assert_true(a->flow.packets_in == b->flow.packets_in);
		assert_true(a->flow.packets_out == b->flow.packets_out);
		break;
	case OBS_SWEPT:
		assert_true(a->swept.since_ns == b->swept.since_ns);
		break;
	case OBS_ZOOM_BEGIN:
		assert_int_equal(a->zoom.app, b->zoom.app);
		break;
	case OBS_PACKET:
		assert_memory_equal(&a->packet.key, &b->packet.key,
				    sizeof(a->packet.key));
		assert_int_equal(a->packet.is_inbound, b->packet.is_inbound);
		assert_int_equal(a->packet.length, b->packet.length);
		break;
	case OBS_ZOOM_END:
	case OBS_TICK:
		break;
	}
}

static void hear(void *context, const struct record *r)
{
	struct world *w = context;

	if (r->kind == RECORD_END)
		return;
	assert_int_equal(r->kind, RECORD_OBSERVATION);
	assert_true(w->heard < w->count);
	assert_same(&w->said[w->heard], &r->observation);
	if (r->observation.kind == OBS_APP)
		assert_same_identity(&w->who[w->heard], r->observation.app.identity);
	w->heard++;
}

static void random_tape(struct tape *t, struct world *w, size_t count, uint32_t seed)
{
	tape_begin(t, seed);
	*w = (struct world){.count = count, .now_ns = START_NS + 2000};
	w->said = calloc(count, sizeof(*w->said));
	w->who = calloc(count, sizeof(*w->who));
	for (size_t i = 0; i < IDENTITIES; i++)
		random_identity(t, &w->identities[i]);
	for (size_t i = 0; i < count; i++) {
		random_observation(t, w, &w->said[i]);
		if (w->said[i].kind == OBS_APP)
			w->who[i] = *w->said[i].app.identity;
		tape_put(t, &w->said[i]);
	}
	tape_end(t);
}

static void world_done(struct world *w)
{
	free(w->said);
	free(w->who);
}

static void whatever_is_recorded_is_what_is_decoded(void **state)
{
	static const size_t chunks[] = {1, 7, 100, 4096, SIZE_MAX / 2};

	(void)state;
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct tape t;
		struct world w;
		char *error;

		random_tape(&t, &w, 500, seed);
		error = tape_play(t.data, t.size, chunks[seed % 5], hear, &w);
		if (error)
			fail_msg("seed %u: %s", seed, error);
		assert_int_equal(w.heard, w.count);
		world_done(&w);
		tape_done(&t);
	}
}

/* --- size ------------------------------------------------------------------------ */

static void a_flow_and_an_identity_are_written_once(void **state)
{
	struct app_identity identity = {.kind = APP_KIND_EXE, .uid = 1000};
	struct observation app = {.kind = OBS_APP, .time_ns = START_NS};
	struct observation flow = tape_flow(1, START_NS, 1000);
	size_t first;
	struct tape t;

	(void)state;
	memset(identity.exe, 'x', sizeof(identity.exe) - 1);
	strcpy(identity.key, "exe:x@1000");
	app.app.id = 1;
	app.app.identity = &identity;
	tape_begin(&t, 1);
	assert_true(tape_put(&t, &app) > 255);
	assert_true(tape_put(&t, &app) < 10);
	first = tape_put(&t, &flow);
	flow.time_ns += 200000000;
	flow.flow.bytes_in += 5000;
	flow.flow.packets_in += 5;
	assert_true(first > 20 && first < 40);
	assert_in_range(tape_put(&t, &flow), 8, 16);
	tape_done(&t);
}

static void count_flows(void *context, const struct record *r)
{
	uint32_t *next = context;
	struct observation expected;

	if (r->kind != RECORD_OBSERVATION)
		return;
	expected = tape_flow(*next % (RECORD_FLOWS_MAX + 100), START_NS + *next, *next);
	assert_same(&expected, &r->observation);
	(*next)++;
}

static void more_flows_than_the_dictionary_holds_are_written_in_full_again(void **state)
{
	const uint32_t flows = RECORD_FLOWS_MAX + 100, count = flows + 300;
	uint8_t *data = malloc((size_t)count * 64);
	size_t size, used = 0;
	uint8_t buf[RECORD_MAX];
	uint32_t heard = 0;
	struct tape t;

	(void)state;
	tape_begin(&t, 1);
	memcpy(data, t.data, t.size);
	used = t.size;
	for (uint32_t i = 0; i < count; i++) {
		struct observation o = tape_flow(i % flows, START_NS + i, i);

		assert_int_equal(record_encode(t.encoder, &o, buf, &size), 0);
		memcpy(data + used, buf, size);
		used += size;
	}
	used += record_encode_end(false, data + used);
	tape_assert_plays(data, used, count_flows, &heard);
	assert_int_equal(heard, count);
	free(data);
	tape_done(&t);
}

/* --- lines ------------------------------------------------------------------------ */

static void join_lines(void *context, const struct record *r)
{
	char *text = context;

	if (r->kind != RECORD_LINE)
		return;
	if (r->line.begins)
		strcat(text, r->line.text == RECORD_POLICY ? "P>" : "C>");
	strcat(text, r->line.line);
	strcat(text, "|");
}

static void lines_of_policy_and_catalogue_come_back(void **state)
{
	static const char *const lines[] = {"[app *]", "promotion=shape", "[client x]"};
	char text[256] = "", *longest = calloc(1, RECORD_LINE_MAX + 1);
	uint8_t buf[RECORD_MAX];
	struct tape t;
	size_t size;

	(void)state;
	tape_begin(&t, 1);
	for (size_t i = 0; i < 3; i++) {
		enum record_text which = i < 2 ? RECORD_POLICY : RECORD_CATALOGUE;

		assert_int_equal(record_encode_line(t.encoder, which, i != 1, lines[i],
						    buf, &size),
				 0);
		tape_append(&t, buf, size);
	}
	tape_end(&t);
	tape_assert_plays(t.data, t.size, join_lines, text);
	assert_string_equal(text, "P>[app *]|promotion=shape|C>[client x]|");
	memset(longest, 'x', RECORD_LINE_MAX);
	assert_int_equal(
		record_encode_line(t.encoder, RECORD_POLICY, true, longest, buf, &size),
		-EINVAL);
	longest[RECORD_LINE_MAX - 1] = '\0';
	assert_int_equal(
		record_encode_line(t.encoder, RECORD_POLICY, true, longest, buf, &size),
		0);
	free(longest);
	tape_done(&t);
}

static void what_cannot_be_written_leaves_the_recording_whole(void **state)
{
	struct observation bad = tape_flow(1, START_NS, 1);
	struct observation good = tape_flow(1, START_NS, 1);
	uint8_t buf[RECORD_MAX];
	struct tape t;
	size_t size;

	(void)state;
	tape_begin(&t, 1);
	bad.flow.app = APP_ID_MAX + 1;
	assert_int_equal(record_encode(t.encoder, &bad, buf, &size), -EINVAL);
	bad = (struct observation){.kind = OBS_APP, .time_ns = START_NS, .app.id = 1};
	assert_int_equal(record_encode(t.encoder, &bad, buf, &size), -EINVAL);
	tape_put(&t, &good);
	tape_end(&t);
	tape_assert_plays(t.data, t.size, NULL, NULL);
	tape_done(&t);
}

/* --- hostile files ---------------------------------------------------------------- */

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	struct tape t;
	struct world w;

	(void)state;
	random_tape(&t, &w, 60, 3);
	for (size_t size = 0; size < t.size; size++) {
		char *error = tape_play(t.data, size, 512, NULL, NULL);

		if (!error || !strstr(error, "cut off"))
			fail_msg("%zu bytes: '%s'", size, error ? error : "accepted");
		free(error);
	}
	world_done(&w);
	tape_done(&t);
}

static void a_wrong_byte_anywhere_is_survived(void **state)
{
	struct tape t;
	struct world w;

	(void)state;
	random_tape(&t, &w, 40, 4);
	for (size_t at = 0; at < t.size; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			t.data[at] ^= (uint8_t)(1u << bit);
			free(tape_play(t.data, t.size, 512, NULL, NULL));
			t.data[at] ^= (uint8_t)(1u << bit);
		}
	world_done(&w);
	tape_done(&t);
}

/* A file of one record as given, kind first, and an end mark. */
static size_t make_file(uint8_t *file, const char *record, size_t size)
{
	struct tape t;

	tape_begin(&t, 1);
	memcpy(file, t.data, HEADER_SIZE);
	memcpy(file + HEADER_SIZE, record, size);
	tape_done(&t);
	return HEADER_SIZE + size + record_encode_end(false, file + HEADER_SIZE + size);
}

#define ASSERT_RECORD_REFUSED(record, error)                                           \
	do {                                                                           \
		uint8_t file_[RECORD_MAX * 2];                                         \
		size_t size_ = make_file(file_, record, sizeof(record) - 1);           \
                                                                                       \
		tape_assert_refused(file_, size_, error);                              \
	} while (0)

static void an_error_says_at_which_byte(void **state)
{
	(void)state;
	/* flow 7, in a file that has none */
	ASSERT_RECORD_REFUSED("\x07\x01\x00"
			      "\x04\x07\x00\x00\x07\x00\x00\x00\x00",
			      "byte 35: flow number 7 is used before it is introduced");
	ASSERT_RECORD_REFUSED("\x02\x03\x00\x80\x08",
			      "byte 32: application number 1024; at most 1023 are "
			      "known");
	ASSERT_RECORD_REFUSED("\x01\x04\x00\x00\x01\x00",
			      "byte 32: application 1 is used before it is "
			      "introduced");
	ASSERT_RECORD_REFUSED("\x07\x00",
			      "byte 32: a record of kind 7 whose 0 bytes do not fit "
			      "it");
	ASSERT_RECORD_REFUSED("\xff\x00", "byte 32: a record of kind 255");
	ASSERT_RECORD_REFUSED("\x00\x02\x00\x00", "byte 36: data behind the end mark");
}

static void no_length_makes_the_decoder_allocate(void **state)
{
	(void)state;
	ASSERT_RECORD_REFUSED("\x07\xff\xff\xff\xff\x0f",
			      "byte 32: a record of 4294967295 bytes; at most 6144 "
			      "are allowed");
	ASSERT_RECORD_REFUSED("\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
			      "byte 32: a length that is no number");
	/* flow number 65535 as the first one */
	ASSERT_RECORD_REFUSED("\x04\x06\x00\x01\xff\xff\x03\x00",
			      "byte 32: flow number 65535 is given out of turn");
	/* an identity whose key is said to have 200 bytes */
	ASSERT_RECORD_REFUSED("\x01\x07\x00\x02\x01\x03\x00\xc8\x01",
			      "byte 32: a record of kind 1 whose 7 bytes do not fit "
			      "it");
}

static void count_ticks(void *context, const struct record *r)
{
	size_t *count = context;

	*count += r->kind == RECORD_OBSERVATION && r->observation.kind == OBS_TICK;
}

static void a_kind_of_a_newer_minor_version_is_passed_over(void **state)
{
	static const char records[] = "\x63\x05\x02what" /* kind 99, one ns later */
				      "\x07\x03\x02++";	 /* a tick with more to say */
	uint8_t file[RECORD_MAX * 2];
	size_t size = make_file(file, records, sizeof(records) - 1), count = 0;

	(void)state;
	file[9] = RECORD_MINOR + 1;
	tape_assert_plays(file, size, count_ticks, &count);
	assert_int_equal(count, 1);
}

static void a_longer_header_of_a_newer_minor_version_is_passed_over(void **state)
{
	uint8_t file[RECORD_MAX * 2] = {0};
	size_t size = make_file(file, "\x07\x01\x00", 3), count = 0;

	(void)state;
	memmove(file + HEADER_SIZE + 8, file + HEADER_SIZE, size - HEADER_SIZE);
	file[10] = HEADER_SIZE + 8;
	tape_assert_plays(file, size + 8, count_ticks, &count);
	assert_int_equal(count, 1);
}

static void other_files_and_other_versions_are_refused(void **state)
{
	uint8_t file[RECORD_MAX * 2];
	size_t size = make_file(file, "", 0);

	(void)state;
	tape_assert_refused((const uint8_t *)"#!/bin/sh", 9,
			    "byte 0: not a recording of relaywarden");
	file[8] = RECORD_MAJOR + 1;
	tape_assert_refused(file, size, "byte 0: version 2.3; this program reads 1.x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_recorded_is_what_is_decoded),
		cmocka_unit_test(a_flow_and_an_identity_are_written_once),
		cmocka_unit_test(
			more_flows_than_the_dictionary_holds_are_written_in_full_again),
		cmocka_unit_test(lines_of_policy_and_catalogue_come_back),
		cmocka_unit_test(what_cannot_be_written_leaves_the_recording_whole),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_wrong_byte_anywhere_is_survived),
		cmocka_unit_test(an_error_says_at_which_byte),
		cmocka_unit_test(no_length_makes_the_decoder_allocate),
		cmocka_unit_test(a_kind_of_a_newer_minor_version_is_passed_over),
		cmocka_unit_test(
			a_longer_header_of_a_newer_minor_version_is_passed_over),
		cmocka_unit_test(other_files_and_other_versions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
