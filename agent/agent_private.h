/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state that agent.c (life and loop), observe.c (kernel to engine), enforce.c
 * (engine to kernel) and control.c (questions and health) share. Nobody else includes
 * it.
 */
#ifndef AGENT_PRIVATE_H
#define AGENT_PRIVATE_H

#include "agent.h"
#include "base/log.h"
#include "base/units.h"
#include "core/callers.h"
#include "core/clock_step.h"
#include "core/decision.h"
#include "core/engine.h"
#include "core/event.h"
#include "core/event_limit.h"
#include "core/guard.h"
#include "core/pace.h"
#include "core/plan.h"
#include "core/queue.h"
#include "core/refused.h"
#include "core/tampering.h"
#include "core/trial.h"
#include "core/usage.h"
#include "ctl/report.h"
#include "ctl/server.h"
#include "kernel/attribution.h"
#include "kernel/capture.h"
#include "kernel/conntrack.h"
#include "kernel/guests.h"
#include "kernel/link.h"
#include "kernel/neighbours.h"
#include "kernel/nft.h"
#include "kernel/nft_watch.h"
#include "kernel/place.h"
#include "kernel/procinfo.h"
#include "kernel/shaper.h"

#include "kernel/queue.h"
#include "kernel/sockdiag.h"
#include "store/footprint.h"
#include "store/history_store.h"
#include "store/policy_store.h"
#include "store/quota_store.h"
#include <systemd/sd-event.h>

#define MILLISECOND_NS 1000000ull

enum poll_kind {
	POLL_NONE,
	POLL_HEAVY, /* flows that have carried something */
	POLL_FULL,  /* every flow */
};

/* Reading flows from the kernel: observe.c. */
struct polling {
	enum poll_kind running;
	uint64_t started_ns, last_full_ns;
	uint64_t started_used_ns; /* processor time at the start of the last one */
	uint64_t full_cost_ns;	  /* processor time of the last full one */
	struct pace dumps;	  /* how often */
	uint64_t full_entries, uncounted; /* in the last full poll; without counters */
	uint64_t entries, entries_uncounted; /* in the running one */
	/* Flows without counters, by application, then and now. */
	uint32_t app_uncounted[APP_ID_MAX + 1], app_uncounted_now[APP_ID_MAX + 1];
	uint64_t counted;    /* packets of all applications at the last poll */
	bool marks_are_ours; /* a full poll has replaced those of an earlier agent */
	bool wants_full;     /* events were lost */
};

/* What is in the kernel: enforce.c. */
struct enforcement {
	struct plan installed;
	bool is_installed;
	char error[256]; /* of the last transaction, "" when it went well */
	unsigned int failures;
	uint64_t retry_ns;
	struct nft_counters counters;  /* since an application has its number */
	struct nft_counters in_kernel; /* since the rules were last written */
	struct refused refused[APP_NUMBER_COUNT];
	struct queue_classes queues; /* wanted on the uplinks */
	struct callers callers;
	uint64_t callers_ns, callers_packets; /* when they were read, and after what */
};

/* Enforcement is suspended, by whom and until when: pause.c. */
struct pause {
	uint64_t until_ns; /* 0: it is not */
	uid_t uid;
	pid_t pid;
	char user[64];
};

/* Others that changed our table: tamper.c. */
struct tamper {
	struct tampering pace;
	uint64_t count, repairs; /* since the start */
	uint64_t lost;		 /* times that notifications were lost */
	uint64_t last_ns;
	char text[192];	 /* what, and by whom */
	bool is_pending; /* it is not put back yet */
};

/* What is to be taken back at the end: takeback.c. */
struct takeback {
	struct footprint footprint;
	char place[PLACE_SIZE];
	uint32_t old_mask; /* flows have bits of a mask that is no longer in force */
};

/* Calls that the kernel held: hold.c. */
struct hold_stats {
	uint64_t answered; /* with an application */
	uint64_t unowned;  /* nobody's socket, or no call of a stranger */
	uint64_t late;	   /* whose was not known yet: passed, and severed later */
};

enum trial_outcome { TRIAL_UNDECIDED, TRIAL_KEPT, TRIAL_ROLLED_BACK, TRIAL_INVALID };

/* How the policy in force came to be, or is about to: trial.c. */
struct policy_trial {
	struct trial machine;
	unsigned int number;	    /* of this one; they count from the start on */
	char by[80];		    /* who wanted it */
	enum trial_outcome outcome; /* of the last one */
	char reason[384];
	bool is_wanted; /* another, when this one is over */
	uint64_t wanted_confirm_ns;
	uint64_t hold_ns; /* until then files that change are left alone */
	sd_event_source *timer, *probing;
};

/* What applications have used of their quotas: quota.c. */
struct quota_tracking {
	struct quota_store *store; /* NULL until a policy has a quota */
	struct nft_quotas counted; /* by the kernel, at the last look */
	uint64_t turned_ns;	   /* when periods were last looked at */
};

#define CHANGES_BAD_MAX 48

/* What applications carry and what happens, for later: history.c. */
struct history_tracking {
	struct history_store *store;
	struct usage_meter meters[APP_ID_MAX + 1];
	uint64_t asked_ns; /* when it was last written because somebody asked */
	struct event_stream *streams;
};

/* Of one application. */
struct changes_told {
	uint64_t first_ns; /* of the application whose id it was then */
	bool cuts[CUT_COUNT];
	bool is_cut, is_limited;
};

/* What was told last: changes.c. */
struct changes {
	struct changes_told told[APP_NUMBER_SHARED];
	enum app_role roles[APP_ID_MAX + 1];
	const char *bad[CHANGES_BAD_MAX]; /* names of checks that were not in order */
	size_t bad_count;
	uint64_t health_ns;
	struct clock_step clock;
	uint64_t clock_set_ns; /* when it last jumped, 0: it never did */
};

/* Events on their way to those who are told: chronicle.c. */
struct chronicle {
	struct event_limit limit;
	int journal;	 /* socket, or -1: they are lines on stderr */
	uint64_t unsent; /* that the journal did not take in time */
};

/* What was found of the process that an application began with: relaying.c. */
struct relaying_state {
	int32_t pid; /* 0: none was looked at */
	bool is_set;
};

/* Whether those that work for strangers are what their names say: impostor.c. */
struct impostor_state {
	uint64_t first_ns;    /* of the application; 0: it was not looked at */
	uint64_t examined_ns; /* when it was last */
	unsigned int reasons; /* against it: bits of core/impostor.h */
	unsigned int told;    /* as an event, of this promotion */
};

struct packages;

struct impostors {
	struct impostor_state apps[APP_ID_MAX + 1];
	uint16_t app; /* whose file is looked for, 0: none */
	uint64_t app_first_ns;
	struct procinfo_exe exe; /* its file */
	struct packages *packages;
};

/* Who refuses what comes in, as last read: eligibility.c. */
struct firewall_view {
	uint64_t read_ns; /* 0: never */
	struct report_firewall families[2];
};

struct agent {
	struct agent_options options;
	sd_event *event;
	sd_event_source *timer, *look_timer;
	uint64_t start_ns, refresh_ns, io_ns, second_ns; /* when last done */
	struct policy_store *policies;
	struct engine *engine;
	struct link *link;
	struct guests *guests;
	struct neighbours *neighbours;
	struct conntrack *conntrack;
	struct sockdiag *sockdiag;
	struct procinfo *procinfo;
	struct attribution *attribution;
	struct nft *nft;
	struct shaper *shaper;
	int shaper_error; /* why it is missing */
	struct nft_watch *watch;
	struct capture *capture;
	struct queue *queue;
	struct ctl_server *server;
	/* Why they are missing. */
	int conntrack_error, nft_error, capture_error, neighbours_error;
	int queue_error, watch_error;
	struct hold_stats hold_stats;
	struct polling poll;
	bool has_stopped;  /* as it was told to */
	uint64_t zoom_ns;  /* when the running look at packets began, 0: none */
	uint16_t zoom_app; /* whose packets they are */
	bool zoom_is_captured;
	unsigned int zoom_changes; /* of its flows, that the capture knows of */
	uint64_t role_changes;	   /* of the engine, that were enforced */
	struct enforcement enforce;
	struct guard guard;
	struct guard_sample guard_sample; /* large; filled each second */
	struct pause pause;
	struct takeback takeback;
	struct policy_trial trial;
	struct tamper tamper;
	struct quota_tracking quotas;
	struct impostors impostors;
	struct firewall_view firewall;
	struct relaying_state relaying[APP_ID_MAX + 1];
	struct recording *recordings;
	struct chronicle chronicle;
	struct changes changes;
	struct database *database; /* of history and quotas */
	struct history_tracking history;
};

uint64_t agent_now(void); /* CLOCK_BOOTTIME, nanoseconds */
void agent_wall(struct wall_time *ret_time);

/* The name of a user, or his number. */
void agent_user_name(const struct agent *a, uid_t uid, char *buf, size_t size);

/* --- chronicle.c --- */

void chronicle_open(struct agent *a);
void chronicle_close(struct agent *a);
/*
 * Tells an event: to the journal or the log, the history, and those who listen. Its
 * text is escaped here, its time is now where it has none; what comes too often is
 * counted and left out.
 */
void chronicle_note(struct agent *a, const struct event *e);
/* The same, put together; they take the reference of `details`, which may be NULL. */
void chronicle_say_take(struct agent *a, enum event_kind kind, json_t *details,
			const char *format, ...) __attribute__((format(printf, 4, 5)));
void chronicle_say_app_take(struct agent *a, enum event_kind kind,
			    const struct app_identity *app, json_t *details,
			    const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* --- observe.c --- */

void observe_init(struct agent *a);
void observe_entry(void *context, enum conntrack_event event,
		   const struct conntrack_entry *entry); /* for conntrack_open */
void observe_record(void *context, const struct observation *o); /* for attribution */
/* Starts reading the flows that are due. False when nothing moved or can be read. */
bool observe_poll_start(struct agent *a, uint64_t now_ns);
/* Reads the few flows that are sampled. */
void observe_sampled(struct agent *a);
/* Reads the legs of an application, the first SAMPLING_FLOWS_MAX: a flow that is read
 * gets its mark. */
void observe_legs(struct agent *a, const struct app *app);
/* What conntrack_dump_read returned last; closes the sample. */
void observe_poll_end(struct agent *a, int result, uint64_t now_ns);
void observe_packet(void *context,
		    const struct capture_packet *p); /* for capture_open */
/* Begins and ends looks at packets. */
void observe_zoom(struct agent *a, uint64_t now_ns);
/* Storage counters of candidates; applications that came and went. */
void observe_processes(struct agent *a, uint64_t now_ns);

/* --- enforce.c --- */

/* Brings the kernel to what policy wants of the present roles. 0 or -errno. */
int enforce_update(struct agent *a, uint64_t now_ns);
/* Not in monitor mode, nor in a pause: then nothing is limited, cut or deleted. */
bool enforce_is_on(const struct agent *a);
/* Takes the queues off the uplinks, when nothing chooses them any more. */
void enforce_remove_queues(struct agent *a);
/* Gives one flow the mark of its application. */
void enforce_mark(struct agent *a, const struct conntrack_entry *entry,
		  const struct flow *f);

/* --- pause.c --- */

bool pause_is_on(const struct agent *a);
/* Begins a pause, replaces the running one, or, with 0, ends it; at once. */
void pause_set(struct agent *a, const struct ctl_peer *peer, uint64_t seconds);
/* To be called once a second. */
void pause_expire(struct agent *a, uint64_t now_ns);

/* --- counters.c --- */

/* Reads the counters; what began anew in the kernel is added to what was. 0 or
 * -errno. */
int counters_read(struct agent *a);
/* A number that passes to another application begins anew. */
void counters_change_apps(struct agent *a, const struct plan *before,
			  const struct plan *now);

/* --- tamper.c --- */

nft_watch_callback tamper_noticed;
/* Takes what the watch has, and puts back what others have changed. */
void tamper_handle(struct agent *a);
/* After the whole table was written anew. */
void tamper_repaired(struct agent *a);

/* --- takeback.c --- */

/* Finds what a killed agent left to be taken back; turns accounting on. */
void takeback_open(struct agent *a);
/* Before flows get bits of this mask. */
void takeback_note_mask(struct agent *a, uint32_t mask);
/* Clears what flows have of another mask than that, after its rules are gone. */
void takeback_old_marks(struct agent *a);
/* Leaves the network as it was found. */
void takeback_all(struct agent *a);

/* --- hold.c --- */

/* Opens the queue of held calls; after nft. */
void hold_open(struct agent *a);
/* Whether and how the kernel may hold calls. */
void hold_plan(struct agent *a, struct plan *plan);
/* Reads who is refused, if somebody was since it was read last, not too often. */
void hold_read_callers(struct agent *a, uint64_t now_ns);

/* --- trial.c --- */

/* Brings the first policy into force, before the loop. */
void trial_start(struct agent *a);
/* What the loop has to watch for it. 0 or -errno. */
int trial_open(struct agent *a);
/* The daemon is about to end: what was not kept is not in force after a restart. */
void trial_stop(struct agent *a);
void trial_close(struct agent *a);
bool trial_is_on(const struct agent *a);
/* Does what is due. */
void trial_go_on(struct agent *a);
/* Once a second: also takes up files that changed. */
void trial_poll(struct agent *a, uint64_t now_ns);
/* Reads the files because `by` asked, now or after the trial that runs. */
void trial_load(struct agent *a, const char *by, uint64_t confirm_ns);
/* So long, files that change are left alone. 0: no more. */
void trial_hold(struct agent *a, uint64_t seconds);
/* Back to the policy before. -ENOENT: there is none. */
int trial_end(struct agent *a, const char *by);
/* --- guarding.c --- */

/* Looks at the link and at who is guarded: before decisions are made of it. */
void guarding_update(struct agent *a, uint64_t now_ns);
/* Given by policy, else as the uplink tells; 0: not known. */
uint64_t guarding_capacity(const struct agent *a, enum direction d);

/* --- quota.c --- */

struct report_quota;

/* Around the making of a plan: reads what the kernel has counted; writes what changed.
 */
void quota_begin(struct agent *a, const struct wall_time *wall, uint64_t now_ns);
void quota_end(struct agent *a, uint64_t now_ns);
/* What is planned for an application that is decided on; none where it has none. */
void quota_plan(struct agent *a, const struct app *app, const struct wall_time *wall,
		uint64_t now_ns, const struct decision *d,
		struct plan_quota *ret_quota);
void quota_close(struct agent *a);
/* What one application has used by now. False where nothing is counted. */
bool quota_read(const struct agent *a, const struct app *app, const struct decision *d,
		struct report_quota *ret_quota);

/* --- relaying.c --- */

/* Whether the application of an OBS_APP is a known client whose own configuration has
 * it work for others. */
bool relaying_is_set(struct agent *a, const struct observation *o);
void relaying_forget(struct agent *a, uint16_t id);

/* --- impostor.c --- */

/* Once a second: looks at one that is suspect or promoted, and tells what was found. */
void impostor_poll(struct agent *a, uint64_t now_ns);
/* What speaks against an application; 0: nothing, or it works for nobody. */
unsigned int impostor_reasons(const struct agent *a, const struct app *app);
void impostor_close(struct agent *a);

/* --- eligibility.c --- */

ctl_method eligibility_method; /* Eligibility of the control socket */

/* --- recording.c --- */

struct recording;

/* From now on to the end; 0, or -errno after a line in the log. */
int recording_open_file(struct agent *a, const char *path);
ctl_stream_method recording_open_stream; /* Record of the control socket */
void recording_observe(struct agent *a, const struct observation *o);
void recording_set_policy(struct agent *a, const struct policy *policy,
			  const struct catalogue *catalogue);
/* Once a second: writes what there is, lets go of what is over. */
void recording_flush(struct agent *a);
/* Ends all of them. */
void recording_close(struct agent *a);

/* --- control.c --- */

int control_open(struct agent *a);

/* --- history.c --- */

/* After privileges are dropped: the database, which is opened when it is first needed,
 * is the agent's own. 0 or -ENOMEM. */
int history_open(struct agent *a);
void history_now(const struct agent *a, struct history_clock *ret_clock);
/* Whether the agent before this one was killed, or the machine went down; to be asked
 * before this one's start is noted. */
bool history_is_after_crash(struct agent *a);
/* What was carried since the last time; to be called once a second. */
void history_count(struct agent *a);
/* The same, before the engine forgets an application. */
void history_app_gone(struct agent *a, uint16_t id);
/* Returns its number, 0 where nothing is kept. */
int64_t history_note(struct agent *a, const struct event *e);
/* Before the history is read: writes what is not written yet, not too often. */
void history_catch_up(struct agent *a);
void history_close(struct agent *a);

/* --- history_answers.c --- */

ctl_method history_method_usage, history_method_events;
ctl_stream_method history_stream_events;
/* To those who follow. */
void history_tell_streams(struct agent *a, const struct event *e, int64_t id);
/* After the server is gone. */
void history_close_streams(struct agent *a);

/* --- changes.c --- */

/* An event for every promotion, and for its end. */
void changes_tell_roles(struct agent *a);
/* Before the engine forgets an application. */
void changes_app_gone(struct agent *a, uint16_t id);
/* What is limited or cut now and was not when it was told last, and the other way
 * round. */
void changes_tell_plan(struct agent *a, const struct plan *in_force);
/* To be called once a second. */
void changes_tell_health(struct agent *a, uint64_t now_ns);
void changes_tell_clock(struct agent *a);

#endif
