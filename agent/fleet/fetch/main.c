/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relaywarden-fetch: the policy bundle of this computer's channel, over HTTPS, checked,
 * and laid down for `relaywarden-bundle install`, which checks it again. It needs no
 * privilege but to write into its own directory.
 */
#include "base/log.h"
#include "base/text.h"
#include "config.h"
#include "download.h"
#include "files.h"
#include "trust.h"
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATE_DIR "/var/lib/relaywarden-fetch"
#define BUNDLE_FILE "bundle"

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

struct paths {
	const char *config, *keys, *state;
};

struct fetch {
	const struct paths *paths;
	struct config config;
	struct keys keys;
	struct bundle_state state;
	char fault[DOWNLOAD_FAULT_STRLEN];
};

/* What stays of it for the next time, and for metrics. */
static enum exit_code end(struct fetch *f, enum exit_code code, const char *text)
{
	char escaped[2 * DOWNLOAD_FAULT_STRLEN];
	int r;

	text_escape(text, escaped, sizeof(escaped));
	state_note(&f->state, code == EXIT_OK ? 0 : time(NULL), escaped);
	log_line(code == EXIT_OK ? LOG_INFO : LOG_ERR, "fetch", "%s", escaped);
	r = state_save(f->paths->state, &f->state);
	if (r == 0)
		return code;
	log_error("fetch", "%s: %s", f->paths->state, strerror(-r));
	return EXIT_FAILED;
}

static int prepare(struct fetch *f)
{
	int r = config_read(f->paths->config, &f->config, f->fault);

	if (r == 0 && !*f->config.url) {
		snprintf(f->fault, sizeof(f->fault), "%s: it has no url",
			 f->paths->config);
		r = -1;
	}
	if (r == 0)
		r = keys_read(f->paths->keys, &f->keys, f->fault);
	return r;
}

static bool has_bundle(const struct fetch *f, const char *digest)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", f->paths->state, BUNDLE_FILE);
	return strcmp(digest, f->state.digest) == 0 && access(path, F_OK) == 0;
}

/* The bundle first: without it, what was remembered of it would hide it for ever. */
static enum exit_code keep(struct fetch *f, const struct downloaded *got,
			   const struct trusted *t)
{
	char text[DOWNLOAD_FAULT_STRLEN];
	int r = has_bundle(f, t->digest) ? 0
					 : file_replace(f->paths->state, BUNDLE_FILE,
							got->bytes, got->size);

	if (r < 0) {
		snprintf(text, sizeof(text), "%s/%s: %s", f->paths->state, BUNDLE_FILE,
			 strerror(-r));
		return end(f, EXIT_FAILED, text);
	}
	bundle_state_see(&f->state, &t->bundle, t->digest);
	snprintf(f->state.etag, sizeof(f->state.etag), "%s", got->etag);
	snprintf(text, sizeof(text), "generation %llu (%s), signed by %s, is there",
		 (unsigned long long)t->bundle.generation, t->bundle.release, t->key);
	return end(f, EXIT_OK, text);
}

static enum exit_code refuse(struct fetch *f, const char *reason)
{
	char text[DOWNLOAD_FAULT_STRLEN];

	snprintf(text, sizeof(text), "refused: %.400s", reason);
	return end(f, EXIT_REFUSED, text);
}

static enum exit_code consider(struct fetch *f, const struct downloaded *got)
{
	struct bundle_place place;
	struct trusted t;
	char reason[BUNDLE_FAULT_STRLEN];
	int r = trust_place(f->config.channel, &place);

	if (r < 0)
		return end(f, EXIT_FAILED,
			   "this computer has no machine id; see "
			   "systemd-machine-id-setup(1)");
	if (trust_bundle(got->bytes, got->size, &f->keys, &t, reason) < 0 ||
	    bundle_judge(&t.bundle, t.digest, &f->state, &place, reason) ==
		    BUNDLE_REFUSE)
		return refuse(f, reason);
	return keep(f, got, &t);
}

static enum exit_code fetch(struct fetch *f)
{
	const struct download wanted = {f->config.url, f->config.ca_file, f->state.etag,
					BUNDLE_SIZE_MAX};
	struct downloaded got;
	enum exit_code code;
	int r = download_get(&wanted, &got, f->fault);

	if (r == -EFBIG)
		return refuse(f, f->fault);
	if (r < 0)
		return end(f, EXIT_FAILED, f->fault);
	f->state.answered = time(NULL);
	code = got.is_unchanged ? end(f, EXIT_OK, "unchanged") : consider(f, &got);
	free(got.bytes);
	return code;
}

static enum exit_code run(const struct paths *paths)
{
	struct fetch f = {.paths = paths};
	int r = state_load(paths->state, &f.state);

	if (r < 0) {
		log_error("fetch", "%s: %s", paths->state, strerror(-r));
		return EXIT_FAILED;
	}
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return end(&f, EXIT_FAILED, "libsodium or libcurl does not start");
	return prepare(&f) < 0 ? end(&f, EXIT_FAILED, f.fault) : fetch(&f);
}

static enum exit_code print_help(void)
{
	printf("Usage: relaywarden-fetch [OPTION...]\n"
	       "Fetches this computer's policy bundle; see relaywarden-fetch(8).\n\n"
	       "      --config FILE      default " CONFIG_FILE "\n"
	       "      --keys DIR         public keys to trust, default " KEYS_DIR "\n"
	       "      --state-dir DIR    default " STATE_DIR "\n"
	       "  -h, --help             this\n"
	       "  -V, --version          the version\n\n"
	       "Exit: 0 ok, also unchanged; 1 failure; 2 usage; 3 bundle refused.\n");
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"keys", required_argument, NULL, 'k'},
		{"state-dir", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct paths paths = {CONFIG_FILE, KEYS_DIR, STATE_DIR};
	int option;

	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (option == 'c')
			paths.config = optarg;
		else if (option == 'k')
			paths.keys = optarg;
		else if (option == 's')
			paths.state = optarg;
		else if (option == 'h')
			return print_help();
		else if (option == 'V')
			return printf("relaywarden-fetch %s\n", RELAYWARDEN_VERSION) <
			       0;
		else
			return EXIT_USAGE;
	}
	if (optind < argc) {
		fprintf(stderr, "relaywarden-fetch: takes no arguments; see --help\n");
		return EXIT_USAGE;
	}
	return (int)run(&paths);
}
