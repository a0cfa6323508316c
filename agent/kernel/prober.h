/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process of its own that looks whether the network works: the daemon, with its
 * privileges, has no internet socket, and this one, which has, has no privilege, no
 * file and no way to get either. Its packets pass our rules like everybody's.
 *
 * It is forked before anything else is opened and lives as long as the daemon does.
 * Both speak in records of one size each over a socketpair that keeps their bounds.
 */
#ifndef KERNEL_PROBER_H
#define KERNEL_PROBER_H

#include "core/probe.h"
#include <sys/types.h>

struct prober;

/* Forks it, as that user. 0 or -errno. */
int prober_start(uid_t uid, gid_t gid, struct prober **ret_prober);
/* Ends it: it goes when nobody is at the other end. */
void prober_stop(struct prober *p);

/* Readable when there is something for prober_read. */
int prober_fd(const struct prober *p);

/* Starts a round, which is over in two seconds. What of an earlier one still comes is
 * passed over. 0, or -errno: it is dead. */
int prober_begin(struct prober *p, const struct probe *probes, size_t count);

/* 1: the round is over, a bit for each probe that worked. 0: there is more to come.
 * -errno: it is dead, or talks nonsense, which is the same. Does not block. */
int prober_read(struct prober *p, uint32_t *ret_works);

#endif
