/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"
#include "fields.h"
#include "views.h"
#include "watch.h"
#include <string.h>

static enum exit_code judge(const struct context *c, const json_t *reply)
{
	const json_t *summary = json_object_get(reply, "summary");

	if (c->is_check && field_int(summary, "promoted") > 0)
		return EXIT_PROMOTED;
	return strcmp(field_text(reply, "state"), "ok") == 0 ? EXIT_OK : EXIT_DEGRADED;
}

static void print_reply(const struct context *c, const json_t *reply, const char *app)
{
	const json_t *apps = json_object_get(reply, "applications");

	if (!app || json_array_size(apps) == 0) {
		view_status(c, reply);
	} else if (c->fields) {
		listing_print(c, status_columns, apps);
	} else {
		view_headline(c, reply);
		view_app(c, reply, json_array_get(apps, 0));
	}
}

/* `data`: the application's name, or NULL. */
static enum exit_code print_status(const struct context *c, void *data)
{
	enum exit_code code;
	json_t *reply;

	code = client_call(c, "Status", data, &reply);
	if (code != EXIT_OK)
		return code;
	if (c->is_json)
		code = print_json(reply);
	else
		print_reply(c, reply, data);
	if (code == EXIT_OK)
		code = judge(c, reply);
	json_decref(reply);
	return code;
}

enum exit_code cmd_status(const struct context *c, int count, char *const *arguments)
{
	char *app = count ? arguments[0] : NULL;

	if (c->watch && c->is_check)
		return complain(EXIT_USAGE, "--check asks once; leave out --watch");
	return c->watch ? watch(c, print_status, app) : print_status(c, app);
}
