/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"
#include "fields.h"
#include <string.h>

struct look {
	const char *state, *glyph, *ascii;
	enum style style;
};

static const struct look *look_of(const char *state)
{
	static const struct look looks[] = {
		{"ok", "\u2714", "ok", STYLE_GOOD},
		{"degraded", "\u26a0", "!!", STYLE_WARN},
		{"failed", "\u2718", "XX", STYLE_BAD},
		{"info", "\u00b7", "--", STYLE_PLAIN},
	};

	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		if (strcmp(looks[i].state, state) == 0)
			return &looks[i];
	return &looks[sizeof(looks) / sizeof(*looks) - 1];
}

static void add_check(const struct context *c, struct render_table *t,
		      const json_t *check)
{
	const struct look *look = look_of(field_text(check, "state"));

	render_cell(t, look->style, "%s", c->out.is_utf8 ? look->glyph : look->ascii);
	render_cell(t, STYLE_BOLD, "%s", field_text(check, "name"));
	render_cell(t, STYLE_PLAIN, "%s", field_text(check, "detail"));
	if (!*field_text(check, "advice"))
		return;
	render_cell(t, STYLE_PLAIN, "%s", "");
	render_cell(t, STYLE_PLAIN, "%s", "");
	render_cell(t, STYLE_WARN, "%s %s", c->out.is_utf8 ? "\u2192" : "->",
		    field_text(check, "advice"));
}

enum exit_code cmd_doctor(const struct context *c, int count, char *const *arguments)
{
	static const struct render_column columns[] = {
		{"", false}, {"", false}, {"", false}};
	struct render_table *t;
	enum exit_code code;
	const json_t *checks;
	json_t *reply;
	bool is_ok;

	(void)count;
	(void)arguments;
	code = client_call(c, "Doctor", NULL, &reply);
	if (code != EXIT_OK)
		return code;
	is_ok = strcmp(field_text(reply, "state"), "ok") == 0;
	if (c->is_json) {
		code = print_json(reply);
	} else {
		checks = json_object_get(reply, "checks");
		t = render_table_new(columns, 3);
		render_line(&c->out, is_ok ? STYLE_GOOD : STYLE_WARN, "%s",
			    is_ok ? "ok: all that is needed works"
				  : "degraded: something is missing, see below");
		for (size_t i = 0; i < json_array_size(checks); i++)
			add_check(c, t, json_array_get(checks, i));
		render_table_print(&c->out, t, 0);
		render_table_free(t);
	}
	json_decref(reply);
	if (code == EXIT_OK && !is_ok)
		code = EXIT_DEGRADED;
	return code;
}
