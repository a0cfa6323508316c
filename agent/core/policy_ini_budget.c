/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy_ini_budget.h"
#include <errno.h>
#include <string.h>

static void note_set(const struct ini_document *d, struct policy_rule *rule,
		     enum rule_key key)
{
	rule->is_set[key] = true;
	rule->origin[key] = d->here;
}

/* --- schedule --------------------------------------------------------------------- */

#define EXAMPLES "expected e.g. Mon-Fri 08:00-18:00, Sat 10:00-14:00, or always"

/* Days, hours or both. Without hours the days are for the next item that has some. */
static int parse_item(struct ini_document *d, const struct ini_key *key,
		      const char *item, uint8_t *days, struct schedule *schedule)
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
					"'%s' does not begin with a day; " EXAMPLES,
					ini_word(item, shown));
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

static int parse_schedule(struct ini_document *d, const struct ini_key *key,
			  const char *value, struct schedule *schedule)
{
	struct policy_strings list;
	char shown[INI_WORD_STRLEN];
	uint8_t days = 0;
	int r = ini_parse_list(d, key->name, value, &list);

	if (r < 0)
		return r;
	schedule->ranges =
		pool_alloc_array(d->pool, list.count, sizeof(*schedule->ranges));
	if (!schedule->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < list.count && r == 0; i++)
		r = parse_item(d, key, list.items[i], &days, schedule);
	if (r == 0 && days)
		r = ini_fail(d, key->name,
			     "'%s' has no hours; the whole day is 00:00-24:00",
			     ini_word(list.items[list.count - 1], shown));
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
		r = parse_schedule(d, key, value, &schedule);
	if (r < 0)
		return r;
	rule->schedule = schedule;
	note_set(d, rule, RULE_SCHEDULE);
	return 0;
}
