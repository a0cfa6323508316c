/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a new policy comes into force: read, probed, applied, probed again, and kept or
 * rolled back. core/trial.c decides, the store has the policies, the prober looks.
 */
#include "agent_private.h"
#include "base/text.h"
#include "ctl/report_json.h"
#include "kernel/prober.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* At the start nothing else waits: so long for what works before. */
#define START_PATIENCE_MS 2500
/* A prober that has not answered by then is no prober any more. */
#define PROBER_PATIENCE_NS (5 * SECOND_NS)

static const struct policy *tried_policy(const struct agent *a)
{
	const struct policy *candidate = policy_store_candidate(a->policies);

	return candidate ? candidate : policy_store_policy(a->policies);
}

bool trial_is_on(const struct agent *a)
{
	return a->trial.machine.phase != TRIAL_IDLE;
}

/* A pause holds it before anything of it can be seen: another may take its place. */
static bool is_open(const struct agent *a)
{
	return !trial_is_on(a) ||
	       (a->trial.machine.phase == TRIAL_APPLYING && pause_is_on(a));
}

static void end_with(struct agent *a, enum trial_outcome outcome, const char *reason)
{
	a->trial.outcome = outcome;
	snprintf(a->trial.reason, sizeof(a->trial.reason), "%.*s",
		 (int)sizeof(a->trial.reason) - 1, reason);
}

/* --- the prober ----------------------------------------------------------------------
 */

static void lose_prober(struct agent *a, const char *why)
{
	log_error("probe", "the prober is gone: %s; policies are applied without it",
		  why);
	sd_event_source_disable_unref(a->trial.probing);
	a->trial.probing = NULL;
	prober_stop(a->options.prober);
	a->options.prober = NULL;
	trial_blinded(&a->trial.machine);
}

static void start_round(struct agent *a)
{
	const struct policy *p = tried_policy(a);
	int r = prober_begin(a->options.prober, p->probes, p->probe_count);

	if (r < 0)
		lose_prober(a, strerror(-r));
}

static int on_prober(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct agent *a = context;
	uint32_t works;
	int r = prober_read(a->options.prober, &works);

	(void)source;
	(void)fd;
	(void)events;
	if (r < 0)
		lose_prober(a, strerror(-r));
	else if (r > 0)
		trial_probed(&a->trial.machine, works, agent_now());
	if (r != 0)
		trial_go_on(a);
	return 0;
}

/* --- what becomes of it
 * --------------------------------------------------------------- */

static void describe_failed(const struct agent *a, char *buf, size_t size)
{
	const struct policy *p = policy_store_policy(a->policies);
	char text[PROBE_STRLEN];
	size_t used = 0;

	for (size_t i = 0; i < p->probe_count && used < size; i++)
		if (a->trial.machine.failed & (UINT32_C(1) << i))
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
						 used ? ", " : "",
						 probe_describe(&p->probes[i], text));
}

static void describe_reason(const struct agent *a, char *buf, size_t size)
{
	char failed[160] = "";

	switch (a->trial.machine.reason) {
	case TRIAL_REASON_PROBES:
		describe_failed(a, failed, sizeof(failed));
		snprintf(buf, size, "worked before, and no more: %s", failed);
		break;
	case TRIAL_REASON_UNCONFIRMED:
		snprintf(buf, size, "nobody confirmed it in time");
		break;
	case TRIAL_REASON_KERNEL:
		snprintf(buf, size, "the kernel did not take it: %.150s",
			 a->enforce.error);
		break;
	case TRIAL_REASON_PERSON:
		snprintf(buf, size, "%s took it back", a->trial.by);
		break;
	case TRIAL_REASON_NONE:
		*buf = '\0';
	}
}

static void describe(const struct agent *a, const char *reason, char *buf, size_t size)
{
	char files[128], escaped[192];

	policy_store_changed_files(a->policies, files, sizeof(files));
	snprintf(buf, size, "%s: rolled back: %s",
		 text_escape(files, escaped, sizeof(escaped)), reason);
}

static void tell_rolled_back(struct agent *a, const char *text)
{
	unsigned int generation = policy_store_state(a->policies)->generation;

	chronicle_say_take(a, EVENT_POLICY_ROLLED_BACK,
			   json_pack("{s:i, s:o}", "generation", (int)generation, "by",
				     report_text(a->trial.by)),
			   "%s; generation %u is in force", text, generation);
}

/* What stands in the log, in status and beside the fingerprint on the disk. */
static void refuse(struct agent *a, const char *reason,
		   void (*act)(struct policy_store *, const char *))
{
	char text[384];

	describe(a, reason, text, sizeof(text));
	act(a->policies, text);
	end_with(a, TRIAL_ROLLED_BACK, text);
	tell_rolled_back(a, text);
}

static void roll_back(struct agent *a)
{
	char reason[256];

	describe_reason(a, reason, sizeof(reason));
	refuse(a, reason, policy_store_roll_back);
	a->enforce.retry_ns = 0; /* at once, whatever went wrong before */
	enforce_update(a, agent_now());
}

static void keep(struct agent *a)
{
	const char *how = a->trial.machine.worked ? "what worked before still works"
						  : "nothing could be probed";

	policy_store_keep(a->policies);
	end_with(a, TRIAL_KEPT, how);
	log_info("policy", "generation %u is kept: %s",
		 policy_store_state(a->policies)->generation, how);
	enforce_update(a, agent_now()); /* remembers it */
}

/* Puts it into the kernel. In a pause there is nothing to be seen of it yet. */
static void apply(struct agent *a)
{
	bool was_installed = a->enforce.is_installed;
	int r;

	policy_store_try(a->policies);
	r = enforce_update(a, agent_now());
	if (pause_is_on(a) || (a->nft && r == -EAGAIN))
		return;
	/* A kernel that took none before is not this one's fault. */
	if (r < 0 && a->nft && !was_installed)
		return;
	trial_applied(&a->trial.machine, r == 0 || !a->nft, agent_now());
}

static void watch_clock(struct agent *a)
{
	uint64_t next = trial_next_ns(&a->trial.machine);

	if (!a->trial.timer)
		return;
	if (next)
		sd_event_source_set_time(a->trial.timer, next / 1000 + 1);
	sd_event_source_set_enabled(a->trial.timer,
				    next ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static bool is_overdue(const struct agent *a, uint64_t now)
{
	return a->trial.machine.is_probing &&
	       now - a->trial.machine.round_ns > PROBER_PATIENCE_NS;
}

void trial_go_on(struct agent *a)
{
	enum trial_phase before;
	enum trial_order order;

	if (is_overdue(a, agent_now()))
		lose_prober(a, "it does not answer");
	do {
		before = a->trial.machine.phase;
		order = trial_step(&a->trial.machine, agent_now());
		if (order == TRIAL_PROBE)
			start_round(a);
		else if (order == TRIAL_APPLY)
			apply(a);
		else if (order == TRIAL_KEEP)
			keep(a);
		else if (order == TRIAL_ROLL_BACK)
			roll_back(a);
	} while (before != a->trial.machine.phase && trial_is_on(a));
	watch_clock(a);
}

static int on_clock(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	trial_go_on(context);
	return 0;
}

/* --- beginning -----------------------------------------------------------------------
 */

static void begin(struct agent *a, uint64_t confirm_ns)
{
	bool needs_none = policy_store_is_known_good(a->policies) && !confirm_ns;
	bool has_probes =
		a->options.prober && !needs_none && tried_policy(a)->probe_count > 0;

	a->trial.outcome = TRIAL_UNDECIDED;
	a->trial.reason[0] = '\0';
	trial_begin(&a->trial.machine, has_probes, confirm_ns);
	trial_go_on(a);
}

static void tell_refusal(struct agent *a, const char *what_stays)
{
	const struct policy_store_state *s = policy_store_state(a->policies);
	char text[1024];

	policy_error_format(&s->error, text, sizeof(text));
	chronicle_say_take(
		a, EVENT_POLICY_REFUSED,
		json_pack("{s:o, s:I, s:o}", "file", report_text(s->error.file), "line",
			  (json_int_t)s->error.line, "by", report_text(a->trial.by)),
		"%s; %s in force", text, what_stays);
}

/* After files were read. */
static void take_read(struct agent *a, uint64_t confirm_ns)
{
	char text[1024];

	if (policy_store_candidate(a->policies)) {
		begin(a, confirm_ns);
		return;
	}
	policy_error_format(&policy_store_state(a->policies)->error, text,
			    sizeof(text));
	end_with(a, TRIAL_INVALID, text);
	tell_refusal(a, "the policy before stays");
}

void trial_load(struct agent *a, const char *by, uint64_t confirm_ns)
{
	a->trial.number++;
	snprintf(a->trial.by, sizeof(a->trial.by), "%s", by);
	a->trial.is_wanted = !is_open(a);
	a->trial.hold_ns = 0;
	if (a->trial.is_wanted) {
		a->trial.wanted_confirm_ns = confirm_ns;
		return;
	}
	policy_store_read(a->policies, true);
	take_read(a, confirm_ns);
}

void trial_poll(struct agent *a, uint64_t now_ns)
{
	trial_go_on(a);
	if (!is_open(a))
		return;
	if (a->trial.is_wanted) {
		a->trial.is_wanted = false;
		policy_store_read(a->policies, true);
		take_read(a, a->trial.wanted_confirm_ns);
		return;
	}
	if (now_ns < a->trial.hold_ns || !policy_store_poll(a->policies))
		return;
	a->trial.number++;
	snprintf(a->trial.by, sizeof(a->trial.by), "changed files");
	take_read(a, 0);
}

void trial_hold(struct agent *a, uint64_t seconds)
{
	a->trial.hold_ns = seconds ? agent_now() + seconds * SECOND_NS : 0;
}

static int go_back(struct agent *a, const char *reason)
{
	char text[384];
	int r;

	describe(a, reason, text, sizeof(text));
	r = policy_store_go_back(a->policies, text);
	if (r < 0)
		return r;
	end_with(a, TRIAL_ROLLED_BACK, text);
	tell_rolled_back(a, text);
	enforce_update(a, agent_now());
	return 0;
}

int trial_end(struct agent *a, const char *by)
{
	char reason[128];

	if (trial_is_on(a)) {
		snprintf(a->trial.by, sizeof(a->trial.by), "%s", by);
		trial_give_up(&a->trial.machine);
		trial_go_on(a);
		return 0;
	}
	snprintf(reason, sizeof(reason), "%s took it back", by);
	return go_back(a, reason);
}

/* --- start and end
 * --------------------------------------------------------------------- */

/* What works before the first rules are there; nothing else waits for it. */
static void wait_for_prober(struct agent *a)
{
	struct pollfd p = {.events = POLLIN};
	uint64_t end = agent_now() + START_PATIENCE_MS * MILLISECOND_NS;

	while (a->trial.machine.phase == TRIAL_BEFORE) {
		uint64_t now = agent_now();
		int left = now < end ? (int)((end - now) / MILLISECOND_NS) : 0;

		p.fd = prober_fd(a->options.prober);
		if (left == 0 || poll(&p, 1, left) <= 0) {
			trial_blinded(&a->trial.machine);
			trial_go_on(a);
			return;
		}
		on_prober(NULL, p.fd, 0, a);
	}
}

void trial_start(struct agent *a)
{
	a->trial.number++;
	snprintf(a->trial.by, sizeof(a->trial.by), "the start");
	policy_store_read(a->policies, false);
	if (!policy_store_candidate(a->policies)) {
		take_read(a, 0);
		enforce_update(a, agent_now());
		return;
	}
	begin(a, 0);
	wait_for_prober(a);
}

int trial_open(struct agent *a)
{
	int r = sd_event_add_time(a->event, &a->trial.timer, CLOCK_BOOTTIME, 0, 10000,
				  on_clock, a);

	if (r >= 0)
		r = sd_event_source_set_enabled(a->trial.timer, SD_EVENT_OFF);
	if (r >= 0 && a->options.prober)
		r = sd_event_add_io(a->event, &a->trial.probing,
				    prober_fd(a->options.prober), EPOLLIN, on_prober,
				    a);
	watch_clock(a);
	return r < 0 ? r : 0;
}

void trial_stop(struct agent *a)
{
	if (!trial_is_on(a))
		return;
	/* What somebody had to confirm was not; else it was only in the way. */
	if (a->trial.machine.confirm_ns)
		refuse(a, "the agent ended before it was confirmed",
		       policy_store_roll_back);
	else
		policy_store_put_off(a->policies);
}

void trial_close(struct agent *a)
{
	sd_event_source_disable_unref(a->trial.probing);
	sd_event_source_disable_unref(a->trial.timer);
	prober_stop(a->options.prober);
}
