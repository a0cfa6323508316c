/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The admin's policy as an immutable value. Parsing (policy_ini.h) makes one; a changed
 * policy is a new one. Rates are bytes per second, 0 meaning "no limit".
 *
 * Of several [app] sections that match an application the last one read wins (so the
 * admin's files win over the shipped ones); keys it does not set come from [app *]. A
 * section is not there while its schedule does not apply.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "base/addr.h"
#include "base/wall.h"
#include "core/catalogue.h"
#include "core/direction.h"
#include "core/observation.h"
#include "core/probe.h"
#include "core/quota.h"
#include "core/schedule.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum policy_mode { MODE_ENFORCE, MODE_MONITOR };
enum policy_on_failure { ON_FAILURE_OPEN, ON_FAILURE_CLOSED };

/* What becomes of packets above a limit that go out; what comes in is always dropped.
 */
enum link_egress { EGRESS_POLICE, EGRESS_QUEUE };

enum promotion_action {
	PROMOTION_ALLOW, /* leave it */
	PROMOTION_WARN,	 /* event and notice */
	PROMOTION_SHAPE, /* while promoted it gets relay_rate_* */
	/* Like shape, and once the evidence suffices for that: */
	PROMOTION_FORBID, /* legs are severed, strangers that call refused */
	PROMOTION_BLOCK,  /* no network but loopback and trusted networks */
};

/* What relay_rate_* applies to while promoted. */
enum relay_scope {
	RELAY_SCOPE_AUTO, /* the legs when they explain what is relayed, else all of it
			   */
	RELAY_SCOPE_LEGS,
	RELAY_SCOPE_APP,
};

/* Where a value was written: kept for `policy show` and for "why was I limited". */
struct policy_origin {
	const char *file; /* owned by the policy; NULL for a built-in default */
	unsigned int line;
};

struct policy_strings {
	size_t count;
	char **items;
};

/* One [app NAME] section, merged over its layers. `is_set` bits are enum rule_key. */
enum rule_key {
	RULE_PROMOTION,
	RULE_RELAY_SCOPE,
	RULE_RATE_UP,
	RULE_RATE_DOWN,
	RULE_RELAY_RATE_UP,
	RULE_RELAY_RATE_DOWN,
	RULE_QUOTA,
	RULE_QUOTA_ACTION,
	RULE_QUOTA_RATE_UP,
	RULE_QUOTA_RATE_DOWN,
	RULE_PEERS_MAX,
	RULE_SYMMETRIC_NAT,
	RULE_SCHEDULE, /* never lent by [app *] */
	RULE_KEY_COUNT
};

struct policy_rule {
	const char *name; /* "*" is the default rule */
	struct policy_strings clients, trades, exes, units, users,
		containers; /* globs */
	enum promotion_action promotion;
	enum relay_scope relay_scope;
	uint64_t rate_up, rate_down;		 /* always */
	uint64_t relay_rate_up, relay_rate_down; /* only while promoted */
	uint64_t quota;				 /* bytes of both directions; 0: none */
	enum quota_unit quota_unit;
	enum quota_action quota_action;
	uint64_t quota_rate_up, quota_rate_down; /* when it is used up */
	uint32_t peers_max;			 /* strangers at once; 0: any */
	bool symmetric_nat; /* UDP it begins leaves by another port for every peer */
	struct schedule schedule;
	bool is_set[RULE_KEY_COUNT];
	struct policy_origin origin[RULE_KEY_COUNT];
};

/* [notices]: what the desktop of an application's user shows of it. */
struct policy_notices {
	bool are_off;
	struct schedule quiet; /* without a range: never */
};

/* One effective key, as `policy show` prints it. Texts are owned by the policy. */
struct policy_setting {
	const char *section; /* "agent", "link", "app voice" */
	const char *key;
	const char *value;
	struct policy_origin origin;
};

/* Whether nothing is shown at this time. */
bool policy_notices_are_quiet(const struct policy_notices *n,
			      const struct wall_time *now);

#define POLICY_MARK_MASK_DEFAULT 0xfff00000u
/* As many as there is room for flows. */
#define POLICY_PEERS_MAX 131072

struct policy {
	enum policy_mode mode;
	enum policy_on_failure on_failure;
	uint32_t mark_mask; /* twelve neighbouring bits */
	/* Of the link, bytes per second; 0 = auto. */
	uint64_t capacity[DIRECTION_COUNT];
	/* What promoted applications together leave to others: part of that or bytes
	 * per second, one of the two; none: both 0. */
	unsigned int reserve_percent;
	uint64_t reserve_rate;
	enum link_egress egress;
	struct prefix *trusted;
	size_t trusted_count;
	struct probe *probes; /* what has to work after it, if it did before */
	size_t probe_count;   /* at most PROBES_MAX */
	struct policy_notices notices;
	struct policy_rule *rules; /* as last read; [app *] first if present */
	size_t rule_count;
	struct policy_setting
		*settings; /* [agent], [link], [probe], [notices], `rules` */
	size_t setting_count;
	void *storage; /* owns the texts above; private to policy.c */
};

/* What the policy says for one application: the rule with [app *] folded in. */
struct policy_match {
	const struct policy_rule *rule; /* the winning section, or NULL */
	/* The one that would win if its schedule applied now, or NULL. */
	const struct policy_rule *waiting;
	struct policy_rule effective; /* texts borrowed from the policy */
};

/*
 * The policy in force before any file is read: enforce, limit nothing, warn. NULL when
 * memory is short. Its settings are empty; policy_parse of no source fills them.
 */
struct policy *policy_new_default(void);
void policy_free(struct policy *p);

/*
 * Finds the section for an application; `client` may be NULL. Without a match the rule
 * is [app *], or NULL where there is none: then `effective` is the built-in default,
 * its name "". A selector never matches a field that is empty. By its path (exe,
 * client) an application in a user namespace of its own comes under no section that is
 * more lenient than [app *]. `now` is for the schedules; NULL: all of them apply.
 */
void policy_match_app(const struct policy *p, const struct app_identity *identity,
		      const struct catalogue_client *client,
		      const struct wall_time *now, struct policy_match *ret_match);

/* Whether promoted applications are held to what others leave: core/guard.h. */
bool policy_is_guarding(const struct policy *p);

/* Whether an address is in one of the trusted networks. */
bool policy_is_trusted(const struct policy *p, const struct addr *a);

const char *promotion_action_name(enum promotion_action a);
const char *relay_scope_name(enum relay_scope s);
const char *policy_mode_name(enum policy_mode m);
const char *policy_on_failure_name(enum policy_on_failure f);

#endif
