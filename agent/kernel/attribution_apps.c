/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of applications: ids, processes, storage counters, and the observations
 * that tell the engine of them.
 */
#include "base/text.h"
#include "kernel/attribution_internal.h"
#include "kernel/containers.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint16_t lowest_free_id(const struct attribution *a)
{
	for (uint16_t id = 1; id <= APP_ID_MAX; id++)
		if (!a->apps[id])
			return id;
	return 0;
}

/* A container is called what its engine calls it; its key is "container:ENGINE/ID". */
static void find_container_name(struct app_identity *id)
{
	char engine[16], name[APP_TEXT_MAX];

	if (sscanf(id->key, "container:%15[a-z]/", engine) == 1 &&
	    containers_find_name("", engine, id->container, name, sizeof(name)) == 0)
		text_escape(name, id->name, sizeof(id->name));
}

/* What one of its processes does not prove, the application does not. */
static void take_doubts(struct application *app, const struct app_identity *found)
{
	struct app_identity *id = &app->identity;
	bool in_userns = id->is_in_userns || found->is_in_userns;
	bool loose = id->is_exe_loose || found->is_exe_loose;

	if (in_userns == id->is_in_userns && loose == id->is_exe_loose)
		return;
	id->is_in_userns = in_userns;
	id->is_exe_loose = loose;
	app->is_changed = true;
}

int apps_intern(struct attribution *a, const struct app_identity *identity,
		struct application **ret_app)
{
	struct application *app;
	uint16_t id;

	HASH_FIND_STR(a->by_key, identity->key, app);
	if (app) {
		take_doubts(app, identity);
		*ret_app = app;
		return 0;
	}
	id = lowest_free_id(a);
	if (!id) {
		a->stats.apps_refused++;
		return -ENOSPC;
	}
	app = calloc(1, sizeof(*app));
	if (!app)
		return -ENOMEM;
	app->id = id;
	app->identity = *identity;
	if (identity->kind == APP_KIND_CONTAINER)
		find_container_name(&app->identity);
	app->is_changed = true;
	HASH_ADD_STR(a->by_key, identity.key, app);
	if (!app->hh.tbl) {
		free(app);
		return -ENOMEM;
	}
	a->apps[id] = app;
	*ret_app = app;
	return 0;
}

void apps_report(struct attribution *a, struct application *app, uint64_t time_ns)
{
	struct observation o = {.kind = OBS_APP, .time_ns = time_ns};

	if (!app->is_changed)
		return;
	app->is_changed = false;
	o.app.id = app->id;
	o.app.has_wildcard_listener = app->has_wildcard_listener;
	o.app.identity = &app->identity;
	for (size_t i = 0; i < app->process_count && i < APP_PIDS_MAX; i++)
		o.app.pids[o.app.pid_count++] = app->processes[i].pid;
	a->observe(a->context, &o);
}

static void free_app(struct attribution *a, struct application *app)
{
	HASH_DEL(a->by_key, app);
	a->apps[app->id] = NULL;
	free(app);
}

void apps_remove(struct attribution *a, struct application *app, uint64_t time_ns)
{
	struct observation o = {.kind = OBS_APP_GONE, .time_ns = time_ns};

	o.app.id = app->id;
	free_app(a, app);
	a->observe(a->context, &o);
}

void apps_done(struct attribution *a)
{
	for (size_t id = 1; id <= APP_ID_MAX; id++)
		if (a->apps[id])
			free_app(a, a->apps[id]);
}

/* --- processes ---------------------------------------------------------------------
 */

static struct process *find_process(struct application *app, pid_t pid)
{
	for (size_t i = 0; i < app->process_count; i++)
		if (app->processes[i].pid == pid)
			return &app->processes[i];
	return NULL;
}

bool apps_has_process(const struct application *app, pid_t pid)
{
	for (size_t i = 0; i < app->process_count; i++)
		if (app->processes[i].pid == pid)
			return true;
	return false;
}

/* Keeps the order, so that the processes reported first stay first. */
static void drop_process(struct application *app, struct process *process)
{
	size_t i = (size_t)(process - app->processes);

	app->process_count--;
	memmove(process, process + 1, (app->process_count - i) * sizeof(*process));
	if (i < APP_PIDS_MAX)
		app->is_changed = true;
}

/* A process that executed another program belongs to another application now. */
static void take_from_others(struct attribution *a, const struct application *taker,
			     pid_t pid)
{
	for (size_t id = 1; id <= APP_ID_MAX; id++) {
		struct application *app = a->apps[id];
		struct process *process =
			app && app != taker ? find_process(app, pid) : NULL;

		if (process)
			drop_process(app, process);
	}
}

void apps_add_process(struct attribution *a, struct application *app, pid_t pid)
{
	struct process *process = find_process(app, pid);
	uint64_t start;

	if (process || app->process_count >= APP_PROCESSES_MAX ||
	    procinfo_read_start(a->procinfo, pid, &start) < 0)
		return;
	take_from_others(a, app, pid);
	process = &app->processes[app->process_count];
	*process = (struct process){.pid = pid, .start_ticks = start};
	if (app->process_count < APP_PIDS_MAX)
		app->is_changed = true;
	app->process_count++;
}

/* Its number may be another process's by now, perhaps on purpose. */
static bool is_running(struct attribution *a, const struct process *process)
{
	uint64_t start;

	return procinfo_read_start(a->procinfo, process->pid, &start) == 0 &&
	       start == process->start_ticks;
}

/* The application a process was found to be of a short while ago. */
static struct application *find_known(struct attribution *a, pid_t pid,
				      uint64_t time_ns)
{
	for (size_t id = 1; id <= APP_ID_MAX; id++) {
		struct application *app = a->apps[id];
		const struct process *process = app ? find_process(app, pid) : NULL;

		if (process)
			return process->known_ns &&
					       time_ns < process->known_ns + KNOWN_NS &&
					       is_running(a, process)
				       ? app
				       : NULL;
	}
	return NULL;
}

static void note_process(struct attribution *a, struct application *app, pid_t pid,
			 uint64_t time_ns)
{
	struct process *process = find_process(app, pid);

	if (process && !is_running(a, process))
		drop_process(app, process);
	apps_add_process(a, app, pid);
	process = find_process(app, pid);
	if (process)
		process->known_ns = time_ns;
}

int apps_find_process(struct attribution *a, pid_t pid, uint64_t time_ns,
		      struct application **ret_app)
{
	struct identity_facts facts;
	struct app_identity identity;
	struct application *app = find_known(a, pid, time_ns);
	int err;

	if (app) {
		*ret_app = app;
		return 0;
	}
	err = procinfo_read_process(a->procinfo, pid, &facts);
	if (err < 0)
		return err;
	procinfo_climb(a->procinfo, &facts);
	identity_make(&facts, &identity);
	err = apps_intern(a, &identity, &app);
	if (err < 0)
		return err;
	/* Its storage and devices are the application's too. */
	if (facts.pid != pid)
		note_process(a, app, facts.pid, time_ns);
	note_process(a, app, pid, time_ns);
	if (identity.kind != APP_KIND_EXE)
		cgroups_note(a, facts.cgroup, app);
	apps_report(a, app, time_ns);
	*ret_app = app;
	return 0;
}

void apps_refresh_processes(struct attribution *a, struct application *app)
{
	pid_t pids[APP_PROCESSES_MAX];
	size_t n = cgroups_list_pids(a, app->id, pids, APP_PROCESSES_MAX);

	for (size_t i = app->process_count; i > 0; i--)
		if (!is_running(a, &app->processes[i - 1]))
			drop_process(app, &app->processes[i - 1]);
	for (size_t i = 0; i < n; i++)
		apps_add_process(a, app, pids[i]);
}

/* --- storage -----------------------------------------------------------------------
 */

/*
 * Adds what a process did since the last reading. The first reading is where counting
 * begins: what it did before says nothing about the traffic we see.
 */
static int read_process_io(struct attribution *a, struct application *app,
			   struct process *process)
{
	uint64_t bytes_read, written;
	int err = procinfo_read_io(a->procinfo, process->pid, &bytes_read, &written);

	if (err < 0)
		return err;
	if (process->has_io && bytes_read >= process->read_bytes &&
	    written >= process->written_bytes) {
		app->read_bytes += bytes_read - process->read_bytes;
		app->written_bytes += written - process->written_bytes;
	}
	process->has_io = true;
	process->read_bytes = bytes_read;
	process->written_bytes = written;
	return 0;
}

int attribution_read_io(struct attribution *a, uint16_t app_id, uint64_t time_ns)
{
	struct application *app = app_id <= APP_ID_MAX ? a->apps[app_id] : NULL;
	struct observation o = {.kind = OBS_APP_IO, .time_ns = time_ns};
	int ret = -ESRCH;

	if (!app)
		return -ENOENT;
	for (size_t i = 0; i < app->process_count; i++) {
		int err = read_process_io(a, app, &app->processes[i]);

		if (err == 0)
			ret = 0;
		else if (ret != 0 && err != -ESRCH)
			ret = err;
	}
	if (ret < 0)
		return ret;
	o.app_io.id = app->id;
	o.app_io.read_bytes = app->read_bytes;
	o.app_io.written_bytes = app->written_bytes;
	o.app_io.has_sound = devices_find(a, app, time_ns)->has_sound;
	o.app_io.has_camera = app->devices.has_camera;
	a->observe(a->context, &o);
	return 0;
}
