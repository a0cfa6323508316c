/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"
#include "base/units.h"
#include "fields.h"
#include <math.h>
#include <string.h>
#include <time.h>

/* Log-odds: from here on the odds change twentyfold, almost threefold, hardly. */
#define WEIGHT_STRONG 3.0
#define WEIGHT_SOME 1.0
#define WEIGHT_NONE 0.05

enum style words_role_style(const json_t *app)
{
	if (field_bool(app, "promoted"))
		return STYLE_BAD;
	return strcmp(field_text(app, "role"), "suspect") == 0 ? STYLE_WARN
							       : STYLE_PLAIN;
}

/* The lowest limit in force in one direction, and what for; 0: none. */
static uint64_t lowest(const json_t *app, const char *direction, const char **ret_scope)
{
	const json_t *limits = json_object_get(app, "limits");
	uint64_t found = 0;

	for (size_t i = 0; i < json_array_size(limits); i++) {
		const json_t *limit = json_array_get(limits, i);
		uint64_t rate = field_size(limit, "bytes_per_second");

		if (strcmp(field_text(limit, "direction"), direction) != 0)
			continue;
		if (found && rate >= found)
			continue;
		found = rate;
		*ret_scope = field_text(limit, "scope");
	}
	return found;
}

static const char *scope_words(const char *in, const char *out)
{
	if (strcmp(in, "quota") == 0 || strcmp(out, "quota") == 0)
		return " (quota used up)";
	if (strcmp(in, "legs") == 0 || strcmp(out, "legs") == 0)
		return " (relayed flows)";
	return "";
}

const char *words_limits(const json_t *app, char buf[static WORDS_MAX])
{
	char in_text[UNITS_STRLEN], out_text[UNITS_STRLEN];
	const char *in_scope = "", *out_scope = "";
	uint64_t in = lowest(app, "in", &in_scope);
	uint64_t out = lowest(app, "out", &out_scope);
	const char *what = scope_words(in_scope, out_scope);

	rate_format(in, in_text);
	rate_format(out, out_text);
	if (in && out && in == out)
		snprintf(buf, WORDS_MAX, "%s%s", out_text, what);
	else if (in && out)
		snprintf(buf, WORDS_MAX, "%s out, %s in%s", out_text, in_text, what);
	else if (in || out)
		snprintf(buf, WORDS_MAX, "%s %s%s", out ? out_text : in_text,
			 out ? "out" : "in", what);
	else
		*buf = '\0';
	return buf;
}

const char *words_rule(const json_t *app, char buf[static WORDS_MAX])
{
	const char *rule = field_text(app, "rule"),
		   *file = field_text(app, "rule_file");
	const char *slash = strrchr(file, '/');

	if (slash)
		file = slash + 1;
	if (!*rule && !*file)
		snprintf(buf, WORDS_MAX, "the built-in default");
	else if (!*file)
		snprintf(buf, WORDS_MAX, "[app %s]", rule);
	else
		snprintf(buf, WORDS_MAX, "[app %s] %s:%lld", *rule ? rule : "*", file,
			 (long long)field_int(app, "rule_line"));
	return buf;
}

static bool has_cut(const json_t *app, const char *name)
{
	const json_t *cuts = json_object_get(app, "cuts");

	for (size_t i = 0; i < json_array_size(cuts); i++) {
		const char *cut = json_string_value(json_array_get(cuts, i));

		if (cut && strcmp(cut, name) == 0)
			return true;
	}
	return false;
}

const char *words_cuts(const json_t *app)
{
	if (has_cut(app, "all"))
		return "its network is cut, but for loopback and trusted networks";
	if (has_cut(app, "quota"))
		return "its quota is used up, its network is cut, but for loopback and "
		       "trusted networks";
	if (has_cut(app, "legs"))
		return "its relayed connections are cut, strangers that call are "
		       "refused";
	if (has_cut(app, "peers"))
		return "it has all the peers it may have, new ones are refused";
	return has_cut(app, "calls") ? "strangers that call are refused" : "";
}

bool words_is_severed(const json_t *app)
{
	return has_cut(app, "legs") || has_cut(app, "all") || has_cut(app, "quota");
}

/* Why a policy that cuts does not. */
static const char *lack(const json_t *app)
{
	if (field_bool(app, "spares_login"))
		return "not cut: remote login";
	return field_bool(app, "lacks_evidence") ? "not cut, only one kind of evidence"
						 : "";
}

const char *words_policy(const json_t *app, char buf[static WORDS_MAX])
{
	const char *decision = field_text(app, "decision");
	bool acts = strcmp(decision, "allow") != 0 && strcmp(decision, "warn") != 0;
	const char *parts[] = {words_cuts(app), lack(app)};
	char limits[WORDS_MAX];
	size_t used = 0;

	if (acts && !field_bool(app, "enforced")) {
		snprintf(buf, WORDS_MAX, "would %s (%s)", decision,
			 field_bool(app, "paused") ? "paused" : "monitor mode");
		return buf;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (*parts[i])
			used += (size_t)snprintf(buf + used, WORDS_MAX - used, "%s%s",
						 used ? "; " : "", parts[i]);
	if (field_bool(app, "limited"))
		snprintf(buf + used, WORDS_MAX - used, "%slimited to %.80s",
			 used ? "; " : "", words_limits(app, limits));
	else if (!used && strcmp(decision, "allow") == 0)
		snprintf(buf, WORDS_MAX, "left alone");
	else if (!used)
		snprintf(buf, WORDS_MAX, "%s%s", decision,
			 !field_bool(app, "promoted") ? " when promoted"
			 : acts			      ? ""
						      : " only");
	return buf;
}

const char *words_trade(const json_t *app, char buf[static WORDS_MAX])
{
	const char *trade = field_text(app, "client_trade");
	char rule[WORDS_MAX];

	if (!*trade)
		*buf = '\0';
	else
		snprintf(buf, WORDS_MAX,
			 "%.48s (%.32s): a relay by trade, %s by %.128s", trade,
			 field_text(app, "client"),
			 strcmp(field_text(app, "decision"), "allow") == 0
				 ? "left alone"
				 : "but not exempted",
			 words_rule(app, rule));
	return buf;
}

bool words_weight_counts(double weight)
{
	return fabs(weight) >= WEIGHT_NONE;
}

const char *words_impostor(const json_t *app, char buf[static WORDS_MAX])
{
	const json_t *reasons = json_object_get(app, "impostor");
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < json_array_size(reasons) && used < WORDS_MAX; i++)
		used += (size_t)snprintf(
			buf + used, WORDS_MAX - used, "%s%s", i ? "; " : "",
			field_text(json_array_get(reasons, i), "text"));
	return buf;
}

const char *words_weight(double weight, char buf[static WORDS_MAX])
{
	double size = fabs(weight);

	if (!words_weight_counts(weight))
		snprintf(buf, WORDS_MAX, "no weight");
	else
		snprintf(buf, WORDS_MAX, "%s %s",
			 size >= WEIGHT_STRONG ? "strong"
			 : size >= WEIGHT_SOME ? "some"
					       : "weak",
			 weight > 0 ? "for" : "against");
	return buf;
}

/* What the count suffices for; of a client nobody asks. */
static const char *sufficiency(const json_t *app)
{
	if (field_bool(app, "may_be_cut") && field_int(app, "evidence_families") < 2)
		return ": two were enough to cut, if policy says so";
	if (field_bool(app, "may_be_cut"))
		return ": enough to cut, if policy says so";
	if (field_bool(app, "promoted"))
		return ": enough to limit, not to cut";
	return "";
}

const char *words_families(const json_t *app, const json_t *families,
			   char buf[static WORDS_MAX])
{
	size_t count = json_array_size(families);
	long long number = field_int(app, "evidence_families");
	size_t used;

	used = (size_t)(number ? snprintf(buf, WORDS_MAX, "%lld", number)
			       : snprintf(buf, WORDS_MAX, "none"));

	for (size_t i = 0; i < count && used < WORDS_MAX; i++)
		used += (size_t)snprintf(
			buf + used, WORDS_MAX - used, "%s%s%s", i ? "; " : " (",
			field_text(json_array_get(families, i), "meaning"),
			i + 1 == count ? ")" : "");
	if (used < WORDS_MAX)
		snprintf(buf + used, WORDS_MAX - used, "%s", sufficiency(app));
	return buf;
}

const char *words_probability(const json_t *app, char buf[static WORDS_MAX])
{
	double percent = 100 * field_real(app, "probability");

	if (percent < 1)
		snprintf(buf, WORDS_MAX, "<1 %%");
	else if (percent > 99)
		snprintf(buf, WORDS_MAX, ">99 %%");
	else
		snprintf(buf, WORDS_MAX, "%.0f %%", percent);
	return buf;
}

const char *words_pids(const json_t *app, char buf[static WORDS_MAX])
{
	const json_t *pids = json_object_get(app, "pids");
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < json_array_size(pids) && used < WORDS_MAX; i++)
		used += (size_t)snprintf(
			buf + used, WORDS_MAX - used, "%s%lld", i ? " " : "",
			(long long)json_integer_value(json_array_get(pids, i)));
	return buf;
}

const char *words_clock(int64_t epoch, char buf[static WORDS_MAX])
{
	time_t t = (time_t)epoch, today = time(NULL);
	struct tm local, now;

	*buf = '\0';
	if (!localtime_r(&t, &local) || !localtime_r(&today, &now))
		return buf;
	strftime(buf, WORDS_MAX,
		 local.tm_yday == now.tm_yday ? "%H:%M" : "%Y-%m-%d %H:%M", &local);
	return buf;
}

const char *words_time(int64_t epoch, char buf[static WORDS_MAX])
{
	time_t t = (time_t)epoch;
	struct tm local;

	*buf = '\0';
	if (localtime_r(&t, &local))
		strftime(buf, WORDS_MAX, "%Y-%m-%d %H:%M:%S", &local);
	return buf;
}

const char *words_schedule(const json_t *schedule, char buf[static WORDS_MAX])
{
	time_t until = (time_t)field_int(schedule, "until");
	bool applies = field_bool(schedule, "applies");
	char when[32] = "";
	struct tm local;

	if (until && localtime_r(&until, &local))
		strftime(when, sizeof(when), "%a %H:%M", &local);
	if (*when)
		snprintf(buf, WORDS_MAX, applies ? "applies until %s" : "from %s on",
			 when);
	else
		snprintf(buf, WORDS_MAX, applies ? "always applies" : "never applies");
	return buf;
}

const char *words_quota(const json_t *app, char buf[static WORDS_MAX])
{
	const json_t *quota = json_object_get(app, "quota");
	char used[UNITS_STRLEN], limit[UNITS_STRLEN], left[UNITS_STRLEN];
	char until[WORDS_MAX];

	*buf = '\0';
	if (!field_int(quota, "limit"))
		return buf;
	size_format(field_size(quota, "limit"), limit);
	if (!field_bool(quota, "counted")) {
		snprintf(buf, WORDS_MAX,
			 "%s a %s, but not counted: see agentctl doctor", limit,
			 field_text(quota, "period"));
		return buf;
	}
	snprintf(buf, WORDS_MAX,
		 "%s of %s used this %s, %s left until %.32s; when used up: %s%s",
		 size_format(field_size(quota, "used"), used), limit,
		 field_text(quota, "period"),
		 size_format(field_size(quota, "left"), left),
		 words_time(field_int(quota, "until"), until),
		 field_text(quota, "action"),
		 field_bool(quota, "held") ? "; the clock was set back" : "");
	return buf;
}
