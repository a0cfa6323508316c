/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies of the reports, made from a real engine fed with observations; a verdict is
 * written into an application by hand, for reaching one is the engine's own test.
 */
#ifndef SUPPORT_REPORTS_H
#define SUPPORT_REPORTS_H

#include "ctl/report.h"

#define SECOND UINT64_C(1000000000)
#define OFFSET 1000000

extern const struct ctl_peer admin, anna, bert; /* these two: users 1000, 1001 */

struct report_fixture {
	struct engine *engine;
	struct policy *policy;
	struct catalogue catalogue;
	struct report_input in;
};

/* A state of cmocka: anna's "supernode" (1) and "firefox" (2), bert's "firefox" (3). */
int report_setup(void **state);
int report_teardown(void **state);

void add_app(struct report_fixture *f, uint16_t id, uint32_t uid, const char *name);
void add_flow(struct report_fixture *f, uint16_t app, const char *remote, uint16_t port,
	      bool is_inbound, uint64_t bytes);
struct app *app_of(struct report_fixture *f, uint16_t id);
void promote(struct app *app);

typedef int report_function(const struct report_input *in, const struct ctl_peer *peer,
			    const json_t *parameters, json_t **ret_reply,
			    const char **ret_error);

/* Asks about `app` (NULL: no parameter) and expects `error` (NULL: none). */
json_t *ask(struct report_fixture *f, report_function *report,
	    const struct ctl_peer *peer, const char *app, const char *error);

/* Members that must be there. */
const char *text_of(const json_t *object, const char *key);
json_int_t int_of(const json_t *object, const char *key);
/* The application of that name in a reply, or NULL. */
const json_t *find_in(const json_t *reply, const char *name);

#endif
