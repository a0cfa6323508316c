/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policy grants an application, and what is left of it. */
#include "core/decision.h"
#include "core/mark.h"
#include "ctl/report_json.h"

static json_t *make_none(void)
{
	return json_pack("{s:i, s:s, s:i, s:i, s:i, s:i, s:s, s:b, s:b, s:b}", "limit",
			 0, "period", "", "used", 0, "left", 0, "since", 0, "until", 0,
			 "action", "", "over", false, "counted", false, "held", false);
}

static json_t *make_quota(const struct report_input *in, const struct app *app,
			  const struct decision *d)
{
	uint8_t number = app_number(app->id);
	struct report_quota q = {0};
	int32_t period;

	if (!d->quota || !in->wall)
		return make_none();
	if (in->quotas && number != APP_NUMBER_SHARED)
		q = in->quotas[number];
	period = q.period ? q.period : quota_period_of(d->quota_unit, in->wall->day);
	return json_pack(
		"{s:o, s:s, s:o, s:o, s:I, s:I, s:s, s:b, s:b, s:b}", "limit",
		report_unsigned(d->quota), "period", quota_unit_name(d->quota_unit),
		"used", report_unsigned(q.used), "left",
		report_unsigned(d->quota > q.used ? d->quota - q.used : 0), "since",
		(json_int_t)wall_epoch(period, 0), "until",
		(json_int_t)wall_epoch(quota_period_after(d->quota_unit, period), 0),
		"action", quota_action_name(d->quota_action), "over", d->is_over_quota,
		"counted", q.period != 0, "held", q.is_held);
}

json_t *report_budget(const struct report_input *in, const struct app *app)
{
	struct decision d;

	report_decide(in, app, &d);
	return json_pack("{s:o, s:I}", "quota", make_quota(in, app, &d), "peers_max",
			 (json_int_t)d.peers_max);
}
