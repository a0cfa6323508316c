/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inspect, verify, status: what a bundle is, and what this computer knows of them. */
#include "base/units.h"
#include "command.h"
#include "core/bundle_state.h"
#include "files.h"
#include "trust.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void print_time(const char *name, int64_t epoch)
{
	char text[64] = "?";
	time_t at = (time_t)epoch;
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("%-11s %s\n", name, text);
}

static void print_bundle(const struct bundle *b)
{
	char size[UNITS_STRLEN];

	printf("channel     %s\nrelease     %s\ngeneration  %" PRIu64 "\n", b->channel,
	       b->release, b->generation);
	print_time("created", b->created);
	print_time("expires", b->expires);
	printf("roll-out    %u %%\n", b->rollout);
	for (size_t i = 0; i < b->file_count; i++)
		printf("file        " BUNDLE_FILE_PREFIX "%s" BUNDLE_FILE_SUFFIX
		       " (%s)\n",
		       b->files[i].name, size_format(b->files[i].length, size));
}

static enum exit_code inspect(const char *path, const char *bytes, size_t size)
{
	char fault[BUNDLE_FAULT_STRLEN], digest[BUNDLE_DIGEST_STRLEN];
	struct bundle_envelope e;
	struct bundle b;

	if (bundle_open(bytes, size, &e, fault) < 0 ||
	    bundle_parse(e.payload, e.payload_size, &b, fault) < 0)
		return complain(EXIT_REFUSED, "%s: %s", path, fault);
	print_bundle(&b);
	for (size_t i = 0; i < e.signature_count; i++)
		printf("signature   by key %s, not looked at\n", e.signatures[i].key);
	if (!e.signature_count)
		printf("signature   none; sign it: relaywarden-bundle sign --key "
		       "FILE.key %s\n",
		       path);
	trust_digest(e.payload, e.payload_size, digest);
	printf("digest      %s\n", digest);
	return EXIT_OK;
}

enum exit_code cmd_inspect(const struct options *o, int count, char *const *arguments)
{
	char *bytes;
	size_t size;
	enum exit_code code = read_bundle(arguments[0], &bytes, &size);

	(void)o;
	(void)count;
	if (code != EXIT_OK)
		return code;
	code = inspect(arguments[0], bytes, size);
	free(bytes);
	return code;
}

enum exit_code cmd_verify(const struct options *o, int count, char *const *arguments)
{
	char fault[KEYS_FAULT_STRLEN];
	struct trusted t;
	struct keys keys;
	char *bytes;
	size_t size;
	enum exit_code code;

	(void)count;
	if (keys_read(o->keys, &keys, fault) < 0)
		return complain(EXIT_FAILED, "%s", fault);
	code = read_bundle(arguments[0], &bytes, &size);
	if (code != EXIT_OK)
		return code;
	if (trust_bundle(bytes, size, &keys, &t, fault) < 0)
		code = complain(EXIT_REFUSED, "%s: %s", arguments[0], fault);
	else
		printf("ok: generation %" PRIu64 " (%s) for %s, signed by %s\n",
		       t.bundle.generation, t.bundle.release, t.bundle.channel, t.key);
	free(bytes);
	return code;
}

enum exit_code cmd_status(const struct options *o, int count, char *const *arguments)
{
	struct bundle_state s;
	int r = state_load(o->state_dir, &s);

	(void)count;
	(void)arguments;
	if (r < 0)
		return complain(EXIT_FAILED, "%s: %s", o->state_dir, strerror(-r));
	printf("in force    %s%" PRIu64 "\n",
	       s.applied ? "generation " : "none: ", s.applied);
	if (s.applied) {
		print_time("created", s.created);
		print_time("expires", s.expires);
	}
	printf("seen        generation %" PRIu64 "\n", s.seen);
	if (s.failed)
		print_time("failing", s.failed);
	printf("last        %s\n", *s.result ? s.result : "nothing yet");
	return EXIT_OK;
}
