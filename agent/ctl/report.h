/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent knows, as the JSON of org.relaywarden.Agent. Reads a snapshot, changes
 * nothing; decides who sees what.
 */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include "core/callers.h"
#include "core/engine.h"
#include "core/guard.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/policy_ini.h"
#include "ctl/peer.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define REPORT_SCHEMA_VERSION 1
#define REPORT_PEERS_MAX 4096  /* of one application, the heaviest */
#define REPORT_CALLERS_MAX 100 /* of one application, those that call most */
#define REPORT_LEGS_MAX 32     /* pairs, the strongest */

struct report_counter {
	uint64_t packets, bytes;
};

/* What was refused of an application; all zero: nothing is. */
struct report_refused {
	uint64_t packets[DIRECTION_COUNT];
	uint64_t since_ns;
};

/* What an application has used of its quota; all zero: it is not counted. */
struct report_quota {
	uint64_t used;
	int32_t period; /* its first day, of base/wall.h */
	bool is_held;	/* the clock shows an earlier one */
};

enum report_state { REPORT_OK, REPORT_DEGRADED, REPORT_FAILED, REPORT_INFO };

/* One line of doctor. */
struct report_check {
	const char *name;
	enum report_state state;
	const char *detail; /* what is */
	const char *advice; /* what to do, or NULL */
};

/* Enforcement is suspended. */
struct report_pause {
	uint64_t until_ns;
	uid_t uid;
	pid_t pid;
	const char *user;
};

/* How the policy in force came to be, or what is being tried; see the interface. */
struct report_trial {
	unsigned int number;
	const char *state;
	uint64_t confirm_until_ns; /* 0: nobody has to confirm */
	const char *by, *reason;
};

/* Everything a reply is made of; borrowed for the call. */
struct report_input {
	const struct engine *engine;
	const struct policy *policy;
	/* The kernel's counters, a row for each of APP_NUMBER_COUNT application
	 * numbers, a column for each direction; NULL when there are none. */
	const struct report_counter (*counters)[DIRECTION_COUNT];
	const struct report_refused *refused; /* likewise a row for each number */
	const struct callers *callers;	      /* whose packets these were, or NULL */
	const struct report_quota *quotas;    /* likewise */
	/* What speaks against each application, by its id: bits of core/impostor.h; or
	 * NULL. */
	const unsigned int *impostors;
	const char *version;
	uint64_t now_ns, start_ns; /* CLOCK_BOOTTIME: now, and when the daemon began */
	int64_t epoch_offset;	   /* seconds: Unix time = CLOCK_BOOTTIME + this */
	const struct wall_time *wall; /* now, for schedules */
	const char *link_name;	      /* of the uplink, "" when there is none */
	uint64_t link_capacity;	      /* bytes per second, 0 = unknown */
	const struct guard *guard;    /* NULL: policy has no reserve */
	const char *const *degraded;  /* one sentence each; none when all is well */
	size_t degraded_count;
	const struct report_check *checks;
	size_t check_count;
	uint64_t policy_generation;
	const struct policy_error *policy_error; /* of the last reload, or NULL */
	const struct report_trial *trial;	 /* or NULL */
	const struct report_pause *pause;	 /* or NULL */
};

/*
 * The methods. `parameters` as it came; returns like a ctl_method: 0 with the
 * parameters of a reply or, *ret_error set, of an error; or -ENOMEM.
 */
int report_status(const struct report_input *in, const struct ctl_peer *peer,
		  const json_t *parameters, json_t **ret_reply, const char **ret_error);
int report_explain(const struct report_input *in, const struct ctl_peer *peer,
		   const json_t *parameters, json_t **ret_reply,
		   const char **ret_error);
int report_peers(const struct report_input *in, const struct ctl_peer *peer,
		 const json_t *parameters, json_t **ret_reply, const char **ret_error);
int report_policy(const struct report_input *in, const json_t *parameters,
		  json_t **ret_reply, const char **ret_error);
int report_doctor(const struct report_input *in, const json_t *parameters,
		  json_t **ret_reply, const char **ret_error);

/* A port that is listened on, on any address. */
struct report_listener {
	uint8_t proto;
	uint16_t port;
	uint16_t app; /* 0: nobody's, or of several */
};

struct report_listeners {
	bool is_known; /* they could be read */
	struct report_listener *list;
	size_t count;
};

enum report_firewall_state {
	REPORT_FIREWALL_UNKNOWN,
	REPORT_FIREWALL_OPEN,
	REPORT_FIREWALL_REFUSES, /* what no rule admits */
};

struct report_firewall {
	enum report_firewall_state state;
	char chain[288]; /* that refuses: "inet filter input" */
};

/* `firewall`: of IPv4, of IPv6. Of `in` only the engine is used. */
int report_eligibility(const struct report_input *in, const struct ctl_peer *peer,
		       const struct report_listeners *listeners,
		       const struct report_firewall firewall[2],
		       const json_t *parameters, json_t **ret_reply,
		       const char **ret_error);

/* PolicyReload, after it was done: its reply, or its error where policy_error is set.
 */
int report_reload(const struct report_input *in, json_t **ret_reply,
		  const char **ret_error);

/* PolicyTrial, PolicyHold: 0 or -ENOMEM. */
int report_policy_trial(const struct report_input *in, json_t **ret_reply);
int report_policy_hold(const char *const *directories, size_t count,
		       json_t **ret_reply);

/* Pause, after it was done. 0 or -ENOMEM. */
int report_paused(const struct report_input *in, json_t **ret_reply);

#endif
