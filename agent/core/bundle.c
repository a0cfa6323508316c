/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bundle.h"
#include "base/base64.h"
#include "base/text.h"
#include "core/bundle_lines.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENVELOPE_NAME "relaywarden-bundle"
#define PAYLOAD_NAME "relaywarden-policy"
#define FORMAT_VERSION 1
#define SIGNATURE_STRLEN (BASE64_SIZE(BUNDLE_SIGNATURE_SIZE))

static int fail(char *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(char *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault, BUNDLE_FAULT_STRLEN, format, args);
	va_end(args);
	return -EINVAL;
}

int bundle_name_check(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length && !name[length] && length < BUNDLE_NAME_STRLEN && *name != '-'
		       ? 0
		       : -EINVAL;
}

/* --- lines that both parts have -------------------------------------------------- */

/* The value of the next line, which has to be of that key. */
static int take(struct bundle_lines *l, const char *key, struct bundle_word *ret_value,
		char *fault)
{
	struct bundle_word found, value;

	if (bundle_lines_next(l, &found, &value) <= 0 || !bundle_word_is(&found, key))
		return fail(fault, "expected a line '%s ...'", key);
	*ret_value = value;
	return 0;
}

static int take_number(struct bundle_lines *l, const char *key, uint64_t max,
		       uint64_t *ret_number, char *fault)
{
	struct bundle_word value;
	int r = take(l, key, &value, fault);

	if (r == 0 && bundle_word_number(&value, max, ret_number) < 0)
		r = fail(fault, "%s: expected a number, at most %" PRIu64, key, max);
	return r;
}

static int take_name(struct bundle_lines *l, const char *key,
		     char ret_name[static BUNDLE_NAME_STRLEN], char *fault)
{
	struct bundle_word value;
	int r = take(l, key, &value, fault);

	if (r == 0 && (bundle_word_copy(&value, ret_name, BUNDLE_NAME_STRLEN) < 0 ||
		       bundle_name_check(ret_name) < 0))
		r = fail(fault, "%s: expected a to z, 0 to 9 and -, 32 at most", key);
	return r;
}

/* The first line says what it is. */
static int take_version(struct bundle_lines *l, const char *what, char *fault)
{
	struct bundle_word value;
	uint64_t version;

	if (take(l, what, &value, fault) < 0)
		return fail(fault, "it does not begin with '%s'", what);
	if (bundle_word_number(&value, UINT32_MAX, &version) < 0 ||
	    version != FORMAT_VERSION)
		return fail(fault,
			    "it is of another version than %d; update this "
			    "program",
			    FORMAT_VERSION);
	return 0;
}

/* The last line says how many bytes follow; no more and no fewer are there. */
static int take_size(struct bundle_lines *l, const char *key, uint64_t *ret_size,
		     char *fault)
{
	int r = take_number(l, key, BUNDLE_SIZE_MAX, ret_size, fault);
	size_t left = (size_t)(l->end - l->at);

	if (r < 0)
		return r;
	if (left < *ret_size)
		return fail(fault, "it is cut short: %zu of %" PRIu64 " bytes", left,
			    *ret_size);
	if (left > *ret_size)
		return fail(fault, "there is more of it than it says");
	return 0;
}

/* --- the envelope -------------------------------------------------------------- */

static int parse_signature(struct bundle_word value, struct bundle_signature *ret)
{
	struct bundle_word text = bundle_word_cut(&value);
	uint8_t bytes[SIGNATURE_STRLEN];
	size_t size;

	if (bundle_word_copy(&value, ret->key, sizeof(ret->key)) < 0 ||
	    strspn(ret->key, "0123456789abcdef") != BUNDLE_KEY_STRLEN - 1 ||
	    text.length != SIGNATURE_STRLEN - 1 ||
	    base64_decode(text.text, text.length, bytes, &size) < 0 ||
	    size != BUNDLE_SIGNATURE_SIZE)
		return -EINVAL;
	memcpy(ret->bytes, bytes, BUNDLE_SIGNATURE_SIZE);
	return 0;
}

static int take_signatures(struct bundle_lines *l, struct bundle_envelope *e,
			   char *fault)
{
	for (;;) {
		struct bundle_lines ahead = *l;
		struct bundle_word key, value;

		if (bundle_lines_next(&ahead, &key, &value) <= 0 ||
		    !bundle_word_is(&key, "signature"))
			return 0;
		if (e->signature_count == BUNDLE_SIGNATURES_MAX)
			return fail(fault, "more than %d signatures",
				    BUNDLE_SIGNATURES_MAX);
		if (parse_signature(value, &e->signatures[e->signature_count]) < 0)
			return fail(fault, "signature: expected a key's id and 64 "
					   "bytes in base64");
		e->signature_count++;
		*l = ahead;
	}
}

int bundle_open(const char *bytes, size_t size, struct bundle_envelope *ret_envelope,
		char fault[static BUNDLE_FAULT_STRLEN])
{
	struct bundle_lines l = {bytes, bytes + size};
	struct bundle_envelope e = {0};
	uint64_t left;
	int r;

	if (size > BUNDLE_SIZE_MAX)
		return fail(fault, "it is larger than %d bytes", BUNDLE_SIZE_MAX);
	r = take_version(&l, ENVELOPE_NAME, fault);
	if (r == 0)
		r = take_signatures(&l, &e, fault);
	if (r == 0)
		r = take_size(&l, "payload", &left, fault);
	if (r < 0)
		return r;
	e.payload = l.at;
	e.payload_size = (size_t)left;
	*ret_envelope = e;
	return 0;
}

/* --- the payload --------------------------------------------------------------- */

static int take_header(struct bundle_lines *l, struct bundle *b, char *fault)
{
	uint64_t created = 0, expires = 0, rollout = 0;
	int r = take_version(l, PAYLOAD_NAME, fault);

	if (r == 0)
		r = take_name(l, "channel", b->channel, fault);
	if (r == 0)
		r = take_name(l, "release", b->release, fault);
	if (r == 0)
		r = take_number(l, "generation", INT64_MAX, &b->generation, fault);
	if (r == 0)
		r = take_number(l, "created", INT64_MAX, &created, fault);
	if (r == 0)
		r = take_number(l, "expires", INT64_MAX, &expires, fault);
	if (r == 0)
		r = take_number(l, "rollout", 100, &rollout, fault);
	if (r < 0)
		return r;
	if (!b->generation)
		return fail(fault, "generation: they are counted from 1");
	if (expires <= created)
		return fail(fault, "expires: it is not after 'created'");
	b->created = (int64_t)created;
	b->expires = (int64_t)expires;
	b->rollout = (unsigned int)rollout;
	return 0;
}

static int parse_file(struct bundle_word value, struct bundle_file *ret_file)
{
	struct bundle_word length = bundle_word_cut(&value);
	uint64_t number;

	if (bundle_word_copy(&value, ret_file->name, sizeof(ret_file->name)) < 0 ||
	    bundle_name_check(ret_file->name) < 0 ||
	    bundle_word_number(&length, BUNDLE_SIZE_MAX, &number) < 0)
		return -EINVAL;
	ret_file->length = (size_t)number;
	return 0;
}

static int take_files(struct bundle_lines *l, struct bundle *b, char *fault)
{
	for (;;) {
		struct bundle_lines ahead = *l;
		struct bundle_file *file = &b->files[b->file_count];
		struct bundle_word key, value;

		if (bundle_lines_next(&ahead, &key, &value) <= 0 ||
		    !bundle_word_is(&key, "file"))
			return 0;
		if (b->file_count == BUNDLE_FILES_MAX)
			return fail(fault, "more than %d files", BUNDLE_FILES_MAX);
		if (parse_file(value, file) < 0)
			return fail(fault, "file: expected a name (a to z, 0 to 9, -) "
					   "and a length");
		if (b->file_count && strcmp(file[-1].name, file->name) >= 0)
			return fail(fault, "file %s: not in order of names",
				    file->name);
		b->file_count++;
		*l = ahead;
	}
}

/* Gives each file its part of what follows the header. */
static int share_out(struct bundle *b, const char *at, size_t left, char *fault)
{
	for (size_t i = 0; i < b->file_count; i++) {
		struct bundle_file *file = &b->files[i];

		if (file->length > left)
			return fail(fault, "file %s: it goes beyond the end",
				    file->name);
		if (!text_is_plain(at, file->length))
			return fail(fault, "file %s: it is not text", file->name);
		file->text = at;
		at += file->length;
		left -= file->length;
	}
	return left ? fail(fault, "there is content that no file has") : 0;
}

int bundle_parse(const char *payload, size_t size, struct bundle *ret_bundle,
		 char fault[static BUNDLE_FAULT_STRLEN])
{
	struct bundle_lines l = {payload, payload + size};
	struct bundle b = {0};
	uint64_t left;
	int r = take_header(&l, &b, fault);

	if (r == 0)
		r = take_files(&l, &b, fault);
	if (r == 0)
		r = take_size(&l, "content", &left, fault);
	if (r == 0)
		r = share_out(&b, l.at, (size_t)left, fault);
	if (r == 0)
		*ret_bundle = b;
	return r;
}

/* --- writing ------------------------------------------------------------------- */

/* The text of a memory stream is there when that is closed. */
static int finish(FILE *out, char **text)
{
	int failed = ferror(out);

	if (fclose(out) == 0 && !failed)
		return 0;
	free(*text);
	return -ENOMEM;
}

static void write_payload(FILE *out, const struct bundle *b)
{
	size_t total = 0;

	fprintf(out, "%s %d\nchannel %s\nrelease %s\n", PAYLOAD_NAME, FORMAT_VERSION,
		b->channel, b->release);
	fprintf(out, "generation %" PRIu64 "\n", b->generation);
	fprintf(out, "created %" PRId64 "\nexpires %" PRId64 "\nrollout %u\n",
		b->created, b->expires, b->rollout);
	for (size_t i = 0; i < b->file_count; i++) {
		fprintf(out, "file %s %zu\n", b->files[i].name, b->files[i].length);
		total += b->files[i].length;
	}
	fprintf(out, "content %zu\n", total);
	for (size_t i = 0; i < b->file_count; i++)
		fwrite(b->files[i].text, 1, b->files[i].length, out);
}

int bundle_write(const struct bundle *b, char **ret_payload, size_t *ret_size,
		 char fault[static BUNDLE_FAULT_STRLEN])
{
	struct bundle again;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return -ENOMEM;
	write_payload(out, b);
	r = finish(out, &text);
	if (r < 0)
		return r;
	r = bundle_parse(text, size, &again, fault);
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_payload = text;
	*ret_size = size;
	return 0;
}

int bundle_seal(const struct bundle_envelope *e, char **ret_bytes, size_t *ret_size,
		char fault[static BUNDLE_FAULT_STRLEN])
{
	struct bundle_envelope again;
	char *text = NULL, signature[SIGNATURE_STRLEN];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return -ENOMEM;
	fprintf(out, "%s %d\n", ENVELOPE_NAME, FORMAT_VERSION);
	for (size_t i = 0; i < e->signature_count; i++)
		fprintf(out, "signature %s %s\n", e->signatures[i].key,
			base64_encode(e->signatures[i].bytes, BUNDLE_SIGNATURE_SIZE,
				      signature));
	fprintf(out, "payload %zu\n", e->payload_size);
	fwrite(e->payload, 1, e->payload_size, out);
	r = finish(out, &text);
	if (r < 0)
		return r;
	r = bundle_open(text, size, &again, fault);
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_bytes = text;
	*ret_size = size;
	return 0;
}
