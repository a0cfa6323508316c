/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody who helps wants to know, in one file, without what tells about people.
 */
#include "bundle_file.h"
#include "client.h"
#include "fields.h"
#include "program.h"
#include "progress.h"
#include "scrub.h"
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 2.0
/* Of one program's output, and of one file. */
#define TEXT_MAX ((size_t)4 * 1024 * 1024)
#define EVENTS_MAX 500
#define COMPLAINT_MAX 512
/* Users beyond these keep their names only if no reply names them. */
#define USERS_MAX 10000
/* Users of the system, the same on all computers. */
#define PERSON_MIN 1000

struct bundle {
	const struct context *context;
	struct scrub *scrub;
	struct bundle_file *file;
	struct progress progress;
	json_t *contents; /* what was put in: name, what */
	int error;
};

/* A reply of the agent, under its name in the bundle. */
struct part {
	const char *name, *what;
	json_t *reply;
};

/* --- putting in --------------------------------------------------------------------
 */

/* Takes the text; NULL: it could not be had. */
static void add_take(struct bundle *b, const char *name, const char *what, char *text)
{
	char *clean = text ? scrub_text(b->scrub, text) : NULL;

	if (!clean)
		b->error = -ENOMEM;
	else if (!b->error)
		b->error = bundle_file_add(b->file, name, clean);
	json_array_append_new(b->contents,
			      json_pack("{s:s, s:s}", "name", name, "what", what));
	free(clean);
	free(text);
	if (progress_is_due(&b->progress))
		progress_show(&b->progress, "%s", name);
}

static void add_text(struct bundle *b, const char *name, const char *what,
		     const char *text)
{
	add_take(b, name, what, strdup(text));
}

/* --- of the agent ------------------------------------------------------------------
 */

static bool is_person(const char *user)
{
	const struct passwd *known = getpwnam(user);

	if (strspn(user, "0123456789") == strlen(user) || strcmp(user, "nobody") == 0)
		return false; /* a number, or nothing */
	return !known || known->pw_uid >= PERSON_MIN;
}

/* Whoever is named as a user in a reply, at any depth, is taken out of all texts. */
static void learn_users(struct scrub *s, json_t *value)
{
	json_t *item;
	const char *key;
	size_t i;

	json_array_foreach (value, i, item)
		learn_users(s, item);
	json_object_foreach (value, key, item) {
		if (strcmp(key, "user") == 0 && json_is_string(item) &&
		    is_person(json_string_value(item)))
			scrub_add_user(s, json_string_value(item));
		learn_users(s, item);
	}
}

/* A reply, or why there is none; NULL without memory. */
static json_t *ask(const struct bundle *b, const char *method, json_t *parameters)
{
	char complaint[COMPLAINT_MAX];
	json_t *reply = NULL;
	enum exit_code code;

	complain_into(complaint, sizeof(complaint));
	code = client_call_with(b->context, method, parameters, &reply);
	complain_into(NULL, 0);
	return code == EXIT_OK ? reply : json_pack("{s:s}", "error", complaint);
}

/* Why each promoted application is that. */
static json_t *ask_why(const struct bundle *b, const json_t *status)
{
	const json_t *apps = json_object_get(status, "applications"), *app;
	json_t *list = json_array();
	size_t i;

	json_array_foreach (apps, i, app)
		if (field_bool(app, "promoted"))
			json_array_append_new(
				list,
				ask(b, "Explain",
				    json_pack("{s:s}", "app", field_text(app, "key"))));
	return list;
}

static void add_part(struct bundle *b, const struct part *p)
{
	const char *error = field_text(p->reply, "error");
	bool is_missing = *error && json_object_size(p->reply) == 1;
	char what[COMPLAINT_MAX + 64];

	snprintf(what, sizeof(what), "%s%s%.*s", p->what,
		 is_missing ? ": missing, " : "",
		 is_missing ? (int)strcspn(error, ";") : 0, error);
	add_take(b, p->name, what,
		 json_dumps(p->reply, JSON_INDENT(2) | JSON_ENSURE_ASCII |
					      JSON_REAL_PRECISION(6)));
}

/* All are asked before one is put in: each may tell a name to take out of the others.
 */
static void add_agent(struct bundle *b)
{
	json_t *status = ask(b, "Status", NULL);
	const struct part parts[] = {
		{"status.json", "the applications and what is done about them", status},
		{"explain.json", "the evidence about what is promoted",
		 ask_why(b, status)},
		{"doctor.json", "what works and what does not", ask(b, "Doctor", NULL)},
		{"policy.json", "the policy in force", ask(b, "PolicyShow", NULL)},
		{"events.json", "what happened lately",
		 ask(b, "Events", json_pack("{s:i}", "limit", EVENTS_MAX))},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		learn_users(b->scrub, parts[i].reply);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		add_part(b, &parts[i]);
		json_decref(parts[i].reply);
	}
}

/* --- of the computer ---------------------------------------------------------------
 */

static void append_file(FILE *out, const char *path)
{
	char line[1024];
	FILE *in = fopen(path, "re");

	fprintf(out, "== %s\n", path);
	if (!in) {
		fprintf(out, "(%s)\n", strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), in))
		fputs(line, out);
	fclose(in);
}

/* Modules that packets pass through, of which one may be missing. */
static void append_modules(FILE *out)
{
	char line[1024];
	FILE *in = fopen("/proc/modules", "re");

	fprintf(out, "== modules of the network\n");
	while (in && fgets(line, sizeof(line), in))
		if (strncmp(line, "nf", 2) == 0 || strncmp(line, "sch_", 4) == 0 ||
		    strncmp(line, "xt_", 3) == 0 || strncmp(line, "act_", 4) == 0)
			fprintf(out, "%.*s\n", (int)strcspn(line, " "), line);
	if (in)
		fclose(in);
}

static void add_kernel(struct bundle *b)
{
	static const char *const files[] = {
		"/etc/os-release",
		"/proc/uptime",
		"/proc/loadavg",
		"/proc/sys/net/netfilter/nf_conntrack_acct",
		"/proc/sys/net/netfilter/nf_conntrack_count",
		"/proc/sys/net/netfilter/nf_conntrack_max",
		"/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/kernel/unprivileged_bpf_disabled",
	};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct utsname u;

	if (!out) {
		b->error = -ENOMEM;
		return;
	}
	fprintf(out, "agentctl %s\n", RELAYWARDEN_VERSION);
	if (uname(&u) == 0)
		fprintf(out, "%s %s %s %s\n", u.sysname, u.release, u.version,
			u.machine);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		append_file(out, files[i]);
	append_modules(out);
	add_take(b, "system.txt", "versions, the kernel and its settings",
		 fclose(out) == 0 ? text : NULL);
}

static void add_programs(struct bundle *b)
{
	const char *const rules[] = {"nft",  "list",	    "table",
				     "inet", "relaywarden", NULL};
	const char *const queues[] = {"tc", "-s", "qdisc", "show", NULL};
	const char *const journal[] = {"journalctl", "--no-pager",  "-n", "2000",
				       "-u",	     "relaywarden", NULL};
	const char *const unit[] = {"systemctl",
				    "--no-pager",
				    "show",
				    "relaywarden",
				    "-p",
				    "ActiveState,SubState,Result,NRestarts,"
				    "ActiveEnterTimestamp,MemoryCurrent,CPUUsageNSec",
				    NULL};

	add_take(b, "rules.txt", "our rules in the kernel",
		 program_output(rules, TEXT_MAX));
	add_take(b, "queues.txt", "the queues of the interfaces",
		 program_output(queues, TEXT_MAX));
	add_take(b, "service.txt", "how the service fares",
		 program_output(unit, TEXT_MAX));
	add_take(b, "journal.txt", "the latest 2000 lines of the agent's log",
		 program_output(journal, TEXT_MAX));
}

/* --- whose names are to be taken out -----------------------------------------------
 */

static void learn_names(struct scrub *s)
{
	static const char *const variables[] = {"USER", "LOGNAME", "SUDO_USER"};
	const struct passwd *p;
	char host[HOST_NAME_MAX + 1] = "";
	int count = 0;

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *name = getenv(variables[i]);

		if (name && strcmp(name, "root") != 0)
			scrub_add_user(s, name);
	}
	setpwent();
	while (count++ < USERS_MAX && (p = getpwent()))
		if (p->pw_uid >= PERSON_MIN && strcmp(p->pw_name, "nobody") != 0)
			scrub_add_user(s, p->pw_name);
	endpwent();
	if (gethostname(host, sizeof(host) - 1) == 0 && strcmp(host, "localhost") != 0)
		scrub_add_host(s, host);
}

/* --- the command -------------------------------------------------------------------
 */

static const char *choose_path(char *const *arguments, int count, time_t now,
			       char buf[static PATH_MAX])
{
	struct tm local;

	if (count) {
		snprintf(buf, PATH_MAX, "%s", arguments[0]);
		return buf;
	}
	localtime_r(&now, &local);
	strftime(buf, PATH_MAX, "relaywarden-support-%Y%m%d-%H%M%S.tar.gz", &local);
	return buf;
}

static void add_readme(struct bundle *b)
{
	add_text(
		b, "README.txt", "what this is, and what was taken out",
		b->context->has_peers
			? "Made by agentctl support-bundle --with-peers.\n\n"
			  "Names of users and of the computer, what lies in home "
			  "directories, and secrets\nwere replaced: user1, host1. "
			  "Addresses are as they were.\n"
			: "Made by agentctl support-bundle.\n\n"
			  "Names of users and of the computer, addresses, what lies in "
			  "home directories,\nand secrets were replaced: user1, host1, "
			  "addr1. The same name is the same\nthroughout.\n");
}

/* Replies come before the texts of programs: they tell names to take out of these. */
static void fill(struct bundle *b)
{
	learn_names(b->scrub);
	add_readme(b);
	add_agent(b);
	add_kernel(b);
	add_programs(b);
}

static enum exit_code tell_json(const struct bundle *b, const char *path)
{
	json_t *reply = json_pack("{s:i, s:s, s:O}", "schema_version", 1, "file", path,
				  "contents", b->contents);
	enum exit_code code =
		reply ? print_json(reply) : complain(EXIT_FAILED, "out of memory");

	json_decref(reply);
	return code;
}

static enum exit_code tell(const struct bundle *b, const char *path)
{
	static const struct listing_column columns[] = {
		{"name", "", LISTING_BOLD, 1, NULL},
		{"what", "", LISTING_TEXT, 1, NULL},
		{0},
	};

	if (b->context->is_json)
		return tell_json(b, path);
	render_line(&b->context->out, STYLE_GOOD,
		    "%s, readable by you alone, has:", path);
	listing_print(b->context, columns, b->contents);
	render_line(&b->context->out, STYLE_PLAIN,
		    "%s Look at it before you send it: tar xzOf %s | less",
		    b->context->has_peers ? "Names were replaced, addresses were not."
					  : "Names and addresses were replaced.",
		    path);
	return EXIT_OK;
}

static enum exit_code end(struct bundle *b, const char *path)
{
	char reason[BUNDLE_ERROR_MAX];
	int r = bundle_file_free(b->file, reason);

	progress_end(&b->progress);
	if (r == 0 && b->error < 0)
		unlink(path); /* it is not whole */
	if (r < 0 || b->error < 0)
		return complain(EXIT_FAILED, "%s: %s", path,
				b->error == -ENOMEM ? "out of memory" : reason);
	return tell(b, path);
}

static enum exit_code make(struct bundle *b, const char *path, time_t now)
{
	int r = bundle_file_new(path, (int64_t)now, &b->file);

	if (r == -EEXIST)
		return complain(EXIT_FAILED,
				"%s is there already, and nothing is overwritten; "
				"choose another name",
				path);
	if (r < 0)
		return complain(EXIT_FAILED, "%s: %s", path, strerror(-r));
	fill(b);
	return end(b, path);
}

enum exit_code cmd_support_bundle(const struct context *c, int count,
				  char *const *arguments)
{
	struct bundle b = {.context = c,
			   .scrub = scrub_new(c->has_peers),
			   .contents = json_array()};
	enum exit_code code = EXIT_FAILED;
	time_t now = time(NULL);
	char path[PATH_MAX];

	choose_path(arguments, count, now, path);
	progress_begin(&b.progress, c, PATIENCE);
	if (b.scrub && b.contents)
		code = make(&b, path, now);
	else
		complain(EXIT_FAILED, "out of memory");
	scrub_free(b.scrub);
	json_decref(b.contents);
	return code;
}
