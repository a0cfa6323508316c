/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow to application: sock_diag for the tuple, cgroup or process for the socket, an
 * identity and a small id for that. Guest to application likewise: containers and
 * virtual machines whose traffic is forwarded. Emits OBS_APP and OBS_APP_GONE; owns the
 * ids.
 *
 * Cost: a look-up is at most two sock_diag round trips, and, fifty times a second at
 * most, a look into the processes that held such sockets lately. What that leaves
 * unresolved waits for attribution_scan, which reads /proc at most once for all that
 * wait. Both together are paced to about one percent of a core.
 */
#ifndef KERNEL_ATTRIBUTION_H
#define KERNEL_ATTRIBUTION_H

#include "core/observation.h"
#include "core/plan.h"
#include "kernel/guests.h"
#include "kernel/neighbours.h"
#include "kernel/procinfo.h"
#include "kernel/sockdiag.h"

struct attribution;

typedef void attribution_observe(void *context, const struct observation *o);

struct attribution_stats {
	uint64_t lookups, resolved, waiting, unresolved; /* unresolved: given up on */
	uint64_t scans, processes_read;
	uint64_t looks;			 /* into processes that held sockets lately */
	uint64_t apps_refused;		 /* the table of applications was full */
	uint64_t guest_readings, guests; /* addresses, as of the last reading */
	uint64_t guests_unowned;	 /* ports with a guest that is nobody's */
	uint64_t guests_left_out;	 /* a table was full */
};

int attribution_new(struct sockdiag *s, struct procinfo *p,
		    attribution_observe *observe, void *context,
		    struct attribution **ret_attribution);
void attribution_free(struct attribution *a);

/*
 * The application of a flow. 0 with its id; -EAGAIN when a /proc scan is needed first
 * (the caller asks again after attribution_scan; the socket may be closed by then);
 * -ENOENT when there is no such socket.
 */
int attribution_find(struct attribution *a, const struct flow_key *key, bool is_inbound,
		     uint64_t time_ns, uint16_t *ret_app);

/* A port that is listened on, or an unconnected UDP socket has, on any address; `app`
 * is APP_UNATTRIBUTED where it is nobody's, or several have it. */
typedef void attribution_listener(void *context, uint8_t proto, uint16_t port,
				  uint16_t app);
/* All of them, as of the last refresh. */
void attribution_walk_listeners(const struct attribution *a, attribution_listener *take,
				void *context);

/* A flow began, perhaps with the tuple of an earlier one: called before it is asked
 * for. */
void attribution_flow_began(struct attribution *a, const struct flow_key *key);
/* It ended: what was found out of it and not asked for yet. 0, -EAGAIN, -ENOENT. */
int attribution_flow_ended(struct attribution *a, const struct flow_key *key,
			   uint16_t *ret_app);

/* Whether anybody listens on the flow's local port (TCP), as of the last refresh. */
bool attribution_is_listening(const struct attribution *a, const struct flow_key *key);

/*
 * Loads every socket and process: at start, and after events were lost.
 */
int attribution_load(struct attribution *a, uint64_t time_ns);

/* When processes may be looked into next, if a look-up waits for that; else 0. */
uint64_t attribution_look_due(const struct attribution *a);
/* If that is now: looks for the sockets that wait in processes that held such ones
 * lately. A connection may be over long before the next scan. */
void attribution_look(struct attribution *a, uint64_t time_ns);

/* If look-ups wait and the pace allows: one scan. 1 when it scanned, 0 when not due. */
int attribution_scan(struct attribution *a, uint64_t time_ns);

/*
 * Every few seconds: re-reads listening sockets, drops applications without processes
 * and flows (`has_flows` answers for an id), refreshes pids.
 */
void attribution_refresh(struct attribution *a, uint64_t time_ns,
			 bool (*has_flows)(void *context, uint16_t app), void *context);

/* From now on guests are looked for, and noted in `g`; both are borrowed. */
void attribution_set_guests(struct attribution *a, struct guests *g,
			    struct neighbours *n);
/*
 * Looks for guests if traffic is forwarded for somebody unknown, of which there were
 * `forwarded` entries so far, or if there are guests, and if the pace allows. What
 * comes by `uplink` is none. 1 when an address is new or another's, else 0.
 */
int attribution_find_guests(struct attribution *a, uint64_t forwarded,
			    const char *uplink, uint64_t time_ns);

/* What the kernel may mark by itself: ports, cgroups and guests of known applications.
 */
int attribution_fill_plan(const struct attribution *a, struct plan *plan);

/* Sums /proc/PID/io over an application's processes and emits OBS_APP_IO, with the
 * devices it has open as of at most ten seconds ago (procinfo_read_devices). */
int attribution_read_io(struct attribution *a, uint16_t app, uint64_t time_ns);

const struct attribution_stats *attribution_stats(const struct attribution *a);

#endif
