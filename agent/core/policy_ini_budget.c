/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy_ini_budget.h"
#include "base/units.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_set(const struct ini_document *d, struct policy_rule *rule,
		     enum rule_key key)
{
	rule->is_set[key] = true;
	rule->origin[key] = d->here;
}

/* --- quota ------------------------------------------------------------------------ */

static const char *const units[] = {"day", "week", "month", NULL};

static int fail_quota(struct ini_document *d, const struct ini_key *key,
		      const char *value)
{
	char shown[INI_WORD_STRLEN];

	return ini_fail(d, key->name,
			"'%s' is not a quota; expected e.g. 20GB/month, 5GB/week, "
			"500MB/day or none",
			ini_word(value, shown));
}

/* The kernel counts in 63 bits. */
static int parse_quota(struct ini_document *d, const struct ini_key *key,
		       const char *value, struct policy_rule *rule)
{
	const char *slash = strchr(value, '/');
	char size[32], shown[INI_WORD_STRLEN];
	uint64_t bytes;
	size_t unit;
	int r;

	if (!slash || (size_t)(slash - value) >= sizeof(size))
		return fail_quota(d, key, value);
	memcpy(size, value, (size_t)(slash - value));
	size[slash - value] = '\0';
	r = size_parse(size, &bytes);
	if (r == -ERANGE || (r == 0 && (bytes == 0 || bytes > INT64_MAX)))
		return ini_fail(d, key->name,
				"'%s' is nothing or too large; for no quota write none",
				ini_word(value, shown));
	if (r < 0)
		return fail_quota(d, key, value);
	r = ini_parse_choice(d, key->name, slash + 1, units, &unit);
	if (r < 0)
		return r;
	rule->quota = bytes;
	rule->quota_unit = (enum quota_unit)unit;
	return 0;
}

int policy_set_quota(struct ini_document *d, struct ini_section *s,
		     const struct ini_key *key, const char *value)
{
	struct policy_rule *rule = s->object;
	int r = 0;

	if (strcmp(value, "none") == 0)
		rule->quota = 0;
	else
		r = parse_quota(d, key, value, rule);
	if (r == 0)
		note_set(d, rule, RULE_QUOTA);
	return r;
}

int policy_set_quota_action(struct ini_document *d, struct ini_section *s,
			    const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"warn", "shape", "block", NULL};
	struct policy_rule *rule = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r < 0)
		return r;
	rule->quota_action = (enum quota_action)i;
	note_set(d, rule, RULE_QUOTA_ACTION);
	return 0;
}

/* The rule that gives a value: the section's own, else [app *]. */
static const struct policy_rule *
giver(const struct policy *p, const struct policy_rule *rule, enum rule_key key)
{
	bool has_star = strcmp(p->rules[0].name, "*") == 0;

	return rule->is_set[key] || !has_star ? rule : &p->rules[0];
}

static bool is_without_rate(const struct policy *p, const struct policy_rule *r)
{
	const struct policy_rule *action = giver(p, r, RULE_QUOTA_ACTION);

	if (!giver(p, r, RULE_QUOTA)->quota ||
	    (action->is_set[RULE_QUOTA_ACTION] && action->quota_action != QUOTA_SHAPE))
		return false;
	return !giver(p, r, RULE_QUOTA_RATE_UP)->quota_rate_up &&
	       !giver(p, r, RULE_QUOTA_RATE_DOWN)->quota_rate_down;
}

int policy_check_quotas(struct ini_document *d, const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct policy_rule *r = &p->rules[i];
		char shown[INI_WORD_STRLEN];

		if (!is_without_rate(p, r))
			continue;
		return ini_fail_at(
			d, &giver(p, r, RULE_QUOTA)->origin[RULE_QUOTA], "quota",
			"used up it shapes to no rate in [app %s]; expected "
			"quota_rate_up or quota_rate_down there or in [app *], or "
			"quota_action = warn or block",
			ini_word(r->name, shown));
	}
	return 0;
}

/* --- peers_max -------------------------------------------------------------------- */

int policy_set_peers_max(struct ini_document *d, struct ini_section *s,
			 const struct ini_key *key, const char *value)
{
	struct policy_rule *rule = s->object;
	char shown[INI_WORD_STRLEN];
	unsigned long count = 0;
	char *end;

	errno = 0;
	if (strcmp(value, "none") != 0) {
		count = strtoul(value, &end, 10);
		if (strspn(value, "0123456789") != strlen(value) || errno || !count ||
		    count > POLICY_PEERS_MAX)
			return ini_fail(d, key->name,
					"'%s' is not a number of peers; expected 1 to "
					"%d, or none",
					ini_word(value, shown), POLICY_PEERS_MAX);
	}
	rule->peers_max = (uint32_t)count;
	note_set(d, rule, RULE_PEERS_MAX);
	return 0;
}

/* --- schedule --------------------------------------------------------------------- */

/* Days, hours or both. Without hours the days are for the next item that has some. */
static int parse_item(struct ini_document *d, const struct ini_key *key,
		      const char *otherwise, const char *item, uint8_t *days,
		      struct schedule *schedule)
{
	struct schedule_range range = {0};
	size_t length = strcspn(item, " \t");
	bool has_days = *item < '0' || *item > '9';
	const char *hours = item;
	char shown[INI_WORD_STRLEN];
	uint8_t named;

	if (has_days) {
		if (schedule_parse_days(item, length, &named) < 0)
			return ini_fail(d, key->name,
					"'%s' does not begin with a day; expected e.g. "
					"Mon-Fri 08:00-18:00, Sat 10:00-14:00, or %s",
					ini_word(item, shown), otherwise);
		*days |= named;
		hours = item + length + strspn(item + length, " \t");
		if (!*hours)
			return 0;
	}
	if (schedule_parse_hours(hours, &range.from, &range.until) < 0)
		return ini_fail(
			d, key->name,
			"'%s' are no hours of a day; expected e.g. 08:00-18:00, "
			"22:00-06:00 or 00:00-24:00",
			ini_word(hours, shown));
	range.days = *days ? *days : 0x7f;
	*days = 0;
	schedule->ranges[schedule->count++] = range;
	return 0;
}

int policy_parse_schedule(struct ini_document *d, const struct ini_key *key,
			  const char *value, const char *otherwise,
			  struct schedule *ret_schedule)
{
	struct schedule schedule = {0};
	struct policy_strings list;
	char shown[INI_WORD_STRLEN];
	uint8_t days = 0;
	int r = ini_parse_list(d, key->name, value, &list);

	if (r < 0)
		return r;
	schedule.ranges =
		pool_alloc_array(d->pool, list.count, sizeof(*schedule.ranges));
	if (!schedule.ranges)
		return -ENOMEM;
	for (size_t i = 0; i < list.count && r == 0; i++)
		r = parse_item(d, key, otherwise, list.items[i], &days, &schedule);
	if (r == 0 && days)
		r = ini_fail(d, key->name,
			     "'%s' has no hours; the whole day is 00:00-24:00",
			     ini_word(list.items[list.count - 1], shown));
	if (r == 0)
		*ret_schedule = schedule;
	return r;
}

int policy_set_schedule(struct ini_document *d, struct ini_section *s,
			const struct ini_key *key, const char *value)
{
	struct policy_rule *rule = s->object;
	struct schedule schedule = {0};
	int r = 0;

	if (strcmp(s->name, "*") == 0)
		return ini_fail(
			d, key->name,
			"[app *] is what holds when no other section does, so it "
			"has no schedule; give the section another name");
	if (strcmp(value, "always") != 0)
		r = policy_parse_schedule(d, key, value, "always", &schedule);
	if (r < 0)
		return r;
	rule->schedule = schedule;
	note_set(d, rule, RULE_SCHEDULE);
	return 0;
}
