/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics: what this computer knows of bundles, in Prometheus' text format. */
#include "command.h"
#include "files.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void gauge(FILE *out, const char *name, const char *help, uint64_t value)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRIu64 "\n", name, help,
		name, name, value);
}

static void write_metrics(FILE *out, const struct bundle_state *fetched,
			  const struct bundle_state *installed)
{
	static const char failing[] = "relaywarden_bundle_failing";

	gauge(out, "relaywarden_bundle_generation", "The bundle in force, 0 for none.",
	      installed->applied);
	gauge(out, "relaywarden_bundle_seen_generation",
	      "The highest one that was signed right.", fetched->seen);
	gauge(out, "relaywarden_bundle_created_time_seconds",
	      "When the one in force was made.", (uint64_t)installed->created);
	gauge(out, "relaywarden_bundle_expires_time_seconds",
	      "When it should have a successor.", (uint64_t)installed->expires);
	gauge(out, "relaywarden_bundle_answer_time_seconds",
	      "When the server was last asked with success.",
	      (uint64_t)fetched->answered);
	fprintf(out,
		"# HELP %s Whether fetching, installing does not work.\n"
		"# TYPE %s gauge\n%s{part=\"fetch\"} %d\n%s{part=\"install\"} %d\n",
		failing, failing, failing, fetched->failed != 0, failing,
		installed->failed != 0);
}

static enum exit_code load(const char *dir, struct bundle_state *ret_state)
{
	int r = state_load(dir, ret_state);

	return r < 0 ? complain(EXIT_FAILED, "%s: %s", dir, strerror(-r)) : EXIT_OK;
}

enum exit_code cmd_metrics(const struct options *o, int count, char *const *arguments)
{
	struct bundle_state fetched, installed;
	char *text = NULL;
	size_t size;
	FILE *out;
	enum exit_code code = load(o->fetch_dir, &fetched);

	if (code == EXIT_OK)
		code = load(o->state_dir, &installed);
	if (code != EXIT_OK)
		return code;
	out = open_memstream(&text, &size);
	if (!out)
		return complain(EXIT_FAILED, "out of memory");
	write_metrics(out, &fetched, &installed);
	if (fclose(out) != 0)
		code = complain(EXIT_FAILED, "out of memory");
	else if (count)
		code = write_file(arguments[0], text, size);
	else
		fwrite(text, 1, size, stdout);
	free(text);
	return code;
}
