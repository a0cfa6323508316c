/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conntrack: events, dumps with a filter in the kernel, marks. Entries are turned so
 * that `key.local` is the workstation, or a guest that it forwards for. Source:
 * linux/netfilter/nfnetlink_conntrack.h.
 *
 * Owns: three netlink sockets (events, dump, changes). Hands entries to one callback
 * and keeps none of them.
 *
 * Translated addresses (NAT): the key is the flow as the socket here sees it, which is
 * one of the entry's two tuples: the original one of an outbound flow, the reply one of
 * an inbound flow; for a guest's, as the guest sees it. So it is unique, finds the
 * socket, and finds the entry again.
 *
 * With nf_conntrack_events = 2, the default since Linux 5.19, there is no DESTROYED for
 * an entry made while nobody listened: find the end of flows that are older than this
 * listener by dumping everything.
 */
#ifndef KERNEL_CONNTRACK_H
#define KERNEL_CONNTRACK_H

#include "core/observation.h"
#include "kernel/guests.h"
#include "kernel/link.h"
#include <stdbool.h>
#include <stdint.h>

struct conntrack;

enum conntrack_event { CONNTRACK_NEW, CONNTRACK_DUMPED, CONNTRACK_DESTROYED };

struct conntrack_entry {
	struct flow_key key;
	bool is_inbound;   /* the original direction came from the remote side */
	bool has_counters; /* false: NEW, or it is older than accounting */
	/* TCP that was under way when conntrack met it: who began it is not known, the
	 * original direction is that of some packet. */
	bool is_midway;
	bool is_ended; /* TCP that was closed: only late segments may still come */
	/* Both ends are here, and `key` is as the one that began has it: its local end
	 * first. Translation apart `client` is the same, and `server` has it turned. */
	bool is_loopback;
	struct flow_key client, server; /* of is_loopback: as their sockets have it */
	uint16_t guest; /* the application of the guest that is the local end, or 0 */
	uint64_t bytes_in, bytes_out, packets_in, packets_out;
	uint32_t mark;
};

/*
 * Entries with no local end (forwarded for nobody we know, and multicast from others)
 * are counted, not handed over; so are those with two that have no ports, or whose far
 * end is neither loopback nor the address of the near one: nobody could tell it from a
 * stranger's. A guest is another end here: what guests exchange with each other and
 * with this machine is counted as loopback. A callback may change marks and start a
 * dump, but not read events or dumps, nor close.
 */
typedef void conntrack_callback(void *context, enum conntrack_event event,
				const struct conntrack_entry *entry);

struct conntrack_stats {
	uint64_t events, lost_events; /* lost: times the kernel said ENOBUFS */
	uint64_t forwarded, unparsable;
	uint64_t loopback; /* with two local ends, handed over or not */
	uint64_t dumps, mark_updates, mark_failures;
};

/* Whether nf_conntrack_acct is on: 1, 0 or -errno. */
int conntrack_is_accounting(void);
/* Turns nf_conntrack_acct on or off, for entries made from now on. 1 when that changed
 * it, 0 when it was so, or -errno. */
int conntrack_set_accounting(bool on);
/* Entries now and at most, from /proc/sys/net/netfilter. 0 or -errno. */
int conntrack_read_fill(uint64_t *ret_count, uint64_t *ret_max);

/* 0 or -errno; -EPROTONOSUPPORT where the kernel has no ctnetlink. */
int conntrack_open(const struct link *link, const struct guests *guests,
		   conntrack_callback *callback, void *context,
		   struct conntrack **ret_conntrack);
void conntrack_close(struct conntrack *c);

int conntrack_event_fd(const struct conntrack *c);
/* Takes a bounded batch of pending events. 0, or -ENOBUFS: events were lost, dump all.
 */
int conntrack_handle_events(struct conntrack *c);

/*
 * Asks for every entry with (mark & mask) == value; mask 0 means every entry. One dump
 * at a time: -EBUSY while one runs. The reply comes through conntrack_dump_fd().
 */
int conntrack_dump_start(struct conntrack *c, uint32_t value, uint32_t mask);
int conntrack_dump_fd(const struct conntrack *c);
/* Takes a bounded batch. 1 when the dump has ended, 0 when there is more, or -errno
 * (the dump has ended; -EINTR: it was inconsistent and wants repeating). */
int conntrack_dump_read(struct conntrack *c);

/*
 * Reads one entry anew and hands it over as CONNTRACK_DUMPED: for a few flows much
 * cheaper than a dump, which walks the whole table. 0, -ENOENT, -EOPNOTSUPP for ICMP,
 * -errno.
 */
int conntrack_read(struct conntrack *c, const struct flow_key *key, bool is_inbound);

/*
 * Changes the mark's bits under `mask` to `value` of one entry. 0, -ENOENT, -EINVAL for
 * a value outside the mask, -EOPNOTSUPP for ICMP (its key does not name one entry),
 * -errno.
 */
int conntrack_set_mark(struct conntrack *c, const struct flow_key *key, bool is_inbound,
		       uint32_t value, uint32_t mask);

/* Forgets one entry: its next packet begins a flow. 0, -ENOENT, -EOPNOTSUPP for ICMP,
 * -errno. */
int conntrack_delete(struct conntrack *c, const struct flow_key *key, bool is_inbound);

const struct conntrack_stats *conntrack_stats(const struct conntrack *c);

/* --- pure part, for tests and the fuzzer: one netlink message to an entry ------- */

struct nlmsghdr;
/* `guests` may be NULL. 0, -ENOENT when it has no local end, -ELOOP when it has two and
 * is not handed over, -EINVAL when it can't be parsed. */
int conntrack_parse(const struct nlmsghdr *message, const struct link *link,
		    const struct guests *guests, struct conntrack_entry *ret_entry);

#endif
