/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent: wires the modules together and runs the loop.
 */
#ifndef AGENT_H
#define AGENT_H

#include "store/policy_store.h"
#include <stdint.h>

struct agent;
struct prober;

struct agent_options {
	struct policy_store_config policies;
	const char *control_path;
	const char *table;	 /* of nftables */
	uint16_t queue;		 /* number, for calls that are held */
	const char *record_path; /* or NULL */
	struct prober *prober;	 /* started before; NULL: there is none */
};

/*
 * Takes over the prober, also where it fails. Opens what needs root: netlink sockets,
 * accounting, the control socket. What the kernel lacks is logged once, shown by
 * doctor, and done without. 0, or -errno after a line in the log: without CAP_NET_ADMIN
 * or the control socket there is nothing to be done.
 */
int agent_open(const struct agent_options *options, struct agent **ret_agent);

/* Until SIGTERM or SIGINT. 0 or -errno. */
int agent_run(struct agent *a);

/* Takes back what was changed in the kernel and frees everything. */
void agent_close(struct agent *a);

/* Takes back what an agent that was killed has left: table, marks, accounting. 0, also
 * when there is nothing, or -errno after a line in the log. */
int agent_clean_up(const struct agent_options *options);

#endif
