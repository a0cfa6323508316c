/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/plan.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void plan_init(struct plan *p)
{
	memset(p, 0, sizeof(*p));
}

void plan_done(struct plan *p)
{
	free(p->ports);
	free(p->cgroups);
	free(p->guests);
	free(p->trusted);
	plan_init(p);
}

/* NULL for an empty array, which is no failure. */
static void *array_copy(const void *items, size_t count, size_t size)
{
	void *copy;

	if (!count)
		return NULL;
	copy = malloc(count * size);
	if (copy)
		memcpy(copy, items, count * size);
	return copy;
}

int plan_copy(const struct plan *from, struct plan *ret_to)
{
	struct plan copy = *from;

	copy.ports = array_copy(from->ports, from->port_count, sizeof(*from->ports));
	copy.cgroups =
		array_copy(from->cgroups, from->cgroup_count, sizeof(*from->cgroups));
	copy.guests =
		array_copy(from->guests, from->guest_count, sizeof(*from->guests));
	copy.trusted =
		array_copy(from->trusted, from->trusted_count, sizeof(*from->trusted));
	if ((from->port_count && !copy.ports) ||
	    (from->cgroup_count && !copy.cgroups) ||
	    (from->guest_count && !copy.guests) ||
	    (from->trusted_count && !copy.trusted)) {
		plan_done(&copy);
		return -ENOMEM;
	}
	*ret_to = copy;
	return 0;
}

/* The array with room for one more at index `at`, or NULL and the old one unchanged. */
static void *array_open(void *items, size_t count, size_t size, size_t at)
{
	char *grown = realloc(items, (count + 1) * size);

	if (grown)
		memmove(grown + (at + 1) * size, grown + at * size,
			(count - at) * size);
	return grown;
}

static int port_compare(const struct plan_port *a, const struct plan_port *b)
{
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	return (a->port > b->port) - (a->port < b->port);
}

static int cgroup_compare(const struct plan_cgroup *a, const struct plan_cgroup *b)
{
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

/* Index of the first entry that is not before `key`. */
static size_t port_position(const struct plan *p, const struct plan_port *key)
{
	size_t low = 0, high = p->port_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (port_compare(&p->ports[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t cgroup_position(const struct plan *p, const struct plan_cgroup *key)
{
	size_t low = 0, high = p->cgroup_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cgroup_compare(&p->cgroups[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct plan_port *plan_find_port(const struct plan *p,
				       const struct plan_port *key)
{
	size_t at = port_position(p, key);

	if (at < p->port_count && port_compare(&p->ports[at], key) == 0)
		return &p->ports[at];
	return NULL;
}

const struct plan_cgroup *plan_find_cgroup(const struct plan *p,
					   const struct plan_cgroup *key)
{
	size_t at = cgroup_position(p, key);

	if (at < p->cgroup_count && cgroup_compare(&p->cgroups[at], key) == 0)
		return &p->cgroups[at];
	return NULL;
}

int plan_set_port(struct plan *p, uint8_t proto, uint16_t port, uint8_t number)
{
	struct plan_port entry = {.proto = proto, .number = number, .port = port};
	size_t at = port_position(p, &entry);
	struct plan_port *grown;

	if (at < p->port_count && port_compare(&p->ports[at], &entry) == 0) {
		p->ports[at].number = number;
		return 0;
	}
	if (p->port_count >= PLAN_PORTS_MAX)
		return -ENOSPC;
	grown = array_open(p->ports, p->port_count, sizeof(*grown), at);
	if (!grown)
		return -ENOMEM;
	grown[at] = entry;
	p->ports = grown;
	p->port_count++;
	return 0;
}

int plan_set_cgroup(struct plan *p, uint64_t id, unsigned int level, uint8_t number)
{
	struct plan_cgroup entry = {.id = id, .level = level, .number = number};
	size_t at = cgroup_position(p, &entry);
	struct plan_cgroup *grown;

	if (level < 1 || level > PLAN_CGROUP_LEVEL_MAX)
		return -EINVAL;
	if (at < p->cgroup_count && cgroup_compare(&p->cgroups[at], &entry) == 0) {
		p->cgroups[at].number = number;
		return 0;
	}
	if (p->cgroup_count >= PLAN_CGROUPS_MAX)
		return -ENOSPC;
	grown = array_open(p->cgroups, p->cgroup_count, sizeof(*grown), at);
	if (!grown)
		return -ENOMEM;
	grown[at] = entry;
	p->cgroups = grown;
	p->cgroup_count++;
	return 0;
}

/* Index of the first guest that is not before `addr`. */
static size_t guest_position(const struct plan *p, const struct addr *addr)
{
	size_t low = 0, high = p->guest_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(&p->guests[middle].addr, addr, sizeof(*addr)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct plan_guest *plan_find_guest(const struct plan *p, const struct addr *addr)
{
	size_t at = guest_position(p, addr);

	if (at < p->guest_count && addr_equal(&p->guests[at].addr, addr))
		return &p->guests[at];
	return NULL;
}

int plan_set_guest(struct plan *p, const struct addr *addr, uint8_t number)
{
	struct plan_guest entry = {.addr = *addr, .number = number};
	size_t at = guest_position(p, addr);
	struct plan_guest *grown;

	if (at < p->guest_count && addr_equal(&p->guests[at].addr, addr)) {
		p->guests[at].number = number;
		return 0;
	}
	if (p->guest_count >= PLAN_GUESTS_MAX)
		return -ENOSPC;
	grown = array_open(p->guests, p->guest_count, sizeof(*grown), at);
	if (!grown)
		return -ENOMEM;
	grown[at] = entry;
	p->guests = grown;
	p->guest_count++;
	return 0;
}

unsigned int plan_cgroup_levels(const struct plan *p)
{
	unsigned int levels = 0;

	for (size_t i = 0; i < p->cgroup_count; i++)
		levels |= 1u << p->cgroups[i].level;
	return levels;
}

bool plan_app_is_cut(const struct plan_app *a)
{
	return a->is_present && (a->cuts[CUT_LEGS] || a->cuts[CUT_CALLS] ||
				 a->cuts[CUT_ALL] || a->cuts[CUT_PEERS]);
}

bool plan_is_masquerading(const struct plan *p)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (p->apps[i].is_present && p->apps[i].symmetric_nat)
			return true;
	return false;
}

bool plan_is_holding(const struct plan *p)
{
	for (size_t i = 0; p->hold.is_possible && i < APP_NUMBER_COUNT; i++)
		if (p->apps[i].is_present && p->apps[i].cuts[CUT_CALLS])
			return true;
	return false;
}

bool plan_is_cutting(const struct plan *p)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (plan_app_is_cut(&p->apps[i]))
			return true;
	return false;
}

bool plan_is_guarding(const struct plan *p)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (p->apps[i].is_present && p->apps[i].is_guarded)
			return true;
	return false;
}

bool plan_has_quotas(const struct plan *p)
{
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (p->apps[i].is_present && p->apps[i].quota.bytes)
			return true;
	return false;
}
