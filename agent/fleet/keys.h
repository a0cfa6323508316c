/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom a computer believes: public Ed25519 keys, a file each, in a directory that only
 * root may change. Keys are called by their id, a hash of the public key.
 */
#ifndef FLEET_KEYS_H
#define FLEET_KEYS_H

#include "core/bundle.h"
#include <sodium.h>

#define KEYS_DIR "/etc/relaywarden/keys.d"
#define KEYS_MAX 16
#define KEYS_FAULT_STRLEN 512

struct public_key {
	char id[BUNDLE_KEY_STRLEN];
	uint8_t bytes[crypto_sign_PUBLICKEYBYTES];
};

struct secret_key {
	char id[BUNDLE_KEY_STRLEN]; /* of the public one */
	uint8_t bytes[crypto_sign_SECRETKEYBYTES];
};

struct keys {
	struct public_key items[KEYS_MAX];
	size_t count;
};

/* All *.pub in `dir`. 0, or a negative errno with a sentence; none is a fault too. */
int keys_read(const char *dir, struct keys *ret_keys,
	      char fault[static KEYS_FAULT_STRLEN]);

/* 0 or a negative errno. */
int secret_key_read(const char *path, struct secret_key *ret_key);
/* A new pair: NAME.key, which only its owner may read, and NAME.pub. -EEXIST where one
 * is there already. */
int keys_make(const char *name, char ret_id[static BUNDLE_KEY_STRLEN]);

#endif
