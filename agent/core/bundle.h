/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signed policy bundles, as relaywarden-bundle(5) describes them: an envelope of
 * signatures around a payload, which says what it is, for whom, until when, and holds
 * policy files. The two are read apart, because nothing of a payload is looked at
 * before a signature over it was found right. Pure: bytes in, spans into those bytes
 * out.
 */
#ifndef CORE_BUNDLE_H
#define CORE_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#define BUNDLE_SIZE_MAX (256 * 1024) /* of the whole */
#define BUNDLE_SIGNATURES_MAX 8
#define BUNDLE_FILES_MAX 32
#define BUNDLE_NAME_STRLEN 33 /* of a file, a channel, a release; with the NUL */
#define BUNDLE_KEY_STRLEN 17  /* of a key's id: 16 hexadecimal digits */
#define BUNDLE_SIGNATURE_SIZE 64
#define BUNDLE_FAULT_STRLEN 160

/* What the files are called where they are installed: all of that name are the
 * bundle's.
 */
#define BUNDLE_FILE_PREFIX "70-fleet-"
#define BUNDLE_FILE_SUFFIX ".ini"

/* No bundle is older than this, so a clock that shows an earlier time is wrong:
 * 2026-11-01. */
#define BUNDLE_EPOCH INT64_C(1793491200)

struct bundle_signature {
	char key[BUNDLE_KEY_STRLEN]; /* who claims to have signed */
	uint8_t bytes[BUNDLE_SIGNATURE_SIZE];
};

struct bundle_envelope {
	struct bundle_signature signatures[BUNDLE_SIGNATURES_MAX];
	size_t signature_count;
	const char *payload; /* into the bytes it was opened from; not looked at */
	size_t payload_size;
};

struct bundle_file {
	char name[BUNDLE_NAME_STRLEN]; /* without prefix and suffix */
	const char *text;	       /* into the payload, not NUL-terminated */
	size_t length;
};

struct bundle {
	char channel[BUNDLE_NAME_STRLEN]; /* the part of the fleet it is for */
	char release[BUNDLE_NAME_STRLEN]; /* those who have it keep it as it rolls out
					   */
	uint64_t generation;		  /* of two, the higher counts; from 1 */
	int64_t created, expires;	  /* seconds since 1970 */
	unsigned int rollout;		  /* percent of the computers */
	struct bundle_file files[BUNDLE_FILES_MAX]; /* in order of their names */
	size_t file_count;
};

/* Each: 0, or -EINVAL with a sentence of what is wrong. */
int bundle_open(const char *bytes, size_t size, struct bundle_envelope *ret_envelope,
		char fault[static BUNDLE_FAULT_STRLEN]);
int bundle_parse(const char *payload, size_t size, struct bundle *ret_bundle,
		 char fault[static BUNDLE_FAULT_STRLEN]);

/* Letters a to z, digits and "-", not first; 1 to 32 of them. */
int bundle_name_check(const char *name);

/* The payload; -EINVAL for what bundle_parse() would refuse, -ENOMEM. To be freed. */
int bundle_write(const struct bundle *b, char **ret_payload, size_t *ret_size,
		 char fault[static BUNDLE_FAULT_STRLEN]);
/* The whole, likewise. */
int bundle_seal(const struct bundle_envelope *e, char **ret_bytes, size_t *ret_size,
		char fault[static BUNDLE_FAULT_STRLEN]);

#endif
