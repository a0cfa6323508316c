/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"
#include "fields.h"
#include "views.h"
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

static void cell_initiated(struct render_table *t, const json_t *peer)
{
	render_cell(t, STYLE_PLAIN, "%s", who_began(field_text(peer, "initiated")));
}

/* Whose traffic it is: a stranger's own, relayed, or of a network that is trusted. */
static void cell_what(struct render_table *t, const json_t *peer)
{
	if (field_bool(peer, "leg"))
		render_cell(t, STYLE_BAD, "relayed");
	else
		render_cell(t, STYLE_DIM, "%s",
			    field_bool(peer, "trusted") ? "trusted" : "");
}

const struct listing_column peers_columns[] = {
	{"address", "PEER", LISTING_BOLD, 1, NULL},
	{"initiated", "BEGUN BY", LISTING_TEXT, 4, cell_initiated},
	{"flows", "FLOWS", LISTING_NUMBER, 5, NULL},
	{"bytes_in", "IN", LISTING_SIZE, 2, NULL},
	{"bytes_out", "OUT", LISTING_SIZE, 2, NULL},
	{"rate_in", "RATE IN", LISTING_RATE, 3, NULL},
	{"rate_out", "RATE OUT", LISTING_RATE, 3, NULL},
	{"leg", "", LISTING_TEXT, 1, cell_what},
	{0},
};

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

void view_peers(const struct context *c, const json_t *reply)
{
	const json_t *peers = json_object_get(reply, "peers");
	size_t shown = json_array_size(peers);

	if (shown > 0)
		listing_print(c, peers_columns, peers);
	else
		render_hint(&c->out, "%s has no flow now",
			    field_text(reply, "application"));
	if ((int64_t)shown < field_int(reply, "total"))
		render_hint(&c->out, "the heaviest %zu of %lld", shown,
			    (long long)field_int(reply, "total"));
	print_callers(c, json_object_get(reply, "callers"));
}

enum exit_code cmd_peers(const struct context *c, int count, char *const *arguments)
{
	enum exit_code code;
	json_t *reply;

	(void)count;
	code = client_call(c, "Peers", arguments[0], &reply);
	if (code != EXIT_OK)
		return code;
	if (c->is_json)
		code = print_json(reply);
	else
		view_peers(c, reply);
	json_decref(reply);
	return code;
}
