/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence_lines.h"
#include "ctl/report_json.h"

static json_t *make_values(const struct app *app)
{
	json_t *values = json_object();

	for (enum evidence_kind k = 0; k < EVIDENCE_COUNT; k++) {
		const struct evidence *e = &app->evidence[k];
		json_t *item = e->is_measured
				       ? json_pack("{s:o, s:o}", "value",
						   report_real(e->value), "weight",
						   report_real(e->weight))
				       : json_null();

		if (json_object_set_new(values, evidence_name(k), item) < 0) {
			json_decref(values);
			return NULL;
		}
	}
	return values;
}

static json_t *make_line(const struct app *app, uint64_t after_ms, int64_t time)
{
	return json_pack(
		"{s:o, s:I, s:o, s:o, s:o, s:s, s:o, s:o, s:I, s:I, s:o}", "after_ms",
		report_unsigned(after_ms), "time", (json_int_t)time, "app",
		report_text(app->identity.name), "key", report_text(app->identity.key),
		"client", report_text(app->client ? app->client->id : ""), "role",
		app_role_name(app->role), "log_odds", report_real(app->log_odds),
		"probability", report_real(app_probability(app)), "families",
		(json_int_t)app->families, "peers", (json_int_t)app->peers, "evidence",
		make_values(app));
}

enum exit_code evidence_line_print(const struct app *app, uint64_t after_ms,
				   int64_t time)
{
	json_t *line = make_line(app, after_ms, time);
	bool fits = line && json_dumpf(line, stdout,
				       JSON_COMPACT | JSON_ENSURE_ASCII |
					       JSON_REAL_PRECISION(9)) == 0;

	json_decref(line);
	if (!fits || putchar('\n') == EOF)
		return complain(EXIT_FAILED, "cannot write the output");
	return EXIT_OK;
}
