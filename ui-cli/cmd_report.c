/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/when.h"
#include "client.h"
#include "fields.h"
#include "progress.h"
#include "report/page.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY 86400
#define PATIENCE 2 /* seconds before it says how far it is */
#define EVENTS_MAX 2000

/* The agent's replies, new references. */
struct replies {
	json_t *status, *usage, *events, *doctor;
};

static void forget(struct replies *r)
{
	json_decref(r->status);
	json_decref(r->usage);
	json_decref(r->events);
	json_decref(r->doctor);
}

/* --- asking ------------------------------------------------------------------------
 */

struct plan {
	int64_t from, until, now;
	struct report_grain grain;
};

static enum exit_code plan(const struct context *c, struct plan *ret_plan)
{
	struct plan p = {.now = (int64_t)time(NULL)};
	const struct history_wish *w = &c->history;

	if (!w->until || when_parse(w->until, p.now, &p.until) < 0 || p.until > p.now)
		p.until = p.now;
	if (!w->since || when_parse(w->since, p.now, &p.from) < 0)
		p.from = p.until - DAY;
	if (p.from >= p.until)
		return complain(EXIT_USAGE,
				"--since is not before --until, or not in the past");
	report_grain_of(p.until - p.from, p.now - p.from, 0, &p.grain);
	/* What began in a minute began with it. */
	p.from -= p.from % 60;
	*ret_plan = p;
	return EXIT_OK;
}

/* Where that is more than the agent gives at once, of longer spans. */
static enum exit_code ask_usage(const struct context *c, struct plan *p,
				json_t **ret_usage)
{
	for (unsigned int coarser = 0;; coarser++) {
		struct report_grain grain;
		enum exit_code code;

		if (!report_grain_of(p->until - p->from, p->now - p->from, coarser,
				     &grain))
			return EXIT_OK; /* the coarsest, as far as it goes */
		json_decref(*ret_usage);
		*ret_usage = NULL;
		p->grain = grain;
		code = client_call_with(c, "Usage",
					json_pack("{s:s, s:I, s:I}", "span", grain.span,
						  "since", (json_int_t)p->from, "until",
						  (json_int_t)p->until),
					ret_usage);
		if (code != EXIT_OK || !field_bool(*ret_usage, "truncated"))
			return code;
	}
}

static enum exit_code ask(const struct context *c, struct plan *p, struct progress *bar,
			  struct replies *ret_replies)
{
	enum exit_code code = client_call(c, "Status", NULL, &ret_replies->status);

	if (progress_is_due(bar))
		progress_show(bar, "Reading the history...");
	if (code == EXIT_OK)
		code = ask_usage(c, p, &ret_replies->usage);
	if (progress_is_due(bar))
		progress_show(bar, "Reading the events...");
	if (code == EXIT_OK)
		code = client_call_with(
			c, "Events",
			json_pack("{s:I, s:I, s:i}", "since", (json_int_t)p->from,
				  "until", (json_int_t)p->until, "limit", EVENTS_MAX),
			&ret_replies->events);
	if (code == EXIT_OK)
		code = client_call(c, "Doctor", NULL, &ret_replies->doctor);
	return code;
}

/* --- writing -----------------------------------------------------------------------
 */

static enum exit_code explain_open(const char *path, int error)
{
	if (error == EEXIST)
		return complain(
			EXIT_FAILED,
			"%s is there already; name another file, or add --force", path);
	return complain(EXIT_FAILED, "%s: %s", path, strerror(error));
}

/* It tells what this computer does, so it is for nobody's eyes but the writer's; and
 * with --force the old one stays until the new one is whole. */
static enum exit_code open_file(const struct context *c, char *name, size_t size,
				FILE **ret_file)
{
	int fd;

	if ((size_t)snprintf(name, size, "%s%s", c->output,
			     c->is_forced ? ".new" : "") >= size)
		return explain_open(c->output, ENAMETOOLONG);
	if (c->is_forced)
		unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return explain_open(name, errno);
	*ret_file = fdopen(fd, "w");
	if (*ret_file)
		return EXIT_OK;
	close(fd);
	unlink(name);
	return complain(EXIT_FAILED, "out of memory");
}

static enum exit_code close_file(const struct context *c, const char *name, FILE *file)
{
	int error = ferror(file) ? EIO : 0;

	if (fclose(file) != 0 && !error)
		error = errno;
	if (!error && c->is_forced && rename(name, c->output) < 0)
		error = errno;
	if (!error)
		return EXIT_OK;
	unlink(name);
	return complain(EXIT_FAILED, "%s: %s", c->output, strerror(error));
}

static void write_page(FILE *file, const struct plan *p, const struct replies *replies)
{
	static struct report report; /* large */
	struct html h = {file};
	char host[256] = "this computer";

	gethostname(host, sizeof(host) - 1);
	report_gather(p->from, p->until, &p->grain,
		      &(struct report_replies){replies->status, replies->usage,
					       replies->events, replies->doctor},
		      &report);
	page_write(&h, &report, host, p->now);
}

static enum exit_code write_file(const struct context *c, const struct plan *p,
				 const struct replies *replies)
{
	enum exit_code code;
	char name[4096];
	FILE *file;

	if (!c->output) {
		write_page(stdout, p, replies);
		return EXIT_OK;
	}
	code = open_file(c, name, sizeof(name), &file);
	if (code != EXIT_OK)
		return code;
	write_page(file, p, replies);
	code = close_file(c, name, file);
	if (code == EXIT_OK)
		render_hint(&c->out, "%s: open it in a browser, print it, or mail it.",
			    c->output);
	return code;
}

static enum exit_code print_replies(const struct plan *p, const struct replies *r)
{
	json_t *all = json_pack("{s:i, s:I, s:I, s:O, s:O, s:O, s:O}", "schema_version",
				1, "since", (json_int_t)p->from, "until",
				(json_int_t)p->until, "status", r->status, "usage",
				r->usage, "events", r->events, "doctor", r->doctor);
	enum exit_code code =
		all ? print_json(all) : complain(EXIT_FAILED, "out of memory");

	json_decref(all);
	return code;
}

enum exit_code cmd_report(const struct context *c, int count, char *const *arguments)
{
	struct replies replies = {0};
	struct progress progress;
	enum exit_code code;
	struct plan p;

	(void)count;
	(void)arguments;
	if (!c->output && !c->is_json && isatty(STDOUT_FILENO))
		return complain(EXIT_USAGE,
				"a report is HTML, not for a terminal; name a "
				"file: agentctl report -o report.html");
	code = plan(c, &p);
	if (code != EXIT_OK)
		return code;
	progress_begin(&progress, c, PATIENCE);
	code = ask(c, &p, &progress, &replies);
	progress_end(&progress);
	if (code == EXIT_OK)
		code = c->is_json ? print_replies(&p, &replies)
				  : write_file(c, &p, &replies);
	forget(&replies);
	return code;
}
