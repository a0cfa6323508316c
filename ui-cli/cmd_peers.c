/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include "client.h"
#include "fields.h"
#include "words.h"
#include <string.h>

static const char *who_began(const char *initiated)
{
	if (strcmp(initiated, "in") == 0)
		return "the peer";
	if (strcmp(initiated, "out") == 0)
		return "the application";
	return "both";
}

static void add_row(struct render_table *t, const json_t *p)
{
	char a[UNITS_STRLEN];

	render_cell(t, STYLE_BOLD, "%s", field_text(p, "address"));
	render_cell(t, STYLE_PLAIN, "%s", who_began(field_text(p, "initiated")));
	render_cell(t, STYLE_PLAIN, "%lld", (long long)field_int(p, "flows"));
	render_cell(t, STYLE_PLAIN, "%s", size_format(field_size(p, "bytes_in"), a));
	render_cell(t, STYLE_PLAIN, "%s", size_format(field_size(p, "bytes_out"), a));
	render_cell(t, STYLE_PLAIN, "%s", rate_format(field_size(p, "rate_in"), a));
	render_cell(t, STYLE_PLAIN, "%s", rate_format(field_size(p, "rate_out"), a));
	if (field_bool(p, "leg"))
		render_cell(t, STYLE_BAD, "relayed");
	else
		render_cell(t, STYLE_DIM, "%s",
			    field_bool(p, "trusted") ? "trusted" : "");
}

static void print_callers(const struct context *c, const json_t *callers)
{
	static const struct render_column columns[] = {{"REFUSED", false},
						       {"CALLS", true},
						       {"A MINUTE", true},
						       {"SINCE", false}};
	struct render_table *t;
	char since[WORDS_MAX];

	if (json_array_size(callers) == 0)
		return;
	t = render_table_new(columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < json_array_size(callers); i++) {
		const json_t *p = json_array_get(callers, i);

		render_cell(t, STYLE_BOLD, "%s", field_text(p, "address"));
		render_cell(t, STYLE_PLAIN, "%lld", (long long)field_int(p, "calls"));
		render_cell(t, STYLE_PLAIN, "%.1f", field_real(p, "calls_per_minute"));
		render_cell(t, STYLE_PLAIN, "%s",
			    words_time(field_int(p, "since"), since));
	}
	render_hint(&c->out, "%s", "");
	render_table_print(&c->out, t, 0);
	render_table_free(t);
}

enum exit_code cmd_peers(const struct context *c, int count, char *const *arguments)
{
	static const struct render_column columns[] = {
		{"PEER", false}, {"BEGUN BY", false}, {"FLOWS", true},	  {"IN", true},
		{"OUT", true},	 {"RATE IN", true},   {"RATE OUT", true}, {"", false},
	};
	struct render_table *t;
	enum exit_code code;
	const json_t *peers;
	json_t *reply;
	size_t shown;

	(void)count;
	code = client_call(c, "Peers", arguments[0], &reply);
	if (code != EXIT_OK)
		return code;
	if (c->is_json) {
		code = print_json(reply);
		json_decref(reply);
		return code;
	}
	peers = json_object_get(reply, "peers");
	shown = json_array_size(peers);
	t = render_table_new(columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < shown; i++)
		add_row(t, json_array_get(peers, i));
	if (shown > 0)
		render_table_print(&c->out, t, 0);
	else
		render_hint(&c->out, "%s has no flow now",
			    field_text(reply, "application"));
	if ((int64_t)shown < field_int(reply, "total"))
		render_hint(&c->out, "the heaviest %zu of %lld", shown,
			    (long long)field_int(reply, "total"));
	print_callers(c, json_object_get(reply, "callers"));
	render_table_free(t);
	json_decref(reply);
	return EXIT_OK;
}
