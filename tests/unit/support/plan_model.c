/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_model.h"
#include "core/queue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct model_limit {
	uint64_t rate; /* 0: no such object */
	bool legs_only;
};

struct model {
	bool exists;
	struct mark_layout layout;
	bool is_owned;
	unsigned int levels; /* that have a marking rule */
	bool has_counters[APP_NUMBER_COUNT];
	char comment[APP_NUMBER_COUNT][64];
	struct model_limit limit[APP_NUMBER_COUNT][2][DIRECTION_COUNT];
	bool is_cutting, is_holding; /* has the rules for it */
	bool is_masquerading, symmetric_nat[APP_NUMBER_COUNT];
	bool has_refused[APP_NUMBER_COUNT], cuts[APP_NUMBER_COUNT][CUT_COUNT];
	bool has_quota_chains;
	struct plan_quota quotas[APP_NUMBER_COUNT];
	struct plan entries; /* its ports, cgroups and guests */
	bool is_forwarding;  /* has the chain for it */
	struct prefix trusted[PLAN_TRUSTED_MAX];
	size_t trusted_count;
	uint32_t priority[APP_NUMBER_COUNT][2]; /* own, legs */
	uint32_t uplinks[PLAN_UPLINKS_MAX];
	size_t uplink_count;
	bool is_guarding; /* has the rules for it */
	bool has_guard[APP_NUMBER_COUNT], guards_legs[APP_NUMBER_COUNT];
};

struct model *model_new(void)
{
	struct model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	return m;
}

void model_free(struct model *m)
{
	plan_done(&m->entries);
	free(m);
}

static void model_create(struct model *m, const struct plan *wanted)
{
	plan_done(&m->entries);
	memset(m, 0, sizeof(*m));
	m->exists = true;
	m->layout = wanted->layout;
	m->is_owned = wanted->is_owned;
	m->levels = plan_cgroup_levels(wanted);
	m->is_cutting = plan_is_cutting(wanted);
	m->is_holding = plan_is_holding(wanted);
	m->has_quota_chains = plan_has_quotas(wanted);
}

/* What is removed has to be named as it is there. */
static void model_quota(struct model *m, const struct plan_step *s)
{
	struct plan_quota *q = &m->quotas[s->number];

	if (s->kind == STEP_QUOTA_ADD) {
		assert_int_equal(q->bytes, 0);
		assert_true(s->quota.bytes > 0);
		*q = s->quota;
		return;
	}
	assert_int_equal(q->bytes, s->quota.bytes);
	assert_int_equal(q->action, s->quota.action);
	assert_memory_equal(q->rate, s->quota.rate, sizeof(q->rate));
	*q = (struct plan_quota){0};
}

static void model_app(struct model *m, const struct plan *wanted,
		      const struct plan_step *s)
{
	bool is_add = s->kind == STEP_APP_ADD;

	assert_true(m->has_counters[s->number] != is_add);
	m->has_counters[s->number] = is_add;
	memset(m->comment[s->number], 0, sizeof(m->comment[0]));
	if (is_add)
		strcpy(m->comment[s->number], wanted->apps[s->number].comment);
}

static void model_limit(struct model *m, const struct plan_step *s)
{
	struct model_limit *l = &m->limit[s->number][s->is_relay_limit][s->direction];

	if (s->kind == STEP_LIMIT_ADD) {
		assert_int_equal(l->rate, 0);
		assert_int_not_equal(s->rate, 0);
		*l = (struct model_limit){s->rate, s->legs_only};
		return;
	}
	assert_int_not_equal(l->rate, 0);
	/* Its elements are found by what they cover. */
	assert_int_equal(l->legs_only, s->legs_only);
	*l = (struct model_limit){0};
}

/* A counter in use can't go, and none that is missing can be used. */
static void model_refused(struct model *m, const struct plan_step *s)
{
	bool is_add = s->kind == STEP_REFUSED_ADD;

	assert_true(m->has_refused[s->number] != is_add);
	for (int i = 0; i < CUT_COUNT; i++)
		assert_false(m->cuts[s->number][i]);
	m->has_refused[s->number] = is_add;
}

static void model_cut(struct model *m, const struct plan_step *s)
{
	bool is_add = s->kind == STEP_CUT_ADD;

	assert_true(m->cuts[s->number][s->cut] != is_add);
	assert_true(m->has_refused[s->number]);
	m->cuts[s->number][s->cut] = is_add;
}

static void model_port(struct model *m, const struct plan_step *s)
{
	struct plan *e = &m->entries;
	size_t at = 0;

	while (at < e->port_count && (e->ports[at].proto != s->port.proto ||
				      e->ports[at].port != s->port.port))
		at++;
	if (s->kind == STEP_PORT_ADD) {
		assert_int_equal(at, e->port_count);
		assert_int_equal(
			plan_set_port(e, s->port.proto, s->port.port, s->port.number),
			0);
		return;
	}
	assert_true(at < e->port_count);
	memmove(&e->ports[at], &e->ports[at + 1],
		(e->port_count - at - 1) * sizeof(*e->ports));
	e->port_count--;
}

static void model_cgroup(struct model *m, const struct plan_step *s)
{
	struct plan *e = &m->entries;
	size_t at = 0;

	while (at < e->cgroup_count && (e->cgroups[at].id != s->cgroup.id ||
					e->cgroups[at].level != s->cgroup.level))
		at++;
	if (s->kind == STEP_CGROUP_ADD) {
		assert_int_equal(at, e->cgroup_count);
		assert_int_equal(plan_set_cgroup(e, s->cgroup.id, s->cgroup.level,
						 s->cgroup.number),
				 0);
		return;
	}
	assert_true(at < e->cgroup_count);
	memmove(&e->cgroups[at], &e->cgroups[at + 1],
		(e->cgroup_count - at - 1) * sizeof(*e->cgroups));
	e->cgroup_count--;
}

static void model_guest(struct model *m, const struct plan_step *s)
{
	struct plan *e = &m->entries;
	size_t at = 0;

	while (at < e->guest_count && !addr_equal(&e->guests[at].addr, &s->guest.addr))
		at++;
	if (s->kind == STEP_GUEST_ADD) {
		assert_int_equal(at, e->guest_count);
		assert_int_equal(plan_set_guest(e, &s->guest.addr, s->guest.number), 0);
		return;
	}
	assert_true(at < e->guest_count);
	memmove(&e->guests[at], &e->guests[at + 1],
		(e->guest_count - at - 1) * sizeof(*e->guests));
	e->guest_count--;
}

static void model_trusted(struct model *m, const struct plan *wanted)
{
	m->trusted_count = wanted->trusted_count;
	for (size_t i = 0; i < wanted->trusted_count; i++)
		m->trusted[i] = wanted->trusted[i];
}

static void model_class(struct model *m, const struct plan_step *s)
{
	uint32_t *priority = &m->priority[s->number][s->is_leg];

	assert_int_not_equal(s->priority, 0);
	assert_int_equal(*priority, s->kind == STEP_CLASS_ADD ? 0 : s->priority);
	*priority = s->kind == STEP_CLASS_ADD ? s->priority : 0;
}

static void model_guard(struct model *m, const struct plan_step *s)
{
	bool is_add = s->kind == STEP_GUARD_ADD;

	assert_true(m->has_guard[s->number] != is_add);
	/* Its elements are found by what they cover. */
	assert_true(is_add || m->guards_legs[s->number] == s->legs_only);
	m->has_guard[s->number] = is_add;
	m->guards_legs[s->number] = s->legs_only;
}

static void model_shaping(struct model *m, const struct plan *wanted)
{
	m->is_guarding = plan_is_guarding(wanted);
	m->uplink_count = wanted->uplink_count;
	memcpy(m->uplinks, wanted->uplinks, sizeof(m->uplinks));
}

void model_apply(struct model *m, const struct plan *wanted,
		 const struct plan_steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct plan_step *s = &steps->items[i];

		assert_true(m->exists || s->kind == STEP_CREATE);
		switch (s->kind) {
		case STEP_CREATE:
			model_create(m, wanted);
			break;
		case STEP_APP_ADD:
		case STEP_APP_REMOVE:
			model_app(m, wanted, s);
			break;
		case STEP_LIMIT_ADD:
		case STEP_LIMIT_REMOVE:
			model_limit(m, s);
			break;
		case STEP_REFUSED_ADD:
		case STEP_REFUSED_REMOVE:
			model_refused(m, s);
			break;
		case STEP_CUT_ADD:
		case STEP_CUT_REMOVE:
			model_cut(m, s);
			break;
		case STEP_QUOTA_ADD:
		case STEP_QUOTA_REMOVE:
			model_quota(m, s);
			break;
		case STEP_QUOTAS_SET:
			assert_true(m->has_quota_chains != plan_has_quotas(wanted));
			m->has_quota_chains = plan_has_quotas(wanted);
			break;
		case STEP_PORT_ADD:
		case STEP_PORT_REMOVE:
			model_port(m, s);
			break;
		case STEP_CGROUP_ADD:
		case STEP_CGROUP_REMOVE:
			model_cgroup(m, s);
			break;
		case STEP_GUEST_ADD:
		case STEP_GUEST_REMOVE:
			model_guest(m, s);
			break;
		case STEP_NAT_ADD:
		case STEP_NAT_REMOVE:
			assert_int_equal(m->is_masquerading,
					 s->kind == STEP_NAT_REMOVE);
			m->is_masquerading = s->kind == STEP_NAT_ADD;
			break;
		case STEP_NAT_APP_ADD:
		case STEP_NAT_APP_REMOVE:
			assert_int_equal(m->symmetric_nat[s->number],
					 s->kind == STEP_NAT_APP_REMOVE);
			m->symmetric_nat[s->number] = s->kind == STEP_NAT_APP_ADD;
			break;
		case STEP_FORWARD_ADD:
		case STEP_FORWARD_REMOVE:
			assert_int_equal(m->is_forwarding,
					 s->kind == STEP_FORWARD_REMOVE);
			m->is_forwarding = !m->is_forwarding;
			break;
		case STEP_TRUSTED_SET:
			model_trusted(m, wanted);
			break;
		case STEP_LEVELS_SET:
			m->levels = plan_cgroup_levels(wanted);
			break;
		case STEP_CUTTING_SET:
			m->is_cutting = plan_is_cutting(wanted);
			m->is_holding = plan_is_holding(wanted);
			break;
		case STEP_CLASS_ADD:
		case STEP_CLASS_REMOVE:
			model_class(m, s);
			break;
		case STEP_GUARD_ADD:
		case STEP_GUARD_REMOVE:
			model_guard(m, s);
			break;
		case STEP_SHAPING_SET:
			model_shaping(m, wanted);
			break;
		}
	}
}

static void assert_is_guarded(const struct model *m, const struct plan *wanted,
			      size_t number)
{
	const struct plan_app *a = &wanted->apps[number];

	assert_int_equal(m->has_guard[number], a->is_present && a->is_guarded);
	if (m->has_guard[number])
		assert_int_equal(m->guards_legs[number], a->relay_legs_only);
}

static void assert_is_queued(const struct model *m, const struct plan *wanted,
			     size_t number)
{
	for (int i = 0; i < 2; i++)
		assert_int_equal(m->priority[number][i],
				 wanted->uplink_count
					 ? queue_priority(&wanted->apps[number],
							  (uint8_t)number, i)
					 : 0);
}

static void assert_is_installed_app(const struct model *m, const struct plan *wanted,
				    size_t number)
{
	const struct plan_app *a = &wanted->apps[number];

	assert_int_equal(m->has_counters[number], a->is_present);
	if (a->is_present)
		assert_string_equal(m->comment[number], a->comment);
	assert_int_equal(m->has_refused[number], plan_app_is_cut(a));
	assert_int_equal(m->quotas[number].bytes, a->is_present ? a->quota.bytes : 0);
	if (m->quotas[number].bytes)
		assert_int_equal(m->quotas[number].serial, a->quota.serial);
	for (int i = 0; i < CUT_COUNT; i++)
		assert_int_equal(m->cuts[number][i],
				 a->is_present && i != CUT_LEGS && a->cuts[i]);
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		const struct model_limit *relay = &m->limit[number][1][d];

		assert_int_equal(m->limit[number][0][d].rate,
				 a->is_present ? a->rate[d] : 0);
		assert_int_equal(relay->rate, a->is_present ? a->relay_rate[d] : 0);
		if (relay->rate)
			assert_int_equal(relay->legs_only, a->relay_legs_only);
	}
}

void model_assert_installed(const struct model *m, const struct plan *wanted)
{
	assert_true(m->exists);
	assert_int_equal(m->is_owned, wanted->is_owned);
	assert_int_equal(m->layout.mask, wanted->layout.mask);
	assert_int_equal(m->levels, plan_cgroup_levels(wanted));
	assert_int_equal(m->is_cutting, plan_is_cutting(wanted));
	assert_int_equal(m->is_holding, plan_is_holding(wanted));
	assert_int_equal(m->has_quota_chains, plan_has_quotas(wanted));
	assert_int_equal(m->is_masquerading, plan_is_masquerading(wanted));
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		assert_int_equal(m->symmetric_nat[i],
				 wanted->apps[i].is_present &&
					 wanted->apps[i].symmetric_nat);
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		assert_is_installed_app(m, wanted, i);
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		assert_is_queued(m, wanted, i);
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		assert_is_guarded(m, wanted, i);
	assert_int_equal(m->is_guarding, plan_is_guarding(wanted));
	assert_int_equal(m->uplink_count, wanted->uplink_count);
	assert_memory_equal(m->uplinks, wanted->uplinks,
			    m->uplink_count * sizeof(m->uplinks[0]));
	assert_int_equal(m->entries.port_count, wanted->port_count);
	for (size_t i = 0; i < wanted->port_count; i++) {
		assert_int_equal(m->entries.ports[i].proto, wanted->ports[i].proto);
		assert_int_equal(m->entries.ports[i].port, wanted->ports[i].port);
		assert_int_equal(m->entries.ports[i].number, wanted->ports[i].number);
	}
	assert_int_equal(m->entries.cgroup_count, wanted->cgroup_count);
	for (size_t i = 0; i < wanted->cgroup_count; i++) {
		assert_int_equal(m->entries.cgroups[i].id, wanted->cgroups[i].id);
		assert_int_equal(m->entries.cgroups[i].number,
				 wanted->cgroups[i].number);
	}
	assert_int_equal(m->is_forwarding, wanted->guest_count > 0);
	assert_int_equal(m->entries.guest_count, wanted->guest_count);
	for (size_t i = 0; i < wanted->guest_count; i++) {
		assert_true(addr_equal(&m->entries.guests[i].addr,
				       &wanted->guests[i].addr));
		assert_int_equal(m->entries.guests[i].number, wanted->guests[i].number);
	}
	assert_int_equal(m->trusted_count, wanted->trusted_count);
	for (size_t i = 0; i < wanted->trusted_count; i++)
		assert_true(addr_equal(&m->trusted[i].addr, &wanted->trusted[i].addr));
}
