/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that work for strangers and are not what their names say: those that are
 * suspect or promoted are looked at, one at a time, and again after a while. What a
 * search through the records of packages costs is spread over the seconds.
 */
#include "agent_private.h"
#include "ctl/report_json.h"
#include "store/packages.h"
#include <jansson.h>
#include <string.h>

#define AGAIN_NS (600 * SECOND_NS)
#define SEARCH_NS (4 * MILLISECOND_NS) /* a second */

static bool is_of_interest(const struct app *app)
{
	return app->role != ROLE_CLIENT && app->pid_count > 0 &&
	       app->identity.kind != APP_KIND_UNATTRIBUTED;
}

static bool is_due(const struct impostor_state *s, const struct app *app,
		   uint64_t now_ns)
{
	return is_of_interest(app) &&
	       (s->first_ns != app->first_ns || now_ns - s->examined_ns >= AGAIN_NS);
}

/* An application that has another's number begins anew. */
static const struct app *find_due(struct agent *a, uint64_t now_ns)
{
	for (uint16_t id = 1; id <= APP_ID_MAX; id++) {
		const struct app *app = engine_find_app(a->engine, id);
		struct impostor_state *s = &a->impostors.apps[id];

		if (!app || s->first_ns != app->first_ns)
			*s = (struct impostor_state){0};
		if (app && is_due(s, app, now_ns))
			return app;
	}
	return NULL;
}

/* --- one application ---------------------------------------------------------------
 */

static json_t *name_reasons(unsigned int bits)
{
	json_t *list = json_array();

	for (enum impostor_reason r = 0; r < IMPOSTOR_REASON_COUNT; r++)
		if (bits & 1u << r)
			json_array_append_new(list,
					      json_string(impostor_reason_name(r)));
	return list;
}

/* Once a promotion, and again when there is more against it. */
static void tell(struct agent *a, const struct app *app, struct impostor_state *s)
{
	char text[512];

	if (!app_role_is_promoted(app->role))
		s->told = 0;
	if (!app_role_is_promoted(app->role) || !(s->reasons & ~s->told))
		return;
	s->told = s->reasons;
	chronicle_say_app_take(
		a, EVENT_IMPOSTOR, &app->identity,
		json_pack("{s:o, s:o}", "exe", report_text(app->identity.exe),
			  "reasons", name_reasons(s->reasons)),
		"%s works for strangers and may not be what its name "
		"says: %s",
		app->identity.name, impostor_describe(s->reasons, text, sizeof(text)));
}

static void finish(struct agent *a, const struct app *app, enum packages_answer answer,
		   uint64_t now_ns)
{
	struct impostors *im = &a->impostors;
	const struct procinfo_exe *exe = &im->exe;
	struct impostor_facts f = {
		.identity = &app->identity,
		.client = app->client,
		.is_deleted = exe->is_deleted,
		.package = answer == PACKAGES_FOUND  ? IMPOSTOR_PACKAGE_FOUND
			   : answer == PACKAGES_NONE ? IMPOSTOR_PACKAGE_NONE
						     : IMPOSTOR_PACKAGE_UNKNOWN,
		.has_file = true,
		.has_directory = exe->has_directory,
		.file = exe->file,
		.directory = exe->directory,
	};

	char text[512];

	im->apps[app->id] = (struct impostor_state){
		.first_ns = app->first_ns,
		.examined_ns = now_ns,
		.reasons = impostor_judge(&f, policy_store_catalogue(a->policies)),
		.told = im->apps[app->id].told,
	};
	log_debug("impostor", "%s: %s", app->identity.name,
		  im->apps[app->id].reasons
			  ? impostor_describe(im->apps[app->id].reasons, text,
					      sizeof(text))
			  : "nothing speaks against its name");
}

static void end_search(struct impostors *im)
{
	packages_free(im->packages);
	im->packages = NULL;
	im->app = APP_UNATTRIBUTED;
}

static void begin(struct agent *a, const struct app *app, uint64_t now_ns)
{
	struct impostors *im = &a->impostors;
	int r = procinfo_read_exe(a->procinfo, app->pids[0], app->identity.uid,
				  &im->exe);

	if (r < 0) { /* gone, or out of sight: later */
		im->apps[app->id].first_ns = app->first_ns;
		im->apps[app->id].examined_ns = now_ns;
		return;
	}
	/* Another root has packages of its own, that are not to be found here. */
	if (im->exe.is_in_own_root || packages_new("", &im->packages) < 0 ||
	    packages_begin(im->packages, im->exe.path) < 0) {
		end_search(im);
		finish(a, app, PACKAGES_UNKNOWN, now_ns);
		return;
	}
	im->app = app->id;
	im->app_first_ns = app->first_ns;
}

static void go_on(struct agent *a, uint64_t now_ns)
{
	struct impostors *im = &a->impostors;
	const struct app *app = engine_find_app(a->engine, im->app);
	enum packages_answer answer;

	if (!app || app->first_ns != im->app_first_ns) {
		end_search(im);
		return;
	}
	answer = packages_go_on(im->packages, SEARCH_NS);
	if (answer == PACKAGES_BUSY)
		return;
	finish(a, app, answer, now_ns);
	end_search(im);
}

/* --- all of them -------------------------------------------------------------------
 */

void impostor_poll(struct agent *a, uint64_t now_ns)
{
	const struct app *app;

	if (!a->procinfo)
		return;
	if (a->impostors.app)
		go_on(a, now_ns);
	else if ((app = find_due(a, now_ns)))
		begin(a, app, now_ns);
	for (uint16_t id = 1; id <= APP_ID_MAX; id++)
		if (a->impostors.apps[id].first_ns &&
		    (app = engine_find_app(a->engine, id)) &&
		    app->first_ns == a->impostors.apps[id].first_ns)
			tell(a, app, &a->impostors.apps[id]);
}

unsigned int impostor_reasons(const struct agent *a, const struct app *app)
{
	const struct impostor_state *s = &a->impostors.apps[app->id];

	return s->first_ns == app->first_ns && app->role != ROLE_CLIENT ? s->reasons
									: 0;
}

void impostor_close(struct agent *a)
{
	end_search(&a->impostors);
}
