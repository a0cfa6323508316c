/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Relays that pass packets on in time but not as they came, and what looks like them.
 */
#include "../support/packets.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RELAYED 0.85
#define NOT_RELAYED 0.1

/* What a packet of `length` bytes becomes. */
typedef uint32_t transform(struct packets *p, uint32_t length);

/* Speech with pauses: some 50 packets a second, 60 to 160 bytes, half a millisecond. */
static void put_speech(struct packets *p, transform *sent_on)
{
	for (uint64_t t = MS; t < 2000 * MS; t += 10 * MS + packets_draw(p, 20 * MS)) {
		uint32_t length = (uint32_t)(60 + packets_draw(p, 100));

		packets_put(p, t, 0, true, length);
		packets_put(p, t + MS / 2 + packets_draw(p, MS / 4), 1, false,
			    sent_on(p, length));
	}
}

static uint32_t third(struct packets *p, uint32_t length)
{
	(void)p;
	return length / 3;
}

static uint32_t threefold(struct packets *p, uint32_t length)
{
	(void)p;
	return 3 * length;
}

static uint32_t any_length(struct packets *p, uint32_t length)
{
	return length * (uint32_t)(30 + packets_draw(p, 270)) / 100;
}

static uint32_t up_to_double(struct packets *p, uint32_t length)
{
	return length + (uint32_t)packets_draw(p, length);
}

static uint32_t constant(struct packets *p, uint32_t length)
{
	(void)p;
	(void)length;
	return 1200;
}

static void another_encoding_is_matched_wholly(void **state)
{
	transform *const encodings[] = {third, threefold, any_length};

	for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++) {
		struct packets *p = *state;

		p->count = 0;
		put_speech(p, encodings[i]);
		packets_evaluate(p, 2);
		assert_true(p->result.matched_share > RELAYED);
		assert_true(p->result.is_conclusive);
	}
}

static void padding_does_not_hide_a_relay(void **state)
{
	transform *const paddings[] = {up_to_double, constant};

	for (size_t i = 0; i < sizeof(paddings) / sizeof(*paddings); i++) {
		struct packets *p = *state;

		p->count = 0;
		put_speech(p, paddings[i]);
		packets_evaluate(p, 2);
		assert_true(p->result.matched_share > RELAYED);
		assert_true(p->result.is_conclusive);
	}
}

/* Pictures of 3 to 8 packets become pictures of 1 to 3. */
static void frames_may_be_cut_into_other_packets(void **state)
{
	struct packets *p = *state;

	for (uint64_t t = MS; t < 2000 * MS; t += 30 * MS + packets_draw(p, 20 * MS)) {
		unsigned int count = 3 + (unsigned int)packets_draw(p, 6);

		for (unsigned int k = 0; k < count; k++)
			packets_put(p, t + k * 20000, 0, true, 1200);
		for (unsigned int k = 0; 3 * k < count; k++)
			packets_put(p, t + 4 * MS + k * 20000, 1, false, 1200);
	}
	packets_evaluate(p, 2);
	assert_true(p->result.matched_share > RELAYED);
	assert_true(p->result.is_conclusive);
}

/* As many packets as come in go out, of like lengths, but when it pleases them. */
static void equal_counts_are_no_relay(void **state)
{
	struct packets *p = *state;

	for (unsigned int f = 0; f < 4; f++)
		for (uint64_t t = MS; t < 2000 * MS;
		     t += 10 * MS + packets_draw(p, 20 * MS))
			packets_put(p, t, f, f < 2,
				    (uint32_t)(60 + packets_draw(p, 100)));
	packets_evaluate(p, 4);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
}

/* A piece comes in, and everybody else hears at once that it is there. */
static void announcing_every_piece_is_no_relay(void **state)
{
	struct packets *p = *state;

	for (uint64_t t = MS; t < 2000 * MS; t += 10 * MS + packets_draw(p, 20 * MS)) {
		packets_put(p, t, 0, true, 1400);
		for (unsigned int k = 1; k < 9; k++)
			packets_put(p, t + 300000 + k * 10000, k, false, 9);
	}
	packets_evaluate(p, 9);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
}

/* A camera of one's own for four others, who send as often: everybody's own clock. */
static void a_mesh_call_is_no_relay(void **state)
{
	struct packets *p = *state;

	for (uint64_t t = MS; t < 2000 * MS; t += 36 * MS + packets_draw(p, 8 * MS))
		for (unsigned int f = 0; f < 4; f++)
			packets_put(p, t + f * 10000, f, false,
				    (uint32_t)(400 + packets_draw(p, 800)));
	for (unsigned int f = 0; f < 4; f++)
		for (uint64_t t = MS + packets_draw(p, 40 * MS); t < 2000 * MS;
		     t += 36 * MS + packets_draw(p, 8 * MS))
			packets_put(p, t, f, true,
				    (uint32_t)(400 + packets_draw(p, 800)));
	packets_evaluate(p, 4);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
}

/* One burst a second, each a bit early or late; `copied`: both are the same. */
static void put_bursts(struct packets *p, uint64_t seconds, bool is_copied)
{
	for (uint64_t s = 0; s < seconds; s++) {
		uint64_t in = s * 1000 * MS + packets_draw(p, 40 * MS);
		uint64_t out = is_copied ? in + MS / 2
					 : s * 1000 * MS + packets_draw(p, 40 * MS);
		size_t count = 20 + packets_draw(p, 40);

		for (size_t k = 0; k < count; k++) {
			packets_put(p, in + k * 50000, 0, true, 1400);
			packets_put(p, out + k * 50000, 1, false, 1400);
		}
	}
}

static void one_burst_a_second_needs_a_longer_look(void **state)
{
	struct packets *p = *state;

	put_bursts(p, 2, true);
	packets_evaluate(p, 2);
	assert_false(p->result.is_conclusive);
	assert_true(p->result.needs_longer);
	p->count = 0;
	put_bursts(p, 10, true);
	packets_evaluate(p, 2);
	assert_true(p->result.is_conclusive);
	assert_true(p->result.matched_share > RELAYED);
}

/* Where the bytes of so few do not agree, more of them may tell. */
static void a_few_bursts_that_agree_in_part_conclude_nothing(void **state)
{
	struct packets *p = *state;
	size_t kept = 0;

	put_bursts(p, 2, true);
	for (size_t i = 0; i < p->count; i++)
		if (p->packets[i].is_inbound || i % 8 != 1)
			p->packets[kept++] = p->packets[i];
	p->count = kept;
	packets_evaluate(p, 2);
	assert_false(p->result.is_conclusive);
	assert_true(p->result.needs_longer);
}

static void bursts_of_equal_period_are_no_relay_in_a_longer_look(void **state)
{
	struct packets *p = *state;

	put_bursts(p, 10, false);
	packets_evaluate(p, 2);
	assert_true(p->result.matched_share < NOT_RELAYED);
}

/* Half of the pieces leave at once, for those who wait for just these. */
/* Pieces of 64 KiB, each sent on at once to those two of three who wait for it.
 */
static void pieces_that_several_wait_for_are_no_relay(void **state)
{
	struct packets *p = *state;
	uint64_t t = MS;

	for (unsigned int piece = 0; piece < 14; piece++) {
		for (uint64_t k = 0; k < 46; k++) {
			uint64_t at = t + k * MS / 5;

			packets_put(p, at, 0, true, 1448);
			for (unsigned int peer = 1; peer <= 3; peer++)
				if ((piece + peer) % 3 != 0)
					packets_put(p, at + 2 * MS, peer, false, 1448);
		}
		t += 100 * MS + packets_draw(p, 60 * MS);
	}
	packets_evaluate(p, 4);
	assert_false(p->result.is_conclusive && p->result.matched_share > NOT_RELAYED);
}

static void a_swarm_is_no_relay_in_a_longer_look(void **state)
{
	struct packets *p = *state;

	for (uint64_t t = MS; t < 10000 * MS;
	     t += 200 * MS + packets_draw(p, 400 * MS)) {
		bool is_wanted = packets_draw(p, 2);
		uint64_t out = is_wanted ? t + MS : t + packets_draw(p, 300 * MS);

		packets_put(p, t, 0, true, 16393);
		packets_put(p, out, 1, false, 16393);
	}
	packets_evaluate(p, 2);
	assert_true(p->result.received > 0);
	assert_true(p->result.matched_share < NOT_RELAYED);
}

/* Some of its pairs pass on all they have, most of the bytes stay. */
static void a_part_of_a_longer_look_concludes_nothing(void **state)
{
	struct packets *p = *state;

	for (uint64_t t = MS; t < 10000 * MS;
	     t += 200 * MS + packets_draw(p, 400 * MS)) {
		packets_put(p, t, 0, true, 8000);
		packets_put(p, t + MS, 1, false, 8000);
		packets_put(p, t + packets_draw(p, 300 * MS), 2, true, 16000);
	}
	packets_evaluate(p, 3);
	assert_true(p->result.matched_share < NOT_RELAYED);
	assert_false(p->result.is_conclusive);
}

int main(void)
{
#define CASE(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, packets_setup, packets_teardown)
	const struct CMUnitTest tests[] = {
		CASE(another_encoding_is_matched_wholly),
		CASE(padding_does_not_hide_a_relay),
		CASE(frames_may_be_cut_into_other_packets),
		CASE(equal_counts_are_no_relay),
		CASE(announcing_every_piece_is_no_relay),
		CASE(a_mesh_call_is_no_relay),
		CASE(one_burst_a_second_needs_a_longer_look),
		CASE(a_few_bursts_that_agree_in_part_conclude_nothing),
		CASE(bursts_of_equal_period_are_no_relay_in_a_longer_look),
		CASE(a_part_of_a_longer_look_concludes_nothing),
		CASE(pieces_that_several_wait_for_are_no_relay),
		CASE(a_swarm_is_no_relay_in_a_longer_look),
	};
#undef CASE

	return cmocka_run_group_tests_name("zoom_disguise", tests, NULL, NULL);
}
