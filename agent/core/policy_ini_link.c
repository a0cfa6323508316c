/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy_ini_link.h"
#include "core/plan.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int set_capacity(struct ini_document *d, struct ini_section *s,
			const struct ini_key *key, const char *value)
{
	return ini_parse_rate(d, key->name, value, "auto",
			      (uint64_t *)(void *)((char *)s->object + key->offset));
}

/* A whole number of percent; less than one leaves nothing, 100 gives nothing. */
static int parse_percent(struct ini_document *d, const struct ini_key *key,
			 const char *value, unsigned int *ret_percent)
{
	char shown[INI_WORD_STRLEN], *end;
	unsigned long percent = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || strcmp(end, "%") != 0 || percent < 1 ||
	    percent > 99)
		return ini_fail(d, key->name,
				"'%s' is not from 1%% to 99%%; expected e.g. 10%%, "
				"2mbit or none",
				ini_word(value, shown));
	*ret_percent = (unsigned int)percent;
	return 0;
}

static int set_reserve(struct ini_document *d, struct ini_section *s,
		       const struct ini_key *key, const char *value)
{
	struct link_section *link = s->object;
	unsigned int percent = 0;
	uint64_t rate = 0;
	int r;

	if (strchr(value, '%'))
		r = parse_percent(d, key, value, &percent);
	else
		r = ini_parse_rate(d, key->name, value, "none", &rate);
	if (r < 0)
		return r;
	link->reserve_percent = percent;
	link->reserve_rate = rate;
	return 0;
}

static int set_egress(struct ini_document *d, struct ini_section *s,
		      const struct ini_key *key, const char *value)
{
	static const char *const names[] = {"police", "queue", NULL};
	struct link_section *link = s->object;
	size_t i;
	int r = ini_parse_choice(d, key->name, value, names, &i);

	if (r == 0)
		link->egress = (enum link_egress)i;
	return r;
}

static int parse_prefixes(struct ini_document *d, const struct ini_key *key,
			  const struct policy_strings *list, struct prefix *prefixes)
{
	char shown[INI_WORD_STRLEN];

	for (size_t i = 0; i < list->count; i++)
		if (prefix_parse(list->items[i], &prefixes[i]) < 0)
			return ini_fail(d, key->name,
					"'%s' is not a network, or has host bits set; "
					"expected e.g. 10.0.0.0/8, fd00::/8 or none",
					ini_word(list->items[i], shown));
	return 0;
}

static int set_trusted(struct ini_document *d, struct ini_section *s,
		       const struct ini_key *key, const char *value)
{
	struct link_section *link = s->object;
	struct policy_strings list = {0};
	struct prefix *prefixes = NULL;
	int r;

	if (strcmp(value, "none") != 0) {
		r = ini_parse_list(d, key->name, value, &list);
		if (r < 0)
			return r;
		if (list.count > PLAN_TRUSTED_MAX)
			return ini_fail(d, key->name,
					"more than %d networks; join some",
					PLAN_TRUSTED_MAX);
		prefixes = pool_alloc_array(d->pool, list.count, sizeof(*prefixes));
		if (!prefixes)
			return -ENOMEM;
		r = parse_prefixes(d, key, &list, prefixes);
		if (r < 0)
			return r;
	}
	link->trusted = prefixes;
	link->trusted_count = list.count;
	return 0;
}

#define CAPACITY(key, member, otherwise)                                               \
	{                                                                              \
		.name = key, .set = set_capacity,                                      \
		.offset = offsetof(struct link_section, member), .fallback = otherwise \
	}

const struct ini_key policy_link_keys[POLICY_LINK_KEYS] = {
	CAPACITY("capacity", capacity, "auto"),
	CAPACITY("capacity_up", capacity_up, NULL),
	CAPACITY("capacity_down", capacity_down, NULL),
	{.name = "reserve", .set = set_reserve, .fallback = "none"},
	{.name = "egress", .set = set_egress, .fallback = "police"},
	{.name = "trusted", .set = set_trusted, .fallback = "none"},
};

void policy_fill_link(const struct link_section *link, struct policy *p)
{
	p->capacity[DIRECTION_OUT] =
		link->capacity_up ? link->capacity_up : link->capacity;
	p->capacity[DIRECTION_IN] =
		link->capacity_down ? link->capacity_down : link->capacity;
	p->reserve_percent = link->reserve_percent;
	p->reserve_rate = link->reserve_rate;
	p->egress = link->egress;
	p->trusted = link->trusted;
	p->trusted_count = link->trusted_count;
}
