/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy, catalogue and units on any bytes: no crash, no leak, and what is accepted is
 * well formed. The input is one file, or two layers when a line of "%%" parts them.
 */
#include "base/text.h"
#include "base/units.h"
#include "core/mark.h"
#include "core/plan.h"
#include "core/policy_ini.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int is_true)
{
	if (!is_true)
		abort();
}

static size_t split_layers(const char *text, size_t size, struct policy_source *sources)
{
	const char *parting = memmem(text, size, "\n%%\n", 4);
	size_t first = parting ? (size_t)(parting - text) + 1 : size;

	sources[0] = (struct policy_source){"first.ini", text, first};
	if (!parting)
		return 1;
	sources[1] = (struct policy_source){"second.ini", text + first + 3,
					    size - first - 3};
	return 2;
}

static void check_error(const struct policy_error *error)
{
	char text[1024];

	policy_error_format(error, text, sizeof(text));
	require(error->text[0] != '\0');
	require(text_is_plain(error->file, strlen(error->file)));
	require(text_is_plain(error->key, strlen(error->key)));
	require(text_is_plain(error->text, strlen(error->text)));
}

/* They change when they say so, and not to what they are. */
static void check_schedules(const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct policy_rule *r = &p->rules[i];
		struct wall_time now = {20787, 600}, then = now;
		unsigned int wait = schedule_until_change(&r->schedule, &now);

		require(r->quota <= INT64_MAX && r->peers_max <= POLICY_PEERS_MAX);
		then.day += (int32_t)((now.minute + wait) / WALL_DAY_MINUTES);
		then.minute = (uint16_t)((now.minute + wait) % WALL_DAY_MINUTES);
		require(wait <= WALL_WEEK_MINUTES);
		require((schedule_applies(&r->schedule, &now) !=
			 schedule_applies(&r->schedule, &then)) == (wait != 0));
	}
}

static void check_policy(const struct policy *p)
{
	static const struct app_identity identity = {
		.exe = "/usr/bin/supernode", .unit = "n2n.service", .user = "alice"};
	struct mark_layout layout;
	struct policy_match match;
	struct addr a;

	require(mark_layout_init(p->mark_mask, &layout) == 0);
	require(p->trusted_count <= PLAN_TRUSTED_MAX);
	for (size_t i = 0; i < p->rule_count; i++)
		require(i == 0 || strcmp(p->rules[i].name, "*") != 0);
	for (size_t i = 0; i < p->setting_count; i++) {
		const struct policy_setting *s = &p->settings[i];

		require(s->section && s->key && s->value && *s->value);
		require(!s->origin.file == !s->origin.line);
	}
	policy_match_app(p, &identity, NULL, NULL, &match);
	require(match.effective.name && match.effective.promotion <= PROMOTION_BLOCK);
	check_schedules(p);
	require(addr_parse("192.0.2.7", &a) == 0);
	policy_is_trusted(p, &a);
}

static void fuzz_policy(const struct policy_source *sources, size_t count)
{
	struct policy_error error = {0};
	struct policy *p = NULL;
	int r = policy_parse(sources, count, &p, &error);

	if (r == -EINVAL) {
		require(!p);
		check_error(&error);
	} else if (r == 0) {
		check_policy(p);
	}
	policy_free(p);
}

static void fuzz_catalogue(const struct policy_source *sources, size_t count)
{
	static const struct app_identity identity = {.exe = "/usr/bin/supernode"};
	struct policy_error error = {0};
	struct catalogue *c = NULL;
	int r = catalogue_parse(sources, count, &c, &error);

	if (r == -EINVAL) {
		require(!c);
		check_error(&error);
	} else if (r == 0) {
		for (size_t i = 0; i < c->count; i++)
			require(c->clients[i].exe_count || c->clients[i].unit_count);
		catalogue_find(c, &identity);
	}
	catalogue_free(c);
}

static void fuzz_units(const char *text)
{
	uint64_t value = 0;
	char buf[UNITS_STRLEN], escaped[64];

	if (rate_parse(text, &value) == 0)
		require(value > 0 && strlen(rate_format(value, buf)) < sizeof(buf));
	if (size_parse(text, &value) == 0)
		size_format(value, buf);
	if (duration_parse(text, &value) == 0)
		duration_format(value, buf);
	text_escape(text, escaped, sizeof(escaped));
	require(text_is_plain(escaped, strlen(escaped)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_source sources[2];
	char *text = malloc(size + 1);
	size_t count;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	count = split_layers(text, size, sources);
	fuzz_policy(sources, count);
	fuzz_catalogue(sources, count);
	fuzz_units(text);
	free(text);
	return 0;
}
