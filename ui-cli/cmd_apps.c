/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cells.h"
#include "client.h"
#include "fields.h"
#include "views.h"

/* All that can be said of an application in a word or a number. */
const struct listing_column apps_columns[] = {
	{"id", "ID", LISTING_NUMBER, 4, NULL},
	{"name", "APPLICATION", LISTING_BOLD, 1, NULL},
	{"user", "USER", LISTING_TEXT, 3, NULL},
	{"role", "ROLE", LISTING_TEXT, 1, cell_role},
	{"probability", "FOR STRANGERS", LISTING_NUMBER, 0, cell_probability},
	{"since", "SINCE", LISTING_TIME, 0, NULL},
	{"flows", "FLOWS", LISTING_NUMBER, 6, NULL},
	{"peers", "PEERS", LISTING_NUMBER, 5, NULL},
	{"rate_in", "IN NOW", LISTING_RATE, 0, NULL},
	{"rate_out", "OUT NOW", LISTING_RATE, 0, NULL},
	{"bytes_in", "IN", LISTING_SIZE, 1, NULL},
	{"bytes_out", "OUT", LISTING_SIZE, 1, NULL},
	{"own_in", "OWN IN", LISTING_SIZE, 0, NULL},
	{"own_out", "OWN OUT", LISTING_SIZE, 0, NULL},
	{"relayed_in", "RELAYED IN", LISTING_SIZE, 0, NULL},
	{"relayed_out", "RELAYED OUT", LISTING_SIZE, 0, NULL},
	{"decision", "DECISION", LISTING_TEXT, 0, NULL},
	{"limits", "LIMITS", LISTING_TEXT, 0, cell_limits},
	{"policy", "POLICY", LISTING_TEXT, 0, cell_policy},
	{"rule", "BECAUSE OF", LISTING_TEXT, 0, cell_rule},
	{"kind", "KIND", LISTING_TEXT, 0, NULL},
	{"unit", "UNIT", LISTING_TEXT, 0, NULL},
	{"exe", "PROGRAM", LISTING_TEXT, 0, NULL},
	{"container", "CONTAINER", LISTING_TEXT, 0, NULL},
	{"pids", "PROCESSES", LISTING_TEXT, 0, cell_pids},
	{"client", "CLIENT", LISTING_TEXT, 2, NULL},
	{"key", "KEY", LISTING_DIM, 1, NULL},
	{0},
};

void view_apps(const struct context *c, const json_t *applications)
{
	listing_print(c, apps_columns, applications);
}

enum exit_code cmd_apps(const struct context *c, int count, char *const *arguments)
{
	enum exit_code code;
	const json_t *apps;
	json_t *reply;

	(void)count;
	(void)arguments;
	code = client_call(c, "Status", NULL, &reply);
	if (code != EXIT_OK)
		return code;
	apps = json_object_get(reply, "applications");
	if (c->is_json)
		code = print_json(reply);
	else if (json_array_size(apps) > 0)
		view_apps(c, apps);
	else
		render_hint(&c->out, "no application of yours has used the network; "
				     "root sees those of all users");
	json_decref(reply);
	return code;
}
