/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy_ini_probe.h"
#include <errno.h>
#include <string.h>

/* Documentation addresses (RFC 5737, RFC 3849): the way to them is the default route.
 * A route is only looked up, nothing is sent. */
static const char *const default_routes[] = {"192.0.2.1", "2001:db8::1"};
#define DEFAULT_ROUTES (sizeof(default_routes) / sizeof(*default_routes))

static void set_auto(struct probe_list *list, enum probe_kind kind)
{
	list->count = kind == PROBE_ROUTE ? DEFAULT_ROUTES : kind == PROBE_DNS ? 1 : 0;
	for (size_t i = 0; i < list->count; i++) {
		list->items[i] = (struct probe){.kind = kind, .name = "."};
		if (kind == PROBE_ROUTE)
			addr_parse(default_routes[i], &list->items[i].addr);
	}
}

static int parse_item(struct ini_document *d, const struct ini_key *key,
		      const char *item, struct probe *probe)
{
	char shown[INI_WORD_STRLEN];

	ini_word(item, shown);
	switch (probe->kind) {
	case PROBE_ROUTE:
		if (addr_parse(item, &probe->addr) < 0)
			return ini_fail(d, key->name,
					"'%s' is not an address; expected e.g. "
					"192.0.2.1, auto or none",
					shown);
		return 0;
	case PROBE_DNS:
		if (!probe_is_name(item))
			return ini_fail(d, key->name,
					"'%s' is not a name; expected e.g. "
					"www.example.org, auto or none",
					shown);
		probe->name = item;
		return 0;
	default:
		if (probe_parse_endpoint(item, &probe->addr, &probe->port) < 0)
			return ini_fail(d, key->name,
					"'%s' is not an address and a port; expected "
					"e.g. 192.0.2.1:443, [2001:db8::1]:443 or none",
					shown);
		return 0;
	}
}

static int set_probes(struct ini_document *d, struct ini_section *s,
		      const struct ini_key *key, const char *value)
{
	struct probe_section *section = s->object;
	struct probe_list list = {.is_set = true};
	struct policy_strings items = {0};
	enum probe_kind kind = (enum probe_kind)key->id;
	int r = 0;

	if (strcmp(value, "auto") == 0 && kind != PROBE_TCP)
		set_auto(&list, kind);
	else if (strcmp(value, "none") != 0)
		r = ini_parse_list(d, key->name, value, &items);
	if (r < 0)
		return r;
	if (items.count > PROBES_OF_KIND_MAX)
		return ini_fail(d, key->name, "more than %d probes; leave some out",
				PROBES_OF_KIND_MAX);
	for (size_t i = 0; i < items.count; i++) {
		list.items[i].kind = kind;
		r = parse_item(d, key, items.items[i], &list.items[i]);
		if (r < 0)
			return r;
		list.count++;
	}
	section->kinds[kind] = list;
	return 0;
}

const struct ini_key policy_probe_keys[POLICY_PROBE_KEYS] = {
	{.name = "route", .set = set_probes, .id = PROBE_ROUTE, .fallback = "auto"},
	{.name = "dns", .set = set_probes, .id = PROBE_DNS, .fallback = "auto"},
	{.name = "tcp", .set = set_probes, .id = PROBE_TCP, .fallback = "none"},
};

int policy_fill_probes(const struct ini_document *d, const struct ini_section *s,
		       struct policy *p)
{
	struct probe_section section = {0};

	if (s)
		section = *(const struct probe_section *)s->object;
	p->probes = pool_alloc_array(d->pool, PROBES_MAX, sizeof(*p->probes));
	if (!p->probes)
		return -ENOMEM;
	for (enum probe_kind kind = 0; kind < PROBE_KIND_COUNT; kind++) {
		struct probe_list *list = &section.kinds[kind];

		if (!list->is_set)
			set_auto(list, kind);
		memcpy(p->probes + p->probe_count, list->items,
		       list->count * sizeof(*list->items));
		p->probe_count += list->count;
	}
	return 0;
}
