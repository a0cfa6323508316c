/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answer.h"
#include "base/units.h"
#include "ui-cli/fields.h"
#include "ui-cli/words.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *answer_time(int64_t epoch, char buf[static ANSWER_MAX])
{
	time_t t = (time_t)epoch;
	struct tm local;

	*buf = '\0';
	if (localtime_r(&t, &local))
		strftime(buf, ANSWER_MAX, "%e %b %Y, %H:%M", &local);
	return buf + strspn(buf, " ");
}

const char *answer_time_with(int64_t epoch, int64_t with, char buf[static ANSWER_MAX])
{
	time_t t = (time_t)epoch, other = (time_t)with;
	struct tm local, its;

	*buf = '\0';
	if (!localtime_r(&t, &local) || !localtime_r(&other, &its))
		return buf;
	if (local.tm_yday != its.tm_yday || local.tm_year != its.tm_year)
		return answer_time(epoch, buf);
	strftime(buf, ANSWER_MAX, "%H:%M", &local);
	return buf;
}

/* "1 hour", "2 hours". */
static void count_things(int64_t count, const char *thing, char *buf, size_t size)
{
	snprintf(buf, size, "%lld %s%s", (long long)count, thing,
		 count == 1 ? "" : "s");
}

const char *answer_length(int64_t seconds, char buf[static ANSWER_MAX])
{
	static const struct {
		const char *name;
		int64_t size, from;
	} units[] = {{"day", 86400, 2 * 86400},
		     {"hour", 3600, 3600},
		     {"minute", 60, 60},
		     {"second", 1, 0}};
	char whole[48], rest[48] = "";
	size_t i = 0;

	while (seconds < units[i].from)
		i++;
	count_things(seconds / units[i].size, units[i].name, whole, sizeof(whole));
	seconds %= units[i].size;
	/* Seconds say nothing beside hours. */
	if (i < 2 && seconds >= units[i + 1].size)
		count_things(seconds / units[i + 1].size, units[i + 1].name, rest,
			     sizeof(rest));
	snprintf(buf, ANSWER_MAX, "%s%s%s", whole, *rest ? " and " : "", rest);
	return buf;
}

/* Promotions that nobody wanted. */
static size_t count_unwanted(const struct report *r, const struct report_span **ret_one)
{
	size_t count = 0;

	for (size_t i = 0; i < r->promotion_count; i++)
		if (!r->promotions[i].is_by_trade) {
			*ret_one = &r->promotions[i];
			count++;
		}
	return count;
}

static const json_t *find_status(const struct report *r, const char *key)
{
	const json_t *apps = json_object_get(r->status, "applications");

	for (size_t i = 0; i < json_array_size(apps); i++)
		if (strcmp(field_text(json_array_get(apps, i), "key"), key) == 0)
			return json_array_get(apps, i);
	return NULL;
}

const char *answer_role(const struct report *r, const struct report_span *promotion)
{
	const char *role =
		field_text(json_object_get(promotion->event, "details"), "role");

	if (!*role)
		role = field_text(find_status(r, promotion->key), "role");
	return strcmp(role, "supernode") == 0 ? "a hub" : "a relay";
}

/* What was relayed, but by those whose trade it is. */
static void sum_relayed(const struct report *r, uint64_t *ret_in, uint64_t *ret_out)
{
	*ret_in = *ret_out = 0;
	for (size_t i = 0; i < r->app_count; i++) {
		const struct report_app *a = &r->apps[i];
		bool is_trade = false;

		for (size_t k = 0; k < r->promotion_count; k++)
			if (strcmp(r->promotions[k].key, a->key) == 0)
				is_trade = is_trade || r->promotions[k].is_by_trade;
		if (is_trade)
			continue;
		*ret_in += a->bytes.relayed_in;
		*ret_out += a->bytes.relayed_out;
	}
}

const char *answer_past(const struct report *r, char buf[static ANSWER_MAX])
{
	char length[ANSWER_MAX], time[ANSWER_MAX], in_text[UNITS_STRLEN],
		out_text[UNITS_STRLEN];
	uint64_t in, out;
	const struct report_span *one = NULL;
	size_t count = count_unwanted(r, &one);

	answer_length(r->until - r->known_from, length);
	sum_relayed(r, &in, &out);
	if (count == 0) {
		snprintf(buf, ANSWER_MAX,
			 "No: in the %.64s looked at, this computer was no relay for "
			 "strangers.",
			 length);
		return buf;
	}
	snprintf(buf, ANSWER_MAX,
		 "Yes: in the %.64s looked at, this computer was %s for "
		 "strangers for %.64s. %s of theirs came in, %s went on.",
		 length, answer_role(r, one), answer_length(r->promoted_seconds, time),
		 size_format(in, in_text), size_format(out, out_text));
	return buf;
}

/* --- now -------------------------------------------------------------------------- */

struct present {
	const json_t *first; /* the first one that is promoted and not by trade */
	size_t count, held;  /* of those: limited or cut */
};

static struct present look(const struct report *r)
{
	const json_t *apps = json_object_get(r->status, "applications");
	struct present p = {0};

	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (!field_bool(app, "promoted") ||
		    strcmp(field_text(app, "decision"), "allow") == 0)
			continue;
		if (!p.first)
			p.first = app;
		p.count++;
		p.held += field_bool(app, "limited") || words_is_severed(app);
	}
	return p;
}

static void describe_one(const json_t *app, char buf[static ANSWER_MAX])
{
	char policy[WORDS_MAX];

	words_policy(app, policy);
	if (field_bool(app, "limited") || words_is_severed(app))
		snprintf(buf, ANSWER_MAX, "%s still works for strangers: %s.",
			 field_text(app, "name"), policy);
	else
		snprintf(buf, ANSWER_MAX,
			 "%s still works for strangers, and nothing limits it. To hold "
			 "it, write promotion = shape and relay_rate_up into a file of "
			 "the policy: relaywarden-policy(5).",
			 field_text(app, "name"));
}

const char *answer_now(const struct report *r, char buf[static ANSWER_MAX],
		       enum answer_mood *ret_mood)
{
	struct present p = look(r);

	*ret_mood = MOOD_GOOD;
	if (p.count == 0 && strcmp(field_text(r->status, "state"), "ok") == 0) {
		snprintf(buf, ANSWER_MAX,
			 "Now nothing is promoted, and the agent is "
			 "well: it is safe to leave it on.");
	} else if (p.count == 0) {
		*ret_mood = MOOD_WARN;
		snprintf(buf, ANSWER_MAX,
			 "Now nothing is promoted as far as the agent sees, but it is "
			 "degraded: see Health below.");
	} else {
		*ret_mood = p.held == p.count ? MOOD_WARN : MOOD_BAD;
		if (p.count == 1)
			describe_one(p.first, buf);
		else
			snprintf(buf, ANSWER_MAX,
				 "Now %zu programs still work for strangers; %zu of "
				 "them are held by the policy.",
				 p.count, p.held);
	}
	return buf;
}

const char *answer_gap(const struct report *r, char buf[static ANSWER_MAX])
{
	char time[ANSWER_MAX];

	*buf = '\0';
	/* A step is not known to be missing. */
	if (r->known_from - r->from > r->bucket_length)
		snprintf(
			buf, ANSWER_MAX,
			"What the agent remembers begins on %.64s: nothing is known of "
			"the time before.",
			answer_time(r->known_from, time));
	return buf;
}
