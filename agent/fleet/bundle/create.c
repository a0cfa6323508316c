/* SPDX-License-Identifier: GPL-2.0-or-later */
/* create, sign: on the computer of an admin. */
#include "base/conffile.h"
#include "command.h"
#include "core/policy_ini.h"
#include "keys.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum exit_code cmd_keygen(const struct options *o, int count, char *const *arguments)
{
	char id[BUNDLE_KEY_STRLEN];
	int r = keys_make(arguments[0], id);

	(void)o;
	(void)count;
	if (r < 0)
		return complain(EXIT_FAILED, "%s.key, %s.pub: %s", arguments[0],
				arguments[0], strerror(-r));
	printf("key %s: %s.key signs and stays secret; %s.pub goes to %s of every "
	       "computer\n",
	       id, arguments[0], arguments[0], KEYS_DIR);
	return EXIT_OK;
}

/* --- create -------------------------------------------------------------------- */

/* "/x/70-fleet-voice.ini", "voice.ini": voice. */
static enum exit_code take_name(const char *path, struct bundle_file *file)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t prefix = strlen(BUNDLE_FILE_PREFIX), suffix = strlen(BUNDLE_FILE_SUFFIX);
	size_t length;

	if (strncmp(name, BUNDLE_FILE_PREFIX, prefix) == 0)
		name += prefix;
	length = strlen(name);
	if (length > suffix && strcmp(name + length - suffix, BUNDLE_FILE_SUFFIX) == 0)
		length -= suffix;
	else
		length = 0;
	snprintf(file->name, sizeof(file->name), "%.*s", (int)length, name);
	if (length >= sizeof(file->name) || bundle_name_check(file->name) < 0)
		return complain(EXIT_USAGE,
				"%s: expected NAME.ini, NAME of a to z, 0 to 9 and -, "
				"at most 32",
				path);
	return EXIT_OK;
}

static int compare_files(const void *a, const void *b)
{
	const struct bundle_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static enum exit_code take_files(const struct conffiles *files, struct bundle *b)
{
	for (size_t i = 0; i < files->count; i++) {
		struct bundle_file *file = &b->files[b->file_count++];
		enum exit_code code = take_name(files->files[i].path, file);

		if (code != EXIT_OK)
			return code;
		file->text = files->files[i].text;
		file->length = files->files[i].length;
	}
	qsort(b->files, b->file_count, sizeof(*b->files), compare_files);
	return EXIT_OK;
}

/* What no computer would take is not signed either. */
static enum exit_code check_policy(const struct conffiles *files)
{
	struct policy_source sources[BUNDLE_FILES_MAX];
	struct policy *policy = NULL;
	struct policy_error e;
	char text[1024];
	int r;

	for (size_t i = 0; i < files->count; i++)
		sources[i] = (struct policy_source){files->files[i].path,
						    files->files[i].text,
						    files->files[i].length};
	r = policy_parse(sources, files->count, &policy, &e);
	policy_free(policy);
	if (r == -EINVAL)
		return complain(EXIT_REFUSED, "%s",
				policy_error_format(&e, text, sizeof(text)));
	return r < 0 ? complain(EXIT_FAILED, "%s", strerror(-r)) : EXIT_OK;
}

static enum exit_code save(const struct options *o, const char *payload, size_t size)
{
	const struct bundle_envelope e = {.payload = payload, .payload_size = size};
	char fault[BUNDLE_FAULT_STRLEN] = "out of memory", *bytes;
	enum exit_code code;

	if (bundle_seal(&e, &bytes, &size, fault) < 0)
		return complain(EXIT_FAILED, "%s: %s", o->output, fault);
	code = write_file(o->output, bytes, size);
	free(bytes);
	return code;
}

static enum exit_code create(const struct options *o, const struct conffiles *files)
{
	int64_t now = time(NULL);
	struct bundle b = {.generation = o->generation,
			   .created = now,
			   .expires = now + (int64_t)o->expires,
			   .rollout = o->rollout};
	char fault[BUNDLE_FAULT_STRLEN] = "out of memory", *payload;
	enum exit_code code = take_files(files, &b);
	size_t size;

	if (code == EXIT_OK)
		code = check_policy(files);
	if (code != EXIT_OK)
		return code;
	snprintf(b.channel, sizeof(b.channel), "%s", o->channel);
	snprintf(b.release, sizeof(b.release), "%s", o->release);
	if (bundle_write(&b, &payload, &size, fault) < 0)
		return complain(EXIT_FAILED, "%s: %s", o->output, fault);
	code = save(o, payload, size);
	free(payload);
	return code;
}

enum exit_code cmd_create(const struct options *o, int count, char *const *arguments)
{
	struct conffiles files;
	char path[PATH_MAX];
	enum exit_code code;
	int r;

	if (!o->output || !o->channel || !o->release || !o->generation || !o->expires)
		return complain(EXIT_USAGE, "create needs --output, --channel, "
					    "--release, --generation and --expires");
	if (bundle_name_check(o->channel) < 0 || bundle_name_check(o->release) < 0)
		return complain(EXIT_USAGE, "--channel, --release: expected a to z, 0 "
					    "to 9 and -, at most 32");
	r = conffiles_read((const char *const *)arguments, (size_t)count, &files, path,
			   sizeof(path));
	if (r < 0)
		return complain(EXIT_FAILED, "%s: %s", path, strerror(-r));
	code = files.count == (size_t)count
		       ? create(o, &files)
		       : complain(EXIT_USAGE, "not all of these are files");
	conffiles_done(&files);
	return code;
}

/* --- sign ---------------------------------------------------------------------- */

/* A second signature of one key replaces its first. */
static struct bundle_signature *place_for(struct bundle_envelope *e, const char *key)
{
	for (size_t i = 0; i < e->signature_count; i++)
		if (strcmp(e->signatures[i].key, key) == 0)
			return &e->signatures[i];
	return e->signature_count == BUNDLE_SIGNATURES_MAX
		       ? NULL
		       : &e->signatures[e->signature_count++];
}

static enum exit_code sign(const char *path, struct bundle_envelope *e,
			   const struct secret_key *key)
{
	struct bundle_signature *s = place_for(e, key->id);
	char fault[BUNDLE_FAULT_STRLEN] = "out of memory", *bytes;
	enum exit_code code;
	size_t size;

	if (!s)
		return complain(EXIT_FAILED, "%s: it has %d signatures, the most", path,
				BUNDLE_SIGNATURES_MAX);
	memcpy(s->key, key->id, sizeof(s->key));
	crypto_sign_detached(s->bytes, NULL, (const uint8_t *)e->payload,
			     e->payload_size, key->bytes);
	if (bundle_seal(e, &bytes, &size, fault) < 0)
		return complain(EXIT_FAILED, "%s: %s", path, fault);
	code = write_file(path, bytes, size);
	free(bytes);
	return code;
}

/* Nobody signs what he could not have made. */
static enum exit_code check(const char *path, const char *bytes, size_t size,
			    struct bundle_envelope *ret_envelope)
{
	char fault[BUNDLE_FAULT_STRLEN];
	struct bundle b;

	if (bundle_open(bytes, size, ret_envelope, fault) < 0 ||
	    bundle_parse(ret_envelope->payload, ret_envelope->payload_size, &b, fault) <
		    0)
		return complain(EXIT_REFUSED, "%s: %s", path, fault);
	return EXIT_OK;
}

enum exit_code cmd_sign(const struct options *o, int count, char *const *arguments)
{
	struct bundle_envelope e;
	struct secret_key key;
	enum exit_code code;
	char *bytes;
	size_t size;
	int r;

	(void)count;
	if (!o->key)
		return complain(EXIT_USAGE, "sign needs --key FILE.key");
	r = secret_key_read(o->key, &key);
	if (r < 0)
		return complain(EXIT_FAILED, "%s: %s", o->key,
				r == -EINVAL ? "not a secret key" : strerror(-r));
	code = read_bundle(arguments[0], &bytes, &size);
	if (code == EXIT_OK) {
		code = check(arguments[0], bytes, size, &e);
		if (code == EXIT_OK)
			code = sign(arguments[0], &e, &key);
		free(bytes);
	}
	sodium_memzero(&key, sizeof(key));
	return code;
}
