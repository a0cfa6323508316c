/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "notice_text.h"
#include "base/text.h"
#include "ui-cli/fields.h"
#include "ui-cli/words.h"
#include <string.h>

#define POLICY_MAX 440

static bool is_wanted(const json_t *app, uid_t user)
{
	if (!field_bool(app, "promoted"))
		return false;
	return user == ANY_USER || field_int(app, "uid") == (int64_t)user;
}

static const char *what_it_does(const json_t *app)
{
	if (strcmp(field_text(app, "role"), "supernode") == 0)
		return "Its network has made it a hub that many strangers lean on.";
	return "It passes strangers' traffic on, over this computer's network.";
}

/* Policy that acts says what it does, policy that only reports that it does not. */
static void describe_policy(const json_t *app, char buf[static POLICY_MAX])
{
	const char *decision = field_text(app, "decision");
	char done[WORDS_MAX], rule[WORDS_MAX];

	words_rule(app, rule);
	if (strcmp(decision, "allow") == 0)
		snprintf(buf, POLICY_MAX, "It is allowed to: so says %s.", rule);
	else if (strcmp(decision, "warn") == 0 && !field_bool(app, "limited"))
		snprintf(buf, POLICY_MAX, "Nothing is limited: so says %s.", rule);
	else
		snprintf(buf, POLICY_MAX, "Policy: %.200s, because of %.200s.",
			 words_policy(app, done), rule);
}

/* A line on what is not as its name says, or "". */
static const char *impostor_line(const json_t *app, char buf[static WORDS_MAX])
{
	const json_t *reasons = json_object_get(app, "impostor");
	char text[WORDS_MAX];

	*buf = '\0';
	if (json_array_size(reasons))
		snprintf(buf, WORDS_MAX, "\nIt may not be what its name says: %.200s",
			 text_escape(field_text(json_array_get(reasons, 0), "text"),
				     text, sizeof(text)));
	return buf;
}

static void describe(const json_t *app, struct promotion *p)
{
	char policy[POLICY_MAX], escaped[POLICY_MAX], impostor[WORDS_MAX];

	snprintf(p->key, sizeof(p->key), "%s", field_text(app, "key"));
	text_escape(field_text(app, "name"), p->name, sizeof(p->name));
	p->since = field_int(app, "since");
	p->is_allowed = strcmp(field_text(app, "decision"), "allow") == 0;
	snprintf(p->title, sizeof(p->title), "%s works for strangers", p->name);
	describe_policy(app, policy);
	snprintf(p->body, sizeof(p->body),
		 "%s%s\n%s\nWhy, and how to stop it: agentctl explain %s",
		 what_it_does(app), impostor_line(app, impostor),
		 text_escape(policy, escaped, sizeof(escaped)), p->name);
}

size_t notice_find_promotions(const json_t *applications, uid_t user,
			      struct promotion *ret_promotions, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(applications) && count < size; i++) {
		const json_t *app = json_array_get(applications, i);

		if (is_wanted(app, user))
			describe(app, &ret_promotions[count++]);
	}
	return count;
}
