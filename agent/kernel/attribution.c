/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: which listening port belongs to which application. Must not: decide anything
 * about traffic. Hands over: OBS_APP, OBS_APP_GONE, OBS_APP_IO.
 */
#include "base/units.h"
#include "kernel/attribution_internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PRUNE_EVERY_NS (30 * SECOND_NS)

int attribution_new(struct sockdiag *s, struct procinfo *p,
		    attribution_observe *observe, void *context,
		    struct attribution **ret_attribution)
{
	struct attribution *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->sockdiag = s;
	a->procinfo = p;
	a->observe = observe;
	a->context = context;
	a->budget_ns = SCAN_BUDGET_MAX_NS;
	*ret_attribution = a;
	return 0;
}

static void free_ports(struct port_owner **ports)
{
	struct port_owner *port, *next;

	HASH_ITER (hh, *ports, port, next) {
		HASH_DEL(*ports, port);
		free(port);
	}
}

void attribution_free(struct attribution *a)
{
	if (!a)
		return;
	sockets_done(a);
	guest_ports_done(a);
	free_ports(&a->ports);
	cgroups_done(a);
	apps_done(a);
	free(a);
}

const struct attribution_stats *attribution_stats(const struct attribution *a)
{
	return &a->stats;
}

/* --- ports -------------------------------------------------------------------------
 */

static uint32_t port_key(uint8_t proto, uint16_t port)
{
	return (uint32_t)proto << 16 | port;
}

static const struct port_owner *find_port(const struct attribution *a,
					  const struct flow_key *key)
{
	uint32_t port = port_key(key->proto, key->local_port);
	struct port_owner *p;

	HASH_FIND(hh, a->ports, &port, sizeof(port), p);
	return p;
}

static uint16_t find_by_port(const struct attribution *a, const struct flow_key *key)
{
	const struct port_owner *p = find_port(a, key);

	return p && !p->is_shared ? p->app : APP_UNATTRIBUTED;
}

bool attribution_is_listening(const struct attribution *a, const struct flow_key *key)
{
	return key->proto == IPPROTO_TCP && find_port(a, key);
}

/* `app` 0 is an owner too: one that is not known, so nobody else may have the port. */
static int add_port(struct port_owner **ports, uint32_t key, uint16_t app,
		    bool is_wildcard)
{
	struct port_owner *p;

	HASH_FIND(hh, *ports, &key, sizeof(key), p);
	if (p) {
		if (p->app != app)
			p->is_shared = true;
		p->is_wildcard |= is_wildcard;
		return 0;
	}
	if (HASH_COUNT(*ports) >= PORTS_MAX)
		return -ENOSPC;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->key = key;
	p->app = app;
	p->is_shared = app == APP_UNATTRIBUTED;
	p->is_wildcard = is_wildcard;
	HASH_ADD(hh, *ports, key, sizeof(p->key), p);
	if (!p->hh.tbl) {
		free(p);
		return -ENOMEM;
	}
	return 0;
}

/* One pass over sockets: the ports found so far, and when. */
struct pass {
	struct attribution *a;
	uint64_t time_ns;
	bool was_scanned; /* all of /proc has just been read: nothing need wait */
	struct port_owner *ports;
};

static uint16_t pass_find_owner(struct pass *pass, const struct sockdiag_socket *socket)
{
	uint16_t app = APP_UNATTRIBUTED;
	struct socket_owner *s;

	if (sockets_find_owner(pass->a, socket, pass->time_ns, &app) == -EAGAIN &&
	    pass->was_scanned) {
		s = sockets_get(pass->a, socket->inode);
		if (s)
			sockets_give_up(pass->a, s, pass->time_ns);
	}
	return app;
}

static void take_socket(void *context, const struct sockdiag_socket *socket)
{
	struct pass *pass = context;
	uint16_t id = pass_find_owner(pass, socket);
	struct application *app = id ? pass->a->apps[id] : NULL;

	if (!socket->is_listener)
		return;
	if (app && socket->is_wildcard)
		app->has_wildcard_listener = true;
	/* What init listens on is another's: it starts him and hands the socket on. */
	if (app && apps_has_process(app, INIT_PID))
		id = APP_UNATTRIBUTED;
	add_port(&pass->ports, port_key(socket->key.proto, socket->key.local_port), id,
		 socket->is_wildcard);
}

void attribution_walk_listeners(const struct attribution *a, attribution_listener *take,
				void *context)
{
	const struct port_owner *p;

	for (p = a->ports; p; p = p->hh.next)
		if (p->is_wildcard)
			take(context, (uint8_t)(p->key >> 16), (uint16_t)p->key,
			     p->is_shared ? APP_UNATTRIBUTED : p->app);
}

static void report_changed(struct attribution *a, uint64_t time_ns)
{
	for (size_t id = 1; id <= APP_ID_MAX; id++) {
		struct application *app = a->apps[id];

		if (!app)
			continue;
		if (app->has_wildcard_listener != app->was_wildcard)
			app->is_changed = true;
		app->was_wildcard = app->has_wildcard_listener;
		apps_report(a, app, time_ns);
	}
}

/* Replaces the table of ports by what is found now; keeps the old one on failure. */
static int read_sockets(struct attribution *a, bool listeners_only, bool was_scanned,
			uint64_t time_ns)
{
	struct pass pass = {.a = a, .time_ns = time_ns, .was_scanned = was_scanned};
	int err;

	for (size_t id = 1; id <= APP_ID_MAX; id++)
		if (a->apps[id])
			a->apps[id]->has_wildcard_listener = false;
	err = sockdiag_dump(a->sockdiag, listeners_only, take_socket, &pass);
	if (err == 0) {
		struct port_owner *old = a->ports;

		a->ports = pass.ports;
		pass.ports = old;
	}
	free_ports(&pass.ports);
	report_changed(a, time_ns);
	return err;
}

/* --- look-up -----------------------------------------------------------------------
 */

/* Most sockets that begin to wait are found at once, in a process known already. */
static int find_owner(struct attribution *a, const struct flow_key *key,
		      const struct sockdiag_socket *socket, uint64_t time_ns,
		      uint16_t *ret_app)
{
	int err = sockets_find_owner(a, socket, time_ns, ret_app);

	if (err != -EAGAIN)
		return err;
	flows_wait(a, key, socket->inode, time_ns);
	recent_look(a, time_ns);
	return flows_find(a, key, ret_app) == 0 ? 0 : -EAGAIN;
}

static int find_app(struct attribution *a, const struct flow_key *key, bool is_inbound,
		    uint64_t time_ns, uint16_t *ret_app)
{
	struct sockdiag_socket socket;
	uint16_t app;
	int err;

	app = is_inbound ? find_by_port(a, key) : APP_UNATTRIBUTED;
	if (app) {
		*ret_app = app;
		return 0;
	}
	err = sockdiag_find(a->sockdiag, key, &socket);
	/* What listens on that port did not make this connection. */
	if (err == 0 && key->proto == IPPROTO_TCP && !is_inbound && socket.is_listener)
		return -ENOENT;
	if (err == 0)
		return find_owner(a, key, &socket, time_ns, ret_app);
	/* A socket bound to an interface is not found by its tuple. */
	app = key->proto == IPPROTO_UDP ? find_by_port(a, key) : APP_UNATTRIBUTED;
	if (!app)
		return err;
	*ret_app = app;
	return 0;
}

int attribution_find(struct attribution *a, const struct flow_key *key, bool is_inbound,
		     uint64_t time_ns, uint16_t *ret_app)
{
	int err = find_app(a, key, is_inbound, time_ns, ret_app);

	/* Its socket is closed: what was found out while it was open holds. */
	if (err == -ENOENT)
		err = flows_find(a, key, ret_app);
	if (err == 0)
		flows_forget(a, key);
	a->stats.lookups++;
	if (err == 0)
		a->stats.resolved++;
	return err;
}

void attribution_flow_began(struct attribution *a, const struct flow_key *key)
{
	flows_forget(a, key);
}

int attribution_flow_ended(struct attribution *a, const struct flow_key *key,
			   uint16_t *ret_app)
{
	int err = flows_find(a, key, ret_app);

	flows_forget(a, key);
	return err;
}

int attribution_load(struct attribution *a, uint64_t time_ns)
{
	int err;

	/* Flows may have ended and begun anew without our knowing. */
	flows_forget_all(a);
	err = scan_everything(a, time_ns);
	return err < 0 ? err : read_sockets(a, false, true, time_ns);
}

/* --- refresh -----------------------------------------------------------------------
 */

static void forget_ports_of(struct attribution *a, uint16_t app)
{
	struct port_owner *p, *next;

	HASH_ITER (hh, a->ports, p, next) {
		if (p->app == app) {
			HASH_DEL(a->ports, p);
			free(p);
		}
	}
}

/* Nothing may point to an id when it is given to another. */
static void remove_app(struct attribution *a, struct application *app, uint64_t time_ns)
{
	sockets_forget_app(a, app->id);
	forget_ports_of(a, app->id);
	cgroups_forget_app(a, app->id);
	guest_ports_forget_app(a, app->id);
	apps_remove(a, app, time_ns);
}

void attribution_refresh(struct attribution *a, uint64_t time_ns,
			 bool (*has_flows)(void *context, uint16_t app), void *context)
{
	if (time_ns - a->pruned_ns >= PRUNE_EVERY_NS) {
		procinfo_prune(a->procinfo);
		a->pruned_ns = time_ns;
	}
	sockets_forget_old(a, time_ns);
	for (uint16_t id = 1; id <= APP_ID_MAX; id++) {
		struct application *app = a->apps[id];

		if (!app)
			continue;
		apps_refresh_processes(a, app);
		if (app->process_count == 0 && !has_flows(context, id))
			remove_app(a, app, time_ns);
	}
	read_sockets(a, true, false, time_ns);
}

int attribution_fill_plan(const struct attribution *a, struct plan *plan)
{
	const struct port_owner *p;
	int err;

	for (p = a->ports; p; p = p->hh.next) {
		if (p->is_shared)
			continue;
		err = plan_set_port(plan, (uint8_t)(p->key >> 16), (uint16_t)p->key,
				    app_number(p->app));
		if (err < 0 && err != -ENOSPC)
			return err;
	}
	err = cgroups_fill_plan(a, plan);
	return err < 0 || !a->guests.table ? err
					   : guests_fill_plan(a->guests.table, plan);
}
