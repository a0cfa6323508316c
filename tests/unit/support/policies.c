/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policies.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct policy_error error;

struct policy *policies_parse_layers(const char *first, const char *second)
{
	const struct policy_source sources[] = {
		{"first.ini", first, strlen(first)},
		{"second.ini", second ? second : "", second ? strlen(second) : 0},
	};
	struct policy *p = NULL;
	char text[600];

	if (policy_parse(sources, second ? 2 : 1, &p, &error) != 0)
		fail_msg("%s", policy_error_format(&error, text, sizeof(text)));
	return p;
}

struct policy *policies_parse(const char *text)
{
	return policies_parse_layers(text, NULL);
}

/* The error, formatted; the policy must stay untouched. */
const char *policies_error_of_bytes(const char *text, size_t length)
{
	static char formatted[600];
	const struct policy_source source = {"bad.ini", text, length};
	struct policy *p = NULL;

	memset(&error, 0, sizeof(error));
	assert_int_equal(policy_parse(&source, 1, &p, &error), -EINVAL);
	assert_null(p);
	return policy_error_format(&error, formatted, sizeof(formatted));
}

const char *policies_error_of(const char *text)
{
	return policies_error_of_bytes(text, strlen(text));
}

void policies_assert_begins(const char *text, const char *beginning)
{
	if (strncmp(text, beginning, strlen(beginning)) != 0)
		fail_msg("'%s' does not begin with '%s'", text, beginning);
}

void policies_assert_mentions(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' does not mention '%s'", text, part);
}

const struct policy_setting *policies_find_setting(const struct policy *p,
						   const char *section, const char *key)
{
	for (size_t i = 0; i < p->setting_count; i++)
		if (strcmp(p->settings[i].section, section) == 0 &&
		    strcmp(p->settings[i].key, key) == 0)
			return &p->settings[i];
	return NULL;
}

void policies_assert_setting(const struct policy *p, const char *section,
			     const char *key, const char *value, const char *file,
			     unsigned int line)
{
	const struct policy_setting *s = policies_find_setting(p, section, key);

	if (!s)
		fail_msg("[%s] %s is not shown", section, key);
	assert_string_equal(s->value, value);
	if (file)
		assert_string_equal(s->origin.file, file);
	else
		assert_null(s->origin.file);
	assert_int_equal(s->origin.line, line);
}

const struct policy_error *policies_last_error(void)
{
	return &error;
}
