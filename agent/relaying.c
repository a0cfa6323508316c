/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a known client's own configuration has it work for others, as the catalogue
 * says how to tell: by its command line, or by a file below /etc. Looked at once for
 * each process that an application begins with; what changes later is in force after a
 * restart of the client, as a rule.
 */
#include "agent_private.h"
#include "core/setting.h"
#include "kernel/etcfile.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CMDLINE_MAX 16384 /* bytes looked at */

static bool is_said(const char *text, size_t length, char *const *patterns,
		    size_t count, bool (*fits)(const char *, size_t, const char *))
{
	for (size_t i = 0; i < count; i++)
		if (fits(text, length, patterns[i]))
			return true;
	return false;
}

static bool is_in_files(const struct catalogue_client *c, char *buf)
{
	size_t length;

	for (size_t i = 0; i < c->relay_file_count; i++) {
		int r = etcfile_read(c->relay_files[i], buf, ETCFILE_MAX, &length);

		if (r < 0 && r != -ENOENT)
			log_debug("relaying", "%s is not read: %s", c->relay_files[i],
				  strerror(-r));
		if (r == 0 && is_said(buf, length, c->relay_lines, c->relay_line_count,
				      setting_is_said))
			return true;
	}
	return false;
}

static bool is_on_command_line(struct agent *a, const struct catalogue_client *c,
			       const struct observation *o, char *buf)
{
	size_t length;

	for (uint16_t i = 0; c->relay_argument_count && i < o->app.pid_count; i++)
		if (procinfo_read_cmdline(a->procinfo, o->app.pids[i], buf, CMDLINE_MAX,
					  &length) == 0 &&
		    is_said(buf, length, c->relay_arguments, c->relay_argument_count,
			    setting_is_given))
			return true;
	return false;
}

static bool look(struct agent *a, const struct catalogue_client *c,
		 const struct observation *o)
{
	char *buf = malloc(ETCFILE_MAX);
	bool is_set;

	if (!buf)
		return false;
	/* A container has an /etc of its own. */
	is_set = is_on_command_line(a, c, o, buf) ||
		 (o->app.identity->kind != APP_KIND_CONTAINER &&
		  !o->app.identity->is_in_userns && is_in_files(c, buf));
	free(buf);
	return is_set;
}

bool relaying_is_set(struct agent *a, const struct observation *o)
{
	struct relaying_state *s = &a->relaying[o->app.id];
	const struct catalogue_client *c;

	if (!a->procinfo || !o->app.pid_count)
		return false;
	if (s->pid == o->app.pids[0])
		return s->is_set;
	c = catalogue_find(policy_store_catalogue(a->policies), o->app.identity).client;
	*s = (struct relaying_state){
		.pid = o->app.pids[0],
		.is_set = c && (c->relay_argument_count || c->relay_line_count) &&
			  look(a, c, o),
	};
	return s->is_set;
}

void relaying_forget(struct agent *a, uint16_t id)
{
	a->relaying[id] = (struct relaying_state){0};
}
