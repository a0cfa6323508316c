/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor.h"
#include "agent_private.h"
#include "core/circuits.h"
#include "kernel/privilege.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A table this full will soon refuse flows. */
#define FILL_DEGRADED_PERCENT 90
/* For so long a change by others is told in the head of status. */
#define TAMPERING_RECENT_NS (300 * SECOND_NS)

/* Adds one line; `advice` is a literal or NULL. What is not ok degrades the agent. */
__attribute__((format(printf, 5, 6))) static void
add(struct doctor *d, const char *name, enum report_state state, const char *advice,
    const char *format, ...)
{
	char *detail = d->details[d->check_count];
	va_list args;

	if (d->check_count == DOCTOR_CHECKS_MAX)
		return;
	va_start(args, format);
	vsnprintf(detail, DOCTOR_TEXT_MAX, format, args);
	va_end(args);
	d->checks[d->check_count++] =
		(struct report_check){name, state, detail, advice};
	if (state == REPORT_DEGRADED || state == REPORT_FAILED)
		d->degraded[d->degraded_count++] = detail;
}

static void examine_policy(const struct agent *a, struct doctor *d)
{
	const struct policy_store_state *s = policy_store_state(a->policies);
	const struct policy *p = policy_store_policy(a->policies);
	char text[DOCTOR_TEXT_MAX];

	if (s->is_ok)
		add(d, "policy", REPORT_OK, NULL,
		    "generation %u, %s mode, %zu sections", s->generation,
		    policy_mode_name(p->mode), p->rule_count);
	else
		add(d, "policy", REPORT_DEGRADED,
		    s->is_refused
			    ? "Correct the file, or try it again: agentctl policy "
			      "apply."
			    : "Correct the file; `agentctl policy check` tests it "
			      "without the agent.",
		    "%s (in force: %s)",
		    policy_error_format(&s->error, text, sizeof(text) / 2),
		    s->is_remembered	? "the last good policy"
		    : s->generation > 0 ? "the policy before it"
					: "the built-in default");
	if (s->save_error < 0)
		add(d, "state", REPORT_DEGRADED,
		    "Make room in it, or give --state-dir.",
		    "the last good policy can't be saved in the state directory %s: %s",
		    a->options.policies.state_dir, strerror(-s->save_error));
	add(d, "catalogue", REPORT_INFO, NULL, "%zu known clients",
	    policy_store_catalogue(a->policies)->count);
}

static void examine_prober(const struct agent *a, struct doctor *d)
{
	if (a->options.prober)
		add(d, "prober", REPORT_OK, NULL, "new policies are probed: %zu probes",
		    policy_store_policy(a->policies)->probe_count);
	else
		add(d, "prober", REPORT_DEGRADED, "Restart the agent.",
		    "no prober: new policies are applied without a look at what works");
}

static void examine_pause(const struct agent *a, struct doctor *d)
{
	if (pause_is_on(a))
		add(d, "pause", REPORT_INFO, "`agentctl resume` ends it.",
		    "enforcement is paused by %s (uid %u, pid %d)", a->pause.user,
		    (unsigned int)a->pause.uid, (int)a->pause.pid);
}

static void examine_conntrack(const struct agent *a, struct doctor *d)
{
	const struct conntrack_stats *s;

	if (!a->conntrack) {
		add(d, "conntrack", REPORT_FAILED,
		    "Use a kernel with CONFIG_NF_CT_NETLINK, or load "
		    "nf_conntrack_netlink.",
		    "no conntrack, nothing is detected: %s",
		    strerror(-a->conntrack_error));
		return;
	}
	s = conntrack_stats(a->conntrack);
	add(d, "conntrack", REPORT_OK, NULL,
	    "%" PRIu64 " events, %" PRIu64 " dumps, %" PRIu64
	    " times events were lost and read anew",
	    s->events, s->dumps, s->lost_events);
	if (s->forwarded)
		add(d, "forwarded", REPORT_INFO, NULL,
		    "%" PRIu64 " entries of forwarded traffic were passed over: of no "
		    "guest that is known",
		    s->forwarded);
	if (s->mark_failures)
		add(d, "marks", REPORT_INFO, NULL,
		    "%" PRIu64 " of %" PRIu64 " marks came too late for their flow",
		    s->mark_failures, s->mark_updates);
}

static void examine_capture(const struct agent *a, struct doctor *d)
{
	if (a->capture)
		add(d, "packets", REPORT_OK, NULL,
		    "headers of a candidate's packets can be looked at");
	else
		add(d, "packets", REPORT_DEGRADED,
		    "Start it as root: CAP_NET_RAW is needed once, to open the socket.",
		    "packets can't be looked at, relays are found later: %s",
		    strerror(-a->capture_error));
}

static void examine_accounting(const struct agent *a, struct doctor *d)
{
	uint64_t count, max;

	if (!a->conntrack)
		return;
	if (conntrack_is_accounting() != 1)
		add(d, "accounting", REPORT_DEGRADED,
		    "Set net.netfilter.nf_conntrack_acct to 1, or restart the agent.",
		    "nf_conntrack_acct is off: the bytes of new flows are not known");
	else if (a->poll.uncounted)
		add(d, "accounting", REPORT_INFO,
		    "They count from their next connection on.",
		    "%" PRIu64
		    " flows are older than nf_conntrack_acct%s: their bytes are "
		    "not known",
		    a->poll.uncounted,
		    a->takeback.footprint.turned_accounting_on
			    ? ", turned on by the agent"
			    : "");
	else
		add(d, "accounting", REPORT_OK, NULL, "nf_conntrack_acct is on%s",
		    a->takeback.footprint.turned_accounting_on
			    ? ", turned on by the agent"
			    : "");
	if (conntrack_read_fill(&count, &max) < 0 || !max)
		return;
	if (count * 100 >= max * FILL_DEGRADED_PERCENT)
		add(d, "conntrack-fill", REPORT_DEGRADED,
		    "Raise net.netfilter.nf_conntrack_max.",
		    "the conntrack table is full: %" PRIu64 " of %" PRIu64
		    " entries; new flows are refused by the kernel",
		    count, max);
	else
		add(d, "conntrack-fill", REPORT_OK, NULL,
		    "%" PRIu64 " of %" PRIu64 " entries", count, max);
}

static void examine_nft(const struct agent *a, struct doctor *d)
{
	const struct nft_features *f;

	if (!a->nft) {
		add(d, "nftables", REPORT_FAILED,
		    "Use a kernel with CONFIG_NF_TABLES_INET.",
		    "no nftables, nothing is metered or limited: %s",
		    strerror(-a->nft_error));
		return;
	}
	f = nft_features(a->nft);
	if (a->enforce.is_installed)
		add(d, "nftables", REPORT_OK, NULL, "table inet %s is in force%s",
		    a->options.table,
		    a->enforce.installed.is_owned ? " and goes with the agent" : "");
	else
		add(d, "nftables", REPORT_DEGRADED,
		    "See the log; the agent tries again by itself.",
		    "the rules are not installed: %s",
		    a->enforce.error[0] ? a->enforce.error : "not tried yet");
	if (!f->has_owner_flag)
		add(d, "nft-owner", REPORT_INFO, NULL,
		    "the kernel has no table owner (5.12): after a crash the rules "
		    "stay until "
		    "the next start");
	if (!f->has_socket_cgroupv2)
		add(d, "nft-cgroup", REPORT_INFO, NULL,
		    "the kernel can't match cgroups (5.13): flows are marked by ports "
		    "and by "
		    "the agent");
	if (!f->has_reject)
		add(d, "nft-reject", REPORT_INFO, NULL,
		    "the kernel has no nft_reject_inet: what promotion = forbid or "
		    "block refuses is dropped without an answer");
}

static void examine_guard(const struct agent *a, struct doctor *d)
{
	const struct guard_side *in = &a->guard.sides[DIRECTION_IN];
	const struct guard_side *out = &a->guard.sides[DIRECTION_OUT];
	char text[6][UNITS_STRLEN];

	if (!policy_is_guarding(policy_store_policy(a->policies)))
		return;
	if (!in->line.capacity || !out->line.capacity) {
		add(d, "guard", REPORT_DEGRADED,
		    "Set capacity, or capacity_up and capacity_down, in [link].",
		    "the interface does not tell its speed: what promoted "
		    "applications take is not held to what others leave");
		return;
	}
	add(d, "guard", REPORT_OK, NULL,
	    "%u promoted applications may take %s down, %s up each; others use %s of "
	    "%s down, %s of %s up",
	    in->count, rate_format(in->level, text[0]),
	    rate_format(out->level, text[1]), rate_format(in->others, text[2]),
	    rate_format(in->line.capacity, text[3]), rate_format(out->others, text[4]),
	    rate_format(out->line.capacity, text[5]));
}

static void add_uplink(struct doctor *d, const struct link_name *name, int error,
		       const char *leaf)
{
	switch (error) {
	case 0:
		add(d, "queue", REPORT_OK, NULL,
		    "what goes out by %s waits in classes of HTB with %s", name->text,
		    leaf);
		return;
	case -EBUSY:
		add(d, "queue", REPORT_DEGRADED,
		    "Remove it with `tc qdisc del`, or set egress = police.",
		    "%s has a qdisc that is not the agent's, which stays: what goes "
		    "out there above its rate is dropped, not queued",
		    name->text);
		return;
	case -ENOENT:
		add(d, "queue", REPORT_DEGRADED,
		    "Load sch_htb, or set egress = police.",
		    "the kernel has no HTB: what goes out by %s above its rate is "
		    "dropped, not queued",
		    name->text);
		return;
	default:
		add(d, "queue", REPORT_DEGRADED, "The agent tries again by itself.",
		    "no queue at %s: %s; what goes out there above its rate is "
		    "dropped",
		    name->text, strerror(-error));
	}
}

/* Nothing to say while nothing is to be queued. */
static void examine_queues(const struct agent *a, struct doctor *d)
{
	bool is_wanted = policy_store_policy(a->policies)->egress == EGRESS_QUEUE;
	const struct shaper_uplink *uplinks;
	struct link_name name;
	size_t count;

	if (!a->shaper) {
		if (is_wanted)
			add(d, "queue", REPORT_DEGRADED, "See the log.",
			    "nothing can be queued, it is dropped instead: %s",
			    strerror(-a->shaper_error));
		return;
	}
	uplinks = shaper_uplinks(a->shaper, &count);
	for (size_t i = 0; i < count; i++) {
		link_get_name(a->link, uplinks[i].index, &name);
		add_uplink(d, &name, uplinks[i].error, shaper_leaf_name(a->shaper));
	}
	if (!count && a->enforce.queues.count)
		add(d, "queue", REPORT_INFO, NULL,
		    "there is no default route, so nothing goes out by a queue");
}

static const char *describe_queue(const struct agent *a)
{
	if (!nft_features(a->nft)->has_queue)
		return "the target NFQUEUE of xtables, for want of nft_queue";
	return "nft_queue";
}

static void examine_hold(const struct agent *a, struct doctor *d)
{
	const struct hold_stats *s = &a->hold_stats;

	if (!a->nft)
		return;
	if (!a->queue) {
		add(d, "calls", REPORT_INFO,
		    a->queue_error == -EBUSY
			    ? "Another program has its number: give --queue NUMBER."
			    : NULL,
		    "calls to sockets that are not known yet can't be held: they pass, "
		    "and are cut once they are known (%s)",
		    strerror(-a->queue_error));
		return;
	}
	add(d, "calls", REPORT_OK, NULL,
	    "calls to sockets that are not known yet %s held, by queue %u and %s: "
	    "%" PRIu64 " so far, %" PRIu64 " for an application, %" PRIu64
	    " for nobody, %" PRIu64 " known too late; %" PRIu64 " beyond %d a second",
	    plan_is_holding(&a->enforce.installed) ? "are" : "can be", a->options.queue,
	    describe_queue(a), queue_stats(a->queue)->packets, s->answered, s->unowned,
	    s->late, a->enforce.counters.unasked.packets, NFT_HOLD_RATE);
}

static void examine_nat(const struct agent *a, struct doctor *d)
{
	if (a->nft && !nft_features(a->nft)->has_masquerade)
		add(d, "nft-nat", REPORT_INFO, NULL,
		    "the kernel can't masquerade in family inet (5.2): symmetric_nat = "
		    "yes does nothing");
}

static void examine_callers(const struct agent *a, struct doctor *d)
{
	uint64_t packets = a->enforce.counters.unlisted.packets;

	if (packets)
		add(d, "callers", REPORT_INFO, NULL,
		    "%" PRIu64 " packets were refused of callers that are not listed: "
		    "%d of each family are told apart",
		    packets, CALLERS_MAX);
}

static void examine_tampering(const struct agent *a, struct doctor *d)
{
	const struct tamper *t = &a->tamper;
	uint64_t now = agent_now(), at = a->enforce.retry_ns;
	char state[64] = "put back";
	bool is_recent;

	if (!a->watch) {
		add(d, "tampering", REPORT_INFO, NULL,
		    "changes of the table by others are not noticed: %s",
		    strerror(-a->watch_error));
		return;
	}
	if (!t->count) {
		add(d, "tampering", REPORT_OK, NULL,
		    "nobody else has changed table inet %s", a->options.table);
		return;
	}
	if (t->is_pending)
		snprintf(state, sizeof(state),
			 "not put back, next try in %" PRIu64 " s",
			 at > now ? (at - now) / SECOND_NS + 1 : 0);
	is_recent = t->is_pending || tampering_is_fight(&t->pace, now) ||
		    now - t->last_ns < TAMPERING_RECENT_NS;
	add(d, "tampering", is_recent ? REPORT_DEGRADED : REPORT_INFO,
	    "Have it leave the table alone; with on_failure = open the kernel sees to "
	    "that (Linux 5.12).",
	    "table inet %s was changed by others: %s, %" PRIu64 " s ago; %" PRIu64
	    " times, put back %" PRIu64 " times, now %s",
	    a->options.table, t->text, (now - t->last_ns) / SECOND_NS, t->count,
	    t->repairs, state);
}

static void examine_attribution(const struct agent *a, struct doctor *d)
{
	const struct attribution_stats *s;

	if (!a->attribution) {
		add(d, "attribution", REPORT_FAILED, "See the log.",
		    "applications can't be told apart, all traffic is unattributed");
		return;
	}
	s = attribution_stats(a->attribution);
	add(d, "attribution", REPORT_OK, NULL,
	    "%" PRIu64 " look-ups, %" PRIu64 " resolved, %" PRIu64 " given up, %" PRIu64
	    " reads of /proc",
	    s->lookups, s->resolved, s->unresolved, s->scans);
	if (s->apps_refused)
		add(d, "applications", REPORT_DEGRADED, NULL,
		    "more than %d applications at once: the others are unattributed",
		    APP_ID_MAX);
	if (!procinfo_cgroup_root(a->procinfo))
		add(d, "cgroup", REPORT_DEGRADED,
		    "Mount cgroup2, best at /sys/fs/cgroup.",
		    "no cgroup v2 here: services are told apart by executable and user "
		    "alone");
	else
		add(d, "cgroup", REPORT_OK, NULL, "cgroup v2 at %s",
		    procinfo_cgroup_root(a->procinfo));
}

/* Containers and virtual machines; nothing is said where nobody looked for any. */
static void examine_guests(const struct agent *a, struct doctor *d)
{
	const struct attribution_stats *s =
		a->attribution ? attribution_stats(a->attribution) : NULL;

	if (a->neighbours_error < 0)
		add(d, "guests", REPORT_DEGRADED, "See the log.",
		    "containers and virtual machines can't be told apart: %s",
		    strerror(-a->neighbours_error));
	if (!s || !s->guest_readings)
		return;
	add(d, "guests", REPORT_OK, NULL,
	    "%" PRIu64 " addresses of containers and virtual machines, %" PRIu64
	    " readings of the neighbour tables",
	    s->guests, s->guest_readings);
	if (s->guests_unowned)
		add(d, "guests-unowned", REPORT_INFO, NULL,
		    "%" PRIu64 " interfaces lead to somebody of whom no process is "
		    "known: traffic that is forwarded for them is passed over",
		    s->guests_unowned);
	if (s->guests_left_out)
		add(d, "guests-room", REPORT_INFO, NULL,
		    "%" PRIu64 " times an address, an interface or a process of a "
		    "guest was passed over for want of room",
		    s->guests_left_out);
}

static void examine_engine(const struct agent *a, struct doctor *d)
{
	const struct engine_stats *s = engine_stats(a->engine);
	bool is_full;

	if (s->apps > APP_NUMBER_SHARED)
		add(d, "numbers", REPORT_DEGRADED, NULL,
		    "%" PRIu64
		    " applications: those beyond %d share one counter and can't be "
		    "limited",
		    s->apps, APP_NUMBER_SHARED - 1);
	/* What it gave up once is history when there is room again. */
	is_full = s->flows_evicted &&
		  s->flows * 100 >= (uint64_t)FLOW_TABLE_MAX * FILL_DEGRADED_PERCENT;
	add(d, "engine", is_full ? REPORT_DEGRADED : REPORT_OK,
	    is_full ? "Of these flows the idle ones are forgotten; `agentctl apps` "
		      "shows whose they are."
		    : NULL,
	    "%" PRIu64 " flows of %" PRIu64 " applications, %" PRIu64
	    " looked at closely, %" PRIu64 " flows given up at the bound",
	    s->flows, s->apps, s->candidates, s->flows_evicted);
}

/* What had no room or took longer than its share; each is bounded, none is a fault. */
static void examine_bounds(const struct agent *a, struct doctor *d)
{
	const struct engine_stats *s = engine_stats(a->engine);
	const struct app *app = NULL;
	uint64_t refused = 0;

	while ((app = engine_next_app(a->engine, app)))
		refused += app->circuits ? circuits_refused(app->circuits) : 0;
	if (a->poll.dumps.over)
		add(d, "pace", REPORT_INFO, NULL,
		    "%" PRIu64 " reads of the flows came sooner than one percent of a "
		    "core allows, so as not to miss a relay",
		    a->poll.dumps.over);
	if (s->samples_refused)
		add(d, "samples", REPORT_INFO, NULL,
		    "%" PRIu64 " times a flow could not be compared with others for "
		    "want of room",
		    s->samples_refused);
	if (s->zoom_left_out)
		add(d, "packets-room", REPORT_INFO, NULL,
		    "%" PRIu64 " flows began while packets were looked at, and could "
		    "not be looked at too for want of room",
		    s->zoom_left_out);
	if (refused)
		add(d, "circuits-room", REPORT_INFO, NULL,
		    "%" PRIu64 " short connections could not be compared with others "
		    "for want of room",
		    refused);
}

static void examine_quotas(const struct agent *a, struct doctor *d)
{
	if (!a->quotas.store)
		return;
	if (a->nft && !nft_features(a->nft)->has_quota)
		add(d, "quotas", REPORT_DEGRADED, "Load nft_quota.",
		    "the kernel has no nft_quota: quotas are not counted");
	if (quota_store_evicted(a->quotas.store))
		add(d, "quotas-room", REPORT_INFO, NULL,
		    "%" PRIu64 " applications' used quotas were forgotten: more than "
		    "%d are not kept",
		    quota_store_evicted(a->quotas.store), QUOTA_STORE_MAX);
}

static void examine_database(const struct agent *a, struct doctor *d)
{
	const char *dir = a->options.policies.state_dir;
	const struct history_store_stats *s = history_store_stats(a->history.store);
	const struct database_state *state = database_state(a->database);

	if (state->error)
		add(d, "history", REPORT_DEGRADED,
		    "Make room in the state directory, or see the log; until then "
		    "history and used quotas are in memory alone.",
		    "%s/" DATABASE_FILE " can't be used: %s", dir, state->text);
	else if (state->was_damaged)
		add(d, "history", REPORT_INFO, "Remove it when nobody needs it.",
		    "the history was damaged and begun anew; the old one is "
		    "%s/" DATABASE_DAMAGED,
		    dir);
	else
		add(d, "history", REPORT_OK, NULL,
		    "%s/" DATABASE_FILE ", written %" PRIu64
		    " times; the longest took %.1f ms, %" PRIu64 " rows",
		    dir, s->writes, (double)s->slowest_ns / 1e6, s->rows);
	if (s->apps_left_out || s->events_left_out)
		add(d, "history-room", REPORT_INFO, NULL,
		    "%" PRIu64 " events and %" PRIu64
		    " counts of applications were lost while it could not be written",
		    s->events_left_out, s->apps_left_out);
}

static void examine_history(const struct agent *a, struct doctor *d)
{
	examine_database(a, d);
	if (a->chronicle.unsent)
		add(d, "journal", REPORT_INFO, "See what journald is waiting for.",
		    "%" PRIu64 " events are not in the journal: it did not take them "
		    "in time",
		    a->chronicle.unsent);
	if (a->chronicle.limit.left_out)
		add(d, "events-room", REPORT_INFO, NULL,
		    "%" PRIu64 " events were not told, for there were too many alike",
		    a->chronicle.limit.left_out);
}

static void examine_privilege(struct doctor *d)
{
	struct privilege_state s;

	privilege_read(&s);
	add(d, "privileges", s.uid == 0 ? REPORT_DEGRADED : REPORT_OK,
	    s.uid == 0 ? "Start it with --user." : NULL,
	    "uid %u, capabilities %s, bounding set %s, %s", (unsigned int)s.uid,
	    s.capabilities, s.has_empty_bounding_set ? "empty" : "not empty",
	    s.no_new_privileges ? "no new privileges" : "new privileges possible");
	add(d, "sandbox", s.seccomp == 2 ? REPORT_OK : REPORT_DEGRADED, NULL,
	    s.seccomp == 2 ? "seccomp filter in force" : "no seccomp filter");
}

void doctor_examine(const struct agent *a, struct doctor *ret_doctor)
{
	ret_doctor->check_count = ret_doctor->degraded_count = 0;
	examine_policy(a, ret_doctor);
	examine_prober(a, ret_doctor);
	examine_pause(a, ret_doctor);
	examine_conntrack(a, ret_doctor);
	examine_capture(a, ret_doctor);
	examine_accounting(a, ret_doctor);
	examine_nft(a, ret_doctor);
	examine_queues(a, ret_doctor);
	examine_hold(a, ret_doctor);
	examine_callers(a, ret_doctor);
	examine_tampering(a, ret_doctor);
	examine_guard(a, ret_doctor);
	examine_nat(a, ret_doctor);
	examine_attribution(a, ret_doctor);
	examine_guests(a, ret_doctor);
	examine_engine(a, ret_doctor);
	examine_bounds(a, ret_doctor);
	examine_quotas(a, ret_doctor);
	examine_history(a, ret_doctor);
	examine_privilege(ret_doctor);
}
