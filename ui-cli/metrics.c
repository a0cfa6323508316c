/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics.h"
#include "fields.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Unix time with milliseconds has 13 digits; bytes of a year at 1 Gbit/s have 16. */
#define NUMBER "%.17g"

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(FILE *out, const char *name, const char *help, double value)
{
	head(out, name, "gauge", help);
	fprintf(out, "%s " NUMBER "\n", name, value);
}

/* Backslash, quote and line feed are what the format escapes. */
static void put_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '\\' || *value == '"')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

/* --- the agent ----------------------------------------------------------------- */

static void write_agent(FILE *out, const json_t *status)
{
	const json_t *trial = json_object_get(status, "trial");
	bool is_degraded = strcmp(field_text(status, "state"), "ok") != 0;

	head(out, "relaywarden_info", "gauge", "Version and mode of the agent.");
	fputs("relaywarden_info{", out);
	put_label(out, "version", field_text(status, "version"));
	fputc(',', out);
	put_label(out, "mode", field_text(status, "mode"));
	fputs("} 1\n", out);
	gauge(out, "relaywarden_start_time_seconds", "When the agent started.",
	      (double)field_int(status, "since"));
	gauge(out, "relaywarden_degraded", "Whether something it needs is missing.",
	      is_degraded);
	gauge(out, "relaywarden_paused", "Whether somebody has suspended enforcement.",
	      field_int(json_object_get(status, "paused"), "until") != 0);
	gauge(out, "relaywarden_policy_rolled_back",
	      "Whether the last new policy was refused or taken back.",
	      strcmp(field_text(trial, "state"), "rolled_back") == 0 ||
		      strcmp(field_text(trial, "state"), "invalid") == 0);
}

static void write_summary(FILE *out, const json_t *status)
{
	const json_t *sum = json_object_get(status, "summary");
	const json_t *link = json_object_get(status, "link");

	gauge(out, "relaywarden_applications", "Applications that it knows.",
	      (double)field_int(sum, "applications"));
	gauge(out, "relaywarden_applications_promoted",
	      "Those that work for strangers.", (double)field_int(sum, "promoted"));
	gauge(out, "relaywarden_applications_suspect", "Those that may.",
	      (double)field_int(sum, "suspect"));
	gauge(out, "relaywarden_applications_limited", "Those that are limited.",
	      (double)field_int(sum, "limited"));
	gauge(out, "relaywarden_applications_cut",
	      "Those of which something is refused.", (double)field_int(sum, "cut"));
	gauge(out, "relaywarden_link_capacity_bytes_per_second",
	      "What the link carries, 0 where it is not known.",
	      (double)field_int(link, "capacity"));
	head(out, "relaywarden_strangers_bytes_per_second", "gauge",
	     "What all applications exchange with strangers.");
	fprintf(out,
		"relaywarden_strangers_bytes_per_second{direction=\"in\"} " NUMBER
		"\nrelaywarden_strangers_bytes_per_second{direction=\"out\"} " NUMBER
		"\n",
		(double)field_int(link, "rate_in"),
		(double)field_int(link, "rate_out"));
}

static void write_policy(FILE *out, const json_t *policy)
{
	gauge(out, "relaywarden_policy_generation",
	      "Counts the policies since the agent started.",
	      (double)field_int(policy, "generation"));
	gauge(out, "relaywarden_policy_ok",
	      "Whether the files on the disk are what is in force.",
	      strcmp(field_text(policy, "state"), "ok") == 0);
}

/* Several lines of one name are one check, as good as its worst. */
static void write_checks(FILE *out, const json_t *doctor)
{
	const json_t *checks = json_object_get(doctor, "checks");
	size_t count = json_array_size(checks);

	head(out, "relaywarden_check_ok", "gauge",
	     "Whether that works, as agentctl doctor has it.");
	for (size_t i = 0; i < count && i < METRICS_CHECKS_MAX; i++) {
		const char *name = field_text(json_array_get(checks, i), "name");
		bool is_ok = true, is_first = true;

		for (size_t k = 0; k < count; k++) {
			const json_t *check = json_array_get(checks, k);
			const char *state = field_text(check, "state");

			if (strcmp(field_text(check, "name"), name) != 0)
				continue;
			is_first = is_first && k >= i;
			is_ok = is_ok && strcmp(state, "degraded") != 0 &&
				strcmp(state, "failed") != 0;
		}
		if (!is_first)
			continue;
		fputs("relaywarden_check_ok{", out);
		put_label(out, "check", name);
		fprintf(out, "} %d\n", is_ok);
	}
}

/* --- applications -------------------------------------------------------------- */

struct row {
	const char *name, *user; /* of several of the same both, the sum */
	int promoted;
	double probability;
	int64_t peers, rate_in, rate_out, in, out, relayed_in, relayed_out;
};

struct rows {
	struct row items[METRICS_APPS_MAX + 1];
	size_t count; /* of those by name; "other" is behind them */
};

/* Sections for nobody in particular make nobody interesting. */
static bool has_rule_of_its_own(const json_t *app)
{
	const char *rule = field_text(app, "rule");

	return *rule && strcmp(rule, "*") != 0;
}

static bool is_named(const json_t *app)
{
	return has_rule_of_its_own(app) || field_bool(app, "promoted") ||
	       field_bool(app, "limited") ||
	       json_array_size(json_object_get(app, "cuts")) > 0;
}

static struct row *find_row(struct rows *r, const json_t *app)
{
	const char *name = field_text(app, "name"), *user = field_text(app, "user");
	struct row *other = &r->items[METRICS_APPS_MAX];

	if (strcmp(name, other->name) == 0 && strcmp(user, other->user) == 0)
		return other; /* no label twice */
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->items[i].name, name) == 0 &&
		    strcmp(r->items[i].user, user) == 0)
			return &r->items[i];
	if (r->count == METRICS_APPS_MAX)
		return other;
	r->items[r->count].name = name;
	r->items[r->count].user = user;
	return &r->items[r->count++];
}

static void add_to(struct row *row, const json_t *app)
{
	double probability = field_real(app, "probability");

	row->promoted += field_bool(app, "promoted");
	row->peers += field_int(app, "peers");
	row->rate_in += field_int(app, "rate_in");
	row->rate_out += field_int(app, "rate_out");
	row->in += field_int(app, "bytes_in");
	row->out += field_int(app, "bytes_out");
	row->relayed_in += field_int(app, "relayed_in");
	row->relayed_out += field_int(app, "relayed_out");
	if (probability > row->probability)
		row->probability = probability;
}

/* The promoted come first: if they are too many by name, those are the last to go. */
static void take_rows(const json_t *apps, struct rows *r)
{
	struct row *other = &r->items[METRICS_APPS_MAX];

	other->name = "other";
	other->user = "";
	for (int is_promoted = 1; is_promoted >= 0; is_promoted--)
		for (size_t i = 0; i < json_array_size(apps); i++) {
			const json_t *app = json_array_get(apps, i);

			if (field_bool(app, "promoted") == !!is_promoted)
				add_to(is_named(app) ? find_row(r, app) : other, app);
		}
}

static void put_row(FILE *out, const char *metric, const struct row *row,
		    const char *direction, double value)
{
	fprintf(out, "%s{", metric);
	put_label(out, "app", row->name);
	fputc(',', out);
	put_label(out, "user", row->user);
	if (direction)
		fprintf(out, ",direction=\"%s\"", direction);
	fprintf(out, "} " NUMBER "\n", value);
}

/* Of those by name alone: a sum over applications that come and go is no counter. */
static void write_counter(FILE *out, const struct rows *r, const char *metric,
			  const char *help, size_t in_at, size_t out_at)
{
	head(out, metric, "counter", help);
	for (size_t i = 0; i < r->count; i++) {
		const char *row = (const char *)&r->items[i];
		int64_t in, sent;

		memcpy(&in, row + in_at, sizeof(in));
		memcpy(&sent, row + out_at, sizeof(sent));
		put_row(out, metric, &r->items[i], "in", (double)in);
		put_row(out, metric, &r->items[i], "out", (double)sent);
	}
}

static void write_apps(FILE *out, const json_t *apps)
{
	struct rows r = {0};
	const struct row *end;

	take_rows(apps, &r);
	/* "other" follows the last one by name. */
	if (r.count < METRICS_APPS_MAX)
		r.items[r.count] = r.items[METRICS_APPS_MAX];
	end = &r.items[r.count + 1];
	head(out, "relaywarden_app_promoted", "gauge",
	     "Whether it works for strangers.");
	for (const struct row *row = r.items; row < end; row++)
		put_row(out, "relaywarden_app_promoted", row, NULL, row->promoted);
	head(out, "relaywarden_app_probability", "gauge",
	     "How likely it is that it does.");
	for (const struct row *row = r.items; row < end; row++)
		put_row(out, "relaywarden_app_probability", row, NULL,
			row->probability);
	head(out, "relaywarden_app_peers", "gauge",
	     "Strangers it exchanges packets with.");
	for (const struct row *row = r.items; row < end; row++)
		put_row(out, "relaywarden_app_peers", row, NULL, (double)row->peers);
	head(out, "relaywarden_app_bytes_per_second", "gauge",
	     "What it exchanges with strangers now.");
	for (const struct row *row = r.items; row < end; row++) {
		put_row(out, "relaywarden_app_bytes_per_second", row, "in",
			(double)row->rate_in);
		put_row(out, "relaywarden_app_bytes_per_second", row, "out",
			(double)row->rate_out);
	}
	write_counter(out, &r, "relaywarden_app_bytes_total",
		      "What it has exchanged with strangers.", offsetof(struct row, in),
		      offsetof(struct row, out));
	write_counter(out, &r, "relaywarden_app_relayed_bytes_total",
		      "What of it was on relayed flows.",
		      offsetof(struct row, relayed_in),
		      offsetof(struct row, relayed_out));
}

void metrics_write(FILE *out, const json_t *status, const json_t *policy,
		   const json_t *doctor)
{
	gauge(out, "relaywarden_up", "Whether the agent answers.", status != NULL);
	if (!status)
		return;
	write_agent(out, status);
	write_summary(out, status);
	write_apps(out, json_object_get(status, "applications"));
	if (policy)
		write_policy(out, policy);
	if (doctor)
		write_checks(out, doctor);
}
