/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking into processes for the sockets that wait: first, often and cheaply, into the
 * few that held such sockets lately and into their families; else, as the pace allows,
 * into all of a user, of a cgroup, of /proc.
 *
 * A proxy makes hundreds of connections a second that last about one: by the time all
 * of /proc is due they are closed. That the process is the one of the last connection
 * is never assumed: it is only where the inode is looked for first.
 */
#include "base/units.h"
#include "kernel/attribution_internal.h"
#include <errno.h>
#include <string.h>
#include <time.h>

#define PACE_DIVISOR 100
/* Looks alone may use two thirds of that, and are never closer together than: */
#define LOOK_DIVISOR 150
#define LOOK_SPACING_NS (20 * SECOND_NS / 1000)
/* What scans leave of the savings: looks must not wait for what a scan overdrew. */
#define SCAN_RESERVE_NS (SCAN_BUDGET_MAX_NS / 4)
#define FAMILY_MAX 32	 /* youngest children looked into of one process */
#define FAMILY_DRY_MAX 4 /* of them in a row without anything new */
/* Descriptors read in one look, in all: nothing else is done meanwhile, and anybody
 * may have processes that hold very many. What is left over is for a scan. */
#define LOOK_LINKS_MAX 65536

uint64_t budget_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

bool budget_allows(struct attribution *a, uint64_t time_ns)
{
	if (a->paced_ns && time_ns > a->paced_ns) {
		uint64_t earned = (time_ns - a->paced_ns) / PACE_DIVISOR;

		if (earned > (uint64_t)SCAN_BUDGET_MAX_NS)
			earned = (uint64_t)SCAN_BUDGET_MAX_NS;
		a->budget_ns += (int64_t)earned;
		if (a->budget_ns > SCAN_BUDGET_MAX_NS)
			a->budget_ns = SCAN_BUDGET_MAX_NS;
	}
	a->paced_ns = time_ns;
	return a->budget_ns > 0;
}

uint64_t budget_spend(struct attribution *a, uint64_t start)
{
	uint64_t cost = budget_clock() - start;

	a->budget_ns -= (int64_t)cost;
	return cost;
}

/* --- recent owners -----------------------------------------------------------------
 */

static bool is_alike(const struct recent_owner *r, const struct socket_owner *s)
{
	return r->uid == s->uid && r->cgroup_id == s->cgroup_id;
}

/* The one used last is the first: mostly it is the one that is looked for. */
void recent_note(struct attribution *a, pid_t pid, const struct socket_owner *s)
{
	struct recent_owner noted = {
		.pid = pid, .uid = s->uid, .cgroup_id = s->cgroup_id};
	size_t i = 0;

	while (i < RECENT_MAX - 1 && a->recent[i].pid &&
	       !(a->recent[i].pid == pid && is_alike(&a->recent[i], s)))
		i++;
	if (a->recent[i].pid == pid && is_alike(&a->recent[i], s))
		noted = a->recent[i];
	else if (procinfo_read_parent(a->procinfo, pid, &noted.parent) < 0)
		noted.parent = 0;
	memmove(a->recent + 1, a->recent, i * sizeof(*a->recent));
	a->recent[0] = noted;
}

static bool is_held(const struct attribution *a, const struct socket_owner *s)
{
	pid_t holder;

	return procinfo_find_pid(a->procinfo, s->inode, &holder) == 0;
}

/*
 * A server that forks for every connection is found by its family. The youngest are
 * first: where some in a row hold nothing new, those before them were looked into when
 * they were young.
 */
static bool look_into_children(struct attribution *a, pid_t parent,
			       const struct socket_owner *s, unsigned int *left)
{
	pid_t pids[FAMILY_MAX];
	int n = procinfo_read_children(a->procinfo, parent, pids, FAMILY_MAX);

	for (int dry = 0; n-- > 0 && dry < FAMILY_DRY_MAX && *left;) {
		if (procinfo_look(a->procinfo, pids[n], left) <= 0)
			dry++;
		else if (is_held(a, s))
			return true;
		else
			dry = 0;
	}
	return false;
}

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* True when the socket was found; else all that may be looked into has been. */
static bool look_into_alike(struct attribution *a, const struct socket_owner *s)
{
	unsigned int left = LOOK_LINKS_MAX;
	pid_t parents[RECENT_MAX];
	size_t count = 0;

	for (size_t i = 0; i < RECENT_MAX && left; i++)
		if (is_alike(&a->recent[i], s) && a->recent[i].pid > INIT_PID &&
		    procinfo_look(a->procinfo, a->recent[i].pid, &left) > 0 &&
		    is_held(a, s))
			return true;
	for (size_t i = 0; i < RECENT_MAX && left; i++) {
		pid_t parent = a->recent[i].parent;

		if (!is_alike(&a->recent[i], s) || parent <= INIT_PID ||
		    is_among(parents, count, parent))
			continue;
		parents[count++] = parent;
		if (look_into_children(a, parent, s, &left))
			return true;
	}
	return false;
}

/* Answers all that wait and are alike. */
static void settle_alike(struct attribution *a, uint32_t uid, uint64_t cgroup_id,
			 bool was_complete, uint64_t time_ns)
{
	struct socket_owner *s, *next;

	DL_FOREACH_SAFE(a->waiting, s, next)
	{
		if (s->uid != uid || s->cgroup_id != cgroup_id)
			continue;
		if (sockets_settle(a, s, time_ns) < 0 && was_complete)
			s->was_looked = true;
	}
}

void recent_look(struct attribution *a, uint64_t time_ns)
{
	struct socket_owner *s = a->unlooked;
	uint64_t start, pause;
	bool is_found;

	if (!s || time_ns < a->look_ns)
		return;
	if (!budget_allows(a, time_ns)) {
		a->look_ns = time_ns + LOOK_SPACING_NS;
		return;
	}
	start = budget_clock();
	is_found = look_into_alike(a, s);
	settle_alike(a, s->uid, s->cgroup_id, !is_found, time_ns);
	sockets_skip_looked(a);
	pause = budget_spend(a, start) * LOOK_DIVISOR;
	a->look_ns = time_ns + (pause > LOOK_SPACING_NS ? pause : LOOK_SPACING_NS);
	a->stats.looks++;
}

uint64_t attribution_look_due(const struct attribution *a)
{
	return a->unlooked ? a->look_ns + 1 : 0;
}

void attribution_look(struct attribution *a, uint64_t time_ns)
{
	recent_look(a, time_ns);
}

/* --- scans -------------------------------------------------------------------------
 */

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

	DL_FOREACH (a->waiting, s) {
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
	uint64_t start = budget_clock();
	int read_count = procinfo_scan(a->procinfo, n->uid, n->path);

	budget_spend(a, start);
	a->stats.scans++;
	if (read_count > 0)
		a->stats.processes_read += (uint64_t)read_count;
	return read_count < 0 ? read_count : 0;
}

/* Answers those that wait, from what the scan found. */
static void settle(struct attribution *a, bool was_full, uint64_t time_ns)
{
	struct socket_owner *s, *next;

	DL_FOREACH_SAFE(a->waiting, s, next)
	{
		int err = sockets_settle(a, s, time_ns);

		if (err == 0)
			continue;
		if (err != -ENOENT || was_full)
			sockets_give_up(a, s, time_ns);
		else
			s->was_scanned = true;
	}
}

int attribution_scan(struct attribution *a, uint64_t time_ns)
{
	struct narrowing n;
	int err;

	recent_look(a, time_ns);
	if (!a->waiting || !budget_allows(a, time_ns) || a->budget_ns < SCAN_RESERVE_NS)
		return 0;
	n = narrow(a, time_ns);
	err = scan(a, &n);
	settle(a, err < 0 || (n.uid == (uint32_t)-1 && !n.path), time_ns);
	return err < 0 ? err : 1;
}

int scan_everything(struct attribution *a, uint64_t time_ns)
{
	static const struct narrowing none = {(uint32_t)-1, NULL};
	int err;

	budget_allows(a, time_ns);
	err = scan(a, &none);
	if (err == 0)
		settle(a, true, time_ns);
	return err;
}
