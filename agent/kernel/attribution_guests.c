/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a guest is: the port of this machine that its address is behind leads to a
 * network namespace, which is the application of the processes in it, or is a tap
 * device, which is the application of the process that holds it. Of several processes
 * one in a container counts before one in a unit, and that before any other; then the
 * lowest number, mostly the oldest.
 *
 * Nothing is read until traffic is forwarded that nobody here has an end of.
 */
#include "base/units.h"
#include "kernel/attribution_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How long after such traffic guests are looked for, and how often. */
#define ASKED_NS (30 * SECOND_NS)
#define PAUSE_MIN_NS (SECOND_NS / 4)
#define PAUSE_MAX_NS (2 * SECOND_NS)
#define REFRESH_NS (5 * SECOND_NS)
/* An address that the kernel has forgotten meanwhile is believed this long. */
#define KEPT_NS (60 * SECOND_NS)
/* An owner is looked for again after this long: a container's is sure, another's may
 * only have prepared the namespace for one. */
#define OWNER_SURE_NS (60 * SECOND_NS)
#define OWNER_UNSURE_NS (20 * SECOND_NS)
#define OWNER_TRIES_MAX 8 /* doublings: 1 s to 4 minutes */
#define NAMESPACES_MAX 4096
#define NAMESPACE_PROCESSES_MAX 64 /* looked at to find its owner */

/* The best process found so far. */
struct owner {
	pid_t pid; /* 0: none */
	enum app_kind kind;
	unsigned int looked;
};

struct guest_port {
	struct neighbours_port port;
	uint16_t app; /* 0: not known */
	uint64_t due_ns, seen_ns;
	uint8_t tries;
	struct owner owner; /* of a tap, while it is looked for */
	UT_hash_handle hh;  /* by port.index */
};

struct network_namespace {
	uint64_t inode;
	int32_t id; /* -1: we have none */
	bool is_wanted;
	struct owner owner;
	UT_hash_handle hh; /* by inode */
};

/* One walk through the processes. */
struct search {
	struct attribution *a;
	uint64_t time_ns;
	struct network_namespace *namespaces;
};

void attribution_set_guests(struct attribution *a, struct guests *g,
			    struct neighbours *n)
{
	a->guests.table = g;
	a->guests.neighbours = n;
}

static void drop_port(struct guest_search *s, struct guest_port *p)
{
	HASH_DEL(s->ports, p);
	free(p);
}

void guest_ports_forget_app(struct attribution *a, uint16_t app)
{
	struct guest_port *p;

	if (a->guests.table)
		guests_forget_app(a->guests.table, app);
	for (p = a->guests.ports; p; p = p->hh.next)
		if (p->app == app) {
			p->app = APP_UNATTRIBUTED;
			p->due_ns = 0;
		}
}

void guest_ports_done(struct attribution *a)
{
	struct guest_port *p, *next;

	HASH_ITER (hh, a->guests.ports, p, next) {
		drop_port(&a->guests, p);
	}
}

/* --- owners ------------------------------------------------------------------------
 */

static int rank(enum app_kind kind)
{
	return kind == APP_KIND_CONTAINER ? 3 : kind == APP_KIND_UNIT ? 2 : 1;
}

static void consider(struct attribution *a, struct owner *o, pid_t pid)
{
	struct identity_facts facts;
	struct app_identity identity;

	if ((o->pid && o->kind == APP_KIND_CONTAINER) ||
	    o->looked++ >= NAMESPACE_PROCESSES_MAX ||
	    procinfo_read_process(a->procinfo, pid, &facts) < 0)
		return;
	identity_make(&facts, &identity);
	if (o->pid && rank(identity.kind) <= rank(o->kind))
		return;
	o->pid = pid;
	o->kind = identity.kind;
}

static bool is_due(const struct guest_port *p, uint64_t time_ns)
{
	return p->seen_ns == time_ns && time_ns >= p->due_ns;
}

static bool is_wanted(const struct search *s, int32_t id)
{
	const struct guest_port *p;

	for (p = s->a->guests.ports; p; p = p->hh.next)
		if (p->port.kind == LINK_NAMESPACE && p->port.namespace_id == id &&
		    is_due(p, s->time_ns))
			return true;
	return false;
}

static struct network_namespace *add_namespace(struct search *s, uint64_t inode,
					       pid_t pid)
{
	struct network_namespace *n;

	if (HASH_COUNT(s->namespaces) >= NAMESPACES_MAX)
		return NULL;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->inode = inode;
	n->id = -1;
	if (neighbours_namespace_id(s->a->guests.neighbours, pid, &n->id) == 0)
		n->is_wanted = is_wanted(s, n->id);
	HASH_ADD(hh, s->namespaces, inode, sizeof(n->inode), n);
	if (!n->hh.tbl) {
		free(n);
		return NULL;
	}
	return n;
}

static void take_process(void *context, pid_t pid, uint64_t inode)
{
	struct search *s = context;
	struct network_namespace *n;

	HASH_FIND(hh, s->namespaces, &inode, sizeof(inode), n);
	if (!n)
		n = add_namespace(s, inode, pid);
	if (!n)
		s->a->stats.guests_left_out++;
	else if (n->is_wanted)
		consider(s->a, &n->owner, pid);
}

static void take_tap(void *context, pid_t pid, const char *device)
{
	struct search *s = context;
	struct guest_port *p;

	for (p = s->a->guests.ports; p; p = p->hh.next)
		if (p->port.kind == LINK_TAP && is_due(p, s->time_ns) &&
		    strcmp(p->port.name, device) == 0)
			consider(s->a, &p->owner, pid);
}

static const struct owner *owner_of(const struct search *s, const struct guest_port *p)
{
	const struct network_namespace *n;

	if (p->port.kind == LINK_TAP)
		return &p->owner;
	for (n = s->namespaces; n; n = n->hh.next)
		if (n->is_wanted && n->id == p->port.namespace_id)
			return &n->owner;
	return NULL;
}

static void settle(struct search *s, struct guest_port *p)
{
	const struct owner *o = owner_of(s, p);
	struct application *app;

	if (o && o->pid && apps_find_process(s->a, o->pid, s->time_ns, &app) == 0) {
		p->app = app->id;
		p->tries = 0;
		p->due_ns =
			s->time_ns + (o->kind == APP_KIND_CONTAINER ? OWNER_SURE_NS
								    : OWNER_UNSURE_NS);
	} else {
		p->app = APP_UNATTRIBUTED;
		p->due_ns = s->time_ns + (SECOND_NS << p->tries);
		if (p->tries < OWNER_TRIES_MAX)
			p->tries++;
	}
	p->owner = (struct owner){.pid = 0};
}

static void find_owners(struct attribution *a, uint64_t time_ns)
{
	struct search s = {.a = a, .time_ns = time_ns};
	struct network_namespace *n, *next;
	bool has_taps = false, has_namespaces = false;
	struct guest_port *p;

	for (p = a->guests.ports; p; p = p->hh.next) {
		has_taps |= p->port.kind == LINK_TAP && is_due(p, time_ns);
		has_namespaces |= p->port.kind == LINK_NAMESPACE && is_due(p, time_ns);
	}
	if (has_namespaces)
		procinfo_walk_namespaces(a->procinfo, take_process, &s);
	if (has_taps)
		procinfo_walk_taps(a->procinfo, take_tap, &s);
	for (p = a->guests.ports; p; p = p->hh.next)
		if (is_due(p, time_ns))
			settle(&s, p);
	HASH_ITER (hh, s.namespaces, n, next) {
		HASH_DEL(s.namespaces, n);
		free(n);
	}
}

/* --- ports and addresses -------------------------------------------------------------
 */

/* The same interface, leading where it did. */
static bool is_same(const struct neighbours_port *a, const struct neighbours_port *b)
{
	return a->kind == b->kind && a->namespace_id == b->namespace_id &&
	       strcmp(a->name, b->name) == 0;
}

static struct guest_port *get_port(struct guest_search *s,
				   const struct neighbours_port *port)
{
	struct guest_port *p;

	HASH_FIND(hh, s->ports, &port->index, sizeof(port->index), p);
	if (p && is_same(&p->port, port))
		return p;
	if (p)
		drop_port(s, p);
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->port = *port;
	HASH_ADD(hh, s->ports, port.index, sizeof(port->index), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

static void see_ports(struct guest_search *s, const struct neighbour *list,
		      size_t count, uint64_t time_ns)
{
	struct guest_port *p, *next;

	for (size_t i = 0; i < count; i++) {
		p = get_port(s, list[i].port);
		if (p)
			p->seen_ns = time_ns;
	}
	HASH_ITER (hh, s->ports, p, next) {
		if (p->seen_ns + KEPT_NS < time_ns)
			drop_port(s, p);
	}
}

/* Whether any is new, or another's than before. */
static bool note_addrs(struct attribution *a, const struct neighbour *list,
		       size_t count, uint64_t time_ns)
{
	struct guest_search *s = &a->guests;
	bool is_new = false;

	for (size_t i = 0; i < count; i++) {
		const struct guest_port *p = get_port(s, list[i].port);
		int r;

		if (!p || !p->app)
			continue;
		r = guests_note(s->table, &list[i].addr, p->port.index, p->app,
				time_ns);
		is_new |= r == 1;
		a->stats.guests_left_out += r < 0;
	}
	if (time_ns > KEPT_NS)
		guests_forget_old(s->table, time_ns - KEPT_NS);
	return is_new;
}

static void count_ports(struct attribution *a, uint64_t time_ns)
{
	const struct guest_port *p;

	a->stats.guests = guests_count(a->guests.table);
	a->stats.guests_unowned = 0;
	for (p = a->guests.ports; p; p = p->hh.next)
		a->stats.guests_unowned += p->seen_ns == time_ns && !p->app;
}

static int read_guests(struct attribution *a, const char *uplink, uint64_t time_ns)
{
	struct guest_search *s = &a->guests;
	const struct neighbour *list;
	size_t count;
	bool is_new;
	int r = neighbours_read(s->neighbours, uplink, &list, &count);

	if (r < 0)
		return r;
	a->stats.guests_left_out += neighbours_left_out(s->neighbours);
	see_ports(s, list, count, time_ns);
	find_owners(a, time_ns);
	is_new = note_addrs(a, list, count, time_ns);
	count_ports(a, time_ns);
	return is_new;
}

/* Soon after the first traffic of somebody unknown, then less and less often; until the
 * next reading it is remembered that there was any. */
static bool is_reading_due(struct guest_search *s, uint64_t forwarded, uint64_t time_ns)
{
	bool is_asked = forwarded != s->forwarded;

	if (is_asked)
		s->asked_ns = time_ns;
	else if (!guests_count(s->table) &&
		 (!s->asked_ns || time_ns - s->asked_ns >= ASKED_NS))
		return false;
	return time_ns >= s->read_ns + (is_asked ? s->pause_ns : REFRESH_NS);
}

static uint64_t next_pause(const struct guest_search *s, bool is_new)
{
	if (is_new || !s->pause_ns)
		return PAUSE_MIN_NS;
	return s->pause_ns * 2 < PAUSE_MAX_NS ? s->pause_ns * 2 : PAUSE_MAX_NS;
}

int attribution_find_guests(struct attribution *a, uint64_t forwarded,
			    const char *uplink, uint64_t time_ns)
{
	struct guest_search *s = &a->guests;
	uint64_t start;
	int r;

	if (!s->table || !is_reading_due(s, forwarded, time_ns) ||
	    !budget_allows(a, time_ns))
		return 0;
	start = budget_clock();
	r = read_guests(a, uplink, time_ns);
	budget_spend(a, start);
	a->stats.guest_readings++;
	s->forwarded = forwarded;
	s->read_ns = time_ns;
	s->pause_ns = next_pause(s, r == 1);
	return r == 1;
}
