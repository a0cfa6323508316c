/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a section of the policy applies now, and when that changes. */
#include "ctl/report_json.h"
#include <string.h>

struct applying {
	bool now;
	int64_t until; /* Unix time; 0: for ever */
};

/* `rule` NULL: no section has a say, so none changes. */
static struct applying applying_of(const struct report_input *in,
				   const struct policy_rule *rule)
{
	struct applying a = {.now = true};
	unsigned int wait;

	if (!rule || !in->wall)
		return a;
	a.now = schedule_applies(&rule->schedule, in->wall);
	wait = schedule_until_change(&rule->schedule, in->wall);
	if (wait)
		a.until = wall_epoch(in->wall->day, in->wall->minute + wait);
	return a;
}

static int add_schedule(json_t *list, const struct report_input *in,
			const struct policy_rule *rule)
{
	struct applying a = applying_of(in, rule);

	if (!rule || !rule->schedule.count)
		return 0;
	return json_array_append_new(
		list, json_pack("{s:o, s:b, s:I}", "rule", report_text(rule->name),
				"applies", a.now, "until", (json_int_t)a.until));
}

json_t *report_schedules(const struct report_input *in, const struct app *app)
{
	json_t *object = json_pack("{s:[]}", "schedules");
	json_t *list = json_object_get(object, "schedules");
	struct policy_match match;

	policy_match_app(in->policy, &app->identity, app->client, in->wall, &match);
	if (add_schedule(list, in, match.rule) < 0 ||
	    add_schedule(list, in, match.waiting) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static const struct policy_rule *find_rule(const struct policy *policy,
					   const char *section)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (strncmp(section, "app ", 4) == 0 &&
		    strcmp(section + 4, policy->rules[i].name) == 0)
			return &policy->rules[i];
	return NULL;
}

json_t *report_setting(const struct report_input *in, const struct policy_setting *s)
{
	struct applying a = applying_of(in, find_rule(in->policy, s->section));

	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:b, s:I}", "section",
			 report_text(s->section), "key", report_text(s->key), "value",
			 report_text(s->value), "file", report_text(s->origin.file),
			 "line", (json_int_t)s->origin.line, "applies", a.now, "until",
			 (json_int_t)a.until);
}
