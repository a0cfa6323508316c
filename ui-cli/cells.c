/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cells.h"
#include "base/units.h"
#include "fields.h"
#include "words.h"

void cell_role(struct render_table *t, const json_t *app)
{
	render_cell(t, words_role_style(app), "%s", field_text(app, "role"));
}

void cell_probability(struct render_table *t, const json_t *app)
{
	char text[WORDS_MAX];

	render_cell(t, words_role_style(app), "%s", words_probability(app, text));
}

void cell_limits(struct render_table *t, const json_t *app)
{
	char text[WORDS_MAX];

	render_cell(t, STYLE_WARN, "%s", words_limits(app, text));
}

void cell_policy(struct render_table *t, const json_t *app)
{
	bool is_felt = field_bool(app, "limited") || words_is_severed(app);
	char text[WORDS_MAX];

	render_cell(t, is_felt ? STYLE_WARN : STYLE_PLAIN, "%s",
		    words_policy(app, text));
}

void cell_rule(struct render_table *t, const json_t *app)
{
	char text[WORDS_MAX];

	render_cell(t, STYLE_PLAIN, "%s", words_rule(app, text));
}

void cell_pids(struct render_table *t, const json_t *app)
{
	char text[WORDS_MAX];

	render_cell(t, STYLE_PLAIN, "%s", words_pids(app, text));
}

/* Both directions of it; "-" for nothing, which is easier to overlook than a 0. */
static void put_sum(struct render_table *t, const json_t *app, const char *in,
		    const char *out)
{
	uint64_t sum = field_size(app, in) + field_size(app, out);
	char text[UNITS_STRLEN];

	render_cell(t, STYLE_PLAIN, "%s", sum ? size_format(sum, text) : "-");
}

void cell_own(struct render_table *t, const json_t *app)
{
	put_sum(t, app, "own_in", "own_out");
}

void cell_relayed(struct render_table *t, const json_t *app)
{
	put_sum(t, app, "relayed_in", "relayed_out");
}
