/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel state that decisions want, and the difference between two such states. A
 * plan says what, kernel/nft.h how. Pure.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "base/addr.h"
#include "core/direction.h"
#include "core/mark.h"
#include "core/observation.h"
#include "core/quota.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is refused of an application's traffic with strangers: with a reset or an ICMP
 * error, in both directions. */
enum plan_cut {
	CUT_LEGS,  /* by the BLOCKED flag alone, which any cut refuses */
	CUT_CALLS, /* flows that strangers begin, until one is answered */
	CUT_ALL,   /* everything */
	CUT_PEERS, /* flows that begin, from either side, until one is answered */
	CUT_COUNT
};

/* What counts as no limit: an object that only counts. */
#define PLAN_QUOTA_ENDLESS INT64_MAX

/* What an application may use up, both directions together, all of it but trusted. */
struct plan_quota {
	uint64_t bytes; /* 0: none */
	enum quota_action action;
	uint64_t rate[DIRECTION_COUNT]; /* beyond, with QUOTA_SHAPE */
	uint32_t serial;		/* another: it begins anew, with `used` */
	uint64_t used;			/* when it begins; later the kernel knows */
	char label[40];			/* into the comment: whose, and of when */
};

/* Limits in bytes per second, 0 = none. An app that is not present has none. */
struct plan_app {
	bool is_present;		      /* has counters */
	char comment[64];		      /* its name, shown by `nft list` */
	uint64_t rate[DIRECTION_COUNT];	      /* always, all of it but trusted */
	uint64_t relay_rate[DIRECTION_COUNT]; /* while promoted */
	bool relay_legs_only;		      /* else relay_rate is for all of it */
	bool is_guarded; /* what relay_rate is for is counted: core/guard.h */
	bool cuts[CUT_COUNT];
	struct plan_quota quota;
	bool symmetric_nat; /* the UDP flows it begins get ports by chance */
};

/* (protocol, local port) of a listening or unconnected socket, and its application. */
struct plan_port {
	uint8_t proto;
	uint8_t number;
	uint16_t port; /* host order */
};

/* A cgroup of an application that has one of its own. */
struct plan_cgroup {
	uint64_t id;	    /* inode number of the cgroup v2 directory */
	unsigned int level; /* depth below the root: /a/b is 2 */
	uint8_t number;
};

/* An address of a container or virtual machine that this machine forwards for. */
struct plan_guest {
	struct addr addr;
	uint8_t number;
};

#define PLAN_PORTS_MAX 4096
#define PLAN_GUESTS_MAX 1024
#define PLAN_CGROUPS_MAX 1024
#define PLAN_CGROUP_LEVEL_MAX 8
#define PLAN_TRUSTED_MAX 256
#define PLAN_UPLINKS_MAX 8

/* Where the kernel asks whose socket a stranger calls, when it does not know. */
struct plan_hold {
	bool is_possible; /* somebody answers, and the kernel can ask */
	bool is_closed;	  /* what can't be asked is dropped; else it passes */
	uint16_t queue;
};

struct plan {
	struct mark_layout layout;
	bool is_owned; /* `flags owner`: the table goes when the daemon does */
	struct plan_hold hold;
	struct plan_app apps[APP_NUMBER_COUNT];
	struct plan_port *ports; /* sorted by (proto, port), unique */
	size_t port_count;
	struct plan_cgroup *cgroups; /* sorted by (level, id), unique */
	size_t cgroup_count;
	struct plan_guest *guests; /* sorted by address, unique */
	size_t guest_count;
	struct prefix *trusted; /* disjoint or not; never limited */
	size_t trusted_count;
	/* Interfaces whose egress waits in the classes of core/queue.h where it has
	 * one; what leaves by others is limited. Sorted. */
	uint32_t uplinks[PLAN_UPLINKS_MAX];
	size_t uplink_count;
};

void plan_init(struct plan *p);
void plan_done(struct plan *p);
/* What `ret_to` held before is not freed. 0 or -ENOMEM. */
int plan_copy(const struct plan *from, struct plan *ret_to);
/* Insert keeping the order; a second entry for the same key replaces the first.
 * 0, -ENOSPC at the bound, -ENOMEM. */
int plan_set_port(struct plan *p, uint8_t proto, uint16_t port, uint8_t number);
/* Also -EINVAL for a level that no set exists for: 0, or above the maximum. */
int plan_set_cgroup(struct plan *p, uint64_t id, unsigned int level, uint8_t number);
int plan_set_guest(struct plan *p, const struct addr *addr, uint8_t number);
/* The entry with the same key, or NULL. */
const struct plan_port *plan_find_port(const struct plan *p,
				       const struct plan_port *key);
const struct plan_cgroup *plan_find_cgroup(const struct plan *p,
					   const struct plan_cgroup *key);
const struct plan_guest *plan_find_guest(const struct plan *p, const struct addr *addr);
/* Bit L is set when there is a cgroup of level L. */
unsigned int plan_cgroup_levels(const struct plan *p);
/* Whether anything of that application, or of any, is refused. */
bool plan_app_is_cut(const struct plan_app *a);
bool plan_is_cutting(const struct plan *p);
/* Whether any application has symmetric_nat. */
bool plan_is_masquerading(const struct plan *p);
/* Whether calls to unknown sockets are asked about: only where calls are refused. */
bool plan_is_holding(const struct plan *p);
/* Whether any application is guarded. */
bool plan_is_guarding(const struct plan *p);
/* Whether any application has a quota. */
bool plan_has_quotas(const struct plan *p);

/* One step of a transaction. The steps of a list are in the order they must be sent. */
enum plan_step_kind {
	STEP_CREATE,  /* table, chains, maps, static rules: from nothing */
	STEP_APP_ADD, /* counters of apps[number] and their map elements */
	STEP_APP_REMOVE,
	STEP_LIMIT_ADD, /* one limit and its map elements */
	STEP_LIMIT_REMOVE,
	STEP_REFUSED_ADD, /* BLOCKED flows of apps[number] are refused, and counted */
	STEP_REFUSED_REMOVE,
	STEP_CUT_ADD, /* the map elements of one cut */
	STEP_CUT_REMOVE,
	STEP_NAT_ADD, /* the chain that gives UDP flows their ports by chance */
	STEP_NAT_REMOVE,
	STEP_NAT_APP_ADD, /* an application whose flows it is for */
	STEP_NAT_APP_REMOVE,
	STEP_PORT_ADD,
	STEP_PORT_REMOVE,
	STEP_CGROUP_ADD,
	STEP_CGROUP_REMOVE,
	STEP_GUEST_ADD,
	STEP_GUEST_REMOVE,
	STEP_TRUSTED_SET, /* the whole set anew */
	STEP_LEVELS_SET,  /* the marking rules anew, for the cgroup levels in use */
	STEP_QUOTA_ADD,	  /* the object of apps[number], and what is done beyond */
	STEP_QUOTA_REMOVE,
	STEP_QUOTAS_SET,  /* the chains for quotas: none where there is none */
	STEP_CUTTING_SET, /* the cutting rules anew: none where nothing is cut */
	STEP_FORWARD_ADD, /* what is forwarded is looked at: there are guests */
	STEP_FORWARD_REMOVE,
	STEP_CLASS_ADD, /* the class that one kind of flow waits in */
	STEP_CLASS_REMOVE,
	STEP_GUARD_ADD, /* counters of what a relay limit covers */
	STEP_GUARD_REMOVE,
	STEP_SHAPING_SET, /* the uplinks, and the rules before the limits, anew */
};

struct plan_step {
	enum plan_step_kind kind;
	uint8_t number;		  /* application, where one is meant */
	enum direction direction; /* STEP_LIMIT_* */
	bool is_relay_limit;	  /* relay_rate rather than rate */
	uint64_t rate;		  /* STEP_LIMIT_* */
	bool legs_only;	   /* STEP_LIMIT_*, STEP_GUARD_*: what the elements cover */
	enum plan_cut cut; /* STEP_CUT_* */
	bool is_leg;	   /* STEP_CLASS_*: whose class it is */
	uint32_t priority; /* STEP_CLASS_*: the class */
	struct plan_quota quota;   /* STEP_QUOTA_* */
	struct plan_port port;	   /* STEP_PORT_* */
	struct plan_cgroup cgroup; /* STEP_CGROUP_* */
	struct plan_guest guest;   /* STEP_GUEST_* */
};

struct plan_steps {
	struct plan_step *items;
	size_t count;
};

/*
 * The steps that turn `installed` (NULL: nothing is there) into `wanted`. An empty list
 * means nothing to do. A layout, ownership or mask that differs yields STEP_CREATE
 * followed by everything.
 *
 * The kernel neither updates a limit object nor a map element in place, so a changed
 * one is removed and added; removals come first, within one transaction. A number whose
 * comment differs has passed to another application: its counters begin at zero.
 *
 * 0 or -ENOMEM.
 */
int plan_diff(const struct plan *installed, const struct plan *wanted,
	      struct plan_steps *ret_steps);
void plan_steps_done(struct plan_steps *s);

#endif
