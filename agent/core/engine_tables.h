/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of an engine and its tables: which applications there are, whose lists a
 * flow is in, which peers that makes. Private to engine*.c.
 */
#ifndef CORE_ENGINE_TABLES_H
#define CORE_ENGINE_TABLES_H

#include "core/detect.h"
#include "core/engine.h"
#include "core/zoom_session.h"

#define APP_ID_WORDS ((APP_ID_MAX + 64) / 64)

struct engine {
	const struct policy *policy;
	const struct catalogue *catalogue;
	struct flow_table table;
	struct app *apps[APP_ID_MAX + 1]; /* by id; 0 always exists */
	uint64_t ids[APP_ID_WORDS];	  /* one bit each: those that exist */
	struct detect_tools tools;
	struct zoom_session zoom;
	uint64_t now_ns, grouped_ns;
	uint32_t tick;
	struct engine_stats stats;
};

/* The application with the least id from `id` on, or NULL. */
struct app *tables_from(const struct engine *e, size_t id);
/* What proves who it is now, and what the catalogue says of that. */
void tables_identify(const struct engine *e, struct app *a,
		     const struct app_identity *identity);
struct app *tables_add_app(struct engine *e, uint16_t id,
			   const struct app_identity *identity, uint64_t time_ns);
/* It has no flows any more. */
void tables_remove_app(struct engine *e, struct app *a);

/* Puts a flow into the lists of its owner, or of the application that is judged for
 * it. 0 or -ENOMEM. */
int tables_attach(struct engine *e, struct flow *f, const struct app *owner);
void tables_remove(struct engine *e, struct flow *f);
/* To another application; with `restart` as another flow. It is removed on failure. */
int tables_move(struct engine *e, struct flow *f, struct app *to,
		const struct observation *restart);
/* The application in whose lists a flow is. */
struct app *tables_judge_of(const struct engine *e, const struct flow *f);

/* Changes a peer's counts and, through them, its application's. */
void tables_change_peer(struct app *a, struct peer *p, const struct flow *f,
			bool is_added);
/* Policy has changed: who of its peers is a stranger. */
void tables_judge_peers(struct engine *e, struct app *a);

/* Lets an application be judged as another one, or itself. 0, or -ENOMEM: some flows
 * are lost. */
int tables_set_judge(struct engine *e, struct app *a, uint16_t judge);

/* --- engine_groups.c ------------------------------------------------------------- */

/* Once a second: who is judged with whom. */
void groups_update(struct engine *e);
/* The verdict on its group is a member's, too. */
void groups_take_verdict(struct engine *e, struct app *member);
/* The application is going: nobody is judged with it. */
void groups_leave(struct engine *e, struct app *a);

#endif
