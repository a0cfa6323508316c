/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about an application and the verdict on it: who it is, what it carried, the
 * evidence, its role. Read by policy, plan and reports; written by the engine alone.
 */
#ifndef CORE_APP_H
#define CORE_APP_H

#include "core/catalogue.h"
#include "core/circuits.h"
#include "core/evidence.h"
#include "core/flow.h"
#include "core/group.h"
#include "core/heaviest.h"
#include "core/history.h"
#include "core/observation.h"
#include "core/transport.h"
#include "core/zoom.h"

enum app_role {
	ROLE_CLIENT,
	ROLE_SUSPECT,	/* it may be one of the next */
	ROLE_SUPERNODE, /* a hub many strangers lean on; it passes little on */
	ROLE_RELAY,	/* forwards strangers' payload */
};

const char *app_role_name(enum app_role r);
/* Supernode or relay: its network has promoted it. */
bool app_role_is_promoted(enum app_role r);

struct app_totals {
	uint64_t bytes_in, bytes_out; /* with strangers, since first seen */
	/* Of these, on legs since they were named; and of short flows, which come and
	 * go before they could be legs, the share that was seen to be passed on. */
	uint64_t relayed_in, relayed_out;
};

struct detect_state;

/* What the last look at its packets showed, and when; 0: never looked. */
struct zoom_view {
	struct zoom_result result;
	uint64_t time_ns;
	uint64_t idle_ns; /* when nothing was there to look at; 0: never */
	bool was_longer;  /* it was given ZOOM_SECONDS_LONGER */
};

struct app {
	uint16_t id;
	struct app_identity identity;
	const struct catalogue_client *client; /* or NULL */
	/* A trade it shows the path or unit of without proof, or NULL; and why not. */
	const struct catalogue_client *unproved_trade;
	enum catalogue_doubt trade_doubt;
	bool has_wildcard_listener;
	bool is_set_to_relay; /* its own configuration has it work for others */
	bool has_device;      /* sound or camera */
	uint16_t pid_count;
	int32_t pids[APP_PIDS_MAX];
	uint64_t first_ns;

	/*
	 * The application it is judged as: itself, or, of several that pass strangers'
	 * traffic on among each other, the one with the least id, which then has the
	 * flows and peers of all of them.
	 */
	uint16_t judge;
	uint64_t linked_ns;	/* when a link to that group was last seen */
	struct flow *flows;	/* utlist of its flows */
	struct peer *peer_list; /* utlist, trusted ones too */
	unsigned int flow_count, leg_count;
	unsigned int peers, peers_in, peers_out; /* strangers; alive, by who began */
	struct app_totals totals;
	struct history history;
	struct circuits *circuits; /* its last short flows: of candidates, lately */
	struct group_link links[GROUP_LINKS_MAX]; /* over loopback */
	struct transport_sums transport;	  /* of its flows to strangers */
	struct heaviest heaviest;
	struct flow *sampled[HEAVIEST_LISTED]; /* those with a series (sampling.c) */
	size_t sampled_count;
	double rate_in, rate_out; /* strangers, bytes per second of the last seconds */

	bool is_candidate;  /* could be relaying: sampled often, storage read */
	bool is_limited;    /* a relay limit of ours is in force */
	bool is_cut;	    /* its legs, or all of it, are refused */
	bool is_called;	    /* and those that are refused keep calling */
	bool is_over_quota; /* it has used up what policy grants */
	bool is_full;	    /* it has as many peers as policy grants, or had just now */
	bool is_held;	    /* stays promoted: it still pushes against one of these */
	bool legs_suffice;  /* the flows that are not legs can't be relaying */
	bool has_matches;   /* since legs were last forgotten; so flows need a walk */
	bool has_unnamed;   /* some of these may be legs, and are not named yet */

	enum app_role role;
	uint64_t role_since_ns;
	double log_odds;
	struct evidence evidence[EVIDENCE_COUNT];
	unsigned int families; /* of evidence that says it works for strangers */
	/* Two families have agreed since it was promoted: under a cut they fade. */
	bool may_be_cut;

	struct zoom_view zoom;
	struct detect_state *detect; /* private to detect.c and looks.c */
};

/* 1 / (1 + e^-log_odds). */
double app_probability(const struct app *a);

/* A flow of its lists was matched, in so many evaluations by now. */
void app_note_matches(struct app *a, struct flow *f, uint8_t matches);

#endif
