/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by attribution.c (ports, look-ups, refresh), attribution_sockets.c (whose a
 * socket is, those that wait), attribution_scan.c (looking into processes),
 * attribution_apps.c (the table of applications), attribution_devices.c (what they
 * have open), attribution_cgroups.c (whose a cgroup is) and attribution_guests.c (whose
 * a guest is). Nobody else includes it.
 */
#ifndef KERNEL_ATTRIBUTION_INTERNAL_H
#define KERNEL_ATTRIBUTION_INTERNAL_H

#include "base/hash.h"
#include "kernel/attribution.h"
#include <utlist.h>

#define APP_PROCESSES_MAX 64   /* followed of one application; the rest is not read */
#define CGROUPS_MAX 4096       /* remembered; beyond, the one known longest goes */
#define SOCKETS_MAX 16384      /* the same */
#define WAITING_MAX 1024       /* beyond, -EAGAIN without being noted */
#define WAITING_FLOWS_MAX 4096 /* beyond, one is lost if its socket closes early */
#define RECENT_MAX 32	       /* processes that held sockets lately */
#define SOUND_CLIENTS_MAX 512  /* beyond, one has no sound */
#define INIT_PID 1
/* Scans may use one percent of a core, saved up for at most twenty seconds. */
#define SCAN_BUDGET_MAX_NS 200000000
#define PORTS_MAX PLAN_PORTS_MAX
/* What a process is, is believed this long: it may execute another program. */
#define KNOWN_NS 10000000000ull

struct process {
	pid_t pid;
	uint64_t start_ticks;
	bool has_io;
	uint64_t read_bytes, written_bytes; /* as last read */
	uint64_t known_ns; /* when its identity was read last; 0: never */
};

struct application {
	uint16_t id;
	struct app_identity identity;
	bool has_wildcard_listener, was_wildcard;
	bool is_changed;		    /* OBS_APP is due */
	uint64_t read_bytes, written_bytes; /* since first read, of all it ever had */
	struct procinfo_devices devices;
	uint64_t devices_ns; /* when they were read; 0: never */
	size_t process_count;
	struct process processes[APP_PROCESSES_MAX];
	UT_hash_handle hh; /* by identity.key */
};

/* A cgroup that sockets were made in. */
struct cgroup_owner {
	uint64_t id;
	uint16_t app; /* 0: many share it, or it is not known */
	uint64_t expires_ns;
	char *path;	    /* NULL when it is not known */
	size_t own_length;  /* of the part of the path that is the application's own */
	uint64_t own_id;    /* of that part; 0 when it is gone */
	unsigned int level; /* of that part */
	UT_hash_handle hh;
};

enum socket_state { SOCKET_KNOWN, SOCKET_WAITING, SOCKET_GIVEN_UP };

/*
 * A flow whose socket waits for its owner to be found: it may be closed by the time it
 * is, and then nothing else leads from the flow to the inode.
 */
struct waiting_flow {
	struct flow_key key;
	struct socket_owner *socket; /* NULL once its owner is known */
	uint16_t app;
	uint64_t expires_ns;
	struct waiting_flow *prev, *next; /* of the same socket */
	UT_hash_handle hh;
};

/* A process in which sockets like those that wait were found. */
struct recent_owner {
	pid_t pid, parent; /* 0: the entry is free, it is not known */
	uint32_t uid;	   /* of its sockets, as cgroup_id */
	uint64_t cgroup_id;
};

struct socket_owner {
	uint64_t inode;
	enum socket_state state;
	uint16_t app;
	bool was_looked;  /* for, in the processes that held such sockets lately */
	bool was_scanned; /* a narrowed scan did not find it */
	uint8_t tries;	  /* times given up on: the pause doubles */
	uint32_t uid;
	uint64_t cgroup_id;
	uint64_t expires_ns;
	struct waiting_flow *flows;
	struct socket_owner *prev, *next; /* of those that wait */
	UT_hash_handle hh;
};

struct port_owner {
	uint32_t key; /* proto << 16 | port */
	uint16_t app;
	bool is_shared;	  /* by sockets of several applications, or of an unknown one */
	bool is_wildcard; /* one of them is bound to any address */
	UT_hash_handle hh;
};

/* Looking for guests: attribution_guests.c. */
struct guest_search {
	struct guests *table; /* borrowed; NULL: nobody looks */
	struct neighbours *neighbours;
	struct guest_port *ports;
	uint64_t forwarded; /* entries that nobody knew, at the last reading */
	uint64_t asked_ns;  /* when there were more last; 0: never */
	uint64_t read_ns, pause_ns;
};

struct attribution {
	struct sockdiag *sockdiag;
	struct procinfo *procinfo;
	attribution_observe *observe;
	void *context;
	struct application *apps[APP_ID_MAX + 1]; /* by id; [0] is not used */
	struct application *by_key;
	struct cgroup_owner *cgroups;
	struct socket_owner *sockets;
	struct socket_owner *waiting;  /* utlist, the one that waits longest first */
	struct socket_owner *unlooked; /* of these, all before it were looked for */
	struct waiting_flow *flows;
	struct port_owner *ports;
	struct recent_owner recent[RECENT_MAX]; /* the last used first */
	int64_t budget_ns; /* of processor time for scans; may be overdrawn */
	uint64_t paced_ns, pruned_ns;
	uint64_t sound[SOUND_CLIENTS_MAX]; /* inodes connected to a sound server */
	size_t sound_count;
	uint64_t sound_ns; /* when they were read; 0: never */
	uint64_t look_ns;  /* no look into recent owners before */
	struct guest_search guests;
	struct attribution_stats stats;
};

/* --- attribution_sockets.c ---------------------------------------------------------
 */

/*
 * The owner of a socket: by its cgroup when that is one application's own, else by the
 * process that was seen to hold it. 0; -EAGAIN: it waits now; -ENOENT.
 */
int sockets_find_owner(struct attribution *a, const struct sockdiag_socket *socket,
		       uint64_t time_ns, uint16_t *ret_app);
struct socket_owner *sockets_get(struct attribution *a, uint64_t inode);
void sockets_give_up(struct attribution *a, struct socket_owner *s, uint64_t time_ns);
/* Answers one that waits, if a process was seen to hold it. 0, -ENOENT, -errno. */
int sockets_settle(struct attribution *a, struct socket_owner *s, uint64_t time_ns);
/* Moves `unlooked` past those that were looked for. */
void sockets_skip_looked(struct attribution *a);
void sockets_forget_old(struct attribution *a, uint64_t time_ns);
void sockets_forget_app(struct attribution *a, uint16_t app);
void sockets_done(struct attribution *a);

/* Notes that a flow's socket waits. */
void flows_wait(struct attribution *a, const struct flow_key *key, uint64_t inode,
		uint64_t time_ns);
/* What became of it. 0 with its application, -EAGAIN while it waits, -ENOENT. */
int flows_find(struct attribution *a, const struct flow_key *key, uint16_t *ret_app);
void flows_forget(struct attribution *a, const struct flow_key *key);
void flows_forget_all(struct attribution *a);

/* --- attribution_scan.c ------------------------------------------------------------
 */

/* Whether reading /proc is within the pace now, and what it cost since `start`. */
bool budget_allows(struct attribution *a, uint64_t time_ns);
uint64_t budget_clock(void);
uint64_t budget_spend(struct attribution *a, uint64_t start);

/* Notes the process a socket was found in. */
void recent_note(struct attribution *a, pid_t pid, const struct socket_owner *s);
/* If the pace allows: looks for a socket that waits, and all that are alike (of one
 * user, made in one cgroup), in the processes that held such ones lately. */
void recent_look(struct attribution *a, uint64_t time_ns);
/* Reads all of /proc and answers all that wait. 0 or -errno. */
int scan_everything(struct attribution *a, uint64_t time_ns);

/* --- attribution_apps.c ------------------------------------------------------------
 */

/* The application of an identity, made when it is new. 0, -ENOSPC (counted), -ENOMEM.
 * An observation is due afterwards: apps_report. */
int apps_intern(struct attribution *a, const struct app_identity *identity,
		struct application **ret_app);
/* The application a process belongs to. 0, -ESRCH when it is gone, else as above. */
int apps_find_process(struct attribution *a, pid_t pid, uint64_t time_ns,
		      struct application **ret_app);
void apps_add_process(struct attribution *a, struct application *app, pid_t pid);
bool apps_has_process(const struct application *app, pid_t pid);
/* Emits OBS_APP if something changed since the last. */
void apps_report(struct attribution *a, struct application *app, uint64_t time_ns);
/* Drops processes that are gone, adds those of its cgroups. */
void apps_refresh_processes(struct attribution *a, struct application *app);
void apps_remove(struct attribution *a, struct application *app, uint64_t time_ns);
void apps_done(struct attribution *a);

/* --- attribution_devices.c ---------------------------------------------------------
 */

/* Sound and cameras of an application, read anew every ten seconds at most. */
const struct procinfo_devices *devices_find(struct attribution *a,
					    struct application *app, uint64_t time_ns);

/* --- attribution_guests.c ----------------------------------------------------------
 */

void guest_ports_forget_app(struct attribution *a, uint16_t app);
void guest_ports_done(struct attribution *a);

/* --- attribution_cgroups.c ---------------------------------------------------------
 */

/* What is known of a cgroup, read when it is new. NULL when out of memory. */
const struct cgroup_owner *cgroups_find(struct attribution *a, uint64_t cgroup_id,
					uint64_t time_ns);
/* Notes the cgroup a process of an application was found in. */
void cgroups_note(struct attribution *a, const char *path,
		  const struct application *app);
/* The processes in an application's cgroups, at most `max`. */
size_t cgroups_list_pids(struct attribution *a, uint16_t app, pid_t *pids, size_t max);
void cgroups_forget_app(struct attribution *a, uint16_t app);
/* Adds every cgroup that is one application's own. 0 or -ENOMEM. */
int cgroups_fill_plan(const struct attribution *a, struct plan *plan);
void cgroups_done(struct attribution *a);

#endif
