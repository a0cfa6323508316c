/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/trial.h"

void trial_begin(struct trial *t, bool has_probes, uint64_t confirm_ns)
{
	*t = (struct trial){.phase = has_probes ? TRIAL_BEFORE : TRIAL_APPLYING,
			    .has_probes = has_probes,
			    .confirm_ns = confirm_ns};
}

static bool is_in_kernel(const struct trial *t)
{
	return t->phase == TRIAL_AFTER || t->phase == TRIAL_CONFIRM;
}

void trial_probed(struct trial *t, uint32_t works, uint64_t now_ns)
{
	t->is_probing = false;
	t->next_ns = now_ns + TRIAL_PACE_NS;
	if (t->phase == TRIAL_BEFORE) {
		t->worked = works;
		t->has_probes = works != 0;
		t->phase = TRIAL_APPLYING;
	} else if (is_in_kernel(t)) {
		t->failed = t->worked & ~works;
		if (!t->failed)
			t->failing_ns = 0;
		else if (!t->failing_ns)
			t->failing_ns = now_ns;
	}
}

void trial_blinded(struct trial *t)
{
	t->has_probes = t->is_probing = false;
	t->failed = 0;
	t->failing_ns = 0;
	if (t->phase == TRIAL_BEFORE)
		t->phase = TRIAL_APPLYING;
}

void trial_applied(struct trial *t, bool is_applied, uint64_t now_ns)
{
	if (t->phase != TRIAL_APPLYING)
		return;
	if (!is_applied) {
		t->reason = TRIAL_REASON_KERNEL;
		return;
	}
	t->phase = TRIAL_AFTER;
	t->applied_ns = t->next_ns = now_ns;
}

bool trial_confirm(struct trial *t)
{
	if (t->phase == TRIAL_IDLE || !t->confirm_ns)
		return false;
	t->confirm_ns = 0;
	if (t->phase == TRIAL_CONFIRM)
		t->phase = TRIAL_AFTER;
	return true;
}

bool trial_give_up(struct trial *t)
{
	if (t->phase == TRIAL_IDLE)
		return false;
	t->reason = TRIAL_REASON_PERSON;
	return true;
}

uint64_t trial_confirm_until_ns(const struct trial *t)
{
	return is_in_kernel(t) && t->confirm_ns ? t->applied_ns + t->confirm_ns : 0;
}

static enum trial_reason find_reason(const struct trial *t, uint64_t now_ns)
{
	uint64_t until = trial_confirm_until_ns(t);

	if (t->reason)
		return t->reason;
	if (t->failing_ns && now_ns - t->failing_ns >= TRIAL_PATIENCE_NS)
		return TRIAL_REASON_PROBES;
	return until && now_ns >= until ? TRIAL_REASON_UNCONFIRMED : TRIAL_REASON_NONE;
}

static bool has_passed(const struct trial *t)
{
	return !t->has_probes || (!t->is_probing && !t->failing_ns &&
				  t->round_ns >= t->applied_ns + TRIAL_SETTLE_NS);
}

static enum trial_order end(struct trial *t, enum trial_order order)
{
	t->phase = TRIAL_IDLE;
	t->is_probing = false;
	return order;
}

static enum trial_order probe_if_due(struct trial *t, uint64_t now_ns)
{
	if (!t->has_probes || t->is_probing || now_ns < t->next_ns)
		return TRIAL_WAIT;
	t->is_probing = true;
	t->round_ns = now_ns;
	return TRIAL_PROBE;
}

enum trial_order trial_step(struct trial *t, uint64_t now_ns)
{
	if (t->phase == TRIAL_IDLE)
		return TRIAL_WAIT;
	t->reason = find_reason(t, now_ns);
	if (t->reason)
		return end(t, TRIAL_ROLL_BACK);
	if (t->phase == TRIAL_APPLYING)
		return TRIAL_APPLY;
	if (t->phase == TRIAL_AFTER && has_passed(t)) {
		if (!t->confirm_ns)
			return end(t, TRIAL_KEEP);
		t->phase = TRIAL_CONFIRM;
	}
	return probe_if_due(t, now_ns);
}

uint64_t trial_next_ns(const struct trial *t)
{
	uint64_t next = trial_confirm_until_ns(t);
	uint64_t patience = t->failing_ns ? t->failing_ns + TRIAL_PATIENCE_NS : 0;

	if (t->phase == TRIAL_IDLE)
		return 0;
	if (patience && (!next || patience < next))
		next = patience;
	if (t->has_probes && !t->is_probing && (!next || t->next_ns < next))
		next = t->next_ns;
	return next;
}
