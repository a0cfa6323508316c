/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: whose a socket is, the sockets whose owner is not known yet, and the flows that
 * lead to these. A socket's owner is looked for in this order, cheapest first: the
 * cgroup it was made in, when that is one application's own; the process that holds its
 * inode, when it was seen there. What is left waits for attribution_scan.c.
 *
 * That all processes of any other cgroup are one application's does not settle it: the
 * maker may have been moved or have handed the socket on (init does both).
 */
#include "base/units.h"
#include "kernel/attribution_internal.h"
#include <errno.h>
#include <stdlib.h>

/* The pause before a socket nobody holds (a kernel's own) causes another scan. */
#define GIVEN_UP_NS (5 * SECOND_NS)
#define GIVEN_UP_TRIES_MAX 6 /* doublings: 5 s to 5 minutes */
/* A flow is asked for again at least with every dump of all flows. */
#define FLOW_KEPT_NS (60 * SECOND_NS)

/* --- flows whose socket waits ------------------------------------------------------
 */

static struct waiting_flow *find_flow(const struct attribution *a,
				      const struct flow_key *key)
{
	struct waiting_flow *f;

	HASH_FIND(hh, a->flows, key, sizeof(*key), f);
	return f;
}

static void free_flow(struct attribution *a, struct waiting_flow *f)
{
	if (f->socket)
		DL_DELETE(f->socket->flows, f);
	HASH_DEL(a->flows, f);
	free(f);
}

/* Its socket's owner is known, or never will be (APP_UNATTRIBUTED). */
static void settle_flows(struct attribution *a, struct socket_owner *s, uint16_t app)
{
	struct waiting_flow *f, *next;

	DL_FOREACH_SAFE(s->flows, f, next)
	{
		if (app == APP_UNATTRIBUTED) {
			free_flow(a, f);
			continue;
		}
		DL_DELETE(s->flows, f);
		f->socket = NULL;
		f->app = app;
	}
}

void flows_wait(struct attribution *a, const struct flow_key *key, uint64_t inode,
		uint64_t time_ns)
{
	struct socket_owner *s = sockets_get(a, inode);
	struct waiting_flow *f = find_flow(a, key);

	if (!s || s->state != SOCKET_WAITING || (f && f->socket == s) ||
	    (!f && HASH_COUNT(a->flows) >= WAITING_FLOWS_MAX))
		return;
	if (f)
		free_flow(a, f);
	f = calloc(1, sizeof(*f));
	if (!f)
		return;
	f->key = *key;
	f->expires_ns = time_ns + FLOW_KEPT_NS;
	HASH_ADD(hh, a->flows, key, sizeof(f->key), f);
	if (!f->hh.tbl) {
		free(f);
		return;
	}
	f->socket = s;
	DL_APPEND(s->flows, f);
}

int flows_find(struct attribution *a, const struct flow_key *key, uint16_t *ret_app)
{
	const struct waiting_flow *f = find_flow(a, key);

	if (!f)
		return -ENOENT;
	if (f->socket)
		return -EAGAIN;
	*ret_app = f->app;
	return 0;
}

void flows_forget(struct attribution *a, const struct flow_key *key)
{
	struct waiting_flow *f = find_flow(a, key);

	if (f)
		free_flow(a, f);
}

void flows_forget_all(struct attribution *a)
{
	struct waiting_flow *f, *next;

	HASH_ITER (hh, a->flows, f, next) {
		free_flow(a, f);
	}
}

/* --- sockets -----------------------------------------------------------------------
 */

void sockets_skip_looked(struct attribution *a)
{
	while (a->unlooked && a->unlooked->was_looked)
		a->unlooked = a->unlooked->next;
}

static void set_state(struct attribution *a, struct socket_owner *s,
		      enum socket_state state)
{
	if (s->state == SOCKET_WAITING && state != SOCKET_WAITING) {
		if (a->unlooked == s)
			a->unlooked = s->next;
		sockets_skip_looked(a);
		DL_DELETE(a->waiting, s);
		a->stats.waiting--;
	}
	if (s->state != SOCKET_WAITING && state == SOCKET_WAITING) {
		DL_APPEND(a->waiting, s);
		if (!a->unlooked)
			a->unlooked = s;
		a->stats.waiting++;
	}
	s->state = state;
}

static void free_socket(struct attribution *a, struct socket_owner *s)
{
	set_state(a, s, SOCKET_GIVEN_UP);
	settle_flows(a, s, APP_UNATTRIBUTED);
	HASH_DEL(a->sockets, s);
	free(s);
}

struct socket_owner *sockets_get(struct attribution *a, uint64_t inode)
{
	struct socket_owner *s;

	HASH_FIND(hh, a->sockets, &inode, sizeof(inode), s);
	return s;
}

static struct socket_owner *note_socket(struct attribution *a,
					const struct sockdiag_socket *socket)
{
	struct socket_owner *s = sockets_get(a, socket->inode);

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

static void set_known(struct attribution *a, struct socket_owner *s, uint16_t app,
		      uint64_t time_ns)
{
	set_state(a, s, SOCKET_KNOWN);
	settle_flows(a, s, app);
	s->app = app;
	s->tries = 0;
	s->expires_ns = time_ns + KNOWN_NS;
}

void sockets_give_up(struct attribution *a, struct socket_owner *s, uint64_t time_ns)
{
	set_state(a, s, SOCKET_GIVEN_UP);
	settle_flows(a, s, APP_UNATTRIBUTED);
	s->app = APP_UNATTRIBUTED;
	s->expires_ns = time_ns + (GIVEN_UP_NS << s->tries);
	if (s->tries < GIVEN_UP_TRIES_MAX)
		s->tries++;
	a->stats.unresolved++;
}

/* 0, -ENOENT when no process is known to hold it, -ENOSPC, -ENOMEM. */
static int find_by_inode(struct attribution *a, uint64_t inode, uint64_t time_ns,
			 pid_t *ret_pid, uint16_t *ret_app)
{
	struct application *app;
	pid_t pid;
	int err = procinfo_find_pid(a->procinfo, inode, &pid);

	if (err == 0)
		err = apps_find_process(a, pid, time_ns, &app);
	if (err < 0)
		return err == -ENOSPC || err == -ENOMEM ? err : -ENOENT;
	*ret_pid = pid;
	*ret_app = app->id;
	return 0;
}

int sockets_settle(struct attribution *a, struct socket_owner *s, uint64_t time_ns)
{
	uint16_t app;
	pid_t pid;
	int err = find_by_inode(a, s->inode, time_ns, &pid, &app);

	if (err < 0)
		return err;
	set_known(a, s, app, time_ns);
	recent_note(a, pid, s);
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
		s->was_scanned = s->was_looked = false;
		set_state(a, s, SOCKET_WAITING);
	}
	return -EAGAIN;
}

int sockets_find_owner(struct attribution *a, const struct sockdiag_socket *socket,
		       uint64_t time_ns, uint16_t *ret_app)
{
	uint16_t app = find_by_cgroup(a, socket->cgroup_id, time_ns);
	struct socket_owner *s;
	pid_t pid;
	int err;

	if (app) {
		*ret_app = app;
		return 0;
	}
	if (socket->inode == 0)
		return -ENOENT;
	s = sockets_get(a, socket->inode);
	if (s && s->state != SOCKET_WAITING && time_ns < s->expires_ns) {
		if (s->state == SOCKET_GIVEN_UP)
			return -ENOENT;
		*ret_app = s->app;
		return 0;
	}
	err = find_by_inode(a, socket->inode, time_ns, &pid, &app);
	if (err == -ENOENT)
		return wait_for_scan(a, socket);
	s = note_socket(a, socket);
	if (err < 0) {
		if (s)
			sockets_give_up(a, s, time_ns);
		return -ENOENT;
	}
	if (s) {
		set_known(a, s, app, time_ns);
		recent_note(a, pid, s);
	}
	*ret_app = app;
	return 0;
}

/* --- forgetting --------------------------------------------------------------------
 */

static void forget_old_flows(struct attribution *a, uint64_t time_ns)
{
	struct waiting_flow *f, *next;

	HASH_ITER (hh, a->flows, f, next) {
		if (f->expires_ns < time_ns)
			free_flow(a, f);
	}
}

/* A socket given up on is remembered for twice its pause, so that the next is longer.
 */
void sockets_forget_old(struct attribution *a, uint64_t time_ns)
{
	struct socket_owner *s, *next;

	HASH_ITER (hh, a->sockets, s, next) {
		uint64_t kept =
			s->state == SOCKET_GIVEN_UP ? GIVEN_UP_NS << s->tries : 0;

		if (s->state != SOCKET_WAITING && s->expires_ns + kept < time_ns)
			free_socket(a, s);
	}
	forget_old_flows(a, time_ns);
}

void sockets_forget_app(struct attribution *a, uint16_t app)
{
	struct waiting_flow *f, *next_flow;
	struct socket_owner *s, *next;

	HASH_ITER (hh, a->sockets, s, next) {
		if (s->app == app)
			free_socket(a, s);
	}
	HASH_ITER (hh, a->flows, f, next_flow) {
		if (!f->socket && f->app == app)
			free_flow(a, f);
	}
}

void sockets_done(struct attribution *a)
{
	struct socket_owner *s, *next;

	HASH_ITER (hh, a->sockets, s, next) {
		free_socket(a, s);
	}
	flows_forget_all(a);
}
