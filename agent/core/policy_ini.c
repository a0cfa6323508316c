/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy_ini.h"
#include "core/ini.h"
#include "core/mark.h"
#include "core/plan.h"
#include "core/policy_ini_budget.h"
#include "core/policy_ini_link.h"
#include "core/policy_ini_notices.h"
#include "core/policy_ini_probe.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What [agent] fills, before it goes into the policy. */
struct agent_section {
	enum policy_mode mode;
	enum policy_on_failure on_failure;
	uint32_t mark_mask;
};

static void *field(const struct ini_section *s, const struct ini_key *key)
{
	return (char *)s->object + key->offset;
}

/* --- [agent] ---------------------------------------------------------------------- */

static int set_mode(struct ini_document *d, struct ini_section *s,
		    const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"enforce", "monitor", NULL};
	struct agent_section *agent = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r == 0)
		agent->mode = (enum policy_mode)i;
	return r;
}

static int set_on_failure(struct ini_document *d, struct ini_section *s,
			  const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"open", "closed", NULL};
	struct agent_section *agent = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r == 0)
		agent->on_failure = (enum policy_on_failure)i;
	return r;
}

static int set_mark_mask(struct ini_document *d, struct ini_section *s,
			 const struct ini_key *key, const char *value)
{
	struct agent_section *agent = s->object;
	struct mark_layout layout;
	char shown[INI_WORD_STRLEN], *end;
	unsigned long long mask;

	errno = 0;
	mask = strtoull(value, &end, 16);
	if (strncmp(value, "0x", 2) != 0 || *end || errno || mask > UINT32_MAX ||
	    mark_layout_init((uint32_t)mask, &layout) < 0)
		return ini_fail(d, key->name,
				"'%s' is not twelve neighbouring bits of 32; expected "
				"e.g. 0xfff00000 or 0x000fff00",
				ini_word(value, shown));
	agent->mark_mask = (uint32_t)mask;
	return 0;
}

/* --- [app NAME] ------------------------------------------------------------------- */

static int check_match_allowed(struct ini_document *d, const struct ini_section *s,
			       const struct ini_key *key)
{
	if (strcmp(s->name, "*") == 0)
		return ini_fail(d, key->name,
				"[app *] is for every program and has no match.*; give "
				"the section another name");
	return 0;
}

static int set_match(struct ini_document *d, struct ini_section *s,
		     const struct ini_key *key, const char *value)
{
	int r = check_match_allowed(d, s, key);

	return r < 0 ? r : ini_parse_list(d, key->name, value, field(s, key));
}

static int set_match_exe(struct ini_document *d, struct ini_section *s,
			 const struct ini_key *key, const char *value)
{
	int r = check_match_allowed(d, s, key);

	return r < 0 ? r : ini_parse_paths(d, key->name, value, field(s, key));
}

static void note_set(struct ini_document *d, struct policy_rule *rule, int key)
{
	rule->is_set[key] = true;
	rule->origin[key] = d->here;
}

static int set_promotion(struct ini_document *d, struct ini_section *s,
			 const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"allow",  "warn",  "shape",
					    "forbid", "block", NULL};
	struct policy_rule *rule = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r < 0)
		return r;
	rule->promotion = (enum promotion_action)i;
	note_set(d, rule, key->id);
	return 0;
}

static int set_relay_scope(struct ini_document *d, struct ini_section *s,
			   const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"auto", "legs", "app", NULL};
	struct policy_rule *rule = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r < 0)
		return r;
	rule->relay_scope = (enum relay_scope)i;
	note_set(d, rule, key->id);
	return 0;
}

static int set_rate(struct ini_document *d, struct ini_section *s,
		    const struct ini_key *key, const char *value)
{
	int r = ini_parse_rate(d, key->name, value, "none", field(s, key));

	if (r == 0)
		note_set(d, s->object, key->id);
	return r;
}

static int set_symmetric_nat(struct ini_document *d, struct ini_section *s,
			     const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"no", "yes", NULL};
	struct policy_rule *rule = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r < 0)
		return r;
	rule->symmetric_nat = i == 1;
	note_set(d, rule, key->id);
	return 0;
}

/* --- what may be written ---------------------------------------------------------- */

static const struct ini_key agent_keys[] = {
	{.name = "mode", .set = set_mode, .fallback = "enforce"},
	{.name = "on_failure", .set = set_on_failure, .fallback = "open"},
	{.name = "mark_mask", .set = set_mark_mask, .fallback = "0xfff00000"},
};

#define MATCH(key, setter, member)                                                     \
	{                                                                              \
		.name = "match." key, .set = setter,                                   \
		.offset = offsetof(struct policy_rule, member)                         \
	}
#define RATE(key, number, member)                                                      \
	{                                                                              \
		.name = key, .set = set_rate,                                          \
		.offset = offsetof(struct policy_rule, member), .id = number,          \
		.fallback = "none"                                                     \
	}

static const struct ini_key app_keys[] = {
	MATCH("client", set_match, clients),
	MATCH("trade", set_match, trades),
	MATCH("exe", set_match_exe, exes),
	MATCH("unit", set_match, units),
	MATCH("user", set_match, users),
	MATCH("container", set_match, containers),
	{.name = "promotion",
	 .set = set_promotion,
	 .id = RULE_PROMOTION,
	 .fallback = "warn"},
	{.name = "relay_scope",
	 .set = set_relay_scope,
	 .id = RULE_RELAY_SCOPE,
	 .fallback = "auto"},
	RATE("rate_up", RULE_RATE_UP, rate_up),
	RATE("rate_down", RULE_RATE_DOWN, rate_down),
	RATE("relay_rate_up", RULE_RELAY_RATE_UP, relay_rate_up),
	RATE("relay_rate_down", RULE_RELAY_RATE_DOWN, relay_rate_down),
	{.name = "quota", .set = policy_set_quota, .fallback = "none"},
	{.name = "quota_action", .set = policy_set_quota_action, .fallback = "shape"},
	RATE("quota_rate_up", RULE_QUOTA_RATE_UP, quota_rate_up),
	RATE("quota_rate_down", RULE_QUOTA_RATE_DOWN, quota_rate_down),
	{.name = "peers_max", .set = policy_set_peers_max, .fallback = "none"},
	{.name = "symmetric_nat",
	 .set = set_symmetric_nat,
	 .id = RULE_SYMMETRIC_NAT,
	 .fallback = "no"},
	{.name = "schedule", .set = policy_set_schedule},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct ini_kind kinds[] = {
	{"agent", "[agent]", false, sizeof(struct agent_section), agent_keys,
	 COUNT(agent_keys)},
	{"link", "[link]", false, sizeof(struct link_section), policy_link_keys,
	 POLICY_LINK_KEYS},
	{"probe", "[probe]", false, sizeof(struct probe_section), policy_probe_keys,
	 POLICY_PROBE_KEYS},
	{"notices", "[notices]", false, sizeof(struct policy_notices),
	 policy_notices_keys, POLICY_NOTICES_KEYS},
	{"app", "[app NAME]", true, sizeof(struct policy_rule), app_keys,
	 COUNT(app_keys)},
};
enum { KIND_AGENT, KIND_LINK, KIND_PROBE, KIND_NOTICES, KIND_APP };

/* --- from sections to a policy ---------------------------------------------------- */

/* The section of a kind and name, or NULL. */
static const struct ini_section *find_section(const struct ini_document *d,
					      const struct ini_kind *kind,
					      const char *name)
{
	for (size_t i = 0; i < d->section_count; i++)
		if (d->sections[i]->kind == kind &&
		    strcmp(d->sections[i]->name, name) == 0)
			return d->sections[i];
	return NULL;
}

static bool is_app(const struct ini_section *s)
{
	return s->kind == &kinds[KIND_APP] && strcmp(s->name, "*") != 0;
}

static bool has_match(const struct policy_rule *r)
{
	return r->clients.count || r->trades.count || r->exes.count || r->units.count ||
	       r->users.count || r->containers.count;
}

static int check_rules(struct ini_document *d)
{
	for (size_t i = 0; i < d->section_count; i++) {
		const struct ini_section *s = d->sections[i];
		char shown[INI_WORD_STRLEN];

		if (is_app(s) && !has_match(s->object))
			return ini_fail_at(
				d, &s->origin, "",
				"[app %s] matches nothing; expected at least "
				"one of match.client, match.trade, match.exe, "
				"match.unit, match.user, match.container",
				ini_word(s->name, shown));
	}
	return 0;
}

/* `is_set` and `origin` stay those of the keys; match lists need neither. */
static int fill_rules(const struct ini_document *d, struct policy *p)
{
	const struct ini_section *star = find_section(d, &kinds[KIND_APP], "*");

	p->rules = pool_alloc_array(d->pool, d->section_count, sizeof(*p->rules));
	if (!p->rules)
		return -ENOMEM;
	for (size_t i = 0; i <= d->section_count; i++) {
		const struct ini_section *s = i ? d->sections[i - 1] : star;

		if (!s || (i && !is_app(s)))
			continue;
		p->rules[p->rule_count] = *(const struct policy_rule *)s->object;
		p->rules[p->rule_count++].name = s->name;
	}
	return 0;
}

/* The value that counts: the section's own, else that of [app *]. */
static const struct policy_rule *
giver(const struct policy_rule *rule, const struct policy_rule *star, enum rule_key key)
{
	return rule->is_set[key] || !star ? rule : star;
}

/* To be told that a promoted client is shaped, and then not to limit it, is a trap. */
static int check_shape(struct ini_document *d, const struct policy *p)
{
	const struct policy_rule *star = NULL;

	if (p->rule_count && strcmp(p->rules[0].name, "*") == 0)
		star = &p->rules[0];
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct policy_rule *r = &p->rules[i];
		const struct policy_rule *shaping = giver(r, star, RULE_PROMOTION);
		char shown[INI_WORD_STRLEN];

		if (!shaping->is_set[RULE_PROMOTION] ||
		    shaping->promotion != PROMOTION_SHAPE || policy_is_guarding(p) ||
		    giver(r, star, RULE_RELAY_RATE_UP)->relay_rate_up ||
		    giver(r, star, RULE_RELAY_RATE_DOWN)->relay_rate_down)
			continue;
		return ini_fail_at(
			d, &shaping->origin[RULE_PROMOTION], "promotion",
			"shape limits nothing in [app %s]; expected "
			"relay_rate_up or relay_rate_down there or in [app *], "
			"or reserve in [link]",
			ini_word(r->name, shown));
	}
	return 0;
}

static void fill_agent(const struct ini_document *d, struct policy *p)
{
	const struct ini_section *s = find_section(d, &kinds[KIND_AGENT], "");
	const struct agent_section *agent;

	if (!s)
		return;
	agent = s->object;
	p->mode = agent->mode;
	p->on_failure = agent->on_failure;
	if (agent->mark_mask)
		p->mark_mask = agent->mark_mask;
}

/* `s` NULL: nothing was written, all is built in. */
static void add_settings(struct policy *p, const struct ini_section *s,
			 const struct ini_kind *kind, const char *title,
			 bool with_fallback)
{
	for (size_t i = 0; i < kind->key_count; i++) {
		const struct ini_key *key = &kind->keys[i];
		struct policy_setting *setting = &p->settings[p->setting_count];

		if (s && s->entries[i].value)
			*setting = (struct policy_setting){title, key->name,
							   s->entries[i].value,
							   s->entries[i].origin};
		else if (with_fallback && key->fallback)
			*setting = (struct policy_setting){
				title, key->name, key->fallback, {0}};
		else
			continue;
		p->setting_count++;
	}
}

static int fill_settings(const struct ini_document *d, struct policy *p)
{
	/* Five sections are shown even where nobody wrote them. */
	p->settings = pool_alloc_array(d->pool, (d->section_count + 5) * INI_KEYS_MAX,
				       sizeof(*p->settings));
	if (!p->settings)
		return -ENOMEM;
	add_settings(p, find_section(d, &kinds[KIND_AGENT], ""), &kinds[KIND_AGENT],
		     "agent", true);
	add_settings(p, find_section(d, &kinds[KIND_LINK], ""), &kinds[KIND_LINK],
		     "link", true);
	add_settings(p, find_section(d, &kinds[KIND_PROBE], ""), &kinds[KIND_PROBE],
		     "probe", true);
	add_settings(p, find_section(d, &kinds[KIND_NOTICES], ""), &kinds[KIND_NOTICES],
		     "notices", true);
	add_settings(p, find_section(d, &kinds[KIND_APP], "*"), &kinds[KIND_APP],
		     "app *", true);
	for (size_t i = 0; i < d->section_count; i++)
		if (is_app(d->sections[i]))
			add_settings(p, d->sections[i], &kinds[KIND_APP],
				     d->sections[i]->title, false);
	return 0;
}

int policy_parse(const struct policy_source *sources, size_t count,
		 struct policy **ret_policy, struct policy_error *ret_error)
{
	struct policy *p = policy_new_default();
	const struct ini_section *s;
	struct ini_document d;
	int r;

	if (!p)
		return -ENOMEM;
	r = ini_init(&d, p->storage, kinds, COUNT(kinds), ret_error);
	if (r < 0)
		goto fail;
	r = ini_read(&d, sources, count);
	if (r < 0)
		goto fail;
	r = check_rules(&d);
	if (r < 0)
		goto fail;
	fill_agent(&d, p);
	s = find_section(&d, &kinds[KIND_LINK], "");
	if (s)
		policy_fill_link(s->object, p);
	s = find_section(&d, &kinds[KIND_NOTICES], "");
	if (s)
		p->notices = *(const struct policy_notices *)s->object;
	r = policy_fill_probes(&d, find_section(&d, &kinds[KIND_PROBE], ""), p);
	if (r < 0)
		goto fail;
	r = fill_rules(&d, p);
	if (r < 0)
		goto fail;
	r = check_shape(&d, p);
	if (r == 0)
		r = policy_check_quotas(&d, p);
	if (r < 0)
		goto fail;
	r = fill_settings(&d, p);
	if (r < 0)
		goto fail;
	*ret_policy = p;
	return 0;
fail:
	policy_free(p);
	return r;
}

const char *policy_error_format(const struct policy_error *e, char *buf, size_t size)
{
	char line[16] = "";

	if (e->line)
		snprintf(line, sizeof(line), "%u: ", e->line);
	snprintf(buf, size, "%s%s%s%s%s%s", e->file,
		 *e->file ? (e->line ? ":" : ": ") : "", line, e->key,
		 *e->key ? ": " : "", e->text);
	return buf;
}
