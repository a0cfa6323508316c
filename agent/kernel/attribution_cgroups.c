/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroup to application. The kernel never gives an id to a second cgroup, so what is
 * known of one stays true; only "not known" is asked again after a while.
 */
#include "kernel/attribution_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS 5000000000u
#define PATH_MAX_TEXT 1024

static void free_owner(struct attribution *a, struct cgroup_owner *c)
{
	HASH_DEL(a->cgroups, c);
	free(c->path);
	free(c);
}

void cgroups_done(struct attribution *a)
{
	struct cgroup_owner *c, *next;

	HASH_ITER (hh, a->cgroups, c, next) {
		free_owner(a, c);
	}
}

void cgroups_forget_app(struct attribution *a, uint16_t app)
{
	struct cgroup_owner *c, *next;

	HASH_ITER (hh, a->cgroups, c, next) {
		if (c->app == app)
			free_owner(a, c);
	}
}

static struct cgroup_owner *add_owner(struct attribution *a, uint64_t id)
{
	struct cgroup_owner *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (HASH_COUNT(a->cgroups) >= CGROUPS_MAX)
		free_owner(a, a->cgroups);
	c->id = id;
	HASH_ADD(hh, a->cgroups, id, sizeof(c->id), c);
	if (!c->hh.tbl) {
		free(c);
		return NULL;
	}
	return c;
}

static unsigned int path_level(const char *path)
{
	unsigned int level = 0;

	for (; *path; path++)
		if (path[0] == '/' && path[1] && path[1] != '/')
			level++;
	return level;
}

/* The part of a path that is the application's own; "" when it is nobody's. */
static void copy_own_path(const char *path, size_t length, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)length, path);
}

/* Says where a cgroup is; whose it is comes afterwards. */
static void set_place(struct attribution *a, struct cgroup_owner *c, const char *path)
{
	char own[PATH_MAX_TEXT];

	c->path = strdup(path);
	c->own_length = identity_cgroup_length(path);
	if (!c->path || c->own_length == 0)
		return;
	copy_own_path(path, c->own_length, own, sizeof(own));
	c->level = path_level(own);
	if (procinfo_cgroup_id(a->procinfo, own, &c->own_id) < 0)
		c->own_id = 0;
}

/* From a process in it, which has an executable too; else from its name alone. */
static int find_app(struct attribution *a, const char *path, size_t own_length,
		    uint64_t time_ns, struct application **ret_app)
{
	char own[PATH_MAX_TEXT];
	struct app_identity identity;
	pid_t pids[APP_PROCESSES_MAX];
	struct identity_facts facts;
	int err, n;

	copy_own_path(path, own_length, own, sizeof(own));
	n = procinfo_cgroup_pids(a->procinfo, own, pids, APP_PROCESSES_MAX);
	if (n > 0 && procinfo_read_process(a->procinfo, pids[0], &facts) == 0 &&
	    strncmp(facts.cgroup, own, own_length) == 0)
		identity_make(&facts, &identity);
	else
		identity_from_cgroup(path, 0, "", &identity);
	err = apps_intern(a, &identity, ret_app);
	if (err < 0)
		return err;
	for (int i = 0; i < n; i++)
		apps_add_process(a, *ret_app, pids[i]);
	apps_report(a, *ret_app, time_ns);
	return 0;
}

const struct cgroup_owner *cgroups_find(struct attribution *a, uint64_t cgroup_id,
					uint64_t time_ns)
{
	char path[PATH_MAX_TEXT];
	struct application *app = NULL;
	struct cgroup_owner *c;

	HASH_FIND(hh, a->cgroups, &cgroup_id, sizeof(cgroup_id), c);
	if (c && (c->app || time_ns < c->expires_ns))
		return c;
	if (c)
		free_owner(a, c);
	c = add_owner(a, cgroup_id);
	if (!c)
		return NULL;
	c->expires_ns = time_ns + RETRY_NS;
	if (procinfo_cgroup_path(a->procinfo, cgroup_id, path, sizeof(path)) < 0)
		return c;
	set_place(a, c, path);
	if (c->own_length == 0)
		c->expires_ns = UINT64_MAX; /* many share it, and always will */
	else if (find_app(a, path, c->own_length, time_ns, &app) == 0)
		c->app = app->id;
	return c;
}

void cgroups_note(struct attribution *a, const char *path,
		  const struct application *app)
{
	size_t own_length = identity_cgroup_length(path);
	char own[PATH_MAX_TEXT];
	struct cgroup_owner *c;
	uint64_t id;

	copy_own_path(path, own_length, own, sizeof(own));
	if (own_length == 0 || procinfo_cgroup_id(a->procinfo, own, &id) < 0)
		return;
	HASH_FIND(hh, a->cgroups, &id, sizeof(id), c);
	if (c && c->app)
		return;
	if (c)
		free_owner(a, c);
	c = add_owner(a, id);
	if (!c)
		return;
	set_place(a, c, own);
	c->app = app->id;
}

size_t cgroups_list_pids(struct attribution *a, uint16_t app, pid_t *pids, size_t max)
{
	struct cgroup_owner *c, *next;
	char own[PATH_MAX_TEXT];
	size_t count = 0;

	HASH_ITER (hh, a->cgroups, c, next) {
		int n;

		/* A cgroup below its own is read with its own. */
		if (c->app != app || !c->path || count >= max)
			continue;
		copy_own_path(c->path, c->own_length, own, sizeof(own));
		n = procinfo_cgroup_pids(a->procinfo, own, pids + count, max - count);
		if (n > 0)
			count += (size_t)n;
		else if (n == -ENOENT)
			free_owner(a, c); /* removed: one of several it had */
	}
	return count;
}

int cgroups_fill_plan(const struct attribution *a, struct plan *plan)
{
	const struct cgroup_owner *c;

	for (c = a->cgroups; c; c = c->hh.next) {
		int err;

		if (!c->app || !c->own_id || c->level > PLAN_CGROUP_LEVEL_MAX)
			continue;
		err = plan_set_cgroup(plan, c->own_id, c->level, app_number(c->app));
		if (err < 0)
			return err == -ENOSPC ? 0 : err;
	}
	return 0;
}
