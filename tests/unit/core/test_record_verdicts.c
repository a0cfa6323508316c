/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is played back to an engine leads it where it was led before. */
#include "../support/tape.h"
#include "core/engine.h"
#include "core/policy_ini.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct twins {
	struct tape tape;
	struct engine *live, *replayed;
};

static void tell(struct twins *w, const struct observation *o)
{
	assert_int_equal(engine_observe(w->live, o), 0);
	tape_put(&w->tape, o);
}

static void tell_replayed(void *context, const struct record *r)
{
	struct twins *w = context;

	if (r->kind == RECORD_OBSERVATION)
		assert_int_equal(engine_observe(w->replayed, &r->observation), 0);
}

/* Two strangers who exchange bursts through application 1. */
static void relay_for(struct twins *w, unsigned int samples)
{
	struct observation flows[2] = {tape_flow(1, 0, 0), tape_flow(2, 0, 0)};
	struct observation tick = {.kind = OBS_TICK, .time_ns = START_NS};

	for (unsigned int i = 0; i < samples; i++) {
		uint64_t bytes =
			tape_noise(&w->tape, 3) ? 0 : tape_noise(&w->tape, 40000);

		tick.time_ns += SECOND_NS / 5;
		flows[0].flow.bytes_in += bytes + bytes / 1000 * 28;
		flows[0].flow.packets_in += bytes / 1000;
		flows[1].flow.bytes_out += bytes + bytes / 1000 * 28;
		flows[1].flow.packets_out += bytes / 1000;
		for (size_t f = 0; f < 2; f++) {
			flows[f].time_ns = tick.time_ns;
			tell(w, &flows[f]);
		}
		tell(w, &tick);
	}
}

static void a_replay_comes_to_the_same_verdict_to_the_last_bit(void **state)
{
	struct app_identity identity = {.kind = APP_KIND_EXE, .key = "exe:/opt/x@1"};
	struct observation app = {.kind = OBS_APP, .time_ns = START_NS};
	struct policy *policy = policy_new_default();
	const struct app *live, *replayed;
	struct catalogue *catalogue;
	struct policy_error ignored;
	struct twins w;

	(void)state;
	assert_int_equal(catalogue_parse(NULL, 0, &catalogue, &ignored), 0);
	tape_begin(&w.tape, 7);
	assert_int_equal(engine_new(policy, catalogue, &w.live), 0);
	assert_int_equal(engine_new(policy, catalogue, &w.replayed), 0);
	app.app.id = 1;
	app.app.identity = &identity;
	tell(&w, &app);
	relay_for(&w, 400);
	tape_end(&w.tape);
	tape_assert_plays(w.tape.data, w.tape.size, tell_replayed, &w);

	live = engine_find_app(w.live, 1);
	replayed = engine_find_app(w.replayed, 1);
	assert_int_equal(live->role, ROLE_RELAY);
	assert_int_equal(replayed->role, ROLE_RELAY);
	assert_true(live->role_since_ns == replayed->role_since_ns);
	assert_memory_equal(live->evidence, replayed->evidence, sizeof(live->evidence));
	assert_memory_equal(&live->totals, &replayed->totals, sizeof(live->totals));
	engine_free(w.live);
	engine_free(w.replayed);
	policy_free(policy);
	catalogue_free(catalogue);
	tape_done(&w.tape);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_comes_to_the_same_verdict_to_the_last_bit),
	};

	return cmocka_run_group_tests_name("record_verdicts", tests, NULL, NULL);
}
