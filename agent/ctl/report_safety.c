/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps enforcement from doing harm: pauses, and policies on trial. */
#include "ctl/report_json.h"
#include <errno.h>
#include <string.h>

void report_decide(const struct report_input *in, const struct app *app,
		   struct decision *ret_decision)
{
	decide(in->policy, app, in->wall, ret_decision);
	if (in->guard)
		decision_guard(ret_decision, in->guard);
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

json_t *report_trial_state(const struct report_input *in)
{
	static const struct report_trial none = {.state = "none"};
	const struct report_trial *t = in->trial ? in->trial : &none;

	return json_pack("{s:I, s:s, s:I, s:o, s:o}", "number", (json_int_t)t->number,
			 "state", t->state, "confirm_until",
			 (json_int_t)(t->confirm_until_ns
					      ? report_epoch(in, t->confirm_until_ns)
					      : 0),
			 "by", report_text(t->by), "reason", report_text(t->reason));
}

int report_policy_trial(const struct report_input *in, json_t **ret_reply)
{
	json_t *reply =
		json_pack("{s:i, s:o, s:o}", "schema_version", REPORT_SCHEMA_VERSION,
			  "generation", report_unsigned(in->policy_generation), "trial",
			  report_trial_state(in));

	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 0;
}

/* The admin's directory is the last one that is still there after the next boot. */
static const char *find_admins(const char *const *directories, size_t count)
{
	for (size_t i = count; i-- > 0;)
		if (strncmp(directories[i], "/run/", 5) != 0)
			return directories[i];
	return count ? directories[count - 1] : "";
}

int report_policy_hold(const char *const *directories, size_t count, json_t **ret_reply)
{
	json_t *list = json_array(), *reply;

	for (size_t i = 0; list && i < count; i++)
		json_array_append_new(list, report_text(directories[i]));
	reply = json_pack("{s:i, s:o, s:o}", "schema_version", REPORT_SCHEMA_VERSION,
			  "directories", list, "into",
			  report_text(find_admins(directories, count)));
	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 0;
}
