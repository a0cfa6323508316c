/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include "client.h"
#include "fields.h"
#include "views.h"
#include "words.h"

static void add_row(struct render_table *t, const json_t *app)
{
	char in[UNITS_STRLEN], out[UNITS_STRLEN];

	render_cell(t, STYLE_PLAIN, "%lld", (long long)field_int(app, "id"));
	render_cell(t, STYLE_BOLD, "%s", field_text(app, "name"));
	render_cell(t, STYLE_PLAIN, "%s", field_text(app, "user"));
	render_cell(t, words_role_style(app), "%s", field_text(app, "role"));
	render_cell(t, STYLE_PLAIN, "%lld", (long long)field_int(app, "flows"));
	render_cell(t, STYLE_PLAIN, "%lld", (long long)field_int(app, "peers"));
	render_cell(t, STYLE_PLAIN, "%s", size_format(field_size(app, "bytes_in"), in));
	render_cell(t, STYLE_PLAIN, "%s",
		    size_format(field_size(app, "bytes_out"), out));
	render_cell(t, STYLE_PLAIN, "%s", field_text(app, "client"));
	render_cell(t, STYLE_DIM, "%s", field_text(app, "key"));
}

void view_apps(const struct context *c, const json_t *applications)
{
	static const struct render_column columns[] = {
		{"ID", true},	 {"APPLICATION", false}, {"USER", false},
		{"ROLE", false}, {"FLOWS", true},	 {"PEERS", true},
		{"IN", true},	 {"OUT", true},		 {"CLIENT", false},
		{"KEY", false},
	};
	struct render_table *t =
		render_table_new(columns, sizeof(columns) / sizeof(*columns));

	for (size_t i = 0; i < json_array_size(applications); i++)
		add_row(t, json_array_get(applications, i));
	render_table_print(&c->out, t, 0);
	render_table_free(t);
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
