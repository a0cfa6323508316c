/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps enforcement from doing harm: pauses. */
#include "ctl/report_json.h"
#include <errno.h>

void report_decide(const struct report_input *in, const struct app *app,
		   struct decision *ret_decision)
{
	decide(in->policy, app, in->wall, ret_decision);
	if (in->pause)
		decision_pause(ret_decision);
}

json_t *report_pause_state(const struct report_input *in)
{
	static const struct report_pause none;
	const struct report_pause *p = in->pause ? in->pause : &none;

	return json_pack("{s:I, s:o, s:I, s:I}", "until",
			 (json_int_t)(in->pause ? report_epoch(in, p->until_ns) : 0),
			 "user", report_text(p->user), "uid", (json_int_t)p->uid, "pid",
			 (json_int_t)p->pid);
}

int report_paused(const struct report_input *in, json_t **ret_reply)
{
	json_t *reply = json_pack("{s:i, s:o}", "schema_version", REPORT_SCHEMA_VERSION,
				  "paused", report_pause_state(in));

	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 0;
}
