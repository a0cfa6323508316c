/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/guests.h"
#include "base/hash.h"
#include <errno.h>
#include <stdlib.h>

struct guest {
	struct addr addr;
	uint32_t port;
	uint16_t app;
	uint64_t noted_ns;
	UT_hash_handle hh; /* by addr */
};

struct guests {
	struct guest *by_addr;
};

int guests_new(struct guests **ret_guests)
{
	struct guests *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	*ret_guests = g;
	return 0;
}

static void drop(struct guests *g, struct guest *guest)
{
	HASH_DEL(g->by_addr, guest);
	free(guest);
}

void guests_free(struct guests *g)
{
	struct guest *guest, *next;

	if (!g)
		return;
	HASH_ITER (hh, g->by_addr, guest, next) {
		drop(g, guest);
	}
	free(g);
}

static struct guest *find(const struct guests *g, const struct addr *a)
{
	struct guest *guest = NULL;

	if (g && g->by_addr)
		HASH_FIND(hh, g->by_addr, a, sizeof(*a), guest);
	return guest;
}

uint16_t guests_find(const struct guests *g, const struct addr *a)
{
	const struct guest *guest = find(g, a);

	return guest ? guest->app : APP_UNATTRIBUTED;
}

size_t guests_count(const struct guests *g)
{
	return g ? HASH_COUNT(g->by_addr) : 0;
}

static bool has_room(const struct guests *g, uint32_t port)
{
	const struct guest *guest;
	size_t of_port = 0;

	if (HASH_COUNT(g->by_addr) >= GUESTS_MAX)
		return false;
	for (guest = g->by_addr; guest; guest = guest->hh.next)
		of_port += guest->port == port;
	return of_port < GUEST_ADDRS_MAX;
}

static int add(struct guests *g, const struct addr *a, struct guest **ret_guest)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return -ENOMEM;
	guest->addr = *a;
	HASH_ADD(hh, g->by_addr, addr, sizeof(guest->addr), guest);
	if (!guest->hh.tbl) {
		free(guest);
		return -ENOMEM;
	}
	*ret_guest = guest;
	return 0;
}

int guests_note(struct guests *g, const struct addr *a, uint32_t port, uint16_t app,
		uint64_t time_ns)
{
	struct guest *guest = find(g, a);
	bool is_new = !guest || guest->app != app;
	int r;

	if (!guest || guest->port != port) {
		if (!has_room(g, port))
			return -ENOSPC;
		r = guest ? 0 : add(g, a, &guest);
		if (r < 0)
			return r;
	}
	guest->port = port;
	guest->app = app;
	guest->noted_ns = time_ns;
	return is_new;
}

void guests_forget_old(struct guests *g, uint64_t time_ns)
{
	struct guest *guest, *next;

	HASH_ITER (hh, g->by_addr, guest, next) {
		if (guest->noted_ns < time_ns)
			drop(g, guest);
	}
}

void guests_forget_app(struct guests *g, uint16_t app)
{
	struct guest *guest, *next;

	HASH_ITER (hh, g->by_addr, guest, next) {
		if (guest->app == app)
			drop(g, guest);
	}
}

int guests_fill_plan(const struct guests *g, struct plan *plan)
{
	const struct guest *guest;
	int r = 0;

	for (guest = g->by_addr; guest && r == 0; guest = guest->hh.next)
		r = plan_set_guest(plan, &guest->addr, app_number(guest->app));
	return r;
}
