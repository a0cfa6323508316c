/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report_find.h"
#include "base/text.h"
#include "ctl/dispatch.h"
#include "ctl/report_json.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool report_may_see(const struct ctl_peer *peer, const struct app *app)
{
	if (peer->is_admin)
		return true;
	return app->identity.kind != APP_KIND_UNATTRIBUTED &&
	       app->identity.uid == peer->uid;
}

const bool *report_whose_flows(const struct engine *engine, const struct ctl_peer *peer,
			       const struct app *app, bool may_see[APP_ID_MAX + 1])
{
	bool sees_all = true;

	memset(may_see, 0, (APP_ID_MAX + 1) * sizeof(*may_see));
	for (const struct app *a = engine_next_app(engine, NULL); a;
	     a = engine_next_app(engine, a)) {
		may_see[a->id] = report_may_see(peer, a);
		sees_all = sees_all && (may_see[a->id] || a->judge != app->judge);
	}
	return sees_all ? NULL : may_see;
}

/* The next application the peer may see. */
static const struct app *next_visible(const struct engine *engine,
				      const struct ctl_peer *peer,
				      const struct app *previous)
{
	const struct app *app = engine_next_app(engine, previous);

	while (app && !report_may_see(peer, app))
		app = engine_next_app(engine, app);
	return app;
}

/* --- what an argument can be, the surest first --------------------------------- */

static bool is_key(const struct app *app, const char *text)
{
	return strcmp(app->identity.key, text) == 0;
}

static bool is_name(const struct app *app, const char *text)
{
	return strcmp(app->identity.name, text) == 0;
}

static bool is_unit(const struct app *app, const char *text)
{
	return strcmp(app->identity.unit, text) == 0;
}

static bool is_exe(const struct app *app, const char *text)
{
	return strcmp(app->identity.exe, text) == 0;
}

static bool is_id(const struct app *app, const char *text)
{
	char id[8];

	snprintf(id, sizeof(id), "%u", (unsigned int)app->id);
	return strcmp(id, text) == 0;
}

typedef bool match_function(const struct app *app, const char *text);

static match_function *const matchers[] = {is_key, is_name, is_unit, is_exe, is_id};

/* --- the errors ---------------------------------------------------------------- */

static int fail_unknown(const struct engine *engine, const struct ctl_peer *peer,
			const char *text, json_t **ret_reply, const char **ret_error)
{
	const char **names;
	const char *nearest;
	json_t *reply;
	size_t count = 0;

	names = calloc(APP_ID_MAX + 2, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (const struct app *a = next_visible(engine, peer, NULL);
	     a && count <= APP_ID_MAX; a = next_visible(engine, peer, a))
		names[count++] = a->identity.name;
	nearest = text_nearest(text, names);
	reply = json_pack("{s:o, s:o}", "app", report_text(text), "nearest",
			  report_text(nearest));
	free(names);
	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	*ret_error = CTL_ERROR_NO_SUCH_APP;
	return 0;
}

static int fail_ambiguous(const struct engine *engine, const struct ctl_peer *peer,
			  const char *text, match_function *matches, json_t **ret_reply,
			  const char **ret_error)
{
	json_t *keys = json_array();
	json_t *reply;

	for (const struct app *a = next_visible(engine, peer, NULL); a;
	     a = next_visible(engine, peer, a)) {
		if (matches(a, text) &&
		    json_array_append_new(keys, report_text(a->identity.key)) < 0) {
			json_decref(keys);
			return -ENOMEM;
		}
	}
	reply = json_pack("{s:o, s:o}", "app", report_text(text), "matches", keys);
	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	*ret_error = CTL_ERROR_AMBIGUOUS;
	return 0;
}

int report_find_app(const struct engine *engine, const struct ctl_peer *peer,
		    const char *text, const struct app **ret_app, json_t **ret_reply,
		    const char **ret_error)
{
	for (size_t i = 0; i < sizeof(matchers) / sizeof(*matchers); i++) {
		const struct app *found = NULL;
		unsigned int count = 0;

		for (const struct app *a = next_visible(engine, peer, NULL); a;
		     a = next_visible(engine, peer, a)) {
			if (!matchers[i](a, text))
				continue;
			found = a;
			count++;
		}
		if (count > 1)
			return fail_ambiguous(engine, peer, text, matchers[i],
					      ret_reply, ret_error);
		if (found) {
			*ret_app = found;
			return 0;
		}
	}
	return fail_unknown(engine, peer, text, ret_reply, ret_error);
}
