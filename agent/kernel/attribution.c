/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: which socket and which listening port belongs to which application, and the
 * list of sockets that wait for a scan of /proc. Must not: decide anything about
 * traffic. Hands over: OBS_APP, OBS_APP_GONE, OBS_APP_IO.
 *
 * A socket's owner is looked for in this order, cheapest first: the cgroup it was made
 * in, when that is one application's own; the process that holds its inode, when a
 * scan has seen it; a scan.
 */
#include "kernel/attribution_internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000u
/* The pause before a socket nobody holds (a kernel's own) causes another scan. */
#define GIVEN_UP_NS (5ull * SECOND_NS)
#define GIVEN_UP_TRIES_MAX 6 /* doublings: 5 s to 5 minutes */
/* Scans may use one percent of a core, saved up for at most twenty seconds. */
#define PACE_DIVISOR 100
#define BUDGET_MAX_NS ((int64_t)(SECOND_NS / 5))
#define PRUNE_EVERY_NS (30ull * SECOND_NS)
#define INIT_PID 1

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
	a->budget_ns = BUDGET_MAX_NS;
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

static void free_socket(struct attribution *a, struct socket_owner *s)
{
	if (s->state == SOCKET_WAITING)
		a->stats.waiting--;
	HASH_DEL(a->sockets, s);
	free(s);
}

void attribution_free(struct attribution *a)
{
	struct socket_owner *s, *next;

	if (!a)
		return;
	HASH_ITER (hh, a->sockets, s, next) {
		free_socket(a, s);
	}
	free_ports(&a->ports);
	cgroups_done(a);
	apps_done(a);
	free(a);
}

const struct attribution_stats *attribution_stats(const struct attribution *a)
{
	return &a->stats;
}

/* --- sockets -----------------------------------------------------------------------
 */

static struct socket_owner *find_socket(struct attribution *a, uint64_t inode)
{
	struct socket_owner *s;

	HASH_FIND(hh, a->sockets, &inode, sizeof(inode), s);
	return s;
}

static struct socket_owner *note_socket(struct attribution *a,
					const struct sockdiag_socket *socket)
{
	struct socket_owner *s = find_socket(a, socket->inode);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	if (HASH_COUNT(a->sockets) >= SOCKETS_MAX)
		free_socket(a, a->sockets);
	s->inode = socket->inode;
	s->uid = socket->uid;
	s->cgroup_id = socket->cgroup_id;
	HASH_ADD(hh, a->sockets, inode, sizeof(s->inode), s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	return s;
}

static void set_state(struct attribution *a, struct socket_owner *s,
		      enum socket_state state)
{
	if (s->state == SOCKET_WAITING)
		a->stats.waiting--;
	if (state == SOCKET_WAITING)
		a->stats.waiting++;
	s->state = state;
}

static void set_known(struct attribution *a, struct socket_owner *s, uint16_t app,
		      uint64_t time_ns)
{
	set_state(a, s, SOCKET_KNOWN);
	s->app = app;
	s->tries = 0;
	s->expires_ns = time_ns + KNOWN_NS;
}

static void give_up(struct attribution *a, struct socket_owner *s, uint64_t time_ns)
{
	set_state(a, s, SOCKET_GIVEN_UP);
	s->app = APP_UNATTRIBUTED;
	s->expires_ns = time_ns + (GIVEN_UP_NS << s->tries);
	if (s->tries < GIVEN_UP_TRIES_MAX)
		s->tries++;
	a->stats.unresolved++;
}

/* 0, -ENOENT when no process is known to hold it, -ENOSPC, -ENOMEM. */
static int find_by_inode(struct attribution *a, uint64_t inode, uint64_t time_ns,
			 uint16_t *ret_app)
{
	struct application *app;
	pid_t pid;
	int err = procinfo_find_pid(a->procinfo, inode, &pid);

	if (err == 0)
		err = apps_find_process(a, pid, time_ns, &app);
	if (err < 0)
		return err == -ENOSPC || err == -ENOMEM ? err : -ENOENT;
	*ret_app = app->id;
	return 0;
}

static uint16_t find_by_cgroup(struct attribution *a, uint64_t cgroup_id,
			       uint64_t time_ns)
{
	const struct cgroup_owner *c =
		cgroup_id ? cgroups_find(a, cgroup_id, time_ns) : NULL;

	return c ? c->app : APP_UNATTRIBUTED;
}

/* Puts a socket on the waiting list; at its bound the caller is just asked to return.
 */
static int wait_for_scan(struct attribution *a, const struct sockdiag_socket *socket)
{
	struct socket_owner *s;

	if (a->stats.waiting >= WAITING_MAX)
		return -EAGAIN;
	s = note_socket(a, socket);
	if (s && s->state != SOCKET_WAITING) {
		set_state(a, s, SOCKET_WAITING);
		s->was_scanned = false;
	}
	return -EAGAIN;
}

/* 0, -EAGAIN when a scan is needed, -ENOENT when its owner cannot be found. */
static int find_owner(struct attribution *a, const struct sockdiag_socket *socket,
		      uint64_t time_ns, uint16_t *ret_app)
{
	uint16_t app = find_by_cgroup(a, socket->cgroup_id, time_ns);
	struct socket_owner *s;
	int err;

	if (app) {
		*ret_app = app;
		return 0;
	}
	if (socket->inode == 0)
		return -ENOENT;
	s = find_socket(a, socket->inode);
	if (s && s->state != SOCKET_WAITING && time_ns < s->expires_ns) {
		if (s->state == SOCKET_GIVEN_UP)
			return -ENOENT;
		*ret_app = s->app;
		return 0;
	}
	err = find_by_inode(a, socket->inode, time_ns, &app);
	if (err == -ENOENT)
		return wait_for_scan(a, socket);
	s = note_socket(a, socket);
	if (err < 0) {
		if (s)
			give_up(a, s, time_ns);
		return -ENOENT;
	}
	if (s)
		set_known(a, s, app, time_ns);
	*ret_app = app;
	return 0;
}

/* --- ports -------------------------------------------------------------------------
 */

static uint32_t port_key(uint8_t proto, uint16_t port)
{
	return (uint32_t)proto << 16 | port;
}

static uint16_t find_by_port(const struct attribution *a, const struct flow_key *key)
{
	uint32_t port = port_key(key->proto, key->local_port);
	struct port_owner *p;

	HASH_FIND(hh, a->ports, &port, sizeof(port), p);
	return p && !p->is_shared ? p->app : APP_UNATTRIBUTED;
}

/* `app` 0 is an owner too: one that is not known, so nobody else may have the port. */
static int add_port(struct port_owner **ports, uint32_t key, uint16_t app)
{
	struct port_owner *p;

	HASH_FIND(hh, *ports, &key, sizeof(key), p);
	if (p) {
		if (p->app != app)
			p->is_shared = true;
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

	if (find_owner(pass->a, socket, pass->time_ns, &app) == -EAGAIN &&
	    pass->was_scanned) {
		s = find_socket(pass->a, socket->inode);
		if (s)
			give_up(pass->a, s, pass->time_ns);
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
	add_port(&pass->ports, port_key(socket->key.proto, socket->key.local_port), id);
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
		return find_owner(a, &socket, time_ns, ret_app);
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

	a->stats.lookups++;
	if (err == 0)
		a->stats.resolved++;
	return err;
}

/* --- scans -------------------------------------------------------------------------
 */

static uint64_t processor_time_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static bool is_paced(struct attribution *a, uint64_t time_ns)
{
	if (a->paced_ns && time_ns > a->paced_ns) {
		uint64_t earned = (time_ns - a->paced_ns) / PACE_DIVISOR;

		if (earned > (uint64_t)BUDGET_MAX_NS)
			earned = (uint64_t)BUDGET_MAX_NS;
		a->budget_ns += (int64_t)earned;
		if (a->budget_ns > BUDGET_MAX_NS)
			a->budget_ns = BUDGET_MAX_NS;
	}
	a->paced_ns = time_ns;
	return a->budget_ns > 0;
}

/* What a scan can be limited to. */
struct narrowing {
	uint32_t uid;	  /* (uint32_t)-1: any */
	const char *path; /* of a cgroup, or NULL */
};

/* All that wait in one cgroup, or of one user, unless that has been tried for any. */
static struct narrowing narrow(struct attribution *a, uint64_t time_ns)
{
	static const struct narrowing none = {(uint32_t)-1, NULL};
	const struct socket_owner *s, *first = NULL;
	const struct cgroup_owner *c;
	bool is_one_cgroup = true, is_one_user = true;

	for (s = a->sockets; s; s = s->hh.next) {
		if (s->state != SOCKET_WAITING)
			continue;
		if (s->was_scanned)
			return none;
		if (!first)
			first = s;
		is_one_cgroup &= s->cgroup_id == first->cgroup_id;
		is_one_user &= s->uid == first->uid;
	}
	c = first && is_one_cgroup && first->cgroup_id
		    ? cgroups_find(a, first->cgroup_id, time_ns)
		    : NULL;
	if (c && c->path && strcmp(c->path, "/") != 0)
		return (struct narrowing){(uint32_t)-1, c->path};
	return first && is_one_user ? (struct narrowing){first->uid, NULL} : none;
}

static int scan(struct attribution *a, const struct narrowing *n)
{
	uint64_t start = processor_time_ns();
	int read_count = procinfo_scan(a->procinfo, n->uid, n->path);

	a->budget_ns -= (int64_t)(processor_time_ns() - start);
	a->stats.scans++;
	if (read_count > 0)
		a->stats.processes_read += (uint64_t)read_count;
	return read_count < 0 ? read_count : 0;
}

/* Answers those that wait, from what the scan found. */
static void settle(struct attribution *a, bool was_full, uint64_t time_ns)
{
	struct socket_owner *s, *next;

	HASH_ITER (hh, a->sockets, s, next) {
		uint16_t app;
		int err;

		if (s->state != SOCKET_WAITING)
			continue;
		err = find_by_inode(a, s->inode, time_ns, &app);
		if (err == 0)
			set_known(a, s, app, time_ns);
		else if (err != -ENOENT || was_full)
			give_up(a, s, time_ns);
		else
			s->was_scanned = true;
	}
}

int attribution_scan(struct attribution *a, uint64_t time_ns)
{
	struct narrowing n;
	int err;

	if (a->stats.waiting == 0 || !is_paced(a, time_ns))
		return 0;
	n = narrow(a, time_ns);
	err = scan(a, &n);
	settle(a, err < 0 || (n.uid == (uint32_t)-1 && !n.path), time_ns);
	return err < 0 ? err : 1;
}

int attribution_load(struct attribution *a, uint64_t time_ns)
{
	static const struct narrowing none = {(uint32_t)-1, NULL};
	int err;

	is_paced(a, time_ns);
	err = scan(a, &none);
	if (err < 0)
		return err;
	settle(a, true, time_ns);
	return read_sockets(a, false, true, time_ns);
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
	struct socket_owner *s, *next;

	HASH_ITER (hh, a->sockets, s, next) {
		if (s->app == app->id)
			free_socket(a, s);
	}
	forget_ports_of(a, app->id);
	cgroups_forget_app(a, app->id);
	apps_remove(a, app, time_ns);
}

/* A socket given up on is remembered for twice its pause, so that the next is longer.
 */
static void forget_old_sockets(struct attribution *a, uint64_t time_ns)
{
	struct socket_owner *s, *next;

	HASH_ITER (hh, a->sockets, s, next) {
		uint64_t kept =
			s->state == SOCKET_GIVEN_UP ? GIVEN_UP_NS << s->tries : 0;

		if (s->state != SOCKET_WAITING && s->expires_ns + kept < time_ns)
			free_socket(a, s);
	}
}

void attribution_refresh(struct attribution *a, uint64_t time_ns,
			 bool (*has_flows)(void *context, uint16_t app), void *context)
{
	if (time_ns - a->pruned_ns >= PRUNE_EVERY_NS) {
		procinfo_prune(a->procinfo);
		a->pruned_ns = time_ns;
	}
	forget_old_sockets(a, time_ns);
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

	for (p = a->ports; p; p = p->hh.next) {
		int err;

		if (p->is_shared)
			continue;
		err = plan_set_port(plan, (uint8_t)(p->key >> 16), (uint16_t)p->key,
				    app_number(p->app));
		if (err < 0 && err != -ENOSPC)
			return err;
	}
	return cgroups_fill_plan(a, plan);
}
