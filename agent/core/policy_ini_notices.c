/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy_ini_notices.h"
#include "core/policy_ini_budget.h"
#include <string.h>

static int set_show(struct ini_document *d, struct ini_section *s,
		    const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"yes", "no", NULL};
	struct policy_notices *notices = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r == 0)
		notices->are_off = i == 1;
	return r;
}

static int set_quiet(struct ini_document *d, struct ini_section *s,
		     const struct ini_key *key, const char *value)
{
	struct policy_notices *notices = s->object;
	struct schedule quiet = {0};
	int r = 0;

	if (strcmp(value, "none") != 0)
		r = policy_parse_schedule(d, key, value, "none", &quiet);
	if (r == 0)
		notices->quiet = quiet;
	return r;
}

const struct ini_key policy_notices_keys[POLICY_NOTICES_KEYS] = {
	{.name = "show", .set = set_show, .fallback = "yes"},
	{.name = "quiet", .set = set_quiet, .fallback = "none"},
};
