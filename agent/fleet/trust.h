/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle as bytes of unknown origin, to one that an admin signed. Both sides do this:
 * what fetches, so that nothing else lies on the disk, and what installs, because it
 * believes nobody.
 */
#ifndef FLEET_TRUST_H
#define FLEET_TRUST_H

#include "core/bundle_state.h"
#include "keys.h"

struct trusted {
	struct bundle bundle; /* into the bytes it was made from */
	char digest[BUNDLE_DIGEST_STRLEN];
	char key[BUNDLE_KEY_STRLEN]; /* by which it is trusted */
};

/* 0, or -EINVAL with a sentence of what is wrong. */
int trust_bundle(const char *bytes, size_t size, const struct keys *keys,
		 struct trusted *ret_trusted, char fault[static BUNDLE_FAULT_STRLEN]);

/* BLAKE2b-256 of a payload, in hexadecimal. */
void trust_digest(const char *payload, size_t size,
		  char digest[static BUNDLE_DIGEST_STRLEN]);

/* This computer, now. 0 or a negative errno. */
int trust_place(const char *channel, struct bundle_place *ret_place);

#endif
