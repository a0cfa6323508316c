/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of guests: containers and virtual machines of this machine whose traffic it
 * forwards, and the application each is. Filled by attribution, asked for every entry
 * of conntrack that has no end here. No I/O.
 */
#ifndef KERNEL_GUESTS_H
#define KERNEL_GUESTS_H

#include "core/plan.h"

#define GUESTS_MAX PLAN_GUESTS_MAX
/* Of one port of this machine: a guest may take as many addresses as it likes, and must
 * not take the room of others. */
#define GUEST_ADDRS_MAX 64

struct guests;

int guests_new(struct guests **ret_guests); /* 0 or -ENOMEM */
void guests_free(struct guests *g);

/* The application of a guest's address, APP_UNATTRIBUTED when it is nobody's. NULL has
 * no guests. */
uint16_t guests_find(const struct guests *g, const struct addr *a);
size_t guests_count(const struct guests *g);

/*
 * Notes that an address leads to an application, through the port `port`, at `time_ns`.
 * 1 when that is new, 0, -ENOSPC at a bound (it is not noted), -ENOMEM.
 */
int guests_note(struct guests *g, const struct addr *a, uint32_t port, uint16_t app,
		uint64_t time_ns);
/* Drops those not noted since `time_ns`. */
void guests_forget_old(struct guests *g, uint64_t time_ns);
void guests_forget_app(struct guests *g, uint16_t app);

/* All of them, for the kernel to mark. 0 or -ENOMEM. */
int guests_fill_plan(const struct guests *g, struct plan *plan);

#endif
