/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "base/units.h"
#include "core/ini.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *ini_word(const char *text, char buf[static INI_WORD_STRLEN])
{
	return text_escape(text, buf, INI_WORD_STRLEN);
}

int ini_fail_unknown(struct ini_document *d, const char *key, const char *what,
		     const char *word, const char *const *candidates,
		     const char *expected)
{
	const char *nearest = text_nearest(word, candidates);
	char shown[INI_WORD_STRLEN];

	ini_word(word, shown);
	if (nearest)
		return ini_fail(d, key,
				"unknown %s '%s'; did you mean '%s'? Expected %s", what,
				shown, nearest, expected);
	return ini_fail(d, key, "unknown %s '%s'; expected %s", what, shown, expected);
}

int ini_parse_choice(struct ini_document *d, const char *key, const char *value,
		     const char *const *names, size_t *ret_index)
{
	char expected[96] = "";
	size_t i, used = 0;

	for (i = 0; names[i]; i++) {
		if (strcmp(names[i], value) == 0) {
			*ret_index = i;
			return 0;
		}
		if (used < sizeof(expected))
			used += (size_t)snprintf(
				expected + used, sizeof(expected) - used, "%s%s",
				!i ? "" : (names[i + 1] ? ", " : " or "), names[i]);
	}
	return ini_fail_unknown(d, key, "value", value, names, expected);
}

/* What people write in other INI dialects would else become part of a glob, silently.
 */
static int check_item(struct ini_document *d, const char *key, const char *item)
{
	char shown[INI_WORD_STRLEN];

	if (!*item)
		return ini_fail(d, key, "an empty item in the list; remove a comma");
	if (*item == '"' || *item == '\'')
		return ini_fail(d, key, "write %s without quotes",
				ini_word(item, shown));
	if (strchr(item, ';') || strstr(item, " #") || strstr(item, "\t#"))
		return ini_fail(d, key,
				"a comment behind a value begins with a blank and a "
				"';', not as in '%s'",
				ini_word(item, shown));
	return 0;
}

static size_t count_items(const char *value)
{
	size_t count = 1;

	for (; *value; value++)
		count += *value == ',';
	return count;
}

/* The item at *cursor, blanks trimmed; moves *cursor behind its comma. */
static char *take_item(struct pool *pool, const char **cursor)
{
	const char *start = *cursor + strspn(*cursor, " \t");
	size_t length = strcspn(start, ",");

	*cursor = start + length + (start[length] == ',');
	while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t'))
		length--;
	return pool_strndup(pool, start, length);
}

int ini_parse_list(struct ini_document *d, const char *key, const char *value,
		   struct policy_strings *ret_list)
{
	struct policy_strings list = {.count = count_items(value)};
	int r;

	list.items = pool_alloc_array(d->pool, list.count, sizeof(*list.items));
	if (!list.items)
		return -ENOMEM;
	for (size_t i = 0; i < list.count; i++) {
		list.items[i] = take_item(d->pool, &value);
		if (!list.items[i])
			return -ENOMEM;
		r = check_item(d, key, list.items[i]);
		if (r < 0)
			return r;
	}
	*ret_list = list;
	return 0;
}

int ini_parse_paths(struct ini_document *d, const char *key, const char *value,
		    struct policy_strings *ret_list)
{
	struct policy_strings list;
	char shown[INI_WORD_STRLEN];
	int r;

	r = ini_parse_list(d, key, value, &list);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.count; i++)
		if (!strchr("/*?[", list.items[i][0])) {
			ini_word(list.items[i], shown);
			return ini_fail(d, key,
					"'%s' matches no whole path; expected e.g. "
					"/usr/bin/%s or */%s",
					shown, shown, shown);
		}
	*ret_list = list;
	return 0;
}

static int fail_rate(struct ini_document *d, const char *key, const char *value,
		     const char *none)
{
	static const char *const units[] = {"bit",  "kbit", "mbit", "gbit",
					    "kB/s", "MB/s", "GB/s", NULL};
	const char *unit = value + strspn(value, "0123456789. \t");
	char shown[INI_WORD_STRLEN], expected[64], one[32];
	uint64_t rate;

	snprintf(expected, sizeof(expected), "e.g. 2mbit, 256kbit, 1MB/s or %s", none);
	snprintf(one, sizeof(one), "1%s", unit);
	if (unit > value && *unit && rate_parse(one, &rate) == -EINVAL)
		return ini_fail_unknown(d, key, "unit", unit, units, expected);
	return ini_fail(d, key, "'%s' is not a rate%s; expected %s",
			ini_word(value, shown),
			unit > value && !*unit ? " without its unit" : "", expected);
}

int ini_parse_rate(struct ini_document *d, const char *key, const char *value,
		   const char *none, uint64_t *ret_rate)
{
	char shown[INI_WORD_STRLEN];
	int r;

	if (strcmp(value, none) == 0) {
		*ret_rate = 0;
		return 0;
	}
	r = rate_parse(value, ret_rate);
	if (r == -ERANGE)
		return ini_fail(d, key,
				"'%s' is below one byte a second or too large; for no "
				"limit write %s",
				ini_word(value, shown), none);
	return r < 0 ? fail_rate(d, key, value, none) : 0;
}
