/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include "client.h"
#include "fields.h"
#include "words.h"
#include <string.h>

static enum exit_code pause_for(const struct context *c, uint64_t seconds)
{
	json_t *reply;
	const json_t *paused;
	char text[WORDS_MAX];
	enum exit_code code = client_call_with(
		c, "Pause", json_pack("{s:I}", "seconds", seconds), &reply);

	if (code != EXIT_OK)
		return code;
	paused = json_object_get(reply, "paused");
	if (c->is_json)
		code = print_json(reply);
	else if (seconds)
		render_line(&c->out, STYLE_WARN,
			    "ok: paused until %s, nothing is limited or cut; sooner: "
			    "agentctl resume",
			    words_time(field_int(paused, "until"), text));
	else
		render_line(&c->out, STYLE_GOOD, "ok: policy is enforced");
	json_decref(reply);
	return code;
}

enum exit_code cmd_pause(const struct context *c, int count, char *const *arguments)
{
	uint64_t seconds = 0;

	(void)count;
	if (strcmp(arguments[0], "0") != 0 &&
	    (duration_parse(arguments[0], &seconds) < 0 || seconds > CTL_PAUSE_MAX_S))
		return complain(EXIT_USAGE,
				"pause '%s'; expected e.g. 10m, 1h, at most 24h, or 0 "
				"to resume",
				arguments[0]);
	return pause_for(c, seconds);
}

enum exit_code cmd_resume(const struct context *c, int count, char *const *arguments)
{
	(void)count;
	(void)arguments;
	return pause_for(c, 0);
}
