/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history: what applications carry is counted once a second and goes into the
 * database with the store's next batch. The database is opened after privileges are
 * dropped, and quotas share it. Nothing of enforcement waits for it.
 */
#include "agent_private.h"
#include "store/history_query.h"
#include "store/history_store.h"
#include <errno.h>
#include <string.h>
#include <time.h>

/* So long after a jump of the clock, or the start, nothing goes for its age. */
#define STEADY_NS (600 * SECOND_NS)
/* Percent of the log that is usual. */
#define BACKLOG_MAX 800
/* Who asks sees what is not older than this; who asks all the time has it written no
 * more often. */
#define ASKED_NS (5 * SECOND_NS)

void history_now(const struct agent *a, struct history_clock *ret_clock)
{
	uint64_t since = a->changes.clock_set_ns > a->start_ns ? a->changes.clock_set_ns
							       : a->start_ns;

	ret_clock->now_ns = agent_now();
	ret_clock->epoch = time(NULL);
	wall_time_at(ret_clock->epoch, &ret_clock->wall);
	ret_clock->is_steady = ret_clock->now_ns - since > STEADY_NS;
}

int history_open(struct agent *a)
{
	int r = database_new(a->options.policies.state_dir, &a->database);

	return r < 0 ? r : history_store_new(a->database, &a->history.store);
}

static void take_id(void *context, const struct history_event_row *row)
{
	*(int64_t *)context = row->id;
}

static int64_t last_event_of(struct agent *a, enum event_kind kind)
{
	const struct history_event_query q = {.scope.is_all = true,
					      .until = INT64_MAX,
					      .kind = event_name(kind),
					      .limit = 1};
	int64_t id = 0;

	history_query_events(a->database, agent_now(), &q, take_id, &id);
	return id;
}

bool history_is_after_crash(struct agent *a)
{
	return last_event_of(a, EVENT_STARTED) > last_event_of(a, EVENT_STOPPED);
}

static void count_app(struct agent *a, const struct app *app,
		      const struct history_clock *clock)
{
	struct usage_bytes b = usage_meter_read(&a->history.meters[app->id], app);

	if (!usage_is_empty(&b))
		history_store_add(a->history.store, &app->identity, &b, clock);
}

static void count_all(struct agent *a, const struct history_clock *clock)
{
	const struct app *app = NULL;

	while ((app = engine_next_app(a->engine, app)))
		count_app(a, app, clock);
}

/* The disk may take its time for that: so not while somebody is looked at closely,
 * unless it has to be. */
static void write_log_back(struct agent *a)
{
	unsigned int backlog = database_backlog(a->database);

	if (backlog >= BACKLOG_MAX ||
	    (backlog >= 100 && !engine_wants_fast_ticks(a->engine)))
		database_checkpoint(a->database, agent_now());
}

void history_count(struct agent *a)
{
	struct history_clock clock;

	history_now(a, &clock);
	history_store_tick(a->history.store, &clock);
	write_log_back(a);
	count_all(a, &clock);
}

void history_app_gone(struct agent *a, uint16_t id)
{
	const struct app *app = engine_find_app(a->engine, id);
	struct history_clock clock;

	if (!a->history.store || !app)
		return;
	history_now(a, &clock);
	count_app(a, app, &clock);
}

int64_t history_note(struct agent *a, const struct event *e)
{
	return a->history.store ? history_store_note(a->history.store, e) : 0;
}

void history_catch_up(struct agent *a)
{
	struct history_clock clock;

	history_now(a, &clock);
	if (clock.now_ns - a->history.asked_ns < ASKED_NS) {
		history_store_tick(a->history.store, &clock);
		return;
	}
	a->history.asked_ns = clock.now_ns;
	history_store_write(a->history.store, &clock);
}

void history_close(struct agent *a)
{
	struct history_clock clock;

	if (!a->history.store)
		return;
	history_now(a, &clock);
	history_store_tick(a->history.store, &clock);
	count_all(a, &clock);
	history_store_write(a->history.store, &clock);
	history_store_free(a->history.store);
	a->history.store = NULL;
}
