/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent.h"
#include "agent_private.h"
#include "base/hash.h"
#include "kernel/privilege.h"
#include "kernel/prober.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define TICK_NS SECOND_NS
#define TICK_FAST_NS (200 * MILLISECOND_NS)
#define TIMER_ACCURACY_US 2000

uint64_t agent_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

void agent_wall(struct wall_time *ret_time)
{
	wall_time_at(time(NULL), ret_time);
}

void agent_user_name(const struct agent *a, uid_t uid, char *buf, size_t size)
{
	if (a->procinfo)
		snprintf(buf, size, "%s", procinfo_user_name(a->procinfo, uid));
	else
		snprintf(buf, size, "%u", (unsigned int)uid);
}

/* --- the loop
 * ------------------------------------------------------------------------- */

/* What policy says of a new role is not put off to the end of the second. */
static void role_changed(struct agent *a, uint64_t now_ns)
{
	a->role_changes = engine_stats(a->engine)->role_changes;
	changes_tell_roles(a);
	enforce_update(a, now_ns);
}

static void second_passed(struct agent *a, uint64_t now_ns)
{
	a->second_ns = now_ns;
	changes_tell_clock(a);
	pause_expire(a, now_ns);
	trial_poll(a, now_ns);
	role_changed(a, now_ns);
	hold_read_callers(a, now_ns);
	history_count(a);
	changes_tell_health(a, now_ns);
	impostor_poll(a, now_ns);
	recording_flush(a);
}

static bool is_second_due(const struct agent *a, uint64_t now_ns)
{
	return now_ns - a->second_ns >= SECOND_NS - 50 * MILLISECOND_NS;
}

/* A sample is closed: everything that follows from it. */
static void sample_done(struct agent *a, int result)
{
	uint64_t now;

	observe_sampled(a);
	now = agent_now();
	observe_poll_end(a, result, now);
	observe_zoom(a, now);
	observe_processes(a, now);
	if (is_second_due(a, now))
		second_passed(a, now);
	else if (engine_stats(a->engine)->role_changes != a->role_changes)
		role_changed(a, now);
}

static int arm_timer(struct agent *a, uint64_t from_ns)
{
	uint64_t step = engine_wants_fast_ticks(a->engine) ? TICK_FAST_NS : TICK_NS;
	int r = sd_event_source_set_time(a->timer, (from_ns + step) / 1000);

	return r < 0 ? r : sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct agent *a = context;
	uint64_t now = agent_now();

	(void)source;
	(void)usec;
	/* A poll that outlasts a tick makes the tick longer, never the queue. */
	if (a->poll.running == POLL_NONE &&
	    !(is_second_due(a, now) && observe_poll_start(a, now)))
		sample_done(a, 0);
	return arm_timer(a, now);
}

static int on_dump(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct agent *a = context;
	int r = conntrack_dump_read(a->conntrack);

	(void)source;
	(void)fd;
	(void)events;
	if (r != 0 && a->poll.running != POLL_NONE)
		sample_done(a, r);
	return 0;
}

/* If a look-up waits: when processes may be looked into, not with the next sample. */
static int arm_look(struct agent *a)
{
	uint64_t due = a->attribution ? attribution_look_due(a->attribution) : 0;
	int r;

	if (!due)
		return 0;
	r = sd_event_source_set_time(a->look_timer, due / 1000 + 1);
	return r < 0 ? r : sd_event_source_set_enabled(a->look_timer, SD_EVENT_ONESHOT);
}

static int on_look(sd_event_source *source, uint64_t usec, void *context)
{
	struct agent *a = context;

	(void)source;
	(void)usec;
	attribution_look(a->attribution, agent_now());
	return arm_look(a);
}

static int on_events(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct agent *a = context;

	(void)source;
	(void)fd;
	(void)events;
	/* Lost events are normal: what they said is read anew. */
	if (conntrack_handle_events(a->conntrack) == -ENOBUFS) {
		a->poll.wants_full = true;
		if (a->attribution)
			attribution_load(a->attribution, agent_now());
	}
	return arm_look(a);
}

static int on_packets(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct agent *a = context;

	(void)source;
	(void)fd;
	(void)events;
	capture_read(a->capture);
	return 0;
}

static int on_calls(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct agent *a = context;

	(void)source;
	(void)fd;
	(void)events;
	queue_handle(a->queue);
	return 0;
}

static int on_link(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct agent *a = context;

	(void)source;
	(void)fd;
	(void)events;
	link_handle(a->link);
	return 0;
}

static int on_nft(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source;
	(void)fd;
	(void)events;
	tamper_handle(context);
	return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info,
		     void *context)
{
	struct agent *a = context;

	(void)source;
	(void)info;
	trial_load(a, "SIGHUP", 0);
	return 0;
}

static void on_policy(void *context, const struct policy *policy,
		      const struct catalogue *catalogue)
{
	struct agent *a = context;

	engine_set_policy(a->engine, policy, catalogue);
	recording_set_policy(a, policy, catalogue);
	chronicle_say_take(
		a, EVENT_POLICY_LOADED,
		json_pack("{s:i, s:s}", "generation",
			  (int)policy_store_state(a->policies)->generation, "mode",
			  policy_mode_name(policy->mode)),
		"generation %u in force: %s, %zu sections, %zu known clients",
		policy_store_state(a->policies)->generation,
		policy_mode_name(policy->mode), policy->rule_count, catalogue->count);
}

/* --- opening
 * -------------------------------------------------------------------------- */

static int open_kernel(struct agent *a)
{
	int r = link_open(&a->link);

	if (r < 0) {
		log_error("link", "can't read the addresses of this machine: %s",
			  strerror(-r));
		return r;
	}
	r = guests_new(&a->guests);
	if (r < 0)
		return r;
	a->neighbours_error = neighbours_open(&a->neighbours);
	if (a->neighbours_error < 0)
		log_warning("guests", "can't be told apart: %s",
			    strerror(-a->neighbours_error));
	a->conntrack_error =
		conntrack_open(a->link, a->guests, observe_entry, a, &a->conntrack);
	if (a->conntrack_error < 0)
		log_error("conntrack", "not available, so nothing can be detected: %s",
			  strerror(-a->conntrack_error));
	/* Opening it may have loaded the module that has the setting. */
	takeback_open(a);
	a->capture_error = capture_open(observe_packet, a, &a->capture);
	if (a->capture_error < 0)
		log_warning("capture", "packets can't be looked at: %s",
			    strerror(-a->capture_error));
	a->nft_error = nft_open(a->options.table, &a->nft);
	if (a->nft_error < 0)
		log_error("nft", "not available, so nothing can be limited: %s",
			  strerror(-a->nft_error));
	a->shaper_error = shaper_open(&a->shaper);
	if (a->shaper_error < 0)
		log_error("shaper", "not available, so nothing can be queued: %s",
			  strerror(-a->shaper_error));
	hold_open(a);
	a->watch_error = a->nft ? nft_watch_open(a->nft, tamper_noticed, a, &a->watch)
				: a->nft_error;
	return 0;
}

/* Whose flow it is: without it all traffic is unattributed, and doctor says so. */
static void open_attribution(struct agent *a)
{
	int r = sockdiag_open(&a->sockdiag);

	if (r == 0)
		r = procinfo_open("/proc", NULL, &a->procinfo);
	if (r == 0)
		r = attribution_new(a->sockdiag, a->procinfo, observe_record, a,
				    &a->attribution);
	if (r == 0 && a->neighbours)
		attribution_set_guests(a->attribution, a->guests, a->neighbours);
	if (r < 0)
		log_error("attribution",
			  "not available, all traffic is unattributed: %s",
			  strerror(-r));
}

static int add_io(struct agent *a, int fd, sd_event_io_handler_t handler,
		  int64_t priority)
{
	sd_event_source *source = NULL;
	int r = sd_event_add_io(a->event, &source, fd, EPOLLIN, handler, a);

	if (r < 0)
		return r;
	sd_event_source_set_priority(source, priority);
	r = sd_event_source_set_floating(source, 1);
	sd_event_source_unref(source); /* the loop has its own reference now */
	return r < 0 ? r : 0;
}

/* New flows first: their sockets may be gone soon. */
static int open_sources(struct agent *a)
{
	int r = sd_event_add_time(a->event, &a->timer, CLOCK_BOOTTIME, 0,
				  TIMER_ACCURACY_US, on_timer, a);

	if (r >= 0)
		r = sd_event_add_time(a->event, &a->look_timer, CLOCK_BOOTTIME, 0,
				      TIMER_ACCURACY_US, on_look, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->look_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = add_io(a, link_fd(a->link), on_link, -20);
	/* Packets wait for these; before them only news of our own addresses. */
	if (r >= 0 && a->queue)
		r = add_io(a, queue_fd(a->queue), on_calls, -15);
	if (r >= 0 && a->capture)
		r = add_io(a, capture_fd(a->capture), on_packets, 0);
	if (r >= 0 && a->watch)
		r = add_io(a, nft_watch_fd(a->watch), on_nft, -15);
	if (r >= 0 && a->conntrack) {
		r = add_io(a, conntrack_event_fd(a->conntrack), on_events, -10);
		if (r >= 0)
			r = add_io(a, conntrack_dump_fd(a->conntrack), on_dump, -5);
	}
	return r;
}

static int open_signals(struct agent *a)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(a->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(a->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(a->event, NULL, SIGHUP, on_hangup, a);
	return r;
}

static int open_engine(struct agent *a)
{
	int r = policy_store_new(&a->options.policies, on_policy, a, &a->policies);

	if (r < 0)
		return r;
	return engine_new(policy_store_policy(a->policies),
			  policy_store_catalogue(a->policies), &a->engine);
}

/* Strangers choose what is hashed. Without a random key it still works. */
static void seed_tables(void)
{
	uint64_t key[2];

	if (getrandom(key, sizeof(key), 0) == (ssize_t)sizeof(key))
		hash_set_key(key[0], key[1]);
}

int agent_open(const struct agent_options *options, struct agent **ret_agent)
{
	struct agent *a;
	int r;

	if (!privilege_has_net_admin()) {
		log_error("agent",
			  "needs CAP_NET_ADMIN to see and shape traffic: start it "
			  "as root or as the service");
		prober_stop(options->prober);
		return -EPERM;
	}
	a = calloc(1, sizeof(*a));
	if (!a) {
		prober_stop(options->prober);
		return -ENOMEM;
	}
	seed_tables();
	a->options = *options;
	a->start_ns = agent_now();
	chronicle_open(a);
	plan_init(&a->enforce.installed);
	observe_init(a);
	r = sd_event_new(&a->event);
	if (r >= 0)
		r = open_engine(a);
	/* From here on a signal ends it in an orderly way, and no second agent comes
	 * as far as to change anything. */
	if (r >= 0)
		r = open_signals(a);
	if (r >= 0)
		r = control_open(a);
	if (r >= 0 && options->record_path)
		r = recording_open_file(a, options->record_path);
	if (r >= 0)
		r = open_kernel(a);
	if (r < 0) {
		agent_close(a);
		return r;
	}
	*ret_agent = a;
	return 0;
}

/* --- running and closing
 * -------------------------------------------------------------- */

static void tell_start(struct agent *a)
{
	bool is_after_crash = history_is_after_crash(a);

	chronicle_say_take(
		a, EVENT_STARTED,
		json_pack("{s:s, s:b}", "version", RELAYWARDEN_VERSION, "after_crash",
			  is_after_crash),
		"relaywardend " RELAYWARDEN_VERSION " is watching, %s mode%s",
		policy_mode_name(policy_store_policy(a->policies)->mode),
		is_after_crash ? "; the one before was killed, or the machine went down"
			       : "");
}

int agent_run(struct agent *a)
{
	uint64_t now = agent_now();
	int r;

	r = history_open(a);
	if (r < 0) {
		log_error("history", "no memory for it: %s", strerror(-r));
		return r;
	}
	open_attribution(a);
	if (a->attribution)
		attribution_load(a->attribution, now);
	trial_start(a);
	r = open_sources(a);
	if (r >= 0)
		r = trial_open(a);
	if (r >= 0)
		r = arm_timer(a, now);
	if (r >= 0)
		r = sd_event_set_watchdog(a->event, 1);
	if (r < 0) {
		log_error("agent", "the event loop can't start: %s", strerror(-r));
		return r;
	}
	/* A large history takes a while to be opened; the rules are in force already.
	 */
	tell_start(a);
	sd_notify(0, "READY=1");
	r = sd_event_loop(a->event);
	sd_notify(0, "STOPPING=1");
	enforce_update(a, agent_now()); /* what quotas have used up to now */
	trial_stop(a);
	chronicle_say_take(a, EVENT_STOPPED, NULL, "relaywardend has ended%s",
			   r < 0 ? " after a failure" : "");
	a->has_stopped = r >= 0;
	return r < 0 ? r : 0;
}

/* After a failure what policy wants closed stays so, and what a closed predecessor has
 * left, too. */
static bool may_take_back(const struct agent *a)
{
	return a->has_stopped || !a->takeback.footprint.mark_mask ||
	       (a->enforce.is_installed &&
		policy_store_policy(a->policies)->on_failure == ON_FAILURE_OPEN);
}

void agent_close(struct agent *a)
{
	if (!a)
		return;
	ctl_server_free(a->server);
	history_close_streams(a);
	trial_close(a);
	recording_close(a);
	quota_close(a);
	impostor_close(a);
	history_close(a);
	database_free(a->database);
	chronicle_close(a);
	if (may_take_back(a))
		takeback_all(a);
	nft_watch_close(a->watch);
	nft_close(a->nft);
	enforce_remove_queues(a);
	shaper_close(a->shaper);
	attribution_free(a->attribution);
	procinfo_close(a->procinfo);
	sockdiag_close(a->sockdiag);
	conntrack_close(a->conntrack);
	queue_close(a->queue);
	callers_done(&a->enforce.callers);
	capture_close(a->capture);
	neighbours_close(a->neighbours);
	guests_free(a->guests);
	link_close(a->link);
	plan_done(&a->enforce.installed);
	engine_free(a->engine);
	policy_store_free(a->policies);
	sd_event_source_unref(a->timer);
	sd_event_source_unref(a->look_timer);
	sd_event_unref(a->event);
	free(a);
}
