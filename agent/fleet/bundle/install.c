/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * install: a bundle that somebody laid down, into force. Runs as root, so it believes
 * nothing: the file is read once, its signature is checked here, and the generation is
 * held against a memory of its own. The policy itself goes the way every policy goes:
 * agentctl checks it, has it tried, and takes it back when it does harm.
 */
#include "base/log.h"
#include "base/text.h"
#include "command.h"
#include "config.h"
#include "files.h"
#include "trust.h"
#include "unpack.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct install {
	const struct options *options;
	struct config config;
	struct keys keys;
	struct bundle_state state;
};

/* What stays of it. */
static enum exit_code end(struct install *in, enum exit_code code, const char *text)
{
	char escaped[2 * BUNDLE_RESULT_STRLEN];
	int r;

	text_escape(text, escaped, sizeof(escaped));
	state_note(&in->state, code == EXIT_OK ? 0 : time(NULL), escaped);
	log_line(code == EXIT_OK ? LOG_INFO : LOG_ERR, "bundle", "%s", escaped);
	r = state_save(in->options->state_dir, &in->state);
	if (r < 0)
		return complain(EXIT_FAILED, "%s: %s", in->options->state_dir,
				strerror(-r));
	return code;
}

static enum exit_code refuse(struct install *in, const char *reason)
{
	char text[BUNDLE_RESULT_STRLEN];

	snprintf(text, sizeof(text), "refused: %.300s", reason);
	return end(in, EXIT_REFUSED, text);
}

/* Remembered before anything is changed: nothing older comes after it, even if the
 * computer stops here. */
static enum exit_code remember(struct install *in, const struct trusted *t)
{
	int r;

	bundle_state_see(&in->state, &t->bundle, t->digest);
	r = state_save(in->options->state_dir, &in->state);
	return r < 0 ? complain(EXIT_FAILED, "%s: %s", in->options->state_dir,
				strerror(-r))
		     : EXIT_OK;
}

static enum exit_code apply(struct install *in, const struct trusted *t)
{
	char why[BUNDLE_RESULT_STRLEN] = "", text[2 * BUNDLE_RESULT_STRLEN];
	const struct bundle *b = &t->bundle;
	enum exit_code code = remember(in, t);

	if (code != EXIT_OK)
		return code;
	code = unpack_and_apply(b, in->options->agentctl, why);
	if (code == EXIT_OK) {
		in->state.applied = b->generation;
		in->state.created = b->created;
		in->state.expires = b->expires;
		snprintf(text, sizeof(text), "generation %" PRIu64 " (%s) is in force",
			 b->generation, b->release);
	} else {
		if (code == EXIT_REFUSED) {
			in->state.refused = b->generation;
			in->state.refused_at = time(NULL);
		}
		snprintf(text, sizeof(text), "generation %" PRIu64 " (%s) is not: %s",
			 b->generation, b->release, why);
	}
	return end(in, code, text);
}

static enum exit_code install(struct install *in, const char *bytes, size_t size)
{
	char reason[BUNDLE_FAULT_STRLEN];
	struct bundle_place place;
	struct trusted t;

	if (trust_place(in->config.channel, &place) < 0)
		return end(in, EXIT_FAILED,
			   "this computer has no machine id; see "
			   "systemd-machine-id-setup(1)");
	if (trust_bundle(bytes, size, &in->keys, &t, reason) < 0)
		return refuse(in, reason);
	switch (bundle_judge(&t.bundle, t.digest, &in->state, &place, reason)) {
	case BUNDLE_TAKE:
		return apply(in, &t);
	case BUNDLE_WAIT:
		bundle_state_see(&in->state, &t.bundle, t.digest);
		return end(in, EXIT_OK, reason);
	case BUNDLE_HAVE:
		return end(in, EXIT_OK, reason);
	case BUNDLE_REFUSE:
		break;
	}
	return refuse(in, reason);
}

static enum exit_code prepare(struct install *in)
{
	const struct options *o = in->options;
	char fault[CONFIG_FAULT_STRLEN];
	int r = state_load(o->state_dir, &in->state);

	if (r < 0)
		return complain(EXIT_FAILED, "%s: %s", o->state_dir, strerror(-r));
	if (config_read(o->config, &in->config, fault) < 0 ||
	    keys_read(o->keys, &in->keys, fault) < 0)
		return end(in, EXIT_FAILED, fault);
	return EXIT_OK;
}

enum exit_code cmd_install(const struct options *o, int count, char *const *arguments)
{
	struct install in = {.options = o};
	enum exit_code code = prepare(&in);
	char *bytes;
	size_t size;

	(void)count;
	if (code == EXIT_OK)
		code = read_bundle(arguments[0], &bytes, &size);
	if (code != EXIT_OK)
		return code;
	code = install(&in, bytes, size);
	free(bytes);
	return code;
}
